#include "rules/state/when.h"

#include <array>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rules/file/when_parser.h"

namespace bellwether::rules {
namespace {

const std::vector<std::string> kNames = {"a", "b", "c"};

When Parsed(std::string_view text) {
  auto when = ParseWhen(text, kNames);
  EXPECT_TRUE(when.ok()) << text << ": " << when.status().message();
  return when.ok() ? *std::move(when) : When();
}

std::string Fault(std::string_view text) { return ParseWhen(text, kNames).status().message(); }

// The definition of three values: what is known is what every way of deciding the unknown ones agrees on, operator by
// operator. `two_valued` is the operator on known operands.
template <typename TwoValued>
Truth ByAllWays(const std::vector<Truth>& operands, TwoValued two_valued) {
  bool can_hold = false;
  bool can_fail = false;
  for (unsigned ways = 0; ways < (1U << operands.size()); ++ways) {
    std::vector<bool> decided;
    bool possible = true;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const bool value = (ways >> i & 1U) != 0;
      possible = possible && (operands[i] == Truth::kUnknown || operands[i] == TruthOf(value));
      decided.push_back(value);
    }
    if (!possible) continue;
    (two_valued(decided) ? can_hold : can_fail) = true;
  }
  return can_hold == can_fail ? Truth::kUnknown : TruthOf(can_hold);
}

Truth ByTruthTable(const When& when, std::span<const Truth> signals) {
  if (when.kind == When::Kind::kSignal) return signals[when.signal];
  std::vector<Truth> operands;
  for (const When& operand : when.operands) operands.push_back(ByTruthTable(operand, signals));
  return ByAllWays(operands, [&](const std::vector<bool>& decided) {
    std::size_t count = 0;
    double score = 0;
    for (std::size_t i = 0; i < decided.size(); ++i) {
      if (!decided[i]) continue;
      ++count;
      if (when.kind == When::Kind::kScore) score += when.weights[i];
    }
    switch (when.kind) {
      case When::Kind::kNot: return count == 0;
      case When::Kind::kAnd: return count == decided.size();
      case When::Kind::kOr: return count > 0;
      case When::Kind::kAtLeast: return count >= when.count;
      case When::Kind::kScore: return when.strict ? score > when.bound : score >= when.bound;
      case When::Kind::kSignal: break;
    }
    return false;
  });
}

When RandomWhen(std::mt19937& random, int depth) {
  When when;
  when.signal = random() % kNames.size();
  if (depth == 0 || random() % 4 == 0) return when;
  when.kind = static_cast<When::Kind>(random() % 6);
  const std::size_t operands = when.kind == When::Kind::kNot ? 1 : 1 + random() % 3;
  if (when.kind == When::Kind::kSignal) return when;
  for (std::size_t i = 0; i < operands; ++i) {
    when.operands.push_back(RandomWhen(random, when.kind == When::Kind::kScore ? 0 : depth - 1));
    // Quarters add up exactly.
    when.weights.push_back((static_cast<double>(random() % 9) - 4) / 4);
  }
  when.count = 1 + random() % operands;
  when.bound = (static_cast<double>(random() % 9) - 4) / 4;
  when.strict = random() % 2 == 0;
  return when;
}

TEST(WhenTest, AgreesWithTheTruthTableInThreeValues) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    const When when = RandomWhen(random, 3);
    for (int table = 0; table < 27; ++table) {
      const std::array<Truth, 3> signals = {static_cast<Truth>(table % 3), static_cast<Truth>(table / 3 % 3),
                                            static_cast<Truth>(table / 9)};
      ASSERT_EQ(Evaluate(when, signals), ByTruthTable(when, signals)) << "round " << round << ", row " << table;
    }
  }
}

TEST(WhenTest, BindsNotThenAndThenOr) {
  const auto value = [](std::string_view text, std::string_view signals) {
    std::vector<Truth> truths;
    for (const char c : signals) truths.push_back(c == 't' ? Truth::kTrue : c == 'f' ? Truth::kFalse : Truth::kUnknown);
    return TruthName(Evaluate(Parsed(text), truths));
  };
  EXPECT_EQ(value("a or b and c", "tff"), "true");
  EXPECT_EQ(value("(a or b) and c", "tff"), "false");
  EXPECT_EQ(value("not a and b", "ftf"), "true");
  EXPECT_EQ(value("not (a and b)", "ftf"), "true");
  EXPECT_EQ(value("not not a", "tff"), "true");
  EXPECT_EQ(value("a and b", "?ff"), "false");
  EXPECT_EQ(value("a or b", "?tf"), "true");
  EXPECT_EQ(value("a and b", "?tf"), "unknown");
  EXPECT_EQ(value("at_least(2, a, b, c)", "t?f"), "unknown");
  EXPECT_EQ(value("at_least(2, a, b, c)", "tt?"), "true");
  EXPECT_EQ(value("at_least(2, a, b, c)", "f?f"), "false");
  EXPECT_EQ(value("at_least(2, a, not b, c)", "tff"), "true");
  EXPECT_EQ(value("score(a=0.5, b=0.3, c=0.2) >= 0.7", "t?f"), "unknown");
  EXPECT_EQ(value("score(a=0.5, b=0.3, c=0.2) >= 0.5", "t?f"), "true");
  EXPECT_EQ(value("score(a=0.5,b=0.5) > 1", "ttf"), "false");
  EXPECT_EQ(value("score(a=1, b=-1) >= 1", "t?f"), "unknown");
}

TEST(WhenTest, NamesWhatDecided) {
  const std::array<Truth, 3> signals = {Truth::kFalse, Truth::kTrue, Truth::kTrue};
  EXPECT_EQ(WhatDecided(Parsed("a or c or b"), signals).signal, 2U);
  EXPECT_EQ(WhatDecided(Parsed("not a and b"), signals).signal, 1U);
  EXPECT_EQ(WhatDecided(Parsed("not a"), signals).signal, std::nullopt);
  EXPECT_EQ(WhatDecided(Parsed("at_least(1, a, c)"), signals).signal, 2U);
  EXPECT_EQ(WhatDecided(Parsed("score(a=1, b=2, c=3) >= 5"), signals).score, 5.0);
}

TEST(WhenParserTest, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(Fault("a and"), "1:6: it ends where the name of a signal is expected");
  EXPECT_EQ(Fault("a b"), "1:3: unexpected \"b\", expected 'and', 'or' or the end");
  EXPECT_EQ(Fault("(a or b"), "1:8: it ends where ')' is expected");
  EXPECT_EQ(Fault("a and d"), "1:7: there is no signal \"d\" (there are a, b, c)");
  EXPECT_EQ(Fault("a and && b"), "1:7: unexpected \"&\", expected the name of a signal");
  EXPECT_EQ(Fault("at_least(a, b)"), "1:10: unexpected \"a\", expected how many of the conditions must hold");
  EXPECT_EQ(Fault("at_least(3, a, b)"),
            "1:11: at_least must ask for a whole number from 1 to 2, as many as it names, not 3");
  EXPECT_EQ(Fault("score(a, b)"), "1:8: unexpected \",\", expected '='");
  EXPECT_EQ(Fault("score(a=1)"), "1:11: it ends where '>=' or '>' and what the score must reach is expected");
  EXPECT_NE(Fault(std::string(5000, '(')), "");
  EXPECT_NE(Fault(std::string(400, 'n')), "");
}

}  // namespace
}  // namespace bellwether::rules
