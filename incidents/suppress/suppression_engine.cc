#include "incidents/suppress/suppression_engine.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace bellwether::incidents {
namespace {

// Rules say for a quarter of an hour that an alert was resolved.
constexpr base::DurationMs kEndsToldFor = base::Minutes(30);
// An alert may have begun at an evaluation time a little before it was heard of.
constexpr base::DurationMs kHeardOfLate = base::Minutes(1);
constexpr std::size_t kGiveMax = 1000;
constexpr std::size_t kExplainedShown = 5;  // Of the alerts that one explains, in what is told of it.

// When a firing alert ends if nothing more is heard of it. An end that passed while the process was down does not
// count: the giver gets, from its start on, as long as it had promised to be heard of.
base::TimestampMs SilentEnd(const metric::AlertUpdate& update, base::TimestampMs started_at) {
  if (update.ends_at.ms == 0) return base::TimestampMs::Max();
  return std::max(update.ends_at, started_at + (update.ends_at - update.updated_at));
}

bool AgreesWith(const metric::Labels& alert, const metric::Labels& fixed) {
  return std::all_of(fixed.begin(), fixed.end(),
                     [&](const metric::LabelView& label) { return alert.Get(label.name) == label.value; });
}

}  // namespace

SuppressionMetrics::SuppressionMetrics(base::MetricsRegistry& metrics)
    : held(metrics.AddCounter("bellwether_suppression_held_total",
                              "Alerts that were held for what might explain them.")),
      suppressed(metrics.AddCounter("bellwether_suppression_suppressed_total",
                                    "Alerts that were suppressed because others explain them.")),
      released(metrics.AddCounter("bellwether_suppression_released_total",
                                  "Alerts that were told after they had been held or suppressed.")),
      unsaid(metrics.AddCounter("bellwether_suppression_unsaid_total", "Alerts that ended without having been told.")),
      holding(metrics.AddGauge("bellwether_suppression_alerts", "Alerts that are held or suppressed.",
                               {{"state", "held"}})),
      suppressing(metrics.AddGauge("bellwether_suppression_alerts", "Alerts that are held or suppressed.",
                                   {{"state", "suppressed"}})),
      owed(metrics.AddGauge("bellwether_suppression_updates_owed", "Updates of told alerts that were not taken yet.")) {
}

void SuppressionEngine::Configure(SuppressionSettings settings) {
  settings_ = std::move(settings);
  dependencies_.clear();
  for (const RuleDependencies& rule : settings_.rules) {
    dependencies_[rule.rule].emplace_back(rule.labels,
                                          std::make_shared<const std::vector<AlertDependency>>(rule.depends_on));
  }
  if (!loaded_) return;
  graph_ = std::make_unique<BlockingGraph>(settings_.topology, settings_.policy);
  for (const auto& [id, entry] : entries_) {
    if (entry.record.state == RecordState::kFiring) PutInGraph(id);
  }
  // Everybody is in question; nobody's standing names alerts of the graph before.
  timers_.clear();
  for (auto& [id, entry] : entries_) {
    entry.due = base::TimestampMs::Min();
    timers_.emplace(*entry.due, id);
  }
}

DependencyList SuppressionEngine::DependenciesOf(const metric::AlertUpdate& update) const {
  static const DependencyList kNone = std::make_shared<const std::vector<AlertDependency>>();
  const auto rules = dependencies_.find(update.rule);
  if (rules == dependencies_.end()) return kNone;
  for (const auto& [labels, depends_on] : rules->second) {
    if (AgreesWith(update.labels, labels)) return depends_on;
  }
  return kNone;
}

bool SuppressionEngine::IsHigher(const metric::Labels& labels, const metric::Labels& than) const {
  const auto& order = settings_.policy.severities;
  const auto place = [&](const metric::Labels& l) { return std::find(order.begin(), order.end(), l.Get("severity")); };
  return place(labels) > place(than);
}

