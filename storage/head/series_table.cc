#include "storage/head/series_table.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace bellwether::storage::head {
namespace {

using index::StringId;

constexpr std::uint64_t kLabelSetSeed = 0x6c6162656c736574ULL;  // Apart from the aliases' own.

std::vector<NameCount> LargestCounts(std::vector<NameCount> counts, std::size_t limit) {
  const auto larger = [](const NameCount& a, const NameCount& b) {
    return a.value != b.value ? a.value > b.value : a.name < b.name;
  };
  const std::size_t n = std::min(limit, counts.size());
  std::partial_sort(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(n), counts.end(), larger);
  counts.resize(n);
  return counts;
}

void AddLabelCounts(const index::LabelIndex& postings, const index::StringPool& strings, std::size_t limit,
                    StorageStats& stats) {
  std::vector<NameCount> by_metric;
  std::vector<NameCount> by_name;
  std::vector<NameCount> by_pair;
  std::vector<NameCount> value_bytes;
  postings.ForEachName([&](StringId name, std::size_t values) {
    const std::string_view name_text = strings.Get(name);
    value_bytes.push_back({std::string(name_text), 0});
    by_name.push_back({std::string(name_text), values});
    postings.ForEachValue(name, [&](StringId value, const index::PostingList& list) {
      const std::string_view value_text = strings.Get(value);
      if (name_text == metric::kMetricName) by_metric.push_back({std::string(value_text), list.size()});
      by_pair.push_back({fmt::format("{}={}", name_text, value_text), list.size()});
      value_bytes.back().value += value_text.size() * list.size();
    });
  });
  stats.series_by_metric = LargestCounts(std::move(by_metric), limit);
  stats.values_by_label = LargestCounts(std::move(by_name), limit);
  stats.value_bytes_by_label = LargestCounts(std::move(value_bytes), limit);
  stats.series_by_label_pair = LargestCounts(std::move(by_pair), limit);
}

}  // namespace

SeriesTable::SeriesTable(std::uint64_t hash_seed, std::size_t series_limit)
    : series_limit_(series_limit), aliases_(hash_seed), label_sets_(hash_seed ^ kLabelSetSeed), postings_(strings_) {}

std::optional<SeriesPlace> SeriesTable::FindLabels(const metric::Labels& labels) const {
  const SeriesRef ref = label_sets_.Find(labels.bytes());
  if (ref == SeriesRef::kNone) return std::nullopt;
  return PlaceOf(ref);
}

// Under the lock, so that no alias is led to a slot that is being detached.
void SeriesTable::SetAlias(std::string_view alias, SeriesPlace place) {
  if (!alias.empty()) aliases_.Set(alias, RefOf(place));
}

std::optional<SeriesPlace> SeriesTable::Find(const metric::Labels& labels, std::string_view alias) {
  const base::ReaderLock lock(mu_);
  const auto found = FindLabels(labels);
  if (found) SetAlias(alias, *found);
  return found;
}

base::Result<SeriesPlace> SeriesTable::FindOrAttach(const metric::Labels& labels, std::string_view alias, Limit limit,
                                                    const std::function<void(SeriesPlace)>& prepare) {
  const base::WriterLock lock(mu_);
  if (const auto found = FindLabels(labels)) {
    SetAlias(alias, *found);
    return *found;
  }
  if (limit == Limit::kHolds && series_limit_ > 0 && attached_ >= series_limit_) {
    return base::LimitExceeded(
        fmt::format("create series {}: the store holds {} series, its limit", labels.ToMetricString(), series_limit_));
  }
  const std::uint32_t slot = NewSlot();
  StoreLabels(slot, labels);
  const SeriesPlace place{slot, slots_[slot].generation};
  prepare(place);
  postings_.Add(slot, IdsOf(slot));
  label_sets_.Set(labels.bytes(), RefOf(place));
  SetAlias(alias, place);
  ++attached_;
  stamps_.Move(labels);
  return place;
}

std::uint32_t SeriesTable::NewSlot() {
  if (!free_slots_.empty()) {
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
  }
  slots_.GrowTo(slot_bound_ + 1);
  return slot_bound_++;
}

std::uint32_t SeriesTable::ShapeFor(const std::vector<StringId>& names) {
  const auto found = shape_ids_.find(names);
  if (found != shape_ids_.end()) return found->second;
  const auto id = static_cast<std::uint32_t>(shape_ids_.size());
  shapes_.GrowTo(id + 1);
  shapes_[id].names = names;
  for (const StringId name : names) strings_.Intern(strings_.Get(name));  // The shape's own use.
  return shape_ids_.emplace(names, id).first->second;
}

