// storage/chunk/float_stream.h
//
// The open chunk of a float series: samples compressed one by one as they come, whole bytes only, so that an append is
// a few compares and one or two stores. A constant series on a regular interval costs nothing a sample, a counter or a
// decimal gauge one byte or two, a jittered time one more, a full mantissa about nine. When the chunk is full it is
// decoded once and written as columns (float_columns.h), which are smaller and read faster.
//
// Not thread-safe. docs/formats/chunks.md has the tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "storage/chunk/columns.h"

namespace bellwether::storage::chunk {

// State and bytes in one allocation that grows by doubling.
class FloatStream {
 public:
  // Room for the header and some tokens.
  static FloatStream* New();
  static void Delete(FloatStream* stream);
  // A stream that goes on behind an encoded chunk (kind included) that CopyTo wrote; null on other bytes.
  static FloatStream* Reopen(std::string_view chunk);

  // Begins a chunk with its first sample; what was there is forgotten, the memory kept.
  void Begin(base::TimestampMs t, double v, base::TimestampMs start);
  // Adds a sample later than the last. The stream may move: use what is returned.
  [[nodiscard]] static FloatStream* Append(FloatStream* stream, base::TimestampMs t, double v,
                                           base::TimestampMs start) {
    if (stream->free_bytes() < kLargestToken) stream = Grow(stream);
    stream->Add(t.ms, v, start.ms);
    return stream;
  }

  [[nodiscard]] std::uint32_t count() const { return count_; }  // 0: nothing begun.
  [[nodiscard]] base::TimestampMs min() const { return base::TimestampMs(first_t_); }
  [[nodiscard]] base::TimestampMs max() const { return base::TimestampMs(t_); }
  // Of the last sample: the time of the one before it, which only a stream with two or more has, and its own start.
  [[nodiscard]] base::TimestampMs before_last() const { return base::TimestampMs(t_ - dt_); }
  [[nodiscard]] base::TimestampMs last_start() const { return base::TimestampMs(start_); }
  void Clear() { count_ = 0; }

  // Appends the encoded chunk.
  void CopyTo(std::string& out) const;
  [[nodiscard]] std::size_t memory_bytes() const { return sizeof(FloatStream) + capacity_; }
  // Where the next token goes, to be prefetched.
  [[nodiscard]] const char* tail() const { return bytes() + used_; }

 private:
  // Run (11), token, exponent, three varints.
  static constexpr std::uint32_t kLargestToken = 11 + 2 + 30;
  static constexpr std::uint32_t kFirstCapacity = 64;

  FloatStream() = default;
  static FloatStream* Grow(FloatStream* stream);
  void Add(std::int64_t t, double v, std::int64_t start);
  void AddChanged(std::int64_t dod, double v, std::int64_t start);
  bool Scale(double v, std::int64_t& m, int& new_exponent);
  void FlushRun();
  [[nodiscard]] std::uint32_t free_bytes() const { return capacity_ - used_; }
  [[nodiscard]] char* bytes() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

  std::int64_t t_ = 0;  // Of the last sample.
  std::int64_t dt_ = 0;
  std::uint64_t bits_ = 0;
  std::int64_t start_ = 0;
  std::int64_t m_ = 0;  // Scaled value, if exponent_ >= 0.
  std::int64_t delta_ = 0;
  std::int64_t first_t_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t used_ = 0;
  std::uint32_t run_ = 0;  // Repeats not written yet.
  std::uint16_t count_ = 0;
  std::int8_t exponent_ = -1;  // -1: the last value is not scaled.
  std::uint8_t skip_ = 0;      // Values to go before an exponent is looked for again.
};

// The samples of a chunk that CopyTo wrote, `bytes` without the kind. False on other bytes.
[[nodiscard]] bool DecodeFloatStream(std::string_view bytes, Columns& out);

}  // namespace bellwether::storage::chunk
