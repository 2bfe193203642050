// Deletion, copies and checks of the store on disk.
#include "storage/rocks/rocks_admin.h"

#include <rocksdb/db.h>
#include <rocksdb/sst_file_writer.h>
#include <stdlib.h>

#include <atomic>
#include <bit>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "storage/admin.h"
#include "storage/contract/storage_contract.h"
#include "storage/rocks/rocks_state_store.h"

namespace bellwether::storage {
namespace {

namespace fs = std::filesystem;

using base::TimestampMs;
using contract::Float;
using contract::ReadAll;
using contract::ReadSample;
using contract::ReadSeries;
using metric::Labels;
using metric::Matcher;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kAdminNow = 1'700'000'000'000;
constexpr std::int64_t kAdminMinute = 60'000;
constexpr std::int64_t kAdminHour = 60 * kAdminMinute;
constexpr base::DurationMs kUnmerged = base::Hours(13);  // With so short a retention windows stay apart.

class RocksAdminTest : public testing::Test {
 protected:
  RocksAdminTest() {
    std::string pattern = (fs::temp_directory_path() / "bw_admin_XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    options_.path = root_ + "/data";
    options_.background_thread = false;
    options_.sync = SyncPolicy::kOff;
    options_.retention = base::DurationMs(0);
    internals_.journal_segment_bytes = 64 << 10;
  }
  ~RocksAdminTest() override {
    store_ = {};
    fs::remove_all(root_);
  }

  void Open() {
    store_ = {};
    auto opened = OpenRocksStorageWith(options_, internals_, clock_, metrics_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    store_ = std::move(*opened);
  }
  StorageAdmin& admin() { return *store_.storage->admin(); }
  std::vector<ReadSeries> Everything() { return ReadAll(*store_.storage, {}); }

  std::uint64_t Write(const Labels& labels, const std::vector<ReadSample>& samples,
                      AppendMode mode = AppendMode::kLive) {
    const auto appender = store_.storage->NewAppender(mode);
    const auto ref = appender->FindOrCreate(labels);
    std::vector<FloatSample> floats;
    for (const ReadSample& s : samples) {
      floats.push_back({ref.value(), TimestampMs(s.t), std::bit_cast<double>(s.value_bits), {}});
    }
    appender->Append(floats);
    const auto result = appender->Commit(Durability::kDurable);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? result->floats : 0;
  }
  static Labels SeriesOf(int i) { return Labels{{"__name__", "m"}, {"i", std::to_string(i)}}; }

  // A sample each five minutes for nine hours, of three series; all but the last windows are sealed.
  void FillAndSeal() {
    for (std::int64_t t = kAdminNow; t < kAdminNow + 9 * kAdminHour; t += 5 * kAdminMinute) {
      clock_.Set(std::max(clock_.Now(), TimestampMs(t)));
      for (int i = 0; i < 3; ++i) Write(SeriesOf(i), {Float(t, static_cast<double>(t % 977 + i))});
    }
    ASSERT_TRUE(store_.storage->Maintain().ok());
    ASSERT_GE(metrics_.AddCounter("bellwether_storage_sealed_windows_total", "Windows sealed since start.").Value(),
              3u);
  }

  // Of a store that was filled and sealed.
  void OpenACopyWithoutTheHead() {
    Open();
    FillAndSeal();
    const std::string name = admin().Snapshot(SnapshotContent::kSealed).value();
    const std::string snapshot = options_.path + "/snapshots/" + name;
    options_.path = root_ + "/restored";
    ASSERT_TRUE(RestoreSnapshot(snapshot, options_.path).ok());
    Open();
  }

  base::Status Delete(std::int64_t min, std::int64_t max, const std::string& i) {
    const std::vector<std::vector<Matcher>> selectors{{Matcher::Equal("i", i)}};
    return admin().DeleteSeries(TimestampMs(min), TimestampMs(max), selectors);
  }

  base::SimulatedClock clock_{TimestampMs(kAdminNow)};
  base::MetricsRegistry metrics_;
  StorageOptions options_;
  RocksInternals internals_;
  std::string root_;
  OpenedStorage store_;
};

// ---- Deletion

TEST_F(RocksAdminTest, WhatIsDeletedStaysDeletedInMemoryAndOnDisk) {
  Open();
  FillAndSeal();
  const std::int64_t from = kAdminNow + 30 * kAdminMinute;
  const std::int64_t to = kAdminNow + 8 * kAdminHour;
  std::vector<ReadSeries> expected = Everything();
  ASSERT_EQ(expected.size(), 3u);
  ASSERT_TRUE(Delete(from, to, "1").ok());
  std::erase_if(expected[1].samples, [&](const ReadSample& s) { return from <= s.t && s.t <= to; });
  EXPECT_EQ(Everything(), expected);
  ASSERT_TRUE(Delete(INT64_MIN, INT64_MAX, "2").ok());
  expected.pop_back();
  for (int round = 0; round < 4; ++round) {
    SCOPED_TRACE(round);
    EXPECT_EQ(Everything(), expected);
    const auto querier = store_.storage->NewQuerier(TimestampMs::Min(), TimestampMs::Max());
    const std::vector<Matcher> all{Matcher::Equal("__name__", "m")};
    EXPECT_EQ(querier->LabelValues("i", all).value(), (std::vector<std::string>{"0", "1"}));
    if (round % 2 == 0) {
      Open();
    } else {
      ASSERT_TRUE(store_.storage->Maintain().ok());
    }
  }
}

TEST_F(RocksAdminTest, WhatIsWrittenLaterForADeletedTimeIsThereOnDiskToo) {
  Open();
  FillAndSeal();
  std::vector<ReadSeries> expected = Everything();
  ASSERT_TRUE(Delete(INT64_MIN, INT64_MAX, "2").ok());
  const std::vector<ReadSample> again{Float(kAdminNow, 77), Float(kAdminNow + 5 * kAdminMinute, 78),
                                      Float(kAdminNow + kAdminHour + 1, 79)};
  EXPECT_EQ(Write(SeriesOf(2), again), 3u);
  expected[2].samples = again;
  EXPECT_EQ(Everything(), expected);
  clock_.Advance(base::Minutes(11));
  ASSERT_TRUE(store_.storage->Maintain().ok());  // A further generation of the window.
  EXPECT_EQ(Everything(), expected);
  Open();
  EXPECT_EQ(Everything(), expected);
  // The samples of both generations at one time: the deletion takes what is there now.
  ASSERT_TRUE(Delete(kAdminNow, kAdminNow, "2").ok());
  expected[2].samples.erase(expected[2].samples.begin());
  EXPECT_EQ(Everything(), expected);
}

// Whether its newest sample is judged by in memory or was put aside when it left.
TEST_F(RocksAdminTest, ADeletedSeriesThatLeftMemoryTakesAnyTimeAgain) {
  const std::int64_t wrong = kAdminNow - 2 * kAdminHour;
  for (const bool has_left : {false, true}) {
    Open();
    FillAndSeal();
    for (std::int64_t t = clock_.Now().ms; has_left && t < kAdminNow + 20 * kAdminHour; t += kAdminHour) {
      clock_.Set(TimestampMs(t));
      Write(SeriesOf(0), {Float(t, 1)});
      ASSERT_TRUE(store_.storage->Maintain().ok());
    }
    EXPECT_EQ(store_.storage->Stats(0).series, has_left ? 1u : 3u);
    EXPECT_EQ(Write(SeriesOf(2), {Float(wrong, 7)}), 0u);
    ASSERT_TRUE(Delete(INT64_MIN, INT64_MAX, "2").ok());
    Open();
    EXPECT_EQ(Write(SeriesOf(2), {Float(wrong, 7)}), 1u);
    ASSERT_TRUE(Delete(INT64_MIN, INT64_MAX, "2").ok());
    EXPECT_EQ(Write(SeriesOf(1), {Float(wrong, 7)}), 0u);
    store_ = {};
    fs::remove_all(options_.path);
    clock_.Set(TimestampMs(kAdminNow));
  }
}

TEST_F(RocksAdminTest, ReplayKeepsTheOrderOfWritesAndDeletions) {
  Open();
  std::mt19937 random(3);
  const auto model = NewMemoryStorage(options_, clock_, metrics_);
  for (int step = 0; step < 300; ++step) {
    SCOPED_TRACE(step);
    const std::int64_t t = kAdminNow + static_cast<std::int64_t>(random() % 600) * kAdminMinute;
    clock_.Set(std::max(clock_.Now(), TimestampMs(t)));
    const int series = static_cast<int>(random() % 4);
    if (random() % 4 == 0) {
      const std::vector<std::vector<Matcher>> selectors{{Matcher::Equal("i", std::to_string(series))}};
      const TimestampMs to(t + static_cast<std::int64_t>(random() % 300) * kAdminMinute);
      ASSERT_TRUE(admin().DeleteSeries(TimestampMs(t), to, selectors).ok());
      ASSERT_TRUE(model->admin()->DeleteSeries(TimestampMs(t), to, selectors).ok());
    } else {
      std::vector<FloatSample> floats;
      for (Storage* store : {store_.storage.get(), model.get()}) {
        const auto appender = store->NewAppender(AppendMode::kBackfill);
        const auto ref = appender->FindOrCreate(SeriesOf(series));
        floats.clear();
        for (int i = 0; i < 4; ++i) {
          floats.push_back({ref.value(), TimestampMs(t + i * kAdminMinute), static_cast<double>(step * 10 + i), {}});
        }
        appender->Append(floats);
        ASSERT_TRUE(appender->Commit(Durability::kDurable).ok());
      }
    }
    if (random() % 10 == 0) {
      ASSERT_TRUE(store_.storage->Maintain().ok());
    }
    if (random() % 20 == 0) clock_.Advance(base::Minutes(11));
    if (random() % 40 == 0) {
      ASSERT_TRUE(admin().CleanTombstones().ok());
    }
    if (random() % 25 == 0) Open();
    ASSERT_EQ(Everything(), ReadAll(*model, {}));
  }
  const auto report = admin().Verify();
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->damage, IsEmpty());
}

TEST_F(RocksAdminTest, DeletionsAndCommitsAtTheSameTimeReadTheSameAfterARestart) {
  Open();
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    for (std::int64_t i = 0; i < 400; ++i) Write(SeriesOf(static_cast<int>(i % 3)), {Float(kAdminNow + i, 1.0)});
    done = true;
  });
  while (!done) {
    for (const char* i : {"0", "1"}) EXPECT_TRUE(Delete(INT64_MIN, INT64_MAX, i).ok());
  }
  writer.join();
  const std::vector<ReadSeries> before = Everything();
  Open();
  EXPECT_EQ(Everything(), before);
  const std::vector<ReadSeries> kept = ReadAll(*store_.storage, {Matcher::Equal("i", "2")});
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].samples.size(), 133u);
}

