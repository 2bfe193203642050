#include "tests/timeline/rule_world.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/check.h"
#include "base/number.h"
#include "promql/parser.h"

namespace bellwether::timeline {
namespace {

std::string MakeFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "bellwether-timeline-XXXXXX").string();
  BW_CHECK(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

storage::StorageOptions WorldStorageOptions() {
  storage::StorageOptions options;
  options.retention = base::Days(400);
  options.background_thread = false;
  return options;
}

}  // namespace

base::Status RecordingSink::Take(std::span<const metric::AlertUpdate> updates) {
  const base::MutexLock lock(mu_);
  if (failing_) return base::Unavailable("the sink was told to fail");
  for (const metric::AlertUpdate& update : updates) {
    if (update.sequence <= last_) {
      ++repetitions_;
      continue;
    }
    last_ = update.sequence;
    all_.push_back(update);
  }
  return base::OkStatus();
}

void RecordingSink::SetFailing(bool failing) {
  const base::MutexLock lock(mu_);
  failing_ = failing;
}

std::vector<metric::AlertUpdate> RecordingSink::All() const {
  const base::MutexLock lock(mu_);
  return all_;
}

std::vector<metric::AlertUpdate> RecordingSink::New() {
  const base::MutexLock lock(mu_);
  std::vector<metric::AlertUpdate> fresh(all_.begin() + static_cast<std::ptrdiff_t>(seen_), all_.end());
  seen_ = all_.size();
  return fresh;
}

int RecordingSink::repetitions() const {
  const base::MutexLock lock(mu_);
  return repetitions_;
}

base::Status FailingStateStore::Apply(const storage::StateBatch& batch) {
  if (fails_ && fails_(batch)) return base::Unavailable("the state store was told to fail");
  return store_.Apply(batch);
}

base::Result<std::optional<std::string>> FailingStateStore::Get(std::string_view key) const { return store_.Get(key); }

base::Status FailingStateStore::Scan(std::string_view prefix, std::string_view after,
                                     const std::function<bool(std::string_view, std::string_view)>& visit) const {
  return store_.Scan(prefix, after, visit);
}

void FailingStateStore::FailEverything() {
  fails_ = [](const storage::StateBatch&) { return true; };
}

void FailingStateStore::FailOn(std::string key) {
  fails_ = [key = std::move(key)](const storage::StateBatch& batch) {
    for (const auto& change : batch.changes()) {
      if (change.key == key) return true;
    }
    return false;
  };
}

void FailingStateStore::Heal() { fails_ = nullptr; }

RuleWorld::RuleWorld(std::int64_t begin_ms)
    : clock(base::TimestampMs(begin_ms)),
      storage(storage::NewMemoryStorage(WorldStorageOptions(), clock, metrics)),
      memory_state(storage::NewMemoryStateStore(clock)),
      state(*memory_state),
      engine({}, clock, metrics),
      folder_(MakeFolder()),
      path_(folder_ + "/rules.yml") {
  options.startup_hold = base::DurationMs(0);
  options.external_url = "http://bellwether.example";
}

RuleWorld::~RuleWorld() {
  manager.reset();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

base::Status RuleWorld::Reload(std::string_view rules) {
  std::ofstream(path_, std::ios::binary) << rules;
  if (!manager) {
    manager = std::make_unique<rules::RuleManager>(
        options, rules::RuleDependencies{*storage, state, engine, clock, metrics, sink, nullptr, topology});
  }
  return manager->Load({path_}, options);
}

base::Status RuleWorld::Load(std::string_view rules) {
  BW_RETURN_IF_ERROR(Reload(rules));
  manager->RunDue();  // Restores and opens the gate; the first slot is still to come.
  return base::OkStatus();
}

void RuleWorld::Restart() {
  manager.reset();
  manager = std::make_unique<rules::RuleManager>(
      options, rules::RuleDependencies{*storage, state, engine, clock, metrics, sink, nullptr, topology});
  BW_CHECK(manager->Load({path_}, options).ok());
  manager->RunDue();
}

void RuleWorld::Send(std::string_view series, double value) {
  const auto labels = promql::ParseMetric(series);
  BW_CHECK(labels.ok());
  const auto appender = storage->NewAppender();
  const auto ref = appender->FindOrCreate(*labels);
  BW_CHECK(ref.ok());
  const storage::FloatSample sample{*ref, clock.Now(), value, {}};
  appender->Append(std::span(&sample, 1));
  const auto result = appender->Commit(storage::Durability::kDurable);
  BW_CHECK(result.ok() && result->floats == 1);
}

void RuleWorld::ToNextSlot() {
  const rules::GroupSnapshot group = Group();
  BW_CHECK(group.interval == kInterval);
  const std::int64_t into = (clock.Now().ms - group.slot_offset.ms) % kInterval.ms;
  clock.Set(base::TimestampMs(clock.Now().ms - into + kInterval.ms));
  if (!first_slot_) first_slot_ = clock.Now();
}

void RuleWorld::Tick(std::string_view series, double value) {
  ToNextSlot();
  if (!series.empty()) Send(series, value);
  manager->RunDue();
}

void RuleWorld::Ticks(std::string_view series, std::string_view digits) {
  for (const char digit : digits) {
    if (digit == '-') {
      Tick();
    } else {
      Tick(series, digit - '0');
    }
  }
}

rules::GroupSnapshot RuleWorld::Group(std::string_view name) const {
  for (rules::GroupSnapshot& group : manager->Groups()) {
    if (group.name == name) return std::move(group);
  }
  return {};
}

rules::RuleSnapshot RuleWorld::Rule(std::size_t index) const { return Group().rules.at(index); }

std::string RuleWorld::Alerts(std::size_t rule) const {
  std::string text;
  for (const rules::AlertSnapshot& alert : Rule(rule).alerts) {
    text += fmt::format("{} {} active {}", alert.labels.ToString(), rules::AlertStateName(alert.state),
                        MinutesOf(alert.active_at));
    if (alert.fired_at) text += fmt::format(" fired {}", MinutesOf(*alert.fired_at));
    if (alert.keep_firing_since) text += fmt::format(" kept since {}", MinutesOf(*alert.keep_firing_since));
    text += fmt::format(" value {}\n", base::FormatNumber(alert.value));
  }
  return text;
}

std::string RuleWorld::Query(std::string_view query) const {
  auto result = engine.Instant(*storage, query, clock.Now());
  if (!result.ok()) return result.status().message() + "\n";
  std::vector<std::string> lines;
  if (const auto* vector = std::get_if<promql::Vector>(&result->value)) {
    for (const promql::VectorSample& sample : *vector) {
      lines.push_back(fmt::format(
          "{} {}\n", sample.labels.ToMetricString(),
          sample.histogram ? promql::FormatHistogram(*sample.histogram) : base::FormatNumber(sample.value)));
    }
  } else if (const auto* scalar = std::get_if<promql::Scalar>(&result->value)) {
    lines.push_back(base::FormatNumber(scalar->value) + "\n");
  }
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, ""));
}

std::string RuleWorld::NewUpdates() {
  std::string text;
  for (const metric::AlertUpdate& update : sink.New()) {
    text += fmt::format("{} {}@{} from {} to {}\n", update.phase == metric::AlertPhase::kFiring ? "firing" : "resolved",
                        update.labels.Get("alertname"), MinutesOf(update.updated_at), MinutesOf(update.starts_at),
                        MinutesOf(update.ends_at));
  }
  return text;
}

std::string RuleWorld::History() const {
  const auto history = manager->History(base::TimestampMs::Min(), base::TimestampMs::Max());
  if (!history.ok()) return history.status().message() + "\n";
  std::string text;
  for (const rules::AlertTransition& t : *history) {
    text += fmt::format("{} {} {} -> {} ({})\n", MinutesOf(t.at), t.labels.Get("alertname"),
                        rules::AlertStateName(t.from), rules::AlertStateName(t.to), t.reason);
  }
  return text;
}

double RuleWorld::MinutesOf(base::TimestampMs t) const {
  return first_slot_ ? static_cast<double>((t - *first_slot_).ms) / 60'000.0 : 0;
}

}  // namespace bellwether::timeline
