#include "storage/chunk/histogram_chunk.h"

#include <zstd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/chunk/kind.h"
#include "storage/chunk/time_column.h"

namespace bellwether::storage::chunk {
namespace {

enum PayloadEncoding : char { kPlainPayload = 0, kZstdPayload = 1 };

constexpr int kZstdLevel = 1;
constexpr std::size_t kPayloadBytesMax = 64u << 20;  // More than any chunk has; refused when read.

// The payload compressed, or nothing if that does not pay.
std::string Compress(std::string_view payload) {
  std::string packed(ZSTD_compressBound(payload.size()), '\0');
  const std::size_t n = ZSTD_compress(packed.data(), packed.size(), payload.data(), payload.size(), kZstdLevel);
  if (ZSTD_isError(n) != 0 || n + base::kMaxVarintBytes >= payload.size()) return {};
  packed.resize(n);
  return packed;
}

void AppendHeader(std::span<const base::TimestampMs> times, std::span<const base::TimestampMs> starts,
                  std::string& out) {
  BW_CHECK(!times.empty() && times.size() <= kMaxChunkSamples);
  out.push_back(static_cast<char>(Kind::kHistograms));
  base::AppendVarint(out, times.size());
  AppendTimes(times, out);
  AppendStarts(starts, out);
}

void AppendPayload(std::string_view payload, bool compress, std::string& out) {
  const std::string packed = compress ? Compress(payload) : std::string();
  out.push_back(packed.empty() ? kPlainPayload : kZstdPayload);
  if (!packed.empty()) base::AppendVarint(out, payload.size());
  out.append(packed.empty() ? payload : packed);
}

bool Unpack(std::string_view in, std::string& payload) {
  std::uint64_t n = 0;
  if (!base::ReadVarint(in, n) || n > kPayloadBytesMax) return false;
  // What zstd says of the content must agree before memory is given.
  if (ZSTD_getFrameContentSize(in.data(), in.size()) != n) return false;
  payload.resize(static_cast<std::size_t>(n));
  const std::size_t written = ZSTD_decompress(payload.data(), payload.size(), in.data(), in.size());
  return ZSTD_isError(written) == 0 && written == payload.size();
}

}  // namespace

void HistogramStream::Append(base::TimestampMs t, const metric::NativeHistogram& h, base::TimestampMs start) {
  times_.push_back(t);
  starts_.push_back(start);
  metric::EncodeHistogram(h, payload_);
}

void HistogramStream::Clear() {
  times_.clear();
  starts_.clear();
  payload_.clear();
}

void HistogramStream::CopyTo(std::string& out) const {
  AppendHeader(times_, starts_, out);
  AppendPayload(payload_, false, out);
}

void HistogramStream::CloseTo(std::string& out) const {
  AppendHeader(times_, starts_, out);
  AppendPayload(payload_, true, out);
}

void EncodeHistograms(std::span<const base::TimestampMs> times, std::span<const metric::NativeHistogram> histograms,
                      std::span<const base::TimestampMs> starts, std::string& out) {
  BW_CHECK(times.size() == histograms.size());
  AppendHeader(times, starts, out);
  std::string payload;
  for (const metric::NativeHistogram& h : histograms) metric::EncodeHistogram(h, payload);
  AppendPayload(payload, true, out);
}

bool DecodeHistograms(std::string_view bytes, Columns& out) {
  std::uint64_t count = 0;
  if (!base::ReadVarint(bytes, count) || count == 0 || count > kMaxChunkSamples) return false;
  const auto n = static_cast<std::size_t>(count);
  if (!ReadTimes(bytes, n, out.timestamps) || !ReadStarts(bytes, n, out.start_timestamps) || bytes.empty())
    return false;
  const char encoding = bytes[0];
  bytes.remove_prefix(1);
  std::string unpacked;
  if (encoding == kZstdPayload) {
    if (!Unpack(bytes, unpacked)) return false;
    bytes = unpacked;
  } else if (encoding != kPlainPayload) {
    return false;
  }
  out.histograms.reserve(out.histograms.size() + n);
  for (std::size_t i = 0; i < n; ++i) {
    if (!metric::DecodeHistogram(bytes, out.histograms.emplace_back())) return false;
  }
  return bytes.empty();
}

}  // namespace bellwether::storage::chunk