TEST_F(RocksAdminTest, CleaningWritesWindowsAnewAndChangesNothing) {
  Open();
  FillAndSeal();
  ASSERT_TRUE(Delete(kAdminNow + kAdminHour, kAdminNow + 2 * kAdminHour, "1").ok());
  ASSERT_TRUE(Delete(INT64_MIN, INT64_MAX, "2").ok());
  Write(SeriesOf(2), {Float(kAdminNow + kAdminMinute, 5)});
  clock_.Advance(base::Minutes(11));
  ASSERT_TRUE(store_.storage->Maintain().ok());
  ASSERT_TRUE(Delete(kAdminNow, kAdminNow, "0").ok());
  const std::vector<ReadSeries> before = Everything();
  const std::uint64_t samples = admin().Verify().value().samples;
  ASSERT_TRUE(admin().CleanTombstones().ok());
  EXPECT_EQ(Everything(), before);
  const VerifyReport after = admin().Verify().value();
  EXPECT_LT(after.samples, samples);
  EXPECT_THAT(after.damage, IsEmpty());
  const auto querier = store_.storage->NewQuerier(TimestampMs::Min(), TimestampMs::Max());
  EXPECT_EQ(querier->LabelValues("i", {}).value(), (std::vector<std::string>{"0", "1", "2"}));
  Open();
  EXPECT_EQ(Everything(), before);
  // Nothing is left of windows all of whose series go.
  const std::vector<std::vector<Matcher>> all{{Matcher::Equal("__name__", "m")}};
  ASSERT_TRUE(admin().DeleteSeries(TimestampMs::Min(), TimestampMs::Max(), all).ok());
  ASSERT_TRUE(admin().CleanTombstones().ok());
  EXPECT_EQ(admin().Verify().value().windows, 0u);
  EXPECT_THAT(Everything(), IsEmpty());
}

