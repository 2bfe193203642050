#include "api/admin_reports.h"
#include "api/json/json_writer.h"

namespace bellwether::api {
namespace {

void WriteCounts(JsonWriter& json, std::string_view key, const std::vector<storage::NameCount>& counts) {
  json.Key(key).BeginArray();
  for (const storage::NameCount& count : counts) {
    json.BeginObject().Key("name").String(count.name).Key("value").Unsigned(count.value).EndObject();
  }
  json.EndArray();
}

}  // namespace

std::string ReportJson(const storage::VerifyReport& report) {
  std::string out;
  StringSink sink(out);
  {
    JsonWriter json(sink);
    json.BeginObject().Key("ok").Bool(report.damage.empty()).Key("damage").BeginArray();
    for (const storage::VerifyReport::Damage& damage : report.damage) {
      json.BeginObject().Key("place").String(damage.place).Key("what").String(damage.what).EndObject();
    }
    json.EndArray().Key("notes").BeginArray();
    for (const std::string& note : report.notes) json.String(note);
    json.EndArray().Key("read").BeginObject();
    json.Key("journalSegments")
        .Unsigned(report.journal_segments)
        .Key("journalRecords")
        .Unsigned(report.journal_records);
    json.Key("journalSamples").Unsigned(report.journal_samples).Key("files").Unsigned(report.files);
    json.Key("windows").Unsigned(report.windows).Key("series").Unsigned(report.series);
    json.Key("chunks").Unsigned(report.chunks).Key("samples").Unsigned(report.samples);
    json.Key("stateEntries").Unsigned(report.state_entries).EndObject().EndObject();
  }
  return out;
}

std::string ReportJson(const storage::CardinalityReport& report) {
  std::string out;
  StringSink sink(out);
  {
    JsonWriter json(sink);
    json.BeginObject().Key("series").Unsigned(report.series).Key("labelPairs").Unsigned(report.label_pairs);
    json.Key("samples").Unsigned(report.samples).Key("bytes").Unsigned(report.bytes).Key("windows").BeginArray();
    for (const storage::CardinalityReport::Window& window : report.windows) {
      json.BeginObject().Key("minTime").Integer(window.min.ms).Key("maxTime").Integer(window.max.ms);
      json.Key("series").Unsigned(window.series).Key("samples").Unsigned(window.samples);
      json.Key("bytes").Unsigned(window.bytes).Key("came").Unsigned(window.came).Key("went").Unsigned(window.went);
      json.EndObject();
    }
    json.EndArray();
    WriteCounts(json, "seriesCountByMetricName", report.series_by_metric);
    WriteCounts(json, "seriesCountByLabelName", report.series_by_label);
    WriteCounts(json, "labelValueCountByLabelName", report.values_by_label);
    WriteCounts(json, "seriesCountByLabelValuePair", report.series_by_label_pair);
    WriteCounts(json, "bytesByMetricName", report.bytes_by_metric);
    json.EndObject();
  }
  return out;
}

}  // namespace bellwether::api
