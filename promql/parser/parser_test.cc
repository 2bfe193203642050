#include "promql/parser.h"

#include <gtest/gtest.h>

#include "promql/parser/function_signatures.h"

namespace bellwether::promql {
namespace {

constexpr ParserOptions kEverything = {
    .experimental_functions = true, .extended_range_selectors = true, .binop_fill_modifiers = true};

// What became of `query`: its canonical text, or the error.
std::string Canonical(std::string_view query, const ParserOptions& options = kEverything) {
  const auto expr = Parse(query, options);
  return expr.ok() ? Print(**expr) : expr.status().message();
}

// Parsing and printing once more changes nothing.
void ExpectCanonical(std::string_view query, std::string_view canonical) {
  EXPECT_EQ(Canonical(query), canonical) << query;
  EXPECT_EQ(Canonical(canonical), canonical) << query;
}

void ExpectError(std::string_view query, std::string_view error) { EXPECT_EQ(Canonical(query), error) << query; }

// Every operation in parentheses, to see what binds to what.
std::string Shape(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kBinary: {
      const auto& binary = static_cast<const Binary&>(expr);
      return "[" + Shape(*binary.lhs) + std::string(BinaryOpText(binary.op)) + Shape(*binary.rhs) + "]";
    }
    case ExprKind::kUnary: {
      const auto& unary = static_cast<const Unary&>(expr);
      return std::string("[") + (unary.negative ? "-" : "+") + Shape(*unary.expr) + "]";
    }
    default: return Print(expr);
  }
}

void ExpectShape(std::string_view query, std::string_view shape) {
  const auto expr = Parse(query, kEverything);
  ASSERT_TRUE(expr.ok()) << query << ": " << expr.status().message();
  EXPECT_EQ(Shape(**expr), shape) << query;
}

TEST(Parser, Precedence) {
  ExpectShape("a + b * c", "[a+[b*c]]");
  ExpectShape("a * b + c", "[[a*b]+c]");
  ExpectShape("a - b - c", "[[a-b]-c]");
  ExpectShape("a ^ b ^ c", "[a^[b^c]]");
  ExpectShape("-1 ^ 2", "[-[1^2]]");
  ExpectShape("-a * b", "[[-a]*b]");
  ExpectShape("2 ^ -a * 3", "[[2^[-a]]*3]");
  ExpectShape("a or b and c unless d", "[aor[[bandc]unlessd]]");
  ExpectShape("a == b + c", "[a==[b+c]]");
  ExpectShape("a % b atan2 c", "[[a%b]atan2c]");
  ExpectShape("a </ b >/ c", "[[a</b]>/c]");
  ExpectShape("foo offset 1m + 2", "[foo offset 1m+2]");
  ExpectShape("foo offset -2^2", "[foo offset -2s^2]");
  ExpectShape("-foo offset 1m @ 3", "[-foo @ 3.000 offset 1m]");
}

TEST(Parser, Numbers) {
  ExpectCanonical("1", "1");
  ExpectCanonical("0x1F", "31");
  ExpectCanonical("010", "8");
  ExpectCanonical("08", "8");
  ExpectCanonical("1_000.5", "1000.5");
  ExpectCanonical(".5", "0.5");
  ExpectCanonical("5.", "5");
  ExpectCanonical("1e-7", "0.0000001");
  ExpectCanonical("-iNf", "-Inf");
  ExpectCanonical("nan", "NaN");
  ExpectCanonical("1h30m", "1h30m");
  ExpectCanonical("-90m", "-1h30m");
  ExpectCanonical("7d", "1w");
  ExpectCanonical("foo > 5m", "foo > 5m");
}

TEST(Parser, Selectors) {
  ExpectCanonical("foo", "foo");
  ExpectCanonical("sum", "sum");
  ExpectCanonical("offset", "offset");
  ExpectCanonical("a:b", "a:b");
  ExpectCanonical("foo{b='1',a!~`2`,}", R"(foo{a!~"2",b="1"})");
  ExpectCanonical(R"({"my.metric", "l.b"=~"x"})", R"({"l.b"=~"x",__name__="my.metric"})");
  ExpectCanonical(R"({__name__="up"})", R"({__name__="up"})");
  ExpectCanonical("foo # comment\n{ # another\n a = 'b' }", R"(foo{a="b"})");
  ExpectCanonical(R"(foo{a="\x41\u00e9\101\n"})", "foo{a=\"A\u00e9A\\n\"}");
  ExpectCanonical("foo @ 1.5", "foo @ 1.500");
  ExpectCanonical("foo @ -1m", "foo @ -60.000");
  ExpectCanonical("foo offset 5m @ start()", "foo @ start() offset 5m");
  ExpectCanonical("foo[5m] @ end() offset -1h", "foo[5m] @ end() offset -1h");
  ExpectCanonical("foo[90]", "foo[1m30s]");
  ExpectCanonical("foo smoothed", "foo smoothed");
  ExpectCanonical("foo[5m] anchored @ 3", "foo[5m] anchored @ 3.000");
  ExpectCanonical("foo[5m:] offset 1m @ 2", "foo[5m:] @ 2.000 offset 1m");
  ExpectCanonical("(foo + bar)[5m:30s]", "(foo + bar)[5m:30s]");
  ExpectCanonical("fill + fill_left", "fill + fill_left");
}

TEST(Parser, DurationExpressions) {
  ExpectCanonical("foo[5m+1m]", "foo[5m + 1m]");
  ExpectCanonical("foo[(5m + 1m) * 2]", "foo[(5m + 1m) * 2]");
  ExpectCanonical("foo[STEP()]", "foo[step()]");
  ExpectCanonical("foo[max_of(step(), 1m):range()/10]", "foo[max_of(step(), 1m):range() / 10]");
  ExpectCanonical("foo offset -step()", "foo offset -step()");
  ExpectCanonical("foo offset (5m ^ 2)", "foo offset (5m ^ 2)");
  ExpectCanonical("foo offset -(5m - 1)", "foo offset -(5m - 1)");
  ExpectCanonical("foo[-(-5m)]", "foo[-(-5m)]");
}

TEST(Parser, Operators) {
  ExpectCanonical("a + on(x,) b", "a + on (x) b");
  ExpectCanonical("a + on() b", "a + on () b");
  ExpectCanonical("a + ignoring() b", "a + b");
  ExpectCanonical("a == bool ignoring(sum,'a b') group_left(y) b",
                  R"(a == bool ignoring (sum, "a b") group_left (y) b)");
  ExpectCanonical("a * on(x) group_right b", "a * on (x) group_right () b");
  ExpectCanonical("a + fill(-1) b", "a + fill (-1) b");
  ExpectCanonical("a + fill_right(5m) fill_left(2) b", "a + fill_left (2) fill_right (300) b");
  ExpectCanonical("a and on(x) b", "a and on (x) b");
}

TEST(Parser, AggregationsAndCalls) {
  ExpectCanonical("SUM(a) by (b,c)", "sum by (b, c) (a)");
  ExpectCanonical("sum by() (a)", "sum(a)");
  ExpectCanonical("sum without() (a)", "sum without () (a)");
  ExpectCanonical("topk(3, a) without ('b c')", R"(topk without ("b c") (3, a))");
  ExpectCanonical("count_values('v', a)", R"(count_values("v", a))");
  ExpectCanonical("rate(a[5m])", "rate(a[5m])");
  ExpectCanonical("time()", "time()");
  ExpectCanonical("hour()", "hour()");
  ExpectCanonical("info(a, {b='c'})", R"(info(a, {b="c"}))");
  ExpectCanonical("info(a, {})", "info(a, {})");
  ExpectCanonical("step() + range() + start() + end()", "step() + range() + start() + end()");
  ExpectCanonical("label_join(a, 'b', ',')", R"(label_join(a, "b", ","))");
  ExpectCanonical("'text'", R"("text")");
}

TEST(Parser, LexicalErrors) {
  ExpectError("", "1:1: parse error: no expression found in input");
  ExpectError("# only\n", "1:1: parse error: no expression found in input");
  ExpectError("(foo", "1:5: parse error: unclosed left parenthesis");
  ExpectError("foo)", "1:5: parse error: unexpected right parenthesis ')'");
  ExpectError("foo ~ 1", "1:5: parse error: unexpected character: '~'");
  ExpectError("foo !~ 1", "1:5: parse error: unexpected character after '!': '~'");
  ExpectError("foo =~ 1", "1:5: parse error: unexpected character after '=': '~'");
  ExpectError("foo{", "1:5: parse error: unexpected end of input inside braces");
  ExpectError("foo{{", "1:5: parse error: unexpected left brace '{'");
  ExpectError("foo{a:b='1'}", "1:6: parse error: unexpected character inside braces: ':'");
  ExpectError("\"foo", "1:1: parse error: unterminated quoted string");
  ExpectError("`foo", "1:1: parse error: unterminated raw string");
  ExpectError(R"("\q")", "1:1: parse error: unknown escape sequence U+0071 'q'");
  ExpectError(R"("\xg0")", "1:1: parse error: illegal character U+0067 'g' in escape sequence");
  ExpectError(R"("\ud800")", "1:1: parse error: escape sequence is an invalid Unicode code point");
  ExpectError("\"\xff\"", "1:1: parse error: invalid UTF-8 rune");
  ExpectError("foo[", "1:5: parse error: unexpected end of input in duration expression");
  ExpectError("foo[:5m]", "1:6: parse error: unexpected colon before duration in duration expression");
  ExpectError("foo[5m:1m:1m]", "1:10: parse error: unexpected colon ':'");
  ExpectError("foo[5m[", "1:7: parse error: unexpected left bracket '['");
  ExpectError("foo]", "1:4: parse error: unexpected right bracket ']'");
  ExpectError("foo[a]", "1:5: parse error: unexpected character in duration expression: 'a'");
  ExpectError("\n\nfoo $", "3:5: parse error: unexpected character: '$'");
}

TEST(Parser, GrammarErrors) {
  ExpectError("foo bar", "1:5: parse error: unexpected identifier \"bar\"");
  ExpectError("foo and", "1:8: parse error: unexpected end of input");
  ExpectError("foo 'averylongstring'", "1:5: parse error: unexpected string \"'averylong\"...");
  ExpectError("sum(a b)", "1:7: parse error: unexpected identifier \"b\" in aggregation");
  ExpectError("sum by a (b)", "1:8: parse error: unexpected identifier \"a\" in grouping opts, expected \"(\"");
  ExpectError("sum by (5) (b)", "1:9: parse error: unexpected number \"5\" in grouping opts, expected label");
  ExpectError("sum by (a b) (c)",
              "1:11: parse error: unexpected identifier \"b\" in grouping opts, expected \",\" or \")\"");
  ExpectError("sum by ('') (c)", "1:9: parse error: invalid label name for grouping: \"\"");
  ExpectError("foo{a}", "1:6: parse error: unexpected \"}\" in label matching, expected label matching operator");
  ExpectError("foo{a=b}", "1:7: parse error: unexpected identifier \"b\" in label matching, expected string");
  ExpectError("foo{a='b' c='d'}",
              "1:11: parse error: unexpected identifier \"c\" in label matching, expected \",\" or \"}\"");
  ExpectError("foo{=}", "1:5: parse error: unexpected \"=\" in label matching, expected identifier or \"}\"");
  ExpectError("foo @ bar", "1:7: parse error: unexpected identifier \"bar\" in @, expected timestamp");
  ExpectError(
      "foo offset bar",
      "1:12: parse error: unexpected identifier \"bar\" in offset, expected number, duration, step(), or range()");
  ExpectError("foo[5m:", "1:8: parse error: unclosed left bracket");
  ExpectError("abs(a,)", "1:6: parse error: trailing commas not allowed in function call args");
  ExpectError("foo{a=~'('}", std::string("1:5: parse error: ") +
                                 metric::Matcher::Make(metric::MatchOp::kRegex, "a", "(").status().message());
  ExpectError("1foo", "1:1: parse error: bad number or duration syntax: \"1\"");
  ExpectError("foo[5m1h]", "1:5: parse error: not a valid duration string: \"5m1h\"");
  ExpectError("foo[0]", "1:5: parse error: duration must be greater than 0");
  ExpectError("foo[1/0]", "1:6: parse error: division by zero");
  ExpectError("foo offset 1e20", "1:12: parse error: duration out of range");
}

TEST(Parser, SemanticErrors) {
  ExpectError("nofunc(a)", "1:1: parse error: unknown function with name \"nofunc\"");
  ExpectError("sum()", "1:1: parse error: no arguments for aggregate expression provided");
  ExpectError("topk(a)",
              "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1");
  ExpectError("rate(a)",
              "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector");
  ExpectError("abs()", "1:1: parse error: expected 1 argument(s) in call to \"abs\", got 0");
  ExpectError("round()", "1:1: parse error: expected at least 1 argument(s) in call to \"round\", got 0");
  ExpectError("psi(a)", "1:1: parse error: expected at least 2 argument(s) in call to \"psi\", got 1");
  ExpectError("psi(a, b, \"\")", "1:11: parse error: expected a name in call to function \"psi\", got \"\"");
  ExpectError("bh_adjust(a, \"x\", \"\")",
              "1:19: parse error: expected a name in call to function \"bh_adjust\", got \"\"");
  ExpectError("baseline(\"\")", "1:10: parse error: expected a name in call to function \"baseline\", got \"\"");
  ExpectError("hour(a, b)", "1:1: parse error: expected at most 1 argument(s) in call to \"hour\", got 2");
  ExpectError("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar");
  ExpectError("topk(a, b)", "1:6: parse error: expected type scalar in aggregation parameter, got instant vector");
  ExpectError("a + bool b", "1:3: parse error: bool modifier can only be used on comparison operators");
  ExpectError("1 > 2", "1:3: parse error: comparisons between scalars must use BOOL modifier");
  ExpectError("a + on(x) group_left(x) b",
              "1:3: parse error: label \"x\" must not occur in ON and GROUP clause at once");
  ExpectError("a + 'x'", "1:5: parse error: binary expression must contain only scalar and instant vector types");
  ExpectError("a + on(x) 1", "1:1: parse error: vector matching only allowed between instant vectors");
  ExpectError("a + fill(0) 1", "1:1: parse error: filling in missing series only allowed between instant vectors");
  ExpectError("a and fill(0) b", "1:1: parse error: filling in missing series not allowed for set operators");
  ExpectError("a or on(x) group_left b", "1:1: parse error: no grouping allowed for \"or\" operation");
  ExpectError("a and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression");
  ExpectError("-'x'",
              "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "
              "\"string\"");
  ExpectError("a[5m][5m:]", "1:1: parse error: subquery is only allowed on instant vector, got matrix instead");
  ExpectError("(a)[5m]", "1:4: parse error: ranges only allowed for vector selectors");
  ExpectError("a offset 1m [5m]", "1:13: parse error: no offset modifiers allowed before range");
  ExpectError("a @ 1 [5m]", "1:7: parse error: no @ modifiers allowed before range");
  ExpectError(
      "(a) offset 1m",
      "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector "
      "or a subquery");
  ExpectError("a offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times");
  ExpectError("a @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times");
  ExpectError("a @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf");
  ExpectError("a anchored smoothed", "1:1: parse error: anchored and smoothed modifiers cannot be used together");
  ExpectError("a[5m:] smoothed", "1:1: parse error: smoothed modifier is not supported for subqueries");
  ExpectError("(a) anchored", "1:1: parse error: anchored modifier not implemented");
  ExpectError("a{__name__='b'}", "1:1: parse error: metric name must not be set twice: \"a\" or \"b\"");
  ExpectError("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher");
  ExpectError("{a=~'.*'}", "1:1: parse error: vector selector must contain at least one non-empty matcher");
  ExpectError("info(a, b)", "1:9: parse error: expected label selectors only, got vector selector instead");
  ExpectError("info(a, abs(b))", "1:9: parse error: expected label selectors only");
  // The call's own complaint comes before those about its arguments, an aggregation's parameter after its expression.
  ExpectError("abs({}, {})", "1:1: parse error: expected 1 argument(s) in call to \"abs\", got 2");
  ExpectError("topk(scalar({}), abs({}))",
              "1:22: parse error: vector selector must contain at least one non-empty matcher");
}

TEST(Parser, FeatureGates) {
  const auto gated = [](std::string_view query, std::string_view error) {
    EXPECT_EQ(Canonical(query, ParserOptions()), error) << query;
    EXPECT_TRUE(Parse(query, kEverything).ok()) << query;
  };
  gated("mad_over_time(a[5m])", "1:1: parse error: function \"mad_over_time\" is not enabled");
  gated("limitk(1, a)",
        "1:1: parse error: limitk() is experimental and must be enabled with "
        "--enable-feature=promql-experimental-functions");
  gated("a anchored", "1:1: parse error: anchored modifier is experimental and not enabled");
  gated("a[5m] smoothed", "1:1: parse error: smoothed modifier is experimental and not enabled");
  gated("a + fill(0) b", "1:1: parse error: binop fill modifiers are experimental and not enabled");
  EXPECT_EQ(Canonical("a[step()*2] offset range()", ParserOptions()), "a[step() * 2] offset range()");
}

TEST(Parser, DepthIsBounded) {
  const std::string parens = std::string(1 << 20, '(') + "1" + std::string(1 << 20, ')');
  EXPECT_FALSE(Parse(parens).ok());
  std::string chain = "1";
  for (int i = 0; i < 300'000; ++i) chain += "+1";
  EXPECT_FALSE(Parse(chain).ok());
  EXPECT_FALSE(Parse("a[" + chain + "]").ok());
  EXPECT_FALSE(Parse(std::string(1 << 20, '-') + "1").ok());
  EXPECT_FALSE(Parse("a[" + std::string(1 << 20, '-') + "1]").ok());
  std::string sums = "a";
  for (int i = 0; i < 10'000; ++i) sums += " @ 1 + b";
  EXPECT_FALSE(Parse(sums).ok());
  std::string deep = "1";
  for (int i = 0; i < 900; ++i) deep = "(" + deep + ")";
  EXPECT_TRUE(Parse(deep).ok());
}

TEST(Parser, Positions) {
  const auto expr = Parse("sum(rate(foo[5m])) / bar");
  ASSERT_TRUE(expr.ok());
  const auto& binary = static_cast<const Binary&>(**expr);
  EXPECT_EQ(binary.position.start, 0);
  EXPECT_EQ(binary.position.end, 24);
  const auto& sum = static_cast<const Aggregate&>(*binary.lhs);
  EXPECT_EQ(sum.position.end, 18);
  EXPECT_EQ(sum.expr->position.start, 4);
  EXPECT_EQ(binary.rhs->position.start, 21);
  EXPECT_EQ(PositionText("a\nbc", 3), "2:2");
}

TEST(ParseMetricSelector, TakesASelectorAlone) {
  const auto ok = ParseMetricSelector("up{job='a'}");
  ASSERT_TRUE(ok.ok());
  ASSERT_EQ(ok->size(), 2u);
  EXPECT_EQ((*ok)[0].ToString(), R"(job="a")");
  EXPECT_EQ((*ok)[1].ToString(), R"(__name__="up")");
  const auto error = [](std::string_view text) { return ParseMetricSelector(text).status().message(); };
  EXPECT_EQ(error("up offset 5m"), "1:4: parse error: unexpected <offset>");
  EXPECT_EQ(error("{a=''}"), "1:1: parse error: vector selector must contain at least one non-empty matcher");
  EXPECT_EQ(error("1"), "1:1: parse error: unexpected number \"1\"");
  EXPECT_EQ(error(""), "1:1: parse error: unexpected end of input");
}

TEST(ParseMetric, ReadsLabels) {
  const auto metric = [](std::string_view text) {
    const auto labels = ParseMetric(text);
    return labels.ok() ? labels->ToMetricString() : labels.status().message();
  };
  EXPECT_EQ(metric("up"), "up");
  EXPECT_EQ(metric("{}"), "{}");
  EXPECT_EQ(metric("up{a='b',}"), R"(up{a="b"})");
  EXPECT_EQ(metric(R"({"my.metric", "x y"="z"})"), R"({"my.metric", "x y"="z"})");
  EXPECT_EQ(metric("up{a!='b'}"), "1:5: parse error: unexpected <op:!=> in label set, expected \"=\"");
  EXPECT_EQ(metric("up 1"), "1:4: parse error: unexpected number \"1\"");
}

TEST(FunctionSignatures, SortedAndFound) {
  const auto all = AllFunctions();
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_TRUE(i == 0 || all[i - 1].name < all[i].name) << all[i].name;
    EXPECT_EQ(FindFunction(all[i].name), &all[i]);
  }
  EXPECT_EQ(FindFunction("nothing"), nullptr);
}

TEST(PrettyPrint, SplitsWhatIsLong) {
  const auto pretty = [](std::string_view query) {
    const auto expr = Parse(query, kEverything);
    return expr.ok() ? PrettyPrint(**expr) : expr.status().message();
  };
  EXPECT_EQ(pretty("sum(a)  +   b"), "sum(a) + b");
  const std::string a(60, 'a');
  const std::string b(60, 'b');
  EXPECT_EQ(pretty(a + "+on(x)" + b), "  " + a + "\n+ on (x)\n  " + b);
  EXPECT_EQ(pretty("sum by (x) (" + a + "+" + b + ")"), "sum by (x) (\n    " + a + "\n  +\n    " + b + "\n)");
  EXPECT_EQ(pretty("clamp((" + a + " - " + b + "), 1, 2)"),
            "clamp(\n  (\n      " + a + "\n    -\n      " + b + "\n  ),\n  1,\n  2\n)");
}

}  // namespace
}  // namespace bellwether::promql
