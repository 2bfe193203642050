// rules/unittest/test_world.h
//
// The world of one rule unit test: an empty store in memory, the rule groups, and a clock that is set. Input samples
// come into the store as their time comes, so that no rule sees what is to follow.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/series_ref.h"
#include "promql/engine.h"
#include "rules/eval/alert_board.h"
#include "rules/eval/rule_group.h"
#include "rules/file/rule_file.h"
#include "rules/state/update_queue.h"
#include "rules/test_surroundings.h"
#include "rules/unittest/test_file.h"
#include "storage/open.h"

namespace bellwether::rules {

// A group of a rule file, to be made anew for every test.
struct GroupSource {
  std::string file;
  const GroupSpec* spec = nullptr;
};

struct TestWorldOptions {
  std::vector<std::string> severities = {};
  const TestSurroundingsMaker* surroundings = nullptr;  // May be null.
};

class TestWorld {
 public:
  // The groups are evaluated in the order given. Everything outlives the world.
  TestWorld(const RuleTest& test, const std::vector<GroupSource>& groups, const promql::EngineOptions& engine,
            const TestWorldOptions& options);
  ~TestWorld();

  // Brings in the samples up to `at`. kConflict, kInvalidArgument: a sample of the input cannot be.
  [[nodiscard]] base::Status LoadUntil(base::TimestampMs at);
  // Evaluates every group, and hands on what they tell. The error of the first rule that failed: "rule: NAME, time: T,
  // err: ...".
  [[nodiscard]] base::Status Evaluate(base::TimestampMs at);

  [[nodiscard]] base::Result<promql::QueryResult> Query(const std::string& expr, base::TimestampMs at);
  [[nodiscard]] const std::vector<std::unique_ptr<RuleGroup>>& groups() const { return groups_; }
  // What is not told at `at`, which is not before the last evaluation.
  [[nodiscard]] base::Result<std::vector<TestStanding>> StandingsAt(base::TimestampMs at);
  // What has been sent at `at`, likewise.
  [[nodiscard]] base::Result<std::vector<TestNotification>> NotificationsAt(base::TimestampMs at);

 private:
  struct Input {
    metric::SeriesRef ref = metric::SeriesRef::kNone;  // Until it has a sample.
    bool histograms = false;  // The kind of the last value, and so of a stale marker behind it.
  };

  [[nodiscard]] base::Status HandOn();
  // The value number `index` of every series, in one commit.
  [[nodiscard]] base::Status LoadValues(std::size_t index, base::TimestampMs at);

  const RuleTest& test_;
  base::SimulatedClock clock_;
  base::MetricsRegistry metrics_;
  std::unique_ptr<AckSource> acknowledgements_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<storage::StateStore> state_;
  promql::Engine engine_;
  std::unique_ptr<TestSurroundings> surroundings_;  // May be null.
  std::unique_ptr<AlertSink> nowhere_;
  std::unique_ptr<UpdateQueue> queue_;
  AlertBoard board_;
  std::unique_ptr<storage::Appender> appender_;
  std::vector<Input> inputs_;   // One for each series of the test.
  std::size_t next_value_ = 0;  // The first that is not in the store.
  std::size_t values_ = 0;      // Of the longest series.
  std::vector<std::unique_ptr<RuleGroup>> groups_;
};

}  // namespace bellwether::rules
