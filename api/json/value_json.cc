#include "api/json/value_json.h"

#include "base/number.h"

namespace bellwether::api {
namespace {

// Scalars and strings print their time as a plain float: the shortest form.
void WriteShortSeconds(JsonWriter& json, base::TimestampMs t) { json.Number(t.seconds()); }

void WriteScalar(JsonWriter& json, const promql::Scalar& scalar) {
  json.BeginArray();
  WriteShortSeconds(json, scalar.timestamp);
  json.String(base::FormatNumberF(scalar.value)).EndArray();
}

void WriteStringValue(JsonWriter& json, const promql::String& string) {
  json.BeginArray();
  WriteShortSeconds(json, string.timestamp);
  json.String(string.value).EndArray();
}

void WriteHistogramPoint(JsonWriter& json, base::TimestampMs t, const metric::NativeHistogram& histogram) {
  json.BeginArray().Seconds(t);
  WriteHistogram(json, histogram);
  json.EndArray();
}

void WriteVector(JsonWriter& json, const promql::Vector& vector) {
  json.BeginArray();
  for (const promql::VectorSample& sample : vector) {
    if (!json.alive()) break;
    json.BeginObject().Key("metric");
    WriteLabels(json, sample.labels);
    if (sample.histogram) {
      json.Key("histogram");
      WriteHistogramPoint(json, sample.timestamp, *sample.histogram);
    } else {
      json.Key("value").BeginArray().Seconds(sample.timestamp).QuotedNumber(sample.value).EndArray();
    }
    json.EndObject();
  }
  json.EndArray();
}

void WriteMatrixSeries(JsonWriter& json, const promql::MatrixSeries& series) {
  json.BeginObject().Key("metric");
  WriteLabels(json, series.labels);
  if (!series.floats.empty()) {
    json.Key("values").BeginArray();
    for (const promql::FloatPoint& point : series.floats) {
      json.BeginArray().Seconds(point.timestamp).QuotedNumber(point.value).EndArray();
    }
    json.EndArray();
  }
  if (!series.histograms.empty()) {
    json.Key("histograms").BeginArray();
    for (const promql::HistogramPoint& point : series.histograms) {
      WriteHistogramPoint(json, point.timestamp, *point.histogram);
    }
    json.EndArray();
  }
  json.EndObject();
}

void WriteMatrix(JsonWriter& json, const promql::Matrix& matrix) {
  json.BeginArray();
  for (const promql::MatrixSeries& series : matrix) {
    if (!json.alive()) break;
    WriteMatrixSeries(json, series);
  }
  json.EndArray();
}

void WriteStepCounts(JsonWriter& json, std::string_view name, const std::vector<promql::StepCount>& counts) {
  if (counts.empty()) return;
  json.Key(name).BeginArray();
  for (const promql::StepCount& count : counts) {
    json.BeginArray().Number(count.timestamp.seconds()).Unsigned(count.samples).EndArray();
  }
  json.EndArray();
}

}  // namespace

void WriteLabels(JsonWriter& json, const metric::Labels& labels) {
  json.BeginObject();
  for (const auto [name, value] : labels) json.Key(name).PlainString(value);
  json.EndObject();
}

void WriteHistogram(JsonWriter& json, const metric::NativeHistogram& histogram) {
  json.BeginObject().Key("count").QuotedNumber(histogram.count).Key("sum").QuotedNumber(histogram.sum);
  const auto buckets = promql::BucketsOf(histogram);
  if (!buckets.empty()) {
    json.Key("buckets").BeginArray();
    for (const promql::HistogramBucket& bucket : buckets) {
      json.BeginArray().Integer(bucket.rule).QuotedNumber(bucket.lower).QuotedNumber(bucket.upper);
      json.QuotedNumber(bucket.count).EndArray();
    }
    json.EndArray();
  }
  json.EndObject();
}

std::string_view ResultType(const promql::Value& value) {
  struct Names {
    std::string_view operator()(const promql::Scalar&) const { return "scalar"; }
    std::string_view operator()(const promql::String&) const { return "string"; }
    std::string_view operator()(const promql::Vector&) const { return "vector"; }
    std::string_view operator()(const promql::Matrix&) const { return "matrix"; }
  };
  return std::visit(Names(), value);
}

void WriteValue(JsonWriter& json, const promql::Value& value) {
  if (const auto* scalar = std::get_if<promql::Scalar>(&value)) WriteScalar(json, *scalar);
  if (const auto* string = std::get_if<promql::String>(&value)) WriteStringValue(json, *string);
  if (const auto* vector = std::get_if<promql::Vector>(&value)) WriteVector(json, *vector);
  if (const auto* matrix = std::get_if<promql::Matrix>(&value)) WriteMatrix(json, *matrix);
}

void WriteQueryStats(JsonWriter& json, const promql::QueryStats& stats) {
  json.BeginObject().Key("timings").BeginObject();
  json.Key("evalTotalTime").Number(stats.eval_total_s);
  json.Key("resultSortTime").Number(stats.result_sort_s);
  json.Key("queryPreparationTime").Number(stats.preparation_s);
  json.Key("innerEvalTime").Number(stats.inner_eval_s);
  json.Key("execQueueTime").Number(stats.queue_s);
  json.Key("execTotalTime").Number(stats.total_s);
  json.EndObject().Key("samples").BeginObject();
  WriteStepCounts(json, "totalQueryableSamplesPerStep", stats.queryable_by_step);
  json.Key("totalQueryableSamples").Unsigned(stats.total_queryable_samples);
  WriteStepCounts(json, "samplesReadPerStep", stats.read_by_step);
  json.Key("samplesRead").Unsigned(stats.samples_read);
  json.Key("peakSamples").Unsigned(stats.peak_samples);
  json.EndObject().EndObject();
}

bool TruncateValue(promql::Value& value, std::size_t limit) {
  const auto cut = [limit](auto& list) {
    if (limit == 0 || list.size() <= limit) return false;
    list.resize(limit);
    return true;
  };
  if (auto* vector = std::get_if<promql::Vector>(&value)) return cut(*vector);
  if (auto* matrix = std::get_if<promql::Matrix>(&value)) return cut(*matrix);
  return false;
}

}  // namespace bellwether::api
