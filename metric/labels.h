// metric/labels.h
//
// A label set: sorted name=value pairs, the identity of a series. Names are unique, values never empty (a label with an
// empty value is the same as none). Immutable; build one with LabelsBuilder.
//
// The pairs stand one after another in a single buffer, each string behind its varint length. Copies share the buffer:
// one allocation a set however often it is handed on, equality is a compare of pointers, or else memcmp. Iteration
// yields views into the buffer, good as long as any of the copies.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bellwether::metric {

inline constexpr std::string_view kMetricName = "__name__";
inline constexpr std::string_view kTypeLabel = "__type__";
inline constexpr std::string_view kUnitLabel = "__unit__";
inline constexpr std::string_view kBucketLabel = "le";

struct LabelView {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const LabelView&, const LabelView&) = default;
};

class Labels {
 public:
  class Iterator {
   public:
    using value_type = LabelView;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using pointer = const LabelView*;
    using reference = LabelView;

    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) { Read(); }
    LabelView operator*() const { return current_; }
    const LabelView* operator->() const { return &current_; }
    Iterator& operator++() {
      rest_ = next_;
      Read();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.rest_.size() == b.rest_.size(); }

   private:
    void Read();

    std::string_view rest_;  // From the current pair on.
    std::string_view next_;  // After it.
    LabelView current_;
  };

  Labels() = default;
  Labels(const Labels& other) noexcept : shared_(other.shared_) { Use(); }
  Labels(Labels&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  Labels& operator=(const Labels& other) noexcept {
    Labels(other).Swap(*this);
    return *this;
  }
  Labels& operator=(Labels&& other) noexcept {
    Labels(std::move(other)).Swap(*this);
    return *this;
  }
  ~Labels() { Drop(); }
  // From pairs in any order; empty values are dropped, of equal names the last wins.
  Labels(std::initializer_list<LabelView> pairs);
  static Labels FromPairs(std::vector<LabelView> pairs);
  // From pairs known to be sorted, unique and without empty values (checked in debug builds).
  static Labels FromSortedUnique(std::span<const LabelView> pairs);

  [[nodiscard]] bool empty() const { return shared_ == nullptr; }
  [[nodiscard]] std::size_t size() const;  // Number of pairs; walks the set.
  [[nodiscard]] Iterator begin() const { return Iterator(bytes()); }
  [[nodiscard]] Iterator end() const { return Iterator(); }

  // The value of `name`, empty if absent.
  [[nodiscard]] std::string_view Get(std::string_view name) const;
  [[nodiscard]] bool Has(std::string_view name) const { return !Get(name).empty(); }
  [[nodiscard]] std::string_view Name() const { return Get(kMetricName); }

  // XXH3 of the encoded pairs; the same in every process. Computed once for all copies.
  [[nodiscard]] std::uint64_t Hash() const;

  // Prometheus's fingerprint (FNV-1a over name \xff value \xff), as Alertmanager prints alerts.
  [[nodiscard]] std::uint64_t Fingerprint() const;

  // {a="1", b="2"}, with `__name__` like any other; Go-quoted values, names quoted when not legacy-valid.
  [[nodiscard]] std::string ToString() const;
  // name{a="1", b="2"}: the notation of a metric in PromQL's messages.
  [[nodiscard]] std::string ToMetricString() const;

  // The encoded form and back; Decode returns nothing for bytes that no Labels made.
  [[nodiscard]] std::string_view bytes() const {
    return shared_ == nullptr ? std::string_view() : std::string_view(shared_->bytes(), shared_->size);
  }
  [[nodiscard]] static std::optional<Labels> Decode(std::string_view bytes);

  // The same for copies of one set, and for no other set while one of them lives; null for the empty set.
  [[nodiscard]] const void* identity() const { return shared_; }

  friend bool operator==(const Labels& a, const Labels& b) { return a.shared_ == b.shared_ || a.bytes() == b.bytes(); }
  // Pairwise by name, then value, bytewise; a prefix comes first. The order of series in results.
  friend std::strong_ordering operator<=>(const Labels& a, const Labels& b) { return Compare(a, b); }

 private:
  // The encoded pairs follow it.
  struct Shared {
    std::atomic<std::uint32_t> users{1};
    std::uint32_t size = 0;
    std::atomic<std::uint64_t> hash{0};  // 0: not computed yet.
    [[nodiscard]] const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  };

  static std::strong_ordering Compare(const Labels& a, const Labels& b);
  static Labels FromBytes(std::string_view bytes);
  static void Free(Shared* shared);

  void Swap(Labels& other) noexcept { std::swap(shared_, other.shared_); }
  void Use() const {
    if (shared_ != nullptr) shared_->users.fetch_add(1, std::memory_order_relaxed);
  }
  void Drop() const {
    if (shared_ != nullptr && shared_->users.fetch_sub(1, std::memory_order_acq_rel) == 1) Free(shared_);
  }

  Shared* shared_ = nullptr;  // Null: the empty set.
};

// Edits a label set. Setting an empty value removes.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base);

  LabelsBuilder& Set(std::string_view name, std::string_view value);
  LabelsBuilder& Remove(std::string_view name);
  // Keeps only, or removes all of, the given names.
  LabelsBuilder& KeepOnly(std::span<const std::string> names);
  LabelsBuilder& RemoveAll(std::span<const std::string> names);
  [[nodiscard]] std::string_view Get(std::string_view name) const;
  [[nodiscard]] Labels Build() const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;  // Sorted by name.
};

// [a-zA-Z_][a-zA-Z0-9_]*
[[nodiscard]] bool IsLegacyLabelName(std::string_view name);
// The same, and ':'.
[[nodiscard]] bool IsLegacyMetricName(std::string_view name);

struct LabelsHash {
  std::size_t operator()(const Labels& labels) const { return static_cast<std::size_t>(labels.Hash()); }
};

}  // namespace bellwether::metric
