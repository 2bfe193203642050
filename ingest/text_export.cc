#include "ingest/text_export.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "ingest/text/text_labels.h"
#include "ingest/text/text_number.h"
#include "metric/sample.h"

namespace bellwether::ingest {
namespace {

using storage::MetricType;

constexpr std::size_t kExportPieceBytes = 256u << 10;

// A family as it is written: all its metric names follow one TYPE line.
struct ExportFamily {
  std::string name;
  MetricType type = MetricType::kUnknown;
  std::string unit{};
  std::string help{};
};

bool HasSuffix(std::string_view name, std::string_view family, std::string_view suffix) {
  return name.size() == family.size() + suffix.size() && name.starts_with(family) && name.ends_with(suffix);
}

// Whether OpenMetrics lets a family of this type have a metric of this name.
bool OpenMetricsAllows(MetricType type, std::string_view name, std::string_view family) {
  const auto any_of = [&](auto... suffixes) { return (HasSuffix(name, family, suffixes) || ...); };
  switch (type) {
    case MetricType::kCounter: return any_of("_total");
    case MetricType::kHistogram: return any_of("_bucket", "_count", "_sum");
    case MetricType::kSummary: return any_of("", "_count", "_sum");
    case MetricType::kGauge:
    case MetricType::kUnknown: return any_of("");
    default: return false;
  }
}

// The family of a metric name, by what is known of it.
class ExportFamilies {
 public:
  ExportFamilies(TextFormat format, std::vector<storage::MetricMetadata> known) : format_(format) {
    for (storage::MetricMetadata& m : known) known_.emplace(m.metric, std::move(m));
  }

  [[nodiscard]] ExportFamily Of(const std::string& name) const {
    for (const std::string_view suffix : {"", "_total", "_bucket", "_count", "_sum"}) {
      if (!name.ends_with(suffix)) continue;
      const auto found = known_.find(std::string_view(name).substr(0, name.size() - suffix.size()));
      if (found == known_.end()) continue;
      if (auto family = Fitting(name, found->second); !family.name.empty()) return family;
    }
    // A name that ends so is a counter, as far as start timestamps go.
    if (format_ == TextFormat::kOpenMetrics && name.ends_with("_total")) {
      return {name.substr(0, name.size() - 6), MetricType::kCounter};
    }
    return {name};
  }

 private:
  // Without a name if the metric cannot be one of that family.
  [[nodiscard]] ExportFamily Fitting(const std::string& name, const storage::MetricMetadata& m) const {
    std::string family = m.metric;
    if (format_ == TextFormat::kPrometheus) {
      const bool parts = m.type == MetricType::kHistogram || m.type == MetricType::kSummary;
      return name == family || parts ? ExportFamily{family, m.type, {}, m.help} : ExportFamily{};
    }
    if (m.type == MetricType::kCounter && name == family && family.ends_with("_total")) {
      family.resize(family.size() - 6);  // As Prometheus's format names it.
    }
    if (!OpenMetricsAllows(m.type, name, family))
      return name == m.metric ? ExportFamily{name, {}, {}, m.help} : ExportFamily{};
    return {family, m.type, family.ends_with("_" + m.unit) ? m.unit : std::string(), m.help};
  }

  TextFormat format_;
  std::map<std::string, storage::MetricMetadata, std::less<>> known_;
};

void AppendFamilyName(std::string& out, const std::string& name) {
  if (metric::IsLegacyMetricName(name)) {
    out.append(name);
    return;
  }
  out.push_back('"');
  for (const char c : name) {
    if (c == '\\' || c == '"') out.push_back('\\');
    out.append(c == '\n' ? std::string("\\n") : std::string(1, c));
  }
  out.push_back('"');
}

void AppendHelp(std::string& out, const std::string& help, bool escape_quotes) {
  for (const char c : help) {
    if (c == '\n') {
      out.append("\\n");
      continue;
    }
    if (c == '\\' || (c == '"' && escape_quotes)) out.push_back('\\');
    out.push_back(c);
  }
}

std::string_view TypeWord(TextFormat format, MetricType type) {
  if (format == TextFormat::kOpenMetrics) return storage::MetricTypeName(type);
  switch (type) {
    case MetricType::kCounter:
    case MetricType::kGauge:
    case MetricType::kHistogram:
    case MetricType::kSummary: return storage::MetricTypeName(type);
    case MetricType::kInfo:
    case MetricType::kStateSet: return "gauge";
    default: return "untyped";
  }
}

class TextExporter {
 public:
  TextExporter(storage::Storage& storage, const TextExportOptions& options, const TextSink& sink, ExportCounts& counts)
      : options_(options),
        sink_(sink),
        counts_(counts),
        families_(options.format, storage.Metadata({})),
        querier_(storage.NewQuerier(options.min, options.max)) {}

  base::Status Run() {
    std::map<std::pair<std::string, std::string>, ExportFamily> names;  // By family, then by name.
    for (const auto& matchers : Selectors()) {
      BW_ASSIGN_OR_RETURN(const std::vector<std::string> found, querier_->LabelValues(metric::kMetricName, matchers));
      for (const std::string& name : found) {
        ExportFamily family = families_.Of(name);
        names.emplace(std::pair(family.name, name), std::move(family));
      }
    }
    for (const auto& [key, family] : names) {
      header_pending_ = key.first != last_family_;
      family_ = family;
      BW_RETURN_IF_ERROR(ExportName(key.second));
    }
    if (options_.format == TextFormat::kOpenMetrics) out_.append("# EOF\n");
    return Flush();
  }

