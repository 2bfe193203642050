#include "server/commands/backtest.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "api/backtest_report.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/read_file.h"
#include "rules/backtest.h"
#include "rules/backtest_score.h"
#include "server/commands/backtest_output.h"
#include "server/commands/data_target.h"
#include "server/commands/query.h"
#include "server/commands/rule_texts.h"
#include "server/commands/server_answer.h"
#include "server/commands/test_surroundings.h"
#include "server/config/config.h"
#include "server/features.h"

namespace bellwether::server {
namespace {

using Json = nlohmann::json;

constexpr base::DurationMs kServerPatience = base::Hours(6);

struct BacktestFlags {
  DataTarget target;
  std::vector<std::string> rules;
  std::vector<std::string> compare;  // Two files, or none.
  std::string start;
  std::string end = "now";
  std::string warm_up;
  std::string labels;
  std::string config;
  std::string interval = "1m";
  std::string format = "text";
  std::vector<std::string> features;
  int threads = 0;
};

// What is replayed, and over what time.
struct BacktestTask {
  std::vector<rules::RuleText> files;
  std::vector<rules::RuleText> compared;
  std::optional<std::string> labels;
  base::TimestampMs start;
  base::TimestampMs end;
  std::optional<base::DurationMs> warm_up;
};

base::Result<BacktestTask> MakeTask(const BacktestFlags& flags) {
  BacktestTask task;
  const bool compares = !flags.compare.empty();
  if (compares != flags.rules.empty()) {
    return base::InvalidArgument("say either --rules FILE or --compare OLD NEW");
  }
  BW_ASSIGN_OR_RETURN(task.files, ReadRuleTexts(compares ? std::vector<std::string>{flags.compare[0]} : flags.rules));
  if (compares) {
    BW_ASSIGN_OR_RETURN(task.compared, ReadRuleTexts({flags.compare[1]}));
  }
  if (!flags.labels.empty()) {
    BW_ASSIGN_OR_RETURN(task.labels, base::ReadFile(flags.labels));
  }
  const base::TimestampMs now = base::SystemClock().Now();
  BW_ASSIGN_OR_RETURN(task.start, ParseTimeFlag(flags.start, now));
  BW_ASSIGN_OR_RETURN(task.end, ParseTimeFlag(flags.end, now));
  if (!flags.warm_up.empty()) {
    BW_ASSIGN_OR_RETURN(task.warm_up, base::ParseDuration(flags.warm_up));
  }
  return task;
}

std::string SecondsOf(base::TimestampMs time) { return base::FormatNumberF(static_cast<double>(time.ms) / 1000); }

base::Result<Json> BacktestOnServer(const BacktestFlags& flags, const BacktestTask& task) {
  FormFields fields = {{"start", SecondsOf(task.start)}, {"end", SecondsOf(task.end)}};
  AddRuleFields("rules", task.files, fields);
  AddRuleFields("compare", task.compared, fields);
  if (task.labels) fields.emplace_back("labels", *task.labels);
  if (task.warm_up) fields.emplace_back("warm_up", fmt::format("{}ms", task.warm_up->ms));
  BW_ASSIGN_OR_RETURN(Json answer, AskServer(flags.target, "/api/v1/rules/test", fields, kServerPatience));
  return std::move(answer["data"]);
}

// On a terminal alone.
std::function<void(double)> ProgressLine() {
  if (::isatty(STDERR_FILENO) == 0) return {};
  return [last = -1](double share) mutable {
    const int percent = static_cast<int>(100 * share);
    if (std::exchange(last, percent) == percent) return;
    fmt::print(stderr, "\r{} %{}", percent, percent == 100 ? "\n" : "");
  };
}

base::Result<Json> BacktestOffline(const BacktestFlags& flags, const BacktestTask& task) {
  rules::BacktestOptions options;
  options.start = task.start;
  options.end = task.end;
  options.warm_up = task.warm_up;
  options.threads = flags.threads > 0 ? flags.threads : static_cast<int>(std::thread::hardware_concurrency());
  options.progress = ProgressLine();
  BW_ASSIGN_OR_RETURN(options.rules.evaluation_interval, base::ParseDuration(flags.interval));
  options.engine.default_subquery_step = options.rules.evaluation_interval;
  for (const std::string& unknown : ApplyFeatures(flags.features, options.engine)) {
    return base::InvalidArgument(fmt::format("unknown feature in --enable-feature: {}", unknown));
  }
  auto surroundings = std::make_shared<SurroundingsMaker>();
  if (!flags.config.empty()) {
    BW_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config));
    options.rules.severities = config.severities;
    options.rules.external_labels = config.external_labels;
    surroundings->Use(std::make_shared<const incidents::Topology>(config.topology), config.suppression);
  }
  options.surroundings = std::move(surroundings);
  std::optional<rules::IncidentLabels> labels;
  if (task.labels) {
    BW_ASSIGN_OR_RETURN(labels, rules::ReadIncidentLabels(flags.labels, *task.labels));
  }
  BW_ASSIGN_OR_RETURN(const std::unique_ptr<OfflineStore> store,
                      OpenOffline(flags.target.storage_path, Access::kRead, base::DurationMs(0)));
  api::BacktestAnswer answer;
  BW_ASSIGN_OR_RETURN(answer.report, rules::RunBacktest(*store->opened.storage, task.files, options));
  if (!task.compared.empty()) {
    BW_ASSIGN_OR_RETURN(answer.compared, rules::RunBacktest(*store->opened.storage, task.compared, options));
  }
  if (labels) answer.score = rules::ScoreBacktest(answer.report, *labels);
  return Json::parse(api::BacktestJson(answer));
}

int Backtest(const BacktestFlags& flags) {
  const auto task = MakeTask(flags);
  auto data = [&]() -> base::Result<Json> {
    if (!task.ok()) return task.status();
    return flags.target.storage_path.empty() ? BacktestOnServer(flags, *task) : BacktestOffline(flags, *task);
  }();
  if (!data.ok()) {
    fmt::print(stderr, "bellwether: {}\n", data.status().message());
    return 1;
  }
  fmt::print("{}", flags.format == "json" ? data->dump() + "\n" : FormatBacktest(*data));
  return 0;
}

}  // namespace

void AddBacktestCommand(CLI::App& app, std::function<int()>& run) {
  const auto flags = std::make_shared<BacktestFlags>();
  CLI::App* command = app.add_subcommand("backtest", "Replay rules over stored history: what would have fired");
  AddDataTargetFlags(*command, flags->target);
  command->add_option("--rules", flags->rules, "Rule files; may be patterns");
  command->add_option("--compare", flags->compare, "Two rule files: how the alerts of the second differ")->expected(2);
  command->add_option("--start", flags->start, "From when: RFC 3339, Unix seconds, or now-7d")->required();
  command->add_option("--end", flags->end, "Until when")->capture_default_str();
  command->add_option("--warm-up", flags->warm_up, "How long before --start to begin; otherwise what the rules need");
  command->add_option("--labels", flags->labels, "Score against the incidents of this file");
  command->add_option("--config.file", flags->config,
                      "With --storage.path: configuration whose topology, severities and external labels are in force");
  command
      ->add_option("--evaluation-interval", flags->interval,
                   "Of groups without one; with --storage.path, a server uses its own")
      ->capture_default_str();
  command->add_option("--threads", flags->threads, "With --storage.path; 0: as many as cores")->capture_default_str();
  command->add_option("--format", flags->format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  AddFeatureFlag(*command, flags->features);
  command->callback([flags, &run] { run = [flags] { return Backtest(*flags); }; });
}

}  // namespace bellwether::server
