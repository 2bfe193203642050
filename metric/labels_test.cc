#include "metric/labels.h"

#include <gtest/gtest.h>

namespace bellwether::metric {
namespace {

TEST(Labels, SortDropEmptyLastWins) {
  const Labels labels = {{"b", "2"}, {"a", "1"}, {"c", ""}, {"b", "3"}};
  EXPECT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels.Get("b"), "3");
  EXPECT_EQ(labels.Get("c"), "");
  EXPECT_EQ(labels.ToString(), R"({a="1", b="3"})");
}

TEST(Labels, OrderIsPairwise) {
  EXPECT_LT((Labels{{"a", "1"}}), (Labels{{"a", "1"}, {"b", "1"}}));
  EXPECT_LT((Labels{{"a", "1"}, {"b", "2"}}), (Labels{{"a", "2"}}));
  EXPECT_LT((Labels{{"a", "9"}}), (Labels{{"b", "1"}}));
  EXPECT_EQ((Labels{{"a", "1"}, {"b", "2"}}), (Labels{{"b", "2"}, {"a", "1"}}));
}

TEST(Labels, PrintsAsMetric) {
  EXPECT_EQ((Labels{{"__name__", "up"}}).ToMetricString(), "up");
  EXPECT_EQ((Labels{{"__name__", "up"}, {"a", "x\"y"}}).ToMetricString(), R"(up{a="x\"y"})");
  EXPECT_EQ((Labels{{"__name__", "my.metric"}, {"a", "b"}}).ToMetricString(), R"({"my.metric", a="b"})");
  EXPECT_EQ(Labels().ToMetricString(), "{}");
}

TEST(Labels, DecodeRefusesForeignBytes) {
  const Labels labels = {{"a", "1"}, {"b", std::string(300, 'x')}};
  EXPECT_EQ(Labels::Decode(labels.bytes()), labels);
  EXPECT_FALSE(Labels::Decode(labels.bytes().substr(1)).has_value());
  EXPECT_FALSE(Labels::Decode(std::string_view("\x01"
                                               "b"
                                               "\x01"
                                               "1"
                                               "\x01"
                                               "a"
                                               "\x01"
                                               "1"))
                   .has_value());
}

TEST(LabelsBuilder, Edits) {
  LabelsBuilder builder(Labels{{"a", "1"}, {"b", "2"}, {"c", "3"}});
  builder.Set("b", "").Set("d", "4");
  EXPECT_EQ(builder.Build(), (Labels{{"a", "1"}, {"c", "3"}, {"d", "4"}}));
  builder.KeepOnly(std::vector<std::string>{"a", "z"});
  EXPECT_EQ(builder.Build(), (Labels{{"a", "1"}}));
}

}  // namespace
}  // namespace bellwether::metric
