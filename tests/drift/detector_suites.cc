#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "judge/adwin.h"
#include "judge/control_chart.h"
#include "judge/hddm.h"
#include "judge/page_hinkley.h"
#include "judge/seasonal.h"
#include "tests/drift/golden.h"

namespace bellwether::golden {
namespace {

// The series of a case; NaN for a missing sample.
std::vector<double> SamplesOf(const Json& one, const Json& series) {
  const Json& json = series["series"][one["input"]["series"].get<std::string>()];
  if (!json.is_string()) return NumbersOf(json);
  std::vector<double> out;
  for (const char bit : json.get<std::string>()) out.push_back(bit == '1' ? 1 : 0);
  return out;
}

// The indexes of the samples for which is_alarm(x) is true. Missing ones are skipped, and counted.
template <typename IsAlarm>
Json AlarmsOf(const std::vector<double>& samples, IsAlarm is_alarm) {
  Json alarms = Json::array();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!std::isnan(samples[i]) && is_alarm(samples[i])) alarms.push_back(i);
  }
  return alarms;
}

Json PageHinkleyCase(const Json& one, const Json& series) {
  const Json& p = one["params"];
  judge::PageHinkley::Options options{.delta = NumberOf(p["delta"]),
                                      .lambda = NumberOf(p["threshold"]),
                                      .forget = NumberOf(p["alpha"]),
                                      .samples_min = NumberOf(p["min_instances"])};
  if (p["mode"] == "up") options.side = judge::PageHinkley::Side::kUp;
  if (p["mode"] == "down") options.side = judge::PageHinkley::Side::kDown;
  judge::PageHinkley detector(options);
  return {{"alarms", AlarmsOf(SamplesOf(one, series), [&](double x) { return detector.Add(x); })}};
}

Json AdwinCase(const Json& one, const Json& series) {
  const Json& p = one["params"];
  judge::Adwin detector({.delta = NumberOf(p["delta"]),
                         .clock = p["clock"].get<std::size_t>(),
                         .buckets_max = p["max_buckets"].get<std::size_t>(),
                         .part_min = NumberOf(p["min_window_length"]),
                         .window_min = NumberOf(p["grace_period"])});
  return {{"alarms", AlarmsOf(SamplesOf(one, series), [&](double x) { return detector.Add(x); })}};
}

Json HddmCase(const Json& one, const Json& series) {
  const Json& p = one["params"];
  judge::Hddm detector({.delta = NumberOf(p["drift_confidence"]),
                        .warning_delta = NumberOf(p["warning_confidence"]),
                        .two_sided = p["two_sided_test"].get<bool>()});
  const std::vector<double> samples = SamplesOf(one, series);
  Json alarms = Json::array(), warning_starts = Json::array();
  bool warned = false;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (detector.Add(samples[i]) == judge::Hddm::Verdict::kDrift) alarms.push_back(i);
    if (detector.warns() && !warned) warning_starts.push_back(i);
    warned = detector.warns();
  }
  return {{"alarms", alarms}, {"warning_starts", warning_starts}};
}

// The level that a chart of the case begins with, and the samples it is of: NaN, as if they were missing.
judge::Level TakeLevel(const Json& params, std::vector<double>& samples) {
  if (params.contains("mu")) return {NumberOf(params["mu"]), NumberOf(params["sigma"])};
  std::vector<double> clean;
  for (double& x : samples) {
    if (clean.size() == params["warmup"].get<std::size_t>()) break;
    if (std::isnan(x)) continue;
    clean.push_back(x);
    x = std::numeric_limits<double>::quiet_NaN();
  }
  return judge::LevelOf(clean);
}

Json ChartJson(const judge::Level& level) {
  return {{"mu", level.mean}, {"sigma", level.deviation}, {"alarms", Json::array()}, {"usable", level.deviation > 0}};
}

Json CusumCase(const Json& one, const Json& series) {
  const Json& p = one["params"];
  std::vector<double> samples = SamplesOf(one, series);
  const judge::Level level = TakeLevel(p, samples);
  Json out = ChartJson(level);
  if (!(level.deviation > 0)) return out;
  judge::Cusum chart(level,
                     {.slack = NumberOf(p["k"]), .limit = NumberOf(p["h"]), .head_start = p.value("head_start", 0.0)});
  out["directions"] = Json::array();
  out["alarms"] = AlarmsOf(samples, [&](double x) {
    const judge::Direction moved = chart.Add(x);
    if (moved == judge::Direction::kNone) return false;
    out["directions"].push_back(moved == judge::Direction::kUp ? "up" : "down");
    return true;
  });
  out["final"] = {{"up", chart.up()}, {"down", chart.down()}};
  return out;
}

Json EwmaCase(const Json& one, const Json& series) {
  const Json& p = one["params"];
  std::vector<double> samples = SamplesOf(one, series);
  const judge::Level level = TakeLevel(p, samples);
  Json out = ChartJson(level);
  if (!(level.deviation > 0)) return out;
  judge::EwmaChart chart(level, {.weight = NumberOf(p["lambda"]), .limits = NumberOf(p["L"])});
  out["alarms"] = AlarmsOf(samples, [&](double x) { return chart.Add(x); });
  out["final"] = chart.value();
  return out;
}

Json SeasonalCase(const Json& one, const Json&) {
  const std::vector<double> values = NumbersOf(one["input"]["values"]);
  const Json& p = one["params"];
  const auto period = p["period"].get<std::size_t>();
  const auto from = one["expect"]["scores_from"].get<std::size_t>();
  Json scores = Json::array(), alarms = Json::array();
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::vector<double> history;
    for (std::size_t c = 1; c <= p["seasons"].get<std::size_t>() && c * period <= i; ++c) {
      if (!std::isnan(values[i - c * period])) history.push_back(values[i - c * period]);
    }
    const double score = judge::SeasonalScore(values[i], history, NumberOf(p["floor"]));
    if (i >= from) scores.push_back(std::isnan(score) ? Json() : Json(score));
    if (std::fabs(score) > NumberOf(p["threshold"])) alarms.push_back(i);
  }
  return {{"scores_from", from}, {"scores", scores}, {"alarms", alarms}};
}

}  // namespace

std::vector<Suite> DetectorSuites() {
  return {{.name = "page_hinkley", .evaluate = PageHinkleyCase},
          {.name = "adwin", .evaluate = AdwinCase},
          {.name = "hddm_a", .evaluate = HddmCase},
          {.name = "cusum", .evaluate = CusumCase},
          {.name = "ewma", .evaluate = EwmaCase},
          {.name = "seasonal", .evaluate = SeasonalCase}};
}

}  // namespace bellwether::golden
