#include "base/memory_share.h"

namespace bellwether::base {

Status MemoryShare::Take(std::uint64_t bytes) {
  std::uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (max_ > 0 && (bytes > max_ || used > max_ - bytes)) {
      refusals_.fetch_add(1, std::memory_order_relaxed);
      return Unavailable(refusal_);
    }
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return OkStatus();
}

Status MemoryHold::Grow(std::uint64_t bytes) {
  if (share_ != nullptr) BW_RETURN_IF_ERROR(share_->Take(bytes));
  bytes_ += bytes;
  return OkStatus();
}

void MemoryHold::ShrinkTo(std::uint64_t bytes) {
  if (bytes >= bytes_) return;
  if (share_ != nullptr) share_->Release(bytes_ - bytes);
  bytes_ = bytes;
}

}  // namespace bellwether::base
