// storage/rocks/write_gate.h
//
// Whether the store takes samples from senders now, and if not, why. What is refused here costs no disk: the last bytes
// of a full one are kept for the work that makes room (sealing a window lets its journal segments go), for what rules
// compute, and for alert states.
//
// Everything heals by itself: the disk is asked again at most once a second, when somebody wants to write.
// Thread-safe; nothing waits for a lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"

namespace bellwether::storage {

struct DiskSpace {
  std::uint64_t total = 0;      // Bytes of the file system.
  std::uint64_t available = 0;  // To processes without privileges.
  bool read_only = false;
};

// Of the file system that holds `path`. Error: kInternal.
[[nodiscard]] base::Result<DiskSpace> ReadDiskSpace(const std::string& path);

class WriteGate {
 public:
  enum class State : std::uint8_t {
    kOpen,
    kLowSpace,  // Less is available than the reserve.
    kReadOnly,  // The file system is.
    kFailing,   // The last write failed. The next ones are tried all the same.
  };
  static constexpr std::size_t kStates = 4;
  [[nodiscard]] static std::string_view StateName(State state);  // "open", "low_space", ...

  using Probe = std::function<base::Result<DiskSpace>()>;

  // Asks `probe` for the disk. `clock` and `metrics` outlive the gate.
  WriteGate(Probe probe, std::uint64_t reserve_bytes, base::Clock& clock, base::MetricsRegistry& metrics);

  // Before a sender's samples are taken. Error: kUnavailable, with words for the sender.
  [[nodiscard]] base::Status Check();
  // How a commit ended. Only a disk's failures count.
  void NoteCommit(const base::Status& status);

  // What must stay free; on a small file system a tenth of it is enough.
  void SetReserve(std::uint64_t bytes) { reserve_bytes_.store(bytes, std::memory_order_relaxed); }
  // Asks the disk now. For maintenance, so that the metrics are true though nobody writes.
  void Look();

  [[nodiscard]] State state() const { return state_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::uint64_t ReserveOf(std::uint64_t total) const;
  void Judge(const DiskSpace& space);
  void Publish();

  const Probe probe_;
  base::Clock& clock_;
  std::array<base::Gauge*, kStates> states_{};
  base::Gauge& available_gauge_;
  base::Gauge& reserve_gauge_;

  std::atomic<std::uint64_t> reserve_bytes_;
  std::atomic<std::int64_t> next_look_ns_;
  std::atomic<std::uint64_t> available_{0};
  std::atomic<std::uint64_t> total_{0};
  std::atomic<bool> low_{false};
  std::atomic<bool> read_only_{false};
  std::atomic<bool> failing_{false};
  std::atomic<State> state_{State::kOpen};
};

}  // namespace bellwether::storage
