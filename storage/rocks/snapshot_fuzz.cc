// Any bytes as a batch of a snapshot, as its samples, or as the file: they are refused, or fill a head that saves and
// loads again. The first byte chooses which.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "storage/rocks/snapshot_file.h"

namespace {

namespace head = bellwether::storage::head;
using bellwether::storage::ReadSnapshotFile;

bool Load(const head::Head::Snapshot& snapshot) {
  head::Head loaded({});
  return loaded.Load(snapshot, [](head::WindowId) { return false; }).ok();
}

void TryLabels(std::string_view bytes) {
  head::SnapshotLabels labels;
  if (!head::DecodeSnapshotLabels(bytes, {}, labels).ok()) return;
  // With a series each that has a newest sample and nothing else.
  std::string samples;
  head::AppendSamplesHeader(0, std::vector<bellwether::storage::SeriesRef>(labels.label_counts.size()), samples);
  for (std::size_t i = 0; i < labels.label_counts.size(); ++i) head::AppendSavedNewest({}, i, nullptr, 0, samples);
  static_cast<void>(
      Load({{bytes}, {samples}, {labels.strings.size(), labels.pairs.size(), labels.label_counts.size()}}));
}

void TrySamples(std::string_view bytes) {
  head::SavedSeries saved;
  std::string_view rest = bytes;
  while (!rest.empty() && head::ReadSavedSeries(rest, saved)) {
    std::string once;
    head::AppendSavedNewest(saved.newest, saved.newest_bits,
                            saved.newest_is_histogram ? &saved.newest_histogram : nullptr, saved.chunks.size(), once);
    for (const auto& c : saved.chunks) head::AppendSavedChunk(saved.newest, c.view, c.late, once);
    std::string_view in = once;
    head::SavedSeries again;
    BW_CHECK(head::ReadSavedSeries(in, again) && in.empty());
    BW_CHECK(again.newest == saved.newest && again.chunks.size() == saved.chunks.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: TryLabels(bytes); break;
    case 1: TrySamples(bytes); break;
    default:
      if (const auto file = ReadSnapshotFile(bytes); file.ok()) static_cast<void>(Load(file->content));
  }
  return 0;
}
