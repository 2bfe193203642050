// Many threads on one head. Run under ThreadSanitizer.
#include <algorithm>
#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "storage/chunk/merged_cursor.h"
#include "storage/head/head.h"

namespace bellwether::storage::head {
namespace {

using base::TimestampMs;

constexpr std::int64_t kThreadsStart = 1'700'000'000'000;

metric::Labels ThreadLabels(int series) {
  return metric::Labels{{"__name__", series % 2 == 0 ? "even" : "odd"}, {"n", std::to_string(series)}};
}

// Appends `scrapes` samples to each of `series`, by alias where it is known.
void AppendScrapes(Head& head, int first_series, int series, int scrapes) {
  std::vector<std::string> aliases;
  for (int i = 0; i < series; ++i) aliases.push_back("alias of " + std::to_string(first_series + i));
  const std::vector<std::string_view> views(aliases.begin(), aliases.end());
  std::vector<SeriesRef> refs(views.size());
  std::vector<FloatSample> samples(views.size());
  Applied applied;
  for (int scrape = 0; scrape < scrapes; ++scrape) {
    const Head::Pin pin = head.PinRefs();
    head.FindByAlias(views, refs);
    for (std::size_t i = 0; i < refs.size(); ++i) {
      if (refs[i] == SeriesRef::kNone) {
        refs[i] = head.FindOrCreate(ThreadLabels(first_series + static_cast<int>(i)), views[i]).value();
      }
      samples[i] = {refs[i], TimestampMs(kThreadsStart + scrape * 60'000), static_cast<double>(scrape), {}};
    }
    head.Apply(samples, {}, TimeBounds(), applied);
    ASSERT_EQ(applied.result.floats, samples.size());
    head.MarkDefined(applied.undefined, 1);
  }
}

// Reads all series and returns the number of samples; values must be 0, 1, 2, ... without a gap from the first on.
std::size_t CountSamples(const Head& head) {
  std::size_t count = 0;
  chunk::MergedCursor cursor;
  const auto selection = head.Select({}, {});
  while (selection->Next()) {
    cursor.Reset(selection->chunks(), TimestampMs::Min(), TimestampMs::Max());
    SampleBatch batch;
    double last = -1;
    while (cursor.Next(batch)) {
      for (const double v : batch.values) {
        EXPECT_TRUE(last < 0 || v == last + 1);
        last = v;
        ++count;
      }
    }
    EXPECT_TRUE(cursor.status().ok());
  }
  return count;
}

TEST(HeadThreadsTest, AppendersAndReadersAtOnce) {
  Head head(HeadOptions{.chunk_samples_max = 16});
  constexpr int kAppenders = 3;
  constexpr int kSeries = 60;
  constexpr int kScrapes = 150;
  std::atomic<bool> done{false};
  {
    std::jthread reader([&] {
      std::size_t last = 0;
      while (!done.load()) {
        const std::size_t count = CountSamples(head);
        EXPECT_GE(count, last);
        last = count;
        std::set<std::string, std::less<>> values;
        head.LabelValues("n", {}, {}, values);
        static_cast<void>(head.Stats(5));
      }
    });
    {
      std::vector<std::jthread> appenders;
      for (int i = 0; i < kAppenders; ++i) {
        appenders.emplace_back([&head, i] { AppendScrapes(head, i * kSeries, kSeries, kScrapes); });
      }
    }
    done = true;
  }
  EXPECT_EQ(CountSamples(head), static_cast<std::size_t>(kAppenders * kSeries * kScrapes));
}

// Asks for the half hour up to the newest sample, which it returns; each series' values ascend by one from the first
// that is in the range on.
TimestampMs AskAgain(Head& head, TimestampMs newest, std::size_t& answers) {
  const std::vector<metric::Matcher> matchers = {metric::Matcher::Equal("__name__", "even")};
  const TimestampMs min = newest - base::Minutes(30);
  const auto set = head.SelectAgain(matchers, {min, TimestampMs::Max()}, false, nullptr);
  if (set == nullptr) return newest;
  ++answers;
  const double first = min.ms < kThreadsStart ? 0 : static_cast<double>((min.ms - kThreadsStart + 59'999) / 60'000);
  while (set->Next()) {
    EXPECT_EQ(set->labels().Name(), "even");
    SampleBatch batch;
    double next = first;
    SampleCursor& cursor = set->samples();
    while (cursor.Next(batch)) {
      for (const double v : batch.values) EXPECT_EQ(v, next++);
      newest = std::max(newest, batch.timestamps.back());
    }
  }
  return newest;
}

TEST(HeadThreadsTest, SelectionsAskedAgainBesideAppending) {
  Head head(HeadOptions{.chunk_samples_max = 16});
  std::atomic<bool> done{false};
  std::atomic<std::size_t> all_answers{0};
  {
    std::vector<std::jthread> others;
    for (int i = 0; i < 2; ++i) {
      others.emplace_back([&] {
        TimestampMs newest(kThreadsStart);
        std::size_t answers = 0;
        while (!done.load()) newest = AskAgain(head, newest, answers);
        all_answers += answers;
      });
    }
    others.emplace_back([&] {
      while (!done.load()) {
        head.RestIdle(TimestampMs::Max());
        EXPECT_TRUE(head.CollectGarbage(TimestampMs(kThreadsStart)).ok());
      }
    });
    {
      std::vector<std::jthread> appenders;
      for (int i = 0; i < 2; ++i) appenders.emplace_back([&head, i] { AppendScrapes(head, i * 40, 40, 200); });
    }
    done = true;
  }
  EXPECT_GT(all_answers.load(), 0u);
  std::size_t answers = 0;
  EXPECT_EQ(AskAgain(head, TimestampMs(kThreadsStart + 199 * 60'000), answers).ms, kThreadsStart + 199 * 60'000);
  EXPECT_EQ(answers, 1u);
}

TEST(HeadThreadsTest, SealingBesideAppendingLosesNothing) {
  Head head(HeadOptions{.chunk_samples_max = 16});
  std::atomic<bool> done{false};
  std::size_t sealed = 0;
  {
    std::jthread sealer([&] {
      bool last_round = false;
      while (!last_round) {
        last_round = done.load();
        for (const WindowId window : head.Windows()) {
          const auto taken = head.TakeWindow(window);
          while (taken->Next()) {
            for (const chunk::ChunkView& view : taken->chunks()) sealed += view.count;
          }
          head.DropWindow(window);
        }
        EXPECT_TRUE(head.CollectGarbage(TimestampMs::Max()).ok());
      }
    });
    {
      std::vector<std::jthread> appenders;
      for (int i = 0; i < 2; ++i) appenders.emplace_back([&head, i] { AppendScrapes(head, i * 40, 40, 200); });
    }
    done = true;
  }
  EXPECT_EQ(sealed, 2u * 40 * 200);
  EXPECT_TRUE(head.Windows().empty());
  EXPECT_TRUE(head.CollectGarbage(TimestampMs::Max()).ok());
  EXPECT_EQ(head.SeriesCount(), 0u);
}

TEST(HeadThreadsTest, OneSeriesFoundByManyIsOneSeries) {
  Head head(HeadOptions{});
  std::vector<SeriesRef> refs(4);
  {
    std::vector<std::jthread> finders;
    for (std::size_t i = 0; i < refs.size(); ++i) {
      finders.emplace_back([&, i] {
        for (int series = 0; series < 200; ++series) {
          const Head::Pin pin = head.PinRefs();
          refs[i] = head.FindOrCreate(ThreadLabels(series), "alias " + std::to_string(i)).value();
        }
      });
    }
  }
  EXPECT_EQ(head.SeriesCount(), 200u);
  for (const SeriesRef ref : refs) EXPECT_EQ(ref, refs[0]);
}

}  // namespace
}  // namespace bellwether::storage::head
