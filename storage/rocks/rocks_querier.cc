// The read path: head and sealed windows as one.
#include <algorithm>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "storage/chunk/kind.h"
#include "storage/chunk/merged_cursor.h"
#include "storage/chunk/reset_hints.h"
#include "storage/rocks/label_cache.h"
#include "storage/rocks/rocks_core.h"

namespace bellwether::storage {
namespace {

// Where a series is found in sealed windows.
struct SealedPlace {
  std::size_t window;  // Index in the list of windows.
  std::uint32_t ordinal;
};

// The series of sealed windows that match, by label set. Each window has its series in that order already; the windows
// are merged by the addresses that the label cache gives equal label sets.
class SealedSelection {
 public:
  SealedSelection(const RocksCore& core, std::shared_ptr<const WindowList> windows, std::shared_ptr<LabelSets> sets,
                  base::TimestampMs min, base::TimestampMs max)
      : windows_(std::move(windows)),
        sets_(std::move(sets)),
        min_(min),
        max_(max),
        hold_(core.options.query_memory),
        readers_(windows_->size()) {}

  base::Status Find(std::span<const metric::Matcher> matchers) {
    for (std::size_t w = 0; w < windows_->size(); ++w) {
      const std::shared_ptr<const SealedWindow>& window = (*windows_)[w];
      if (!window->Overlaps(min_, max_)) continue;
      Part part;
      part.window = w;
      BW_ASSIGN_OR_RETURN(part.ordinals, window->Match(matchers, min_, max_));
      if (part.ordinals.empty()) continue;
      BW_RETURN_IF_ERROR(hold_.Grow(part.ordinals.size() * kPartBytesPerSeries));
      BW_ASSIGN_OR_RETURN(part.labels, sets_->Of(window, part.ordinals));
      if (!sets_->AllBeginWithName()) part.SortByLabels();
      const bool same_as_before = !parts_.empty() && parts_.back().labels == part.labels;
      if (!same_as_before) Merge(part.labels);
      parts_.push_back(std::move(part));
    }
    FindPlaces();
    return base::OkStatus();
  }

  // The labels of the series at hand, null behind the last.
  [[nodiscard]] const metric::Labels* labels() const { return next_ < series_.size() ? series_[next_] : nullptr; }
  // Its places, older windows first.
  [[nodiscard]] std::span<const SealedPlace> places() const { return places_; }
  void Advance() {
    ++next_;
    FindPlaces();
  }

  // Appends the chunks at these places; their bytes are good until the next call.
  base::Status ReadChunks(std::span<const SealedPlace> places, std::vector<chunk::ChunkView>& chunks) {
    for (const SealedPlace& place : places) {
      auto& reader = readers_[place.window];
      if (reader == nullptr) reader = (*windows_)[place.window]->NewChunkReader();
      BW_RETURN_IF_ERROR(reader->Read(place.ordinal, chunks));
    }
    return base::OkStatus();
  }

  // Adds the places of a series in windows that were not looked at, or not for the time before the range, but bear on
  // the hint of its first histogram. They are looked for only then: most series have no histograms, and most ranges do
  // not begin just behind a window.
  base::Status AddPlacesBefore(const metric::Labels& labels, std::vector<SealedPlace>& places) const {
    for (std::size_t w = 0; w < windows_->size(); ++w) {
      const SealedWindow& window = *(*windows_)[w];
      if (!window.Overlaps(chunk::HintsFrom(min_), min_)) continue;
      const bool is_known =
          std::any_of(places.begin(), places.end(), [&](const SealedPlace& place) { return place.window == w; });
      if (is_known || (window.Overlaps(min_, max_) && window.entry().span == 1)) continue;
      std::vector<metric::Matcher> matchers;
      for (const metric::LabelView& label : labels) {
        matchers.push_back(metric::Matcher::Equal(std::string(label.name), std::string(label.value)));
      }
      BW_ASSIGN_OR_RETURN(const SealedWindow::Ordinals ordinals, window.Match(matchers));
      BW_RETURN_IF_ERROR(window.ForLabels(ordinals, [&](std::uint32_t ordinal, const metric::Labels& found) {
        if (found == labels) places.push_back({w, ordinal});
      }));
    }
    const auto by_window = [](const SealedPlace& a, const SealedPlace& b) { return a.window < b.window; };
    std::sort(places.begin(), places.end(), by_window);
    return base::OkStatus();
  }