 private:
  [[nodiscard]] std::vector<std::vector<metric::Matcher>> Selectors() const {
    return options_.selectors.empty() ? std::vector<std::vector<metric::Matcher>>(1) : options_.selectors;
  }

  base::Status ExportName(const std::string& name) {
    std::set<metric::Labels> seen;  // Of more selectors than one a series may match several.
    for (std::vector<metric::Matcher> matchers : Selectors()) {
      BW_ASSIGN_OR_RETURN(metric::Matcher is_name,
                          metric::Matcher::Make(metric::MatchOp::kEqual, std::string(metric::kMetricName), name));
      matchers.push_back(std::move(is_name));
      const auto set = querier_->Select(matchers);
      while (set->Next()) {
        if (options_.selectors.size() > 1 && !seen.insert(set->labels()).second) continue;
        BW_RETURN_IF_ERROR(ExportSeries(set->labels(), set->samples()));
      }
      BW_RETURN_IF_ERROR(set->status());
    }
    return {};
  }

  base::Status ExportSeries(const metric::Labels& labels, storage::SampleCursor& cursor) {
    naming_.clear();
    AppendNaming(naming_, labels);
    PrepareCreated(labels);
    start_ = base::TimestampMs();
    bool any = false;
    storage::SampleBatch batch;
    while (cursor.Next(batch)) {
      if (batch.values.empty()) {
        counts_.histograms_left_out += batch.timestamps.size();
        continue;
      }
      if (!any) WriteHeader();
      any = true;
      for (std::size_t i = 0; i < batch.timestamps.size(); ++i) {
        const base::TimestampMs start =
            batch.start_timestamps.empty() ? base::TimestampMs() : batch.start_timestamps[i];
        WriteSample(batch.timestamps[i], batch.values[i], start);
      }
      if (out_.size() >= kExportPieceBytes) BW_RETURN_IF_ERROR(Flush());
    }
    counts_.series += any ? 1 : 0;
    return cursor.status();
  }

  void WriteSample(base::TimestampMs t, double value, base::TimestampMs start) {
    if (options_.portable && std::isnan(value) && std::bit_cast<std::uint64_t>(value) != kNormalNanBits) {
      if (metric::IsStaleMarker(value)) {
        ++counts_.stale_left_out;
        return;
      }
      ++counts_.nans_changed;
      value = std::bit_cast<double>(kNormalNanBits);
    }
    if (start != start_) WriteStart(t, start);
    WriteLine(naming_, t, [&] { AppendTextValue(out_, value); });
    ++counts_.samples;
  }

  void WriteStart(base::TimestampMs t, base::TimestampMs start) {
    if (created_.empty()) {
      if (start.ms != 0) ++counts_.starts_left_out;
      return;
    }
    start_ = start;
    WriteLine(created_, t, [&] { AppendTextSeconds(out_, start); });
  }

  template <typename AppendValue>
  void WriteLine(const std::string& naming, base::TimestampMs t, AppendValue&& append_value) {
    out_.append(naming).push_back(' ');
    append_value();
    out_.push_back(' ');
    if (options_.format == TextFormat::kOpenMetrics) {
      AppendTextSeconds(out_, t);
    } else {
      AppendTextMillis(out_, t);
    }
    out_.push_back('\n');
  }

  // The naming part of the series' _created line; empty if it cannot have one.
  void PrepareCreated(const metric::Labels& labels) {
    created_.clear();
    const bool can = family_.type == MetricType::kCounter || family_.type == MetricType::kHistogram ||
                     family_.type == MetricType::kSummary;
    if (!can || options_.format != TextFormat::kOpenMetrics) return;
    metric::LabelsBuilder builder(labels);
    builder.Set(metric::kMetricName, family_.name + "_created").Remove("quantile");
    if (family_.type == MetricType::kHistogram) builder.Remove(metric::kBucketLabel);
    AppendNaming(created_, builder.Build());
  }

  void WriteHeader() {
    if (!std::exchange(header_pending_, false)) return;
    last_family_ = family_.name;
    const bool open_metrics = options_.format == TextFormat::kOpenMetrics;
    WriteHeaderLine("TYPE", std::string(TypeWord(options_.format, family_.type)));
    if (open_metrics && !family_.unit.empty()) WriteHeaderLine("UNIT", family_.unit);
    if (family_.help.empty()) return;
    std::string help;
    AppendHelp(help, family_.help, open_metrics);
    WriteHeaderLine("HELP", help);
  }
  void WriteHeaderLine(const char* keyword, const std::string& text) {
    out_.append("# ").append(keyword).push_back(' ');
    AppendFamilyName(out_, family_.name);
    out_.append(" ").append(text).push_back('\n');
  }

  base::Status Flush() {
    if (!out_.empty() && !sink_(out_)) return base::Cancelled("export: nobody reads it any more");
    out_.clear();
    return {};
  }

  const TextExportOptions& options_;
  const TextSink& sink_;
  ExportCounts& counts_;
  const ExportFamilies families_;
  const std::unique_ptr<storage::Querier> querier_;

  ExportFamily family_;
  bool header_pending_ = false;  // The family has no line yet.
  std::string last_family_;      // That has a header.
  std::string naming_;
  std::string created_;
  base::TimestampMs start_;  // What the last _created line of the series said.
  std::string out_;
};

}  // namespace

base::Status ExportText(storage::Storage& storage, const TextExportOptions& options, const TextSink& sink,
                        ExportCounts& counts) {
  return TextExporter(storage, options, sink, counts).Run();
}

}  // namespace bellwether::ingest
