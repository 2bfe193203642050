#include "metric/labels.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/quote.h"

namespace bellwether::metric {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendPair(std::string& out, std::string_view name, std::string_view value) {
  base::AppendLengthPrefixed(out, name);
  base::AppendLengthPrefixed(out, value);
}

void AppendMatcherForm(std::string& out, const LabelView& pair) {
  if (IsLegacyLabelName(pair.name)) {
    out.append(pair.name);
  } else {
    base::AppendQuoted(out, pair.name);
  }
  out.push_back('=');
  base::AppendQuoted(out, pair.value);
}

}  // namespace

void Labels::Iterator::Read() {
  if (rest_.empty()) return;
  std::string_view in = rest_;
  const bool ok = base::ReadLengthPrefixed(in, current_.name) && base::ReadLengthPrefixed(in, current_.value);
  BW_DCHECK(ok);
  next_ = ok ? in : std::string_view();
}

Labels::Labels(std::initializer_list<LabelView> pairs) : Labels(FromPairs(std::vector<LabelView>(pairs))) {}

Labels Labels::FromBytes(std::string_view bytes) {
  Labels out;
  if (bytes.empty()) return out;
  void* memory = std::malloc(sizeof(Shared) + bytes.size());
  BW_CHECK(memory != nullptr);
  out.shared_ = new (memory) Shared();
  out.shared_->size = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(static_cast<void*>(out.shared_ + 1), bytes.data(), bytes.size());
  return out;
}

void Labels::Free(Shared* shared) {
  shared->~Shared();
  std::free(shared);
}

Labels Labels::FromPairs(std::vector<LabelView> pairs) {
  std::stable_sort(pairs.begin(), pairs.end(), [](const LabelView& a, const LabelView& b) { return a.name < b.name; });
  thread_local std::string encoded;
  encoded.clear();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const bool shadowed = i + 1 < pairs.size() && pairs[i + 1].name == pairs[i].name;
    if (!shadowed && !pairs[i].value.empty()) AppendPair(encoded, pairs[i].name, pairs[i].value);
  }
  return FromBytes(encoded);
}

Labels Labels::FromSortedUnique(std::span<const LabelView> pairs) {
  thread_local std::string encoded;
  encoded.clear();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    BW_DCHECK(!pairs[i].value.empty() && (i == 0 || pairs[i - 1].name < pairs[i].name));
    AppendPair(encoded, pairs[i].name, pairs[i].value);
  }
  return FromBytes(encoded);
}

std::size_t Labels::size() const {
  std::size_t n = 0;
  for (auto it = begin(); it != end(); ++it) ++n;
  return n;
}

std::string_view Labels::Get(std::string_view name) const {
  for (const LabelView& pair : *this) {
    if (pair.name == name) return pair.value;
    if (pair.name > name) break;
  }
  return {};
}

std::uint64_t Labels::Hash() const {
  if (shared_ == nullptr) return XXH3_64bits("", 0);
  std::uint64_t hash = shared_->hash.load(std::memory_order_relaxed);
  if (hash == 0) {
    hash = XXH3_64bits(shared_->bytes(), shared_->size);
    shared_->hash.store(hash, std::memory_order_relaxed);
  }
  return hash;
}

std::uint64_t Labels::Fingerprint() const {
  constexpr std::uint64_t kOffset = 14695981039346656037ULL;
  constexpr std::uint64_t kPrime = 1099511628211ULL;
  std::uint64_t h = kOffset;
  const auto add = [&](std::string_view text) {
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * kPrime;
    h = (h ^ 0xFF) * kPrime;
  };
  for (const LabelView& pair : *this) {
    add(pair.name);
    add(pair.value);
  }
  return h;
}

std::string Labels::ToString() const {
  std::string out = "{";
  const char* comma = "";
  for (const LabelView& pair : *this) {
    out += comma;
    AppendMatcherForm(out, pair);
    comma = ", ";
  }
  return out + "}";
}

