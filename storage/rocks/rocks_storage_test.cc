// The embedded store: the contract of all stores, and what is its own: restarts, seals cut short, full disks, locks.
#include "storage/rocks/rocks_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <thread>

#include "storage/contract/storage_contract.h"
#include "storage/journal/fault_file_system.h"
#include "storage/rocks/disk_usage.h"

namespace bellwether::storage {
namespace {

using base::StatusCode;
using base::TimestampMs;
using contract::Float;
using contract::OpenStore;
using contract::ReadAll;
using contract::ReadSample;
using contract::ReadSeries;
using contract::StorageMaker;
using metric::Labels;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kRocksNow = 1'700'000'000'000;
constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

OpenStore OpenWithWindows(base::DurationMs window, StorageOptions options, base::Clock& clock,
                          base::MetricsRegistry& metrics) {
  options.background_thread = false;
  RocksInternals internals;
  internals.window = window;
  internals.journal_segment_bytes = 64 << 10;
  internals.idle_series_min = 1;
  auto opened = OpenRocksStorageWith(options, internals, clock, metrics);
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  if (!opened.ok()) return {};
  std::shared_ptr<StateStore> state = std::move(opened->state);
  return {state, std::move(opened->storage)};
}

OpenStore OpenForContract(const StorageOptions& options, base::Clock& clock, base::MetricsRegistry& metrics) {
  return OpenWithWindows(base::Hours(2), options, clock, metrics);
}

StorageMaker RocksMaker() { return {"rocks", OpenForContract, true}; }
StorageMaker RocksMakerOfTwos() {
  return {"rocks_chunks_of_two",
          [](StorageOptions options, base::Clock& clock, base::MetricsRegistry& metrics) {
            options.chunk_samples_max = 2;
            options.sync = SyncPolicy::kOff;
            return OpenForContract(options, clock, metrics);
          },
          true};
}
StorageMaker RocksMakerOfShortWindows() {
  return {"rocks_short_windows",
          [](const StorageOptions& options, base::Clock& clock, base::MetricsRegistry& metrics) {
            return OpenWithWindows(base::Minutes(17), options, clock, metrics);
          },
          true};
}

}  // namespace

namespace contract {
INSTANTIATE_TEST_SUITE_P(Rocks, StorageContractTest,
                         testing::Values(RocksMaker(), RocksMakerOfTwos(), RocksMakerOfShortWindows()), MakerName);
}  // namespace contract

namespace {

class RocksStorageTest : public testing::Test {
 protected:
  RocksStorageTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bw_rocks_XXXXXX").string();
    options_.path = mkdtemp(pattern.data());
    options_.background_thread = false;
    options_.sync = SyncPolicy::kOff;  // Quick; where the sync is the point, a test says so.
    internals_.journal_segment_bytes = 64 << 10;
  }
  ~RocksStorageTest() override {
    Close();
    std::filesystem::remove_all(options_.path);
  }

