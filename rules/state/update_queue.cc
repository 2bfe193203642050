#include "rules/state/update_queue.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "rules/state/alert_store.h"

namespace bellwether::rules {
UpdateQueue::UpdateQueue(storage::StateStore& state, AlertSink& sink, base::MetricsRegistry& metrics)
    : state_(state),
      sink_(sink),
      owed_gauge_(metrics.AddGauge("bellwether_rules_updates_owed", "Alert updates not taken by the sink yet.")),
      taken_total_(metrics.AddCounter("bellwether_rules_updates_taken_total", "Alert updates taken by the sink.")) {}

base::Status UpdateQueue::Restore() {
  std::map<std::uint64_t, metric::AlertUpdate> owed;
  bool whole = true;
  BW_RETURN_IF_ERROR(state_.Scan(kOwedPrefix, {}, [&](std::string_view, std::string_view value) {
    metric::AlertUpdate update;
    whole = metric::DecodeAlertUpdate(value, update);
    if (whole) owed.insert_or_assign(update.sequence, std::move(update));
    return whole;
  }));
  if (!whole) return base::Corruption("read owed alert updates: an entry is not what was written");
  BW_ASSIGN_OR_RETURN(const std::optional<std::string> taken, state_.Get(kTakenKey));
  std::uint64_t last = 0;
  if (taken) {
    std::string_view bytes = *taken;
    if (!base::ReadBigEndian64(bytes, last)) return base::Corruption("read the number of the last alert update taken");
  }
  if (!owed.empty()) last = std::max(last, owed.rbegin()->first);
  const base::MutexLock lock(mu_);
  last_ = last;
  for (auto& [sequence, update] : owed) InsertOwed(std::move(update));
  return base::OkStatus();
}

UpdateQueue::Reservation UpdateQueue::Reserve(std::vector<metric::AlertUpdate> updates, storage::StateBatch& batch) {
  Reservation reservation{0, std::move(updates), {}};
  if (reservation.updates.empty()) return reservation;
  {
    const base::MutexLock lock(mu_);
    for (const metric::AlertUpdate& update : reservation.updates) {
      const auto repeated = newest_.find(metric::TellingKey(update));
      if (repeated != newest_.end()) reservation.replaced.push_back(repeated->second);
    }
    reservation.first = last_ + 1;
    last_ += reservation.updates.size();
    reserved_.insert(reservation.first);
  }
  for (const std::uint64_t replaced : reservation.replaced) batch.Delete(OwedKey(replaced));
  std::uint64_t sequence = reservation.first;
  for (metric::AlertUpdate& update : reservation.updates) {
    update.sequence = sequence++;
    std::string bytes;
    metric::EncodeAlertUpdate(update, bytes);
    batch.Put(OwedKey(update.sequence), std::move(bytes));
  }
  return reservation;
}

void UpdateQueue::Publish(Reservation reservation) {
  if (reservation.updates.empty()) return;
  const base::MutexLock lock(mu_);
  reserved_.erase(reservation.first);
  for (const std::uint64_t replaced : reservation.replaced) EraseOwed(replaced);
  for (metric::AlertUpdate& update : reservation.updates) InsertOwed(std::move(update));
}

void UpdateQueue::InsertOwed(metric::AlertUpdate update) {
  newest_.insert_or_assign(metric::TellingKey(update), update.sequence);
  const std::uint64_t sequence = update.sequence;
  owed_.insert_or_assign(sequence, std::move(update));
  owed_gauge_.Set(static_cast<double>(owed_.size()));
}

void UpdateQueue::EraseOwed(std::uint64_t sequence) {
  const auto owed = owed_.find(sequence);
  if (owed == owed_.end()) return;
  const auto newest = newest_.find(metric::TellingKey(owed->second));
  if (newest != newest_.end() && newest->second == sequence) newest_.erase(newest);
  owed_.erase(owed);
  owed_gauge_.Set(static_cast<double>(owed_.size()));
}

std::vector<metric::AlertUpdate> UpdateQueue::Abandon(Reservation reservation) {
  if (!reservation.updates.empty()) {
    const base::MutexLock lock(mu_);
    reserved_.erase(reservation.first);
  }
  return std::move(reservation.updates);
}

std::vector<metric::AlertUpdate> UpdateQueue::NextBatch() const {
  const base::MutexLock lock(mu_);
  std::vector<metric::AlertUpdate> batch;
  for (const auto& [sequence, update] : owed_) {
    if (!reserved_.empty() && sequence > *reserved_.begin()) break;
    const bool belongs = !batch.empty() && !update.moved_to.empty() && update.moved_to == batch.back().labels;
    if (batch.size() >= kTakeMax && !belongs) break;
    batch.push_back(update);
  }
  return batch;
}

base::Status UpdateQueue::Forget(std::span<const metric::AlertUpdate> taken) {
  storage::StateBatch batch;
  for (const metric::AlertUpdate& update : taken) batch.Delete(OwedKey(update.sequence));
  std::string last;
  base::AppendBigEndian64(last, taken.back().sequence);
  batch.Put(std::string(kTakenKey), std::move(last));
  BW_RETURN_IF_ERROR(state_.Apply(batch));
  taken_total_.Add(taken.size());
  const base::MutexLock lock(mu_);
  for (const metric::AlertUpdate& update : taken) EraseOwed(update.sequence);
  return base::OkStatus();
}

base::Status UpdateQueue::Deliver() {
  for (;;) {
    const std::vector<metric::AlertUpdate> batch = NextBatch();
    if (batch.empty()) return base::OkStatus();
    BW_RETURN_IF_ERROR(sink_.Take(batch).WithContext("hand over alert updates"));
    BW_RETURN_IF_ERROR(Forget(batch).WithContext("forget alert updates that were taken"));
  }
}

bool UpdateQueue::HasDeliverable() const {
  const base::MutexLock lock(mu_);
  return !owed_.empty() && (reserved_.empty() || owed_.begin()->first < *reserved_.begin());
}

std::size_t UpdateQueue::Size() const {
  const base::MutexLock lock(mu_);
  return owed_.size();
}

}  // namespace bellwether::rules
