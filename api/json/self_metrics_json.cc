#include "api/json/self_metrics_json.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/number.h"
#include "metric/labels.h"
#include "promql/parser.h"

namespace bellwether::api {
namespace {

struct TextSample {
  metric::Labels labels;  // With the name.
  double value = 0;
};

// A family as the text has it.
struct TextFamily {
  std::string name;
  std::string help;
  std::string type;
  std::vector<TextSample> samples;
};

std::string UnescapeHelp(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    ++i;
    out.push_back(text[i] == 'n' ? '\n' : text[i]);
  }
  return out;
}

// Protobuf's JSON has words for what JSON has no numbers for.
void WriteDouble(JsonWriter& json, double value) {
  if (std::isnan(value)) {
    json.PlainString("NaN");
  } else if (std::isinf(value)) {
    json.PlainString(value > 0 ? "Infinity" : "-Infinity");
  } else {
    json.Number(value);
  }
}

void WriteLabelPairs(JsonWriter& json, const metric::Labels& labels) {
  json.Key("label").BeginArray();
  for (const auto& [name, value] : labels) {
    if (name == metric::kMetricName || name == "le") continue;
    json.BeginObject().Key("name").String(name).Key("value").String(value).EndObject();
  }
  json.EndArray();
}

// The samples of one histogram.
struct HistogramParts {
  std::vector<std::pair<double, std::uint64_t>> buckets;  // Cumulative, by upper bound.
  std::uint64_t count = 0;
  double sum = 0;
};

void WriteHistograms(JsonWriter& json, const TextFamily& family) {
  std::map<metric::Labels, HistogramParts> histograms;
  for (const TextSample& sample : family.samples) {
    HistogramParts& parts =
        histograms[metric::LabelsBuilder(sample.labels).Remove(metric::kMetricName).Remove("le").Build()];
    const std::string_view part = sample.labels.Name().substr(family.name.size());
    if (part == "_sum") parts.sum = sample.value;
    if (part == "_count") parts.count = static_cast<std::uint64_t>(sample.value);
    if (part != "_bucket") continue;
    const auto bound = base::ParseNumber(sample.labels.Get("le"));
    if (bound && std::isfinite(*bound)) parts.buckets.emplace_back(*bound, static_cast<std::uint64_t>(sample.value));
  }
  for (const auto& [labels, parts] : histograms) {
    json.BeginObject();
    WriteLabelPairs(json, labels);
    json.Key("histogram").BeginObject().Key("sampleCount").PlainString(std::to_string(parts.count)).Key("sampleSum");
    WriteDouble(json, parts.sum);
    json.Key("bucket").BeginArray();
    for (const auto& [bound, count] : parts.buckets) {
      json.BeginObject().Key("cumulativeCount").PlainString(std::to_string(count)).Key("upperBound");
      WriteDouble(json, bound);
      json.EndObject();
    }
    json.EndArray().EndObject().EndObject();
  }
}

void WriteFamily(JsonWriter& json, const TextFamily& family) {
  std::string upper = family.type;
  for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
  json.BeginObject().Key("name").String(family.name).Key("help").String(family.help).Key("type").PlainString(upper);
  json.Key("metric").BeginArray();
  if (family.type == "histogram") {
    WriteHistograms(json, family);
  } else {
    for (const TextSample& sample : family.samples) {
      json.BeginObject();
      WriteLabelPairs(json, sample.labels);
      json.Key(family.type).BeginObject().Key("value");
      WriteDouble(json, sample.value);
      json.EndObject().EndObject();
    }
  }
  json.EndArray().EndObject();
}

// "# HELP NAME TEXT" and "# TYPE NAME TEXT" as (NAME, TEXT).
std::pair<std::string_view, std::string_view> HeadParts(std::string_view line) {
  line.remove_prefix(7);
  const std::size_t space = std::min(line.find(' '), line.size());
  return {line.substr(0, space), space == line.size() ? std::string_view() : line.substr(space + 1)};
}

}  // namespace

void WriteMetricFamilies(JsonWriter& json, std::string_view text, const std::function<bool(std::string_view)>& wanted) {
  TextFamily family;
  const auto flush = [&] {
    if (!family.type.empty() && wanted(family.name)) WriteFamily(json, family);
    family = {};
  };
  json.BeginArray();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.starts_with("# HELP ")) {
      flush();
      const auto [name, help] = HeadParts(line);
      family.name = name;
      family.help = UnescapeHelp(help);
    } else if (line.starts_with("# TYPE ")) {
      const auto [name, type] = HeadParts(line);
      if (family.name != name) flush();
      family.name = name;
      family.type = type;
    } else if (const std::size_t space = line.rfind(' '); space != std::string_view::npos) {
      auto labels = promql::ParseMetric(line.substr(0, space));
      const auto value = base::ParseNumber(line.substr(space + 1));
      if (labels.ok() && value) family.samples.push_back({*std::move(labels), *value});
    }
  }
  flush();
  json.EndArray();
}

}  // namespace bellwether::api
