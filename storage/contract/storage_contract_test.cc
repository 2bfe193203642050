#include "storage/contract/storage_contract.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <set>
#include <utility>

#include <gmock/gmock.h>

#include "metric/sample.h"
#include "storage/admin.h"

namespace bellwether::storage::contract {
namespace {

using base::TimestampMs;
using metric::CounterResetHint;
using metric::Labels;
using metric::Matcher;
using metric::MatchOp;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kHour = 3'600'000;

std::uint64_t Refused(const CommitResult& result, Refusal reason) {
  return result.refused[static_cast<std::size_t>(reason)];
}

Matcher Match(MatchOp op, std::string name, std::string value) {
  return Matcher::Make(op, std::move(name), std::move(value)).value();
}

std::vector<std::string> Names(const std::vector<ReadSeries>& series) {
  std::vector<std::string> names;
  for (const ReadSeries& s : series) names.push_back(s.labels.ToMetricString());
  return names;
}

}  // namespace

TEST_P(StorageContractTest, ReadsBackEveryBitOfAValue) {
  Open();
  const Labels labels{{"__name__", "x"}};
  const double payload = std::bit_cast<double>(0x7ff8dead0000beefULL);
  const std::vector<ReadSample> samples{Float(kNow, 0.0),
                                        Float(kNow + 1, -0.0),
                                        Float(kNow + 2, std::numeric_limits<double>::infinity()),
                                        Float(kNow + 3, -std::numeric_limits<double>::infinity()),
                                        Float(kNow + 4, payload),
                                        Float(kNow + 5, metric::kStaleMarker),
                                        Float(kNow + 6, std::numeric_limits<double>::denorm_min()),
                                        Float(kNow + 7, 0.1),
                                        Float(kNow + 8, 1.0 / 3),
                                        Float(kNow + 9, 1e308),
                                        Float(kNow + 10, 123456789.25)};
  EXPECT_EQ(Write(labels, samples).floats, samples.size());
  EXPECT_EQ(Samples(labels), samples);
  Restart();
  EXPECT_EQ(Samples(labels), samples);
}

TEST_P(StorageContractTest, TimesMayBeZeroOrNegative) {
  options_.retention = base::DurationMs(0);
  Open();
  const Labels labels{{"__name__", "x"}};
  const std::vector<ReadSample> samples{Float(-8 * kHour, 1), Float(-1, 2), Float(0, 3), Float(1, 4)};
  Write(labels, samples);
  EXPECT_EQ(Samples(labels), samples);
}

TEST_P(StorageContractTest, TheRangeIsInclusiveAtBothEnds) {
  Open();
  const Labels labels{{"__name__", "x"}};
  std::vector<ReadSample> samples;
  for (int i = 0; i < 20; ++i) samples.push_back(Float(kNow + i * kSecond, i));
  Write(labels, samples);
  for (int from = -1; from < 20; ++from) {
    for (int to = from; to <= 20; ++to) {
      const auto read = Samples(labels, kNow + from * kSecond, kNow + to * kSecond);
      ASSERT_EQ(read.size(), static_cast<std::size_t>(std::min(to, 19) - std::max(from, 0) + 1));
      EXPECT_TRUE(read.empty() || read.front().t == kNow + std::max(from, 0) * kSecond);
    }
  }
  SelectHints hints;
  hints.min = TimestampMs(kNow + 3 * kSecond);
  hints.max = TimestampMs(kNow + 5 * kSecond);
  const auto narrowed = ReadAll(storage(), {}, TimestampMs(kNow + 4 * kSecond), TimestampMs::Max(), hints);
  ASSERT_EQ(narrowed.size(), 1u);
  EXPECT_THAT(narrowed[0].samples, ElementsAre(Float(kNow + 4000, 4), Float(kNow + 5000, 5)));
}

TEST_P(StorageContractTest, ARepeatOfTheNewestIsASuccessWithoutEffect) {
  Open();
  const Labels labels{{"__name__", "x"}};
  EXPECT_EQ(Write(labels, {Float(kNow, 1), Float(kNow, 1)}).floats, 2u);
  const CommitResult again = Write(labels, {Float(kNow, 1)});
  EXPECT_EQ(again.floats, 1u);
  EXPECT_EQ(again.TotalRefused(), 0u);
  const CommitResult other = Write(labels, {Float(kNow, 2)});
  EXPECT_EQ(other.floats, 0u);
  EXPECT_EQ(Refused(other, Refusal::kDuplicate), 1u);
  ASSERT_TRUE(other.first_refused.has_value());
  EXPECT_EQ(other.first_refused->reason, Refusal::kDuplicate);
  EXPECT_EQ(other.first_refused->labels, labels);
  EXPECT_EQ(other.first_refused->timestamp, TimestampMs(kNow));
  EXPECT_EQ(other.first_refused->existing, 1);
  EXPECT_EQ(other.first_refused->sent, 2);
  EXPECT_THAT(Samples(labels), ElementsAre(Float(kNow, 1)));
}

TEST_P(StorageContractTest, ZeroAndMinusZeroAreDifferentBits) {
  Open();
  const Labels labels{{"__name__", "x"}};
  Write(labels, {Float(kNow, 0.0)});
  EXPECT_EQ(Refused(Write(labels, {Float(kNow, -0.0)}), Refusal::kDuplicate), 1u);
  Write(labels, {Float(kNow + 1, metric::kStaleMarker)});
  EXPECT_EQ(Write(labels, {Float(kNow + 1, metric::kStaleMarker)}).floats, 1u);
}

TEST_P(StorageContractTest, LateSamplesWithinTheWindowAreTakenAndTheStoredOneStays) {
  options_.out_of_order_window = base::Hours(1);
  Open();
  const Labels labels{{"__name__", "x"}};
  Write(labels, {Float(kNow - kHour, 1), Float(kNow, 2)});
  const CommitResult late = Write(labels, {Float(kNow - 1000, 3), Float(kNow - kHour, 9), Float(kNow - 1000, 9)});
  EXPECT_EQ(late.floats, 3u);
  EXPECT_EQ(late.TotalRefused(), 0u);
  const CommitResult too_late = Write(labels, {Float(kNow - kHour - 1, 4)});
  EXPECT_EQ(too_late.floats, 0u);
  EXPECT_EQ(Refused(too_late, Refusal::kOutOfOrder), 1u);
  const std::vector<ReadSample> expected{Float(kNow - kHour, 1), Float(kNow - 1000, 3), Float(kNow, 2)};
  EXPECT_EQ(Samples(labels), expected);
  Restart();
  EXPECT_EQ(Samples(labels), expected);
  EXPECT_EQ(Refused(Write(labels, {Float(kNow, 7)}), Refusal::kDuplicate), 1u);
}

TEST_P(StorageContractTest, BackfillTakesSamplesOfAnyAgeWithinTheRetention) {
  options_.out_of_order_window = base::DurationMs(0);
  options_.retention = base::Hours(30);
  Open();
  const Labels labels{{"__name__", "x"}};
  Write(labels, {Float(kNow, 1)});
  const CommitResult filled =
      Backfill(labels, {Float(kNow - 30 * kHour, 2, 7), Float(kNow - 5 * kHour, 3), Float(kNow - 30 * kHour - 1, 4),
                        Float(kNow - 6 * kHour, 5), Float(kNow + kHour, 6)});
  EXPECT_EQ(filled.floats, 3u);
  EXPECT_EQ(Refused(filled, Refusal::kTooOld), 1u);
  EXPECT_EQ(Refused(filled, Refusal::kTooFarInFuture), 1u);
  const std::vector<ReadSample> expected{Float(kNow - 30 * kHour, 2, 7), Float(kNow - 6 * kHour, 5),
                                         Float(kNow - 5 * kHour, 3), Float(kNow, 1)};
  EXPECT_EQ(Samples(labels), expected);
  EXPECT_EQ(Refused(Write(labels, {Float(kNow - 1, 9)}), Refusal::kOutOfOrder), 1u);  // Others are bound as ever.
  Restart();
  EXPECT_EQ(Samples(labels), expected);
  ASSERT_TRUE(storage().Maintain().ok());
  EXPECT_EQ(Samples(labels), expected);
}

TEST_P(StorageContractTest, BackfillLeavesWhatStands) {
  Open();
  const Labels labels{{"__name__", "x"}};
  std::vector<ReadSample> all;
  for (int i = 0; i < 2000; ++i) all.push_back(Float(kNow - 20 * kHour + i * 30 * kSecond, i));
  Write(labels, all);
  ASSERT_TRUE(storage().Maintain().ok());  // A part of them is sealed now, where there is a disk.
  const CommitResult again = Backfill(labels, all);
  EXPECT_EQ(again.floats, all.size());
  EXPECT_EQ(again.TotalRefused(), 0u);
  std::vector<ReadSample> others;
  for (const ReadSample& s : all) others.push_back(Float(s.t, -1));
  const CommitResult contradicted = Backfill(labels, others);
  if (GetParam().counts_late_duplicates) {
    EXPECT_EQ(contradicted.floats, 0u);
    EXPECT_EQ(Refused(contradicted, Refusal::kDuplicate), all.size());
    ASSERT_TRUE(contradicted.first_refused.has_value());
    EXPECT_EQ(contradicted.first_refused->labels, labels);
    EXPECT_EQ(contradicted.first_refused->timestamp.ms, all[0].t);
    EXPECT_EQ(contradicted.first_refused->existing, 0);
    EXPECT_EQ(contradicted.first_refused->sent, -1);
  }
  EXPECT_EQ(Samples(labels), all);
  Restart();
  EXPECT_EQ(Samples(labels), all);
}

TEST_P(StorageContractTest, BackfillIsNotWhatSendersSent) {
  Open();
  Backfill(Labels{{"__name__", "x"}}, {Float(kNow - kHour, 1)});
  EXPECT_FALSE(storage().NewestSample().has_value());
}

TEST_P(StorageContractTest, ADayFilledInBetweenReadsAsOne) {
  Open();
  const Labels labels{{"__name__", "x"}};
  std::vector<ReadSample> all;
  for (int i = 0; i < 24 * 240; ++i) all.push_back(Float(kNow - 24 * kHour + i * 15 * kSecond, i % 97, i % 5));
  std::vector<ReadSample> stands;
  std::vector<ReadSample> even;
  std::vector<ReadSample> odd;
  for (std::size_t i = 0; i < all.size(); ++i) (i % 50 == 0 ? stands : i % 2 == 0 ? even : odd).push_back(all[i]);
  Write(labels, stands);
  Backfill(labels, odd);
  ASSERT_TRUE(storage().Maintain().ok());
  std::reverse(even.begin(), even.end());
  Backfill(labels, even);
  EXPECT_EQ(Samples(labels), all);
  clock_.Advance(base::Hours(1));
  ASSERT_TRUE(storage().Maintain().ok());
  EXPECT_EQ(Samples(labels), all);
  Restart();
  EXPECT_EQ(Samples(labels), all);
}

TEST_P(StorageContractTest, WithoutAnOutOfOrderWindowEveryOlderSampleIsRefused) {
  options_.out_of_order_window = base::DurationMs(0);
  Open();
  const Labels labels{{"__name__", "x"}};
  Write(labels, {Float(kNow, 2)});
  EXPECT_EQ(Refused(Write(labels, {Float(kNow - 1, 1)}), Refusal::kOutOfOrder), 1u);
  EXPECT_THAT(Samples(labels), ElementsAre(Float(kNow, 2)));
}

TEST_P(StorageContractTest, ASeriesIsMeasuredAgainstItselfAlone) {
  Open();
  Write(Labels{{"__name__", "fresh"}}, {Float(kNow, 1)});
  const Labels back{{"__name__", "back"}};
  std::vector<ReadSample> replayed;
  for (int i = 0; i < 100; ++i) replayed.push_back(Float(kNow - 24 * kHour + i * 60 * kSecond, i));
  EXPECT_EQ(Write(back, replayed).TotalRefused(), 0u);
  EXPECT_EQ(Samples(back), replayed);
}

TEST_P(StorageContractTest, RefusesWhatIsTooOldOrFromTheFuture) {
  options_.retention = base::Days(1);
  Open();
  const Labels labels{{"__name__", "x"}};
  const CommitResult result = Write(labels, {Float(kNow - 24 * kHour - 1, 1), Float(kNow - 24 * kHour, 2),
                                             Float(kNow + 600'001, 3), Float(kNow + 600'000, 4)});
  EXPECT_EQ(result.floats, 2u);
  EXPECT_EQ(Refused(result, Refusal::kTooOld), 1u);
  EXPECT_EQ(Refused(result, Refusal::kTooFarInFuture), 1u);
  ASSERT_TRUE(result.first_refused.has_value());
  EXPECT_EQ(result.first_refused->reason, Refusal::kTooOld);
  EXPECT_THAT(Samples(labels), ElementsAre(Float(kNow - 24 * kHour, 2), Float(kNow + 600'000, 4)));
  EXPECT_THAT(metrics_.WriteText(),
              testing::HasSubstr("bellwether_storage_refused_samples_total{reason=\"too_old\"} 1"));
}

TEST_P(StorageContractTest, AliasesNameSeriesOnceTheyWereIntroduced) {
  Open();
  const auto appender = storage().NewAppender();
  const std::vector<std::string_view> aliases{"one", "two", "other"};
  std::vector<SeriesRef> refs(3);
  appender->FindByAlias(aliases, refs);
  EXPECT_THAT(refs, ElementsAre(SeriesRef::kNone, SeriesRef::kNone, SeriesRef::kNone));
  const Labels labels{{"__name__", "x"}, {"a", "b"}};
  const SeriesRef ref = appender->FindOrCreate(labels, "one").value();
  EXPECT_NE(ref, SeriesRef::kNone);
  EXPECT_EQ(appender->FindOrCreate(labels, "two").value(), ref);
  EXPECT_EQ(appender->FindOrCreate(labels).value(), ref);
  appender->FindByAlias(aliases, refs);
  EXPECT_THAT(refs, ElementsAre(ref, ref, SeriesRef::kNone));
  const std::vector<FloatSample> samples{{ref, TimestampMs(kNow), 1, {}}};
  appender->Append(samples);
  ASSERT_TRUE(appender->Commit(Durability::kDurable).ok());
  appender->FindByAlias(aliases, refs);
  EXPECT_NE(refs[0], SeriesRef::kNone);
  EXPECT_THAT(Samples(labels), ElementsAre(Float(kNow, 1)));
}

TEST_P(StorageContractTest, ARollbackForgetsTheSamples) {
  Open();
  const Labels labels{{"__name__", "x"}};
  const auto appender = storage().NewAppender();
  const std::vector<FloatSample> lost{{appender->FindOrCreate(labels).value(), TimestampMs(kNow), 1, {}}};
  appender->Append(lost);
  appender->Rollback();
  ASSERT_TRUE(appender->Commit(Durability::kDurable).ok());
  EXPECT_THAT(ReadAll(storage(), {}), IsEmpty());
  const std::vector<FloatSample> kept{{appender->FindOrCreate(labels).value(), TimestampMs(kNow), 2, {}}};
  appender->Append(kept);
  ASSERT_TRUE(appender->Commit(Durability::kDurable).ok());
  EXPECT_THAT(Samples(labels), ElementsAre(Float(kNow, 2)));
}

TEST_P(StorageContractTest, ANewSeriesBeyondTheLimitIsRefusedAndOldOnesGoOn) {
  options_.series_limit = 2;
  Open();
  Write(Labels{{"__name__", "a"}}, {Float(kNow, 1)});
  Write(Labels{{"__name__", "b"}}, {Float(kNow, 1)});
  const auto appender = storage().NewAppender();
  const auto third = appender->FindOrCreate(Labels{{"__name__", "c"}});
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.status().code(), base::StatusCode::kLimitExceeded);
  EXPECT_TRUE(appender->FindOrCreate(Labels{{"__name__", "a"}}).ok());
}

TEST_P(StorageContractTest, SeriesComeByLabelSet) {
  Open();
  // Upper case sorts before __name__, and a prefix before what continues it.
  const std::vector<Labels> sorted{{{"Z", "1"}, {"__name__", "x"}},
                                   {{"__name__", "a"}},
                                   {{"__name__", "a"}, {"b", "1"}},
                                   {{"__name__", "a"}, {"b", "10"}},
                                   {{"__name__", "a"}, {"b", "1\x7f"}},
                                   {{"__name__", "a"}, {"c", "0"}},
                                   {{"__name__", "aa"}}};
  for (std::size_t i = sorted.size(); i-- > 0;) Write(sorted[i], {Float(kNow, 1)});
  std::vector<Labels> read;
  for (const ReadSeries& s : ReadAll(storage(), {})) read.push_back(s.labels);
  EXPECT_EQ(read, sorted);
  SelectHints hints;
  hints.limit = 3;
  EXPECT_EQ(ReadAll(storage(), {}, TimestampMs::Min(), TimestampMs::Max(), hints).size(), 3u);
}

TEST_P(StorageContractTest, TheNewestSampleAlone) {
  Open();
  const Labels going{{"__name__", "going"}};
  const Labels gone{{"__name__", "gone"}};
  const Labels back{{"__name__", "back"}};
  const auto newest_of = [&](const Labels& labels, std::int64_t min, std::int64_t max) {
    const auto series = ReadNewest(storage(), {Match(MatchOp::kEqual, "__name__", std::string(labels.Get("__name__")))},
                                   TimestampMs(min), TimestampMs(max));
    return series.empty() ? std::vector<ReadSample>() : series[0].samples;
  };
  Write(going, {Float(kNow - 2000, 1), Float(kNow - 1000, 2, kNow - 5000), Float(kNow, 3)});
  Write(gone, {Float(kNow - 2000, 1), {kNow - 1000, 0, {SmallHistogram(1)}, 0}});
  Write(back, {Float(kNow, 5)});
  Write(back, {Float(kNow - 1000, 4)});  // Late.
  EXPECT_THAT(newest_of(going, kNow - 3000, kNow), ElementsAre(Float(kNow, 3)));
  EXPECT_THAT(newest_of(going, kNow - 3000, kNow - 1), ElementsAre(Float(kNow - 1000, 2)));
  EXPECT_THAT(newest_of(going, kNow + 1, kNow + 1000), IsEmpty());
  EXPECT_THAT(newest_of(gone, kNow - 3000, kNow - 1500), ElementsAre(Float(kNow - 2000, 1)));
  ASSERT_EQ(newest_of(gone, kNow - 3000, kNow).size(), 1u);
  EXPECT_FALSE(newest_of(gone, kNow - 3000, kNow)[0].histogram.empty());
  EXPECT_THAT(newest_of(back, kNow - 3000, kNow), ElementsAre(Float(kNow, 5)));
  EXPECT_THAT(newest_of(back, kNow - 3000, kNow - 500), ElementsAre(Float(kNow - 1000, 4)));
}

TEST_P(StorageContractTest, MatchersSelectTheSameAsTestingEachSeries) {
  Open();
  const std::vector<Labels> all{{{"__name__", "up"}, {"job", "api"}, {"instance", "a:1"}},
                                {{"__name__", "up"}, {"job", "api"}, {"instance", "b:1"}},
                                {{"__name__", "up"}, {"job", "db"}, {"instance", "a:1"}},
                                {{"__name__", "up"}, {"instance", "c:1"}},
                                {{"__name__", "requests"}, {"job", "api"}, {"code", "200"}},
                                {{"__name__", "requests"}, {"job", "api"}, {"code", "500"}},
                                {{"__name__", "requests"}, {"job", "API"}, {"code", "5\n0"}}};
  for (const Labels& labels : all) Write(labels, {Float(kNow, 1)});
  const auto equal = MatchOp::kEqual;
  const auto unequal = MatchOp::kNotEqual;
  const auto regex = MatchOp::kRegex;
  const auto not_regex = MatchOp::kNotRegex;
  const std::vector<std::vector<Matcher>> selectors{{},
                                                    {Match(equal, "job", "api")},
                                                    {Match(equal, "job", "nobody")},
                                                    {Match(equal, "job", "")},
                                                    {Match(equal, "nothing", "")},
                                                    {Match(unequal, "job", "api")},
                                                    {Match(unequal, "job", "")},
                                                    {Match(equal, "__name__", "up"), Match(unequal, "job", "api")},
                                                    {Match(regex, "job", "api|db")},
                                                    {Match(regex, "job", "api|")},
                                                    {Match(regex, "job", "a.*")},
                                                    {Match(regex, "job", "(?i)api")},
                                                    {Match(regex, "job", ".*")},
                                                    {Match(regex, "job", ".+")},
                                                    {Match(not_regex, "job", ".+")},
                                                    {Match(not_regex, "job", "api|db")},
                                                    {Match(not_regex, "job", "a.*"), Match(regex, "__name__", "re.*")},
                                                    {Match(regex, "code", "5.0")},
                                                    {Match(regex, "code", "5..")},
                                                    {Match(regex, "code", "[25]00")},
                                                    {Match(regex, "instance", "(a|b):1")},
                                                    {Match(regex, "instance", "a\\:1|c:.")},
                                                    {Match(regex, "instance", "ab?:1")},
                                                    {Match(regex, "instance", "a*:1")},
                                                    {Match(regex, "__name__", "up"), Match(regex, "job", "")}};
  for (const auto& selector : selectors) {
    std::vector<std::string> expected;
    std::vector<Labels> matching;
    for (const Labels& labels : all) {
      bool matches = true;
      for (const Matcher& m : selector) matches = matches && m.Matches(labels.Get(m.name()));
      if (matches) matching.push_back(labels);
    }
    std::sort(matching.begin(), matching.end());
    for (const Labels& labels : matching) expected.push_back(labels.ToMetricString());
    std::string text;
    for (const Matcher& m : selector) text += m.ToString() + " ";
    EXPECT_EQ(Names(ReadAll(storage(), selector)), expected) << text;
    std::set<std::string> jobs;
    for (const Labels& labels : matching) {
      if (labels.Has("job")) jobs.insert(std::string(labels.Get("job")));
    }
    EXPECT_EQ(storage().NewQuerier(TimestampMs::Min(), TimestampMs::Max())->LabelValues("job", selector).value(),
              std::vector<std::string>(jobs.begin(), jobs.end()))
        << text;
  }
}

TEST_P(StorageContractTest, LabelNamesAndValuesAreOfTheRange) {
  Open();
  const std::int64_t day_ago = kNow - 24 * kHour;
  Write(Labels{{"__name__", "old"}, {"was", "here"}}, {Float(day_ago, 1)});
  Write(Labels{{"__name__", "new"}, {"is", "here"}}, {Float(kNow, 1)});
  const auto all = storage().NewQuerier(TimestampMs::Min(), TimestampMs::Max());
  EXPECT_THAT(all->LabelNames({}).value(), ElementsAre("__name__", "is", "was"));
  EXPECT_THAT(all->LabelNames({}, 2).value(), ElementsAre("__name__", "is"));
  EXPECT_THAT(all->LabelNames(std::vector<Matcher>{Matcher::Equal("__name__", "old")}).value(),
              ElementsAre("__name__", "was"));
  EXPECT_THAT(all->LabelValues("__name__", {}).value(), ElementsAre("new", "old"));
  EXPECT_THAT(all->LabelValues("__name__", {}, 1).value(), ElementsAre("new"));
  EXPECT_THAT(all->LabelValues("nothing", {}).value(), IsEmpty());
  const auto today = storage().NewQuerier(TimestampMs(kNow - kHour), TimestampMs(kNow));
  EXPECT_THAT(today->LabelNames({}).value(), ElementsAre("__name__", "is"));
  EXPECT_THAT(today->LabelValues("__name__", {}).value(), ElementsAre("new"));
}

TEST_P(StorageContractTest, StartTimestampsComeBack) {
  Open();
  const Labels labels{{"__name__", "x"}};
  const std::vector<ReadSample> samples{Float(kNow, 1), Float(kNow + 1, 2, kNow - 5), Float(kNow + 2, 3, kNow - 5),
                                        Float(kNow + 3, 1, kNow + 2)};
  Write(labels, samples);
  EXPECT_EQ(Samples(labels), samples);
  Restart();
  EXPECT_EQ(Samples(labels), samples);
}

TEST_P(StorageContractTest, HintsOfHistogramsFollowFromTheSampleBefore) {
  Open();
  const Labels labels{{"__name__", "h"}};
  const auto write = [&](std::int64_t at, metric::NativeHistogram h) {
    EXPECT_EQ(Write(labels, {{kNow + at, 0, {std::move(h)}, 0}}).histograms, 1u);
  };
  metric::NativeHistogram gauge = SmallHistogram(1);
  gauge.reset_hint = CounterResetHint::kGauge;
  metric::NativeHistogram stale;
  stale.sum = metric::kStaleMarker;
  metric::NativeHistogram said_reset = SmallHistogram(20);
  said_reset.reset_hint = CounterResetHint::kReset;
  metric::NativeHistogram wider = SmallHistogram(21);
  wider.zero_threshold = 0.5;
  write(0, SmallHistogram(1));
  write(1, SmallHistogram(2));
  write(2, SmallHistogram(1));  // Fell.
  write(3, SmallHistogram(1));
  write(4, SmallHistogram(1, 1));  // Another schema.
  write(5, stale);
  write(6, SmallHistogram(2, 1));
  write(7, SmallHistogram(3, 1));
  EXPECT_EQ(Write(labels, {Float(kNow + 8, 1)}).floats, 1u);
  write(9, SmallHistogram(4, 1));
  write(10, gauge);
  write(11, gauge);
  write(12, SmallHistogram(5));
  write(13, said_reset);
  write(14, wider);
  const auto read = Samples(labels);
  ASSERT_EQ(read.size(), 15u);
  std::string hints;
  for (const ReadSample& s : read) {
    hints += s.histogram.empty() ? 'f' : "urng"[static_cast<int>(s.histogram[0].reset_hint)];
  }
  EXPECT_EQ(hints, "ununuuunfugguuu");
  EXPECT_EQ(read[7].histogram[0].positive_buckets, SmallHistogram(3, 1).positive_buckets);
  // A late one in between shows.
  Write(labels, {{kNow - 1, 0, {SmallHistogram(5)}, 0}});
  EXPECT_EQ(Samples(labels)[1].histogram[0].reset_hint, CounterResetHint::kUnknown);
  Restart();
  EXPECT_EQ(Samples(labels).size(), 16u);
}

// Three hours of one sender's log beside another who went on, windows sealed under it, with a restart in the middle.
TEST_P(StorageContractTest, ASenderThatWasSilentForHoursIsRefusedNothing) {
  Open();
  const Labels went_on{{"__name__", "x"}, {"sender", "1"}};
  const Labels silent{{"__name__", "x"}, {"sender", "2"}};
  constexpr std::int64_t kEvery = 15'000;
  constexpr std::int64_t kSilence = 3 * 3'600'000;
  std::vector<ReadSample> log;
  for (std::int64_t t = kNow; t < kNow + kSilence; t += kEvery) {
    clock_.Set(TimestampMs(t));
    EXPECT_EQ(Write(went_on, {Float(t, static_cast<double>(t % 1000))}, Durability::kVisible).TotalRefused(), 0u);
    if (t < kNow + 600'000) Write(silent, {Float(t, 1)});
    if (t >= kNow + 600'000) log.push_back(Float(t, static_cast<double>(t % 777)));
    EXPECT_TRUE((t - kNow) % 1'800'000 != 0 || storage().Maintain().ok());
  }
  for (std::size_t i = 0; i < log.size(); i += 40) {
    const std::vector<ReadSample> part(log.begin() + static_cast<std::ptrdiff_t>(i),
                                       log.begin() + static_cast<std::ptrdiff_t>(std::min(i + 40, log.size())));
    const CommitResult result = Write(silent, part);
    EXPECT_EQ(result.TotalRefused(), 0u) << i;
    EXPECT_EQ(result.floats, part.size());
    Write(went_on, {Float(clock_.Now().ms + static_cast<std::int64_t>(i) + 1, 1)});
    EXPECT_TRUE(i % 160 != 0 || storage().Maintain().ok());
    if (i == 320) RestartAsKilled();
  }
  EXPECT_TRUE(storage().Maintain().ok());
  EXPECT_EQ(Samples(silent, kNow + 600'000, kNow + kSilence), log);
  EXPECT_EQ(Samples(silent).size(), log.size() + 40);
}

// Hours later, when nothing of the series is in memory, before and after restarts.
TEST_P(StorageContractTest, ASeriesThatComesBackIsJudgedByItsNewestSample) {
  const auto series = [](const char* name, int i) { return Labels{{"__name__", name}, {"i", std::to_string(i)}}; };
  Open();
  for (int i = 0; i < 3; ++i) {
    for (const char* name : {"newer", "same", "other", "late", "too_late", "used"}) {
      Write(series(name, i), {Float(kNow - 3 * kHour, 1), Float(kNow, 2)});
    }
    Write(series("histogram", i), {ReadSample{kNow, 0, {SmallHistogram(3)}, 0}});
  }
  for (std::int64_t t = 0; t < 8 * kHour; t += kHour / 2) {
    clock_.Set(TimestampMs(kNow + t));
    Write(Labels{{"__name__", "went_on"}}, {Float(kNow + t, 1)});
    ASSERT_TRUE(storage().Maintain().ok());
  }
  for (int i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    if (i == 1) Restart();
    if (i == 2) RestartAsKilled();
    EXPECT_EQ(Write(series("newer", i), {Float(kNow + kHour, 3)}).floats, 1u);
    EXPECT_EQ(Write(series("same", i), {Float(kNow, 2)}).floats, 1u);
    const CommitResult other = Write(series("other", i), {Float(kNow, 3)});
    EXPECT_EQ(Refused(other, Refusal::kDuplicate), 1u);
    ASSERT_TRUE(other.first_refused.has_value());
    EXPECT_EQ(other.first_refused->existing, 2);
    EXPECT_EQ(Write(series("late", i), {Float(kNow - kHour, 3)}).floats, 1u);
    EXPECT_EQ(Refused(Write(series("too_late", i), {Float(kNow - kHour - 1, 3)}), Refusal::kOutOfOrder), 1u);
    const ReadSample same{kNow, 0, {SmallHistogram(3)}, 0};
    const ReadSample unlike{kNow, 0, {SmallHistogram(4)}, 0};
    EXPECT_EQ(Refused(Write(series("histogram", i), {unlike}), Refusal::kDuplicate), 1u);
    EXPECT_EQ(Write(series("histogram", i), {same}).histograms, 1u);
    // What came late did not take the place of the newest, and is no less late after the next restart.
    EXPECT_EQ(Write(series("used", i), {Float(kNow - 1, 3)}).floats, 1u);
    Restart();
    EXPECT_EQ(Refused(Write(series("used", i), {Float(kNow - kHour - 1, 3)}), Refusal::kOutOfOrder), 1u);
    EXPECT_EQ(Refused(Write(series("used", i), {Float(kNow, 3)}), Refusal::kDuplicate), 1u);
    EXPECT_THAT(Samples(series("late", i)),
                ElementsAre(Float(kNow - 3 * kHour, 1), Float(kNow - kHour, 3), Float(kNow, 2)));
  }
}

// Names that sort before the metric's, or are all there is, and windows that have different series.
TEST_P(StorageContractTest, SeriesComeByLabelSetFromManyWindows) {
  options_.block_cache_bytes = 1;  // What is kept in memory is let go at once.
  Open();
  const std::vector<Labels> all{{{"A", "1"}, {"__name__", "b"}},
                                {{"A", "2"}, {"__name__", "a"}},
                                {{"__name__", "a"}},
                                {{"__name__", "a"}, {"z", "1"}},
                                {{"__name__", "b"}},
                                {{"only", "this"}}};
  std::vector<std::size_t> written(all.size());
  for (std::size_t step = 0; step < 120; ++step) {
    const std::int64_t t = kNow + static_cast<std::int64_t>(step) * 600'000;
    clock_.Set(TimestampMs(t));
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (step / 13 % all.size() == i) continue;
      EXPECT_EQ(Write(all[i], {Float(t, static_cast<double>(i))}).floats, 1u);
      ++written[i];
    }
    EXPECT_TRUE(step % 20 != 19 || storage().Maintain().ok());
  }
  for (int reading = 0; reading < 2; ++reading) {
    const auto read = ReadAll(storage(), {});  // Checks the order.
    ASSERT_EQ(read.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(read[i].labels, all[i]);
      EXPECT_EQ(read[i].samples.size(), written[i]);
    }
  }
  const auto querier = storage().NewQuerier(TimestampMs(kNow), clock_.Now());
  const std::vector<Matcher> matchers{Matcher::Equal("__name__", "a")};
  EXPECT_EQ(*querier->LabelNames(matchers), (std::vector<std::string>{"A", "__name__", "z"}));
  EXPECT_EQ(*querier->LabelValues("A", matchers), std::vector<std::string>{"2"});
}

// The hint of the first sample of each range, in heads, sealed windows and where one meets the other.
TEST_P(StorageContractTest, TheFirstHintOfARangeFollowsFromTheSampleBeforeIt) {
  Open();
  const Labels labels{{"__name__", "h"}};
  const Labels other{{"__name__", "h"}, {"a", "1"}};
  std::vector<std::int64_t> times;
  for (std::int64_t t = kNow; t < kNow + 6 * 3'600'000; t += t - kNow < 5 * 3'600'000 ? 60'000 : 400'000) {
    clock_.Set(TimestampMs(t));
    times.push_back(t);
    for (const Labels& l : {labels, other}) {
      Write(l, {{t, 0, {SmallHistogram(static_cast<double>(times.size() % 100))}, 0}});
    }
  }
  EXPECT_TRUE(storage().Maintain().ok());
  for (std::size_t i = 1; i < times.size(); ++i) {
    const bool fell = (i + 1) % 100 == 0;
    const bool far = times[i] - times[i - 1] > 300'000;
    const auto read = Samples(labels, times[i], times[i] + 1);
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(read[0].histogram[0].reset_hint, fell || far ? CounterResetHint::kUnknown : CounterResetHint::kNotReset)
        << i;
  }
  const std::int64_t t = times[30];
  EXPECT_EQ(Samples(labels, t - 60'000 + 1)[0].histogram[0].reset_hint, CounterResetHint::kNotReset);
  Write(labels, {Float(times.back() + 1000, 1)});
  Write(labels, {{times.back() + 2000, 0, {SmallHistogram(1000)}, 0}});
  EXPECT_EQ(Samples(labels, times.back() + 2000)[0].histogram[0].reset_hint, CounterResetHint::kUnknown);
}

TEST_P(StorageContractTest, EqualHistogramsRepeatAndOthersAreDuplicates) {
  Open();
  const Labels labels{{"__name__", "h"}};
  EXPECT_EQ(Write(labels, {{kNow, 0, {SmallHistogram(1)}, 0}}).histograms, 1u);
  EXPECT_EQ(Write(labels, {{kNow, 0, {SmallHistogram(1)}, 0}}).histograms, 1u);
  EXPECT_EQ(Refused(Write(labels, {{kNow, 0, {SmallHistogram(2)}, 0}}), Refusal::kDuplicate), 1u);
  EXPECT_EQ(Refused(Write(labels, {Float(kNow, 1)}), Refusal::kDuplicate), 1u);
  EXPECT_EQ(Samples(labels).size(), 1u);
}

TEST_P(StorageContractTest, ExemplarsComeBackBySeries) {
  Open();
  const Labels labels{{"__name__", "x"}};
  const auto appender = storage().NewAppender();
  const SeriesRef ref = appender->FindOrCreate(labels).value();
  const Exemplar first{Labels{{"trace_id", "1"}}, 0.5, TimestampMs(kNow)};
  const Exemplar second{Labels{{"trace_id", "2"}}, 0.7, TimestampMs(kNow + 10)};
  const Exemplar future{Labels{{"trace_id", "3"}}, 0.7, TimestampMs(kNow + 600'001)};
  for (const Exemplar& e : {first, second, second, future}) appender->AppendExemplar(ref, e);
  EXPECT_EQ(appender->Commit(Durability::kDurable).value().exemplars, 3u);
  const std::vector<std::vector<Matcher>> selectors{{Matcher::Equal("__name__", "y")},
                                                    {Matcher::Equal("__name__", "x")}};
  auto found = storage().Exemplars(TimestampMs(kNow), TimestampMs(kNow + 10), selectors).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].labels, labels);
  EXPECT_THAT(found[0].exemplars, ElementsAre(first, second));
  found = storage().Exemplars(TimestampMs(kNow + 1), TimestampMs(kNow + 10), selectors).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].exemplars, ElementsAre(second));
  EXPECT_THAT(storage().Exemplars(TimestampMs(0), TimestampMs(kNow - 1), selectors).value(), IsEmpty());
}

TEST_P(StorageContractTest, TheExemplarRingForgetsTheOldest) {
  options_.exemplars_max = 3;
  Open();
  for (int i = 0; i < 5; ++i) {
    const auto appender = storage().NewAppender();
    const SeriesRef ref = appender->FindOrCreate(Labels{{"__name__", i % 2 == 0 ? "even" : "odd"}}).value();
    appender->AppendExemplar(ref, {Labels{{"trace_id", std::to_string(i)}}, 1, TimestampMs(kNow + i)});
    ASSERT_TRUE(appender->Commit(Durability::kDurable).ok());
  }
  const std::vector<std::vector<Matcher>> all{{Match(MatchOp::kRegex, "__name__", ".+")}};
  const auto found = storage().Exemplars(TimestampMs::Min(), TimestampMs::Max(), all).value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].exemplars.size(), 2u);
  EXPECT_EQ(found[1].exemplars.size(), 1u);
}

TEST_P(StorageContractTest, MetadataNobodySaysAgainGoesFirst) {
  options_.metadata_max = 2;
  Open();
  const auto say = [&](const std::string& metric) {
    const auto appender = storage().NewAppender();
    appender->SetMetadata({metric, MetricType::kGauge, "", metric});
    ASSERT_TRUE(appender->Commit(Durability::kDurable).ok());
  };
  const auto names = [&] {
    std::vector<std::string> result;
    for (const MetricMetadata& m : storage().Metadata("")) result.push_back(m.metric);
    return result;
  };
  for (const char* metric : {"a", "b", "a", "c"}) say(metric);
  EXPECT_THAT(names(), ElementsAre("a", "c"));
  Restart();
  EXPECT_EQ(names().size(), 2u);
}

TEST_P(StorageContractTest, MetadataIsOfTheMetric) {
  Open();
  const auto appender = storage().NewAppender();
  const MetricMetadata old{"b", MetricType::kGauge, "", "old words"};
  const MetricMetadata b{"b", MetricType::kCounter, "seconds", "words"};
  const MetricMetadata a{"a", MetricType::kHistogram, "", ""};
  for (const MetricMetadata& m : {old, b, a}) appender->SetMetadata(m);
  ASSERT_TRUE(appender->Commit(Durability::kDurable).ok());
  EXPECT_THAT(storage().Metadata(""), ElementsAre(a, b));
  EXPECT_THAT(storage().Metadata("b"), ElementsAre(b));
  EXPECT_THAT(storage().Metadata("c"), IsEmpty());
}

TEST_P(StorageContractTest, StatsCountSeriesAndLabels) {
  Open();
  Write(Labels{{"__name__", "a"}, {"job", "1"}}, {Float(kNow, 1), Float(kNow + 5, 1)});
  Write(Labels{{"__name__", "a"}, {"job", "2"}}, {Float(kNow - 7, 1)});
  Write(Labels{{"__name__", "b"}, {"job", "2"}}, {Float(kNow, 1)});
  const StorageStats stats = storage().Stats(1);
  EXPECT_EQ(stats.series, 3u);
  EXPECT_EQ(stats.label_pairs, 4u);
  EXPECT_EQ(stats.chunks, 3u);
  EXPECT_EQ(stats.min_time, TimestampMs(kNow - 7));
  EXPECT_EQ(stats.max_time, TimestampMs(kNow + 5));
  ASSERT_EQ(stats.series_by_metric.size(), 1u);
  EXPECT_EQ(stats.series_by_metric[0].name, "a");
  EXPECT_EQ(stats.series_by_metric[0].value, 2u);
  ASSERT_EQ(stats.values_by_label.size(), 1u);
  EXPECT_EQ(stats.values_by_label[0].value, 2u);
  ASSERT_EQ(stats.series_by_label_pair.size(), 1u);
  EXPECT_EQ(stats.series_by_label_pair[0].value, 2u);
}

TEST_P(StorageContractTest, TheNewestSampleIsThatOfSenders) {
  Open();
  EXPECT_EQ(storage().NewestSample(), std::nullopt);
  Write(Labels{{"__name__", "rule"}}, {Float(kNow + 5, 1)}, Durability::kVisible);
  EXPECT_EQ(storage().NewestSample(), std::nullopt);
  Write(Labels{{"__name__", "sent"}}, {Float(kNow, 1)});
  Write(Labels{{"__name__", "sent too"}}, {Float(kNow - 5, 1)});
  EXPECT_EQ(storage().NewestSample(), TimestampMs(kNow));
}

TEST_P(StorageContractTest, WhatIsVisibleIsDurableAfterASync) {
  Open();
  const Labels labels{{"__name__", "x"}};
  Write(labels, {Float(kNow, 1)}, Durability::kVisible);
  EXPECT_THAT(Samples(labels), ElementsAre(Float(kNow, 1)));
  ASSERT_TRUE(storage().Sync().ok());
  Restart();
  EXPECT_THAT(Samples(labels), ElementsAre(Float(kNow, 1)));
}

TEST_P(StorageContractTest, RetentionForgetsOldSamplesAndSeriesWithoutAny) {
  options_.retention = base::Days(2);
  Open();
  const Labels gone{{"__name__", "gone"}};
  const Labels stays{{"__name__", "stays"}};
  Write(gone, {Float(kNow, 1)});
  Write(stays, {Float(kNow, 1)});
  for (int day = 1; day <= 8; ++day) {
    clock_.Advance(base::Days(1));
    Write(stays, {Float(kNow + day * 24 * kHour, day)});
    ASSERT_TRUE(storage().Maintain().ok());
  }
  EXPECT_THAT(Samples(gone), IsEmpty());
  EXPECT_EQ(Samples(stays).back(), Float(kNow + 8 * 24 * kHour, 8));
  EXPECT_LE(Samples(stays).size(), 4u);
  EXPECT_EQ(Refused(Write(gone, {Float(kNow, 1)}), Refusal::kTooOld), 1u);
  EXPECT_EQ(Write(gone, {Float(clock_.Now().ms, 2)}).floats, 1u);
  EXPECT_THAT(Samples(gone), ElementsAre(Float(clock_.Now().ms, 2)));
}

TEST_P(StorageContractTest, WindowsAreSealedUnseen) {
  Open();
  const Labels labels{{"__name__", "x"}};
  std::vector<ReadSample> all;
  for (int i = 0; i < 12 * 24; ++i) {
    const std::int64_t t = kNow + i * 300 * kSecond;
    clock_.Set(TimestampMs(t));
    all.push_back(Float(t, i % 7 == 0 ? i / 3.0 : i));
    Write(labels, {all.back()});
    if (i % 10 == 0) {
      ASSERT_TRUE(storage().Maintain().ok());
      ASSERT_EQ(Samples(labels), all);
    }
    if (i % 97 == 0) Restart();
  }
  EXPECT_EQ(Samples(labels), all);
  Restart();
  EXPECT_EQ(Samples(labels), all);
  EXPECT_EQ(Samples(labels, kNow + 3 * kHour, kNow + 5 * kHour).size(), 25u);
}

TEST_P(StorageContractTest, DeletedSamplesAreGoneAtOnceAndForGood) {
  Open();
  if (storage().admin() == nullptr) GTEST_SKIP() << "offers no deletion";
  const Labels a{{"__name__", "x"}, {"job", "a"}};
  const Labels b{{"__name__", "x"}, {"job", "b"}};
  std::vector<ReadSample> samples;
  for (int i = 0; i < 20; ++i) samples.push_back(Float(kNow + i * kSecond, i));
  Write(a, samples);
  Write(b, samples);
  const std::vector<std::vector<Matcher>> selectors{{Matcher::Equal("job", "a")}, {Matcher::Equal("job", "c")}};
  ASSERT_TRUE(storage()
                  .admin()
                  ->DeleteSeries(TimestampMs(kNow + 5 * kSecond), TimestampMs(kNow + 7 * kSecond), selectors)
                  .ok());
  auto expected = samples;
  expected.erase(expected.begin() + 5, expected.begin() + 8);
  EXPECT_EQ(Samples(a), expected);
  EXPECT_EQ(Samples(b), samples);
  Restart();
  EXPECT_EQ(Samples(a), expected);
  EXPECT_EQ(Samples(b), samples);
  // The bounds are the wrong way round: nothing is between them.
  ASSERT_TRUE(storage().admin()->DeleteSeries(TimestampMs(kNow + 1), TimestampMs(kNow), selectors).ok());
  EXPECT_EQ(Samples(a), expected);
}

TEST_P(StorageContractTest, WhatIsWrittenAfterADeletionStays) {
  Open();
  if (storage().admin() == nullptr) GTEST_SKIP() << "offers no deletion";
  const Labels labels{{"__name__", "x"}};
  const std::vector<std::vector<Matcher>> selectors{{Matcher::Equal("__name__", "x")}};
  Write(labels, {Float(kNow - 5 * kHour, 1), Float(kNow - 1000, 2), Float(kNow, 3)});
  // The newest goes: a repeat of it is a new sample, not the old one that is known already.
  ASSERT_TRUE(storage().admin()->DeleteSeries(TimestampMs(kNow), TimestampMs(kNow), selectors).ok());
  EXPECT_THAT(ReadNewest(storage(), {}), ElementsAre(ReadSeries{labels, {Float(kNow - 1000, 2)}}));
  EXPECT_EQ(Write(labels, {Float(kNow, 3)}).floats, 1u);
  EXPECT_THAT(Samples(labels), ElementsAre(Float(kNow - 5 * kHour, 1), Float(kNow - 1000, 2), Float(kNow, 3)));
  // Everything goes: the series may begin again at any time.
  ASSERT_TRUE(storage().admin()->DeleteSeries(TimestampMs::Min(), TimestampMs::Max(), selectors).ok());
  EXPECT_THAT(Samples(labels), IsEmpty());
  const auto querier = storage().NewQuerier(TimestampMs::Min(), TimestampMs::Max());
  EXPECT_THAT(querier->LabelValues("__name__", {}).value(), IsEmpty());
  const std::vector<ReadSample> again{Float(kNow - 5 * kHour, 7), Float(kNow - 4 * kHour, 8), Float(kNow, 9)};
  EXPECT_EQ(Write(labels, again).TotalRefused(), 0u);
  EXPECT_EQ(Samples(labels), again);
  Restart();
  EXPECT_EQ(Samples(labels), again);
}

TEST_P(StorageContractTest, HistogramsAndLateSamplesAreDeletedToo) {
  Open();
  if (storage().admin() == nullptr) GTEST_SKIP() << "offers no deletion";
  const Labels labels{{"__name__", "x"}};
  const std::vector<std::vector<Matcher>> selectors{{Matcher::Equal("__name__", "x")}};
  const auto at = [](std::int64_t second, double count) {
    return ReadSample{kNow + second * kSecond, 0, {SmallHistogram(count)}, 0};
  };
  Write(labels, {at(-10, 1), at(0, 2), at(10, 3)});
  Write(labels, {at(-5, 9), Float(kNow + 20 * kSecond, 4)});
  Write(labels, {Float(kNow + 5 * kSecond, 5), Float(kNow + 15 * kSecond, 6)});  // Late.
  ASSERT_EQ(Samples(labels).size(), 7u);
  ASSERT_TRUE(storage()
                  .admin()
                  ->DeleteSeries(TimestampMs(kNow - 5 * kSecond), TimestampMs(kNow + 5 * kSecond), selectors)
                  .ok());
  std::vector<std::int64_t> seconds;
  for (const ReadSample& s : Samples(labels)) seconds.push_back((s.t - kNow) / kSecond);
  EXPECT_THAT(seconds, ElementsAre(-10, 10, 15, 20));
  Restart();
  EXPECT_EQ(Samples(labels).size(), 4u);
  EXPECT_TRUE(storage().admin()->CleanTombstones().ok());
  EXPECT_EQ(Samples(labels).size(), 4u);
}

}  // namespace bellwether::storage::contract
