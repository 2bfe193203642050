#include "incidents/suppress/suppress_world_test.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace bellwether::incidents {

base::Status FaultyStateStore::Apply(const storage::StateBatch& batch) {
  const bool fails = fail_at_ && *fail_at_ == writes_;
  ++writes_;
  if (!fails) return store_.Apply(batch);
  fail_at_.reset();
  if (applied_) {
    EXPECT_TRUE(store_.Apply(batch).ok());
  }
  return base::Unavailable("the disk is full");
}

base::Status RememberingSink::Take(std::span<const metric::AlertUpdate> updates) {
  const Fault fault = std::exchange(fault_, Fault::kNone);
  if (fault == Fault::kBefore) return base::Unavailable("the taker is away");
  for (const metric::AlertUpdate& update : updates) {
    if (update.sequence <= taken_) continue;
    taken_ = update.sequence;
    updates_.push_back(update);
  }
  return fault == Fault::kAfter ? base::Unavailable("the taker dies") : base::OkStatus();
}

SuppressWorld::SuppressWorld(const std::string& components)
    : state_(storage::NewMemoryStateStore(clock_)), store_(*state_) {
  policy.severities = {"info", "warning", "error", "critical", "page"};
  SetTopology(components);
  Restart();
}

void SuppressWorld::SetTopology(const std::string& components) {
  auto parsed = ParseTopology("f.yml", "components: [" + components + "]", "");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  SetTopology(std::make_shared<const Topology>(*std::move(parsed)));
}

void SuppressWorld::SetTopology(std::shared_ptr<const Topology> topology) {
  topology_ = std::move(topology);
  if (suppressor_ != nullptr) suppressor_->TopologyChanged();
}

void SuppressWorld::DependsOn(const std::string& alert, std::vector<AlertDependency> dependencies) {
  depends_on_[alert] = std::move(dependencies);
  Configure();
}

void SuppressWorld::Configure() {
  std::vector<RuleDependencies> rules;
  for (const auto& [alert, dependencies] : depends_on_) rules.push_back({"f.yml;g;" + alert, {}, dependencies});
  suppressor_->Configure(policy, std::move(rules));
}

void SuppressWorld::Restart() {
  suppressor_.reset();
  metrics_ = std::make_unique<base::MetricsRegistry>();
  suppressor_ = std::make_unique<Suppressor>(SuppressorDependencies{
      .state = store_, .clock = clock_, .metrics = *metrics_, .sink = sink_, .topology = [this] { return topology_; }});
  Configure();
}

metric::AlertUpdate SuppressWorld::UpdateOf(const std::string& name, const WorldAlert& alert) const {
  metric::AlertUpdate update;
  update.labels = alert.labels;
  update.rule = "f.yml;g;" + std::string(alert.labels.Get("alertname"));
  update.annotations = {{"summary", name}};
  update.phase = alert.ended_at ? metric::AlertPhase::kResolved : metric::AlertPhase::kFiring;
  update.starts_at = alert.starts_at;
  update.ends_at = alert.ended_at.value_or(now() + base::Minutes(4));
  update.updated_at = now();
  return update;
}

void SuppressWorld::Tell(std::vector<metric::AlertUpdate> updates) {
  if (updates.empty()) return;
  for (metric::AlertUpdate& update : updates) update.sequence = ++last_sequence_;
  base::Status status = suppressor_->Take(updates);
  while (!status.ok() && restarts_on_failure_) {
    Restart();
    status = suppressor_->Take(updates);
  }
  ASSERT_TRUE(status.ok()) << status.message();
  RunDue();
}

void SuppressWorld::RunDue() {
  base::Status status = suppressor_->RunDue();
  while (!status.ok() && restarts_on_failure_) {
    Restart();
    status = suppressor_->RunDue();
  }
  ASSERT_TRUE(status.ok()) << status.message();
}

void SuppressWorld::Fire(const std::string& name, const metric::Labels& labels, const std::string& severity) {
  metric::LabelsBuilder builder(labels);
  if (!labels.Has("alertname")) builder.Set("alertname", name);
  WorldAlert& alert = alerts_[name];
  alert = {.labels = builder.Set("severity", severity).Build(), .starts_at = now(), .ended_at = {}};
  Tell({UpdateOf(name, alert)});
}

void SuppressWorld::End(const std::string& name) {
  WorldAlert& alert = alerts_.at(name);
  alert.ended_at = now();
  Tell({UpdateOf(name, alert)});
}

void SuppressWorld::Move(const std::string& name, const std::string& severity) {
  WorldAlert& alert = alerts_.at(name);
  WorldAlert before = alert;
  before.ended_at = now();
  alert.labels = metric::LabelsBuilder(alert.labels).Set("severity", severity).Build();
  alert.starts_at = now();
  metric::AlertUpdate moved = UpdateOf(name, before);
  moved.moved_to = alert.labels;
  Tell({UpdateOf(name, alert), moved});
}

void SuppressWorld::FallSilent(const std::string& name) { alerts_.at(name).silent = true; }

void SuppressWorld::TellAll() {
  std::vector<metric::AlertUpdate> updates;
  for (auto it = alerts_.begin(); it != alerts_.end();) {
    const WorldAlert& alert = it->second;
    if (alert.ended_at && now() - *alert.ended_at > base::Minutes(15)) {
      it = alerts_.erase(it);
      continue;
    }
    if (!alert.silent) updates.push_back(UpdateOf(it->first, alert));
    ++it;
  }
  told_all_at_ = now();
  Tell(std::move(updates));
}

void SuppressWorld::Advance(base::DurationMs by) {
  const base::TimestampMs end = now() + by;
  while (now() < end) {
    clock_.Set(std::min(end, now() + base::Seconds(5)));
    if (now() - told_all_at_ >= base::Minutes(1)) TellAll();
    RunDue();
  }
}

std::optional<Standing> SuppressWorld::Find(const std::string& name) const {
  const auto alert = alerts_.find(name);
  if (alert == alerts_.end()) return std::nullopt;
  const Standings standings = suppressor_->Snapshot();
  const auto found = standings.find(alert->second.labels);
  return found == standings.end() ? std::nullopt : std::optional(found->second);
}

std::string SuppressWorld::StandingOf(const std::string& name) const {
  const auto standing = Find(name);
  if (!standing) return alerts_.contains(name) && !alerts_.at(name).ended_at ? "told" : "gone";
  return (standing->verdict == Verdict::kHold ? "held: " : "suppressed: ") + standing->reason;
}

std::vector<std::string> SuppressWorld::Heard() {
  std::vector<std::string> heard;
  for (; heard_ < sink_.updates().size(); ++heard_) {
    const metric::AlertUpdate& update = sink_.updates()[heard_];
    const bool fires = update.phase == metric::AlertPhase::kFiring;
    bool& known = firing_[update.labels];
    if (known != fires) heard.push_back((fires ? "+" : "-") + update.annotations.at("summary"));
    known = fires;
  }
  return heard;
}

double SuppressWorld::Metric(const std::string& line) const {
  const std::string text = metrics_->WriteText();
  const auto at = text.find("\n" + line + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
}

}  // namespace bellwether::incidents
