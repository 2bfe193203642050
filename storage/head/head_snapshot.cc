// The head as a snapshot, and back. docs/formats/snapshot.md has the bytes and says why a snapshot that is taken while
// others write is one that the journal completes.
#include <algorithm>
#include <thread>
#include <utility>

#include "storage/head/head_impl.h"

namespace bellwether::storage::head {
namespace {

// Slots of a batch: so many series of each shard are looked at under one hold of its mutex.
constexpr std::uint32_t kSlotsAtOnce = 128 * kShards;

base::Status BadSamples(std::size_t batch) {
  return base::Corruption("read a snapshot's samples: batch " + std::to_string(batch) + " is malformed");
}

// The samples of some slots, each on its own, so that they can be gathered shard by shard and written in order.
class SavedBatch {
 public:
  void Gather(std::span<const std::unique_ptr<Shard>> shards, std::uint32_t begin, std::uint32_t end,
              std::span<const WindowId> handed_over) {
    bytes_.clear();
    pieces_.assign(end - begin, {});
    for (std::size_t number = 0; number < kShards; ++number) {
      const Shard& shard = *shards[number];
      const base::MutexLock lock(shard.mu);
      for (std::uint32_t slot = begin + static_cast<std::uint32_t>(number); slot < end; slot += kShards) {
        const Series& s = shard.At(slot);
        if (s.detached) continue;
        const std::size_t at = bytes_.size();
        s.Save(shard.windows, handed_over, bytes_);
        pieces_[slot - begin] = {at, bytes_.size() - at, s.generation};
      }
    }
  }
  // Empty: no series there, or one that never had a sample.
  [[nodiscard]] std::string_view Of(std::uint32_t index) const {
    return std::string_view(bytes_).substr(pieces_[index].begin, pieces_[index].length);
  }
  [[nodiscard]] std::uint16_t GenerationOf(std::uint32_t index) const { return pieces_[index].generation; }

 private:
  struct Piece {
    std::size_t begin = 0;
    std::size_t length = 0;
    std::uint16_t generation = 0;
  };
  std::string bytes_;
  std::vector<Piece> pieces_;  // By slot.
};

}  // namespace

// A series that is attached when its shard is looked at keeps its labels, and they their ids, as long as the pin.
base::Result<SnapshotTotals> Head::Save(std::span<const WindowId> handed_over, const SnapshotSink& sink) const {
  const Pin pin = impl_->NewPin();
  const SeriesTable& table = impl_->table;
  const std::uint32_t bound = table.slot_bound();
  SnapshotLabelsEncoder encoder([&](index::StringId id) { return table.Text(id); });
  SavedBatch batch;
  std::vector<index::LabelIds> ids;
  std::string labels;
  std::string samples;
  std::string saved;
  std::vector<SeriesRef> refs;
  for (std::uint32_t begin = 0; begin < bound; begin += kSlotsAtOnce) {
    const std::uint32_t end = std::min(bound, begin + kSlotsAtOnce);
    batch.Gather(impl_->shards, begin, end, handed_over);
    const std::uint64_t first = encoder.totals().series;
    saved.clear();
    refs.clear();
    for (std::uint32_t slot = begin; slot < end; ++slot) {
      const std::string_view piece = batch.Of(slot - begin);
      if (piece.empty()) continue;
      table.IdsOf(slot, ids);
      encoder.AddSeries(ids);
      refs.push_back(RefOf({slot, batch.GenerationOf(slot - begin)}));
      saved.append(piece);
    }
    if (saved.empty()) continue;
    labels.clear();
    encoder.FinishBatch(labels);
    samples.clear();
    AppendSamplesHeader(first, refs, samples);
    samples.append(saved);
    BW_RETURN_IF_ERROR(sink(labels, samples));
  }
  return encoder.totals();
}

base::Status Head::Impl::RestoreSamples(const Snapshot& snapshot, const std::function<bool(WindowId)>& is_sealed,
                                        Loaded& loaded) {
  std::uint64_t slot = 0;
  SavedSeries saved;
  for (std::size_t b = 0; b < snapshot.samples.size(); ++b) {
    std::string_view in = snapshot.samples[b];
    std::uint64_t first = 0;
    if (!ReadSamplesHeader(in, first, loaded.refs) || first != slot || loaded.refs.size() > snapshot.totals.series) {
      return BadSamples(b);
    }
    for (const std::uint64_t end = loaded.refs.size(); slot < end; ++slot) {
      if (!ReadSavedSeries(in, saved)) return BadSamples(b);
      loaded.newest = std::max(loaded.newest, saved.newest);
      const auto place = static_cast<std::uint32_t>(slot);
      Shard& shard = ShardFor(place);
      const base::MutexLock lock(shard.mu);
      shard.series.GrowTo(place / kShards + 1);
      Series& s = shard.At(place);
      s.Begin(0);
      loaded.chunks += s.Restore(saved, is_sealed, shard.windows);
    }
    if (!in.empty()) return BadSamples(b);
  }
  return slot == snapshot.totals.series ? base::OkStatus() : BadSamples(snapshot.samples.size());
}

// Labels and samples have nothing in common but the slots, which are known beforehand: a thread each.
base::Result<Head::Loaded> Head::Load(const Snapshot& snapshot, const std::function<bool(WindowId)>& is_sealed) {
  Loaded loaded;
  base::Status samples;
  base::Status labels;
  {
    const std::jthread loader([&] { samples = impl_->RestoreSamples(snapshot, is_sealed, loaded); });
    labels = impl_->table.Restore(snapshot.labels, snapshot.totals);
  }
  BW_RETURN_IF_ERROR(std::move(labels));
  BW_RETURN_IF_ERROR(std::move(samples));
  return loaded;
}

}  // namespace bellwether::storage::head
