#include "server/commands/backtest_output.h"

#include <cmath>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "base/time.h"

namespace bellwether::server {
namespace {

using Json = nlohmann::json;

base::TimestampMs TimeOf(const Json& seconds) {
  return base::TimestampMs(static_cast<std::int64_t>(std::llround(seconds.get<double>() * 1000)));
}

base::DurationMs SpanOf(const Json& seconds) {
  return base::DurationMs(static_cast<std::int64_t>(std::llround(seconds.get<double>() * 1000)));
}

std::string MomentText(const Json& seconds) {
  return seconds.is_null() ? std::string("-") : base::FormatRfc3339Ms(TimeOf(seconds));
}

std::string LabelText(const Json& labels) {
  std::string text;
  for (const auto& [name, value] : labels.items()) {
    if (name == "alertname") continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{}=\"{}\"", name, value.get<std::string>());
  }
  return "{" + text + "}";
}

std::string LifeText(const Json& alert) {
  const bool fired = !alert["firedAt"].is_null();
  std::string text = fmt::format("{}{} ", alert["beganBefore"].get<bool>() ? "<= " : "", MomentText(alert["activeAt"]));
  text += fired ? fmt::format("fired {}", MomentText(alert["firedAt"])) : std::string("pending only");
  if (alert["endedAt"].is_null()) return text + ", goes on";
  return text + fmt::format(", {} {} (after {})", alert["endReason"].get<std::string>(), MomentText(alert["endedAt"]),
                            base::FormatDuration(TimeOf(alert["endedAt"]) - TimeOf(alert["activeAt"])));
}

std::string LevelText(const Json& levels) {
  std::string text;
  for (const Json& level : levels) {
    text += fmt::format("    {} {}\n", MomentText(level["at"]), level["severity"].get<std::string>());
  }
  return text;
}

std::string TellingText(const Json& tellings) {
  std::string text;
  for (const Json& telling : tellings) {
    std::string by;
    for (const Json& alert : telling["by"]) by += (by.empty() ? " by " : ", ") + alert.get<std::string>();
    text += fmt::format("    {} {}{}\n", MomentText(telling["at"]), telling["state"].get<std::string>(), by);
  }
  return text;
}

std::string AlertText(const Json& alert, std::string_view mark) {
  return fmt::format("{}{} {}\n  {}\n{}{}", mark, alert["alert"].get<std::string>(), LabelText(alert["labels"]),
                     LifeText(alert), LevelText(alert["levels"]), TellingText(alert["tellings"]));
}

std::string RuleProblems(const Json& rules) {
  std::string text;
  for (const Json& rule : rules) {
    if (rule["failures"].get<std::uint64_t>() == 0) continue;
    text += fmt::format("{}; {}; {}: {} of {} evaluations failed: {}\n", rule["file"].get<std::string>(),
                        rule["group"].get<std::string>(), rule["name"].get<std::string>(),
                        rule["failures"].get<std::uint64_t>(), rule["evaluations"].get<std::uint64_t>(),
                        rule["lastError"].get<std::string>());
  }
  return text.empty() ? text : "\nRules that failed:\n" + text;
}

std::string DifferenceText(const Json& differences) {
  std::string text = fmt::format("\nDifferences: {}\n", differences.size());
  for (const Json& difference : differences) {
    if (!difference["before"].is_null()) text += AlertText(difference["before"], "- ");
    if (!difference["after"].is_null()) text += AlertText(difference["after"], "+ ");
  }
  return text;
}

std::string Share(const Json& share) {
  return share.is_null() ? std::string("-") : fmt::format("{:.1f} %", 100 * share.get<double>());
}

std::string ScoreText(const Json& score) {
  std::string text = "\nIncidents:\n";
  for (const Json& incident : score["incidents"]) {
    text += fmt::format("  {} {} ({}): ", MomentText(incident["start"]), incident["id"].get<std::string>(),
                        incident["kind"].get<std::string>());
    if (incident["delay"].is_null()) {
      text += "missed\n";
      continue;
    }
    text += fmt::format("found after {} by {}, {} alerts\n", base::FormatDuration(SpanOf(incident["delay"])),
                        incident["firstAlert"].get<std::string>(), incident["alerts"].get<std::uint64_t>());
  }
  text += fmt::format("Recall {}, precision {}; {} alerts, {} false, {} of these in something benign",
                      Share(score["recall"]), Share(score["precision"]), score["alerts"].get<std::uint64_t>(),
                      score["falseAlerts"].get<std::uint64_t>(), score["benignAlerts"].get<std::uint64_t>());
  if (!score["falsePerModelDay"].is_null()) {
    text += fmt::format("; {:.2f} false a model and day", score["falsePerModelDay"].get<double>());
  }
  if (!score["medianDelay"].is_null()) {
    text += fmt::format("; median delay {}", base::FormatDuration(SpanOf(score["medianDelay"])));
  }
  return text + "\n";
}

}  // namespace

std::string FormatBacktest(const Json& data) {
  std::uint64_t fired = 0;
  std::uint64_t evaluations = 0;
  for (const Json& alert : data["alerts"]) fired += alert["firedAt"].is_null() ? 0 : 1;
  for (const Json& rule : data["rules"]) evaluations += rule["evaluations"].get<std::uint64_t>();
  std::string text = fmt::format("{} to {}, {} before it to warm up: {} rules, {} evaluations\n",
                                 MomentText(data["start"]), MomentText(data["end"]),
                                 base::FormatDuration(SpanOf(data["warmUp"])), data["rules"].size(), evaluations);
  text += fmt::format("{} alerts fired, {} were pending only\n\n", fired, data["alerts"].size() - fired);
  for (const Json& alert : data["alerts"]) text += AlertText(alert, "");
  text += RuleProblems(data["rules"]);
  if (data.contains("differences")) text += DifferenceText(data["differences"]);
  if (data.contains("score")) text += ScoreText(data["score"]);
  return text;
}

}  // namespace bellwether::server
