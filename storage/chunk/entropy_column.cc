#include "storage/chunk/entropy_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "base/bytes.h"

namespace bellwether::storage::chunk {
namespace {

// ---- What is coded: residuals of order 0 (values), 1 (deltas) or 2 (changes of deltas)

constexpr int kOrders = 3;
constexpr unsigned kShiftMax = 48;
constexpr std::size_t kSymbols = 256;
constexpr unsigned kProbabilityBits = 10;
constexpr std::uint32_t kProbabilityOne = 1u << kProbabilityBits;

using Residuals = std::vector<std::int64_t>;
using Counts = std::array<std::uint32_t, kSymbols>;

// Turns residuals of one order into those of the next; the first is then a lead.
void Differentiate(Residuals& residuals) {
  for (std::size_t i = residuals.size() - 1; i > 0; --i) residuals[i] -= residuals[i - 1];
}

// How a column is cut into symbols and raw bits.
struct SymbolCut {
  std::int64_t least = 0;
  std::uint64_t unit = 1;
  unsigned shift = 0;  // Raw bits of a residual.
  std::size_t symbols = 0;
  double bits = std::numeric_limits<double>::infinity();  // About what it costs.

  [[nodiscard]] std::uint64_t Reduce(std::int64_t residual) const {
    const auto above = static_cast<std::uint64_t>(residual) - static_cast<std::uint64_t>(least);
    return unit == 1 ? above : above / unit;
  }
};

double TimesLog(std::uint32_t n) {
  static const auto table = [] {
    std::array<float, 4096> logs{};
    for (std::size_t i = 2; i < logs.size(); ++i) {
      logs[i] = static_cast<float>(static_cast<double>(i) * std::log2(static_cast<double>(i)));
    }
    return logs;
  }();
  return n < table.size() ? static_cast<double>(table[n]) : n * std::log2(static_cast<double>(n));
}

// Bits of the symbols and of their table.
double CostOf(std::span<const std::uint32_t> counts, std::size_t total) {
  double bits = TimesLog(static_cast<std::uint32_t>(total));
  for (const std::uint32_t n : counts) bits += n == 0 ? 3.0 : 8.0 - TimesLog(n);
  return bits;
}

std::uint64_t CommonUnit(std::span<const std::int64_t> residuals, std::int64_t least) {
  std::uint64_t unit = 0;
  for (const std::int64_t r : residuals) {
    unit = std::gcd(unit, static_cast<std::uint64_t>(r) - static_cast<std::uint64_t>(least));
    if (unit == 1) break;
  }
  return std::max<std::uint64_t>(unit, 1);
}

Counts CountSymbols(std::span<const std::int64_t> residuals, const SymbolCut& cut) {
  // Neighbours are often equal, and a count would wait for the one before to be written: so they count apart.
  constexpr std::size_t kApart = 4;
  std::array<Counts, kApart> counts{};
  const auto count = [&](auto symbol_of) {
    std::size_t i = 0;
    for (; i + kApart <= residuals.size(); i += kApart) {
      for (std::size_t k = 0; k < kApart; ++k) ++counts[k][symbol_of(residuals[i + k])];
    }
    for (; i < residuals.size(); ++i) ++counts[0][symbol_of(residuals[i])];
  };
  const auto least = static_cast<std::uint64_t>(cut.least);
  if (cut.unit == 1) {
    count([&](std::int64_t r) { return (static_cast<std::uint64_t>(r) - least) >> cut.shift; });
  } else {
    count([&](std::int64_t r) { return cut.Reduce(r) >> cut.shift; });
  }
  for (std::size_t k = 1; k < kApart; ++k) {
    for (std::size_t symbol = 0; symbol < cut.symbols; ++symbol) counts[0][symbol] += counts[k][symbol];
  }
  return counts[0];
}

// The best cut: fewer symbols need a smaller table and more raw bits.
SymbolCut FindCut(std::span<const std::int64_t> residuals) {
  SymbolCut cut;
  const auto [least, most] = std::minmax_element(residuals.begin(), residuals.end());
  cut.least = *least;
  cut.unit = CommonUnit(residuals, cut.least);
  const std::uint64_t range = cut.Reduce(*most);
  const auto width = static_cast<unsigned>(std::bit_width(range));
  cut.shift = width > 8 ? width - 8 : 0;
  if (cut.shift > kShiftMax) return cut;
  cut.symbols = static_cast<std::size_t>(range >> cut.shift) + 1;
  Counts counts = CountSymbols(residuals, cut);
  std::size_t symbols = cut.symbols;
  SymbolCut best = cut;
  for (;;) {
    const double bits =
        CostOf(std::span(counts).first(symbols), residuals.size()) + static_cast<double>(residuals.size()) * cut.shift;
    if (bits < best.bits) {
      best.bits = bits;
      best.shift = cut.shift;
      best.symbols = symbols;
    }
    if (symbols == 1 || cut.shift == kShiftMax) return best;
    ++cut.shift;
    symbols = (symbols + 1) / 2;
    for (std::size_t i = 0; i < symbols; ++i) {
      counts[i] = counts[2 * i] + (2 * i + 1 < kSymbols ? counts[2 * i + 1] : 0);
    }
    std::fill(counts.begin() + static_cast<std::ptrdiff_t>(symbols), counts.end(), 0);
  }
}

// ---- Raw bits, the lowest first

class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}
  void Put(std::uint64_t bits, unsigned n) {
    held_ |= bits << used_;
    used_ += n;
    while (used_ >= 8) {
      out_.push_back(static_cast<char>(held_));
      held_ >>= 8;
      used_ -= 8;
    }
  }
  void Finish() {
    if (used_ > 0) out_.push_back(static_cast<char>(held_));
  }