base::Status SuppressionEngine::Load(base::TimestampMs now) {
  if (loaded_) return base::OkStatus();
  BW_ASSIGN_OR_RETURN(const std::optional<std::string> meta_bytes, state_.Get(kSuppressionMetaKey));
  std::optional<SuppressionMeta> meta = SuppressionMeta{.began_at = now - kHeardOfLate};
  if (meta_bytes) meta = DecodeSuppressionMeta(*meta_bytes);
  if (!meta) return base::Corruption("read how far alert updates were taken: not what was written");
  std::vector<AlertRecord> records;
  std::map<std::uint64_t, metric::AlertUpdate> owed;
  bool whole = true;
  BW_RETURN_IF_ERROR(state_.Scan(kSuppressedAlertPrefix, {}, [&](std::string_view, std::string_view value) {
    auto record = DecodeAlertRecord(value);
    whole = record.has_value();
    if (whole) records.push_back(*std::move(record));
    return whole;
  }));
  if (!whole) return base::Corruption("read which alerts are suppressed: an entry is not what was written");
  BW_RETURN_IF_ERROR(state_.Scan(kSuppressedOwedPrefix, {}, [&](std::string_view, std::string_view value) {
    metric::AlertUpdate update;
    whole = metric::DecodeAlertUpdate(value, update);
    if (whole) owed.insert_or_assign(update.sequence, std::move(update));
    return whole;
  }));
  if (!whole) return base::Corruption("read owed updates of told alerts: an entry is not what was written");

  meta_ = *meta;
  written_meta_ = meta_bytes ? meta_ : SuppressionMeta();
  is_new_ = !meta_bytes;
  ids_.clear();
  entries_.clear();
  timers_.clear();
  for (AlertRecord& record : records) {
    const AlertId id = NewEntry(record.update.labels);
    entries_.at(id).record = std::move(record);
  }
  owed_ = std::move(owed);
  newest_owed_.clear();
  for (const auto& [number, update] : owed_) newest_owed_.insert_or_assign(metric::TellingKey(update), number);
  metrics_.owed.Set(static_cast<double>(owed_.size()));
  metrics_.holding.Set(0);
  metrics_.suppressing.Set(0);
  changes_ = {.whole = true, .standings = {}};
  passing_.clear();
  released_.clear();
  dirty_.clear();
  erased_.clear();
  new_owed_.clear();
  erased_owed_.clear();
  loaded_ = true;
  Configure(std::move(settings_));
  return base::OkStatus();
}

base::Status SuppressionEngine::Take(std::span<const metric::AlertUpdate> updates, base::TimestampMs now) {
  BW_RETURN_IF_ERROR(Load(now));
  while (!updates.empty() && updates.front().sequence <= meta_.taken) updates = updates.subspan(1);
  if (updates.empty()) return base::OkStatus();
  if (is_new_) {
    // Takers that took updates from the giver itself go on with its numbers.
    meta_.last_given = updates.front().sequence - 1;
    is_new_ = false;
  }
  for (const metric::AlertUpdate& update : updates) NoteUpdate(update, now);
  meta_.taken = updates.back().sequence;
  return Step(now);
}

base::Status SuppressionEngine::Decide(base::TimestampMs now) {
  BW_RETURN_IF_ERROR(Load(now));
  return NextDue() <= now ? Step(now) : base::OkStatus();
}

base::TimestampMs SuppressionEngine::NextDue() const {
  if (!loaded_) return base::TimestampMs::Min();
  return timers_.empty() ? base::TimestampMs::Max() : timers_.begin()->first;
}

void SuppressionEngine::NoteUpdate(const metric::AlertUpdate& update, base::TimestampMs now) {
  if (update.phase == metric::AlertPhase::kFiring) {
    NoteFiring(update, now);
  } else {
    NoteEnd(update, now);
  }
}

void SuppressionEngine::NoteFiring(const metric::AlertUpdate& update, base::TimestampMs now) {
  const auto known = ids_.find(update.labels);
  const AlertId id = known == ids_.end() ? NewEntry(update.labels) : known->second;
  AlertRecord& record = entries_.at(id).record;
  const bool is_same =
      known != ids_.end() && (record.state != RecordState::kEnded || record.update.starts_at == update.starts_at);
  if (!is_same) {
    record.memory = SuppressionMemory();
    record.memory.first_seen = now;
    record.memory.told = update.starts_at < meta_.began_at;
    record.onset = update.starts_at;
  }
  const bool is_in_graph = known != ids_.end() && record.state == RecordState::kFiring;
  record.update = update;
  record.state = RecordState::kFiring;
  if (!is_in_graph) PutInGraph(id);
  dirty_.insert(id);
  SetDue(id, now);
  passing_.push_back({id, update, {}});
}

