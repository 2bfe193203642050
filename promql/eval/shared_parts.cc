#include "promql/eval/shared_parts.h"

#include <algorithm>
#include <utility>

#include "promql/parser/function_signatures.h"
#include "promql/parser/printer.h"

namespace bellwether::promql {
namespace {

// Visits what is evaluated at the query's own time: nothing inside subqueries.
template <typename Visit>
void ForEachNode(const Expr& expr, const Visit& visit) {
  visit(expr);
  if (expr.kind != ExprKind::kSubquery) ForEachChild(expr, [&](const Expr& child) { ForEachNode(child, visit); });
}

// False if it looks at series that no selector in it names.
bool AddSelectors(const Expr& expr, std::vector<std::vector<metric::Matcher>>& selectors) {
  bool all_named = true;
  ForEachNode(expr, [&](const Expr& node) {
    if (node.kind == ExprKind::kVectorSelector) {
      selectors.push_back(static_cast<const VectorSelector&>(node).matchers);
    } else if (node.kind == ExprKind::kMatrixSelector) {
      selectors.push_back(static_cast<const MatrixSelector&>(node).selector->matchers);
    } else if (node.kind == ExprKind::kSubquery) {
      all_named = AddSelectors(*static_cast<const Subquery&>(node).expr, selectors) && all_named;
    } else if (node.kind == ExprKind::kCall && static_cast<const Call&>(node).function->name == "info") {
      all_named = false;
    }
  });
  return all_named;
}

// Vectors that take more than reading series.
bool MayBeShared(const Expr& expr) {
  const bool computes =
      expr.kind == ExprKind::kAggregate || expr.kind == ExprKind::kBinary || expr.kind == ExprKind::kCall;
  return computes && TypeOf(expr) == ValueType::kVector;
}

class SharedVector final : public VectorOperator {
 public:
  SharedVector(std::shared_ptr<SharedPart> part, base::TimestampMs at, SharedPart::Around around,
               VectorOperatorPtr inner)
      : part_(std::move(part)), at_(at), around_(around), inner_(std::move(inner)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    std::shared_ptr<const Rows> rows = part_->Find(at_, around_);
    if (rows == nullptr) {
      BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *inner_));
      rows = std::make_shared<const Rows>(std::move(all.rows));
      part_->Keep(at_, around_, rows);
    }
    for (const Row& row : *rows) {
      Row copy = row;
      BW_RETURN_IF_ERROR(sink(copy));
    }
    return base::OkStatus();
  }

 private:
  const std::shared_ptr<SharedPart> part_;
  const base::TimestampMs at_;
  const SharedPart::Around around_;
  const VectorOperatorPtr inner_;
};

}  // namespace

std::shared_ptr<const Rows> SharedPart::Find(base::TimestampMs at, Around around) const {
  const Result& result = results_[static_cast<std::size_t>(around)];
  return result.at == at ? result.rows : nullptr;
}

void SharedPart::Keep(base::TimestampMs at, Around around, std::shared_ptr<const Rows> rows) {
  base::MemoryHold hold(memory_);
  std::uint64_t bytes = 0;
  for (const Row& row : *rows) bytes += BytesOf(row);
  if (!hold.Grow(bytes).ok()) return;
  results_[static_cast<std::size_t>(around)] = {at, std::move(rows), std::move(hold)};
}

void SharedPart::Forget() {
  for (Result& result : results_) result = Result();
}

bool SharedPart::LooksAt(std::string_view metric) const {
  return std::any_of(selectors_.begin(), selectors_.end(), [&](const std::vector<metric::Matcher>& matchers) {
    return std::all_of(matchers.begin(), matchers.end(), [&](const metric::Matcher& matcher) {
      return matcher.name() != metric::kMetricName || matcher.Matches(metric);
    });
  });
}

PartsOfQuery SharedParts::Join(const Expr& query) {
  PartsOfQuery parts;
  ForEachNode(query, [&](const Expr& node) {
    if (!MayBeShared(node)) return;
    std::vector<std::vector<metric::Matcher>> selectors;
    if (!AddSelectors(node, selectors)) return;
    std::string text;
    AppendCanonical(text, node);
    std::shared_ptr<SharedPart>& part = by_text_[std::move(text)];
    if (part == nullptr) part = std::make_shared<SharedPart>(std::move(selectors), memory_);
    ++part->users;
    parts.emplace(&node, part);
  });
  common_is_known_ = common_is_known_ && parts.empty();
  return parts;
}

void SharedParts::Leave(const PartsOfQuery& parts) {
  for (const auto& [node, part] : parts) --part->users;
  common_is_known_ = false;
  std::erase_if(by_text_, [](const auto& entry) { return entry.second->users == 0; });
}

const std::vector<SharedPart*>& SharedParts::Common() {
  if (std::exchange(common_is_known_, true)) return common_;
  common_.clear();
  for (const auto& [text, part] : by_text_) {
    part->Forget();
    if (part->users > 1) common_.push_back(part.get());
  }
  return common_;
}

void SharedParts::ForgetResults() {
  for (SharedPart* part : Common()) part->Forget();
}

void SharedParts::ForgetThoseThatLookAt(std::string_view metric) {
  for (SharedPart* part : Common()) {
    if (part->LooksAt(metric)) part->Forget();
  }
}

VectorOperatorPtr MakeSharedVector(std::shared_ptr<SharedPart> part, base::TimestampMs at, SharedPart::Around around,
                                   VectorOperatorPtr inner) {
  return std::make_unique<SharedVector>(std::move(part), at, around, std::move(inner));
}

}  // namespace bellwether::promql