 private:
  std::string& out_;
  std::uint64_t held_ = 0;
  unsigned used_ = 0;  // Below 8 between calls, so 48 more always fit.
};

std::size_t RawBytes(std::size_t count, unsigned shift) { return (count * shift + 7) / 8; }

// The bits [at, at + n) of `bytes`, n <= 48.
std::uint64_t BitsAt(std::string_view bytes, std::size_t at, unsigned n) {
  const std::size_t first = at / 8;
  std::uint64_t word = 0;
  if (first + 8 <= bytes.size()) {
    word = base::LoadFixed64(bytes.data() + first);
  } else {
    std::memcpy(&word, bytes.data() + first, bytes.size() - first);
  }
  return word >> (at % 8) & ((std::uint64_t{1} << n) - 1);
}

// ---- Symbols

constexpr std::uint32_t kStateLow = 1u << 16;  // States are at least this and take in 16 bits at a time.

// Counts as probabilities that add up to kProbabilityOne, none zero that was not.
void Normalize(std::span<std::uint32_t> counts, std::size_t total) {
  std::uint32_t sum = 0;
  for (std::uint32_t& n : counts) {
    if (n == 0) continue;
    n = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(std::uint64_t{n} * kProbabilityOne / total));
    sum += n;
  }
  while (sum != kProbabilityOne) {
    std::uint32_t& largest = *std::max_element(counts.begin(), counts.end());
    if (sum < kProbabilityOne) {
      largest += kProbabilityOne - sum;
      sum = kProbabilityOne;
    } else {
      --largest;
      --sum;
    }
  }
}

struct CodedSymbols {
  std::array<std::uint32_t, 2> states{kStateLow, kStateLow};
  std::vector<std::uint16_t> words;  // In the order in which they are read.
};

void EncodeSymbols(std::span<const std::uint8_t> symbols, std::span<const std::uint32_t> probabilities,
                   CodedSymbols& coded) {
  std::array<std::uint32_t, kSymbols> starts{};
  std::exclusive_scan(probabilities.begin(), probabilities.end(), starts.begin(), 0u);
  coded.states = {kStateLow, kStateLow};
  coded.words.clear();
  for (std::size_t i = symbols.size(); i-- > 0;) {
    const std::uint32_t p = probabilities[symbols[i]];
    std::uint32_t& x = coded.states[i % 2];
    if (x >= std::uint64_t{p} << (32 - kProbabilityBits)) {
      coded.words.push_back(static_cast<std::uint16_t>(x));
      x >>= 16;
    }
    x = ((x / p) << kProbabilityBits) + x % p + starts[symbols[i]];
  }
  std::reverse(coded.words.begin(), coded.words.end());
}