// ---- Copies

TEST_F(RocksAdminTest, ASnapshotUnderLoadHasEverythingAcknowledgedBefore) {
  Open();
  FillAndSeal();
  std::atomic<std::int64_t> acknowledged{0};
  std::atomic<bool> stop{false};
  std::jthread writer([&] {
    for (std::int64_t i = 1; !stop; ++i) {
      Write(Labels{{"__name__", "load"}}, {Float(clock_.Now().ms + i, static_cast<double>(i))});
      acknowledged = i;
    }
  });
  while (acknowledged < 50) std::this_thread::yield();
  const std::int64_t before = acknowledged;
  const auto name = admin().Snapshot(SnapshotContent::kEverything);
  if (!name.ok()) stop = true;
  ASSERT_TRUE(name.ok()) << name.status().ToString();
  EXPECT_THAT(*name, testing::MatchesRegex("[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}"));
  while (acknowledged < before + 50) std::this_thread::yield();
  stop = true;
  writer.join();
  const std::vector<ReadSeries> of_filling = ReadAll(*store_.storage, {Matcher::Equal("__name__", "m")});

  const std::string snapshot = options_.path + "/snapshots/" + *name;
  options_.path = root_ + "/restored";
  ASSERT_TRUE(RestoreSnapshot(snapshot, options_.path).ok());
  const auto report = VerifyStoreAt(options_.path, clock_);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_THAT(report->damage, IsEmpty());
  EXPECT_GT(report->windows, 0u);
  Open();
  EXPECT_EQ(ReadAll(*store_.storage, {Matcher::Equal("__name__", "m")}), of_filling);
  const std::vector<ReadSeries> load = ReadAll(*store_.storage, {Matcher::Equal("__name__", "load")});
  ASSERT_EQ(load.size(), 1u);
  EXPECT_GE(static_cast<std::int64_t>(load[0].samples.size()), before);
  // The copy is a store of its own.
  Write(SeriesOf(0), {Float(clock_.Now().ms + 1, 1)});
  Open();
  EXPECT_EQ(RestoreSnapshot(snapshot, options_.path).code(), base::StatusCode::kConflict);
  ASSERT_TRUE(RestoreSnapshot(snapshot, root_ + "/second").ok());
  EXPECT_THAT(VerifyStoreAt(root_ + "/second", clock_).value().damage, IsEmpty());
}