  void Open() {
    Close();
    auto opened = OpenRocksStorageWith(options_, internals_, clock_, metrics_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    store_ = std::move(*opened);
  }
  void Close() { store_ = {}; }

  base::Result<CommitResult> TryWrite(const Labels& labels, const std::vector<std::pair<std::int64_t, double>>& samples,
                                      Durability durability = Durability::kDurable) {
    const auto appender = store_.storage->NewAppender();
    BW_ASSIGN_OR_RETURN(const SeriesRef ref, appender->FindOrCreate(labels));
    std::vector<FloatSample> floats;
    for (const auto& [t, value] : samples) floats.push_back({ref, TimestampMs(t), value, {}});
    appender->Append(floats);
    return appender->Commit(durability);
  }
  CommitResult Write(const Labels& labels, const std::vector<std::pair<std::int64_t, double>>& samples,
                     Durability durability = Durability::kDurable) {
    const auto result = TryWrite(labels, samples, durability);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? *result : CommitResult();
  }
  std::vector<ReadSeries> Everything() { return ReadAll(*store_.storage, {}); }

  // A sample each five minutes for these hours, from `from` on, of three series; the clock goes along.
  void Fill(std::int64_t from, int hours) {
    for (std::int64_t t = from; t < from + hours * kHour; t += 5 * kMinute) {
      clock_.Set(std::max(clock_.Now(), TimestampMs(t)));
      for (int i = 0; i < 3; ++i) {
        Write(Labels{{"__name__", "m"}, {"i", std::to_string(i)}}, {{t, static_cast<double>(t % 977 + i)}});
      }
    }
  }
  std::ptrdiff_t JournalSegments() const {
    return std::distance(std::filesystem::directory_iterator(options_.path + "/journal"), {});
  }

  std::uint64_t SealedWindows() {
    return metrics_.AddCounter("bellwether_storage_sealed_windows_total", "Windows sealed since start.").Value();
  }

  std::uint64_t Merges() {
    return metrics_.AddCounter("bellwether_storage_merges_total", "Merges of sealed windows since start.").Value();
  }
  double Windows() {
    return metrics_.AddGauge("bellwether_storage_windows", "Sealed windows, each generation counted.").Value();
  }

  base::SimulatedClock clock_{TimestampMs(kRocksNow)};
  base::MetricsRegistry metrics_;
  StorageOptions options_;
  RocksInternals internals_;
  OpenedStorage store_;
};

TEST_F(RocksStorageTest, ReopensAfterASeal) {
  Open();
  Fill(kRocksNow, 9);
  const std::vector<ReadSeries> before = Everything();
  ASSERT_EQ(before.size(), 3u);
  ASSERT_EQ(before[0].samples.size(), 9u * 12);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  EXPECT_GE(SealedWindows(), 3u);
  EXPECT_EQ(Everything(), before);
  Open();
  EXPECT_EQ(Everything(), before);
  EXPECT_GT(store_.storage->Stats(10).disk_bytes, 0u);
  EXPECT_EQ(store_.storage->Stats(10).min_time, TimestampMs(kRocksNow));
}

TEST_F(RocksStorageTest, TheJournalIsLetGoBehindASeal) {
  Open();
  Fill(kRocksNow, 9);
  const std::ptrdiff_t before = JournalSegments();
  ASSERT_TRUE(store_.storage->Maintain().ok());
  Fill(kRocksNow + 9 * kHour, 9);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  const std::ptrdiff_t after = JournalSegments();
  EXPECT_LE(after, before + 1);
  const std::vector<ReadSeries> all = Everything();
  EXPECT_EQ(all[0].samples.size(), 18u * 12);
  Open();
  EXPECT_EQ(Everything(), all);
}

TEST_F(RocksStorageTest, WindowsAreSealedByTheTimeOfTheDataHoweverFastTheyCome) {
  constexpr std::int64_t kFirstUnsealed = 1'700'078'400'000;  // 20:00; the data end at 22:08.
  options_.background_thread = true;
  internals_.waiting_chunks_min = 0;  // Commits wait as soon as the sealer is far behind.
  Open();
  Fill(kRocksNow, 24);
  const std::vector<ReadSeries> before = Everything();
  // The clock moves by less than the half minute in which maintenance comes round by itself.
  for (int i = 0; i < 20 && SealedWindows() < 11; ++i) {
    clock_.Advance(base::Seconds(1));
    for (int spin = 0; spin < 200'000 && SealedWindows() < 11; ++spin) std::this_thread::yield();
  }
  EXPECT_EQ(SealedWindows(), 11u);
  EXPECT_EQ(metrics_.AddCounter("bellwether_storage_sealed_samples_total", "Samples sealed since start.").Value(),
            3 * std::count_if(before[0].samples.begin(), before[0].samples.end(),
                              [](const ReadSample& sample) { return sample.t < kFirstUnsealed; }));
  EXPECT_EQ(Everything(), before);
  Open();
  EXPECT_EQ(Everything(), before);
}

TEST(SealBacklogTest, CommitsWaitUntilThereIsRoom) {
  SealBacklog backlog;
  EXPECT_FALSE(backlog.IsFull());
  backlog.SetFull(true);
  std::atomic<bool> has_room{false};
  std::jthread commit([&] {
    backlog.WaitForRoom();
    EXPECT_TRUE(has_room);
  });
  has_room = true;
  backlog.SetFull(false);
}

TEST_F(RocksStorageTest, ASealMayStopAfterAnyStep) {
  using Step = RocksInternals::SealStep;
  internals_.journal_segment_bytes = 2048;
  for (const Step stop : {Step::kWritten, Step::kIngested, Step::kNamed, Step::kMarked}) {
    for (int at = 1; at <= 3; ++at) {
      SCOPED_TRACE(testing::Message() << "step " << static_cast<int>(stop) << ", window " << at);
      Close();
      std::filesystem::remove_all(options_.path);
      clock_.Set(TimestampMs(kRocksNow));
      int seen = 0;
      internals_.after_seal_step = [&](Step step) {
        return step == stop && ++seen == at ? base::Internal("the power is gone") : base::OkStatus();
      };
      Open();
      Fill(kRocksNow, 9);
      const std::vector<ReadSeries> before = Everything();
      const base::Status stopped = store_.storage->Maintain();
      const bool happens = stop != Step::kMarked || at == 1;  // The mark moves once a run.
      EXPECT_EQ(stopped.message(), happens ? "the power is gone" : "");
      EXPECT_EQ(Everything(), before);
      internals_.after_seal_step = nullptr;
      Open();
      EXPECT_EQ(Everything(), before);
      ASSERT_TRUE(store_.storage->Maintain().ok());
      EXPECT_EQ(Everything(), before);
      Open();
      EXPECT_EQ(Everything(), before);
      Fill(kRocksNow + 9 * kHour, 1);
      EXPECT_EQ(Everything()[0].samples.size(), 10u * 12);
    }
  }
}

// Three series of half an hour, and three that go on, in a window that is not due.
TEST_F(RocksStorageTest, SeriesThatAreGoneAreSealedAheadOfTheirWindow) {
  constexpr std::int64_t kBegin = 1'700'006'400'000;  // 00:00.
  internals_.idle_series_min = 1;
  clock_.Set(TimestampMs(kBegin + 30 * kMinute));
  Open();
  for (int i = 0; i < 3; ++i) {
    Write(Labels{{"__name__", "gone"}, {"i", std::to_string(i)}}, {{kBegin, 1}, {kBegin + 30 * kMinute, 2}});
  }
  Fill(kBegin, 2);
  std::vector<ReadSeries> before = Everything();
  ASSERT_TRUE(store_.storage->Maintain().ok());
  EXPECT_EQ(SealedWindows(), 1u);
  EXPECT_EQ(store_.storage->Stats(10).series, 3u);
  EXPECT_EQ(Everything(), before);
  Open();
  EXPECT_EQ(Everything(), before);

  const Labels returned{{"__name__", "gone"}, {"i", "0"}};
  EXPECT_EQ(Write(returned, {{kBegin + 30 * kMinute, 3}}).refused[static_cast<std::size_t>(Refusal::kDuplicate)], 1u);
  Write(returned, {{kBegin + 35 * kMinute, 4}});
  Fill(kBegin + 2 * kHour, 9);
  before = Everything();
  ASSERT_TRUE(store_.storage->Maintain().ok());
  EXPECT_GE(Merges(), 1u);
  EXPECT_EQ(Everything(), before);
  Open();
  EXPECT_EQ(Everything(), before);
}

TEST_F(RocksStorageTest, ASealAheadMayFailAndTheSeriesComeBack) {
  using Step = RocksInternals::SealStep;
  internals_.idle_series_min = 1;
  for (const Step stop : {Step::kWritten, Step::kIngested, Step::kNamed}) {
    SCOPED_TRACE(testing::Message() << "step " << static_cast<int>(stop));
    Close();
    std::filesystem::remove_all(options_.path);
    clock_.Set(TimestampMs(kRocksNow + 95 * kMinute));
    bool fails = true;
    internals_.after_seal_step = [&](Step step) {
      return step == stop && std::exchange(fails, false) ? base::Internal("the power is gone") : base::OkStatus();
    };
    Open();
    for (const char* name : {"a", "b", "c"}) Write(Labels{{"__name__", name}}, {{kRocksNow, 1}});
    Write(Labels{{"__name__", "goes on"}}, {{kRocksNow + 80 * kMinute, 1}});
    EXPECT_EQ(store_.storage->Maintain().message(), "the power is gone");
    Write(Labels{{"__name__", "a"}}, {{kRocksNow + 95 * kMinute, 2}});
    const std::vector<ReadSeries> before = Everything();
    EXPECT_EQ(before.size(), 4u);
    ASSERT_TRUE(store_.storage->Maintain().ok());
    EXPECT_EQ(Everything(), before);
    EXPECT_EQ(store_.storage->Stats(10).series, 2u);
    Open();
    EXPECT_EQ(Everything(), before);
  }
}

TEST_F(RocksStorageTest, AFailedSealIsTriedAgain) {
  Open();
  Fill(kRocksNow, 9);
  const std::vector<ReadSeries> before = Everything();
  Close();
  int step = 0;  // The first try ends after a window is written, the next when it is ingested, the third when named.
  internals_.after_seal_step = [&](RocksInternals::SealStep) {
    ++step;
    return step == 1 || step == 3 || step == 6 ? base::Unavailable("disk full") : base::OkStatus();
  };
  Open();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(store_.storage->Maintain().ok());
    EXPECT_EQ(Everything(), before);
    clock_.Advance(base::Minutes(1));
  }
  EXPECT_TRUE(store_.storage->Maintain().ok());
  EXPECT_EQ(Everything(), before);
  Open();
  EXPECT_EQ(Everything(), before);
}

TEST_F(RocksStorageTest, WindowsAreMergedIntoQuartersAndDays) {
  Open();
  Fill(kRocksNow, 40);  // From 22:13 to 14:08 two days later: sealed up to 12:00.
  const std::vector<ReadSeries> before = Everything();
  ASSERT_TRUE(store_.storage->Maintain().ok());
  EXPECT_EQ(Merges(), 3u);
  EXPECT_EQ(Windows(), 4u);  // The evening, a day, two quarters of the next.
  EXPECT_EQ(Everything(), before);
  EXPECT_THAT(std::filesystem::exists(options_.path + "/merge"), false);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  EXPECT_EQ(Merges(), 3u);
  Open();
  EXPECT_EQ(Windows(), 4u);
  EXPECT_EQ(Everything(), before);
}

TEST_F(RocksStorageTest, AMergeMayStopAfterAnyStep) {
  using Step = RocksInternals::SealStep;
  for (const Step stop : {Step::kMergeWritten, Step::kMergeIngested, Step::kMergeNamed}) {
    for (const int at : {1, 2}) {
      for (const bool restarts : {false, true}) {
        if (at == 2 && !restarts) continue;
        SCOPED_TRACE(testing::Message() << "step " << static_cast<int>(stop) << ", merge " << at << restarts);
        Close();
        std::filesystem::remove_all(options_.path);
        clock_.Set(TimestampMs(kRocksNow));
        int seen = 0;
        internals_.after_seal_step = [&](Step step) {
          return step == stop && ++seen == at ? base::Internal("the power is gone") : base::OkStatus();
        };
        Open();
        Fill(kRocksNow, 16);  // From 22:13 to 14:08: two quarters to be merged, and the evening before.
        const std::vector<ReadSeries> before = Everything();
        EXPECT_EQ(store_.storage->Maintain().message(), "the power is gone");
        EXPECT_EQ(Everything(), before);
        if (restarts) Open();
        EXPECT_EQ(Everything(), before);
        ASSERT_TRUE(store_.storage->Maintain().ok());
        EXPECT_EQ(Windows(), 3u);
        EXPECT_EQ(Everything(), before);
        internals_.after_seal_step = nullptr;
        Open();
        EXPECT_EQ(Everything(), before);
      }
    }
  }
}

TEST_F(RocksStorageTest, LateDataAreFoldedIntoTheDayTheyBelongTo) {
  const std::int64_t morning = kRocksNow + 4 * kHour;  // 2:13 on the day that is merged.
  const Labels first{{"__name__", "first"}};
  Open();
  Fill(kRocksNow, 5);
  Write(first, {{morning, 1}});
  Fill(kRocksNow + 5 * kHour, 35);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  ASSERT_EQ(Windows(), 4u);
  std::vector<ReadSeries> want = Everything();
  for (int i = 0; i < 8; ++i) {
    const Labels late{{"__name__", "late"}, {"i", std::to_string(i)}};
    Write(late, {{morning + i * kHour, i}});
    Write(first, {{morning, 2}});  // What was written first stays, through every merge.
    clock_.Advance(base::Minutes(11));
    ASSERT_TRUE(store_.storage->Maintain().ok());
    const auto all = Everything();
    EXPECT_EQ(all.size(), want.size() + static_cast<std::size_t>(i) + 1);
    EXPECT_THAT(all.front().samples, ElementsAre(Float(morning, 1)));
  }
  const std::vector<ReadSeries> all = Everything();
  EXPECT_GE(Merges(), 4u);
  EXPECT_LE(Windows(), 7u);
  Open();
  EXPECT_EQ(Everything(), all);
}

TEST_F(RocksStorageTest, RetentionBySizeDropsTheOldestWindows) {
  options_.retention = base::Hours(41);  // Short, so that windows are not merged.
  const auto fill = [&](std::uint64_t limit) {
    Close();
    std::filesystem::remove_all(options_.path);
    clock_.Set(TimestampMs(kRocksNow));
    options_.retention_bytes = limit;
    Open();
    Fill(kRocksNow, 40);
    EXPECT_TRUE(store_.storage->Maintain().ok());
    return MeasureDisk(options_.path, {}).Total();
  };
  const std::uint64_t used = fill(0);
  const std::vector<ReadSeries> all = Everything();
  const double windows = Windows();
  EXPECT_LE(fill(used - 30'000), used - 30'000 + 16'384);  // The log of RocksDB is not of a fixed length.
  EXPECT_LT(Windows(), windows);
  EXPECT_GT(Windows(), windows / 4);
  const std::vector<ReadSeries> some = Everything();
  EXPECT_GT(some[0].samples.front().t, all[0].samples.front().t);
  EXPECT_TRUE(std::equal(some[0].samples.rbegin(), some[0].samples.rend(), all[0].samples.rbegin()));
  fill(1);
  EXPECT_EQ(Windows(), 0);
  EXPECT_EQ(Everything()[0].samples.back(), all[0].samples.back());
}

TEST_F(RocksStorageTest, LateDataOpenAWindowAgain) {
  const Labels late{{"__name__", "late"}};
  Open();
  Fill(kRocksNow, 9);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  const std::uint64_t sealed = SealedWindows();
  // A sender that was cut off brings what it kept; nobody else has moved its series.
  for (int i = 0; i < 20; ++i) Write(late, {{kRocksNow + i * kMinute, i}});
  EXPECT_EQ(Everything().front().samples.size(), 20u);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  EXPECT_EQ(SealedWindows(), sealed);  // Not at once: more may come.
  clock_.Advance(base::Minutes(11));
  ASSERT_TRUE(store_.storage->Maintain().ok());
  EXPECT_EQ(SealedWindows(), sealed + 1);
  const std::vector<ReadSeries> all = Everything();
  EXPECT_EQ(all.front().samples.size(), 20u);
  EXPECT_EQ(all.back().samples.size(), 9u * 12);
  Open();
  EXPECT_EQ(Everything(), all);
}

TEST_F(RocksStorageTest, WhatWasSealedFirstStays) {
  const Labels labels{{"__name__", "x"}};
  Open();
  Write(labels, {{kRocksNow, 1}});
  Fill(kRocksNow, 12);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  Fill(kRocksNow + 12 * kHour, 6);
  ASSERT_TRUE(store_.storage->Maintain().ok());  // The series is gone from memory, and with it what it last held.
  Write(labels, {{kRocksNow, 2}});
  EXPECT_THAT(Everything().back().samples, ElementsAre(Float(kRocksNow, 1)));
  clock_.Advance(base::Minutes(11));
  ASSERT_TRUE(store_.storage->Maintain().ok());
  EXPECT_THAT(Everything().back().samples, ElementsAre(Float(kRocksNow, 1)));
}

TEST_F(RocksStorageTest, ReadersSeeTheSameThroughASeal) {
  Open();
  Fill(kRocksNow, 9);
  const std::vector<ReadSeries> before = Everything();
  const auto querier = store_.storage->NewQuerier(TimestampMs::Min(), TimestampMs::Max());
  const auto set = querier->Select({});
  ASSERT_TRUE(set->Next());
  ASSERT_TRUE(store_.storage->Maintain().ok());
  std::size_t series = 0;
  do {
    std::size_t samples = 0;
    SampleBatch batch;
    SampleCursor& cursor = set->samples();
    while (cursor.Next(batch)) samples += batch.timestamps.size();
    EXPECT_TRUE(cursor.status().ok());
    EXPECT_EQ(samples, before[series++].samples.size());
  } while (set->Next());
  EXPECT_EQ(series, 3u);
}

TEST_F(RocksStorageTest, RetentionDropsWholeWindowsFromTheDisk) {
  options_.retention = base::Hours(24);
  Open();
  for (int day = 0; day < 4; ++day) {
    Fill(kRocksNow + day * 24 * kHour, 24);
    ASSERT_TRUE(store_.storage->Maintain().ok());
  }
  const std::vector<ReadSeries> all = Everything();
  ASSERT_EQ(all.size(), 3u);
  const std::int64_t oldest = kRocksNow + 3 * 24 * kHour;
  EXPECT_GE(all[0].samples.front().t, oldest - 3 * kHour);
  EXPECT_LE(all[0].samples.front().t, oldest);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  Open();
  EXPECT_EQ(Everything(), all);
}

TEST_F(RocksStorageTest, ALowerSeriesLimitLosesNothingAtStart) {
  Open();
  Fill(kRocksNow, 1);
  const std::vector<ReadSeries> before = Everything();
  options_.series_limit = 1;
  Open();
  EXPECT_EQ(Everything(), before);
  EXPECT_EQ(TryWrite(Labels{{"__name__", "new"}}, {{kRocksNow, 1}}).status().code(), StatusCode::kLimitExceeded);
}

TEST_F(RocksStorageTest, ASecondProcessIsToldWhoHoldsTheStore) {
  Open();
  base::MetricsRegistry metrics;
  const auto second = OpenRocksStorage(options_, clock_, metrics);
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(second.status().message(), HasSubstr(options_.path + "/LOCK"));
  EXPECT_THAT(second.status().message(), HasSubstr("process " + std::to_string(getpid())));
}

TEST_F(RocksStorageTest, StateLivesBesideTheSamples) {
  Open();
  StateBatch batch;
  batch.Put("rules/a", "1");
  ASSERT_TRUE(store_.state->Apply(batch).ok());
  Open();
  EXPECT_EQ(*store_.state->Get("rules/a"), "1");
}

TEST_F(RocksStorageTest, MetadataSurvivesTheJournal) {
  Open();
  const MetricMetadata metadata{"m", MetricType::kGauge, "bytes", "What it is."};
  const auto appender = store_.storage->NewAppender();
  appender->SetMetadata(metadata);
  ASSERT_TRUE(appender->Commit(Durability::kDurable).ok());
  Open();
  EXPECT_THAT(store_.storage->Metadata("m"), ElementsAre(metadata));
  Fill(kRocksNow, 12);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  Open();
  EXPECT_THAT(store_.storage->Metadata(""), ElementsAre(metadata));
}

// ---- The disk fills
// ------------------------------------------------------------------------------------------------------

TEST_F(RocksStorageTest, ALowDiskRefusesSendersAndSealsUntilThereIsRoom) {
  DiskSpace space{.total = 100'000'000, .available = 50'000'000};
  internals_.disk_space = [&]() -> base::Result<DiskSpace> { return space; };
  const Labels labels{{"__name__", "m"}, {"i", "0"}};
  Open();
  Fill(kRocksNow, 9);
  space.available = 9'000'000;  // Less than a tenth.
  clock_.Advance(base::Seconds(1));
  const std::int64_t next = kRocksNow + 9 * kHour;
  const auto refused = TryWrite(labels, {{next, 1}});
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(refused.status().message(), HasSubstr("the disk of the store is full"));
  EXPECT_EQ(Everything()[0].samples.size(), 9u * 12);  // Nothing of it was taken.

  EXPECT_TRUE(TryWrite(labels, {{next, 1}}, Durability::kVisible).ok());  // A rule.
  EXPECT_TRUE(store_.storage->Sync().ok());
  const std::ptrdiff_t segments = JournalSegments();
  ASSERT_TRUE(store_.storage->Maintain().ok());
  EXPECT_GE(SealedWindows(), 3u);
  EXPECT_LE(JournalSegments(), segments);
  StateBatch batch;
  batch.Put("rules/a", "1");
  EXPECT_TRUE(store_.state->Apply(batch).ok());

  space.available = 50'000'000;
  clock_.Advance(base::Seconds(1));
  EXPECT_EQ(Write(labels, {{next + 1, 2}}).floats, 1u);
  EXPECT_EQ(Everything()[0].samples.size(), 9u * 12 + 2);
}

TEST_F(RocksStorageTest, AReadOnlyDiskRefusesSendersAndReadsGoOn) {
  DiskSpace space{.total = 100'000'000, .available = 50'000'000, .read_only = true};
  internals_.disk_space = [&]() -> base::Result<DiskSpace> { return space; };
  const Labels labels{{"__name__", "m"}};
  Open();
  EXPECT_THAT(TryWrite(labels, {{kRocksNow, 1}}).status().message(), HasSubstr("read-only"));
  EXPECT_THAT(Everything(), IsEmpty());
  space.read_only = false;
  clock_.Advance(base::Seconds(1));
  EXPECT_EQ(Write(labels, {{kRocksNow, 1}}).floats, 1u);
}

// ---- Memory

TEST_F(RocksStorageTest, WithoutMemoryOnlyNewSeriesAreRefused) {
  std::uint64_t used = 900u << 20;
  options_.head_bytes_max = 1000u << 20;
  internals_.process_memory = [&] { return used; };
  Open();
  Fill(kRocksNow, 1);
  const auto try_new = [&] {
    clock_.Advance(base::Seconds(1));  // What was seen a moment ago is not looked at again.
    return TryWrite(Labels{{"__name__", "new"}}, {{clock_.Now().ms, 1}});
  };
  const auto gauge = [&](const char* name) { return metrics_.AddGauge(name, "").Value(); };
  used = 1100u << 20;
  const auto refused = try_new();
  EXPECT_EQ(refused.status().code(), StatusCode::kOverloaded);
  EXPECT_THAT(refused.status().message(), HasSubstr("create series new: the part of --storage.memory"));
  EXPECT_THAT(refused.status().message(), HasSubstr("1000 MiB"));
  EXPECT_EQ(gauge("bellwether_memory_short"), 1);
  EXPECT_EQ(metrics_.AddCounter("bellwether_memory_refusals_total", "", {{"part", "head"}}).Value(), 1u);
  EXPECT_EQ(Write(Labels{{"__name__", "m"}, {"i", "0"}}, {{kRocksNow + kHour, 1}}).floats, 1u);
  used = 960u << 20;  // Not far enough below.
  EXPECT_FALSE(try_new().ok());
  used = 940u << 20;
  EXPECT_TRUE(try_new().ok());
  EXPECT_EQ(gauge("bellwether_memory_short"), 0);
  used = std::uint64_t{5000} << 20;
  Open();  // What was acknowledged comes back whatever it costs.
  EXPECT_EQ(Everything().size(), 4u);
  EXPECT_EQ(gauge("bellwether_memory_short"), 1);
}

TEST_F(RocksStorageTest, WhatOthersHaveIsNotTheHeads) {
  options_.head_bytes_max = 1000u << 20;
  options_.query_memory = std::make_shared<base::MemoryShare>(0, "");
  internals_.process_memory = [] { return 1500u << 20; };
  base::MemoryHold queries(options_.query_memory);
  ASSERT_TRUE(queries.Grow(800u << 20).ok());
  Open();
  EXPECT_TRUE(TryWrite(Labels{{"__name__", "new"}}, {{kRocksNow, 1}}).ok());
  const double head = metrics_.AddGauge("bellwether_memory_used_bytes", "", {{"part", "head"}}).Value();
  EXPECT_GT(head, 600u << 20);
  EXPECT_LE(head, 700u << 20);
  queries.ShrinkTo(0);
  clock_.Advance(base::Seconds(1));
  EXPECT_FALSE(TryWrite(Labels{{"__name__", "newer"}}, {{kRocksNow, 1}}).ok());
}

TEST_F(RocksStorageTest, LabelSetsOfSealedSeriesCountAsMemoryOfQueries) {
  options_.query_memory = std::make_shared<base::MemoryShare>(1u << 20, "no memory for queries");
  Open();
  Fill(kRocksNow, 9);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  base::MemoryHold others(options_.query_memory);
  ASSERT_TRUE(others.Grow((1u << 20) - 100).ok());
  const auto querier = store_.storage->NewQuerier(TimestampMs::Min(), TimestampMs::Max());
  const auto set = querier->Select({});
  EXPECT_FALSE(set->Next());
  EXPECT_EQ(set->status(), base::Unavailable("no memory for queries"));
  others.ShrinkTo(0);
  EXPECT_EQ(Everything().size(), 3u);
  EXPECT_GT(options_.query_memory->used(), 0u);  // Kept for the next query.
  Close();
  EXPECT_EQ(options_.query_memory->used(), 0u);
}

TEST_F(RocksStorageTest, BackgroundWorkIsCountedAndPaced) {
  Open();
  Fill(kRocksNow, 24);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  clock_.Advance(base::Minutes(11));
  ASSERT_TRUE(store_.storage->Maintain().ok());
  double written = 0;
  for (const char* work : {"seal", "merge", "snapshot"}) {
    const std::uint64_t bytes =
        metrics_.AddCounter("bellwether_storage_background_bytes_total", "", {{"work", work}}).Value();
    EXPECT_GT(bytes, 0u) << work;
    written += static_cast<double>(bytes);
  }
  EXPECT_GE(metrics_.AddGauge("bellwether_storage_background_bytes", "").Value(), written);
  EXPECT_EQ(metrics_.AddGauge("bellwether_storage_background_waiting", "", {{"work", "seal"}}).Value(), 0);
}

TEST_F(RocksStorageTest, PartsOfTheDiskAddUpToTheFolder) {
  Open();
  Fill(kRocksNow, 9);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  clock_.Advance(base::Minutes(1));
  ASSERT_TRUE(store_.storage->Maintain().ok());
  double sum = 0;
  const auto part = [&](const char* name) {
    return metrics_.AddGauge("bellwether_storage_disk_bytes", "", {{"part", name}}).Value();
  };
  for (std::size_t i = 0; i < kDiskParts; ++i) sum += part(DiskPartName(static_cast<DiskPart>(i)).data());
  std::uint64_t walked = 0;  // Another walk, another way.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.path)) {
    struct stat info {};
    ASSERT_EQ(::lstat(entry.path().c_str(), &info), 0);
    walked += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  struct stat root {};
  ASSERT_EQ(::lstat(options_.path.c_str(), &root), 0);
  walked += static_cast<std::uint64_t>(root.st_blocks) * 512;
  EXPECT_EQ(sum, static_cast<double>(walked));
  EXPECT_EQ(store_.storage->Stats(1).disk_bytes, walked);
  for (const char* name : {"data", "index", "log", "state", "other"}) EXPECT_GT(part(name), 0) << name;
  EXPECT_EQ(part("snapshot"), 0);
}

// ---- The journal's disk fails
// -------------------------------------------------------------------------------------------

class RocksFaultTest : public RocksStorageTest {
 protected:
  RocksFaultTest() {
    options_.sync = SyncPolicy::kAlways;
    internals_.journal_files = &files_;
  }
  ~RocksFaultTest() override { Close(); }
  FaultFileSystem files_;
};

TEST_F(RocksFaultTest, WhatFailedOnAFullDiskIsDurableWhenItIsSentAgain) {
  const Labels labels{{"__name__", "x"}};
  Open();
  Write(labels, {{kRocksNow, 1}});
  files_.FailAt(1, FaultFileSystem::Fault::kNoSpace, true);
  EXPECT_EQ(TryWrite(labels, {{kRocksNow + 1, 2}}).status().code(), StatusCode::kUnavailable);
  files_.Heal();
  EXPECT_EQ(Write(labels, {{kRocksNow + 1, 2}}).floats, 1u);  // For the head a repeat.
  Close();
  files_.Crash(FaultFileSystem::Unsynced::kForgotten);
  Open();
  EXPECT_THAT(Everything().front().samples, ElementsAre(Float(kRocksNow, 1), Float(kRocksNow + 1, 2)));
}

TEST_F(RocksFaultTest, ABrokenDiskRefusesEverythingAndReadsGoOnUntilItHeals) {
  const Labels labels{{"__name__", "x"}};
  Open();
  Write(labels, {{kRocksNow, 1}});
  files_.FailAt(files_.operations() + 2, FaultFileSystem::Fault::kBreak, true);
  EXPECT_EQ(TryWrite(labels, {{kRocksNow + 1, 2}}).status().code(), StatusCode::kInternal);
  EXPECT_EQ(TryWrite(labels, {{kRocksNow + 2, 2}}).status().code(), StatusCode::kInternal);
  EXPECT_EQ(store_.storage->Sync().code(), StatusCode::kInternal);
  EXPECT_EQ(Everything().front().samples.front(), Float(kRocksNow, 1));
  files_.Heal();
  Write(labels, {{kRocksNow + 2, 2}});  // In a segment of its own, in which the series is defined again.
  Close();
  files_.Crash(FaultFileSystem::Unsynced::kForgotten);
  Open();
  // What was not acknowledged may be found or not.
  EXPECT_THAT(Everything().front().samples, testing::IsSupersetOf({Float(kRocksNow, 1), Float(kRocksNow + 2, 2)}));
}

TEST_F(RocksFaultTest, AStoreOnAFullDiskStartsReadsAndHeals) {
  const Labels labels{{"__name__", "x"}};
  Open();
  Write(labels, {{kRocksNow, 1}});
  Close();
  files_.FailAt(1, FaultFileSystem::Fault::kNoSpace, true);
  Open();
  EXPECT_THAT(Everything().front().samples, ElementsAre(Float(kRocksNow, 1)));
  EXPECT_EQ(TryWrite(labels, {{kRocksNow + 1, 2}}).status().code(), StatusCode::kUnavailable);
  files_.Heal();
  EXPECT_EQ(Write(labels, {{kRocksNow + 1, 2}}).floats, 1u);
}

TEST_F(RocksFaultTest, APowerCutAtEveryOperationLosesNothingAcknowledged) {
  internals_.journal_segment_bytes = 2048;
  const auto run = [&](std::map<std::string, std::vector<std::pair<std::int64_t, double>>>& acknowledged) {
    auto opened = OpenRocksStorageWith(options_, internals_, clock_, metrics_);
    if (!opened.ok()) return;
    store_ = std::move(*opened);
    for (int i = 0; i < 40; ++i) {
      const std::string name = "series_" + std::to_string(i % 5);
      if (TryWrite(Labels{{"__name__", name}}, {{kRocksNow + i, i}}).ok()) {
        acknowledged[name].emplace_back(kRocksNow + i, i);
      }
    }
    Close();
  };
  std::map<std::string, std::vector<std::pair<std::int64_t, double>>> all;
  run(all);
  const std::uint64_t operations = files_.operations();
  ASSERT_GT(operations, 80u);
  for (std::uint64_t at = 1; at <= operations; at += 3) {
    SCOPED_TRACE(at);
    std::filesystem::remove_all(options_.path);
    FaultFileSystem files(at);
    internals_.journal_files = &files;
    files.FailAt(at, FaultFileSystem::Fault::kCrash);
    std::map<std::string, std::vector<std::pair<std::int64_t, double>>> acknowledged;
    run(acknowledged);
    files.Crash(static_cast<FaultFileSystem::Unsynced>(at % 3));
    Open();
    std::map<std::string, std::vector<ReadSample>> found;
    for (ReadSeries& series : Everything()) found[std::string(series.labels.Name())] = std::move(series.samples);
    for (const auto& [name, samples] : acknowledged) {
      for (const auto& [t, value] : samples) EXPECT_THAT(found[name], testing::Contains(Float(t, value)));
    }
    Close();
  }
  internals_.journal_files = &files_;
}

// ---- Threads
// ------------------------------------------------------------------------------------------------------------

using RocksStorageThreadsTest = RocksStorageTest;

TEST_F(RocksStorageThreadsTest, WriteReadAndSealAtOnce) {
  options_.sync = SyncPolicy::kOff;
  internals_.window = base::Minutes(10);
  options_.out_of_order_window = base::Minutes(1);
  Open();
  constexpr int kSteps = 150;
  std::atomic<bool> stop{false};
  const auto write = [&](int writer) {
    for (int i = 0; i < kSteps; ++i) {
      const std::int64_t t = kRocksNow + i * kMinute;
      for (int s = 0; s < 5; ++s) {
        Write(Labels{{"__name__", "m"}, {"w", std::to_string(writer)}, {"s", std::to_string(s)}},
              {{t, static_cast<double>(i)}});
      }
    }
  };
  const auto read = [&] {
    while (!stop) {
      for (const ReadSeries& series : Everything()) {
        // Each series is written from its first minute on without gaps.
        EXPECT_EQ(series.samples.front().t, kRocksNow);
        EXPECT_EQ(series.samples.back().t, kRocksNow + static_cast<std::int64_t>(series.samples.size() - 1) * kMinute);
      }
    }
  };
  clock_.Set(TimestampMs(kRocksNow + kSteps * kMinute));
  std::jthread reader(read);
  std::jthread sealer([&] {
    while (!stop) EXPECT_TRUE(store_.storage->Maintain().ok());
  });
  {
    std::jthread first(write, 1);
    std::jthread second(write, 2);
  }
  stop = true;
  reader.join();
  sealer.join();
  EXPECT_EQ(Everything().size(), 10u);
  const std::vector<ReadSeries> all = Everything();
  Open();
  EXPECT_EQ(Everything(), all);
}

}  // namespace
}  // namespace bellwether::storage
