#include "promql/eval/label_memo.h"

#include <algorithm>
#include <unordered_set>

#include "promql/eval/query_context.h"
#include "promql/parser/printer.h"

namespace bellwether::promql {
namespace {

std::uint64_t BytesOfEntries(const std::vector<MemoTable::Entry>& entries) {
  constexpr std::uint64_t kPlaceBytes = 64;  // A node of the map and its share of buckets.
  std::uint64_t bytes = entries.size() * (sizeof(MemoTable::Entry) + kPlaceBytes);
  const void* last = nullptr;
  for (const MemoTable::Entry& entry : entries) {
    if (entry.to.identity() != last) bytes += entry.to.bytes().size();
    last = entry.to.identity();
  }
  return bytes;
}

}  // namespace

std::shared_ptr<const MemoTable> LabelMemo::Current() const {
  const base::MutexLock lock(mu_);
  return table_;
}

void LabelMemo::Publish(std::vector<MemoTable::Entry> entries) {
  auto table = std::make_shared<MemoTable>();
  std::unordered_set<metric::Labels, metric::LabelsHash> results;
  table->places.reserve(entries.size());
  for (MemoTable::Entry& entry : entries) {
    entry.to = *results.insert(std::move(entry.to)).first;
    table->places.emplace(entry.from.identity(), table->places.size());
  }
  table->entries = std::move(entries);
  const std::uint64_t bytes = BytesOfEntries(table->entries);
  const base::MutexLock lock(mu_);
  if (bytes > hold_.bytes() && !hold_.Grow(bytes - hold_.bytes()).ok()) {
    table_ = std::make_shared<const MemoTable>();
    hold_.ShrinkTo(0);
    return;
  }
  hold_.ShrinkTo(bytes);
  table_ = std::move(table);
}

MemoRun::~MemoRun() {
  if (memo_ == nullptr) return;
  const bool keeps_known = 2 * used_ >= table_->entries.size();
  if (added_.empty() && keeps_known) return;
  std::vector<MemoTable::Entry> entries;
  if (keeps_known) entries = table_->entries;
  std::unordered_set<const void*> seen;
  for (MemoTable::Entry& entry : added_) {
    if (seen.insert(entry.from.identity()).second) entries.push_back(std::move(entry));
  }
  memo_->Publish(std::move(entries));
}

std::shared_ptr<LabelMemo> MemoRegistry::Of(MemoRole role, const Expr& node) {
  std::string text;
  AppendCanonical(text, node);
  const base::MutexLock lock(mu_);
  std::weak_ptr<LabelMemo>& known = memos_[{role, std::move(text)}];
  if (std::shared_ptr<LabelMemo> memo = known.lock()) return memo;
  auto memo = std::make_shared<LabelMemo>(memory_);
  known = memo;
  if (memos_.size() >= swept_at_) {
    std::erase_if(memos_, [](const auto& entry) { return entry.second.expired(); });
    swept_at_ = std::max<std::size_t>(64, 2 * memos_.size());
  }
  return memo;
}

LabelMemo* MemoOf(const QueryContext& context, MemoRole role, const Expr& node) {
  return context.memos == nullptr ? nullptr : context.memos->Of(role, node);
}

LabelMemo* QueryMemos::Of(MemoRole role, const Expr& node) {
  for (const Entry& entry : entries_) {
    if (entry.role == role && entry.node == &node) return entry.memo.get();
  }
  entries_.push_back({role, &node, registry_->Of(role, node)});
  return entries_.back().memo.get();
}

}  // namespace bellwether::promql