TEST_F(RocksAdminTest, ASnapshotMayLeaveOutTheHead) {
  ASSERT_NO_FATAL_FAILURE(OpenACopyWithoutTheHead());
  const std::vector<ReadSeries> all = Everything();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_GT(all[0].samples.size(), 50u);
  EXPECT_LT(all[0].samples.size(), 9u * 12);
}

TEST_F(RocksAdminTest, ACopyWithoutTheHeadKeepsWhatIsWrittenIntoItsSealedWindows) {
  ASSERT_NO_FATAL_FAILURE(OpenACopyWithoutTheHead());
  Write(Labels{{"__name__", "later"}}, {Float(kAdminNow, 7)});
  const std::vector<ReadSeries> all = Everything();
  ASSERT_EQ(all.size(), 4u);
  for (int round = 0; round < 3; ++round) {
    Open();
    EXPECT_EQ(Everything(), all);
  }
}

TEST_F(RocksAdminTest, OnlySnapshotsAreRestored) {
  EXPECT_EQ(RestoreSnapshot(root_ + "/nowhere", root_ + "/new").code(), base::StatusCode::kNotFound);
  fs::create_directories(root_ + "/empty");
  EXPECT_EQ(RestoreSnapshot(root_ + "/empty", root_ + "/new").code(), base::StatusCode::kNotFound);
  EXPECT_EQ(VerifyStoreAt(root_ + "/empty", clock_).status().code(), base::StatusCode::kNotFound);
  EXPECT_FALSE(fs::exists(root_ + "/empty/LOCK"));
}

// ---- Checks

class VerifyTest : public RocksAdminTest {
 protected:
  void SetUp() override {
    options_.retention = kUnmerged;
    Open();
    FillAndSeal();
    StateBatch batch;
    batch.Put("rules/a", "firing");
    ASSERT_TRUE(store_.state->Apply(batch).ok());
    ASSERT_TRUE(store_.storage->Sync().ok());
    store_ = {};
  }

