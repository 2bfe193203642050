// Every query of the test scripts prints to a text that parses to the same text, in both forms.
#include <gtest/gtest.h>

#include "promql/parser.h"
#include "tests/promql/dialect.h"
#include "tests/promql/script.h"
#include "tests/promql/script_files.h"

namespace bellwether::promqltest {
namespace {

void ExpectRoundTrip(const std::string& query) {
  const auto first = promql::Parse(query, kAllFeatures);
  ASSERT_TRUE(first.ok()) << query << ": " << first.status().message();
  const std::string canonical = promql::Print(**first);
  const auto second = promql::Parse(canonical, kAllFeatures);
  ASSERT_TRUE(second.ok()) << canonical << ": " << second.status().message();
  EXPECT_EQ(promql::Print(**second), canonical) << query;
  const auto pretty = promql::Parse(promql::PrettyPrint(**first), kAllFeatures);
  ASSERT_TRUE(pretty.ok()) << promql::PrettyPrint(**first) << ": " << pretty.status().message();
  EXPECT_EQ(promql::Print(**pretty), canonical) << query;
}

void ExpectRoundTrips(const std::vector<ScriptFile>& files) {
  for (const ScriptFile& file : files) {
    const auto commands = ParseScript(file.text);
    ASSERT_TRUE(commands.ok()) << file.name << ": " << commands.status().message();
    for (const Command& command : *commands) {
      if (const auto* eval = std::get_if<EvalCommand>(&command.what)) ExpectRoundTrip(eval->expr);
    }
  }
}

TEST(RoundTrip, OwnScripts) {
  ASSERT_FALSE(OwnScripts().empty());
  ExpectRoundTrips(OwnScripts());
}

TEST(RoundTrip, ConformanceScripts) {
  const auto files = ConformanceScripts();
  if (files.empty()) GTEST_SKIP() << "../shared/conformance/promqltest is not there";
  ExpectRoundTrips(files);
}

}  // namespace
}  // namespace bellwether::promqltest
