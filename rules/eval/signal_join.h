// rules/eval/signal_join.h
//
// Which series of a signal belong to which instance. An instance is one combination of values of the labels of
// `match_on`. A series with some of these labels belongs to every instance that agrees on them, one with none of them
// to no instance: an empty or missing label never joins what it does not name.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "metric/labels.h"
#include "rules/state/signal_memory.h"
#include "rules/topology.h"

namespace bellwether::rules {

class SignalJoin {
 public:
  virtual ~SignalJoin() = default;

  // Numbers of the series that belong to the instance, ascending.
  [[nodiscard]] virtual std::vector<std::size_t> SeriesOf(const metric::Labels& instance) const = 0;
  // The instances that its series name in full.
  [[nodiscard]] virtual const std::set<metric::Labels>& instances() const = 0;
};

// By the labels of `match_on`, sorted. `series` is not kept.
class LabelJoin final : public SignalJoin {
 public:
  LabelJoin(std::span<const SeriesStanding> series, std::span<const std::string> match_on);

  [[nodiscard]] std::vector<std::size_t> SeriesOf(const metric::Labels& instance) const override;
  [[nodiscard]] const std::set<metric::Labels>& instances() const override { return instances_; }

 private:
  // The series by their part of the labels of `match_on`, for each choice of these that occurs.
  using Choice = std::vector<std::string>;
  std::map<Choice, std::unordered_map<metric::Labels, std::vector<std::size_t>, metric::LabelsHash>> by_choice_;
  std::set<metric::Labels> instances_;
};

// Each series is an instance of its own: a rule on one expression.
class IdentityJoin final : public SignalJoin {
 public:
  explicit IdentityJoin(std::span<const SeriesStanding> series);

  [[nodiscard]] std::vector<std::size_t> SeriesOf(const metric::Labels& instance) const override;
  [[nodiscard]] const std::set<metric::Labels>& instances() const override { return instances_; }

 private:
  std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> series_;
  std::set<metric::Labels> instances_;
};

// Series that name a component upstream of the instance. `topology` outlives the join; null: nothing is
// upstream.
class TopologyJoin final : public SignalJoin {
 public:
  TopologyJoin(std::span<const SeriesStanding> series, const Topology* topology);

  [[nodiscard]] std::vector<std::size_t> SeriesOf(const metric::Labels& instance) const override;
  [[nodiscard]] const std::set<metric::Labels>& instances() const override { return instances_; }

 private:
  const Topology* const topology_;
  std::map<metric::ComponentId, std::vector<std::size_t>> by_component_;
  const std::set<metric::Labels> instances_;  // None.
};

}  // namespace bellwether::rules
