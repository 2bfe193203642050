#include "promql/eval/histogram_sums.h"

#include <memory>
#include <utility>

#include "promql/histogram/arithmetic.h"

namespace bellwether::promql {

void HistogramAccumulator::LookAtHint(const metric::NativeHistogram& h) {
  reset_seen_ |= h.reset_hint == metric::CounterResetHint::kReset;
  not_reset_seen_ |= h.reset_hint == metric::CounterResetHint::kNotReset;
}

HistogramSumStep HistogramAccumulator::Conclude(const histogram::CompensatedHistogram::Outcome& outcome) {
  if (outcome.incompatible) {
    incompatible_ = true;
    return HistogramSumStep::kIncompatible;
  }
  return outcome.bounds_reconciled ? HistogramSumStep::kReconciled : HistogramSumStep::kPlain;
}

HistogramSumStep HistogramSum::Add(const metric::NativeHistogram& h) {
  if (incompatible_) return HistogramSumStep::kPlain;
  LookAtHint(h);
  if (sum_) return Conclude(sum_->Add(h));
  sum_.emplace(h);
  return HistogramSumStep::kPlain;
}

HistogramPtr HistogramSum::Result() const {
  if (!sum_ || incompatible_) return nullptr;
  return std::make_shared<const metric::NativeHistogram>(sum_->Total());
}

HistogramSumStep HistogramMean::Add(const metric::NativeHistogram& h) {
  if (incompatible_) return HistogramSumStep::kPlain;
  LookAtHint(h);
  count_ += 1;
  if (!sum_) {
    sum_.emplace(h);
    return HistogramSumStep::kPlain;
  }
  if (!incremental_) {
    histogram::CompensatedHistogram next = *sum_;
    const HistogramSumStep step = Conclude(next.Add(h));
    if (incompatible_) return step;
    if (!next.HasOverflow()) {
      sum_ = std::move(next);
      return step;
    }
    incremental_ = true;
    sum_->Divide(count_ - 1);
  }
  sum_->Scale((count_ - 1) / count_);
  return Conclude(sum_->Add(histogram::Divide(h, count_)));
}

HistogramPtr HistogramMean::Result() const {
  if (!sum_ || incompatible_) return nullptr;
  histogram::CompensatedHistogram mean = *sum_;
  if (!incremental_) mean.Divide(count_);
  return std::make_shared<const metric::NativeHistogram>(mean.Total());
}

}  // namespace bellwether::promql
