// rules/eval/evaluation_cost.h
//
// What the queries of one evaluation of a rule read, all of its expressions together. What an expression that several
// rules of a group contain reads, it reads for the first of them.
#pragma once

#include <cstdint>

#include "promql/engine.h"

namespace bellwether::rules {

struct EvaluationCost {
  std::uint64_t series_read = 0;
  std::uint64_t samples_read = 0;

  void Add(const promql::QueryStats& stats) {
    series_read += stats.series_read;
    samples_read += stats.samples_read;
  }
};

}  // namespace bellwether::rules
