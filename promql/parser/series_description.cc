#include "promql/parser/series_description.h"

#include <charconv>

#include <fmt/format.h>

#include "base/quote.h"
#include "promql/parser.h"
#include "promql/parser/sequence_reader.h"

namespace bellwether::promql {
namespace {

constexpr std::string_view kStartTimesSuffix = "@st";
constexpr std::uint64_t kStartTimesMax = 10'000'000;

std::string_view TrimLine(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Where the metric at the front of `line` ends: behind its braces, or before the first space if it has none.
std::size_t MetricEnd(std::string_view line) {
  std::size_t at = line.find_first_of(" \t{");
  if (at == std::string_view::npos) return line.size();
  if (line[at] != '{' || line.substr(at).starts_with("{{")) return at;
  char quote = '\0';
  for (; at < line.size(); ++at) {
    const char c = line[at];
    if (quote != '\0') {
      if (c == '\\' && quote != '`') {
        ++at;
      } else if (c == quote) {
        quote = '\0';
      }
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '}') {
      return at + 1;
    }
  }
  return line.size();
}

// Reads items of an @st line.
class StartTimesReader {
 public:
  explicit StartTimesReader(std::string_view item) : rest_(item) {}

  bool Item(std::vector<std::optional<base::DurationMs>>& out) {
    if (rest_ == "_") {
      out.emplace_back();
      return true;
    }
    std::uint64_t n = 0;
    if (rest_.starts_with("_x")) {
      rest_.remove_prefix(1);
      if (!Repetition(n) || n == 0 || n > kStartTimesMax) return false;
      out.insert(out.end(), n, std::nullopt);
      return true;
    }
    base::DurationMs offset, step;
    if (!SignedDuration(offset)) return false;
    if (!rest_.empty() && rest_[0] != 'x') {
      if ((rest_[0] != '+' && rest_[0] != '-') || !SignedDuration(step) || rest_.empty()) return false;
    }
    if (!rest_.empty() && !Repetition(n)) return false;
    if (n > kStartTimesMax) return false;
    for (std::uint64_t i = 0; i <= n; ++i) {
      out.emplace_back(offset);
      offset = offset + step;
    }
    return true;
  }

 private:
  bool Repetition(std::uint64_t& n) {
    if (rest_.empty() || rest_[0] != 'x') return false;
    const char* const end = rest_.data() + rest_.size();
    const auto [stop, error] = std::from_chars(rest_.data() + 1, end, n);
    return error == std::errc() && stop == end;
  }

  // One sign, digits, one unit.
  bool SignedDuration(base::DurationMs& out) {
    const bool negative = rest_.starts_with("-");
    if (negative || rest_.starts_with("+")) rest_.remove_prefix(1);
    std::size_t end = rest_.find_first_not_of("0123456789");
    if (end == 0 || rest_.empty()) return false;
    if (end != std::string_view::npos) end = rest_.find_first_of("0123456789x+-", end);
    const auto duration = base::ParseDuration(rest_.substr(0, end));
    if (!duration.ok()) return false;
    out = negative ? -*duration : *duration;
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

base::Result<SeriesDescription> ParseSeriesDescription(std::string_view text) {
  const std::string_view line = TrimLine(text);
  const std::size_t end = MetricEnd(line);
  SeriesDescription out;
  BW_ASSIGN_OR_RETURN(out.labels, ParseMetric(line.substr(0, end)));
  SequenceReader reader(line, end);
  BW_RETURN_IF_ERROR(reader.ReadAll(out.values));
  return out;
}

bool IsStartTimesLine(std::string_view line) {
  line = TrimLine(line);
  const std::size_t space = line.find_first_of(" \t");
  return space != std::string_view::npos && line.substr(0, space).ends_with(kStartTimesSuffix);
}

base::Result<StartTimesDescription> ParseStartTimesDescription(std::string_view text) {
  std::string_view line = TrimLine(text);
  if (!IsStartTimesLine(line)) return base::InvalidArgument("invalid @st line: it has the form METRIC@st OFFSETS");
  const std::size_t space = line.find_first_of(" \t");
  StartTimesDescription out;
  BW_ASSIGN_OR_RETURN(out.labels, ParseMetric(line.substr(0, space - kStartTimesSuffix.size())));
  line.remove_prefix(space);
  while (!(line = TrimLine(line)).empty()) {
    const std::string_view item = line.substr(0, line.find_first_of(" \t"));
    if (!StartTimesReader(item).Item(out.offsets)) {
      return base::InvalidArgument(
          fmt::format("invalid @st sequence: invalid item {}: expected _, _xN or an offset "
                      "such as -1m, -1mx5 or -1m+30sx5",
                      base::Quote(item)));
    }
    line.remove_prefix(item.size());
  }
  return out;
}

}  // namespace bellwether::promql
