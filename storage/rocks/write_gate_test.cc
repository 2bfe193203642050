#include "storage/rocks/write_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::storage {
namespace {

using State = WriteGate::State;
using testing::HasSubstr;

constexpr std::uint64_t kGateMiB = 1 << 20;

class WriteGateTest : public testing::Test {
 protected:
  WriteGate MakeGate(std::uint64_t reserve) {
    return WriteGate(
        [this]() -> base::Result<DiskSpace> {
          ++looks_;
          if (!error_.ok()) return error_;
          return space_;
        },
        reserve, clock_, metrics_);
  }
  double Gauge(State state) {
    return metrics_
        .AddGauge("bellwether_storage_write_state", "", {{"state", std::string(WriteGate::StateName(state))}})
        .Value();
  }

  base::SimulatedClock clock_{base::TimestampMs(1'000'000)};
  base::MetricsRegistry metrics_;
  DiskSpace space_{.total = 10'000 * kGateMiB, .available = 5'000 * kGateMiB};
  base::Status error_;
  int looks_ = 0;
};

TEST_F(WriteGateTest, ClosesBelowTheReserveAndOpensAnEighthAboveIt) {
  WriteGate gate = MakeGate(400 * kGateMiB);
  struct Step {
    std::uint64_t available_mib;
    bool open;
  };
  for (const Step& step : std::initializer_list<Step>{
           {5000, true}, {400, true}, {399, false}, {400, false}, {449, false}, {450, true}, {400, true}, {0, false}}) {
    SCOPED_TRACE(step.available_mib);
    space_.available = step.available_mib * kGateMiB;
    clock_.Advance(base::Seconds(1));
    const base::Status status = gate.Check();
    EXPECT_EQ(status.ok(), step.open);
    EXPECT_EQ(gate.state(), step.open ? State::kOpen : State::kLowSpace);
    EXPECT_EQ(Gauge(State::kLowSpace), step.open ? 0 : 1);
    EXPECT_EQ(Gauge(State::kOpen), step.open ? 1 : 0);
    if (step.open) continue;
    EXPECT_EQ(status.code(), base::StatusCode::kUnavailable);
    EXPECT_THAT(status.message(), HasSubstr(std::to_string(step.available_mib) + " MiB are free, 400 MiB are kept"));
  }
}

TEST_F(WriteGateTest, ASmallDiskKeepsATenth) {
  space_ = {.total = 500 * kGateMiB, .available = 51 * kGateMiB};
  WriteGate gate = MakeGate(400 * kGateMiB);
  EXPECT_TRUE(gate.Check().ok());
  space_.available = 49 * kGateMiB;
  gate.Look();
  EXPECT_FALSE(gate.Check().ok());
}

TEST_F(WriteGateTest, AsksTheDiskOnceASecond) {
  WriteGate gate = MakeGate(kGateMiB);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(gate.Check().ok());
  EXPECT_EQ(looks_, 1);
  clock_.Advance(base::Seconds(1));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(gate.Check().ok());
  EXPECT_EQ(looks_, 2);
}

TEST_F(WriteGateTest, AReadOnlyFileSystemIsRefusedUntilItIsWritable) {
  WriteGate gate = MakeGate(kGateMiB);
  space_.read_only = true;
  clock_.Advance(base::Seconds(1));
  EXPECT_THAT(gate.Check().message(), HasSubstr("read-only"));
  EXPECT_EQ(gate.state(), State::kReadOnly);
  space_.read_only = false;
  clock_.Advance(base::Seconds(1));
  EXPECT_TRUE(gate.Check().ok());
  EXPECT_EQ(gate.state(), State::kOpen);
}

TEST_F(WriteGateTest, AFailedCommitShowsButTheNextIsTried) {
  WriteGate gate = MakeGate(kGateMiB);
  gate.NoteCommit(base::LimitExceeded("not the disk's"));
  EXPECT_EQ(gate.state(), State::kOpen);
  gate.NoteCommit(base::Internal("sync: Input/output error"));
  EXPECT_EQ(gate.state(), State::kFailing);
  EXPECT_TRUE(gate.Check().ok());
  gate.NoteCommit(base::OkStatus());
  EXPECT_EQ(gate.state(), State::kOpen);
}

TEST_F(WriteGateTest, ADiskThatCannotBeAskedChangesNothing) {
  WriteGate gate = MakeGate(400 * kGateMiB);
  space_.available = 0;
  gate.Look();
  error_ = base::Internal("no such device");
  clock_.Advance(base::Seconds(1));
  EXPECT_EQ(gate.Check().code(), base::StatusCode::kUnavailable);
}

TEST(ReadDiskSpaceTest, KnowsRealFileSystems) {
  const auto space = ReadDiskSpace(testing::TempDir());
  ASSERT_TRUE(space.ok());
  EXPECT_GE(space->total, space->available);
  EXPECT_GT(space->total, 0u);
  EXPECT_FALSE(space->read_only);
  EXPECT_EQ(ReadDiskSpace("/no/such/directory").status().code(), base::StatusCode::kInternal);
}

}  // namespace
}  // namespace bellwether::storage
