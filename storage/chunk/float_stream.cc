#include "storage/chunk/float_stream.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/chunk/decimal.h"
#include "storage/chunk/kind.h"
#include "storage/chunk/varint.h"

namespace bellwether::storage::chunk {
namespace {

using base::UnZigZag;
using base::ZigZag;

// Tokens. 0zzzzzzz: regular time, scaled value, zigzag delta in seven bits. 10zzzzzz: the same with the change of the
// delta in six. 11vvvtts: the general form, vvv from here, tt the change of the interval, s a new start time.
enum ValueCode : unsigned { kSame, kDelta, kDeltaChange, kXor, kNewExponent, kRun };
enum TimeCode : unsigned { kRegular, kByte, kTwoBytes, kVarint };

constexpr unsigned GeneralToken(ValueCode value, TimeCode time, bool new_start) {
  return 0xC0u | static_cast<unsigned>(value) << 3 | static_cast<unsigned>(time) << 1 | (new_start ? 1u : 0u);
}

constexpr int kSkipAfterMiss = 31;
constexpr std::uint8_t kNotScaled = 0xFF;

// Wrapping: times are any 64 bits.
std::int64_t Minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t Plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Significant bytes of a XOR: a byte (zero bytes below << 4 | how many follow), then those.
char* PutXor(char* p, std::uint64_t x) {
  const unsigned low = static_cast<unsigned>(std::countr_zero(x)) / 8;
  const unsigned n = 8 - low - static_cast<unsigned>(std::countl_zero(x)) / 8;
  *p++ = static_cast<char>(low << 4 | n);
  x >>= low * 8;
  std::memcpy(p, &x, 8);
  return p + n;
}

bool GetXor(std::string_view& in, std::uint64_t& x) {
  if (in.empty()) return false;
  const auto head = static_cast<unsigned char>(in[0]);
  const unsigned low = head >> 4;
  const unsigned n = head & 15;
  if (n == 0 || low + n > 8 || in.size() < 1 + n) return false;
  x = 0;
  std::memcpy(&x, in.data() + 1, n);
  x <<= low * 8;
  in.remove_prefix(1 + n);
  return true;
}

}  // namespace

FloatStream* FloatStream::New() {
  void* memory = std::malloc(sizeof(FloatStream) + kFirstCapacity);
  BW_CHECK(memory != nullptr);
  auto* stream = new (memory) FloatStream();
  stream->capacity_ = kFirstCapacity;
  return stream;
}

void FloatStream::Delete(FloatStream* stream) { std::free(stream); }

FloatStream* FloatStream::Grow(FloatStream* stream) {
  const std::uint32_t capacity = stream->capacity_ + (stream->capacity_ < 256 ? 64 : stream->capacity_ / 2);
  void* memory = std::realloc(static_cast<void*>(stream), sizeof(FloatStream) + capacity);
  BW_CHECK(memory != nullptr);
  stream = static_cast<FloatStream*>(memory);
  stream->capacity_ = capacity;
  return stream;
}

void FloatStream::Begin(base::TimestampMs t, double v, base::TimestampMs start) {
  *this = [&] {
    FloatStream fresh;
    fresh.capacity_ = capacity_;
    return fresh;
  }();
  t_ = first_t_ = t.ms;
  bits_ = std::bit_cast<std::uint64_t>(v);
  start_ = start.ms;
  count_ = 1;
  exponent_ = static_cast<std::int8_t>(FindExponent(v, 0, m_));
  char* p = bytes();
  *p++ = static_cast<char>(Kind::kFloatStream);
  *p++ = exponent_ < 0 ? static_cast<char>(kNotScaled) : static_cast<char>(exponent_);
  std::memcpy(p, &t_, 8);
  std::memcpy(p + 8, &bits_, 8);
  p = PutVarint(p + 16, ZigZag(start_));
  used_ = static_cast<std::uint32_t>(p - bytes());
}

void FloatStream::Add(std::int64_t t, double v, std::int64_t start) {
  const std::int64_t dt = Minus(t, t_);
  const std::int64_t dod = Minus(dt, dt_);
  t_ = t;
  dt_ = dt;
  ++count_;
  if (dod == 0 && std::bit_cast<std::uint64_t>(v) == bits_ && start == start_) {
    ++run_;
    return;
  }
  if (run_ > 0) FlushRun();
  AddChanged(dod, v, start);
}

void FloatStream::FlushRun() {
  char* p = bytes() + used_;
  if (run_ == 1) {
    *p++ = static_cast<char>(GeneralToken(kSame, kRegular, false));
  } else {
    *p++ = static_cast<char>(GeneralToken(kRun, kRegular, false));
    p = PutVarint(p, run_);
  }
  used_ = static_cast<std::uint32_t>(p - bytes());
  run_ = 0;
  delta_ = 0;
}

// Finds m for `v` by the present exponent, or by a greater one (then new_exponent is not -1).
bool FloatStream::Scale(double v, std::int64_t& m, int& new_exponent) {
  new_exponent = -1;
  if (exponent_ >= 0 && ToScaled(v, exponent_, m)) return true;
  if (skip_ > 0) {
    --skip_;
    return false;
  }
  new_exponent = FindExponent(v, exponent_ >= 0 ? exponent_ + 1 : 0, m);
  if (new_exponent >= 0) return true;
  skip_ = kSkipAfterMiss;
  return false;
}

void FloatStream::AddChanged(std::int64_t dod, double v, std::int64_t start) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(v);
  char* const token = bytes() + used_;
  char* p = token + 1;
  const bool new_start = start != start_;
  std::int64_t m = 0;
  int new_exponent = -1;
  ValueCode code = kSame;
  if (bits == bits_) {
    delta_ = 0;
  } else if (Scale(v, m, new_exponent) && new_exponent < 0) {
    const std::int64_t delta = m - m_;
    const std::uint64_t z = ZigZag(delta);
    const std::uint64_t change = ZigZag(delta - delta_);
    m_ = m;
    delta_ = delta;
    bits_ = bits;
    if (dod == 0 && !new_start && (z < 128 || change < 64)) {
      *token = static_cast<char>(z < 128 ? z : 0x80 | change);
      ++used_;
      return;
    }
    code = z <= change ? kDelta : kDeltaChange;
    p = PutVarint(p, z <= change ? z : change);
  } else if (new_exponent >= 0) {
    code = kNewExponent;
    *p++ = static_cast<char>(new_exponent);
    p = PutVarint(p, ZigZag(m));
    exponent_ = static_cast<std::int8_t>(new_exponent);
    m_ = m;
    delta_ = 0;
  } else {
    code = kXor;
    p = PutXor(p, bits ^ bits_);
    exponent_ = -1;
    delta_ = 0;
  }
  bits_ = bits;
  TimeCode time = kRegular;
  if (dod != 0) {
    if (dod >= -128 && dod < 128) {
      time = kByte;
      *p++ = static_cast<char>(dod);
    } else if (dod >= -32768 && dod < 32768) {
      time = kTwoBytes;
      std::memcpy(p, &dod, 2);
      p += 2;
    } else {
      time = kVarint;
      p = PutVarint(p, ZigZag(dod));
    }
  }
  if (new_start) {
    p = PutVarint(p, ZigZag(Minus(start, start_)));
    start_ = start;
  }
  *token = static_cast<char>(GeneralToken(code, time, new_start));
  used_ = static_cast<std::uint32_t>(p - bytes());
}

