#include "rules/backtest.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <memory>
#include <thread>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/mutex.h"
#include "rules/backtest/replay.h"
#include "rules/backtest/rule_reads.h"
#include "rules/file/rule_file.h"
#include "rules/file/rule_references.h"

namespace bellwether::rules {
namespace {

constexpr int kStretches = 100;  // Between looks at who is how far.
constexpr double kEvaluationsMax = 1e9;

base::Result<std::vector<RuleFile>> ReadFiles(std::span<const RuleText> texts, const BacktestOptions& options) {
  BW_ASSIGN_OR_RETURN(std::vector<RuleFile> files, ReadRuleTexts(texts, {.parser = options.engine.parser,
                                                                         .ignore_unknown_fields = false,
                                                                         .severities = options.rules.severities}));
  const std::vector<std::string> faults = FindReferenceFaults(files);
  if (!faults.empty()) return base::InvalidArgument(fmt::format("{}", fmt::join(faults, "\n")));
  return files;
}

std::vector<ReplayGroup> GroupsOf(const std::vector<RuleFile>& files, const RuleOptions& options) {
  std::vector<ReplayGroup> groups;
  for (const RuleFile& file : files) {
    for (const GroupSpec& group : file.groups) {
      groups.push_back({file.path, &group, IntervalOf(group, options.evaluation_interval)});
    }
  }
  return groups;
}

// Refuses what would not end in a day. In doubles: the times are anybody's.
base::Status CheckLength(std::span<const ReplayGroup> groups, const BacktestOptions& options) {
  double evaluations = 0;
  for (const ReplayGroup& group : groups) {
    evaluations += (static_cast<double>(options.end.ms) - static_cast<double>(options.start.ms)) /
                   static_cast<double>(group.interval.ms);
  }
  if (evaluations <= kEvaluationsMax) return base::OkStatus();
  return base::InvalidArgument(
      fmt::format("a backtest of {:.3g} evaluations of groups, of which {:.3g} are allowed: "
                  "choose a later start or fewer rules",
                  evaluations, kEvaluationsMax));
}

// The parts of a backtest on threads, each part from its first slot to its last.
class ParallelReplay {
 public:
  ParallelReplay(storage::Storage& history, std::span<const ReplayGroup> groups, const ReplayPlan& plan,
                 const BacktestOptions& options)
      : history_(history), groups_(groups), plan_(plan), options_(options), by_group_(groups.size()) {}

  base::Status Run() {
    const auto threads =
        static_cast<std::size_t>(std::max(1, std::min(options_.threads, static_cast<int>(plan_.parts.size()))));
    limits_ = {.history_samples_max = options_.history_samples_max / threads,
               .recorded_samples_max = options_.recorded_samples_max / threads};
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 1; i < threads; ++i) workers.emplace_back([this] { Work(); });
      Work();
    }
    const base::MutexLock lock(mu_);
    return first_error_;
  }

  BacktestReport TakeReport() {
    const base::MutexLock lock(mu_);
    BacktestReport report{.start = options_.start,
                          .end = options_.end,
                          .warm_up = plan_.warm_up,
                          .rules = {},
                          .episodes = std::move(episodes_)};
    for (std::vector<BacktestRule>& rules : by_group_) {
      std::move(rules.begin(), rules.end(), std::back_inserter(report.rules));
    }
    std::sort(report.episodes.begin(), report.episodes.end(), [](const AlertEpisode& a, const AlertEpisode& b) {
      return std::tie(a.active_at, a.alert, a.labels, a.file, a.group) <
             std::tie(b.active_at, b.alert, b.labels, b.file, b.group);
    });
    return report;
  }

 private:
  void Work() {
    for (std::size_t i = next_++; i < plan_.parts.size() && !failed_; i = next_++) {
      base::Status status = RunPart(plan_.parts[i]);
      if (status.ok()) continue;
      failed_ = true;
      const base::MutexLock lock(mu_);
      if (first_error_.ok()) first_error_ = std::move(status);
    }
  }

  base::Status RunPart(const std::vector<std::size_t>& part) {
    Replay replay(history_, groups_, part, plan_, options_, limits_);
    const base::TimestampMs begin = options_.start - plan_.warm_up;
    const base::DurationMs whole = options_.end - begin;
    for (int i = 1; i <= kStretches && !failed_; ++i) {
      BW_RETURN_IF_ERROR(replay.RunUntil(
          begin + base::DurationMs(whole.ms / kStretches * i + whole.ms % kStretches * i / kStretches)));
      const std::size_t done = ++stretches_done_;
      if (!options_.progress) continue;
      const base::MutexLock lock(mu_);
      options_.progress(static_cast<double>(done) / static_cast<double>(plan_.parts.size() * kStretches));
    }
    std::vector<AlertEpisode> episodes = replay.TakeEpisodes();
    const base::MutexLock lock(mu_);
    std::move(episodes.begin(), episodes.end(), std::back_inserter(episodes_));
    replay.FillRules(by_group_);
    return base::OkStatus();
  }