void SuppressionEngine::NoteEnd(const metric::AlertUpdate& update, base::TimestampMs now) {
  const auto known = ids_.find(update.labels);
  if (known == ids_.end()) {
    if (update.starts_at < meta_.began_at) Owe(update, "");
    return;
  }
  const AlertId id = known->second;
  if (!update.moved_to.empty()) PassOn(id, update.moved_to, now);
  const AlertRecord& record = entries_.at(id).record;
  if (record.memory.told) {
    passing_.push_back({std::nullopt, update, record.memory.note});
  } else if (update.moved_to.empty()) {
    metrics_.unsaid.Add();
  }
  if (record.state != RecordState::kEnded) EndEntry(id, now);
}

// The alert goes on as `to`: what is remembered of it goes there.
void SuppressionEngine::PassOn(AlertId from, const metric::Labels& to, base::TimestampMs now) {
  const AlertRecord before = entries_.at(from).record;
  const auto known = ids_.find(to);
  const AlertId id = known == ids_.end() ? NewEntry(to) : known->second;
  AlertRecord& record = entries_.at(id).record;
  if (known != ids_.end() && record.memory.told && record.state != RecordState::kEnded) return;
  if (known == ids_.end() || record.state == RecordState::kEnded) {
    record.update = {};
    record.update.labels = to;
    record.state = RecordState::kAwaited;
    record.forget_at = now + kEndsToldFor;
    SetDue(id, record.forget_at);
  }
  record.memory = before.memory;
  record.onset = before.onset;
  if (IsHigher(to, before.update.labels)) {
    // What explained it does not explain this: no extension follows.
    record.memory.blocked = false;
    record.memory.freed_at.reset();
  }
  if (record.state == RecordState::kFiring) PutInGraph(id);
  dirty_.insert(id);
}

AlertId SuppressionEngine::NewEntry(const metric::Labels& labels) {
  const AlertId id = ++last_id_;
  ids_.emplace(labels, id);
  entries_[id];
  return id;
}

void SuppressionEngine::PutInGraph(AlertId id) {
  const AlertRecord& record = entries_.at(id).record;
  graph_->Put(id, {record.update.labels, record.onset, DependenciesOf(record.update)});
}

void SuppressionEngine::EndEntry(AlertId id, base::TimestampMs now) {
  Entry& entry = entries_.at(id);
  graph_->Remove(id);
  SetStanding(id, std::nullopt);
  if (!entry.record.memory.told) return EraseEntry(id);
  entry.record.state = RecordState::kEnded;
  entry.record.forget_at = now + kEndsToldFor;
  SetDue(id, entry.record.forget_at);
  dirty_.insert(id);
}

void SuppressionEngine::EraseEntry(AlertId id) {
  SetDue(id, std::nullopt);
  const metric::Labels& labels = entries_.at(id).record.update.labels;
  erased_.push_back(labels);
  dirty_.erase(id);
  ids_.erase(labels);
  entries_.erase(id);
}

base::Status SuppressionEngine::Step(base::TimestampMs now) {
  EndDue(now);
  std::set<AlertId> open;
  for (const AlertId id : graph_->TakeAffected()) open.insert(id);
  for (auto it = timers_.begin(); it != timers_.end() && it->first <= now; ++it) open.insert(it->second);
  for (const AlertId id : open) DecideOne(id, now);
  BW_DCHECK(HoldsInvariantC(std::vector<AlertId>(open.begin(), open.end())));

  std::set<AlertId> passed;
  for (Passing& passing : passing_) {
    if (passing.firing) {
      const auto entry = entries_.find(*passing.firing);
      if (entry == entries_.end() || !entry->second.record.memory.told) continue;
      passed.insert(*passing.firing);
      passing.note = entry->second.record.memory.note;
      AddContext(*passing.firing, passing.update);
    }
    Owe(std::move(passing.update), passing.note);
  }
  for (const AlertId id : released_) {
    const AlertRecord& record = entries_.at(id).record;
    if (passed.contains(id)) continue;
    metric::AlertUpdate update = record.update;
    AddContext(id, update);
    Owe(std::move(update), record.memory.note);
  }
  passing_.clear();
  released_.clear();
  return Write();
}

// What the alert explains, and whether another one explains it.
void SuppressionEngine::AddContext(AlertId id, metric::AlertUpdate& update) const {
  const std::optional<Standing>& standing = entries_.at(id).standing;
  update.is_suppressed = standing && standing->verdict == Verdict::kSuppress;
  update.explains = {};
  for (const AlertId blocked : graph_->BlockedBy(id)) {
    const Entry& entry = entries_.at(blocked);
    if (!entry.standing || entry.standing->verdict != Verdict::kSuppress) continue;
    ++update.explains.count;
    if (update.explains.some.size() < kExplainedShown) update.explains.some.push_back(entry.record.update.labels);
  }
}

