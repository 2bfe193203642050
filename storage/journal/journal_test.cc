#include "storage/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "base/bytes.h"
#include "storage/journal/fault_file_system.h"
#include "storage/journal/record_codec.h"

namespace bellwether::storage {
namespace {

using base::StatusCode;
using base::TimestampMs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Fault = FaultFileSystem::Fault;
using Unsynced = FaultFileSystem::Unsynced;

constexpr const char* kJournalDir = "/journal";

struct JournalContents {
  std::vector<std::string> payloads;
  ReplayReport report;
};

JournalContents ReadJournal(FileSystem& files, std::uint64_t from = 1) {
  JournalContents contents;
  auto report = ReplayJournal(
      kJournalDir, files, {.keep = from, .read = from}, [&](RecordType, std::string_view payload, const RecordPlace&) {
        contents.payloads.emplace_back(payload);
        return base::Result<TimestampMs>(TimestampMs(static_cast<std::int64_t>(payload.size())));
      });
  EXPECT_TRUE(report.ok()) << report.status().ToString();
  if (report.ok()) contents.report = std::move(*report);
  return contents;
}

base::Result<std::unique_ptr<Journal>> OpenJournal(FileSystem& files, std::uint64_t segment_bytes = 4096) {
  auto report = ReplayJournal(kJournalDir, files, {}, [](RecordType, std::string_view, const RecordPlace&) {
    return base::Result<TimestampMs>(TimestampMs::Min());
  });
  if (!report.ok()) return report.status();
  return Journal::Open({.path = kJournalDir, .segment_bytes = segment_bytes}, files, std::move(report->segments));
}

// Appends as a storage does: again, when another segment has begun meanwhile.
base::Result<Journal::Sequence> AppendTo(Journal& journal, std::string_view payload) {
  while (true) {
    auto appended = journal.Append(RecordType::kCommit, payload, TimestampMs::Min(), journal.segment());
    if (appended.ok() || appended.status().code() != StatusCode::kConflict) return appended;
  }
}

base::Status Write(Journal& journal, std::string_view payload) {
  const auto sequence = AppendTo(journal, payload);
  return sequence.ok() ? journal.WaitDurable(*sequence) : sequence.status();
}

// Record i, of a length that sometimes needs padding and sometimes fills sectors.
std::string TestPayload(std::size_t i) {
  return std::to_string(i) + std::string(i * 97 % 1500, static_cast<char>('a' + i % 26));
}

TEST(Journal, GivesBackWhatWasWritten) {
  FaultFileSystem files;
  std::vector<std::string> written;
  for (int round = 0; round < 3; ++round) {
    auto journal = OpenJournal(files);
    ASSERT_TRUE(journal.ok());
    for (std::size_t i = 0; i < 20; ++i) {
      written.push_back(TestPayload(written.size()));
      ASSERT_TRUE(Write(**journal, written.back()).ok());
    }
  }
  const JournalContents contents = ReadJournal(files);
  EXPECT_EQ(contents.payloads, written);
  EXPECT_THAT(contents.report.damage, IsEmpty());
  EXPECT_EQ(contents.report.torn_bytes, 0u);
  EXPECT_GT(contents.report.segments.size(), 5u);
}

TEST(Journal, WritesEmptyRecordsAndRecordsLargerThanASegment) {
  FaultFileSystem files;
  {
    auto journal = OpenJournal(files, 256);
    ASSERT_TRUE(Write(**journal, "").ok());
    ASSERT_TRUE(Write(**journal, std::string(5000, 'x')).ok());
    ASSERT_TRUE(Write(**journal, "after").ok());
  }
  EXPECT_THAT(ReadJournal(files).payloads, ElementsAre("", std::string(5000, 'x'), "after"));
}

TEST(Journal, RefusesARecordMadeForAnEarlierSegment) {
  FaultFileSystem files;
  auto journal = OpenJournal(files);
  const std::uint64_t before = (*journal)->segment();
  ASSERT_TRUE(Write(**journal, "a").ok());
  EXPECT_EQ(*(*journal)->Rotate(), before + 1);
  EXPECT_EQ(*(*journal)->Rotate(), before + 1);  // Nothing is in it yet.
  EXPECT_EQ((*journal)->Append(RecordType::kCommit, "b", TimestampMs::Min(), before).status().code(),
            StatusCode::kConflict);
  EXPECT_TRUE((*journal)->Append(RecordType::kCommit, "b", TimestampMs::Min(), before + 1).ok());
}

TEST(Journal, RecordsMayBuildOnEarlierSegmentsUntilSomeAreLost) {
  FaultFileSystem files;
  auto journal = OpenJournal(files);
  const std::uint64_t first = (*journal)->segment();
  ASSERT_TRUE(Write(**journal, "a").ok());
  const std::uint64_t second = *(*journal)->Rotate();
  EXPECT_EQ((*journal)->place().since, first);
  ASSERT_TRUE(Write(**journal, "b").ok());
  files.FailAt(files.operations() + 1, Fault::kBreak);
  EXPECT_FALSE(Write(**journal, "c").ok());
  files.Heal();
  EXPECT_EQ((*journal)->place().since, second + 1);
  EXPECT_EQ((*journal)->place().segment, second + 1);
  ASSERT_TRUE(Write(**journal, "d").ok());
  EXPECT_GT(*(*journal)->Rotate(), second + 1);
  EXPECT_EQ((*journal)->place().since, second + 1);
}

TEST(Journal, AtRestItHoldsNoFileAndItsNumbersGoOn) {
  FaultFileSystem files;
  std::uint64_t mark = 0;
  {
    auto journal = OpenJournal(files);
    ASSERT_TRUE(Write(**journal, "a").ok());
    const std::uint64_t first = *(*journal)->Rotate();
    mark = *(*journal)->RotateAndRest();
    EXPECT_EQ(mark, first + 1);
    EXPECT_EQ((*journal)->segment(), mark);
    ASSERT_TRUE((*journal)->DropBelow(mark).ok());
    EXPECT_THAT(*files.List(kJournalDir), IsEmpty());
    ASSERT_TRUE(Write(**journal, "b").ok());
    EXPECT_EQ((*journal)->Segments().front().number, mark);
  }
  EXPECT_THAT(ReadJournal(files, mark).payloads, ElementsAre("b"));
}

TEST(Journal, AFullSegmentRefusesTheRecordThatWouldNotFit) {
  FaultFileSystem files;
  auto journal = OpenJournal(files, 1024);
  const std::uint64_t first = (*journal)->segment();
  ASSERT_TRUE((*journal)->Append(RecordType::kCommit, std::string(600, 'a'), TimestampMs::Min(), first).ok());
  EXPECT_EQ((*journal)->Append(RecordType::kCommit, std::string(600, 'b'), TimestampMs::Min(), first).status().code(),
            StatusCode::kConflict);
  EXPECT_EQ((*journal)->segment(), first + 1);
  ASSERT_TRUE(Write(**journal, std::string(600, 'b')).ok());
  EXPECT_EQ((*journal)->Segments().size(), 2u);
}

TEST(Journal, DropsOldSegmentsAndReplaysFromAMark) {
  FaultFileSystem files;
  std::uint64_t mark = 0;
  {
    auto journal = OpenJournal(files);
    ASSERT_TRUE(Write(**journal, "a").ok());
    ASSERT_TRUE((*journal)->Rotate().ok());
    ASSERT_TRUE(Write(**journal, "b").ok());
    mark = *(*journal)->Rotate();
    ASSERT_TRUE(Write(**journal, "c").ok());
    ASSERT_TRUE((*journal)->DropBelow(mark - 1).ok());
    EXPECT_EQ((*journal)->Segments().front().number, mark - 1);
  }
  EXPECT_THAT(ReadJournal(files).payloads, ElementsAre("b", "c"));
  EXPECT_THAT(ReadJournal(files, mark).payloads, ElementsAre("c"));
  EXPECT_THAT(ReadJournal(files, mark + 1).payloads, IsEmpty());
}

TEST(Journal, NumbersNeverGoBack) {
  FaultFileSystem files;
  auto journal = Journal::Open({.path = kJournalDir, .segment_bytes = 4096, .first_segment = 77}, files, {});
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ((*journal)->segment(), 77u);
}

TEST(Journal, RemembersTheNewestSampleOfEachSegment) {
  FaultFileSystem files;
  auto journal = OpenJournal(files);
  const std::uint64_t segment = (*journal)->segment();
  for (const std::int64_t ms : {5, 9, 7}) {
    ASSERT_TRUE((*journal)->Append(RecordType::kCommit, "x", TimestampMs(ms), segment).ok());
  }
  ASSERT_TRUE((*journal)->Sync().ok());
  EXPECT_EQ((*journal)->Segments().back().newest, TimestampMs(9));
}

// ---- Crashes
// ----------------------------------------------------------------------------------------------------------

struct CrashRun {
  std::vector<std::string> acknowledged;
  std::vector<std::string> refused;  // Failed with kUnavailable: must not be found.
  std::size_t failed = 0;            // Failed with kInternal: may be found or not.
  bool opened = true;
};

// Goes on after failures, as a storage does.
CrashRun WriteMany(FileSystem& files, std::size_t first, std::size_t count) {
  CrashRun run;
  auto journal = OpenJournal(files);
  if (!journal.ok()) {
    run.opened = false;
    return run;
  }
  for (std::size_t i = first; i < first + count; ++i) {
    const std::string payload = TestPayload(i);
    const base::Status status = Write(**journal, payload);
    if (status.ok()) {
      run.acknowledged.push_back(payload);
    } else if (status.code() == StatusCode::kUnavailable) {
      run.refused.push_back(payload);
    } else {
      EXPECT_EQ(status.code(), StatusCode::kInternal);
      ++run.failed;
    }
    if (i % 7 == 6) static_cast<void>((i % 2 == 0 ? (*journal)->Rotate() : (*journal)->RotateAndRest()).ok());
  }
  return run;
}

void ExpectAllAcknowledged(const JournalContents& contents, const CrashRun& run, std::size_t appended) {
  EXPECT_THAT(contents.report.damage, IsEmpty());
  std::size_t next = 0;
  for (const std::string& payload : contents.payloads) {
    if (next < run.acknowledged.size() && payload == run.acknowledged[next]) ++next;
  }
  EXPECT_EQ(next, run.acknowledged.size()) << "an acknowledged record is lost, or the order is wrong";
  std::set<std::string> possible;
  for (std::size_t i = 0; i < appended; ++i) possible.insert(TestPayload(i));
  for (const std::string& payload : contents.payloads)
    EXPECT_EQ(possible.erase(payload), 1u) << "not written, or twice";
  for (const std::string& payload : run.refused) EXPECT_TRUE(possible.contains(payload)) << "refused, and found";
}

constexpr std::size_t kCrashRecords = 25;

std::uint64_t OperationsOfARun() {
  FaultFileSystem files;
  EXPECT_EQ(WriteMany(files, 0, kCrashRecords).acknowledged.size(), kCrashRecords);
  return files.operations();
}

void CheckEveryCrash(Unsynced unsynced) {
  const std::uint64_t operations = OperationsOfARun();
  ASSERT_GT(operations, 60u);
  for (std::uint64_t at = 1; at <= operations; ++at) {
    SCOPED_TRACE(at);
    FaultFileSystem files(at);
    files.FailAt(at, Fault::kCrash);
    CrashRun run = WriteMany(files, 0, kCrashRecords);
    files.Crash(unsynced);
    ExpectAllAcknowledged(ReadJournal(files), run, kCrashRecords);
    // It goes on, and survives a second crash.
    const CrashRun after = WriteMany(files, kCrashRecords, 5);
    EXPECT_EQ(after.acknowledged.size(), 5u);
    run.acknowledged.insert(run.acknowledged.end(), after.acknowledged.begin(), after.acknowledged.end());
    files.Crash(unsynced);
    ExpectAllAcknowledged(ReadJournal(files), run, kCrashRecords + 5);
  }
}

TEST(JournalCrash, AtEveryOperationForgettingWhatWasNotSynced) { CheckEveryCrash(Unsynced::kForgotten); }
TEST(JournalCrash, AtEveryOperationKeepingWhatWasNotSynced) { CheckEveryCrash(Unsynced::kKept); }
TEST(JournalCrash, AtEveryOperationKeepingSomeSectors) { CheckEveryCrash(Unsynced::kSome); }

TEST(JournalCrash, AFullDiskRefusesAndLeavesNoTrace) {
  const std::uint64_t operations = OperationsOfARun();
  std::size_t refusals = 0;
  for (std::uint64_t at = 1; at <= operations; ++at) {
    SCOPED_TRACE(at);
    FaultFileSystem files;
    files.FailAt(at, Fault::kNoSpace);
    const CrashRun run = WriteMany(files, 0, kCrashRecords);
    refusals += run.refused.size();
    EXPECT_LE(run.refused.size(), 1u);
    EXPECT_TRUE(run.opened);
    ExpectAllAcknowledged(ReadJournal(files), run, kCrashRecords);
  }
  EXPECT_GT(refusals, kCrashRecords);
}

TEST(JournalCrash, ADiskThatStaysFullRefusesUntilThereIsRoom) {
  FaultFileSystem files;
  auto journal = OpenJournal(files);
  ASSERT_TRUE(Write(**journal, "a").ok());
  files.FailAt(1, Fault::kNoSpace, true);  // From now on.
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Write(**journal, "b").code(), StatusCode::kUnavailable);
  files.Heal();
  EXPECT_TRUE(Write(**journal, "c").ok());
  EXPECT_EQ((*journal)->Sync().code(), StatusCode::kUnavailable);  // Says once that something failed.
  EXPECT_TRUE((*journal)->Sync().ok());
  journal->reset();
  EXPECT_THAT(ReadJournal(files).payloads, ElementsAre("a", "c"));
}

TEST(JournalCrash, AFailureOfTheDiskCostsOneRecordAndNoOther) {
  const std::uint64_t operations = OperationsOfARun();
  std::size_t failures = 0;
  for (const Unsynced unsynced : {Unsynced::kForgotten, Unsynced::kKept, Unsynced::kSome}) {
    for (std::uint64_t at = 1; at <= operations; ++at) {
      SCOPED_TRACE(at);
      FaultFileSystem files(at);
      files.FailAt(at, Fault::kBreak);
      const CrashRun run = WriteMany(files, 0, kCrashRecords);
      EXPECT_LE(run.failed, 1u);
      EXPECT_EQ(run.acknowledged.size(), run.opened ? kCrashRecords - run.failed : 0);
      failures += run.failed;
      files.Crash(unsynced);
      ExpectAllAcknowledged(ReadJournal(files), run, kCrashRecords);
    }
  }
  EXPECT_GT(failures, 3 * kCrashRecords);
}

TEST(JournalCrash, ADiskThatFailsForAWhileLosesNothingAcknowledged) {
  const std::uint64_t operations = OperationsOfARun();
  for (const Unsynced unsynced : {Unsynced::kForgotten, Unsynced::kKept, Unsynced::kSome}) {
    for (std::uint64_t at = 4; at <= operations; ++at) {
      SCOPED_TRACE(at);
      FaultFileSystem files(at);
      auto journal = OpenJournal(files);
      ASSERT_TRUE(journal.ok());
      files.FailAt(at, Fault::kBreak, true);
      CrashRun run;
      for (std::size_t i = 0; i < kCrashRecords; ++i) {
        if (i == kCrashRecords / 2) files.Heal();
        const base::Status status = Write(**journal, TestPayload(i));
        if (status.ok()) run.acknowledged.push_back(TestPayload(i));
        EXPECT_EQ((*journal)->Health(), status);
        EXPECT_TRUE(status.ok() || i < kCrashRecords / 2) << status.ToString();
        if (i % 7 == 6) {  // Nothing is owed: sealing goes on.
          EXPECT_TRUE((*journal)->Rotate().ok());
        }
      }
      journal->reset();
      files.Crash(unsynced);
      ExpectAllAcknowledged(ReadJournal(files), run, kCrashRecords);
    }
  }
}

TEST(JournalCrash, AFailedSyncTakesDownWhatWasWrittenSinceTheLastOne) {
  FaultFileSystem files;
  auto journal = OpenJournal(files);
  ASSERT_TRUE(Write(**journal, "a").ok());
  const auto unsynced = AppendTo(**journal, "b");  // Nobody waits for it.
  ASSERT_TRUE(unsynced.ok());
  files.FailAt(files.operations() + 2, Fault::kBreak);  // The write goes through, its sync does not.
  const base::Status failed = Write(**journal, "c");
  EXPECT_EQ(failed.code(), StatusCode::kInternal);
  EXPECT_THAT(failed.message(), HasSubstr("Input/output error"));
  EXPECT_EQ((*journal)->Health(), failed);
  EXPECT_EQ((*journal)->WaitDurable(*unsynced), failed);
  EXPECT_EQ((*journal)->Sync(), failed);  // Tells those who did not wait, once.
  EXPECT_TRUE((*journal)->Sync().ok());
  EXPECT_TRUE(Write(**journal, "d").ok());
  EXPECT_TRUE((*journal)->Health().ok());
  EXPECT_EQ((*journal)->WaitDurable(*unsynced), failed);
  journal->reset();
  files.Crash(Unsynced::kKept);
  const JournalContents contents = ReadJournal(files);
  EXPECT_THAT(contents.payloads, ElementsAre("a", "d"));
  EXPECT_THAT(contents.report.damage, IsEmpty());
}

// Under kOff a batch is written and acknowledged without a sync: the sync that fails comes with the end of the segment.
TEST(JournalCrash, AFailedSyncAtTheEndOfASegmentFailsTheRecordBehindIt) {
  FaultFileSystem files;
  auto journal = Journal::Open({.path = kJournalDir, .policy = SyncPolicy::kOff, .segment_bytes = 4096}, files, {});
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE(Write(**journal, std::string(3000, 'a')).ok());
  files.FailAt(files.operations() + 2, Fault::kBreak);  // Truncate, sync.
  EXPECT_EQ(Write(**journal, std::string(3000, 'b')).code(), StatusCode::kInternal);
  ASSERT_TRUE(Write(**journal, "c").ok());
  EXPECT_EQ((*journal)->Sync().code(), StatusCode::kInternal);
  journal->reset();
  EXPECT_THAT(ReadJournal(files).payloads, ElementsAre("c"));
}

// ---- Damage
// -----------------------------------------------------------------------------------------------------------

TEST(JournalDamage, IsReportedWithPlaceAndTheRestIsKept) {
  FaultFileSystem files;
  {
    auto journal = OpenJournal(files);
    for (const char* payload : {"first", "second", "third"}) ASSERT_TRUE(Write(**journal, payload).ok());
  }
  const std::string file = std::string(kJournalDir) + "/00000000000000000001.seg";
  const std::uint64_t second = kSegmentHeaderBytes + RecordBytes(5);
  for (std::uint64_t byte = second; byte < second + RecordBytes(6) - 2; ++byte) {  // The padding has two bytes.
    SCOPED_TRACE(byte);
    files.FlipByte(file, byte);
    const JournalContents contents = ReadJournal(files);
    EXPECT_THAT(contents.payloads, ElementsAre("first", "third"));
    EXPECT_THAT(contents.report.damage,
                ElementsAre(HasSubstr(file + ": the record at offset " + std::to_string(second))));
    files.FlipByte(file, byte);
  }
}

TEST(JournalDamage, OfAHeaderIsReportedAndTheRecordsAreKept) {
  FaultFileSystem files;
  { ASSERT_TRUE(Write(**OpenJournal(files), "first").ok()); }
  files.FlipByte(std::string(kJournalDir) + "/00000000000000000001.seg", 9);
  const JournalContents contents = ReadJournal(files);
  EXPECT_THAT(contents.payloads, ElementsAre("first"));
  EXPECT_THAT(contents.report.damage, ElementsAre(HasSubstr("header")));
}

TEST(JournalDamage, AMissingSegmentIsReported) {
  FaultFileSystem files;
  {
    auto journal = OpenJournal(files);
    for (const char* payload : {"a", "b", "c"}) {
      ASSERT_TRUE(Write(**journal, payload).ok());
      ASSERT_TRUE((*journal)->Rotate().ok());
    }
  }
  ASSERT_TRUE(files.Remove(std::string(kJournalDir) + "/00000000000000000002.seg").ok());
  const JournalContents contents = ReadJournal(files);
  EXPECT_THAT(contents.payloads, ElementsAre("a", "c"));
  EXPECT_THAT(contents.report.damage, ElementsAre(HasSubstr("segment 2 before it is missing")));
}

TEST(JournalDamage, ARecordTheVisitorCannotReadIsReported) {
  FaultFileSystem files;
  { ASSERT_TRUE(Write(**OpenJournal(files), "x").ok()); }
  const auto report = ReplayJournal(kJournalDir, files, {}, [](RecordType, std::string_view, const RecordPlace&) {
    return base::Result<TimestampMs>(base::Corruption("not mine"));
  });
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->damage, ElementsAre(HasSubstr("offset 32: not mine")));
}

