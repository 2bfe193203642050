#include "rules/unittest/test_world.h"

#include <algorithm>
#include <stop_token>
#include <utility>

#include <fmt/format.h>

#include "metric/sample.h"
#include "rules/alert_sink.h"

namespace bellwether::rules {
namespace {

class Nowhere final : public AlertSink {
 public:
  base::Status Take(std::span<const metric::AlertUpdate>) override { return base::OkStatus(); }
};

class TestAckSource final : public AckSource {
 public:
  TestAckSource(const RuleTest& test, const base::Clock& clock) : test_(test), clock_(clock) {}

  [[nodiscard]] bool IsAcknowledged(const metric::Labels& alert) const override {
    const base::DurationMs now = clock_.Now() - test_.start;
    return std::any_of(test_.acknowledgements.begin(), test_.acknowledgements.end(), [&](const auto& ack) {
      return now >= ack.from && (!ack.until || now < *ack.until) &&
             std::all_of(ack.labels.begin(), ack.labels.end(),
                         [&](const metric::LabelView& label) { return alert.Get(label.name) == label.value; });
    });
  }

 private:
  const RuleTest& test_;
  const base::Clock& clock_;
};

// Nothing is too old or too far ahead in a test.
storage::StorageOptions TestStorageOptions() {
  storage::StorageOptions options;
  options.retention = base::DurationMs(0);
  options.background_thread = false;
  return options;
}

RuleOptions TestRuleOptions(const RuleTest& test, const TestWorldOptions& world) {
  RuleOptions options;
  options.evaluation_interval = test.interval;
  options.external_labels = test.external_labels;
  options.external_url = test.external_url;
  options.severities = world.severities;
  return options;
}

metric::NativeHistogram StaleHistogram() {
  metric::NativeHistogram stale;
  stale.is_float = true;
  stale.sum = metric::kStaleMarker;
  return stale;
}

}  // namespace

TestWorld::TestWorld(const RuleTest& test, const std::vector<GroupSource>& groups, const promql::EngineOptions& engine,
                     const TestWorldOptions& options)
    : test_(test),
      clock_(test.start),
      acknowledgements_(std::make_unique<TestAckSource>(test, clock_)),
      storage_(storage::NewMemoryStorage(TestStorageOptions(), clock_, metrics_)),
      state_(storage::NewMemoryStateStore(clock_)),
      engine_(engine, clock_, metrics_),
      surroundings_(options.surroundings == nullptr
                        ? nullptr
                        : options.surroundings->Make({.state = *state_, .clock = clock_, .metrics = metrics_})),
      nowhere_(std::make_unique<Nowhere>()),
      queue_(std::make_unique<UpdateQueue>(*state_, surroundings_ == nullptr ? *nowhere_ : surroundings_->sink(),
                                           metrics_)),
      appender_(storage_->NewAppender()),
      inputs_(test.input.size()) {
  for (const promql::SeriesDescription& series : test.input) values_ = std::max(values_, series.values.size());
  const RuleDependencies dependencies{.storage = *storage_,
                                      .state = *state_,
                                      .engine = engine_,
                                      .clock = clock_,
                                      .metrics = metrics_,
                                      .sink = *nowhere_,  // The queue has the one that counts.
                                      .acknowledgements = acknowledgements_.get(),
                                      .topology = surroundings_ == nullptr ? nullptr : &surroundings_->topology()};
  const RuleOptions rule_options = TestRuleOptions(test, options);
  std::vector<GroupSnapshot> snapshots;
  for (const GroupSource& group : groups) {
    groups_.push_back(
        std::make_unique<RuleGroup>(group.file, *group.spec, rule_options, dependencies, *queue_, board_));
    snapshots.push_back(groups_.back()->Snapshot());
  }
  if (surroundings_ != nullptr) surroundings_->SetGroups(snapshots);
}

TestWorld::~TestWorld() = default;

base::Status TestWorld::LoadUntil(base::TimestampMs at) {
  clock_.Set(at);
  for (; next_value_ < values_; ++next_value_) {
    const base::TimestampMs time = test_.start + test_.interval * static_cast<std::int64_t>(next_value_);
    if (time > at) break;
    BW_RETURN_IF_ERROR(LoadValues(next_value_, time));
  }
  return base::OkStatus();
}

base::Status TestWorld::LoadValues(std::size_t index, base::TimestampMs at) {
  const metric::NativeHistogram stale_histogram = StaleHistogram();
  std::vector<storage::FloatSample> floats;
  std::vector<storage::HistogramSample> histograms;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const promql::SeriesDescription& series = test_.input[i];
    if (index >= series.values.size() || series.values[index].omitted) continue;
    const promql::SequenceValue& value = series.values[index];
    Input& input = inputs_[i];
    if (input.ref == metric::SeriesRef::kNone) {
      BW_ASSIGN_OR_RETURN(input.ref, appender_->FindOrCreate(series.labels));
    }
    const bool stale = value.histogram == nullptr && metric::IsStaleMarker(value.value);
    if (!stale) input.histograms = value.histogram != nullptr;
    if (!input.histograms) {
      floats.push_back({.ref = input.ref, .timestamp = at, .value = value.value, .start_timestamp = {}});
      continue;
    }
    const metric::NativeHistogram* histogram = stale ? &stale_histogram : value.histogram.get();
    if (!stale) BW_RETURN_IF_ERROR(metric::ValidateHistogram(*histogram));
    histograms.push_back({.ref = input.ref, .timestamp = at, .histogram = histogram, .start_timestamp = {}});
  }
  appender_->Append(floats);
  appender_->AppendHistograms(histograms);
  BW_ASSIGN_OR_RETURN(const storage::CommitResult result, appender_->Commit(storage::Durability::kVisible));
  if (result.TotalRefused() == 0) return base::OkStatus();
  return base::Conflict(
      fmt::format("the sample of {} at {} is refused: {}", result.first_refused->labels.ToMetricString(),
                  base::FormatDuration(at - test_.start), storage::RefusalName(result.first_refused->reason)));
}

base::Status TestWorld::Evaluate(base::TimestampMs at) {
  clock_.Set(at);
  for (const auto& group : groups_) {
    group->Evaluate(at, 0, std::stop_token());
    for (const auto& rule : group->rules()) {
      if (rule->health() != RuleHealth::kError) continue;
      return base::Execution(fmt::format("rule: {}, time: {}, err: {}", rule->spec().name,
                                         base::FormatDuration(at - test_.start), rule->last_error()));
    }
  }
  return surroundings_ == nullptr ? base::OkStatus() : HandOn();
}

// Also between evaluations something may be due.
base::Status TestWorld::HandOn() {
  BW_RETURN_IF_ERROR(queue_->Deliver());
  return surroundings_->RunDue();
}

base::Result<std::vector<TestStanding>> TestWorld::StandingsAt(base::TimestampMs at) {
  if (surroundings_ == nullptr) return std::vector<TestStanding>();
  clock_.Set(at);
  BW_RETURN_IF_ERROR(surroundings_->RunDue());
  return surroundings_->Standings();
}

base::Result<std::vector<TestNotification>> TestWorld::NotificationsAt(base::TimestampMs at) {
  if (surroundings_ == nullptr) return std::vector<TestNotification>();
  clock_.Set(at);
  BW_RETURN_IF_ERROR(surroundings_->RunDue());
  return surroundings_->Notifications();
}

base::Result<promql::QueryResult> TestWorld::Query(const std::string& expr, base::TimestampMs at) {
  return engine_.Instant(*storage_, expr, at);
}

}  // namespace bellwether::rules
