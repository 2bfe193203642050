#include "rules/state/alert_store.h"

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace bellwether::rules {
namespace {

using base::TimestampMs;

AlertEntry StoredEntry() {
  AlertEntry entry;
  entry.annotations = {{"summary", "it is down"}, {"runbook_url", ""}};
  entry.value = -0.0;
  entry.alert = {.state = AlertState::kFiring,
                 .active_at = TimestampMs(-5),
                 .fired_at = TimestampMs(1'700'000'000'000),
                 .keep_firing_since = std::nullopt,
                 .resolved_at = TimestampMs::Max(),
                 .last_sent_at = TimestampMs::Min()};
  return entry;
}

TEST(AlertStoreTest, KeysTellTheRuleAndTheLabels) {
  const std::string prefix = RulePrefix("a/b.yml", "g", "Down", {{"severity", "page"}}, 2);
  const metric::Labels labels{{"alertname", "Down"}, {"job", "x"}};
  const std::string key = AlertKey(prefix, labels);
  const auto parts = ParseAlertKey(key);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->rule_prefix, prefix);
  EXPECT_EQ(parts->file, "a/b.yml");
  EXPECT_EQ(parts->group, "g");
  EXPECT_EQ(parts->name, "Down");
  EXPECT_EQ(parts->labels, labels);
  EXPECT_NE(prefix, RulePrefix("a/b.yml", "g", "Down", {{"severity", "info"}}, 2));
  EXPECT_NE(prefix, RulePrefix("a/b.yml", "g", "Down", {{"severity", "page"}}, 3));
  EXPECT_NE(RulePrefix("f", "ab", "c", {}, 0), RulePrefix("f", "a", "bc", {}, 0));
  EXPECT_FALSE(ParseAlertKey("rules/alert/"));
  EXPECT_FALSE(ParseAlertKey("rules/owed/x"));
  for (std::size_t length = 0; length < prefix.size(); ++length) {
    EXPECT_FALSE(ParseAlertKey(std::string_view(key).substr(0, length))) << length;
  }
}

TEST(AlertStoreTest, EntriesComeBackAsTheyWere) {
  const AlertEntry entry = StoredEntry();
  const std::string bytes = EncodeAlertEntry(entry);
  const auto back = DecodeAlertEntry(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->alert, entry.alert);
  EXPECT_EQ(back->annotations, entry.annotations);
  EXPECT_TRUE(std::signbit(back->value));
  EXPECT_FALSE(back->dirty);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(DecodeAlertEntry(std::string_view(bytes).substr(0, length))) << length;
  }
  EXPECT_FALSE(DecodeAlertEntry(bytes + "x"));
}

TEST(AlertStoreTest, TransitionsComeBackAndSortByTime) {
  const AlertTransition transition{TimestampMs(1000),
                                   metric::Labels{{"alertname", "A"}},
                                   {{"a", "b"}},
                                   AlertState::kPending,
                                   AlertState::kFiring,
                                   0.5,
                                   "fired"};
  const std::string bytes = EncodeTransition(transition);
  EXPECT_EQ(DecodeTransition(bytes), transition);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(DecodeTransition(std::string_view(bytes).substr(0, length))) << length;
  }
  EXPECT_LT(HistoryKeyAt(TimestampMs(-1)), HistoryKeyAt(TimestampMs(0)));
  EXPECT_LT(HistoryKeyAt(TimestampMs(999)), HistoryKey(transition, "r"));
  EXPECT_LT(HistoryKey(transition, "r"), HistoryKeyAt(TimestampMs(1001)));
  EXPECT_NE(HistoryKey(transition, "r"), HistoryKey(transition, "s"));
}

TEST(AlertStoreTest, GroupStateComesBack) {
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(DecodeGroupState(EncodeGroupState(TimestampMs(ms))), TimestampMs(ms));
  }
  EXPECT_FALSE(DecodeGroupState(""));
  EXPECT_FALSE(DecodeGroupState("\x02\x01"));
}

// Damaged bytes are refused or read as something; they never do harm (sanitizers watch).
TEST(AlertStoreTest, SurvivesDamagedBytes) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const std::string bytes = EncodeAlertEntry(StoredEntry());
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto entry = DecodeAlertEntry(damaged);
    if (entry) {
      EXPECT_EQ(DecodeAlertEntry(EncodeAlertEntry(*entry))->alert, entry->alert);
    }
  }
}

}  // namespace
}  // namespace bellwether::rules