  VerifyReport Verify() {
    const auto report = VerifyStoreAt(options_.path, clock_);
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    return report.ok() ? *report : VerifyReport();
  }

  static void FlipByte(const fs::path& path, std::uint64_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
    ASSERT_TRUE(file.good()) << path;
  }

  // Changes the database behind the store's back.
  void Tamper(const std::function<void(Database&)>& change) {
    const auto database = Database::Open({.path = options_.path + "/db"}, clock_);
    ASSERT_TRUE(database.ok()) << database.status().ToString();
    change(**database);
  }
  void PutIn(rocksdb::ColumnFamilyHandle* (Database::*family)(), const std::string& key, const std::string& value) {
    Tamper([&](Database& database) { ASSERT_TRUE(database.db().Put({}, (database.*family)(), key, value).ok()); });
  }

  std::vector<std::pair<WindowKey, WindowEntry>> Entries() {
    std::vector<std::pair<WindowKey, WindowEntry>> entries;
    Tamper([&](Database& database) {
      const std::unique_ptr<rocksdb::Iterator> it(database.db().NewIterator({}, database.meta()));
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        WindowEntry entry;
        if (DecodeWindowEntry(it->key().ToStringView(), it->value().ToStringView(), entry)) {
          entries.emplace_back(entry.key, entry);
        }
      }
    });
    return entries;
  }

  static auto Names(const std::string& place, const std::string& what) {
    return Contains(AllOf(Field(&VerifyReport::Damage::place, HasSubstr(place)),
                          Field(&VerifyReport::Damage::what, HasSubstr(what))));
  }
};

TEST_F(VerifyTest, AWholeStoreIsCountedAndChangedInNothing) {
  const VerifyReport report = Verify();
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_THAT(report.notes, IsEmpty());
  EXPECT_GE(report.windows, 3u);
  EXPECT_EQ(report.series, 3 * report.windows);
  EXPECT_GE(report.samples, 3u * 60);
  EXPECT_GT(report.journal_segments, 0u);
  EXPECT_GT(report.journal_records, 0u);
  EXPECT_EQ(report.state_entries, 1u);
  Open();
  EXPECT_EQ(Everything()[0].samples.size(), 9u * 12);
  const VerifyReport live = admin().Verify().value();
  EXPECT_THAT(live.damage, IsEmpty());
  EXPECT_EQ(live.samples, report.samples);
  const auto held = VerifyStoreAt(options_.path, clock_);
  EXPECT_THAT(held.status().message(), HasSubstr("process " + std::to_string(getpid()) + " holds it"));
}

// Maintenance as it reads the journal.
class MaintainingFiles final : public FileSystem {
 public:
  base::Status MakeDirectories(const std::string& path) override { return files_.MakeDirectories(path); }
  base::Result<std::unique_ptr<WritableFile>> Create(const std::string& path, std::uint64_t size) override {
    return files_.Create(path, size);
  }
  base::Result<std::unique_ptr<WritableFile>> OpenExisting(const std::string& path) override {
    return files_.OpenExisting(path);
  }
  base::Result<std::string> Read(const std::string& path) override {
    if (on_read) on_read();
    return files_.Read(path);
  }
  base::Result<std::uint64_t> Size(const std::string& path) override { return files_.Size(path); }
  base::Result<std::vector<std::string>> List(const std::string& path) override { return files_.List(path); }
  base::Status Rename(const std::string& from, const std::string& to) override { return files_.Rename(from, to); }
  base::Status Remove(const std::string& path) override { return files_.Remove(path); }
  base::Status SyncDirectory(const std::string& path) override { return files_.SyncDirectory(path); }

  std::function<void()> on_read;

 private:
  PosixFileSystem files_;
};

TEST_F(VerifyTest, MaintenanceGoesOnMeanwhile) {
  MaintainingFiles files;
  internals_.journal_files = &files;
  Open();
  int maintained = 0;
  files.on_read = [&] {
    clock_.Advance(base::Minutes(11));
    Write(SeriesOf(maintained), {Float(clock_.Now().ms, 1)});
    EXPECT_TRUE(store_.storage->Maintain().ok());  // Takes a snapshot and lets segments of the journal go.
    ++maintained;
  };
  const VerifyReport report = admin().Verify().value();
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_GT(report.windows, 0u);
  EXPECT_GT(maintained, 1);
  files.on_read = nullptr;
  store_ = {};
  internals_.journal_files = nullptr;
}

