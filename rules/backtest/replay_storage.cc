#include "rules/backtest/replay_storage.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace bellwether::rules {
namespace {

// Names series of which nothing is kept. Stores number their series from 1 upwards.
constexpr auto kUnread = static_cast<storage::SeriesRef>(~std::uint64_t{0});

}  // namespace

class ReplayStorage::RecordingAppender final : public storage::Appender {
 public:
  RecordingAppender(ReplayStorage& store, std::unique_ptr<storage::Appender> target)
      : store_(store), target_(std::move(target)) {}

  void FindByAlias(std::span<const std::string_view> aliases, std::span<storage::SeriesRef> refs) override {
    target_->FindByAlias(aliases, refs);
  }
  base::Result<storage::SeriesRef> FindOrCreate(const metric::Labels& labels, std::string_view alias) override {
    if (!store_.plan_.read_back.contains(labels.Name())) return kUnread;
    return target_->FindOrCreate(labels, alias);
  }
  void Append(std::span<const storage::FloatSample> samples) override {
    floats_.clear();
    std::copy_if(samples.begin(), samples.end(), std::back_inserter(floats_),
                 [](const storage::FloatSample& sample) { return sample.ref != kUnread; });
    unread_floats_ += samples.size() - floats_.size();
    target_->Append(floats_);
  }
  void AppendHistograms(std::span<const storage::HistogramSample> samples) override {
    histograms_.clear();
    std::copy_if(samples.begin(), samples.end(), std::back_inserter(histograms_),
                 [](const storage::HistogramSample& sample) { return sample.ref != kUnread; });
    unread_histograms_ += samples.size() - histograms_.size();
    target_->AppendHistograms(histograms_);
  }
  void AppendExemplar(storage::SeriesRef, const storage::Exemplar&) override {}
  void SetMetadata(const storage::MetricMetadata&) override {}

  base::Result<storage::CommitResult> Commit(storage::Durability durability) override {
    if (store_.recorded_.samples() + floats_.size() + histograms_.size() > store_.limits_.recorded_samples_max) {
      Rollback();
      store_.status_ = base::LimitExceeded(fmt::format(
          "the rules of the backtest record more than {} samples that others still need: replay fewer rules at once",
          store_.limits_.recorded_samples_max));
      return store_.status_;
    }
    BW_ASSIGN_OR_RETURN(storage::CommitResult result, target_->Commit(durability));
    result.floats += std::exchange(unread_floats_, 0);
    result.histograms += std::exchange(unread_histograms_, 0);
    return result;
  }
  void Rollback() override {
    target_->Rollback();
    unread_floats_ = unread_histograms_ = 0;
  }

 private:
  ReplayStorage& store_;
  const std::unique_ptr<storage::Appender> target_;
  std::vector<storage::FloatSample> floats_;
  std::vector<storage::HistogramSample> histograms_;
  std::uint64_t unread_floats_ = 0;
  std::uint64_t unread_histograms_ = 0;
};

class ReplayStorage::ReplayQuerier final : public storage::Querier {
 public:
  ReplayQuerier(ReplayStorage& store, base::TimestampMs min, base::TimestampMs max)
      : store_(store), min_(min), max_(max) {}

  std::unique_ptr<storage::SeriesSet> Select(std::span<const metric::Matcher> matchers,
                                             const storage::SelectHints& hints) override {
    const Sources sources = store_.SourcesOf(matchers);
    if (!sources.recorded) return store_.blocks_.Select(matchers, min_, max_, hints);
    auto recorded = store_.recorded_.Select(matchers, min_, max_, hints);
    if (!sources.history) return recorded;
    return JoinSets(store_.blocks_.Select(matchers, min_, max_, hints), std::move(recorded));
  }
  base::Result<std::vector<std::string>> LabelNames(std::span<const metric::Matcher>, std::size_t) override {
    return base::Execution("a replay of rules offers no label names");
  }
  base::Result<std::vector<std::string>> LabelValues(std::string_view, std::span<const metric::Matcher>,
                                                     std::size_t) override {
    return base::Execution("a replay of rules offers no label values");
  }

 private:
  ReplayStorage& store_;
  const base::TimestampMs min_;
  const base::TimestampMs max_;
};

ReplayStorage::ReplayStorage(storage::Storage& history, const ReplayPlan& plan, const Limits& limits,
                             base::Clock& clock, base::MetricsRegistry& metrics)
    : history_(history),
      plan_(plan),
      limits_(limits),
      blocks_(history, plan.recorded, limits.history_samples_max),
      recorded_(plan.keep, clock, metrics) {}

std::unique_ptr<storage::Appender> ReplayStorage::NewAppender(storage::AppendMode) {
  return std::make_unique<RecordingAppender>(*this, recorded_.NewAppender());
}

std::unique_ptr<storage::Querier> ReplayStorage::NewQuerier(base::TimestampMs min, base::TimestampMs max) {
  return std::make_unique<ReplayQuerier>(*this, min, max);
}

ReplayStorage::Sources ReplayStorage::SourcesOf(std::span<const metric::Matcher> matchers) const {
  Sources sources;
  const auto by_name = [](const metric::Matcher& matcher) { return matcher.name() == metric::kMetricName; };
  sources.recorded = std::any_of(plan_.read_back.begin(), plan_.read_back.end(), [&](const std::string& name) {
    return std::all_of(matchers.begin(), matchers.end(),
                       [&](const metric::Matcher& m) { return !by_name(m) || m.Matches(name); });
  });
  sources.history = std::none_of(matchers.begin(), matchers.end(), [&](const metric::Matcher& m) {
    return by_name(m) && m.op() == metric::MatchOp::kEqual && plan_.recorded.contains(m.value());
  });
  return sources;
}

base::Result<std::vector<storage::ExemplarSeries>> ReplayStorage::Exemplars(
    base::TimestampMs min, base::TimestampMs max, std::span<const std::vector<metric::Matcher>> selectors) {
  return history_.Exemplars(min, max, selectors);
}

std::vector<storage::MetricMetadata> ReplayStorage::Metadata(std::string_view metric) const {
  return history_.Metadata(metric);
}

storage::StorageStats ReplayStorage::Stats(std::size_t limit) const { return history_.Stats(limit); }

base::Status ReplayStorage::Maintain() { return recorded_.Trim(); }

}  // namespace bellwether::rules
