#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/index/label_index.h"
#include "storage/index/posting_list.h"
#include "storage/index/regex_shape.h"
#include "storage/index/resolve.h"
#include "storage/index/string_pool.h"

namespace bellwether::storage::index {
namespace {

using metric::Matcher;
using metric::MatchOp;
using testing::ElementsAre;
using testing::Optional;

TEST(PostingListTest, IsASetInEveryForm) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (const std::uint64_t range : {2u, 10u, 300u, 400'000u}) {
    PostingList list;
    std::set<std::uint32_t> model;
    for (int step = 0; step < 3000; ++step) {
      const auto id = static_cast<std::uint32_t>(random() % range);
      if (random() % 5 < (step < 1500 ? 4u : 1u)) {
        list.Add(id);
        model.insert(id);
      } else {
        const auto gone = model.empty() || random() % 4 == 0 ? id : *model.begin();
        list.Remove(gone);
        model.erase(gone);
      }
      ASSERT_EQ(list.size(), model.size());
      ASSERT_EQ(list.empty(), model.empty());
      if (step % 100 != 0) continue;
      IdSet all;
      list.UnionInto(all);
      ASSERT_EQ(all.ToVector(), std::vector<std::uint32_t>(model.begin(), model.end()));
      IdSet some;
      for (std::uint32_t i = 0; i < 20; ++i) some.Add(static_cast<std::uint32_t>(random() % range));
      std::vector<std::uint32_t> expected;
      for (const std::uint32_t i : some.ToVector()) {
        if (model.contains(i)) expected.push_back(i);
      }
      ASSERT_EQ(list.Intersects(some), !expected.empty());
      list.IntersectInto(some);
      ASSERT_EQ(some.ToVector(), expected);
    }
  }
}

TEST(StringPoolTest, CountsUsesAndGivesIdsAgain) {
  StringPool pool;
  const StringId a = pool.Intern("a");
  EXPECT_EQ(pool.Intern("a"), a);
  EXPECT_EQ(pool.Find("a"), a);
  EXPECT_EQ(pool.Find("b"), kNoString);
  EXPECT_FALSE(pool.Release(a));
  EXPECT_EQ(pool.Get(a), "a");
  EXPECT_TRUE(pool.Release(a));
  EXPECT_EQ(pool.Find("a"), kNoString);
  EXPECT_EQ(pool.Intern("other"), a);
  const StringId empty = pool.Intern("");
  EXPECT_EQ(pool.Find(""), empty);
}

TEST(StringPoolTest, AChurnOfNamesDoesNotGrowIt) {
  StringPool pool;
  std::map<std::string, StringId> model;
  std::size_t after_first_round = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 2000; ++i) {
      const std::string name = "pod-" + std::to_string(100'000 + round * 2000 + i);
      model[name] = pool.Intern(name);
    }
    for (const auto& [name, id] : model) ASSERT_EQ(pool.Get(id), name);
    for (const auto& [name, id] : model) ASSERT_TRUE(pool.Release(id));
    model.clear();
    if (round == 0) after_first_round = pool.memory_bytes();
  }
  EXPECT_EQ(pool.size(), 0u);
  EXPECT_EQ(pool.memory_bytes(), after_first_round);
}

TEST(RegexShapeTest, ReadsFiniteListsAndPrefixes) {
  const auto literals = [](std::string_view pattern) { return ReadRegexShape(pattern).literals; };
  EXPECT_THAT(literals("api"), Optional(ElementsAre("api")));
  EXPECT_THAT(literals("b|a|b"), Optional(ElementsAre("a", "b")));
  EXPECT_THAT(literals("a|"), Optional(ElementsAre("", "a")));
  EXPECT_THAT(literals(""), Optional(ElementsAre("")));
  EXPECT_THAT(literals("(a|b):(1|2)"), Optional(ElementsAre("a:1", "a:2", "b:1", "b:2")));
  EXPECT_THAT(literals("(?:10\\.0\\.0\\.1|h\\-1):9100"), Optional(ElementsAre("10.0.0.1:9100", "h-1:9100")));
  for (const char* pattern : {"a.*", "a+", "ab?", "(a|b)*", "a{2}", "[ab]", "(?i)a", "(?P<n>a)", "a\\d", "^a", "a$",
                              "\\Qa|b\\E", "a)", "(a", "a\\"}) {
    EXPECT_EQ(literals(pattern), std::nullopt) << pattern;
  }
  const auto prefix = [](std::string_view pattern) { return ReadRegexShape(pattern).prefix; };
  EXPECT_EQ(prefix("node_.*"), "node_");
  EXPECT_EQ(prefix("node_a?"), "node_");
  EXPECT_EQ(prefix("node_a*b"), "node_");
  EXPECT_EQ(prefix("node_a{0,2}"), "node_");
  EXPECT_EQ(prefix("node_a+"), "node_a");
  EXPECT_EQ(prefix("n\\.x[ab]"), "n.x");
  EXPECT_EQ(prefix("\xc3\xa9?x"), "");
  EXPECT_EQ(prefix("ab(c|d).*"), "ab");
  EXPECT_EQ(prefix("ab.*|c"), "");
  EXPECT_EQ(prefix("a[)]b|c.*"), "");
  EXPECT_EQ(prefix("(?i)ab.*"), "");
}

TEST(ResolveTest, RandomMatchersSelectAsTestingEachSeriesDoes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  StringPool strings;
  LabelIndex index(strings);
  std::map<std::uint32_t, std::map<std::string, std::string>> model;
  const auto ids = [&](const std::map<std::string, std::string>& labels, bool intern) {
    std::vector<LabelIds> result;
    for (const auto& [n, v] : labels) {
      result.push_back(intern ? LabelIds{strings.Intern(n), strings.Intern(v)}
                              : LabelIds{strings.Find(n), strings.Find(v)});
    }
    return result;
  };
  const char* values[] = {"", "a", "b", "ab", "abc", "b.c", "x|y"};
  const char* patterns[] = {"", "a", "a|b", "a.*", ".*", ".+", "a|", "b\\.c", "[ab]", "ab?c?", "(a|b)", "x\\|y", "zz"};
  for (int step = 0; step < 2000; ++step) {
    const auto series = static_cast<std::uint32_t>(random() % 400);
    if (model.contains(series)) {
      index.Remove(series, ids(model[series], false));
      for (const LabelIds& pair : ids(model[series], false)) {
        strings.Release(pair.name);
        strings.Release(pair.value);
      }
      model.erase(series);
    } else {
      auto& labels = model[series];
      for (const char* name : {"p", "q", "r"}) {
        const std::string value = values[random() % 7];
        if (!value.empty()) labels[name] = value;
      }
      if (random() % 3 == 0) labels["unique"] = std::to_string(series);
      index.Add(series, ids(labels, true));
    }
    if (step % 4 != 0) continue;
    std::vector<Matcher> matchers;
    for (std::size_t i = random() % 4; i > 0; --i) {
      const std::string name = std::string(1, "pqrs"[random() % 4]);
      matchers.push_back(Matcher::Make(static_cast<MatchOp>(random() % 4), name, patterns[random() % 13]).value());
    }
    std::vector<std::uint32_t> expected;
    for (const auto& [id, labels] : model) {
      const bool all = std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& m) {
        const auto found = labels.find(m.name());
        return m.Matches(found == labels.end() ? "" : found->second);
      });
      if (all) expected.push_back(id);
    }
    std::string text;
    for (const Matcher& m : matchers) text += m.ToString() + " ";
    ASSERT_EQ(Resolve(index, matchers).value().ToVector(), expected) << text;
  }
}

}  // namespace
}  // namespace bellwether::storage::index