TEST_F(VerifyTest, NothingIsDamagedWhileWindowsAreSealedAndMerged) {
  Open();
  std::atomic<bool> stop{false};
  std::jthread maintenance([&] {
    for (std::int64_t t = clock_.Now().ms; !stop; t += 30 * kAdminMinute) {
      clock_.Set(std::max(clock_.Now(), TimestampMs(t)));
      for (int i = 0; i < 3; ++i) Write(SeriesOf(i), {Float(t, 1)});
      EXPECT_TRUE(store_.storage->Maintain().ok());
    }
  });
  for (int round = 0; round < 5; ++round) {
    const base::Result<VerifyReport> report = admin().Verify();
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    for (const VerifyReport::Damage& damage : report->damage) ADD_FAILURE() << damage.place << ": " << damage.what;
  }
  stop = true;
}

TEST_F(VerifyTest, ATableWithAFlippedByteIsNamed) {
  std::vector<fs::path> tables;
  for (const auto& file : fs::directory_iterator(options_.path + "/db")) {
    if (file.path().extension() == ".sst") tables.push_back(file.path());
  }
  ASSERT_FALSE(tables.empty());
  for (const fs::path& table : tables) {
    SCOPED_TRACE(table);
    FlipByte(table, 5);
    EXPECT_THAT(Verify().damage, Names(table.filename().string(), "orruption"));
    FlipByte(table, 5);
  }
  EXPECT_THAT(Verify().damage, IsEmpty());
}

TEST_F(VerifyTest, AMissingTableIsNamed) {
  for (const auto& file : fs::directory_iterator(options_.path + "/db")) {
    if (file.path().extension() != ".sst") continue;
    const std::string name = file.path().stem().string();  // RocksDB tries an old ending, too.
    fs::remove(file.path());
    EXPECT_THAT(Verify().damage, Names("/db", name));
    return;
  }
  FAIL() << "there are no tables";
}

TEST_F(VerifyTest, ARecordWithAFlippedByteIsNamed) {
  std::vector<fs::path> segments;
  for (const auto& file : fs::directory_iterator(options_.path + "/journal")) segments.push_back(file.path());
  std::sort(segments.begin(), segments.end());
  const fs::path first = segments.front();
  FlipByte(first, 60);
  const VerifyReport report = Verify();
  EXPECT_THAT(report.damage, Names("journal", first.filename().string() + ": the record at offset"));
  EXPECT_GT(report.journal_records, 0u);
}

TEST_F(VerifyTest, ASnapshotOfTheHeadWithAFlippedByteIsNamed) {
  std::vector<fs::path> snapshots;
  for (const auto& file : fs::directory_iterator(options_.path + "/head")) snapshots.push_back(file.path());
  ASSERT_FALSE(snapshots.empty());
  std::sort(snapshots.begin(), snapshots.end());
  const fs::path newest = snapshots.back();
  FlipByte(newest, fs::file_size(newest) / 2);
  EXPECT_THAT(Verify().damage, ElementsAre(AllOf(Field(&VerifyReport::Damage::place, HasSubstr(newest.string())),
                                                 Field(&VerifyReport::Damage::what, HasSubstr("offset")))));
  FlipByte(newest, fs::file_size(newest) / 2);
  EXPECT_THAT(Verify().damage, IsEmpty());
  fs::copy_file(newest, newest.parent_path() / "snap-00000000000000000777");
  EXPECT_THAT(Verify().damage, Names("snap-00000000000000000777", "it is the one with mark"));
}

