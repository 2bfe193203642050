// The machine stops at each operation of journal and database in turn, on a disk that forgets what was not synced:
// nothing acknowledged is missing afterwards, nothing is there that was not sent, and the store goes on.
//
// Some of the points are tried, others each time; BW_CRASH_POINTS=all tries all of them. BW_TEST_SEED repeats a run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>

#include "storage/contract/storage_contract.h"
#include "storage/rocks/fault_rocks_files.h"
#include "storage/rocks/rocks_storage.h"

namespace bellwether::storage {
namespace {

using base::TimestampMs;
using contract::ReadAll;
using contract::ReadSample;
using contract::ReadSeries;
using metric::Labels;

constexpr std::int64_t kLiveFrom = 1'700'000'000'000;
constexpr std::int64_t kLiveStepMs = 60'000;
constexpr int kLiveSteps = 70;
constexpr int kRestartStep = 33;

// A disk, and what senders know of the store on it.
class StoppedStore {
 public:
  StoppedStore(const std::string& path, std::uint64_t seed) : files_(seed) {
    options_.path = path;
    options_.background_thread = false;
    options_.chunk_samples_max = 4;
    options_.out_of_order_window = base::Minutes(20);
    options_.retention = base::Minutes(50);
    internals_.journal_files = &files_;
    internals_.database_files = NewFaultRocksFiles(files_);
    internals_.journal_segment_bytes = 4096;
    internals_.window = base::Minutes(10);
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }

  // Writes, seals, drops and restarts until it is through or the machine stops; true if it got through.
  bool Live(std::uint64_t stop_at) {
    files_.FailAt(stop_at, FaultFileSystem::Fault::kCrash);
    bool alive = Open();
    for (int step = 0; alive && step < kLiveSteps; ++step) alive = Step(step);
    store_ = {};
    return alive && files_.operations() < stop_at;
  }
  [[nodiscard]] std::uint64_t operations() const { return files_.operations(); }

  void CrashAndCheck(FaultFileSystem::Unsynced unsynced) {
    files_.Crash(unsynced);
    ASSERT_TRUE(Open()) << failure_;
    Check();
    // What failed is sent again, and the store seals and restarts as if nothing had been.
    const int first = last_step_;
    for (int step = first; step < first + 25; ++step) ASSERT_TRUE(Step(step)) << failure_;
    Check();
    store_ = {};
    files_.Crash(FaultFileSystem::Unsynced::kForgotten);
    ASSERT_TRUE(Open()) << failure_;
    Check();
    store_ = {};
  }

 private:
  static Labels Series(int i) { return Labels{{"__name__", i == 3 ? "histogram" : "float"}, {"i", std::to_string(i)}}; }

  bool Note(const base::Status& status) {
    if (!status.ok()) failure_ = status.ToString();
    return status.ok();
  }

  bool Open() {
    store_ = {};
    auto opened = OpenRocksStorageWith(options_, internals_, clock_, *(metrics_ = NewRegistry()));
    if (!Note(opened.status())) return false;
    store_ = std::move(*opened);
    return true;
  }

  bool Step(int step) {
    last_step_ = step;
    const std::int64_t now = kLiveFrom + step * kLiveStepMs;
    clock_.Set(TimestampMs(now));
    if (step == kRestartStep && !Open()) return false;
    for (int i = 0; i < 4; ++i) {
      if (i == 2 && step % 30 > 10) continue;  // Comes and goes.
      if (!Write(i, now, step)) return false;
    }
    if (step % 9 == 8 && !Write(0, now - 5 * kLiveStepMs - 1, step)) return false;
    if (step % 13 == 12 && !Write(3, now - 12 * kLiveStepMs - 1, step)) return false;
    if (step % 3 == 0 && !WriteState(step)) return false;
    return step % 8 != 7 || Note(store_.storage->Maintain());
  }

  bool Write(int i, std::int64_t t, int step) {
    const auto appender = store_.storage->NewAppender();
    const auto ref = appender->FindOrCreate(Series(i));
    if (!Note(ref.status())) return false;
    ReadSample sample = contract::Float(t, step * 10 + i);
    if (i == 3) sample = {t, 0, {contract::SmallHistogram(step)}, 0};
    sent_[Series(i)].insert({t, sample});
    const FloatSample f{*ref, TimestampMs(t), static_cast<double>(step * 10 + i), {}};
    const HistogramSample h{*ref, TimestampMs(t), sample.histogram.data(), {}};
    if (i == 3) {
      appender->AppendHistograms({&h, 1});
    } else {
      appender->Append({&f, 1});
    }
    const auto result = appender->Commit(Durability::kDurable);
    if (!Note(result.status())) return false;
    if (result->TotalRefused() == 0) acknowledged_[Series(i)].insert(t);
    return true;
  }

