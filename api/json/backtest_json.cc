#include <optional>

#include "api/backtest_report.h"
#include "api/json/json_writer.h"
#include "api/json/value_json.h"

namespace bellwether::api {
namespace {

using rules::AlertEpisode;
using rules::BacktestReport;
using rules::BacktestScore;

void WriteTime(JsonWriter& json, std::string_view key, const std::optional<base::TimestampMs>& time) {
  json.Key(key);
  time ? json.Seconds(*time) : json.Null();
}

void WriteFigure(JsonWriter& json, std::string_view key, const std::optional<double>& figure) {
  json.Key(key);
  figure ? json.Number(*figure) : json.Null();
}

void WriteDelay(JsonWriter& json, std::string_view key, const std::optional<base::DurationMs>& delay) {
  WriteFigure(json, key, delay ? std::optional(delay->seconds()) : std::nullopt);
}

void WriteEpisode(JsonWriter& json, const AlertEpisode& episode) {
  json.BeginObject().Key("alert").String(episode.alert).Key("file").String(episode.file);
  json.Key("group").String(episode.group).Key("labels");
  WriteLabels(json, episode.labels);
  json.Key("annotations").BeginObject();
  for (const auto& [name, text] : episode.annotations) json.Key(name).String(text);
  json.EndObject().Key("activeAt").Seconds(episode.active_at);
  json.Key("beganBefore").Bool(episode.began_before);
  WriteTime(json, "firedAt", episode.fired_at);
  WriteTime(json, "endedAt", episode.ended_at);
  json.Key("endReason").String(episode.end_reason).Key("value").QuotedNumber(episode.value);
  json.Key("levels").BeginArray();
  for (const AlertEpisode::Level& level : episode.levels) {
    json.BeginObject().Key("at").Seconds(level.at).Key("severity").String(level.severity).EndObject();
  }
  json.EndArray().Key("tellings").BeginArray();
  for (const AlertEpisode::Telling& telling : episode.tellings) {
    json.BeginObject().Key("at").Seconds(telling.at).Key("state").PlainString(telling.state).Key("by").BeginArray();
    for (const std::string& alert : telling.by) json.String(alert);
    json.EndArray().EndObject();
  }
  json.EndArray().EndObject();
}

void WriteReport(JsonWriter& json, const BacktestReport& report) {
  json.Key("start").Seconds(report.start).Key("end").Seconds(report.end);
  json.Key("warmUp").Number(report.warm_up.seconds()).Key("rules").BeginArray();
  for (const rules::BacktestRule& rule : report.rules) {
    json.BeginObject().Key("file").String(rule.file).Key("group").String(rule.group).Key("name").String(rule.name);
    json.Key("type").PlainString(rule.alerting ? "alerting" : "recording");
    json.Key("evaluations").Unsigned(rule.evaluations).Key("failures").Unsigned(rule.failures);
    json.Key("lastError").String(rule.last_error).Key("samples").Unsigned(rule.recorded).EndObject();
  }
  json.EndArray().Key("alerts").BeginArray();
  for (const AlertEpisode& episode : report.episodes) WriteEpisode(json, episode);
  json.EndArray();
}

void WriteOptionalEpisode(JsonWriter& json, std::string_view key, const AlertEpisode* episode) {
  json.Key(key);
  if (episode == nullptr) {
    json.Null();
  } else {
    WriteEpisode(json, *episode);
  }
}

void WriteScore(JsonWriter& json, const BacktestScore& score) {
  json.BeginObject().Key("incidents").BeginArray();
  for (const rules::IncidentScore& incident : score.incidents) {
    json.BeginObject().Key("id").String(incident.incident.id).Key("kind").String(incident.incident.kind);
    json.Key("start").Seconds(incident.incident.start).Key("end").Seconds(incident.incident.end);
    json.Key("alerts").Unsigned(incident.alerts);
    WriteDelay(json, "delay", incident.delay);
    json.Key("firstAlert").String(incident.first_alert).EndObject();
  }
  json.EndArray().Key("found").Unsigned(score.found).Key("alerts").Unsigned(score.alerts);
  json.Key("hits").Unsigned(score.hits).Key("falseAlerts").Unsigned(score.alerts - score.hits);
  json.Key("benignAlerts").Unsigned(score.benign);
  WriteFigure(json, "recall", score.recall);
  WriteFigure(json, "precision", score.precision);
  WriteFigure(json, "falsePerModelDay", score.false_per_model_day);
  WriteDelay(json, "medianDelay", score.median_delay);
  json.EndObject();
}

}  // namespace

std::string BacktestJson(const BacktestAnswer& answer) {
  std::string out;
  StringSink sink(out);
  {
    JsonWriter json(sink);
    json.BeginObject();
    WriteReport(json, answer.report);
    if (answer.compared) {
      json.Key("differences").BeginArray();
      for (const rules::BacktestDifference& difference : CompareBacktests(answer.report, *answer.compared)) {
        json.BeginObject();
        WriteOptionalEpisode(json, "before", difference.before);
        WriteOptionalEpisode(json, "after", difference.after);
        json.EndObject();
      }
      json.EndArray();
    }
    if (answer.score) {
      json.Key("score");
      WriteScore(json, *answer.score);
    }
    json.EndObject();
  }
  return out;
}

}  // namespace bellwether::api
