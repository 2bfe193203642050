// Snapshots as files: when they are taken, what a start reads, and that no crash or rotten byte loses a sample.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/bytes.h"
#include "storage/admin.h"
#include "storage/contract/storage_contract.h"
#include "storage/journal/fault_file_system.h"
#include "storage/rocks/hex_for_tests.h"
#include "storage/rocks/rocks_storage.h"
#include "storage/rocks/snapshot_file.h"

namespace bellwether::storage {
namespace {

using base::TimestampMs;
using contract::Float;
using contract::ReadAll;
using contract::ReadSample;
using contract::ReadSeries;
using metric::Labels;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::int64_t kSnapshotNow = 1'700'000'000'000;
constexpr std::int64_t kSnapshotHour = 3'600'000;

class HeadSnapshotsTest : public testing::Test {
 protected:
  HeadSnapshotsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bw_snap_XXXXXX").string();
    options_.path = mkdtemp(pattern.data());
    options_.background_thread = false;
    options_.sync = SyncPolicy::kOff;
    internals_.journal_segment_bytes = 64 << 10;
  }
  ~HeadSnapshotsTest() override {
    store_ = {};
    std::filesystem::remove_all(options_.path);
  }

  void Open() {
    store_ = {};
    metrics_ = std::make_unique<base::MetricsRegistry>();
    auto opened = OpenRocksStorageWith(options_, internals_, clock_, *metrics_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    store_ = std::move(*opened);
  }
  base::Result<CommitResult> TryWrite(const Labels& labels, std::int64_t t, double value) {
    const auto appender = store_.storage->NewAppender();
    BW_ASSIGN_OR_RETURN(const SeriesRef ref, appender->FindOrCreate(labels));
    const FloatSample sample{ref, TimestampMs(t), value, {}};
    appender->Append({&sample, 1});
    return appender->Commit(Durability::kDurable);
  }
  CommitResult Write(const Labels& labels, std::int64_t t, double value) {
    const auto result = TryWrite(labels, t, value);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? *result : CommitResult();
  }
  // Writes, and lets so much time pass that a snapshot is taken.
  void WriteAndSnapshot(const Labels& labels, std::int64_t t, double value) {
    Write(labels, t, value);
    clock_.Advance(base::Minutes(11));
    EXPECT_TRUE(store_.storage->Maintain().ok());
  }
  std::vector<ReadSeries> Everything() { return ReadAll(*store_.storage, {}); }
  std::vector<std::string> Files(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path + "/" + folder)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  // The store as a kill at this moment leaves it: a copy, opened in its place.
  void KillAndOpen() {
    const std::string copy = options_.path + "_killed";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(options_.path, copy, std::filesystem::copy_options::recursive);
    store_ = {};
    std::filesystem::remove_all(options_.path);
    std::filesystem::rename(copy, options_.path);
    Open();
  }
  void FlipByteInTheMiddle(const std::string& name) {
    const std::string path = options_.path + "/head/" + name;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto at = static_cast<std::streamoff>(std::filesystem::file_size(path) / 2);
    file.seekg(at);
    const char c = static_cast<char>(file.get() ^ 0x10);
    file.seekp(at);
    file.put(c);
  }
  double Gauge(const std::string& name) { return metrics_->AddGauge(name, "").Value(); }

  base::SimulatedClock clock_{TimestampMs(kSnapshotNow)};
  StorageOptions options_;
  RocksInternals internals_;
  std::unique_ptr<base::MetricsRegistry> metrics_;
  OpenedStorage store_;
  const Labels x_{{"__name__", "x"}};
  const Labels y_{{"__name__", "y"}, {"job", "api"}};
};

TEST_F(HeadSnapshotsTest, TwoAreKeptAndTheJournalGoesBehindThem) {
  Open();
  for (int i = 0; i < 5; ++i) {
    WriteAndSnapshot(x_, kSnapshotNow + i * 600'000, i);
    EXPECT_THAT(Files("head"), SizeIs(i == 0 ? 1 : 2));
  }
  // From the snapshot before the newest on; the segment of the newest begins with its first record.
  EXPECT_THAT(Files("journal"), SizeIs(1));
  EXPECT_EQ("snap-" + Files("journal")[0], Files("head")[0] + ".seg");
  const std::vector<ReadSeries> before = Everything();
  KillAndOpen();
  EXPECT_EQ(Everything(), before);
}

TEST_F(HeadSnapshotsTest, NothingNewIsNoReasonForOne) {
  Open();
  clock_.Advance(base::Minutes(60));
  EXPECT_TRUE(store_.storage->Maintain().ok());
  store_ = {};
  EXPECT_THAT(Files("head"), IsEmpty());
  Open();
  WriteAndSnapshot(x_, kSnapshotNow, 1);
  const auto files = Files("head");
  clock_.Advance(base::Minutes(60));
  EXPECT_TRUE(store_.storage->Maintain().ok());
  store_ = {};
  EXPECT_EQ(Files("head"), files);
}

TEST_F(HeadSnapshotsTest, ACleanEndLeavesNothingToReplay) {
  Open();
  Write(x_, kSnapshotNow, 1);
  Open();
  EXPECT_THAT(Files("head"), SizeIs(1));
  EXPECT_THAT(Everything(), ElementsAre(ReadSeries{x_, {Float(kSnapshotNow, 1)}}));
}

TEST_F(HeadSnapshotsTest, WhatCameAfterTheSnapshotIsInTheJournal) {
  Open();
  WriteAndSnapshot(x_, kSnapshotNow, 1);
  Write(x_, kSnapshotNow + 1, 2);
  Write(y_, kSnapshotNow + 2, 3);
  KillAndOpen();
  EXPECT_THAT(Everything(), ElementsAre(ReadSeries{x_, {Float(kSnapshotNow, 1), Float(kSnapshotNow + 1, 2)}},
                                        ReadSeries{y_, {Float(kSnapshotNow + 2, 3)}}));
  Write(x_, kSnapshotNow + 3, 4);
  KillAndOpen();
  EXPECT_THAT(Everything()[0].samples, SizeIs(3));
}

TEST_F(HeadSnapshotsTest, WhatASnapshotNamesTheJournalNeedNotNameAgain) {
  Open();
  const auto is_named = [&] {  // Any series, anywhere in the journal.
    const auto files = Files("journal");
    return std::any_of(files.begin(), files.end(), [&](const std::string& name) {
      std::ifstream file(options_.path + "/journal/" + name, std::ios::binary);
      const std::string bytes(std::istreambuf_iterator<char>(file), {});
      return bytes.find("__name__") != std::string::npos;
    });
  };
  for (int i = 0; i < 4; ++i) {
    Write(y_, kSnapshotNow + 10 * i, i);
    WriteAndSnapshot(x_, kSnapshotNow + 10 * i, i);
    Write(x_, kSnapshotNow + 10 * i + 5, i);  // Into the segment of the mark.
    EXPECT_EQ(is_named(), i == 0) << i;
  }
  std::vector<ReadSeries> before = Everything();
  KillAndOpen();
  EXPECT_EQ(Everything(), before);
  Write(y_, kSnapshotNow + 700'000, 1);  // Another process has other refs.
  Write(x_, kSnapshotNow + 700'000, 1);
  EXPECT_TRUE(is_named());
  before = Everything();
  FlipByteInTheMiddle(Files("head")[1]);
  KillAndOpen();
  EXPECT_EQ(Gauge("bellwether_storage_snapshot_damage"), 1);
  EXPECT_EQ(Gauge("bellwether_storage_journal_damage"), 0);
  EXPECT_EQ(Everything(), before);
}

TEST_F(HeadSnapshotsTest, ASeriesWithoutSamplesIsNamedAgain) {
  Open();
  Write(x_, kSnapshotNow, 1);
  Write(y_, kSnapshotNow, 1);
  const std::vector<std::vector<metric::Matcher>> all_x{{metric::Matcher::Equal("__name__", "x")}};
  ASSERT_TRUE(store_.storage->admin()->DeleteSeries(TimestampMs::Min(), TimestampMs::Max(), all_x).ok());
  for (int i = 1; i < 4; ++i) WriteAndSnapshot(y_, kSnapshotNow + i, i);
  Write(x_, kSnapshotNow + 5, 5);
  KillAndOpen();
  EXPECT_EQ(Gauge("bellwether_storage_journal_damage"), 0);
  EXPECT_THAT(Everything()[0], (ReadSeries{x_, {Float(kSnapshotNow + 5, 5)}}));
}

TEST_F(HeadSnapshotsTest, AFailureOfTheJournalHasEverythingNamedAgain) {
  FaultFileSystem files;
  internals_.journal_files = &files;
  options_.sync = SyncPolicy::kAlways;
  Open();
  for (int i = 0; i < 3; ++i) WriteAndSnapshot(x_, kSnapshotNow + i, i);
  Write(y_, kSnapshotNow, 1);
  files.FailAt(files.operations() + 1, FaultFileSystem::Fault::kBreak, true);
  EXPECT_FALSE(TryWrite(Labels{{"__name__", "lost"}}, kSnapshotNow, 1).ok());
  files.Heal();
  Write(x_, kSnapshotNow + 10, 1);
  Write(y_, kSnapshotNow + 10, 1);
  Write(Labels{{"__name__", "lost"}}, kSnapshotNow, 1);
  const std::vector<ReadSeries> before = Everything();
  files.FailAt(files.operations() + 1, FaultFileSystem::Fault::kCrash, true);
  store_ = {};
  files.Crash(FaultFileSystem::Unsynced::kForgotten);
  Open();
  EXPECT_EQ(Gauge("bellwether_storage_journal_damage"), 0);
  EXPECT_EQ(Everything(), before);
  store_ = {};
  internals_.journal_files = nullptr;
}

TEST_F(HeadSnapshotsTest, ADamagedOneIsReportedAndTheOneBeforeIsRead) {
  Open();
  for (int i = 0; i < 4; ++i) WriteAndSnapshot(x_, kSnapshotNow + i * 600'000, i);
  Write(y_, kSnapshotNow + 1, 1);
  const std::vector<ReadSeries> before = Everything();
  FlipByteInTheMiddle(Files("head")[1]);
  KillAndOpen();
  EXPECT_EQ(Gauge("bellwether_storage_snapshot_damage"), 1);
  EXPECT_EQ(Everything(), before);
  WriteAndSnapshot(x_, kSnapshotNow + 5 * 600'000, 5);
  KillAndOpen();
  EXPECT_EQ(Gauge("bellwether_storage_snapshot_damage"), 0);
  EXPECT_THAT(Everything()[0].samples, SizeIs(5));
}

TEST_F(HeadSnapshotsTest, ItIsTakenWhenMuchWasJournalled) {
  internals_.snapshot_journalled_min = 4096;
  Open();
  for (int i = 0; i < 400; ++i) {
    Write(x_, kSnapshotNow + i, 1.0 / (i + 3));
    EXPECT_TRUE(store_.storage->Maintain().ok());
  }
  EXPECT_THAT(Files("head"), SizeIs(2));
  EXPECT_GE(metrics_->AddCounter("bellwether_storage_snapshots_total", "").Value(), 2u);
  EXPECT_LT(metrics_->AddCounter("bellwether_storage_snapshots_total", "").Value(), 10u);
}

TEST_F(HeadSnapshotsTest, AStoreAtRestKeepsTwoAndNoJournal) {
  internals_.snapshot_journalled_min = 32 << 10;
  Open();
  const auto rest = [&] {
    EXPECT_TRUE(store_.storage->Maintain().ok());
    clock_.Advance(base::Seconds(7));
    EXPECT_TRUE(store_.storage->Maintain().ok());
  };
  Write(x_, kSnapshotNow, 0);
  rest();
  EXPECT_THAT(Files("head"), IsEmpty());  // Too little to be worth it.
  for (int i = 1; i < 100; ++i) Write(x_, kSnapshotNow + i, i);
  rest();
  EXPECT_THAT(Files("head"), SizeIs(2));
  EXPECT_THAT(Files("journal"), IsEmpty());
  const auto files = Files("head");
  rest();
  EXPECT_EQ(Files("head"), files);
  const std::uint64_t kept_free = 2 * internals_.journal_segment_bytes + (64u << 20);
  const std::uint64_t next_snapshots = 2 * std::filesystem::file_size(options_.path + "/head/" + files[1]);
  EXPECT_EQ(Gauge("bellwether_storage_disk_reserve_bytes"), static_cast<double>(kept_free + next_snapshots));
  const std::vector<ReadSeries> before = Everything();
  FlipByteInTheMiddle(files[1]);
  KillAndOpen();
  EXPECT_EQ(Gauge("bellwether_storage_snapshot_damage"), 1);
  EXPECT_EQ(Everything(), before);
  Write(x_, kSnapshotNow + 100, 100);
  KillAndOpen();
  EXPECT_THAT(Everything()[0].samples, SizeIs(101));
}

TEST_F(HeadSnapshotsTest, WhatIsSealedIsNotSealedAgainAfterARestart) {
  Open();
  const auto sealed = [&] {
    return metrics_->AddCounter("bellwether_storage_sealed_windows_total", "Windows sealed since start.").Value();
  };
  for (int step = 0; step < 12 * 9; ++step) {
    const std::int64_t t = kSnapshotNow + step * 300'000;
    clock_.Set(TimestampMs(t));
    Write(x_, t, step);
    EXPECT_TRUE(step % 40 != 39 || store_.storage->Maintain().ok());
  }
  EXPECT_TRUE(store_.storage->Maintain().ok());
  const std::vector<ReadSeries> before = Everything();
  ASSERT_GT(sealed(), 0u);
  for (int i = 0; i < 3; ++i) {
    KillAndOpen();
    EXPECT_EQ(Everything(), before);
    clock_.Advance(base::Minutes(11));
    EXPECT_TRUE(store_.storage->Maintain().ok());
    EXPECT_EQ(sealed(), 0u) << i;
    EXPECT_EQ(Everything(), before);
  }
}

TEST_F(HeadSnapshotsTest, TheNewestOfASeriesSurvivesWithAllItsSamplesOnDisk) {
  Open();
  Write(x_, kSnapshotNow, 1);
  clock_.Advance(base::Minutes(190));
  Write(y_, kSnapshotNow + 190 * 60'000, 1);
  ASSERT_TRUE(store_.storage->Maintain().ok());
  EXPECT_EQ(Write(x_, kSnapshotNow - 2 * kSnapshotHour, 7).refused[static_cast<std::size_t>(Refusal::kOutOfOrder)], 1u);
  KillAndOpen();
  EXPECT_EQ(Write(x_, kSnapshotNow - 2 * kSnapshotHour, 7).refused[static_cast<std::size_t>(Refusal::kOutOfOrder)], 1u);
  EXPECT_EQ(Write(x_, kSnapshotNow, 2).refused[static_cast<std::size_t>(Refusal::kDuplicate)], 1u);
}

TEST_F(HeadSnapshotsTest, APowerCutAtEveryOperationLosesNothingAcknowledged) {
  options_.sync = SyncPolicy::kAlways;
  internals_.journal_segment_bytes = 2048;
  internals_.snapshot_journalled_min = 8192;
  std::map<std::string, std::map<std::int64_t, double>> acknowledged;
  const auto run = [&] {
    acknowledged.clear();
    clock_.Set(TimestampMs(kSnapshotNow));
    auto opened = OpenRocksStorageWith(options_, internals_, clock_, *metrics_);
    if (!opened.ok()) return;
    store_ = std::move(*opened);
    for (int i = 0; i < 18; ++i) {
      const std::string name = "series_" + std::to_string(i % 3);
      const std::int64_t t = kSnapshotNow + i * 100'000 - (i % 4 == 3 ? 250'000 : 0);
      const auto written = TryWrite(Labels{{"__name__", name}}, t, i);
      if (written.ok() && written->floats == 1) acknowledged[name].emplace(t, i);
      clock_.Advance(base::Minutes(3));
      if (i % 4 == 3) static_cast<void>(store_.storage->Maintain().ok());
      if (i % 8 != 7) continue;
      clock_.Advance(base::Seconds(7));  // At rest.
      static_cast<void>(store_.storage->Maintain().ok());
    }
    store_ = {};
  };
  metrics_ = std::make_unique<base::MetricsRegistry>();
  FaultFileSystem healthy;
  internals_.journal_files = &healthy;
  run();
  const std::uint64_t operations = healthy.operations();
  ASSERT_THAT(acknowledged, SizeIs(3));
  for (std::uint64_t at = 1; at <= operations; ++at) {
    SCOPED_TRACE(at);
    std::filesystem::remove_all(options_.path);
    FaultFileSystem files(at);
    internals_.journal_files = &files;
    files.FailAt(at, FaultFileSystem::Fault::kCrash);
    run();
    files.Crash(static_cast<FaultFileSystem::Unsynced>(at % 3));
    Open();
    EXPECT_EQ(Gauge("bellwether_storage_snapshot_damage"), 0);  // None has its name before it is whole.
    std::map<std::string, std::vector<ReadSample>> found;
    for (ReadSeries& series : Everything()) found[std::string(series.labels.Name())] = std::move(series.samples);
    for (const auto& [name, samples] : acknowledged) {
      for (const auto& [t, value] : samples) EXPECT_THAT(found[name], testing::Contains(Float(t, value)));
    }
    store_ = {};
  }
  internals_.journal_files = nullptr;
}

TEST_F(HeadSnapshotsTest, AFullDiskCostsNoSnapshotThatWasThere) {
  FaultFileSystem files;
  internals_.journal_files = &files;
  Open();
  WriteAndSnapshot(x_, kSnapshotNow, 1);
  Write(x_, kSnapshotNow + 1, 2);
  clock_.Advance(base::Minutes(11));
  // Full at the first operation of the attempt, at the second, ..., until it needs no more space.
  std::uint64_t failures = 0;
  for (bool done = false; !done; ++failures) {
    clock_.Advance(base::Minutes(11));
    files.FailAt(files.operations() + 1 + failures, FaultFileSystem::Fault::kNoSpace, true);
    done = store_.storage->Maintain().ok();
    EXPECT_THAT(files.List(options_.path + "/head").value(), Not(Contains(std::string("snap.tmp"))));
    files.Heal();
  }
  EXPECT_GT(failures, 3u);  // A segment to begin, a file to create, a file to fill.
  clock_.Advance(base::Minutes(11));
  EXPECT_TRUE(store_.storage->Maintain().ok());
  Open();
  EXPECT_THAT(Everything()[0].samples, SizeIs(2));
  store_ = {};
  internals_.journal_files = nullptr;
}

// ---- The file

std::string SmallSnapshot() {
  head::Head head({});
  head::Applied applied;
  {
    const auto pin = head.PinRefs();
    const SeriesRef ref = head.FindOrCreate(Labels{{"__name__", "up"}, {"job", "api"}}).value();
    const FloatSample samples[] = {{ref, TimestampMs(kSnapshotNow), 1, {}},
                                   {ref, TimestampMs(kSnapshotNow + 15'000), 0.25, {}}};
    head.Apply(samples, {}, {}, applied);
  }
  std::string file;
  AppendSnapshotStart({3, base::Hours(2), TimestampMs(kSnapshotNow + 60'000)}, file);
  AppendSnapshotBlock(SnapshotBlock::kMetadata, "", 3, file.size(), file);
  const auto totals = head.Save({}, [&](std::string_view labels, std::string_view samples) {
    AppendSnapshotBlock(SnapshotBlock::kLabels, labels, 3, file.size(), file);
    AppendSnapshotBlock(SnapshotBlock::kSamples, samples, 3, file.size(), file);
    return base::OkStatus();
  });
  AppendSnapshotBlock(SnapshotBlock::kEnd, EncodeSnapshotEnd(*totals), 3, file.size(), file);
  return file;
}

// docs/formats/snapshot.md
TEST(SnapshotFormat, IsAsDocumented) {
  EXPECT_EQ(HexOf(SmallSnapshot()),
            "4257534e41503032"
            "0c0000000100000040b5ebbd6f8441f9"
            "0380bab703c0c9b2fef96201"
            "00000000020000003e027299c74471a8"
            "1e0000000300000089d7a49e6389e7c5"
            "04085f5f6e616d655f5f027570036a6f6203617069020001020301020002"
            "32000000040000009b97e136fcc58ac3"
            "000102b08aadfef96200000000000000d03f0104b0ea0198751801000068e5cf8b010000000000000000f03f00e40232983a"
            "0300000005000000872778aefbcf7f5a"
            "040201");
}

TEST(SnapshotFormat, AnyChangeShows) {
  const std::string file = SmallSnapshot();
  ASSERT_TRUE(ReadSnapshotFile(file).ok());
  for (std::size_t n = 0; n < file.size(); ++n) {
    EXPECT_EQ(ReadSnapshotFile(std::string_view(file).substr(0, n)).status().code(), base::StatusCode::kCorruption);
    std::string changed = file;
    changed[n] = static_cast<char>(changed[n] ^ 1);
    EXPECT_EQ(ReadSnapshotFile(changed).status().code(), base::StatusCode::kCorruption) << n;
  }
  EXPECT_EQ(ReadSnapshotFile(file + "x").status().code(), base::StatusCode::kCorruption);
}

TEST(SnapshotFormat, NamesSayTheMark) {
  EXPECT_EQ(SnapshotName(42), "snap-00000000000000000042");
  EXPECT_EQ(ParseSnapshotName("snap-00000000000000000042"), 42u);
  for (const char* other : {"snap.tmp", "snap-42", "snap-0000000000000000004x", "00000000000000000042.seg"}) {
    EXPECT_EQ(ParseSnapshotName(other), 0u) << other;
  }
}

}  // namespace
}  // namespace bellwether::storage
