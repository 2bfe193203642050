#include "server/commands/dump.h"

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/number.h"
#include "ingest/text_export.h"
#include "promql/parser.h"
#include "server/commands/data_target.h"
#include "server/commands/server_answer.h"
#include "server/http_client.h"
#include "server/version.h"

namespace bellwether::server {
namespace {

constexpr std::string_view kSummaryBegin = "# SUMMARY ";
constexpr std::string_view kErrorBegin = "# ERROR ";

struct DumpFlags {
  DataTarget target;
  std::vector<std::string> match;
  std::string min_time;
  std::string max_time;
  std::string format = "openmetrics";
  bool portable = false;
};

bool WriteOut(std::string_view text) { return std::fwrite(text.data(), 1, text.size(), stdout) == text.size(); }

base::Result<base::TimestampMs> ReadTime(const std::string& flag, const std::string& text, base::TimestampMs absent) {
  if (text.empty()) return absent;
  if (const auto seconds = base::ParseNumber(text); seconds && std::fabs(*seconds) < 9e15) {
    return base::TimestampMs(static_cast<std::int64_t>(std::llround(*seconds * 1000)));
  }
  if (auto time = base::ParseRfc3339(text); time.ok()) return time;
  return base::InvalidArgument(fmt::format("{} {}: neither seconds nor RFC 3339", flag, text));
}

base::Status DumpStore(const DumpFlags& flags, ingest::ExportCounts& counts) {
  ingest::TextExportOptions options;
  options.portable = flags.portable;
  if (flags.format == "prometheus") options.format = ingest::TextFormat::kPrometheus;
  BW_ASSIGN_OR_RETURN(options.min, ReadTime("--min-time", flags.min_time, options.min));
  BW_ASSIGN_OR_RETURN(options.max, ReadTime("--max-time", flags.max_time, options.max));
  for (const std::string& text : flags.match) {
    BW_ASSIGN_OR_RETURN(std::vector<metric::Matcher> matchers, promql::ParseMetricSelector(text));
    options.selectors.push_back(std::move(matchers));
  }
  BW_ASSIGN_OR_RETURN(const auto store, OpenOffline(flags.target.storage_path, Access::kRead, base::DurationMs(0)));
  return ingest::ExportText(*store->opened.storage, options, WriteOut, counts);
}

// Hands on everything but the last line, which is the server's word to this command.
class LastLineKeeper {
 public:
  bool Take(std::string_view piece) {
    kept_.append(piece);
    // The last line feed ends the line to be kept; the one before it begins it.
    const std::size_t end = kept_.rfind('\n');
    const std::size_t begin = end == std::string::npos || end == 0 ? end : kept_.rfind('\n', end - 1);
    if (begin == std::string::npos || begin == 0) return true;
    if (!WriteOut(std::string_view(kept_).substr(0, begin + 1))) return false;
    kept_.erase(0, begin + 1);
    return true;
  }
  [[nodiscard]] const std::string& last() const { return kept_; }

 private:
  std::string kept_;
};

std::uint64_t SummaryField(std::string_view summary, std::string_view name) {
  const std::string key = fmt::format(" {}=", name);
  const std::size_t at = summary.find(key);
  if (at == std::string_view::npos) return 0;
  return std::strtoull(std::string(summary.substr(at + key.size())).c_str(), nullptr, 10);
}

base::Status ReadSummary(std::string_view line, ingest::ExportCounts& counts) {
  if (line.starts_with(kErrorBegin)) return base::Internal(std::string(line.substr(kErrorBegin.size())));
  if (!line.starts_with(kSummaryBegin)) return base::Unavailable("the server's answer ends in the middle");
  counts.series = SummaryField(line, "series");
  counts.samples = SummaryField(line, "samples");
  counts.histograms_left_out = SummaryField(line, "histograms_left_out");
  counts.starts_left_out = SummaryField(line, "starts_left_out");
  counts.stale_left_out = SummaryField(line, "stale_left_out");
  counts.nans_changed = SummaryField(line, "nans_changed");
  return {};
}

base::Status DumpServer(const DumpFlags& flags, ingest::ExportCounts& counts) {
  base::HttpClientRequest request{.method = "POST", .url = TargetUrl(flags.target, "/api/v1/export/prometheus")};
  BW_ASSIGN_OR_RETURN(request.headers, TargetHeaders(flags.target));
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  FormFields fields = {{"summary", "true"}, {"portable", flags.portable ? "true" : "false"}, {"format", flags.format}};
  for (const std::string& match : flags.match) fields.emplace_back("match[]", match);
  if (!flags.min_time.empty()) fields.emplace_back("start", flags.min_time);
  if (!flags.max_time.empty()) fields.emplace_back("end", flags.max_time);
  request.body = EncodeForm(fields);
  request.timeout = base::Days(7);
  LastLineKeeper keeper;
  request.on_body = [&](std::string_view piece) { return keeper.Take(piece); };
  CurlHttpClient client(fmt::format("bellwether/{}", kVersion));
  BW_ASSIGN_OR_RETURN(const base::HttpClientResponse response, client.Send(request));
  if (response.status != 200) {
    return base::Unavailable(fmt::format("the server answered {}: {}", response.status, response.body));
  }
  return ReadSummary(keeper.last(), counts);
}

void TellLeftOut(const ingest::ExportCounts& counts) {
  const auto tell = [](std::uint64_t n, const char* words) {
    if (n > 0) fmt::print(stderr, "bellwether: warning: {} {}\n", n, words);
  };
  tell(counts.histograms_left_out, "native histogram samples left out: the text format has no form for them");
  tell(counts.starts_left_out,
       "start timestamps left out: only OpenMetrics has them, and only for counters, "
       "histograms and summaries");
  tell(counts.stale_left_out, "stale markers left out (--portable)");
  tell(counts.nans_changed, "NaNs with a payload made plain ones (--portable)");
  fmt::print(stderr, "{} samples of {} series\n", counts.samples, counts.series);
}

int Dump(const DumpFlags& flags) {
  ingest::ExportCounts counts;
  base::Status status = flags.target.storage_path.empty() ? DumpServer(flags, counts) : DumpStore(flags, counts);
  if (status.ok() && std::fflush(stdout) != 0) status = base::Internal("cannot write to standard output");
  if (!status.ok()) {
    fmt::print(stderr, "bellwether: tsdb dump: {}\n", status.message());
    return 1;
  }
  TellLeftOut(counts);
  return 0;
}

}  // namespace

void AddDumpCommand(CLI::App& tsdb, std::function<int()>& run) {
  const auto flags = std::make_shared<DumpFlags>();
  CLI::App* command = tsdb.add_subcommand("dump", "Write samples as text that `bellwether import` takes back");
  AddDataTargetFlags(*command, flags->target);
  command->add_option("--match", flags->match, "Selector of series; may be repeated. None: all")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--min-time", flags->min_time, "From this time on (seconds or RFC 3339)");
  command->add_option("--max-time", flags->max_time, "Up to this time");
  command->add_option("--format", flags->format, "openmetrics or prometheus")
      ->check(CLI::IsMember({"openmetrics", "prometheus"}))
      ->capture_default_str();
  command->add_flag("--portable", flags->portable,
                    "Leave out what other readers do not know: stale markers, payloads of NaNs");
  command->callback([flags, &run] { run = [flags] { return Dump(*flags); }; });
}

}  // namespace bellwether::server
