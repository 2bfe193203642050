// The series table from a snapshot: each string, pair and posting list is made once, in one piece.
#include <utility>

#include "base/bytes.h"
#include "storage/head/series_table.h"

namespace bellwether::storage::head {
namespace {

using index::StringId;

base::Status BadTable(const char* what) { return base::Corruption(std::string("read a snapshot's labels: ") + what); }

}  // namespace

class SeriesTable::Restoring {
 public:
  explicit Restoring(SeriesTable& table) BW_REQUIRES(table.mu_) : t_(table) {}

  // Take and Finish: the caller holds the table's lock, which the analysis does not see behind a reference.
  base::Status Take(std::string_view batch) BW_NO_THREAD_SAFETY_ANALYSIS {
    const SnapshotTotals before{strings_.size(), pairs_.size(), label_counts_.size()};
    BW_RETURN_IF_ERROR(DecodeSnapshotLabels(batch, before, decoded_));
    for (const std::string_view text : decoded_.strings) strings_.push_back(t_.strings_.Intern(text));
    for (const auto& [name, value] : decoded_.pairs) pairs_.push_back({strings_[name], strings_[value]});
    uses_.resize(pairs_.size());
    t_.slots_.GrowTo(label_counts_.size() + decoded_.label_counts.size());
    std::span<const std::uint32_t> rest = decoded_.labels;
    for (const std::uint32_t count : decoded_.label_counts) {
      BW_RETURN_IF_ERROR(TakeSeries(rest.first(count)));
      rest = rest.subspan(count);
    }
    labels_.insert(labels_.end(), decoded_.labels.begin(), decoded_.labels.end());
    return base::OkStatus();
  }

  base::Status Finish(const SnapshotTotals& totals) BW_NO_THREAD_SAFETY_ANALYSIS {
    if (SnapshotTotals{strings_.size(), pairs_.size(), label_counts_.size()} != totals) return BadTable("totals");
    for (std::size_t i = 0; i < pairs_.size(); ++i) t_.strings_.AddUses(pairs_[i].value, uses_[i]);
    for (const StringId id : strings_) t_.strings_.Release(id);  // The use of Take.
    t_.postings_.Build(pairs_, label_counts_, labels_);
    t_.slot_bound_ = static_cast<std::uint32_t>(label_counts_.size());
    t_.attached_ = label_counts_.size();
    return base::OkStatus();
  }

 private:
  base::Status TakeSeries(std::span<const std::uint32_t> labels) BW_REQUIRES(t_.mu_) {
    BW_RETURN_IF_ERROR(FindShape(labels));
    auto* ids = reinterpret_cast<std::uint32_t*>(t_.arena_.Allocate((1 + labels.size()) * sizeof(std::uint32_t)));
    ids[0] = shape_;
    label_set_.clear();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const LabelIds& pair = pairs_[labels[i]];
      ids[1 + i] = pair.value;
      ++uses_[labels[i]];
      base::AppendLengthPrefixed(label_set_, t_.strings_.Get(pair.name));
      base::AppendLengthPrefixed(label_set_, t_.strings_.Get(pair.value));
    }
    const auto slot = static_cast<std::uint32_t>(label_counts_.size());
    t_.slots_[slot].ids = ids;
    t_.label_sets_.Set(label_set_, RefOf({slot, 0}));
    label_counts_.push_back(static_cast<std::uint32_t>(labels.size()));
    return base::OkStatus();
  }

  // Neighbours mostly have the same names.
  base::Status FindShape(std::span<const std::uint32_t> labels) BW_REQUIRES(t_.mu_) {
    bool same = names_.size() == labels.size();
    for (std::size_t i = 0; same && i < labels.size(); ++i) same = names_[i] == pairs_[labels[i]].name;
    if (same) return base::OkStatus();
    names_.clear();
    for (const std::uint32_t label : labels) {
      const StringId name = pairs_[label].name;
      if (!names_.empty() && t_.strings_.Get(names_.back()) >= t_.strings_.Get(name)) return BadTable("order of names");
      names_.push_back(name);
    }
    shape_ = t_.ShapeFor(names_);
    return base::OkStatus();
  }

  SeriesTable& t_;
  SnapshotLabels decoded_;
  std::vector<StringId> strings_;  // By number in the snapshot, as the next.
  std::vector<LabelIds> pairs_;
  std::vector<std::uint32_t> uses_;  // Of each pair.
  std::vector<std::uint32_t> label_counts_;
  std::vector<std::uint32_t> labels_;
  std::vector<StringId> names_;  // Of the series before.
  std::uint32_t shape_ = 0;
  std::string label_set_;
};

base::Status SeriesTable::Restore(std::span<const std::string_view> batches, const SnapshotTotals& totals) {
  std::uint64_t bytes = 0;
  for (const std::string_view batch : batches) bytes += batch.size();
  if (totals.strings > bytes || totals.pairs > bytes || totals.series > bytes) return BadTable("totals");
  const base::WriterLock lock(mu_);
  strings_.Reserve(static_cast<std::size_t>(totals.strings));
  label_sets_.Reserve(static_cast<std::size_t>(totals.series));
  Restoring restoring(*this);
  for (const std::string_view batch : batches) BW_RETURN_IF_ERROR(restoring.Take(batch));
  return restoring.Finish(totals);
}

}  // namespace bellwether::storage::head