// Ends what nothing more is heard of, and forgets what need not be remembered any more.
void SuppressionEngine::EndDue(base::TimestampMs now) {
  std::vector<AlertId> due;
  for (auto it = timers_.begin(); it != timers_.end() && it->first <= now; ++it) due.push_back(it->second);
  for (const AlertId id : due) {
    const AlertRecord& record = entries_.at(id).record;
    if (record.state == RecordState::kFiring) {
      if (SilentEnd(record.update, started_at_) > now) continue;
      if (!record.memory.told) metrics_.unsaid.Add();
      EndEntry(id, now);
    } else if (record.forget_at <= now) {
      EraseEntry(id);
    } else {
      SetDue(id, record.forget_at);
    }
  }
}

void SuppressionEngine::DecideOne(AlertId id, base::TimestampMs now) {
  Entry& entry = entries_.at(id);
  AlertRecord& record = entry.record;
  const SuppressionMemory before = record.memory;
  Situation situation{.wait = graph_->WaitOf(id)};
  for (const Blocker& blocker : graph_->BlockersOf(id)) {
    situation.blocked = true;
    situation.extension = std::max(situation.extension, blocker.extension);
    situation.max = std::max(situation.max, blocker.max);
  }
  const SuppressionDecision decision = DecideSuppression(record.memory, situation, now);
  SuppressionMemory& memory = record.memory;
  if (!before.told && memory.told) {
    released_.push_back(id);
    if (decision.reason == SuppressionReason::kExhausted) memory.note = ReasonText(id, decision.reason);
    if (before.held || before.suppressed_since) metrics_.released.Add();
  }
  if (!before.held && memory.held) metrics_.held.Add();
  if (!before.suppressed_since && memory.suppressed_since) metrics_.suppressed.Add();
  if (memory != before) dirty_.insert(id);
  SetStanding(id, decision.verdict == Verdict::kTell ? std::nullopt : std::optional(StandingOf(id, decision)));
  SetDue(id, std::min(SilentEnd(record.update, started_at_), decision.ask_again.value_or(base::TimestampMs::Max())));
}

void SuppressionEngine::SetStanding(AlertId id, std::optional<Standing> standing) {
  Entry& entry = entries_.at(id);
  if (entry.standing == standing) return;
  const auto count = [&](const std::optional<Standing>& of, double n) {
    if (of) (of->verdict == Verdict::kHold ? metrics_.holding : metrics_.suppressing).Add(n);
  };
  count(entry.standing, -1);
  count(standing, 1);
  entry.standing = standing;
  changes_.standings.emplace_back(entry.record.update.labels, std::move(standing));
}

void SuppressionEngine::SetDue(AlertId id, std::optional<base::TimestampMs> due) {
  Entry& entry = entries_.at(id);
  if (entry.due == due) return;
  if (entry.due) timers_.erase({*entry.due, id});
  if (due) timers_.emplace(*due, id);
  entry.due = due;
}

Standing SuppressionEngine::StandingOf(AlertId id, const SuppressionDecision& decision) const {
  Standing standing{.verdict = decision.verdict,
                    .reason = ReasonText(id, decision.reason),
                    .since = decision.since,
                    .until = decision.ask_again,
                    .told = entries_.at(id).record.memory.told};
  if (decision.verdict != Verdict::kSuppress) return standing;
  for (const Blocker& blocker : graph_->BlockersOf(id)) {
    const FiringAlert& cause = graph_->Alert(blocker.alert);
    standing.causes.push_back({cause.labels, cause.onset, blocker.path, blocker.equal});
  }
  std::sort(standing.causes.begin(), standing.causes.end(),
            [](const Cause& a, const Cause& b) { return a.labels < b.labels; });
  return standing;
}

std::string SuppressionEngine::ReasonText(AlertId id, SuppressionReason reason) const {
  switch (reason) {
    case SuppressionReason::kNone: return "";
    case SuppressionReason::kWaits: return "waits for what might explain it";
    case SuppressionReason::kBlocked: return "suppressed by " + BlockersText(id);
    case SuppressionReason::kExtension: return "what explained it has just ended";
    case SuppressionReason::kExhausted:
      return fmt::format("suppressed for {} by {}", base::FormatDuration(entries_.at(id).record.memory.max),
                         BlockersText(id));
  }
  return "";
}