// What to do for each of the kProbabilityOne remainders of a state.
struct DecodeStep {
  std::uint16_t probability = 0;
  std::uint16_t offset = 0;
  std::uint8_t symbol = 0;
};
using DecodeTable = std::array<DecodeStep, kProbabilityOne>;

bool ReadProbabilities(std::string_view& in, DecodeTable& table) {
  if (in.empty()) return false;
  const std::size_t symbols = static_cast<unsigned char>(in[0]) + std::size_t{1};
  in.remove_prefix(1);
  std::size_t filled = 0;
  for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
    std::uint64_t p = 0;
    if (!base::ReadVarint(in, p) || p > kProbabilityOne - filled) return false;
    for (std::uint64_t i = 0; i < p; ++i) {
      table[filled++] = {static_cast<std::uint16_t>(p), static_cast<std::uint16_t>(i),
                         static_cast<std::uint8_t>(symbol)};
    }
  }
  return filled == kProbabilityOne;
}

// Gives integers[i] the symbol i. `in` is exactly states and words.
bool DecodeSymbols(std::string_view in, const DecodeTable& table, std::array<std::uint32_t, 2> states,
                   std::span<std::int64_t> integers) {
  const char* word = in.data();
  const char* const end = word + in.size();
  // Whether a state takes in a word is noise to the processor, so one is always read and seldom used.
  const auto step = [&](std::uint32_t& x, std::int64_t& symbol) {
    const DecodeStep& s = table[x % kProbabilityOne];
    symbol = s.symbol;
    const std::uint32_t shrunk = s.probability * (x >> kProbabilityBits) + s.offset;
    std::uint16_t bits;
    std::memcpy(&bits, word, sizeof(bits));
    const bool takes = shrunk < kStateLow;
    x = takes ? shrunk << 16 | bits : shrunk;
    word += takes ? sizeof(bits) : 0;
  };
  const auto step_to_end = [&](std::uint32_t& x, std::int64_t& symbol) {
    const DecodeStep& s = table[x % kProbabilityOne];
    symbol = s.symbol;
    x = s.probability * (x >> kProbabilityBits) + s.offset;
    if (x >= kStateLow) return true;
    if (end - word < 2) return false;
    std::uint16_t bits;
    std::memcpy(&bits, word, sizeof(bits));
    word += sizeof(bits);
    x = x << 16 | bits;
    return true;
  };
  std::size_t i = 0;
  std::uint32_t even = states[0];
  std::uint32_t odd = states[1];
  while (i + 1 < integers.size() && end - word >= 4) {
    // Four bytes last for two symbols, so these need no look at the end.
    const auto pairs = std::min(static_cast<std::size_t>(end - word) / 4, (integers.size() - i) / 2);
    for (std::size_t k = 0; k < pairs; ++k, i += 2) {
      step(even, integers[i]);
      step(odd, integers[i + 1]);
    }
  }
  for (; i + 1 < integers.size(); i += 2) {
    if (!step_to_end(even, integers[i]) || !step_to_end(odd, integers[i + 1])) return false;
  }
  if (i < integers.size() && !step_to_end(even, integers[i])) return false;
  return word == end && even == kStateLow && odd == kStateLow;
}

// Sums up `order` times; integers[0, order) hold the leads.
void Integrate(std::span<std::int64_t> integers, int order) {
  for (int o = order; o > 0; --o) {
    const auto begin = static_cast<std::size_t>(o - 1);
    for (std::size_t i = begin + 1; i < integers.size(); ++i) {
      integers[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(integers[i]) +
                                              static_cast<std::uint64_t>(integers[i - 1]));
    }
  }
}

}  // namespace

