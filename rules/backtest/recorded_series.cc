#include "rules/backtest/recorded_series.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "storage/open.h"

namespace bellwether::rules {
namespace {

constexpr base::DurationMs kOutOfOrderWindow = base::Hours(1);

storage::StorageOptions HistogramOptions(std::optional<base::DurationMs> keep) {
  storage::StorageOptions options;
  options.retention = keep ? *keep + kOutOfOrderWindow : base::DurationMs(0);
  options.out_of_order_window = kOutOfOrderWindow;
  options.background_thread = false;
  options.chunk_samples_max = 1;  // So that the number of chunks is the number of samples.
  return options;
}

class JoinedSet final : public storage::SeriesSet {
 public:
  JoinedSet(std::unique_ptr<storage::SeriesSet> a, std::unique_ptr<storage::SeriesSet> b)
      : a_(std::move(a)), b_(std::move(b)), more_a_(a_->Next()), more_b_(b_->Next()) {}

  bool Next() override {
    if (current_ == a_.get()) more_a_ = a_->Next();
    if (current_ == b_.get()) more_b_ = b_->Next();
    if (!more_a_ && !more_b_) return false;
    const bool first = more_a_ && (!more_b_ || a_->labels() < b_->labels());
    current_ = first ? a_.get() : b_.get();
    return true;
  }
  [[nodiscard]] const metric::Labels& labels() const override { return current_->labels(); }
  storage::SampleCursor& samples() override { return current_->samples(); }
  [[nodiscard]] base::Status status() const override {
    base::Status status = a_->status();
    return status.ok() ? b_->status() : status;
  }

 private:
  const std::unique_ptr<storage::SeriesSet> a_;
  const std::unique_ptr<storage::SeriesSet> b_;
  bool more_a_;
  bool more_b_;
  storage::SeriesSet* current_ = nullptr;
};

// A set that its querier must outlive.
class OwningSet final : public storage::SeriesSet {
 public:
  OwningSet(std::unique_ptr<storage::Querier> querier, std::unique_ptr<storage::SeriesSet> set)
      : querier_(std::move(querier)), set_(std::move(set)) {}
  bool Next() override { return set_->Next(); }
  [[nodiscard]] const metric::Labels& labels() const override { return set_->labels(); }
  storage::SampleCursor& samples() override { return set_->samples(); }
  [[nodiscard]] base::Status status() const override { return set_->status(); }

 private:
  const std::unique_ptr<storage::Querier> querier_;
  const std::unique_ptr<storage::SeriesSet> set_;
};

}  // namespace

std::unique_ptr<storage::SeriesSet> JoinSets(std::unique_ptr<storage::SeriesSet> a,
                                             std::unique_ptr<storage::SeriesSet> b) {
  return std::make_unique<JoinedSet>(std::move(a), std::move(b));
}

class RecordedSeries::ColumnsAppender final : public storage::Appender {
 public:
  explicit ColumnsAppender(RecordedSeries& recorded) : recorded_(recorded) {}

  void FindByAlias(std::span<const std::string_view>, std::span<storage::SeriesRef> refs) override {
    std::fill(refs.begin(), refs.end(), storage::SeriesRef::kNone);
  }
  base::Result<storage::SeriesRef> FindOrCreate(const metric::Labels& labels, std::string_view) override {
    const auto name = recorded_.by_name_.try_emplace(std::string(labels.Name())).first;
    const auto [found, is_new] = name->second.try_emplace(labels, recorded_.columns_.size());
    if (is_new) recorded_.columns_.emplace_back().columns.labels = labels;
    return static_cast<storage::SeriesRef>(found->second + 1);
  }
  void Append(std::span<const storage::FloatSample> samples) override { floats_ = samples; }
  void AppendHistograms(std::span<const storage::HistogramSample> samples) override { histograms_ = samples; }
  void AppendExemplar(storage::SeriesRef, const storage::Exemplar&) override {}
  void SetMetadata(const storage::MetricMetadata&) override {}