std::string SuppressionEngine::BlockersText(AlertId id) const {
  std::vector<std::string> texts;
  for (const Blocker& blocker : graph_->BlockersOf(id)) texts.push_back(graph_->TextOf(blocker.alert));
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return fmt::format("{}", fmt::join(texts, ", "));
}

// Whether everybody who follows the blockers of one of these that is suppressed comes to an alert that is told, or is
// blocked by nothing and will be.
bool SuppressionEngine::HoldsInvariantC(std::span<const AlertId> decided) const {
  return std::all_of(decided.begin(), decided.end(), [&](AlertId id) {
    std::set<AlertId> seen;
    std::vector<AlertId> open = {id};
    while (!open.empty()) {
      const AlertId at = open.back();
      open.pop_back();
      if (!seen.insert(at).second) continue;
      const Entry& entry = entries_.at(at);
      if (entry.record.memory.told || graph_->BlockersOf(at).empty()) return true;
      for (const Blocker& blocker : graph_->BlockersOf(at)) open.push_back(blocker.alert);
    }
    return false;
  });
}

void SuppressionEngine::Owe(metric::AlertUpdate update, const std::string& note) {
  if (!note.empty()) update.annotations.insert_or_assign(std::string(kSuppressionAnnotation), note);
  update.sequence = ++meta_.last_given;
  const auto [repeated, is_new] = newest_owed_.try_emplace(metric::TellingKey(update), update.sequence);
  if (!is_new) {
    erased_owed_.push_back(repeated->second);
    owed_.erase(repeated->second);
    repeated->second = update.sequence;
  }
  new_owed_.push_back(update.sequence);
  owed_.emplace(update.sequence, std::move(update));
}

base::Status SuppressionEngine::Write() {
  storage::StateBatch batch;
  for (const metric::Labels& labels : erased_) batch.Delete(SuppressedAlertKey(labels));
  for (const AlertId id : dirty_) {
    const AlertRecord& record = entries_.at(id).record;
    batch.Put(SuppressedAlertKey(record.update.labels), EncodeAlertRecord(record));
  }
  for (const std::uint64_t number : new_owed_) {
    const auto update = owed_.find(number);
    if (update == owed_.end()) continue;
    std::string bytes;
    metric::EncodeAlertUpdate(update->second, bytes);
    batch.Put(SuppressedOwedKey(number), std::move(bytes));
  }
  for (const std::uint64_t number : erased_owed_) batch.Delete(SuppressedOwedKey(number));
  if (meta_ != written_meta_) batch.Put(std::string(kSuppressionMetaKey), EncodeSuppressionMeta(meta_));
  if (batch.empty()) return base::OkStatus();
  base::Status status = state_.Apply(batch);
  if (!status.ok()) {
    loaded_ = false;
    return status;
  }
  written_meta_ = meta_;
  dirty_.clear();
  erased_.clear();
  new_owed_.clear();
  erased_owed_.clear();
  metrics_.owed.Set(static_cast<double>(owed_.size()));
  return base::OkStatus();
}

// What stays together is given together: the two updates of an alert that goes on under other labels.
std::vector<metric::AlertUpdate> SuppressionEngine::NextOwed() const {
  std::vector<metric::AlertUpdate> batch;
  for (const auto& [number, update] : owed_) {
    const bool belongs = !batch.empty() && !update.moved_to.empty() && update.moved_to == batch.back().labels;
    if (batch.size() >= kGiveMax && !belongs) break;
    batch.push_back(update);
  }
  return batch;
}

void SuppressionEngine::EraseOwed(std::uint64_t number) {
  const auto owed = owed_.find(number);
  const auto newest = newest_owed_.find(metric::TellingKey(owed->second));
  if (newest != newest_owed_.end() && newest->second == number) newest_owed_.erase(newest);
  owed_.erase(owed);
}

base::Status SuppressionEngine::Deliver(UpdateSink& sink) {
  while (loaded_ && !owed_.empty()) {
    const std::vector<metric::AlertUpdate> batch = NextOwed();
    BW_RETURN_IF_ERROR(sink.Take(batch).WithContext("hand over alerts that are told"));
    storage::StateBatch forget;
    for (const metric::AlertUpdate& update : batch) forget.Delete(SuppressedOwedKey(update.sequence));
    BW_RETURN_IF_ERROR(state_.Apply(forget).WithContext("forget alerts that were taken"));
    for (const metric::AlertUpdate& update : batch) EraseOwed(update.sequence);
    metrics_.owed.Set(static_cast<double>(owed_.size()));
  }
  return base::OkStatus();
}

}  // namespace bellwether::incidents
