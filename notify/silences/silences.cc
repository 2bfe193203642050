#include "notify/silences.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "notify/silences/silence_plan.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kSilencePrefix = "notify/v1/silence/";

}  // namespace

Silences::Silences(storage::StateStore& state, base::Clock& clock, base::MetricsRegistry& metrics, std::uint64_t seed)
    : state_(state), clock_(clock), random_(seed) {
  for (const SilenceState counted : {SilenceState::kActive, SilenceState::kPending, SilenceState::kExpired}) {
    metrics.AddGaugeFunction("alertmanager_silences", "Silences by state.",
                             {{"state", std::string(SilenceStateText(counted))}}, [this, counted] {
                               const auto set = Current();
                               const base::TimestampMs now = clock_.Now();
                               return static_cast<double>(std::count_if(
                                   set->silences.begin(), set->silences.end(),
                                   [&](const auto& entry) { return StateOf(entry.second, now) == counted; }));
                             });
  }
}

base::Status Silences::Load() {
  const base::MutexLock turn(turn_);
  return LoadOnce();
}

void Silences::SetLimits(SilenceLimits limits) {
  const base::MutexLock turn(turn_);
  limits_ = limits;
}

base::Status Silences::LoadOnce() {
  if (loaded_) return base::OkStatus();
  auto set = std::make_shared<SilenceSet>();
  set->version = 1;
  std::string corrupt;
  BW_RETURN_IF_ERROR(state_.Scan(kSilencePrefix, "", [&](std::string_view key, std::string_view value) {
    Silence silence;
    silence.id = std::string(key.substr(kSilencePrefix.size()));
    if (!DecodeSilence(value, silence)) {
      corrupt = std::string(key);
      return false;
    }
    set->silences.emplace(silence.id, std::move(silence));
    return true;
  }));
  if (!corrupt.empty()) return base::Corruption("read " + corrupt + ": malformed entry");
  loaded_ = true;
  const base::MutexLock lock(mu_);
  current_ = std::move(set);
  return base::OkStatus();
}

base::Status Silences::Put(const std::vector<Silence>& silences) {
  storage::StateBatch batch;
  for (const Silence& silence : silences) {
    std::string bytes;
    EncodeSilence(silence, bytes);
    batch.Put(std::string(kSilencePrefix) + silence.id, std::move(bytes), silence.ends_at + limits_.retention);
  }
  BW_RETURN_IF_ERROR(state_.Apply(batch));
  const auto before = Current();
  auto set = std::make_shared<SilenceSet>(*before);
  ++set->version;
  for (const Silence& silence : silences) set->silences.insert_or_assign(silence.id, silence);
  Forget(set->silences);
  const base::MutexLock lock(mu_);
  current_ = std::move(set);
  return base::OkStatus();
}

void Silences::Forget(std::map<std::string, Silence, std::less<>>& silences) const {
  const base::TimestampMs now = clock_.Now();
  const base::DurationMs retention = limits_.retention;
  std::erase_if(silences, [&](const auto& entry) { return entry.second.ends_at + retention <= now; });
}

base::Result<std::string> Silences::Set(Silence silence) {
  const base::MutexLock turn(turn_);
  BW_RETURN_IF_ERROR(LoadOnce());
  BW_RETURN_IF_ERROR(CheckSilence(silence));
  const auto set = Current();
  const auto before = set->silences.find(silence.id);
  const bool is_known = before != set->silences.end();
  if (!silence.id.empty() && !is_known) return base::NotFound("silence not found");
  const std::vector<Silence> plan =
      PlanSilence(is_known ? &before->second : nullptr, std::move(silence), clock_.Now(), MakeId());
  const Silence& made = plan.back();
  if (limits_.silences_max > 0 && set->silences.count(made.id) == 0 && set->silences.size() >= limits_.silences_max) {
    return base::InvalidArgument(
        fmt::format("exceeded maximum number of silences: {} (limit: {})", set->silences.size(), limits_.silences_max));
  }
  std::string bytes;
  EncodeSilence(made, bytes);
  if (limits_.bytes_max > 0 && bytes.size() > limits_.bytes_max) {
    return base::InvalidArgument(
        fmt::format("silence exceeded maximum size: {} bytes (limit: {} bytes)", bytes.size(), limits_.bytes_max));
  }
  BW_RETURN_IF_ERROR(Put(plan));
  return made.id;
}

base::Status Silences::Expire(std::string_view id) {
  const base::MutexLock turn(turn_);
  BW_RETURN_IF_ERROR(LoadOnce());
  const auto set = Current();
  const auto it = set->silences.find(id);
  if (it == set->silences.end()) return base::NotFound("silence not found");
  const auto ended = EndSilence(it->second, clock_.Now());
  return ended ? Put({*ended}) : base::OkStatus();
}

std::shared_ptr<const SilenceSet> Silences::Current() const {
  const base::MutexLock lock(mu_);
  return current_;
}

// Version 4.
std::string Silences::MakeId() {
  const std::uint64_t high = (random_() & ~0xF000ULL) | 0x4000ULL;
  const std::uint64_t low = (random_() & ~(3ULL << 62)) | (2ULL << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF, low >> 48,
                     low & 0xFFFFFFFFFFFFULL);
}

}  // namespace bellwether::notify