bool AppendEntropyCoded(std::span<const std::int64_t> integers, std::string& out) {
  thread_local std::array<Residuals, kOrders> orders;
  int order = 0;
  SymbolCut cut;
  for (int o = 0; o < kOrders; ++o) {
    const auto at = static_cast<std::size_t>(o);
    if (o == 0) {
      orders[at].assign(integers.begin(), integers.end());
    } else {
      orders[at].assign(orders[at - 1].begin() + (o - 1), orders[at - 1].end());
      Differentiate(orders[at]);
      orders[at].insert(orders[at].begin(), orders[at - 1].begin(), orders[at - 1].begin() + (o - 1));
    }
    const SymbolCut found = FindCut(std::span(orders[at]).subspan(at));
    if (found.bits < cut.bits) {
      cut = found;
      order = o;
    }
  }
  if (cut.symbols == 0) return false;

  const Residuals& residuals = orders[static_cast<std::size_t>(order)];
  const auto coded = std::span<const std::int64_t>(residuals).subspan(static_cast<std::size_t>(order));
  out.push_back(static_cast<char>(order));
  for (int o = 0; o < order; ++o) base::AppendVarint(out, base::ZigZag(residuals[static_cast<std::size_t>(o)]));
  base::AppendVarint(out, cut.unit);
  base::AppendVarint(out, base::ZigZag(cut.least));
  out.push_back(static_cast<char>(cut.shift));

  Counts counts = CountSymbols(coded, cut);
  const auto probabilities = std::span(counts).first(cut.symbols);
  Normalize(probabilities, coded.size());
  out.push_back(static_cast<char>(cut.symbols - 1));
  for (const std::uint32_t p : probabilities) base::AppendVarint(out, p);

  thread_local std::vector<std::uint8_t> symbols;
  thread_local CodedSymbols bytes;
  thread_local std::string raw;
  symbols.clear();
  raw.clear();
  BitWriter bits(raw);
  for (const std::int64_t r : coded) {
    const std::uint64_t u = cut.Reduce(r);
    symbols.push_back(static_cast<std::uint8_t>(u >> cut.shift));
    if (cut.shift > 0) bits.Put(u & ((std::uint64_t{1} << cut.shift) - 1), cut.shift);
  }
  bits.Finish();
  EncodeSymbols(symbols, probabilities, bytes);
  for (const std::uint32_t state : bytes.states) base::AppendFixed32(out, state);
  out.append(raw);
  out.append(reinterpret_cast<const char*>(bytes.words.data()), bytes.words.size() * sizeof(std::uint16_t));
  return true;
}

bool ReadEntropyCoded(std::string_view in, std::span<std::int64_t> integers) {
  if (in.empty()) return false;
  const auto order = static_cast<unsigned char>(in[0]);
  in.remove_prefix(1);
  if (order >= kOrders || integers.size() <= order) return false;
  std::uint64_t z = 0;
  for (std::size_t i = 0; i < order; ++i) {
    if (!base::ReadVarint(in, z)) return false;
    integers[i] = base::UnZigZag(z);
  }
  std::uint64_t unit = 0;
  if (!base::ReadVarint(in, unit) || !base::ReadVarint(in, z) || in.empty()) return false;
  const auto least = static_cast<std::uint64_t>(base::UnZigZag(z));
  const unsigned shift = static_cast<unsigned char>(in[0]);
  in.remove_prefix(1);
  if (shift > kShiftMax) return false;

  thread_local DecodeTable table;
  std::array<std::uint32_t, 2> states{};
  if (!ReadProbabilities(in, table)) return false;
  for (std::uint32_t& state : states) {
    if (!base::ReadFixed32(in, state)) return false;
  }
  const auto coded = integers.subspan(order);
  const std::size_t raw_bytes = RawBytes(coded.size(), shift);
  if (in.size() < raw_bytes) return false;
  const std::string_view raw = in.substr(0, raw_bytes);
  if (!DecodeSymbols(in.substr(raw_bytes), table, states, coded)) return false;
  if (shift > 0) {
    // A word holds any symbol's raw bits while eight bytes are left to load.
    const std::uint64_t mask = (std::uint64_t{1} << shift) - 1;
    const std::size_t loadable = raw.size() < 8 ? 0 : std::min(coded.size(), ((raw.size() - 8) * 8 + 7) / shift);
    std::size_t at = 0;
    std::size_t i = 0;
    for (; i < loadable; ++i, at += shift) {
      const std::uint64_t low = base::LoadFixed64(raw.data() + at / 8) >> (at % 8) & mask;
      coded[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(coded[i]) << shift | low);
    }
    for (; i < coded.size(); ++i, at += shift) {
      coded[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(coded[i]) << shift | BitsAt(raw, at, shift));
    }
  }
  for (std::int64_t& value : coded) value = static_cast<std::int64_t>(least + static_cast<std::uint64_t>(value) * unit);
  Integrate(integers, order);
  return true;
}

}  // namespace bellwether::storage::chunk