 private:
  static constexpr std::uint64_t kPartBytesPerSeries = sizeof(std::uint32_t) + sizeof(const metric::Labels*);

  // The matching series of one window.
  struct Part {
    std::size_t window = 0;
    SealedWindow::Ordinals ordinals;
    LabelSets::Addresses labels;
    std::size_t at = 0;  // The first series not passed by.

    void SortByLabels() {
      std::vector<std::pair<const metric::Labels*, std::uint32_t>> both(ordinals.size());
      for (std::size_t i = 0; i < both.size(); ++i) both[i] = {labels[i], ordinals[i]};
      std::sort(both.begin(), both.end(), [](const auto& a, const auto& b) { return *a.first < *b.first; });
      for (std::size_t i = 0; i < both.size(); ++i) std::tie(labels[i], ordinals[i]) = both[i];
    }
  };

  void Merge(const LabelSets::Addresses& labels) {
    if (series_ == labels) return;
    LabelSets::Addresses merged;
    merged.reserve(series_.size() + labels.size());
    std::size_t a = 0;
    std::size_t b = 0;
    while (a < series_.size() && b < labels.size()) {
      const bool same = series_[a] == labels[b];
      const bool first_is_next = same || *series_[a] < *labels[b];
      merged.push_back(first_is_next ? series_[a] : labels[b]);
      a += first_is_next ? 1 : 0;
      b += same || !first_is_next ? 1 : 0;
    }
    merged.insert(merged.end(), series_.begin() + static_cast<std::ptrdiff_t>(a), series_.end());
    merged.insert(merged.end(), labels.begin() + static_cast<std::ptrdiff_t>(b), labels.end());
    series_ = std::move(merged);
  }

  void FindPlaces() {
    places_.clear();
    if (next_ >= series_.size()) return;
    for (Part& part : parts_) {
      if (part.at == part.labels.size() || part.labels[part.at] != series_[next_]) continue;
      places_.push_back({part.window, part.ordinals[part.at++]});
    }
  }

  std::shared_ptr<const WindowList> windows_;  // Held: the files stay.
  std::shared_ptr<LabelSets> sets_;
  base::TimestampMs min_;
  base::TimestampMs max_;
  base::MemoryHold hold_;  // For parts_.
  std::vector<std::unique_ptr<SealedWindow::ChunkReader>> readers_;
  std::vector<Part> parts_;      // Older windows first.
  LabelSets::Addresses series_;  // Of all parts, by label set, each once.
  std::size_t next_ = 0;
  std::vector<SealedPlace> places_;  // Of series_[next_].
};

class FailedCursor final : public SampleCursor {
 public:
  void Set(base::Status status) { status_ = std::move(status); }
  bool Next(SampleBatch&) override { return false; }
  [[nodiscard]] base::Status status() const override { return status_; }

 private:
  base::Status status_;
};

class FailedSeriesSet final : public SeriesSet {
 public:
  explicit FailedSeriesSet(base::Status status) : status_(std::move(status)) {}
  bool Next() override { return false; }
  [[nodiscard]] const metric::Labels& labels() const override { return labels_; }
  SampleCursor& samples() override { return cursor_; }
  [[nodiscard]] base::Status status() const override { return status_; }

 private:
  base::Status status_;
  metric::Labels labels_;
  FailedCursor cursor_;
};

class NewestCursor final : public SampleCursor {
 public:
  void Set(const head::Head::NewestFloat& newest) {
    newest_ = newest;
    given_ = false;
  }
  bool Next(SampleBatch& batch) override {
    if (given_) return false;
    given_ = true;
    batch = {std::span(&newest_.t, 1), std::span(&newest_.value, 1), {}, {}};
    return true;
  }
  [[nodiscard]] base::Status status() const override { return base::OkStatus(); }