std::string Labels::ToMetricString() const {
  const std::string_view name = Name();
  std::string out;
  const char* comma = "";
  std::string inner;
  if (IsLegacyMetricName(name)) {
    out = std::string(name);
  } else if (!name.empty()) {
    base::AppendQuoted(inner, name);
    comma = ", ";
  }
  for (const LabelView& pair : *this) {
    if (pair.name == kMetricName) continue;
    inner += comma;
    AppendMatcherForm(inner, pair);
    comma = ", ";
  }
  if (inner.empty() && !out.empty()) return out;
  return out + "{" + inner + "}";
}

std::optional<Labels> Labels::Decode(std::string_view bytes) {
  std::string_view in = bytes;
  std::string_view previous;
  while (!in.empty()) {
    std::string_view name, value;
    if (!base::ReadLengthPrefixed(in, name) || !base::ReadLengthPrefixed(in, value)) return std::nullopt;
    if (value.empty() || (previous.data() != nullptr && name <= previous)) return std::nullopt;
    previous = name;
  }
  return FromBytes(bytes);
}

std::strong_ordering Labels::Compare(const Labels& a, const Labels& b) {
  auto i = a.begin();
  auto j = b.begin();
  for (; i != a.end() && j != b.end(); ++i, ++j) {
    if (const auto order = i->name.compare(j->name) <=> 0; order != 0) return order;
    if (const auto order = i->value.compare(j->value) <=> 0; order != 0) return order;
  }
  if (i == a.end() && j == b.end()) return std::strong_ordering::equal;
  return i == a.end() ? std::strong_ordering::less : std::strong_ordering::greater;
}

LabelsBuilder::LabelsBuilder(const Labels& base) {
  for (const LabelView& pair : base) pairs_.emplace_back(pair.name, pair.value);
}

LabelsBuilder& LabelsBuilder::Set(std::string_view name, std::string_view value) {
  if (value.empty()) return Remove(name);
  const auto it = std::lower_bound(pairs_.begin(), pairs_.end(), name,
                                   [](const auto& pair, std::string_view n) { return pair.first < n; });
  if (it != pairs_.end() && it->first == name) {
    it->second = std::string(value);
  } else {
    pairs_.emplace(it, name, value);
  }
  return *this;
}

LabelsBuilder& LabelsBuilder::Remove(std::string_view name) {
  std::erase_if(pairs_, [&](const auto& pair) { return pair.first == name; });
  return *this;
}

LabelsBuilder& LabelsBuilder::KeepOnly(std::span<const std::string> names) {
  std::erase_if(pairs_,
                [&](const auto& pair) { return std::find(names.begin(), names.end(), pair.first) == names.end(); });
  return *this;
}

LabelsBuilder& LabelsBuilder::RemoveAll(std::span<const std::string> names) {
  std::erase_if(pairs_,
                [&](const auto& pair) { return std::find(names.begin(), names.end(), pair.first) != names.end(); });
  return *this;
}

std::string_view LabelsBuilder::Get(std::string_view name) const {
  const auto it = std::lower_bound(pairs_.begin(), pairs_.end(), name,
                                   [](const auto& pair, std::string_view n) { return pair.first < n; });
  return it != pairs_.end() && it->first == name ? std::string_view(it->second) : std::string_view();
}

Labels LabelsBuilder::Build() const {
  std::vector<LabelView> views;
  views.reserve(pairs_.size());
  for (const auto& [name, value] : pairs_) views.push_back({name, value});
  return Labels::FromSortedUnique(views);
}

bool IsLegacyLabelName(std::string_view name) {
  if (name.empty() || !IsLetter(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return IsLetter(c) || IsDigit(c); });
}

bool IsLegacyMetricName(std::string_view name) {
  if (name.empty() || !(IsLetter(name[0]) || name[0] == ':')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return IsLetter(c) || IsDigit(c) || c == ':'; });
}

}  // namespace bellwether::metric