void SeriesTable::StoreLabels(std::uint32_t slot, const metric::Labels& labels) {
  std::vector<StringId> names;
  std::vector<StringId> values;
  for (const metric::LabelView& label : labels) {
    names.push_back(strings_.Intern(label.name));
    values.push_back(strings_.Intern(label.value));
  }
  const std::uint32_t shape = ShapeFor(names);
  for (const StringId name : names) strings_.Release(name);
  auto* ids = reinterpret_cast<std::uint32_t*>(arena_.Allocate((1 + values.size()) * sizeof(std::uint32_t)));
  ids[0] = shape;
  std::copy(values.begin(), values.end(), ids + 1);
  slots_[slot].ids = ids;
}

void SeriesTable::IdsOf(std::uint32_t slot, std::vector<LabelIds>& ids) const {
  const Shape& shape = ShapeOf(slot);
  ids.clear();
  for (std::size_t i = 0; i < shape.names.size(); ++i) ids.push_back({shape.names[i], slots_[slot].ids[1 + i]});
}

std::vector<index::LabelIds> SeriesTable::IdsOf(std::uint32_t slot) const {
  std::vector<LabelIds> ids;
  IdsOf(slot, ids);
  return ids;
}

metric::Labels SeriesTable::LabelsOf(std::uint32_t slot) const {
  const Shape& shape = ShapeOf(slot);
  const std::uint32_t* values = slots_[slot].ids + 1;
  thread_local std::vector<metric::LabelView> pairs;
  pairs.clear();
  for (std::size_t i = 0; i < shape.names.size(); ++i) {
    pairs.push_back({strings_.Get(shape.names[i]), strings_.Get(values[i])});
  }
  return metric::Labels::FromSortedUnique(pairs);
}

void SeriesTable::Detach(std::span<const std::uint32_t> slots, const std::function<bool(std::uint32_t)>& unused,
                         std::vector<std::uint32_t>& detached) {
  constexpr std::size_t kAtOnce = 256;  // Finders of other series wait for no more than these.
  for (std::size_t begin = 0; begin < slots.size(); begin += kAtOnce) {
    const base::WriterLock lock(mu_);
    for (const std::uint32_t slot : slots.subspan(begin, std::min(kAtOnce, slots.size() - begin))) {
      if (!unused(slot)) continue;
      const metric::Labels labels = LabelsOf(slot);
      postings_.Remove(slot, IdsOf(slot));
      label_sets_.Remove(labels.bytes());
      stamps_.Move(labels);
      detached.push_back(slot);
      --attached_;
    }
  }
}

void SeriesTable::ForgetAliases(std::vector<std::uint32_t> slots) {
  if (slots.empty()) return;
  std::sort(slots.begin(), slots.end());
  aliases_.RemoveIf([&](std::uint32_t slot) { return std::binary_search(slots.begin(), slots.end(), slot); });
}

SeriesPlace SeriesTable::Reattach(std::uint32_t slot, const std::function<void(SeriesPlace)>& prepare) {
  const metric::Labels labels = LabelsOf(slot);
  const base::WriterLock lock(mu_);
  if (const auto found = FindLabels(labels)) return *found;
  const SeriesPlace place{slot, slots_[slot].generation};
  prepare(place);
  postings_.Add(slot, IdsOf(slot));
  label_sets_.Set(labels.bytes(), RefOf(place));
  ++attached_;
  stamps_.Move(labels);
  return place;
}

void SeriesTable::Free(std::span<const std::uint32_t> slots) {
  const base::WriterLock lock(mu_);
  for (const std::uint32_t slot : slots) {
    Slot& entry = slots_[slot];
    const std::size_t values = ShapeOf(slot).names.size();
    for (std::size_t i = 0; i < values; ++i) strings_.Release(entry.ids[1 + i]);
    auto* memory = reinterpret_cast<char*>(const_cast<std::uint32_t*>(entry.ids));
    arena_.Free(memory, (1 + values) * sizeof(std::uint32_t));
    entry.ids = nullptr;
    ++entry.generation;
    free_slots_.push_back(slot);
  }
}