TEST_F(VerifyTest, TheCataloguesNumbersAreChecked) {
  const auto [key, entry] = Entries().front();
  const struct {
    std::function<void(WindowEntry&)> change;
    std::string what;
  } cases[] = {
      {[](WindowEntry& e) { ++e.samples; }, "samples are there, the catalogue says"},
      {[](WindowEntry& e) { ++e.chunks; }, "chunks are there, the catalogue says"},
      {[](WindowEntry& e) { ++e.series; }, "cannot be read: there is no such key"},
      {[](WindowEntry& e) { --e.series; }, "more series than the catalogue says"},
      {[](WindowEntry& e) { e.min = e.min - base::DurationMs(1); }, "the catalogue says from"},
      {[](WindowEntry& e) { e.max = e.max + base::DurationMs(1); }, "the catalogue says from"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    WindowEntry wrong = entry;
    c.change(wrong);
    PutIn(&Database::meta, CatalogueKey(key), EncodeWindowEntry(wrong));
    EXPECT_THAT(Verify().damage, Names("window " + std::to_string(key.window.number), c.what));
  }
  PutIn(&Database::meta, CatalogueKey(key), EncodeWindowEntry(entry));
  EXPECT_THAT(Verify().damage, IsEmpty());
}

TEST_F(VerifyTest, WindowsWithoutFilesAndFilesWithoutWindowAreTold) {
  const auto [key, entry] = Entries().front();
  WindowEntry other = entry;
  other.key.generation = 40;
  PutIn(&Database::meta, CatalogueKey(other.key), EncodeWindowEntry(other));
  EXPECT_THAT(Verify().damage, Names("generation 40", "has no files"));
  Tamper([&, key = key](Database& database) {
    ASSERT_TRUE(database.db().Delete({}, database.meta(), CatalogueKey(other.key)).ok());
    ASSERT_TRUE(database.db().Delete({}, database.meta(), CatalogueKey(key)).ok());
  });
  const VerifyReport report = Verify();
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_THAT(report.notes, Contains(HasSubstr("files that the catalogue does not name")));
}

TEST_F(VerifyTest, MalformedEntriesOfCatalogueAndStatesAreNamed) {
  PutIn(&Database::meta, "window/zz", "x");
  PutIn(&Database::meta, "mark", "");
  PutIn(&Database::meta, "metadata", "\x63");
  PutIn(&Database::state, "rules/b", "\x07");
  const VerifyReport report = Verify();
  EXPECT_THAT(report.damage, Names("catalogue", "is malformed"));
  EXPECT_THAT(report.damage, Names("state entry rules/b", "malformed"));
  EXPECT_EQ(report.damage.size(), 4u);
}

TEST_F(VerifyTest, TombstonesAreChecked) {
  const WindowKey key = Entries().front().first;
  PutIn(&Database::meta, TombstonesKey(key), Tombstones().With({TimestampMs(1), TimestampMs(2)}, {0}).Encode());
  EXPECT_THAT(Verify().damage, IsEmpty());
  PutIn(&Database::meta, TombstonesKey(key), "\x01");
  EXPECT_THAT(Verify().damage, Names("catalogue", "is malformed"));
  PutIn(&Database::meta, TombstonesKey(key), "");
  PutIn(&Database::meta, TombstonesKey({key.window, 40}), "");
  EXPECT_THAT(Verify().damage, Names("catalogue", "generation 40, which is not named"));
}

// Windows are files that are never written again, so wrong ones are made as RocksDB would make them: a key more.
TEST_F(VerifyTest, IndexAndDataAreCheckedInBothDirections) {
  const auto [key, entry] = Entries().front();
  const struct {
    std::string key;
    std::string value;
    bool is_data = false;
    std::string what;
  } cases[] = {
      {NameKey(key, "nobody"), "", false, "the label name nobody is listed, and no series has it"},
      {PostingsKey(key, "i", "9"), "", false, "posting list of i=\"9\" does not name the series"},
      {WindowPrefix(key) + "z", "", false, "key of unknown kind"},
      {SeriesKey(key, 77), "", false, "series beyond those"},
      {DataKey(key, 77), "", true, "chunks of more series"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    fs::copy(options_.path, root_ + "/kept", fs::copy_options::recursive);
    Tamper([&](Database& database) {
      rocksdb::ColumnFamilyHandle* family = c.is_data ? database.data() : database.index();
      rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), database.db().GetOptions(family), family);
      ASSERT_TRUE(writer.Open(root_ + "/extra.sst").ok());
      ASSERT_TRUE(writer.Put(c.key, c.value).ok());
      ASSERT_TRUE(writer.Finish().ok());
      ASSERT_TRUE(database.db().IngestExternalFile(family, {root_ + "/extra.sst"}, {}).ok());
    });
    EXPECT_THAT(Verify().damage, Names("window " + std::to_string(key.window.number), c.what));
    fs::remove_all(options_.path);
    fs::rename(root_ + "/kept", options_.path);
  }
}