 private:
  head::Head::NewestFloat newest_;
  bool given_ = false;
};

// Two ascending runs of series, head and sealed, as one.
class RocksSeriesSet final : public SeriesSet {
 public:
  RocksSeriesSet(std::unique_ptr<head::Head::Selection> recent, std::unique_ptr<SealedSelection> sealed,
                 base::TimestampMs min, base::TimestampMs max, std::size_t limit)
      : recent_(std::move(recent)), sealed_(std::move(sealed)), min_(min), max_(max), limit_(limit) {
    has_recent_ = recent_->Next();
  }

  bool Next() override {
    if (in_recent_) has_recent_ = recent_->Next();
    if (in_sealed_ != nullptr) sealed_->Advance();
    in_recent_ = false;
    in_sealed_ = nullptr;
    if (limit_ > 0 && ++returned_ > limit_) return false;
    const metric::Labels* sealed = sealed_->labels();
    if (sealed == nullptr && !has_recent_) return false;
    const auto order = sealed == nullptr ? std::strong_ordering::less
                       : !has_recent_    ? std::strong_ordering::greater
                                         : recent_->labels() <=> *sealed;
    in_recent_ = order <= 0;
    in_sealed_ = order >= 0 ? sealed : nullptr;
    return true;
  }

  [[nodiscard]] const metric::Labels& labels() const override { return in_recent_ ? recent_->labels() : *in_sealed_; }

  SampleCursor& samples() override {
    if (in_recent_ && recent_->newest()) {  // Nothing sealed is newer.
      newest_.Set(*recent_->newest());
      return newest_;
    }
    if (base::Status read = ReadChunks(); !read.ok()) {
      failed_.Set(std::move(read));
      return failed_;
    }
    cursor_.Reset(chunks_, min_, max_);
    return cursor_;
  }

  [[nodiscard]] base::Status status() const override { return base::OkStatus(); }

 private:
  // All chunks of the current series, older writes first.
  base::Status ReadChunks() {
    const std::span<const SealedPlace> places =
        in_sealed_ == nullptr ? std::span<const SealedPlace>() : sealed_->places();
    BW_RETURN_IF_ERROR(ReadChunksAt(places));
    const auto is_histogram = [&](const chunk::ChunkView& c) {
      return c.min <= max_ && c.max >= min_ && c.bytes.starts_with(static_cast<char>(chunk::Kind::kHistograms));
    };
    if (std::none_of(chunks_.begin(), chunks_.end(), is_histogram)) return base::OkStatus();
    std::vector<SealedPlace> all(places.begin(), places.end());
    BW_RETURN_IF_ERROR(sealed_->AddPlacesBefore(labels(), all));
    return all.size() == places.size() ? base::OkStatus() : ReadChunksAt(all);
  }

  base::Status ReadChunksAt(std::span<const SealedPlace> places) {
    chunks_.clear();
    BW_RETURN_IF_ERROR(sealed_->ReadChunks(places, chunks_));
    if (in_recent_) chunks_.insert(chunks_.end(), recent_->chunks().begin(), recent_->chunks().end());
    return base::OkStatus();
  }

  std::unique_ptr<head::Head::Selection> recent_;
  std::unique_ptr<SealedSelection> sealed_;
  base::TimestampMs min_;
  base::TimestampMs max_;
  std::size_t limit_;
  std::size_t returned_ = 0;
  bool has_recent_ = false;                    // recent_ stands on a series not yet left.
  bool in_recent_ = false;                     // The current series is in recent_,
  const metric::Labels* in_sealed_ = nullptr;  // in sealed_, or in both.
  std::vector<chunk::ChunkView> chunks_;
  chunk::MergedCursor cursor_;
  NewestCursor newest_;
  FailedCursor failed_;
};

std::vector<std::string> FirstOf(std::set<std::string, std::less<>> names, std::size_t limit) {
  std::vector<std::string> result;
  for (auto it = names.begin(); it != names.end() && (limit == 0 || result.size() < limit);) {
    result.push_back(std::move(names.extract(it++).value()));
  }
  return result;
}

class RocksQuerier final : public Querier {
 public:
  RocksQuerier(RocksCore& core, base::TimestampMs min, base::TimestampMs max) : core_(core), min_(min), max_(max) {}