// The worked example of docs/formats/journal.md, byte for byte.
TEST(JournalFormat, IsAsDocumented) {
  CommitEncoder encoder;
  encoder.AddSeries(SeriesRef(7), metric::Labels{{"__name__", "up"}, {"job", "api"}});
  const std::vector<FloatSample> samples = {{SeriesRef(7), TimestampMs(1'700'000'000'000), 1, TimestampMs()},
                                            {SeriesRef(7), TimestampMs(1'700'000'015'000), 0.25, TimestampMs()}};
  encoder.AddFloats(samples, std::vector<std::uint8_t>{1, 1});
  FaultFileSystem files;
  auto journal = Journal::Open({.path = kJournalDir, .segment_bytes = 256}, files, {});
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE(Write(**journal, encoder.Payload()).ok());
  journal->reset();
  std::string hex;
  const auto bytes = files.Read(std::string(kJournalDir) + "/00000000000000000001.seg");
  ASSERT_TRUE(bytes.ok());
  for (const char c : *bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    hex.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  EXPECT_EQ(hex,
            "42574a524e4c3031"  // The segment's magic,
            "0100000000000000"  // number,
            "0000000000000000"  // predecessor,
            "44ba22580aa79b19"  // checksum.
            "2a000000"          // The record's length,
            "01000000"          // type,
            "1639a5db14996653"  // checksum.
            "0116"              // Series, 22 bytes:
            "0e"                // ref 7,
            "14085f5f6e616d655f5f027570036a6f6203617069"
            "0210"            // Floats, 16 bytes:
            "0200"            // two, no start times;
            "0e00"            // refs 7 and 7,
            "80a0abfef962"    // 1700000000000,
            "b0ea01"          // 15000 more,
            "09"              // 1,
            "d20f"            // 250 thousandths.
            "000000000000");  // Padding.
}

// ---- Threads and the real disk
// ------------------------------------------------------------------------------------------

void WriteFromThreads(FileSystem& files, const std::string& path) {
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  auto journal = Journal::Open({.path = path, .segment_bytes = 8192}, files, {});
  ASSERT_TRUE(journal.ok()) << journal.status().ToString();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&journal, t] {
        for (int i = 0; i < kEach; ++i) {
          EXPECT_TRUE(Write(**journal, std::to_string(t) + ":" + std::to_string(i)).ok());
        }
      });
    }
  }
  const Journal::Counters counters = (*journal)->counters();
  EXPECT_EQ(counters.records, static_cast<std::uint64_t>(kThreads * kEach));
  EXPECT_LE(counters.syncs, static_cast<std::uint64_t>(kThreads * kEach) + 1);
  journal->reset();
  std::map<char, int> next;
  const auto report = ReplayJournal(path, files, {}, [&](RecordType, std::string_view payload, const RecordPlace&) {
    EXPECT_EQ(payload.substr(2), std::to_string(next[payload[0]]++));
    return base::Result<TimestampMs>(TimestampMs::Min());
  });
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->damage, IsEmpty());
  for (const auto& [thread, count] : next) EXPECT_EQ(count, kEach);
  EXPECT_EQ(next.size(), static_cast<std::size_t>(kThreads));
}

