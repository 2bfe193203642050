// storage/series_census.h
//
// Counts series for a cardinality report, each label set once, however often it is met. Remembers eight bytes of hash a
// series: of a million series perhaps one in ten million reports is off by one.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "metric/labels.h"
#include "storage/admin.h"

namespace bellwether::storage {

class SeriesCensus {
 public:
  // Of the windows that follow: a new one begins.
  void BeginWindow();
  void Add(const metric::Labels& labels);
  // Series of this window that the one before did not have, and the other way round. 0 in the first.
  [[nodiscard]] std::uint64_t came() const;
  [[nodiscard]] std::uint64_t went() const;
  [[nodiscard]] std::uint64_t in_window() const { return window_.size(); }

  void AddTo(CardinalityReport& report, std::size_t limit) const;

 private:
  using Counts = std::unordered_map<std::string, std::uint64_t>;

  bool is_first_ = true;
  std::unordered_set<std::uint64_t> before_;
  std::unordered_set<std::uint64_t> window_;
  std::unordered_set<std::uint64_t> all_;
  Counts by_metric_;
  Counts by_label_;
  Counts values_;
  Counts by_pair_;
};

}  // namespace bellwether::storage
