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

// 26 characters of Crockford's base 32: 48 bits of time, then 80 that are the id's.
std::string BlockUlid(const storage::SealedWindowInfo& window) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string ulid(26, '0');
  auto time = static_cast<std::uint64_t>(window.min.ms) & ((std::uint64_t{1} << 48) - 1);
  for (std::size_t i = 10; i-- > 0; time >>= 5) ulid[i] = kDigits[time & 31];
  std::uint64_t id = window.id;
  for (std::size_t i = 26; i-- > 10; id >>= 5) ulid[i] = kDigits[id & 31];
  return ulid;
}

int BlockLevel(std::uint64_t merged) {
  int level = 1;
  for (; merged > 1; merged /= 3) ++level;
  return level;
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

std::string BlocksJson(const std::vector<storage::SealedWindowInfo>& windows) {
  std::string out;
  StringSink sink(out);
  {
    JsonWriter json(sink);
    json.BeginObject().Key("blocks").BeginArray();
    for (const storage::SealedWindowInfo& window : windows) {
      const std::string ulid = BlockUlid(window);
      json.BeginObject().Key("ulid").String(ulid).Key("minTime").Integer(window.min.ms);
      json.Key("maxTime").Integer(window.max.ms + 1).Key("stats").BeginObject();
      json.Key("numSamples").Unsigned(window.samples).Key("numSeries").Unsigned(window.series);
      json.Key("numChunks").Unsigned(window.chunks).Key("numBytes").Unsigned(window.bytes).EndObject();
      json.Key("compaction").BeginObject().Key("level").Integer(BlockLevel(window.merged));
      json.Key("sources").BeginArray().String(ulid).EndArray();
      if (window.has_deletions) json.Key("hasTombstones").Bool(true);
      json.EndObject().Key("version").Integer(1).EndObject();
    }
    json.EndArray().EndObject();
  }
  return out;
}

}  // namespace bellwether::api
