// promql/eval/label_memo.h
//
// What operators of a query that is asked again made of label sets the last time: the set without the name, its group,
// its match group. Such a result is a function of the operator and the label set alone, so there is nothing to
// invalidate: a set that is found again by the identity of its buffer (metric::Labels) has the result that it had.
// Storage hands out copies of one set from one evaluation to the next; a set that is another one is computed anew and
// told to the memo at the end of the run, which forgets what was not asked for when that is most of it.
//
// A memo belongs to a node of a query's tree. Equal subexpressions of different queries share theirs.
//
// Threads: MemoRegistry and LabelMemo are thread-safe; QueryMemos and MemoRun belong to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/memory_share.h"
#include "base/mutex.h"
#include "metric/labels.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

struct QueryContext;  // promql/eval/query_context.h

// Which function of label sets: an operator may need several.
enum class MemoRole : std::uint8_t {
  kNameless,        // Without name, type and unit.
  kGroup,           // The group of an aggregation.
  kMatch,           // The match group of a binary operator.
  kResult,          // The labels of a binary operator's one-to-one result, by its many side;
  kNamelessResult,  // likewise where the name goes.
  kHistogram,       // The labels of a classic histogram, by those of a bucket.
};

// Label sets and results, in the order in which they were asked for. Immutable.
struct MemoTable {
  struct Entry {
    metric::Labels from;  // Held, so that no other set gets its identity.
    metric::Labels to;
  };
  std::vector<Entry> entries;
  std::unordered_map<const void*, std::size_t> places;  // By the identity of `from`.
};

class LabelMemo {
 public:
  // `memory` may be null: no bound.
  explicit LabelMemo(std::shared_ptr<base::MemoryShare> memory)
      : table_(std::make_shared<const MemoTable>()), hold_(std::move(memory)) {}

  [[nodiscard]] std::shared_ptr<const MemoTable> Current() const;
  // Puts these in place of the present ones, each `from` once; equal results become copies of one set. Without memory
  // for them, nothing is kept.
  void Publish(std::vector<MemoTable::Entry> entries);

 private:
  mutable base::Mutex mu_;
  std::shared_ptr<const MemoTable> table_ BW_GUARDED_BY(mu_);
  base::MemoryHold hold_ BW_GUARDED_BY(mu_);
};

// One operator's use of a memo, from its first row to the last. A null memo: everything is computed.
class MemoRun {
 public:
  explicit MemoRun(LabelMemo* memo) : memo_(memo) {
    if (memo_ != nullptr) table_ = memo_->Current();
  }
  ~MemoRun();
  MemoRun(const MemoRun&) = delete;
  MemoRun& operator=(const MemoRun&) = delete;

  // make(labels), or what it was before. `make` is the same function in each run of the memo.
  template <typename Make>
  [[nodiscard]] metric::Labels Of(const metric::Labels& labels, Make&& make) {
    if (memo_ == nullptr || labels.empty()) return make(labels);
    if (const metric::Labels* known = Known(labels)) return *known;
    metric::Labels to = make(labels);
    added_.push_back({labels, to});
    return to;
  }

 private:
  // Most often the one behind the last.
  const metric::Labels* Known(const metric::Labels& labels) {
    const auto& entries = table_->entries;
    if (next_ >= entries.size() || entries[next_].from.identity() != labels.identity()) {
      const auto found = table_->places.find(labels.identity());
      if (found == table_->places.end()) return nullptr;
      next_ = found->second;
    }
    ++used_;
    return &entries[next_++].to;
  }

  LabelMemo* const memo_;
  std::shared_ptr<const MemoTable> table_;
  std::size_t next_ = 0;
  std::size_t used_ = 0;
  std::vector<MemoTable::Entry> added_;
};

// The memos of all queries of an engine, by what they are of, while a query has them.
class MemoRegistry {
 public:
  explicit MemoRegistry(std::shared_ptr<base::MemoryShare> memory) : memory_(std::move(memory)) {}
  [[nodiscard]] std::shared_ptr<LabelMemo> Of(MemoRole role, const Expr& node);

 private:
  const std::shared_ptr<base::MemoryShare> memory_;
  base::Mutex mu_;
  std::map<std::pair<MemoRole, std::string>, std::weak_ptr<LabelMemo>, std::less<>> memos_ BW_GUARDED_BY(mu_);
  std::size_t swept_at_ BW_GUARDED_BY(mu_) = 64;  // Entries at which those that nobody has are removed.
};

// The memos of one query's tree, which outlives them; made when they are first asked for.
class QueryMemos {
 public:
  explicit QueryMemos(std::shared_ptr<MemoRegistry> registry) : registry_(std::move(registry)) {}
  [[nodiscard]] LabelMemo* Of(MemoRole role, const Expr& node);

 private:
  struct Entry {
    MemoRole role;
    const Expr* node;
    std::shared_ptr<LabelMemo> memo;
  };
  const std::shared_ptr<MemoRegistry> registry_;
  std::vector<Entry> entries_;  // Few.
};

// The memo of an operator in the running query; null unless it is asked again and again.
[[nodiscard]] LabelMemo* MemoOf(const QueryContext& context, MemoRole role, const Expr& node);

}  // namespace bellwether::promql
