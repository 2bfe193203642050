#include "ingest/text/text_format.h"

#include <algorithm>
#include <cmath>

#include "base/number.h"
#include "ingest/text/text_labels.h"

namespace bellwether::ingest {
namespace {

constexpr double kSecondsBelow = 1e11;

// The time of a sample line, as written; empty if it has none.
std::string_view TimeOfLine(std::string_view line) {
  TextFault fault;
  const std::size_t end = FindNamingEnd(line, fault);
  if (end == 0) return {};
  line.remove_prefix(end);
  for (int token = 0;; ++token) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos || line[begin] == '#') return {};
    line.remove_prefix(begin);
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    if (token == 1) return word;
    line.remove_prefix(word.size());
  }
}

}  // namespace

std::optional<TextFormat> FormatOfContentType(std::string_view content_type) {
  if (content_type.find("application/openmetrics-text") != std::string_view::npos) return TextFormat::kOpenMetrics;
  const bool plain = content_type.find("text/plain") != std::string_view::npos;
  if (plain && content_type.find("version=0.0.4") != std::string_view::npos) return TextFormat::kPrometheus;
  return std::nullopt;
}

std::optional<TextFormat> FormatOfFileName(std::string_view name) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.remove_suffix(packed.size());
  }
  if (name.ends_with(".om") || name.ends_with(".openmetrics")) return TextFormat::kOpenMetrics;
  return name.ends_with(".prom") ? std::optional(TextFormat::kPrometheus) : std::nullopt;
}

std::optional<TextFormat> FormatOfLines(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == "# EOF" || line.starts_with("# UNIT ")) return TextFormat::kOpenMetrics;
    if (line.empty() || line[0] == '#') continue;
    const std::string_view time = TimeOfLine(line);
    if (time.empty()) continue;
    const bool fraction = time.find('.') != std::string_view::npos;
    const auto number = base::ParseNumber(time);
    if (!number) return std::nullopt;
    return fraction || std::fabs(*number) < kSecondsBelow ? TextFormat::kOpenMetrics : TextFormat::kPrometheus;
  }
  return std::nullopt;
}

}  // namespace bellwether::ingest
