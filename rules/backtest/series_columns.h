// rules/backtest/series_columns.h
//
// A series of floats as columns, and sets of them as the seam of the store has it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "storage/storage.h"

namespace bellwether::rules {

struct SeriesColumns {
  metric::Labels labels;
  std::vector<base::TimestampMs> timestamps;  // Ascending.
  std::vector<double> values;
  std::vector<base::TimestampMs> starts;  // Empty: none is known.
};

// The samples in [min, max] of series that come by label set; those without any are left out.
class ColumnsSet final : public storage::SeriesSet {
 public:
  // The series, and what the pointers point to, outlive the set.
  ColumnsSet(std::vector<const SeriesColumns*> series, base::TimestampMs min, base::TimestampMs max,
             const storage::SelectHints& hints);

  bool Next() override;
  [[nodiscard]] const metric::Labels& labels() const override { return current_->labels; }
  storage::SampleCursor& samples() override;
  [[nodiscard]] base::Status status() const override { return base::OkStatus(); }

 private:
  class SliceCursor final : public storage::SampleCursor {
   public:
    void Point(const SeriesColumns& series, std::size_t begin, std::size_t end);
    bool Next(storage::SampleBatch& batch) override;
    [[nodiscard]] base::Status status() const override { return base::OkStatus(); }

   private:
    storage::SampleBatch batch_;
    bool given_ = true;
  };

  const std::vector<const SeriesColumns*> series_;
  const base::TimestampMs min_;
  const base::TimestampMs max_;
  const bool newest_only_;
  std::size_t left_;
  std::size_t next_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  const SeriesColumns* current_ = nullptr;
  SliceCursor cursor_;
};

}  // namespace bellwether::rules