// A key that is there is hidden by a newer one with another value.
TEST_F(VerifyTest, WrongListsLabelsAndChunksAreNamed) {
  const auto [key, entry] = Entries().front();
  std::string wrong_list;
  AppendPostings(std::vector<std::uint32_t>{0, 1}, wrong_list);
  const struct {
    std::string key;
    std::string value;
    bool is_data = false;
    std::string what;
  } cases[] = {
      {PostingsKey(key, "i", "1"), wrong_list, false, "posting list of i=\"1\" does not name the series"},
      {SeriesKey(key, 1), "\x01", false, "the labels of series 1 are malformed"},
      {SeriesKey(key, 1), std::string(SeriesOf(0).bytes()), false, "is out of order"},
      {DataKey(key, 1), "\x01", true, "the chunks of series 1 are malformed"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    fs::copy(options_.path, root_ + "/kept", fs::copy_options::recursive);
    PutIn(c.is_data ? &Database::data : &Database::index, c.key, c.value);
    EXPECT_THAT(Verify().damage, Names("window " + std::to_string(key.window.number), c.what));
    fs::remove_all(options_.path);
    fs::rename(root_ + "/kept", options_.path);
  }
}

// ---- Reports

TEST_F(RocksAdminTest, AnAnalysisCountsSeriesOnceAndTellsChurn) {
  options_.retention = kUnmerged;
  Open();
  FillAndSeal();
  for (int i = 0; i < 5; ++i) {
    Write(Labels{{"__name__", "recent"}, {"pod", std::to_string(i)}}, {Float(clock_.Now().ms, 1)});
  }
  const CardinalityReport report = admin().Analyze(2).value();
  EXPECT_EQ(report.series, 8u);
  EXPECT_EQ(report.label_pairs, 2u + 3 + 5);
  const auto list = [](const std::vector<NameCount>& counts) {
    std::string text;
    for (const NameCount& c : counts) text += c.name + " " + std::to_string(c.value) + ", ";
    return text;
  };
  EXPECT_EQ(list(report.series_by_metric), "recent 5, m 3, ");
  EXPECT_EQ(list(report.series_by_label), "__name__ 8, pod 5, ");
  EXPECT_EQ(list(report.values_by_label), "pod 5, i 3, ");
  EXPECT_EQ(list(report.series_by_label_pair), "__name__=recent 5, __name__=m 3, ");
  ASSERT_GE(report.windows.size(), 3u);
  for (const CardinalityReport::Window& window : report.windows) {
    EXPECT_EQ(window.series, 3u);
    EXPECT_EQ(window.came + window.went, 0u);
    EXPECT_GT(window.bytes, 0u);
    EXPECT_LT(window.min, window.max);
  }
  const std::vector<SealedWindowInfo> sealed = admin().SealedWindows();
  ASSERT_EQ(sealed.size(), report.windows.size());
  std::set<std::uint64_t> ids;
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    EXPECT_EQ(sealed[i].min, report.windows[i].min);
    EXPECT_EQ(sealed[i].max, report.windows[i].max);
    EXPECT_EQ(sealed[i].series, report.windows[i].series);
    EXPECT_EQ(sealed[i].samples, report.windows[i].samples);
    EXPECT_EQ(sealed[i].bytes, report.windows[i].bytes);
    EXPECT_GE(sealed[i].chunks, sealed[i].series);
    EXPECT_FALSE(sealed[i].has_deletions);
    EXPECT_TRUE(ids.insert(sealed[i].id).second);
  }
  ASSERT_TRUE(Delete(INT64_MIN, report.windows[0].max.ms, "1").ok());
  ASSERT_TRUE(Delete(report.windows[1].max.ms + 1, INT64_MAX, "2").ok());
  const CardinalityReport later = admin().Analyze(1).value();
  EXPECT_TRUE(admin().SealedWindows()[0].has_deletions);
  EXPECT_EQ(later.windows[1].came, 1u);
  EXPECT_EQ(later.windows[1].went, 0u);
  EXPECT_EQ(later.windows[2].went, 1u);
  EXPECT_EQ(later.series_by_metric.size(), 1u);
}

}  // namespace
}  // namespace bellwether::storage
