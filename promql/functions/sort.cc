#include "promql/functions/sort.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <utility>

namespace bellwether::promql {
namespace {

enum class SortOrder : unsigned char { kAscending, kDescending };

base::Status SortByValue(FunctionCall& call, QueryContext& context, const RowSink& sink, SortOrder order) {
  BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *call.args[0].vector));
  for (Row& row : all.rows) {
    for (std::size_t i = 0; i < row.steps(); ++i) {
      if (row.cells[i] == Cell::kHistogram) row.Clear(i);
    }
  }
  std::erase_if(all.rows, [](const Row& row) { return !row.AnyPresent(); });
  if (call.grid.count > 1) context.annotations.Add(SortInRangeQuery(call.position));
  if (call.grid.count == 1) {
    std::stable_sort(all.rows.begin(), all.rows.end(), [&](const Row& a, const Row& b) {
      const double x = a.values[0];
      const double y = b.values[0];
      if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);  // NaN last, either way.
      return order == SortOrder::kAscending ? x < y : x > y;
    });
  }
  for (Row& row : all.rows) BW_RETURN_IF_ERROR(sink(row));
  return base::OkStatus();
}

std::strong_ordering CompareByLabels(const FunctionCall& call, const metric::Labels& a, const metric::Labels& b) {
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    const std::string_view x = a.Get(call.args[i].text);
    const std::string_view y = b.Get(call.args[i].text);
    if (x == y) continue;
    return NaturalLess(x, y) ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return a <=> b;
}

base::Status SortByLabel(FunctionCall& call, QueryContext& context, const RowSink& sink, SortOrder order) {
  BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *call.args[0].vector));
  if (call.grid.count > 1) context.annotations.Add(SortInRangeQuery(call.position));
  if (call.grid.count == 1) {
    std::stable_sort(all.rows.begin(), all.rows.end(), [&](const Row& a, const Row& b) {
      const auto c = CompareByLabels(call, a.labels, b.labels);
      return order == SortOrder::kAscending ? c < 0 : c > 0;
    });
  }
  for (Row& row : all.rows) BW_RETURN_IF_ERROR(sink(row));
  return base::OkStatus();
}

bool IsDigitByte(char c) { return c >= '0' && c <= '9'; }

// A run of digits, or of anything else, off the front.
std::string_view TakeChunk(std::string_view& text) {
  std::size_t n = 1;
  while (n < text.size() && IsDigitByte(text[n]) == IsDigitByte(text[0])) ++n;
  const std::string_view chunk = text.substr(0, n);
  text.remove_prefix(n);
  return chunk;
}

std::strong_ordering CompareDigits(std::string_view a, std::string_view b) {
  const auto significant = [](std::string_view s) {
    const std::size_t first = s.find_first_not_of('0');
    return first == std::string_view::npos ? std::string_view() : s.substr(first);
  };
  const std::string_view x = significant(a);
  const std::string_view y = significant(b);
  if (x.size() != y.size()) return x.size() <=> y.size();
  return x.compare(y) <=> 0;
}

}  // namespace

bool NaturalLess(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view x = TakeChunk(a);
    const std::string_view y = TakeChunk(b);
    const bool numbers = IsDigitByte(x[0]) && IsDigitByte(y[0]);
    const std::strong_ordering order = numbers ? CompareDigits(x, y) : (x.compare(y) <=> 0);
    if (order != 0) return order < 0;
    if (x.size() != y.size()) return x.size() < y.size();  // Equal numbers, more leading zeros in one.
  }
  return a.size() < b.size();
}

base::Status SortFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return SortByValue(call, context, sink, SortOrder::kAscending);
}
base::Status SortDescFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return SortByValue(call, context, sink, SortOrder::kDescending);
}
base::Status SortByLabelFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return SortByLabel(call, context, sink, SortOrder::kAscending);
}
base::Status SortByLabelDescFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return SortByLabel(call, context, sink, SortOrder::kDescending);
}

}  // namespace bellwether::promql
