// base/metrics.h
//
// The server's own metrics: counters, gauges and histograms, written in Prometheus's text format. A registry is handed
// to whoever counts; there is none behind the scenes. Getting a metric takes a lock and is done once, at construction;
// counting is one relaxed atomic operation. A metric lives as long as its registry.
//
//   counter = &registry.AddCounter("bellwether_ingest_samples_total", "Samples appended.", {{"kind", "float"}});
//   counter->Add(n);
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace bellwether::base {

class Counter {
 public:
  void Add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(double v) { value_.store(v, std::memory_order_relaxed); }
  void Add(double d) { value_.fetch_add(d, std::memory_order_relaxed); }
  [[nodiscard]] double Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Classic histogram; bounds ascending, without +Inf.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void Observe(double v);

  [[nodiscard]] const std::vector<double>& bounds() const { return bounds_; }
  // Not cumulative; one more than bounds().
  [[nodiscard]] std::vector<std::uint64_t> BucketCounts() const;
  [[nodiscard]] double Sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class MetricsRegistry {
 public:
  MetricsRegistry();
  ~MetricsRegistry();
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  // The metric of this name and these labels, made at the first call. All metrics of a name have one kind (checked).
  Counter& AddCounter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge& AddGauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  Histogram& AddHistogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                          MetricLabels labels = {});
  // A gauge whose value is asked for at each scrape. `read` is called without any lock held and must be thread-safe.
  void AddGaugeFunction(std::string_view name, std::string_view help, MetricLabels labels,
                        std::function<double()> read);
  // The same for a counter kept elsewhere.
  void AddCounterFunction(std::string_view name, std::string_view help, MetricLabels labels,
                          std::function<double()> read);

  // Everything in text format 0.0.4, families by name.
  [[nodiscard]] std::string WriteText() const;

 private:
  struct Family;
  Family& FamilyOf(std::string_view name, std::string_view help, int kind) BW_REQUIRES(mu_);

  mutable Mutex mu_;
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::base
