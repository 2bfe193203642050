#include "server/commands/query.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/number.h"
#include "server/commands/data_target.h"
#include "server/commands/plan_output.h"
#include "server/commands/query_output.h"
#include "server/commands/server_answer.h"

namespace bellwether::server {
namespace {

using nlohmann::json;

struct QueryFlags {
  DataTarget target;
  std::string format = "table";
  std::string expr;
  std::string time;
  std::string start;
  std::string end;
  std::string step;
  std::string timeout = "2m";
  std::string label;
  std::vector<std::string> matches;
  std::size_t limit = 0;
  bool explain = false;
};

constexpr const char* kExplainPath = "/api/v1/query_explain";

using QueryFormatter = std::string (*)(const json&, QueryFormat);

int QueryFailed(const base::Status& status) {
  fmt::print(stderr, "bellwether: {}\n", status.message());
  return 1;
}

// Milliseconds as the API reads them.
std::string SecondsText(std::int64_t ms) { return base::FormatNumberF(static_cast<double>(ms) / 1000); }

base::Status AddTimeField(const char* name, const std::string& flag, base::TimestampMs now, FormFields& fields) {
  if (flag.empty()) return base::OkStatus();
  BW_ASSIGN_OR_RETURN(const base::TimestampMs time, ParseTimeFlag(flag, now));
  fields.emplace_back(name, SecondsText(time.ms));
  return base::OkStatus();
}

void AddLimitField(const QueryFlags& flags, FormFields& fields) {
  if (flags.limit > 0) fields.emplace_back("limit", std::to_string(flags.limit));
}

// Prints the data, and warnings and infos where they do not mix with it.
int Show(const base::Result<json>& answer, const std::string& format, QueryFormatter formatter) {
  if (!answer.ok()) return QueryFailed(answer.status());
  if (format == "json") {
    fmt::print("{}\n", answer->dump());
    return 0;
  }
  for (const char* kind : {"warnings", "infos"}) {
    if (!answer->contains(kind)) continue;
    for (const json& text : (*answer)[kind]) fmt::print(stderr, "{}\n", text.get<std::string>());
  }
  fmt::print("{}", formatter((*answer)["data"], format == "csv" ? QueryFormat::kCsv : QueryFormat::kTable));
  return 0;
}

// How long an answer may take; the server is told the same.
base::Result<base::DurationMs> Patience(const QueryFlags& flags, FormFields& fields) {
  BW_ASSIGN_OR_RETURN(const base::DurationMs timeout, base::ParseDuration(flags.timeout));
  fields.emplace_back("timeout", flags.timeout);
  return timeout + base::Seconds(10);
}

base::Result<json> AskInstant(const QueryFlags& flags, base::TimestampMs now) {
  FormFields fields = {{"query", flags.expr}};
  BW_RETURN_IF_ERROR(AddTimeField("time", flags.time, now, fields));
  AddLimitField(flags, fields);
  BW_ASSIGN_OR_RETURN(const base::DurationMs patience, Patience(flags, fields));
  return AskServer(flags.target, flags.explain ? kExplainPath : "/api/v1/query", fields, patience);
}

base::Result<json> AskRange(const QueryFlags& flags, base::TimestampMs now) {
  BW_ASSIGN_OR_RETURN(const base::TimestampMs end, ParseTimeFlag(flags.end.empty() ? "now" : flags.end, now));
  base::TimestampMs start = end - base::Minutes(5);
  if (!flags.start.empty()) {
    BW_ASSIGN_OR_RETURN(start, ParseTimeFlag(flags.start, now));
  }
  // As promtool: 250 steps, of a second at least.
  std::string step = flags.step;
  if (step.empty()) step = std::to_string(std::max<std::int64_t>((end - start).ms / 250'000, 1));
  FormFields fields = {
      {"query", flags.expr}, {"start", SecondsText(start.ms)}, {"end", SecondsText(end.ms)}, {"step", step}};
  AddLimitField(flags, fields);
  BW_ASSIGN_OR_RETURN(const base::DurationMs patience, Patience(flags, fields));
  return AskServer(flags.target, flags.explain ? kExplainPath : "/api/v1/query_range", fields, patience);
}

// Selectors and times of the questions about what there is.
base::Result<FormFields> LookupFields(const QueryFlags& flags, base::TimestampMs now) {
  FormFields fields;
  for (const std::string& match : flags.matches) fields.emplace_back("match[]", match);
  BW_RETURN_IF_ERROR(AddTimeField("start", flags.start, now, fields));
  BW_RETURN_IF_ERROR(AddTimeField("end", flags.end, now, fields));
  AddLimitField(flags, fields);
  return fields;
}

constexpr base::DurationMs kLookupPatience = base::Minutes(2);

base::Result<json> AskSeries(const QueryFlags& flags, base::TimestampMs now) {
  BW_ASSIGN_OR_RETURN(const FormFields fields, LookupFields(flags, now));
  return AskServer(flags.target, "/api/v1/series", fields, kLookupPatience);
}

// U__ and the bytes that a path does not take as _HEX_: any label name is a path's segment then.
std::string LabelSegment(const std::string& name) {
  if (metric::IsLegacyLabelName(name)) return name;
  std::string segment = "U__";
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == '_') {
      segment += "__";
    } else if (plain) {
      segment.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x80) {
      segment += fmt::format("_{:x}_", static_cast<unsigned char>(c));
    } else {
      segment += fmt::format("%{:02X}", static_cast<unsigned char>(c));  // Part of a letter of another alphabet.
    }
  }
  return segment;
}

base::Result<json> AskLabels(const QueryFlags& flags, base::TimestampMs now) {
  BW_ASSIGN_OR_RETURN(const FormFields fields, LookupFields(flags, now));
  if (flags.label.empty()) return AskServer(flags.target, "/api/v1/labels", fields, kLookupPatience);
  return GetFromServer(flags.target, fmt::format("/api/v1/label/{}/values", LabelSegment(flags.label)), fields,
                       kLookupPatience);
}

}  // namespace

base::Result<base::TimestampMs> ParseTimeFlag(const std::string& text, base::TimestampMs now) {
  std::string_view from_now = text;
  if (from_now.starts_with("now")) from_now.remove_prefix(3);
  const bool relative = from_now.size() != text.size() || text.starts_with('-');
  if (relative && from_now.empty()) return now;
  if (relative && (from_now[0] == '-' || from_now[0] == '+')) {
    const auto distance = base::ParseDuration(from_now.substr(1));
    if (distance.ok()) return from_now[0] == '-' ? now - *distance : now + *distance;
  }
  constexpr double kSecondsMax = 9e12;
  const auto seconds = base::ParseNumber(text);
  if (seconds && std::abs(*seconds) < kSecondsMax) return base::TimestampMs(std::llround(*seconds * 1000));
  if (auto time = base::ParseRfc3339(text); time.ok()) return *time;
  return base::InvalidArgument(
      fmt::format("\"{}\" is no time: give Unix seconds, RFC 3339, now, or a distance like now-1h", text));
}

void AddQueryCommand(CLI::App& app, std::function<int()>& run) {
  using Asking = base::Result<json> (*)(const QueryFlags&, base::TimestampMs);
  CLI::App* query = app.add_subcommand("query", "Ask a running server");
  query->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, Asking ask, QueryFormatter formatter) {
    auto flags = std::make_shared<QueryFlags>();
    CLI::App* command = query->add_subcommand(name, description);
    command->add_option("--server", flags->target.server, "URL of the server")->capture_default_str();
    command->add_option("--token-file", flags->target.token_file, "File with the bearer token to send");
    command->add_option("--format", flags->format, "table, json or csv")
        ->capture_default_str()
        ->check(CLI::IsMember({"table", "json", "csv"}));
    command->add_option("--limit", flags->limit, "Series, names or values at most; 0: all")->capture_default_str();
    command->callback([flags, ask, formatter, &run] {
      run = [flags, ask, formatter] {
        return Show(ask(*flags, base::SystemClock().Now()), flags->format, flags->explain ? FormatPlan : formatter);
      };
    });
    return std::pair(command, flags);
  };
  const char* times = "Unix seconds, RFC 3339, or a distance: now-1h";