  base::Result<storage::CommitResult> Commit(storage::Durability durability) override {
    storage::CommitResult result;
    std::vector<storage::FloatSample> to_store;
    for (const storage::FloatSample& sample : floats_) {
      Column& column = ColumnOf(sample.ref);
      if (column.has_histograms) {
        to_store.push_back(sample);
      } else {
        Take(column.columns, sample, result);
      }
    }
    BW_RETURN_IF_ERROR(CommitToStore(std::move(to_store), durability, result));
    Rollback();
    return result;
  }
  void Rollback() override {
    floats_ = {};
    histograms_ = {};
  }

 private:
  Column& ColumnOf(storage::SeriesRef ref) { return recorded_.columns_[static_cast<std::size_t>(ref) - 1]; }

  void Take(SeriesColumns& columns, const storage::FloatSample& sample, storage::CommitResult& result) {
    double existing = 0;
    const storage::Refusal refusal = recorded_.Insert(columns, sample.timestamp, sample.value, existing);
    if (refusal == storage::Refusal::kNone) {
      ++result.floats;
      return;
    }
    ++result.refused[static_cast<std::size_t>(refusal)];
    if (!result.first_refused) {
      result.first_refused = {refusal, columns.labels, sample.timestamp, existing, sample.value};
    }
  }

  // Samples of series that hold, or now begin to hold, histograms.
  base::Status CommitToStore(std::vector<storage::FloatSample> floats, storage::Durability durability,
                             storage::CommitResult& result) {
    for (const storage::HistogramSample& sample : histograms_) {
      BW_RETURN_IF_ERROR(recorded_.MoveToHistograms(ColumnOf(sample.ref)));
    }
    if (floats.empty() && histograms_.empty()) return base::OkStatus();
    const auto appender = recorded_.histograms_->NewAppender();
    for (storage::FloatSample& sample : floats) {
      BW_ASSIGN_OR_RETURN(sample.ref, appender->FindOrCreate(ColumnOf(sample.ref).columns.labels));
    }
    std::vector<storage::HistogramSample> histograms(histograms_.begin(), histograms_.end());
    for (storage::HistogramSample& sample : histograms) {
      BW_ASSIGN_OR_RETURN(sample.ref, appender->FindOrCreate(ColumnOf(sample.ref).columns.labels));
    }
    appender->Append(floats);
    appender->AppendHistograms(histograms);
    BW_ASSIGN_OR_RETURN(storage::CommitResult stored, appender->Commit(durability));
    recorded_.samples_ += stored.floats + stored.histograms;
    result.floats += stored.floats;
    result.histograms += stored.histograms;
    for (std::size_t i = 0; i < storage::kRefusals; ++i) result.refused[i] += stored.refused[i];
    if (!result.first_refused) result.first_refused = std::move(stored.first_refused);
    return base::OkStatus();
  }

