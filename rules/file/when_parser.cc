#include "rules/file/when_parser.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/number.h"
#include "base/quote.h"
#include "metric/labels.h"
#include "yaml/suggestion.h"

namespace bellwether::rules {
namespace {

constexpr auto kKeywords = std::to_array<std::string_view>({"and", "or", "not", "at_least", "score"});
constexpr int kWhenDepthMax = 100;

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

class WhenParser {
 public:
  WhenParser(std::string_view text, std::span<const std::string> signals) : text_(text), signals_(signals) { Next(); }

  base::Result<When> Parse() {
    BW_ASSIGN_OR_RETURN(When when, ParseOr());
    if (!token_.empty()) return Unexpected("'and', 'or' or the end");
    return when;
  }

 private:
  base::Result<When> ParseOr() { return ParseChain("or", When::Kind::kOr, &WhenParser::ParseAnd); }
  base::Result<When> ParseAnd() { return ParseChain("and", When::Kind::kAnd, &WhenParser::ParseNot); }

  base::Result<When> ParseChain(std::string_view word, When::Kind kind, base::Result<When> (WhenParser::*operand)()) {
    BW_ASSIGN_OR_RETURN(When first, (this->*operand)());
    if (token_ != word) return first;
    When chain;
    chain.kind = kind;
    chain.operands.push_back(std::move(first));
    while (Take(word)) {
      BW_ASSIGN_OR_RETURN(When next, (this->*operand)());
      chain.operands.push_back(std::move(next));
    }
    return chain;
  }

  base::Result<When> ParseNot() {
    if (++depth_ > kWhenDepthMax) return Fault("nested too deeply");
    auto parsed = ParseNegation();
    --depth_;
    return parsed;
  }

  base::Result<When> ParseNegation() {
    if (!Take("not")) return ParsePrimary();
    When negation;
    negation.kind = When::Kind::kNot;
    BW_ASSIGN_OR_RETURN(When operand, ParseNot());
    negation.operands.push_back(std::move(operand));
    return negation;
  }

  base::Result<When> ParsePrimary() {
    if (Take("(")) {
      BW_ASSIGN_OR_RETURN(When inner, ParseOr());
      BW_RETURN_IF_ERROR(Expect(")"));
      return inner;
    }
    if (Take("at_least")) return ParseAtLeast();
    if (Take("score")) return ParseScore();
    return ParseSignal();
  }

  base::Result<When> ParseSignal() {
    if (token_.empty() || !IsSignalName(token_)) return Unexpected("the name of a signal");
    const auto found = std::find(signals_.begin(), signals_.end(), token_);
    if (found == signals_.end()) {
      const std::vector<std::string_view> names(signals_.begin(), signals_.end());
      const std::string_view meant = yaml::Suggest(token_, names);
      return Fault(
          meant.empty()
              ? fmt::format("there is no signal {} (there are {})", base::Quote(token_), fmt::join(names, ", "))
              : fmt::format("there is no signal {}, did you mean '{}'?", base::Quote(token_), meant));
    }
    When signal;
    signal.signal = static_cast<std::size_t>(found - signals_.begin());
    Next();
    return signal;
  }

  base::Result<When> ParseAtLeast() {
    When at_least;
    at_least.kind = When::Kind::kAtLeast;
    BW_RETURN_IF_ERROR(Expect("("));
    BW_ASSIGN_OR_RETURN(const double count, ParseNumber("how many of the conditions must hold"));
    const auto at = at_;
    while (Take(",")) {
      BW_ASSIGN_OR_RETURN(When operand, ParseOr());
      at_least.operands.push_back(std::move(operand));
    }
    BW_RETURN_IF_ERROR(Expect(")"));
    if (count < 1 || std::floor(count) != count || count > static_cast<double>(at_least.operands.size())) {
      at_ = at;
      return Fault(fmt::format("at_least must ask for a whole number from 1 to {}, as many as it names, not {}",
                               at_least.operands.size(), base::FormatNumber(count)));
    }
    at_least.count = static_cast<std::size_t>(count);
    return at_least;
  }

  base::Result<When> ParseScore() {
    When score;
    score.kind = When::Kind::kScore;
    BW_RETURN_IF_ERROR(Expect("("));
    do {
      BW_ASSIGN_OR_RETURN(When signal, ParseSignal());
      BW_RETURN_IF_ERROR(Expect("="));
      BW_ASSIGN_OR_RETURN(const double weight, ParseNumber("a weight"));
      score.operands.push_back(std::move(signal));
      score.weights.push_back(weight);
    } while (Take(","));
    BW_RETURN_IF_ERROR(Expect(")"));
    score.strict = Take(">");
    if (!score.strict && !Take(">=")) return Unexpected("'>=' or '>' and what the score must reach");
    BW_ASSIGN_OR_RETURN(score.bound, ParseNumber("what the score must reach"));
    return score;
  }

  base::Result<double> ParseNumber(std::string_view what) {
    const std::string sign = Take("-") ? "-" : "";
    const std::optional<double> number = base::ParseNumber(sign + std::string(token_));
    if (!number || !std::isfinite(*number)) return Unexpected(what);
    Next();
    return *number;
  }

  // Reads the next token: a word or number, a sign, or nothing at the end.
  void Next() {
    at_ += token_.size();
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
    std::size_t end = at_;
    while (end < text_.size() && IsWordByte(text_[end])) ++end;
    if (end == at_ && end < text_.size()) end += text_.substr(at_).starts_with(">=") ? 2 : 1;
    token_ = text_.substr(at_, end - at_);
  }

  bool Take(std::string_view token) {
    if (token_ != token) return false;
    Next();
    return true;
  }

  base::Status Expect(std::string_view token) {
    return Take(token) ? base::OkStatus() : Unexpected(fmt::format("'{}'", token));
  }

  [[nodiscard]] base::Status Unexpected(std::string_view wanted) const {
    return Fault(token_.empty() ? fmt::format("it ends where {} is expected", wanted)
                                : fmt::format("unexpected {}, expected {}", base::Quote(token_), wanted));
  }

  [[nodiscard]] base::Status Fault(std::string_view text) const {
    return base::InvalidArgument(fmt::format("1:{}: {}", at_ + 1, text));
  }

  const std::string_view text_;
  const std::span<const std::string> signals_;
  std::string_view token_;
  std::size_t at_ = 0;  // Where the token begins.
  int depth_ = 0;
};

}  // namespace

base::Result<When> ParseWhen(std::string_view text, std::span<const std::string> signals) {
  return WhenParser(text, signals).Parse();
}

bool IsSignalName(std::string_view name) {
  return metric::IsLegacyLabelName(name) && std::find(kKeywords.begin(), kKeywords.end(), name) == kKeywords.end();
}

}  // namespace bellwether::rules
