// Any bytes as a commit record: they are refused, or read as a commit that encodes and reads back to the same.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "storage/journal/record_codec.h"

namespace {

using bellwether::storage::CommitEncoder;
using bellwether::storage::DecodeCommit;
using bellwether::storage::DecodedCommit;

void EncodeAgain(const DecodedCommit& commit, CommitEncoder& encoder) {
  encoder.Clear();
  for (const auto& series : commit.series) encoder.AddSeries(series.ref, series.labels);
  encoder.AddFloats(commit.floats, std::vector<std::uint8_t>(commit.floats.size(), 1));
  for (const auto& h : commit.histograms) {
    encoder.AddHistogram({h.ref, h.timestamp, &h.histogram, h.start_timestamp});
  }
  for (const auto& metadata : commit.metadata) encoder.AddMetadata(metadata);
  encoder.SetSince(commit.since);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  DecodedCommit commit;
  if (!DecodeCommit({reinterpret_cast<const char*>(data), size}, commit).ok()) return 0;
  CommitEncoder encoder;
  EncodeAgain(commit, encoder);
  const std::string once(encoder.Payload());
  DecodedCommit again;
  BW_CHECK(DecodeCommit(once, again).ok());
  EncodeAgain(again, encoder);
  BW_CHECK(encoder.Payload() == once);
  return 0;
}
