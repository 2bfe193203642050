#include "tests/promql/script.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/quote.h"
#include "promql/parser.h"
#include "tests/promql/dialect.h"

namespace bellwether::promqltest {
namespace {

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Trimmed lines; comments are blank ones.
std::vector<std::string_view> ScriptLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view line = Trimmed(text.substr(0, end));
    lines.push_back(line.starts_with('#') ? std::string_view() : line);
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

class ScriptParser {
 public:
  explicit ScriptParser(std::string_view text) : lines_(ScriptLines(text)) {}

  base::Result<std::vector<Command>> Parse() {
    std::vector<Command> commands;
    for (at_ = 0; at_ < lines_.size(); ++at_) {
      if (lines_[at_].empty()) continue;
      Command command;
      command.line = at_ + 1;
      if (auto status = ParseCommand(command); !status.ok()) {
        return status.WithContext(fmt::format("line {}", at_ + 1));
      }
      commands.push_back(std::move(command));
    }
    return commands;
  }

 private:
  base::Status ParseCommand(Command& command) {
    std::string word(lines_[at_].substr(0, lines_[at_].find_first_of(" \t")));
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (word == "clear") return base::OkStatus();
    if (word.starts_with("load")) return ParseLoad(command.what.emplace<LoadCommand>());
    if (word.starts_with("eval")) return ParseEval(command.what.emplace<EvalCommand>());
    return base::InvalidArgument("invalid command " + base::Quote(lines_[at_]));
  }

  // Moves to the next line of the block; false at its end.
  bool NextLine() {
    if (at_ + 1 >= lines_.size() || lines_[at_ + 1].empty()) return false;
    ++at_;
    return true;
  }

  base::Status ParseLoad(LoadCommand& load) {
    static const re2::RE2 kPattern(R"(^load(?:_(with_nhcb))?\s+(.+?)$)");
    std::string nhcb, step;
    if (!re2::RE2::FullMatch(AsPiece(lines_[at_]), kPattern, &nhcb, &step)) {
      return base::InvalidArgument("invalid load command (load[_with_nhcb] <step:duration>)");
    }
    load.with_nhcb = !nhcb.empty();
    BW_ASSIGN_OR_RETURN(load.step, base::ParseDuration(step));
    std::optional<promql::StartTimesDescription> start_times;
    while (NextLine()) {
      const std::string_view line = lines_[at_];
      if (promql::IsStartTimesLine(line)) {
        if (start_times) return base::InvalidArgument("@st line has no following sample line");
        BW_ASSIGN_OR_RETURN(start_times, promql::ParseStartTimesDescription(line));
        continue;
      }
      BW_ASSIGN_OR_RETURN(promql::SeriesDescription description, promql::ParseSeriesDescription(line));
      LoadedSeries series{
          .labels = description.labels, .values = std::move(description.values), .start_time_offsets = {}};
      if (start_times) {
        if (start_times->labels != series.labels) {
          return base::InvalidArgument("@st metric does not match the following sample line metric");
        }
        if (start_times->offsets.size() != series.values.size()) {
          return base::InvalidArgument(fmt::format("@st line has {} values but sample line has {}",
                                                   start_times->offsets.size(), series.values.size()));
        }
        series.start_time_offsets = std::move(start_times->offsets);
        start_times.reset();
      }
      load.series.insert_or_assign(series.labels, series);
    }
    if (start_times) return base::InvalidArgument("@st line has no following sample line");
    return base::OkStatus();
  }

  base::Status ParseEval(EvalCommand& eval) {
    static const re2::RE2 kInstant(R"(^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$)");
    static const re2::RE2 kRange(
        R"(^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$)");
    std::string modifier, at, from, to, step;
    if (re2::RE2::FullMatch(AsPiece(lines_[at_]), kInstant, &modifier, &at, &eval.expr)) {
      BW_RETURN_IF_ERROR(ReadTime(at, eval.at));
      eval.start = eval.at;
      eval.end = eval.at;
    } else if (re2::RE2::FullMatch(AsPiece(lines_[at_]), kRange, &modifier, &from, &to, &step, &eval.expr)) {
      eval.is_range = true;
      BW_RETURN_IF_ERROR(ReadRange(from, to, step, eval));
    } else {
      return base::InvalidArgument(
          "invalid evaluation command: must be either 'eval[_fail|_warn|_ordered|_info] instant at <time> <query>' or "
          "'eval[_fail|_warn|_info] range from <from> to <to> step <step> <query>'");
    }
    if (const auto expr = promql::Parse(eval.expr, kAllFeatures); !expr.ok()) return expr.status();
    const bool legacy_fail = modifier == "fail";
    if (legacy_fail) eval.failure = TextPattern();
    if (modifier == "ordered") eval.ordered = true;
    if (modifier == "warn") eval.warnings.emplace_back();
    if (modifier == "info") eval.infos.emplace_back();
    return ParseExpectations(eval, legacy_fail);
  }

  static base::Status ReadTime(std::string_view text, base::TimestampMs& out) {
    BW_ASSIGN_OR_RETURN(const base::DurationMs offset, base::ParseDuration(text));
    out = base::TimestampMs(offset.ms);
    return base::OkStatus();
  }

  static base::Status ReadRange(std::string_view from, std::string_view to, std::string_view step, EvalCommand& eval) {
    BW_RETURN_IF_ERROR(ReadTime(from, eval.start));
    BW_RETURN_IF_ERROR(ReadTime(to, eval.end));
    if (eval.end < eval.start) return base::InvalidArgument("end timestamp is before start timestamp");
    BW_ASSIGN_OR_RETURN(eval.step, base::ParseDuration(step));
    return base::OkStatus();
  }

