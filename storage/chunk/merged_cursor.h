// storage/chunk/merged_cursor.h
//
// Reads the chunks of one series as one ascending run of samples. Chunks may come from anywhere and may overlap: of
// samples at one time the one in the chunk named first is read, so callers name older writes before newer ones (what is
// on disk before what is in the head). Chunks that do not overlap others, nearly all, are decoded straight into the
// columns that the reader gets; a chunk is decoded when its turn comes, one at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/status.h"
#include "base/time.h"
#include "storage/chunk/chunk_view.h"
#include "storage/storage.h"

namespace bellwether::storage::chunk {

class MergedCursor final : public SampleCursor {
 public:
  MergedCursor();
  ~MergedCursor() override;

  // Reset hints as readers see them, or, for writing merged chunks, as they are stored.
  enum class Hints : unsigned char { kForReaders, kAsStored };

  // Begins anew with these chunks, in any order of time; reads the samples of [min, max]. The bytes must live until the
  // next Reset or the end of the cursor; the span itself need not. Memory of the columns is kept from one series to the
  // next, so use one cursor for a whole series set. For readers, name the chunks from HintsFrom(min) on if there are
  // histograms among them: the hint of the first follows from the sample before it.
  void Reset(std::span<const ChunkView> chunks, base::TimestampMs min, base::TimestampMs max,
             Hints hints = Hints::kForReaders);

  bool Next(SampleBatch& batch) override;
  // kCorruption for a chunk whose bytes are no chunk; Next has returned false then.
  [[nodiscard]] base::Status status() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bellwether::storage::chunk
