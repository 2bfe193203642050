// The parser never crashes, and what parses prints to a text that parses to the same text, in both forms.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "promql/parser.h"
#include "promql/parser/series_description.h"

namespace {

constexpr bellwether::promql::ParserOptions kFuzzOptions = {
    .experimental_functions = true, .extended_range_selectors = true, .binop_fill_modifiers = true};

void CheckRoundTrip(std::string_view query) {
  using bellwether::promql::Parse;
  const auto first = Parse(query, kFuzzOptions);
  if (!first.ok()) return;
  const std::string canonical = Print(**first);
  const auto second = Parse(canonical, kFuzzOptions);
  BW_CHECK(second.ok());
  BW_CHECK(Print(**second) == canonical);
  const auto pretty = Parse(PrettyPrint(**first), kFuzzOptions);
  BW_CHECK(pretty.ok());
  BW_CHECK(Print(**pretty) == canonical);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckRoundTrip(text);
  static_cast<void>(bellwether::promql::ParseMetricSelector(text));
  static_cast<void>(bellwether::promql::ParseMetric(text));
  // Repetitions make many values of few bytes; the limit on them is tested elsewhere.
  constexpr std::size_t kSeriesBytesMax = 200;
  if (size < kSeriesBytesMax && text.find('x') == std::string_view::npos) {
    static_cast<void>(bellwether::promql::ParseSeriesDescription(text));
    static_cast<void>(bellwether::promql::ParseStartTimesDescription(text));
  }
  return 0;
}