  base::Status ParseExpectations(EvalCommand& eval, bool legacy_fail) {
    std::size_t position = 0;
    while (NextLine()) {
      const std::string_view line = lines_[at_];
      if (legacy_fail && line.starts_with("expected_fail_")) return LegacyFailure(line, eval);
      if (line.starts_with("expect range vector")) {
        BW_RETURN_IF_ERROR(ExpectRangeVector(line, eval));
      } else if (line.starts_with("expect string")) {
        BW_RETURN_IF_ERROR(ExpectString(line, eval));
      } else if (line == "expect" || line.starts_with("expect ")) {
        BW_RETURN_IF_ERROR(Expect(line, eval));
      } else if (const auto scalar = ScalarLine(line)) {
        eval.scalar = scalar;
        return base::OkStatus();
      } else {
        BW_ASSIGN_OR_RETURN(promql::SeriesDescription series, promql::ParseSeriesDescription(line));
        if (series.values.size() > 1 && !eval.is_range && !eval.expects_range_vector) {
          return base::InvalidArgument(
              "several values for an instant evaluation: say 'expect range vector from A to B step S'");
        }
        if (series.values.empty()) return base::InvalidArgument("expected series has no value");
        eval.series[series.labels] = {++position, std::move(series.values)};
      }
    }
    return base::OkStatus();
  }

  static std::optional<double> ScalarLine(std::string_view line) {
    const auto expr = promql::Parse(line, kAllFeatures);
    if (!expr.ok() || (*expr)->kind != promql::ExprKind::kNumber) return std::nullopt;
    const auto& number = static_cast<const promql::NumberLiteral&>(**expr);
    if (number.is_duration) return std::nullopt;
    return number.value;
  }

  static base::Status LegacyFailure(std::string_view line, EvalCommand& eval) {
    const std::size_t space = std::min(line.find_first_of(" \t"), line.size());
    const std::string text(Trimmed(line.substr(space)));
    if (line.starts_with("expected_fail_message")) {
      eval.failure->text = text;
    } else {
      eval.failure->regex = text;
    }
    return base::OkStatus();
  }

  static base::Status ExpectRangeVector(std::string_view line, EvalCommand& eval) {
    static const re2::RE2 kPattern(R"(^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$)");
    std::string from, to, step;
    if (!re2::RE2::FullMatch(AsPiece(line), kPattern, &from, &to, &step)) {
      return base::InvalidArgument("invalid range vector definition " + base::Quote(line));
    }
    eval.expects_range_vector = true;
    BW_RETURN_IF_ERROR(ReadRange(from, to, step, eval));
    eval.at = eval.end;
    return base::OkStatus();
  }

  static base::Status ExpectString(std::string_view line, EvalCommand& eval) {
    const std::string_view literal = Trimmed(line.substr(std::string_view("expect string").size()));
    const auto expr = promql::Parse(literal, kAllFeatures);
    if (!expr.ok() || (*expr)->kind != promql::ExprKind::kString) {
      return base::InvalidArgument("expected string literal is not valid: check that it is quoted");
    }
    eval.string = static_cast<const promql::StringLiteral&>(**expr).value;
    return base::OkStatus();
  }

  static base::Status Expect(std::string_view line, EvalCommand& eval) {
    static const re2::RE2 kPattern(R"(^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$)");
    std::string kind, how, text;
    if (!re2::RE2::FullMatch(AsPiece(line), kPattern, &kind, &how, &text)) {
      return base::InvalidArgument("invalid expect statement " + base::Quote(line));
    }
    TextPattern pattern;
    if (how == "msg") pattern.text = std::string(Trimmed(text));
    if (how == "regex") pattern.regex = std::string(Trimmed(text));
    if (pattern.regex && !re2::RE2(*pattern.regex, re2::RE2::Quiet).ok()) {
      return base::InvalidArgument("invalid regular expression " + base::Quote(*pattern.regex));
    }
    if (kind == "ordered") eval.ordered = true;
    if (kind == "warn") eval.warnings.push_back(pattern);
    if (kind == "info") eval.infos.push_back(pattern);
    if (kind == "no_warn") eval.no_warnings = true;
    if (kind == "no_info") eval.no_infos = true;
    if (kind == "fail") {
      if (eval.failure) return base::InvalidArgument("multiple expect fail lines are not allowed");
      eval.failure = pattern;
    }
    if ((eval.no_infos && !eval.infos.empty()) || (eval.no_warnings && !eval.warnings.empty())) {
      return base::InvalidArgument("a kind of annotation is both expected and excluded");
    }
    return base::OkStatus();
  }

  static re2::StringPiece AsPiece(std::string_view text) { return {text.data(), text.size()}; }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
};

}  // namespace

bool TextPattern::Matches(std::string_view actual) const {
  if (text) return *text == actual;
  if (regex) return re2::RE2::PartialMatch(re2::StringPiece(actual.data(), actual.size()), *regex);
  return true;
}

std::string TextPattern::Describe() const {
  if (text) return "text " + base::Quote(*text);
  if (regex) return "pattern " + base::Quote(*regex);
  return "any text";
}

base::Result<std::vector<Command>> ParseScript(std::string_view text) { return ScriptParser(text).Parse(); }

}  // namespace bellwether::promqltest