void FloatStream::CopyTo(std::string& out) const {
  BW_DCHECK(count_ > 0);
  out.append(bytes(), used_);
  if (run_ == 0) return;
  out.push_back(static_cast<char>(GeneralToken(kRun, kRegular, false)));
  base::AppendVarint(out, run_);
}

namespace {

// Walks the tokens with the same state as the writer.
class StreamReader {
 public:
  StreamReader(std::string_view in, Columns& out) : in_(in), out_(out) {}

  bool Read() {
    if (!ReadHeader()) return false;
    while (!in_.empty()) {
      if (!ReadToken() || out_.timestamps.size() > kMaxChunkSamples) return false;
    }
    return true;
  }

  // What a writer that goes on must know.
  struct State {
    std::int64_t t = 0;
    std::int64_t dt = 0;
    std::uint64_t bits = 0;
    std::int64_t start = 0;
    std::int64_t m = 0;
    std::int64_t delta = 0;
    int exponent = -1;
  };
  [[nodiscard]] State state() const { return {t_, dt_, bits_, start_, m_, delta_, exponent_}; }

 private:
  bool ReadHeader() {
    if (in_.empty()) return false;
    const auto exponent = static_cast<std::uint8_t>(in_[0]);
    in_.remove_prefix(1);
    std::uint64_t t = 0;
    std::uint64_t start = 0;
    if (!base::ReadFixed64(in_, t) || !base::ReadFixed64(in_, bits_) || !base::ReadVarint(in_, start)) return false;
    t_ = static_cast<std::int64_t>(t);
    start_ = UnZigZag(start);
    if (exponent != kNotScaled) {
      exponent_ = exponent;
      if (exponent > kMaxExponent || !ToScaled(std::bit_cast<double>(bits_), exponent, m_)) return false;
    }
    if (start_ != 0) KeepStarts();
    Emit();
    return true;
  }

  bool ReadToken() {
    const auto token = static_cast<unsigned char>(in_[0]);
    in_.remove_prefix(1);
    if (token < 0x80) return Delta(UnZigZag(token)) && EmitAt(0);
    if (token < 0xC0) return Delta(Plus(delta_, UnZigZag(token & 0x3F))) && EmitAt(0);
    const unsigned code = token >> 3 & 7;
    if (code == kRun) return (token & 7) == 0 && ReadRun();
    std::int64_t dod = 0;
    return ReadValue(code) && ReadTime(token >> 1 & 3, dod) && ((token & 1) == 0 || ReadStart()) && EmitAt(dod);
  }

