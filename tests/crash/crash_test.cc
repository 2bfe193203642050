// kill -9 at random moments, again and again on one store: everything acknowledged is there, with its value, once.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "storage/open.h"
#include "tests/crash/crash_format.h"

namespace bellwether::crash {
namespace {

// Rounds of write, kill, check; more by the environment: BW_CRASH_ROUNDS=1000.
int Rounds() {
  const char* rounds = std::getenv("BW_CRASH_ROUNDS");
  return rounds == nullptr ? 5 : std::atoi(rounds);
}

// The writer as a child process with its output in a pipe.
class Writer {
 public:
  Writer(const std::string& path, std::int64_t first_step) {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    const std::string step = std::to_string(first_step);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(pipe[1], STDOUT_FILENO);
      ::execl(BW_CRASH_WRITER, "crash_writer", path.c_str(), step.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(pipe[1]);
    output_ = pipe[0];
  }
  ~Writer() { ::close(output_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Reads until the output has `lines` lines, then kills, and returns all that was written.
  std::string KillAfter(std::size_t lines) {
    std::string text;
    while (static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) < lines && ReadSome(text)) {
    }
    ::kill(pid_, SIGKILL);
    while (ReadSome(text)) {
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself, exit " << WEXITSTATUS(status);
    return text;
  }

 private:
  bool ReadSome(std::string& text) {
    std::array<char, 4096> buffer{};
    const ssize_t n = ::read(output_, buffer.data(), buffer.size());
    if (n > 0) text.append(buffer.data(), static_cast<std::size_t>(n));
    return n > 0;
  }

  pid_t pid_ = -1;
  int output_ = -1;
};

class CrashTest : public testing::Test {
 protected:
  CrashTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bw_crash_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~CrashTest() override { std::filesystem::remove_all(path_); }

  void NoteAcknowledged(const std::string& text) {
    std::size_t at = 0;
    for (std::size_t end = text.find('\n', at); end != std::string::npos; at = end + 1, end = text.find('\n', at)) {
      const int writer = text[at] - '0';
      const std::int64_t step = std::strtoll(text.c_str() + at + 2, nullptr, 10);
      acknowledged_[writer].insert(step);
      next_step_ = std::max(next_step_, step + 1);
    }
  }

  // Whatever is there is what was written; and what was acknowledged is there.
  void CheckStore() {
    base::SimulatedClock clock(TimeOfStep(next_step_));
    base::MetricsRegistry metrics;
    storage::StorageOptions options;
    options.path = path_;
    options.background_thread = false;
    options.retention = base::DurationMs(0);
    const auto opened = OpenRocksStorage(options, clock, metrics);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    EXPECT_EQ(metrics.AddGauge("bellwether_storage_journal_damage", "").Value(), 0);
    const auto querier = opened->storage->NewQuerier(base::TimestampMs::Min(), base::TimestampMs::Max());
    const std::vector<metric::Matcher> matchers = {metric::Matcher::Equal("__name__", "crash")};
    const auto set = querier->Select(matchers);
    int series = 0;
    while (set->Next()) {
      ++series;
      CheckSeries(set->labels(), set->samples());
    }
    EXPECT_TRUE(set->status().ok()) << set->status().ToString();
    EXPECT_EQ(series, kWriters * kSeriesPerWriter);
  }

  void CheckSeries(const metric::Labels& labels, storage::SampleCursor& cursor) {
    SCOPED_TRACE(labels.ToString());
    const int writer = labels.Get("writer")[0] - '0';
    const int number = labels.Get("series")[0] - '0';
    std::set<std::int64_t> lost = acknowledged_[writer];
    storage::SampleBatch batch;
    while (cursor.Next(batch)) {
      for (std::size_t i = 0; i < batch.timestamps.size(); ++i) {
        const std::int64_t step = (batch.timestamps[i].ms - kFirstMs) / 300'000;
        ASSERT_EQ(batch.values[i], ValueOf(writer, number, step));
        lost.erase(step);
        next_step_ = std::max(next_step_, step + 1);
      }
    }
    ASSERT_TRUE(cursor.status().ok()) << cursor.status().ToString();
    EXPECT_TRUE(lost.empty()) << lost.size() << " acknowledged samples are lost, the first of step " << *lost.begin();
  }

  std::string path_;
  std::map<int, std::set<std::int64_t>> acknowledged_;
  std::int64_t next_step_ = 0;
};

TEST_F(CrashTest, KillNineLosesNothingAcknowledged) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < Rounds(); ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    NoteAcknowledged(Writer(path_, next_step_).KillAfter(10 + random() % 200));
    CheckStore();
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

}  // namespace
}  // namespace bellwether::crash