  std::unique_ptr<SeriesSet> Select(std::span<const metric::Matcher> matchers, const SelectHints& hints) override {
    const base::TimestampMs min = std::max(min_, hints.min);
    const base::TimestampMs max = std::min(max_, hints.max);
    // The windows first: while this list is held, the head keeps what a newer list would have instead.
    std::shared_ptr<const WindowList> windows = core_.catalogue->windows();
    if (hints.asked_again && !hints.labels_only && hints.limit == 0 && min <= max && IsOfHead(*windows, min, max)) {
      if (auto kept = core_.head->SelectAgain(matchers, {min, max}, hints.newest_only, windows)) return kept;
    }
    auto sealed = std::make_unique<SealedSelection>(core_, std::move(windows), core_.label_cache.Current(), min, max);
    auto recent = core_.head->Select(matchers, {min_, max_}, hints);
    if (base::Status found = sealed->Find(matchers); !found.ok()) {
      return std::make_unique<FailedSeriesSet>(std::move(found));
    }
    return std::make_unique<RocksSeriesSet>(std::move(recent), std::move(sealed), min, max, hints.limit);
  }

  base::Result<std::vector<std::string>> LabelNames(std::span<const metric::Matcher> matchers,
                                                    std::size_t limit) override {
    std::set<std::string, std::less<>> names;
    core_.head->LabelNames(matchers, {min_, max_}, names);
    BW_RETURN_IF_ERROR(matchers.empty() ? ForWindows([&](const auto& window) { return window->AddNames(names); })
                                        : ForMatching(matchers, [&](const metric::Labels& labels) {
                                            for (const metric::LabelView& label : labels) {
                                              if (!names.contains(label.name)) names.emplace(label.name);
                                            }
                                          }));
    return FirstOf(std::move(names), limit);
  }

  base::Result<std::vector<std::string>> LabelValues(std::string_view name, std::span<const metric::Matcher> matchers,
                                                     std::size_t limit) override {
    std::set<std::string, std::less<>> values;
    core_.head->LabelValues(name, matchers, {min_, max_}, values);
    BW_RETURN_IF_ERROR(matchers.empty()
                           ? ForWindows([&](const auto& window) { return window->AddValues(name, values); })
                           : ForMatching(matchers, [&](const metric::Labels& labels) {
                               const std::string_view value = labels.Get(name);
                               if (!value.empty() && !values.contains(value)) values.emplace(value);
                             }));
    return FirstOf(std::move(values), limit);
  }

 private:
  // No sealed window has samples of the range, nor such as bear on the hint of its first histogram.
  static bool IsOfHead(const WindowList& windows, base::TimestampMs min, base::TimestampMs max) {
    return std::none_of(windows.begin(), windows.end(),
                        [&](const auto& window) { return window->Overlaps(chunk::HintsFrom(min), max); });
  }

  // After the head was asked: what it forgets meanwhile is in a window already.
  template <typename Visit>
  base::Status ForWindows(Visit&& visit) const {
    const std::shared_ptr<const WindowList> windows = core_.catalogue->windows();
    for (const auto& window : *windows) {
      if (window->Overlaps(min_, max_)) BW_RETURN_IF_ERROR(visit(window));
    }
    return base::OkStatus();
  }

  // Calls visit(labels) for the series of all windows that match, each once.
  template <typename Visit>
  base::Status ForMatching(std::span<const metric::Matcher> matchers, Visit&& visit) const {
    const std::shared_ptr<LabelSets> sets = core_.label_cache.Current();
    std::unordered_set<const metric::Labels*> seen;
    return ForWindows([&](const std::shared_ptr<const SealedWindow>& window) -> base::Status {
      BW_ASSIGN_OR_RETURN(const SealedWindow::Ordinals ordinals, window->Match(matchers, min_, max_));
      BW_ASSIGN_OR_RETURN(const LabelSets::Addresses found, sets->Of(window, ordinals));
      for (const metric::Labels* labels : found) {
        if (seen.insert(labels).second) visit(*labels);
      }
      return base::OkStatus();
    });
  }

  RocksCore& core_;
  base::TimestampMs min_;
  base::TimestampMs max_;
};

}  // namespace

std::unique_ptr<Querier> NewRocksQuerier(RocksCore& core, base::TimestampMs min, base::TimestampMs max) {
  return std::make_unique<RocksQuerier>(core, min, max);
}

}  // namespace bellwether::storage
