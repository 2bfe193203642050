#include "storage/chunk/reset_hints.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>
#include <vector>

namespace bellwether::storage::chunk {
namespace {

using metric::BucketSpan;
using metric::CounterResetHint;
using metric::NativeHistogram;

// The buckets of one side, one after another, with their indices.
class BucketWalk {
 public:
  BucketWalk(const std::vector<BucketSpan>& spans, const std::vector<double>& counts) : spans_(spans), counts_(counts) {
    EnterSpan();
  }

  [[nodiscard]] bool done() const { return bucket_ >= counts_.size() || span_ >= spans_.size(); }
  [[nodiscard]] std::int64_t index() const { return index_; }
  [[nodiscard]] double count() const { return counts_[bucket_]; }
  void Next() {
    ++bucket_;
    ++index_;
    if (++in_span_ < spans_[span_].length) return;
    ++span_;
    EnterSpan();
  }

 private:
  void EnterSpan() {
    in_span_ = 0;
    while (span_ < spans_.size()) {
      index_ += spans_[span_].offset;
      if (spans_[span_].length > 0) return;
      ++span_;
    }
  }

  const std::vector<BucketSpan>& spans_;
  const std::vector<double>& counts_;
  std::size_t span_ = 0;
  std::size_t bucket_ = 0;
  std::uint32_t in_span_ = 0;
  std::int64_t index_ = 0;
};

bool NoBucketFell(const std::vector<BucketSpan>& old_spans, const std::vector<double>& old_counts,
                  const std::vector<BucketSpan>& new_spans, const std::vector<double>& new_counts) {
  BucketWalk now(new_spans, new_counts);
  for (BucketWalk before(old_spans, old_counts); !before.done(); before.Next()) {
    while (!now.done() && now.index() < before.index()) now.Next();
    const bool present = !now.done() && now.index() == before.index();
    if ((present ? now.count() : 0.0) < before.count()) return false;
  }
  return true;
}

}  // namespace

bool ContinuesCounter(const NativeHistogram& previous, const NativeHistogram& next) {
  return previous.is_float == next.is_float && previous.schema == next.schema &&
         previous.zero_threshold == next.zero_threshold && previous.custom_values == next.custom_values &&
         next.count >= previous.count && next.zero_count >= previous.zero_count &&
         NoBucketFell(previous.positive_spans, previous.positive_buckets, next.positive_spans, next.positive_buckets) &&
         NoBucketFell(previous.negative_spans, previous.negative_buckets, next.negative_spans, next.negative_buckets);
}

void ResetHints::Next(NativeHistogram& h) {
  const NativeHistogram* before = std::exchange(previous_, nullptr);
  if (h.IsStale()) {
    h.reset_hint = CounterResetHint::kUnknown;
    return;
  }
  previous_ = &h;
  if (h.reset_hint == CounterResetHint::kGauge) return;
  const bool continues = before != nullptr && before->reset_hint != CounterResetHint::kGauge &&
                         h.reset_hint != CounterResetHint::kReset && ContinuesCounter(*before, h);
  h.reset_hint = continues ? CounterResetHint::kNotReset : CounterResetHint::kUnknown;
}

void ResetHints::KeepPrevious() {
  if (previous_ == nullptr || previous_ == &kept_) return;
  kept_ = *previous_;
  previous_ = &kept_;
}

void ResetHints::BeginAfter(NativeHistogram h) {
  kept_ = std::move(h);
  Next(kept_);
}

}  // namespace bellwether::storage::chunk
