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

std::string PrefixOf(std::string_view file, std::string_view group, std::string_view name, TextMap labels,
                     std::uint32_t number) {
  RuleSpec rule;
  rule.name = std::string(name);
  rule.labels = std::move(labels);
  return RulePrefix(file, group, rule, number);
}

AlertEntry StoredLeveledEntry() {
  AlertEntry entry = StoredEntry();
  entry.extremes = {-1, 2.5};
  LeveledAlert& leveled = entry.leveled.emplace();
  leveled.source = {{"model", "a"}};
  leveled.no_data = true;
  leveled.away_since = TimestampMs(4);
  leveled.told = {{"alertname", "A"}, {"severity", "info"}};
  leveled.told_since = TimestampMs(5);
  leveled.history = {{"info", TimestampMs(5)}, {"page", TimestampMs(6)}};
  leveled.progress = {.clocks = {{"info", {TimestampMs(1), std::nullopt}}, {"page", {TimestampMs(2), TimestampMs(3)}}},
                      .level = "page",
                      .base = "info",
                      .lowest = "",
                      .stuck = std::nullopt,
                      .level_since = TimestampMs(-7),
                      .unacknowledged = {TimestampMs(8), std::nullopt}};
  return entry;
}

TEST(AlertStoreTest, LeveledEntriesRoundTripAndRefuseEveryTruncation) {
  const AlertEntry entry = StoredLeveledEntry();
  const std::string bytes = EncodeAlertEntry(entry);
  const auto back = DecodeAlertEntry(bytes);
  ASSERT_TRUE(back && back->leveled);
  EXPECT_EQ(back->alert, entry.alert);
  EXPECT_EQ(back->annotations, entry.annotations);
  EXPECT_EQ(back->extremes, entry.extremes);
  EXPECT_EQ(back->leveled->history, entry.leveled->history);
  EXPECT_EQ(back->leveled->source, entry.leveled->source);
  EXPECT_EQ(back->leveled->progress, entry.leveled->progress);
  EXPECT_EQ(back->leveled->no_data, true);
  EXPECT_EQ(back->leveled->away_since, entry.leveled->away_since);
  EXPECT_EQ(back->leveled->told, entry.leveled->told);
  EXPECT_EQ(back->leveled->told_since, entry.leveled->told_since);
  EXPECT_EQ(EncodeAlertEntry(*back), bytes);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(DecodeAlertEntry(std::string_view(bytes).substr(0, length))) << length;
  }
  EXPECT_FALSE(DecodeAlertEntry(bytes + '\0'));
}

TEST(AlertStoreTest, APlainEntryIsReadAsItAlwaysWas) {
  const std::string bytes = EncodeAlertEntry(StoredEntry());
  EXPECT_FALSE(DecodeAlertEntry(bytes)->leveled);
  // Without the byte that says that there are no extremes.
  const auto old = DecodeAlertEntry('\1' + bytes.substr(1, bytes.size() - 2));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->annotations, StoredEntry().annotations);
  EXPECT_FALSE(old->extremes);
}

TEST(AlertStoreTest, SignalKeysAndClocksRoundTrip) {
  RuleSpec rule;
  rule.name = "A";
  const std::string prefix = RulePrefix("f.yml", "g", rule, 1);
  const metric::Labels series{{"model", "a"}};
  const std::string key = SignalKey(prefix, "drift", series);
  const auto parts = ParseSignalKey(key);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->rule_prefix, prefix);
  EXPECT_EQ(parts->signal, "drift");
  EXPECT_EQ(parts->series, series);
  EXPECT_FALSE(ParseSignalKey(prefix));
  const SeriesClock clock{{TimestampMs(3), TimestampMs(4)}, 0.5, true};
  const auto back = DecodeSeriesClock(EncodeSeriesClock(clock));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->clock, clock.clock);
  EXPECT_EQ(back->value, 0.5);
  EXPECT_FALSE(back->dirty);
}

TEST(AlertStoreTest, RulesWithConditionsAreNeverTakenForOthers) {
  RuleSpec plain;
  plain.name = "A";
  const auto with = [&](std::vector<std::string> match_on) {
    RuleSpec rule = plain;
    auto spec = std::make_shared<ConditionSpec>();
    spec->match_on = std::move(match_on);
    rule.conditions = std::move(spec);
    return RulePrefix("f", "g", rule, 0);
  };
  EXPECT_NE(RulePrefix("f", "g", plain, 0), with({}));
  EXPECT_NE(with({"a"}), with({"b"}));
  EXPECT_EQ(with({"a"}), with({"a"}));
}

TEST(AlertStoreTest, KeysTellTheRuleAndTheLabels) {
  const std::string prefix = PrefixOf("a/b.yml", "g", "Down", {{"severity", "page"}}, 2);
  const metric::Labels labels{{"alertname", "Down"}, {"job", "x"}};
  const std::string key = AlertKey(prefix, labels);
  const auto parts = ParseAlertKey(key);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->rule_prefix, prefix);
  EXPECT_EQ(parts->file, "a/b.yml");
  EXPECT_EQ(parts->group, "g");
  EXPECT_EQ(parts->name, "Down");
  EXPECT_EQ(parts->labels, labels);
  EXPECT_NE(prefix, PrefixOf("a/b.yml", "g", "Down", {{"severity", "info"}}, 2));
  EXPECT_NE(prefix, PrefixOf("a/b.yml", "g", "Down", {{"severity", "page"}}, 3));
  EXPECT_NE(PrefixOf("f", "ab", "c", {}, 0), PrefixOf("f", "a", "bc", {}, 0));
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