  auto [instant, instant_flags] = add("instant", "Evaluate PromQL at one time", AskInstant, FormatQueryData);
  instant->add_option("EXPR", instant_flags->expr, "The query")->required();
  instant->add_option("--time", instant_flags->time, std::string("When (now); ") + times);
  instant->add_option("--timeout", instant_flags->timeout, "Longest time of the query")->capture_default_str();

  auto [range, range_flags] = add("range", "Evaluate PromQL at the steps of a range", AskRange, FormatQueryData);
  range->add_option("EXPR", range_flags->expr, "The query")->required();
  range->add_option("--start", range_flags->start, std::string("First step (five minutes before the end); ") + times);
  range->add_option("--end", range_flags->end, "Last step (now)");
  range->add_option("--step", range_flags->step, "Between two steps: 15s (a 250th of the range, a second at least)");
  range->add_option("--timeout", range_flags->timeout, "Longest time of the query")->capture_default_str();

  for (const auto& [command, flags] : {std::pair(instant, instant_flags), std::pair(range, range_flags)}) {
    command->add_flag("--explain", flags->explain, "Show how it is evaluated, and what each operator takes");
  }

  auto [series, series_flags] = add("series", "List series", AskSeries, FormatSeriesList);
  series->add_option("--match", series_flags->matches, "Selector; any of them")->required();
  auto [labels, labels_flags] =
      add("labels", "List label names, or the values of a label", AskLabels, FormatStringList);
  labels->add_option("NAME", labels_flags->label, "The label whose values are wanted");
  labels->add_option("--match", labels_flags->matches, "Selector; any of them");
  for (const auto& [command, flags] : {std::pair(series, series_flags), std::pair(labels, labels_flags)}) {
    command->add_option("--start", flags->start, std::string("Not before; ") + times);
    command->add_option("--end", flags->end, "Not after");
  }
}

}  // namespace bellwether::server