  storage::Storage& history_;
  const std::span<const ReplayGroup> groups_;
  const ReplayPlan& plan_;
  const BacktestOptions& options_;
  ReplayStorage::Limits limits_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> stretches_done_ = 0;
  std::atomic<bool> failed_ = false;

  base::Mutex mu_;
  base::Status first_error_ BW_GUARDED_BY(mu_);
  std::vector<AlertEpisode> episodes_ BW_GUARDED_BY(mu_);
  std::vector<std::vector<BacktestRule>> by_group_ BW_GUARDED_BY(mu_);
};

bool TellsTheSame(const AlertEpisode& a, const AlertEpisode& b) {
  return a.fired_at == b.fired_at && a.ended_at == b.ended_at && a.levels == b.levels && a.tellings == b.tellings;
}

bool Overlap(const AlertEpisode& a, const AlertEpisode& b) {
  const auto ends_before = [](const AlertEpisode& first, const AlertEpisode& second) {
    return first.ended_at && *first.ended_at < *second.fired_at;
  };
  return !ends_before(a, b) && !ends_before(b, a);
}

using LivesByAlert = std::map<std::pair<std::string, metric::Labels>, std::vector<const AlertEpisode*>>;

LivesByAlert FiredLives(const BacktestReport& report) {
  LivesByAlert lives;
  for (const AlertEpisode& episode : report.episodes) {
    if (episode.fired_at) lives[{episode.alert, episode.labels}].push_back(&episode);
  }
  return lives;
}

}  // namespace

bool AlertEpisode::WasTold() const {
  if (!fired_at) return false;
  const auto told = [](const Telling& telling) { return telling.state == "told"; };
  return tellings.empty() || tellings.front().at > *fired_at || std::any_of(tellings.begin(), tellings.end(), told);
}

base::Result<BacktestReport> RunBacktest(storage::Storage& history, std::span<const RuleText> files,
                                         const BacktestOptions& options) {
  if (options.end < options.start) return base::InvalidArgument("the end of a backtest lies before its start");
  if (options.warm_up && options.warm_up->ms < 0) {
    return base::InvalidArgument("a backtest cannot warm up for less than no time");
  }
  BW_ASSIGN_OR_RETURN(const std::vector<RuleFile> read, ReadFiles(files, options));
  const std::vector<ReplayGroup> groups = GroupsOf(read, options.rules);
  BW_RETURN_IF_ERROR(CheckLength(groups, options));
  ReplayPlan plan = PlanReplay(groups, options.engine.lookback, options.surroundings != nullptr);
  if (options.warm_up) plan.warm_up = *options.warm_up;
  // Before the first sample there is nothing to warm up on.
  const std::optional<base::TimestampMs> oldest = history.Stats(0).min_time;
  if (oldest) plan.warm_up = std::clamp(options.start - *oldest, base::DurationMs(0), plan.warm_up);
  ParallelReplay replay(history, groups, plan, options);
  BW_RETURN_IF_ERROR(replay.Run());
  return replay.TakeReport();
}

std::vector<BacktestDifference> CompareBacktests(const BacktestReport& before, const BacktestReport& after) {
  std::vector<BacktestDifference> differences;
  LivesByAlert others = FiredLives(after);
  for (const auto& [alert, lives] : FiredLives(before)) {
    std::vector<const AlertEpisode*>& candidates = others[alert];
    for (const AlertEpisode* life : lives) {
      const auto match = std::find_if(candidates.begin(), candidates.end(),
                                      [&](const AlertEpisode* other) { return Overlap(*life, *other); });
      if (match == candidates.end()) {
        differences.push_back({life, nullptr});
        continue;
      }
      if (!TellsTheSame(*life, **match)) differences.push_back({life, *match});
      candidates.erase(match);
    }
  }
  for (const auto& [alert, lives] : others) {
    for (const AlertEpisode* life : lives) differences.push_back({nullptr, life});
  }
  const auto time = [](const BacktestDifference& difference) {
    return (difference.before != nullptr ? difference.before : difference.after)->fired_at;
  };
  std::stable_sort(differences.begin(), differences.end(),
                   [&](const BacktestDifference& a, const BacktestDifference& b) { return time(a) < time(b); });
  return differences;
}

}  // namespace bellwether::rules