  bool WriteState(int step) {
    StateBatch batch;
    batch.Put("a", std::to_string(step));
    batch.Put("b", std::to_string(step));
    state_sent_ = step;
    if (!Note(store_.state->Apply(batch))) return false;
    state_acknowledged_ = step;
    return true;
  }

  // In windows that the retention may not have dropped.
  [[nodiscard]] std::int64_t OldestKept() const { return clock_.Now().ms - options_.retention.ms; }

  void Check() {
    std::map<Labels, std::set<std::int64_t>> missing = acknowledged_;
    for (const ReadSeries& series : ReadAll(*store_.storage, {})) {
      for (const ReadSample& read : series.samples) {
        const auto sent = sent_[series.labels].find(read.t);
        ASSERT_NE(sent, sent_[series.labels].end()) << series.labels.ToString() << " at " << read.t << ": never sent";
        EXPECT_EQ(read.value_bits, sent->second.value_bits) << series.labels.ToString() << " at " << read.t;
        ASSERT_EQ(read.histogram.size(), sent->second.histogram.size());
        for (std::size_t h = 0; h < read.histogram.size(); ++h) {
          EXPECT_EQ(read.histogram[h].count, sent->second.histogram[h].count);
        }
        missing[series.labels].erase(read.t);
      }
    }
    for (auto& [labels, times] : missing) {
      std::erase_if(times, [&](std::int64_t t) { return t < OldestKept(); });
      EXPECT_TRUE(times.empty()) << labels.ToString() << ": " << times.size() << " missing, from " << *times.begin();
    }
    const auto a = store_.state->Get("a");
    const auto b = store_.state->Get("b");
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(*a, *b);  // One batch.
    const std::string held = a->value_or("-1");
    EXPECT_TRUE(held == std::to_string(state_acknowledged_) || held == std::to_string(state_sent_)) << held;
  }

  static std::unique_ptr<base::MetricsRegistry> NewRegistry() { return std::make_unique<base::MetricsRegistry>(); }

  FaultFileSystem files_;
  base::SimulatedClock clock_{TimestampMs(kLiveFrom)};
  std::unique_ptr<base::MetricsRegistry> metrics_;
  StorageOptions options_;
  RocksInternals internals_;
  OpenedStorage store_;

  std::map<Labels, std::map<std::int64_t, ReadSample>> sent_;
  std::map<Labels, std::set<std::int64_t>> acknowledged_;
  int state_sent_ = -1;
  int state_acknowledged_ = -1;
  int last_step_ = 0;
  std::string failure_;
};

std::uint64_t SeedOfRun() {
  const char* seed = std::getenv("BW_TEST_SEED");
  return seed == nullptr ? std::random_device{}() : std::strtoull(seed, nullptr, 10);
}

TEST(CrashPoints, AMachineThatStopsAtAnyOperationLosesNothingAcknowledged) {
  const std::uint64_t seed = SeedOfRun();
  SCOPED_TRACE(testing::Message() << "BW_TEST_SEED=" << seed);
  const char* wanted = std::getenv("BW_CRASH_POINTS");
  const bool all = wanted != nullptr && std::string_view(wanted) == "all";
  std::string pattern = (std::filesystem::temp_directory_path() / "bw_crash_points_XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  std::mt19937_64 random(seed);
  std::uint64_t points = 0;
  bool through = false;
  for (std::uint64_t at = all ? 1 : 1 + random() % 60; !through && !testing::Test::HasFailure();
       at += all ? 1 : 40 + random() % 40) {
    SCOPED_TRACE(testing::Message() << "stopped at operation " << at);
    StoppedStore run(folder + "/store", seed + at);
    through = run.Live(at);
    EXPECT_TRUE(!through || run.operations() > 500) << "the database's files are not among those that stop";
    run.CrashAndCheck(static_cast<FaultFileSystem::Unsynced>((seed + at) % 3));
    ++points;
  }
  testing::Test::RecordProperty("points", std::to_string(points));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace bellwether::storage