// Like metric::Labels, pair by pair; equal ids are equal strings, so strings are compared once at most for series of
// one shape.
int SeriesTable::Compare(std::uint32_t a, std::uint32_t b) const {
  const std::vector<StringId>& names_a = ShapeOf(a).names;
  const std::vector<StringId>& names_b = ShapeOf(b).names;
  const std::uint32_t* values_a = slots_[a].ids + 1;
  const std::uint32_t* values_b = slots_[b].ids + 1;
  const std::size_t n = std::min(names_a.size(), names_b.size());
  for (std::size_t i = 0; i < n; ++i) {
    if (names_a[i] != names_b[i]) return strings_.Get(names_a[i]).compare(strings_.Get(names_b[i]));
    if (values_a[i] != values_b[i]) return strings_.Get(values_a[i]).compare(strings_.Get(values_b[i]));
  }
  return names_a.size() < names_b.size() ? -1 : names_a.size() > names_b.size() ? 1 : 0;
}

std::string_view SeriesTable::MetricName(std::uint32_t slot) const {
  const std::vector<StringId>& names = ShapeOf(slot).names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (strings_.Get(names[i]) == metric::kMetricName) return strings_.Get(slots_[slot].ids[1 + i]);
  }
  return {};
}

void SeriesTable::SortByLabels(std::vector<std::uint32_t>& slots) const {
  std::sort(slots.begin(), slots.end(), [&](std::uint32_t a, std::uint32_t b) { return Compare(a, b) < 0; });
}

void SeriesTable::SortByMetricAndLabels(std::vector<std::uint32_t>& slots) const {
  std::vector<std::pair<std::string_view, std::uint32_t>> named;
  named.reserve(slots.size());
  for (const std::uint32_t slot : slots) named.emplace_back(MetricName(slot), slot);
  std::sort(named.begin(), named.end(), [&](const auto& a, const auto& b) {
    const int order = a.first.data() == b.first.data() ? 0 : a.first.compare(b.first);
    return order != 0 ? order < 0 : Compare(a.second, b.second) < 0;
  });
  std::transform(named.begin(), named.end(), slots.begin(), [](const auto& entry) { return entry.second; });
}

index::IdSet SeriesTable::Resolve(std::span<const metric::Matcher> matchers) const {
  const base::ReaderLock lock(mu_);
  auto found = index::Resolve(postings_, matchers);
  BW_CHECK(found.ok());  // An index in memory does not fail.
  return std::move(found).value();
}

void SeriesTable::CollectNames(const index::IdSet& series, std::set<std::string, std::less<>>& names) const {
  std::set<const Shape*> seen;
  for (const std::uint32_t slot : series.ToVector()) {
    const Shape& shape = ShapeOf(slot);
    if (!seen.insert(&shape).second) continue;
    for (const StringId name : shape.names) names.emplace(strings_.Get(name));
  }
}

void SeriesTable::CollectValues(std::string_view name, const index::IdSet& series,
                                std::set<std::string, std::less<>>& values) const {
  const base::ReaderLock lock(mu_);
  const StringId id = strings_.Find(name);
  if (id == index::kNoString) return;
  postings_.ForEachValue(id, [&](StringId value, const index::PostingList& list) {
    if (list.Intersects(series)) values.emplace(strings_.Get(value));
  });
}

std::vector<SeriesTable::ValueSeries> SeriesTable::ValuesOf(std::string_view name) const {
  std::vector<ValueSeries> values;
  const base::ReaderLock lock(mu_);
  const StringId id = strings_.Find(name);
  if (id == index::kNoString) return values;
  postings_.ForEachValue(id, [&](StringId value, const index::PostingList& list) {
    ValueSeries& found = values.emplace_back();
    found.value = strings_.Get(value);
    found.count = list.First(found.slots);
    found.all = found.count == list.size();
  });
  return values;
}

std::size_t SeriesTable::size() const {
  const base::ReaderLock lock(mu_);
  return attached_;
}

std::uint32_t SeriesTable::slot_bound() const {
  const base::ReaderLock lock(mu_);
  return slot_bound_;
}

void SeriesTable::AddStats(std::size_t limit, StorageStats& stats) const {
  const base::ReaderLock lock(mu_);
  stats.series = attached_;
  stats.label_pairs = postings_.pair_count();
  AddLabelCounts(postings_, strings_, limit, stats);
}

std::size_t SeriesTable::memory_bytes() const {
  const base::ReaderLock lock(mu_);
  return aliases_.memory_bytes() + label_sets_.memory_bytes() + slots_.memory_bytes() + strings_.memory_bytes() +
         arena_.memory_bytes() + postings_.memory_bytes();
}

}  // namespace bellwether::storage::head