  bool ReadValue(unsigned code) {
    std::uint64_t z = 0;
    switch (code) {
      case kSame: delta_ = 0; return true;
      case kDelta: return base::ReadVarint(in_, z) && Delta(UnZigZag(z));
      case kDeltaChange: return base::ReadVarint(in_, z) && Delta(Plus(delta_, UnZigZag(z)));
      case kXor:
        if (!GetXor(in_, z)) return false;
        bits_ ^= z;
        exponent_ = -1;
        delta_ = 0;
        return true;
      case kNewExponent:
        if (in_.empty()) return false;
        exponent_ = static_cast<unsigned char>(in_[0]);
        in_.remove_prefix(1);
        if (exponent_ > kMaxExponent || !base::ReadVarint(in_, z)) return false;
        m_ = 0;
        if (!Delta(UnZigZag(z))) return false;
        delta_ = 0;
        return true;
      default: return false;
    }
  }

  bool ReadTime(unsigned code, std::int64_t& dod) {
    std::uint64_t z = 0;
    switch (code) {
      case kRegular: return true;
      case kByte:
        if (in_.empty()) return false;
        dod = static_cast<std::int8_t>(in_[0]);  // NOLINT(bugprone-signed-char-misuse): the sign counts.
        in_.remove_prefix(1);
        return true;
      case kTwoBytes: {
        if (in_.size() < 2) return false;
        std::int16_t two = 0;
        std::memcpy(&two, in_.data(), 2);
        dod = two;
        in_.remove_prefix(2);
        return true;
      }
      default:
        if (!base::ReadVarint(in_, z)) return false;
        dod = UnZigZag(z);
        return true;
    }
  }

  bool ReadStart() {
    std::uint64_t z = 0;
    if (!base::ReadVarint(in_, z)) return false;
    start_ = Plus(start_, UnZigZag(z));
    if (out_.start_timestamps.empty()) KeepStarts();
    return true;
  }

  bool ReadRun() {
    std::uint64_t n = 0;
    if (!base::ReadVarint(in_, n) || n > kMaxChunkSamples) return false;
    delta_ = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      if (!EmitAt(0)) return false;
    }
    return true;
  }

  // The samples before had no start time.
  void KeepStarts() {
    keep_starts_ = true;
    out_.start_timestamps.assign(out_.timestamps.size(), base::TimestampMs());
  }

  bool Delta(std::int64_t delta) {
    constexpr std::int64_t kLimit = std::int64_t{1} << 53;
    if (exponent_ < 0 || delta > 2 * kLimit || delta < -2 * kLimit) return false;
    delta_ = delta;
    m_ += delta;
    bits_ = std::bit_cast<std::uint64_t>(FromScaled(m_, exponent_));
    return m_ >= -kLimit && m_ <= kLimit;
  }

  bool EmitAt(std::int64_t dod) {
    dt_ = Plus(dt_, dod);
    const std::int64_t t = Plus(t_, dt_);
    if (t <= t_) return false;
    t_ = t;
    Emit();
    return true;
  }

  void Emit() {
    out_.timestamps.emplace_back(t_);
    out_.values.push_back(std::bit_cast<double>(bits_));
    if (keep_starts_) out_.start_timestamps.emplace_back(start_);
  }

  std::string_view in_;
  Columns& out_;
  std::int64_t t_ = 0;
  std::int64_t dt_ = 0;
  std::uint64_t bits_ = 0;
  std::int64_t start_ = 0;
  std::int64_t m_ = 0;
  std::int64_t delta_ = 0;
  int exponent_ = -1;
  bool keep_starts_ = false;
};

}  // namespace

bool DecodeFloatStream(std::string_view bytes, Columns& out) { return StreamReader(bytes, out).Read(); }

FloatStream* FloatStream::Reopen(std::string_view chunk) {
  if (chunk.empty() || chunk[0] != static_cast<char>(Kind::kFloatStream)) return nullptr;
  thread_local Columns samples;
  samples.Clear();
  StreamReader reader(chunk.substr(1), samples);
  if (!reader.Read() || samples.timestamps.size() >= kMaxChunkSamples) return nullptr;
  const auto used = static_cast<std::uint32_t>(chunk.size());
  const std::uint32_t capacity = used + kFirstCapacity;
  void* memory = std::malloc(sizeof(FloatStream) + capacity);
  BW_CHECK(memory != nullptr);
  auto* stream = new (memory) FloatStream();
  const StreamReader::State state = reader.state();
  stream->t_ = state.t;
  stream->dt_ = state.dt;
  stream->bits_ = state.bits;
  stream->start_ = state.start;
  stream->m_ = state.m;
  stream->delta_ = state.delta;
  stream->exponent_ = static_cast<std::int8_t>(state.exponent);
  stream->first_t_ = samples.timestamps.front().ms;
  stream->count_ = static_cast<std::uint16_t>(samples.timestamps.size());
  stream->capacity_ = capacity;
  stream->used_ = used;
  std::memcpy(stream->bytes(), chunk.data(), used);
  return stream;
}

}  // namespace bellwether::storage::chunk