  RecordedSeries& recorded_;
  std::span<const storage::FloatSample> floats_;
  std::span<const storage::HistogramSample> histograms_;
};

RecordedSeries::RecordedSeries(std::optional<base::DurationMs> keep, base::Clock& clock, base::MetricsRegistry& metrics)
    : keep_(keep), clock_(clock), histograms_(storage::NewMemoryStorage(HistogramOptions(keep), clock, metrics)) {}

std::unique_ptr<storage::Appender> RecordedSeries::NewAppender() { return std::make_unique<ColumnsAppender>(*this); }

storage::Refusal RecordedSeries::Insert(SeriesColumns& columns, base::TimestampMs at, double value, double& existing) {
  std::vector<base::TimestampMs>& times = columns.timestamps;
  if (times.empty() || times.back() < at) {
    times.push_back(at);
    columns.values.push_back(value);
    ++samples_;
    return storage::Refusal::kNone;
  }
  const auto place = std::lower_bound(times.begin(), times.end(), at) - times.begin();
  const auto index = static_cast<std::size_t>(place);
  if (times[index] == at) {
    existing = columns.values[index];
    const bool same = std::bit_cast<std::uint64_t>(existing) == std::bit_cast<std::uint64_t>(value);
    return same || index + 1 < times.size() ? storage::Refusal::kNone : storage::Refusal::kDuplicate;
  }
  if (times.back() - at > kOutOfOrderWindow) return storage::Refusal::kOutOfOrder;
  times.insert(times.begin() + place, at);
  columns.values.insert(columns.values.begin() + place, value);
  ++samples_;
  return storage::Refusal::kNone;
}

base::Status RecordedSeries::MoveToHistograms(Column& column) {
  if (std::exchange(column.has_histograms, true)) return base::OkStatus();
  any_histograms_ = true;
  const auto appender = histograms_->NewAppender();
  BW_ASSIGN_OR_RETURN(const storage::SeriesRef ref, appender->FindOrCreate(column.columns.labels));
  std::vector<storage::FloatSample> floats;
  for (std::size_t i = 0; i < column.columns.timestamps.size(); ++i) {
    floats.push_back({ref, column.columns.timestamps[i], column.columns.values[i], {}});
  }
  appender->Append(floats);
  column.columns.timestamps.clear();
  column.columns.values.clear();
  return appender->Commit(storage::Durability::kVisible).status();
}

std::unique_ptr<storage::SeriesSet> RecordedSeries::Select(std::span<const metric::Matcher> matchers,
                                                           base::TimestampMs min, base::TimestampMs max,
                                                           const storage::SelectHints& hints) {
  min = std::max(min, hints.min);
  max = std::min(max, hints.max);
  std::vector<const SeriesColumns*> found;
  for (const auto& [name, series] : by_name_) {
    const auto matches = [&](const metric::Labels& labels) {
      return std::all_of(matchers.begin(), matchers.end(),
                         [&](const metric::Matcher& m) { return m.Matches(labels.Get(m.name())); });
    };
    const bool by_name = std::all_of(matchers.begin(), matchers.end(), [&](const metric::Matcher& m) {
      return m.name() != metric::kMetricName || m.Matches(name);
    });
    if (!by_name) continue;
    for (const auto& [labels, place] : series) {
      if (!columns_[place].has_histograms && matches(labels)) found.push_back(&columns_[place].columns);
    }
  }
  std::sort(found.begin(), found.end(),
            [](const SeriesColumns* a, const SeriesColumns* b) { return a->labels < b->labels; });
  auto columns = std::make_unique<ColumnsSet>(std::move(found), min, max, hints);
  if (!any_histograms_) return columns;
  auto querier = histograms_->NewQuerier(min, max);
  auto set = querier->Select(matchers, hints);
  return JoinSets(std::move(columns), std::make_unique<OwningSet>(std::move(querier), std::move(set)));
}

base::Status RecordedSeries::Trim() {
  if (!keep_) return base::OkStatus();
  const base::TimestampMs oldest = clock_.Now() - *keep_ - kOutOfOrderWindow;
  samples_ = 0;
  for (Column& column : columns_) {
    SeriesColumns& columns = column.columns;
    const auto end = std::lower_bound(columns.timestamps.begin(), columns.timestamps.end(), oldest);
    const auto gone = end - columns.timestamps.begin();
    // A quarter at once: moving the rest costs as much as it frees.
    if (gone * 4 >= static_cast<std::ptrdiff_t>(columns.timestamps.size())) {
      columns.timestamps.erase(columns.timestamps.begin(), end);
      columns.values.erase(columns.values.begin(), columns.values.begin() + gone);
    }
    samples_ += columns.timestamps.size();
  }
  if (!any_histograms_) return base::OkStatus();
  BW_RETURN_IF_ERROR(histograms_->Maintain());
  samples_ += histograms_->Stats(0).chunks;
  return base::OkStatus();
}

}  // namespace bellwether::rules
