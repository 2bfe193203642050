#include "template/template.h"

#include <fstream>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "template/functions.h"

namespace bellwether::templating {
namespace {

using base::TimestampMs;

FunctionTable TestFunctions() {
  FunctionTable table;
  table.emplace(
      "id", Function{{Argument::kString}, {}, [](std::span<const Value> a) -> base::Result<Value> { return a[0]; }});
  table.emplace("two",
                Function{{Argument::kString, Argument::kInt}, {}, [](std::span<const Value> a) -> base::Result<Value> {
                           return Value::String(a[0].string_value() + std::to_string(a[1].int_value()));
                         }});
  table.emplace(
      "fail", Function{{}, {}, [](std::span<const Value>) -> base::Result<Value> { return base::Execution("boom"); }});
  return table;
}

Value TestData() {
  return Value::AnyMap({
      {"Labels", Value::StringMap({{"job", "api"}, {"model", "fraud"}})},
      {"Value", Value::Float(1.5)},
      {"List", Value::StringList({"a", "b", "c"})},
      {"Any", Value::AnyMap({{"x", Value::Int(1)}, {"y", Value::String("s")}})},
      {"N", Value::Int(3)},
      {"Nan", Value::Float(std::numeric_limits<double>::quiet_NaN())},
      {"Inf", Value::Float(std::numeric_limits<double>::infinity())},
      {"Neg", Value::Float(-12.25)},
      {"Big", Value::Float(123456789)},
      {"Dur", Value::Duration({90'500'000'000})},
      {"T", Value::Time({.at = TimestampMs(1643114203500)})},
  });
}

base::Result<std::string> RunText(std::string_view text, const ExecuteLimits& limits = {}) {
  const FunctionTable functions = TestFunctions();
  TemplateSet set;
  BW_RETURN_IF_ERROR(set.Parse("t", text, functions));
  return set.Execute("t", TestData(), functions, limits);
}

void Check(std::string_view text, std::string_view expected) {
  const auto out = RunText(text);
  EXPECT_EQ(out.ok() ? *out : out.status().message(), expected) << text;
}

// What Go's own package answered for the same data: outputs, and the exact text of parse and execution errors.
TEST(Template, AnswersAsGoDoes) {
  std::ifstream file("template/golden/text_template.json");
  ASSERT_TRUE(file) << "run in the root of the checkout";
  const auto cases = nlohmann::json::parse(file);
  EXPECT_GT(cases.size(), 1000U);
  for (const auto& one : cases) {
    const auto text = one.at("template").get<std::string>();
    const auto out = RunText(text);
    if (one.contains("error")) {
      EXPECT_EQ(out.status().message(), one.at("error").get<std::string>()) << text;
    } else {
      ASSERT_TRUE(out.ok()) << text << ": " << out.status().message();
      EXPECT_EQ(*out, one.at("output").get<std::string>()) << text;
    }
  }
}

TEST(Template, Values) {
  Check("{{.Value}} {{.N}} {{.Big}}", "1.5 3 1.23456789e+08");
  Check("{{.Labels}}", "map[job:api model:fraud]");
  Check("{{.Dur}} {{.T}}", "1m30.5s 2022-01-25 12:36:43.5 +0000 UTC");
  Check("{{.Labels.job}}-{{.Labels.absent}}-", "api--");
  Check("{{.Any.absent}}", "<no value>");
}

TEST(Template, ControlFlow) {
  Check("{{range .List}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}", "ac");
  Check("{{range $i, $e := .List}}{{$i}}{{$e}}{{end}}", "0a1b2c");
  Check("{{define \"x\"}}[{{.}}]{{end}}{{template \"x\" .N}}{{block \"y\" .N}}<{{.}}>{{end}}", "[3]<3>");
  Check("a  {{- 1 -}}  b", "a1b");
}

TEST(Template, ErrorsSayWhere) {
  Check("{{ foo }}", "template: t:1: function \"foo\" not defined");
  Check("\n{{ $x }}", "template: t:2: undefined variable \"$x\"");
  Check("ab\n cd {{ id .N }}",
        "template: t:2:10: executing \"t\" at <.N>: wrong type for value; expected string; got int");
  Check("{{ fail }}", "template: t:1:3: executing \"t\" at <fail>: error calling fail: boom");
}

TEST(Template, LimitsEndABadTemplate) {
  const auto check = [](std::string_view text, std::string_view part) {
    const auto out = RunText(text, {.depth_max = 10, .steps_max = 10'000, .output_bytes_max = 1000});
    ASSERT_FALSE(out.ok()) << text;
    EXPECT_NE(out.status().message().find(part), std::string::npos) << out.status().message();
  };
  check("{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}", "exceeded maximum template depth (10)");
  check("{{range 1000000000000}}{{end}}", "too much work: over 10000 steps");
  check("{{range 500}}abc{{end}}", "too much output: over 1000 bytes");
  check("{{$x := \"ab\"}}{{range 30}}{{$x = print $x $x}}{{end}}", "over 1000 bytes");
  check("{{printf \"%900000d\" 1}}", "over 1000 bytes");
  check("{{" + std::string(300, '(') + "1" + std::string(300, ')') + "}}", "nested too deeply");
}

TEST(Template, NestingOfValuesIsBounded) {
  const FunctionTable functions = NotificationFunctions(TimestampMs(0));
  TemplateSet set;
  ASSERT_TRUE(set.Parse("t", "{{$l := list 1}}{{range 1000}}{{$l = list $l $l}}{{end}}", functions).ok());
  const auto out = set.Execute("t", Value(), functions);
  ASSERT_FALSE(out.ok());
  EXPECT_NE(out.status().message().find("nested too deeply"), std::string::npos);
}

TEST(Template, LaterDefinitionsReplaceEarlierOnes) {
  const FunctionTable none;
  TemplateSet defaults;
  ASSERT_TRUE(defaults.Parse("defaults", "{{define \"title\"}}default{{end}}", none).ok());
  TemplateSet user = defaults;
  ASSERT_TRUE(user.Parse("user", "{{define \"title\"}}mine{{end}}", none).ok());
  ASSERT_TRUE(user.Parse("text", "{{template \"title\"}}", none).ok());
  ASSERT_TRUE(defaults.Parse("text", "{{template \"title\"}}", none).ok());
  EXPECT_EQ(user.Execute("text", Value(), none).value(), "mine");
  EXPECT_EQ(defaults.Execute("text", Value(), none).value(), "default");
}

TEST(Template, CheckFindsUnknownNames) {
  const FunctionTable functions = AlertFunctions(TimestampMs(0));
  const auto check = [&](std::string_view text, std::string_view expected) {
    EXPECT_EQ(CheckTemplate("__alert_X", text, functions).message(), expected) << text;
  };
  check("{{ $labels.job }} {{ $value | humanize }} {{ $externalLabels.a }} {{ $externalURL }}", "");
  check("{{ $label.job }}", "error parsing template __alert_X: template: __alert_X:1: undefined variable \"$label\"");
  check("{{ humanise $value }}",
        "error parsing template __alert_X: template: __alert_X:1: function \"humanise\" not defined");
  check("a\n{{ if }}", "error parsing template __alert_X: template: __alert_X:2: missing value for if");
}

TEST(Template, ObjectsShowFieldsAndMethods) {
  const FunctionTable none;
  TemplateSet set;
  ASSERT_TRUE(set.Parse("t", "{{.Labels.a}} {{.Value}} {{.}}", none).ok());
  const Value record =
      Value::Record("*sample", {{"Labels", Value::StringMap({{"a", "1"}})}, {"Value", Value::Float(2)}});
  EXPECT_EQ(set.Execute("t", record, none).value(), "1 2 &{map[a:1] 2}");
  ASSERT_TRUE(set.Parse("u", "{{.Nope}}", none).ok());
  EXPECT_EQ(set.Execute("u", record, none).status().message(),
            "template: u:1:2: executing \"u\" at <.Nope>: can't evaluate field Nope in type *sample");
}

}  // namespace
}  // namespace bellwether::templating
