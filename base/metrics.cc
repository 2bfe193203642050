#include "base/metrics.h"

#include <algorithm>

#include "base/check.h"
#include "base/number.h"
#include "base/quote.h"

namespace bellwether::base {
namespace {

enum MetricKind { kCounter, kGauge, kHistogram };

// Help texts end with their line: text format 0.0.4 escapes line breaks and backslashes.
std::string EscapedHelp(std::string_view help) {
  std::string out;
  for (const char c : help) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

// name{a="b",le="..."} value
void AppendSample(std::string& out, const std::string& name, std::string_view suffix, const MetricLabels& labels,
                  std::string_view le, double value) {
  out.append(name).append(suffix);
  if (!labels.empty() || !le.empty()) {
    out.push_back('{');
    const char* comma = "";
    for (const auto& [k, v] : labels) {
      out.append(comma).append(k).push_back('=');
      AppendTextQuoted(out, v);
      comma = ",";
    }
    if (!le.empty()) out.append(comma).append("le=\"").append(le).append("\"");
    out.push_back('}');
  }
  out.push_back(' ');
  AppendNumber(out, value);
  out.push_back('\n');
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {
  BW_CHECK(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::Observe(double v) {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), v) - bounds_.begin();
  counts_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(v, std::memory_order_relaxed);
}

std::vector<std::uint64_t> Histogram::BucketCounts() const {
  std::vector<std::uint64_t> counts;
  counts.reserve(counts_.size());
  for (const auto& c : counts_) counts.push_back(c.load(std::memory_order_relaxed));
  return counts;
}

struct MetricsRegistry::Family {
  std::string help;
  int kind = kCounter;
  struct Child {
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> read;
  };
  std::map<MetricLabels, Child> children;
};

MetricsRegistry::MetricsRegistry() = default;
MetricsRegistry::~MetricsRegistry() = default;

MetricsRegistry::Family& MetricsRegistry::FamilyOf(std::string_view name, std::string_view help, int kind) {
  auto it = families_.find(name);
  if (it == families_.end()) {
    it = families_.emplace(std::string(name), std::make_unique<Family>()).first;
    it->second->help = std::string(help);
    it->second->kind = kind;
  }
  BW_CHECK(it->second->kind == kind);
  return *it->second;
}

Counter& MetricsRegistry::AddCounter(std::string_view name, std::string_view help, MetricLabels labels) {
  const MutexLock lock(mu_);
  auto& child = FamilyOf(name, help, kCounter).children[std::move(labels)];
  if (!child.counter) child.counter = std::make_unique<Counter>();
  return *child.counter;
}

Gauge& MetricsRegistry::AddGauge(std::string_view name, std::string_view help, MetricLabels labels) {
  const MutexLock lock(mu_);
  auto& child = FamilyOf(name, help, kGauge).children[std::move(labels)];
  if (!child.gauge) child.gauge = std::make_unique<Gauge>();
  return *child.gauge;
}

Histogram& MetricsRegistry::AddHistogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                                         MetricLabels labels) {
  const MutexLock lock(mu_);
  auto& child = FamilyOf(name, help, kHistogram).children[std::move(labels)];
  if (!child.histogram) child.histogram = std::make_unique<Histogram>(std::move(bounds));
  return *child.histogram;
}

void MetricsRegistry::AddGaugeFunction(std::string_view name, std::string_view help, MetricLabels labels,
                                       std::function<double()> read) {
  const MutexLock lock(mu_);
  FamilyOf(name, help, kGauge).children[std::move(labels)].read = std::move(read);
}

void MetricsRegistry::AddCounterFunction(std::string_view name, std::string_view help, MetricLabels labels,
                                         std::function<double()> read) {
  const MutexLock lock(mu_);
  FamilyOf(name, help, kCounter).children[std::move(labels)].read = std::move(read);
}

std::string MetricsRegistry::WriteText() const {
  // Functions may take locks of their own, so they are called after ours is released. Families and children are never
  // removed: the pointers stay good.
  struct Line {
    const std::string* name;
    const Family* family;
    const MetricLabels* labels;
    const Family::Child* child;
    std::function<double()> read;
  };
  std::vector<Line> lines;
  {
    const MutexLock lock(mu_);
    for (const auto& [name, family] : families_) {
      for (const auto& [labels, child] : family->children) {
        lines.push_back({&name, family.get(), &labels, &child, child.read});
      }
    }
  }
  std::string out;
  const Family* previous = nullptr;
  for (const Line& line : lines) {
    if (line.family != previous) {
      constexpr const char* kKinds[] = {"counter", "gauge", "histogram"};
      out.append("# HELP ").append(*line.name).append(" ").append(EscapedHelp(line.family->help)).append("\n");
      out.append("# TYPE ").append(*line.name).append(" ").append(kKinds[line.family->kind]).append("\n");
      previous = line.family;
    }
    if (line.read) {
      AppendSample(out, *line.name, "", *line.labels, "", line.read());
    } else if (line.child->counter) {
      AppendSample(out, *line.name, "", *line.labels, "", static_cast<double>(line.child->counter->Value()));
    } else if (line.child->gauge) {
      AppendSample(out, *line.name, "", *line.labels, "", line.child->gauge->Value());
    } else if (line.child->histogram) {
      const Histogram& h = *line.child->histogram;
      const auto counts = h.BucketCounts();
      std::uint64_t total = 0;
      for (std::size_t i = 0; i < counts.size(); ++i) {
        total += counts[i];
        const std::string le = i < h.bounds().size() ? FormatNumber(h.bounds()[i]) : "+Inf";
        AppendSample(out, *line.name, "_bucket", *line.labels, le, static_cast<double>(total));
      }
      AppendSample(out, *line.name, "_sum", *line.labels, "", h.Sum());
      AppendSample(out, *line.name, "_count", *line.labels, "", static_cast<double>(total));
    }
  }
  return out;
}

}  // namespace bellwether::base