TEST(JournalThreads, EachThreadsRecordsStandInItsOrder) {
  FaultFileSystem files;
  WriteFromThreads(files, kJournalDir);
}

// Every record begins a segment, while a timer syncs what is synced already.
TEST(JournalThreads, SegmentsChangeWhileAnotherSyncs) {
  constexpr int kWriters = 3;
  constexpr int kRecords = 200;
  FaultFileSystem files;
  auto opened = Journal::Open({.path = kJournalDir, .policy = SyncPolicy::kInterval, .segment_bytes = 64}, files, {});
  ASSERT_TRUE(opened.ok());
  Journal& journal = **opened;
  std::atomic<int> writing{kWriters};
  std::vector<std::jthread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRecords; ++i)
        EXPECT_TRUE(Write(journal, "a record as large as a segment, and more than that").ok());
      --writing;
    });
  }
  while (writing > 0) EXPECT_TRUE(journal.Flush().ok());
  threads.clear();
  EXPECT_EQ(journal.counters().records, kWriters * kRecords);
}

TEST(JournalThreads, OnTheRealDisk) {
  std::string pattern = testing::TempDir() + "bw_journal_XXXXXX";
  const std::string dir = mkdtemp(pattern.data());
  PosixFileSystem files;
  WriteFromThreads(files, dir + "/journal");
  std::ignore = std::system(("rm -r " + dir).c_str());
}

}  // namespace
}  // namespace bellwether::storage
