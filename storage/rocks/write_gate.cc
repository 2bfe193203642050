#include "storage/rocks/write_gate.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/log.h"

namespace bellwether::storage {
namespace {

constexpr std::int64_t kLookEveryNs = 1'000'000'000;

}  // namespace

base::Result<DiskSpace> ReadDiskSpace(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) {
    return base::Internal("ask for the space below " + path + ": " + std::strerror(errno));
  }
  return DiskSpace{.total = static_cast<std::uint64_t>(info.f_blocks) * info.f_frsize,
                   .available = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize,
                   .read_only = (info.f_flag & ST_RDONLY) != 0};
}

std::string_view WriteGate::StateName(State state) {
  switch (state) {
    case State::kOpen: return "open";
    case State::kLowSpace: return "low_space";
    case State::kReadOnly: return "read_only";
    case State::kFailing: return "failing";
  }
  return "unknown";
}

WriteGate::WriteGate(Probe probe, std::uint64_t reserve_bytes, base::Clock& clock, base::MetricsRegistry& metrics)
    : probe_(std::move(probe)),
      clock_(clock),
      available_gauge_(metrics.AddGauge("bellwether_storage_disk_available_bytes",
                                        "Free bytes of the file system that holds the store.")),
      reserve_gauge_(metrics.AddGauge("bellwether_storage_disk_reserve_bytes",
                                      "Writes are refused when fewer bytes than these are free.")),
      reserve_bytes_(reserve_bytes),
      next_look_ns_(std::numeric_limits<std::int64_t>::min()) {
  for (std::size_t i = 0; i < kStates; ++i) {
    states_[i] =
        &metrics.AddGauge("bellwether_storage_write_state", "1 for the state in which the store takes writes or not.",
                          {{"state", std::string(StateName(static_cast<State>(i)))}});
    states_[i]->Set(i == 0 ? 1 : 0);
  }
  Look();
}

base::Status WriteGate::Check() {
  std::int64_t due = next_look_ns_.load(std::memory_order_relaxed);
  const std::int64_t now = clock_.MonotonicNanos();
  if (now >= due && next_look_ns_.compare_exchange_strong(due, now + kLookEveryNs)) Look();
  if (read_only_.load(std::memory_order_relaxed)) {
    return base::Unavailable(
        "the file system of the store is read-only: writes are refused until it is writable again");
  }
  if (low_.load(std::memory_order_relaxed)) {
    constexpr std::uint64_t kMiB = 1 << 20;
    return base::Unavailable(
        fmt::format("the disk of the store is full: {} MiB are free, {} MiB are kept for sealing and state; writes are "
                    "refused until "
                    "there is room",
                    available_.load() / kMiB, ReserveOf(total_.load()) / kMiB));
  }
  return base::OkStatus();
}

void WriteGate::NoteCommit(const base::Status& status) {
  const bool fails = status.code() == base::StatusCode::kUnavailable || status.code() == base::StatusCode::kInternal;
  if (failing_.load(std::memory_order_relaxed) == fails) return;
  failing_.store(fails);
  Publish();
}

std::uint64_t WriteGate::ReserveOf(std::uint64_t total) const {
  return std::min(reserve_bytes_.load(std::memory_order_relaxed), total / 10);
}

void WriteGate::Look() {
  next_look_ns_.store(clock_.MonotonicNanos() + kLookEveryNs, std::memory_order_relaxed);
  const base::Result<DiskSpace> space = probe_();
  if (space.ok()) {
    Judge(*space);
  } else {
    BW_LOG_EVERY(std::chrono::minutes(1), kWarning, "free space is unknown", {"error", space.status()});
  }
  Publish();
}

// Opens an eighth above the mark at which it closes, so that it does not flutter.
void WriteGate::Judge(const DiskSpace& space) {
  const std::uint64_t reserve = ReserveOf(space.total);
  total_.store(space.total);
  available_.store(space.available);
  low_.store(space.available < (low_.load() ? reserve + reserve / 8 : reserve));
  read_only_.store(space.read_only);
  available_gauge_.Set(static_cast<double>(space.available));
  reserve_gauge_.Set(static_cast<double>(reserve));
}

void WriteGate::Publish() {
  State state = State::kOpen;
  if (failing_.load()) state = State::kFailing;
  if (low_.load()) state = State::kLowSpace;
  if (read_only_.load()) state = State::kReadOnly;
  const State before = state_.exchange(state);
  if (state == before) return;
  for (std::size_t i = 0; i < kStates; ++i) states_[i]->Set(static_cast<State>(i) == state ? 1 : 0);
  if (state == State::kOpen) {
    BW_LOG(kInfo, "the store takes writes again", {"was", StateName(before)});
  } else {
    BW_LOG(kError, "the store cannot take writes", {"state", StateName(state)}, {"available_bytes", available_.load()},
           {"reserve_bytes", ReserveOf(total_.load())});
  }
}

}  // namespace bellwether::storage
