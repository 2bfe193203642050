#include "rules/state/update_queue.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "rules/state/alert_store.h"
#include "storage/open.h"

namespace bellwether::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Takes as a careful taker does: repetitions are ignored, numbers ascend.
class QueueTestSink final : public AlertSink {
 public:
  base::Status Take(std::span<const metric::AlertUpdate> updates) override {
    if (fail) return base::Unavailable("the sink is down");
    sizes.push_back(updates.size());
    std::uint64_t before = 0;
    for (const metric::AlertUpdate& update : updates) {
      EXPECT_GT(update.sequence, before);
      before = update.sequence;
      if (update.sequence <= last_taken) continue;
      last_taken = update.sequence;
      taken.push_back(std::string(update.labels.Get("alertname")));
    }
    return base::OkStatus();
  }

  bool fail = false;
  std::uint64_t last_taken = 0;
  std::vector<std::string> taken;
  std::vector<std::size_t> sizes;  // Of each call.
};

metric::AlertUpdate QueueTestUpdate(const std::string& name, std::int64_t at = 0) {
  metric::AlertUpdate update;
  update.labels = metric::Labels{{"alertname", name}};
  update.updated_at = base::TimestampMs(at);
  return update;
}

class UpdateQueueTest : public ::testing::Test {
 protected:
  // Owes updates the way a group does.
  void Owe(UpdateQueue& queue, std::vector<metric::AlertUpdate> updates) {
    storage::StateBatch batch;
    auto reservation = queue.Reserve(std::move(updates), batch);
    ASSERT_TRUE(state_->Apply(batch).ok());
    queue.Publish(std::move(reservation));
  }

  base::SimulatedClock clock_{base::TimestampMs(0)};
  base::MetricsRegistry metrics_;
  std::unique_ptr<storage::StateStore> state_ = storage::NewMemoryStateStore(clock_);
  QueueTestSink sink_;
};

TEST_F(UpdateQueueTest, HandsOverInOrderAndForgets) {
  UpdateQueue queue(*state_, sink_, metrics_);
  ASSERT_TRUE(queue.Restore().ok());
  Owe(queue, {QueueTestUpdate("a"), QueueTestUpdate("b")});
  Owe(queue, {QueueTestUpdate("c")});
  EXPECT_EQ(queue.Size(), 3U);
  ASSERT_TRUE(queue.Deliver().ok());
  EXPECT_THAT(sink_.taken, ElementsAre("a", "b", "c"));
  EXPECT_EQ(queue.Size(), 0U);
  ASSERT_TRUE(state_
                  ->Scan(kOwedPrefix, {},
                         [](auto, auto) {
                           ADD_FAILURE() << "nothing is owed";
                           return false;
                         })
                  .ok());
}

TEST_F(UpdateQueueTest, WaitsForEarlierReservations) {
  UpdateQueue queue(*state_, sink_, metrics_);
  storage::StateBatch slow_batch;
  auto slow = queue.Reserve({QueueTestUpdate("slow")}, slow_batch);
  Owe(queue, {QueueTestUpdate("fast")});
  EXPECT_FALSE(queue.HasDeliverable());
  ASSERT_TRUE(queue.Deliver().ok());
  EXPECT_THAT(sink_.taken, IsEmpty()) << "the sink would take the earlier one for a repetition";
  ASSERT_TRUE(state_->Apply(slow_batch).ok());
  queue.Publish(std::move(slow));
  ASSERT_TRUE(queue.Deliver().ok());
  EXPECT_THAT(sink_.taken, ElementsAre("slow", "fast"));
}

TEST_F(UpdateQueueTest, GoesOnAfterAnAbandonedReservation) {
  UpdateQueue queue(*state_, sink_, metrics_);
  storage::StateBatch lost;
  auto reservation = queue.Reserve({QueueTestUpdate("lost")}, lost);
  Owe(queue, {QueueTestUpdate("kept")});
  EXPECT_EQ(queue.Abandon(std::move(reservation)).size(), 1U);
  ASSERT_TRUE(queue.Deliver().ok());
  EXPECT_THAT(sink_.taken, ElementsAre("kept"));
}

TEST_F(UpdateQueueTest, KeepsWhatTheSinkDidNotTake) {
  UpdateQueue queue(*state_, sink_, metrics_);
  sink_.fail = true;
  Owe(queue, {QueueTestUpdate("a")});
  EXPECT_EQ(queue.Deliver().code(), base::StatusCode::kUnavailable);
  UpdateQueue after_restart(*state_, sink_, metrics_);
  ASSERT_TRUE(after_restart.Restore().ok());
  sink_.fail = false;
  Owe(after_restart, {QueueTestUpdate("b")});
  ASSERT_TRUE(after_restart.Deliver().ok());
  EXPECT_THAT(sink_.taken, ElementsAre("a", "b"));
}

TEST_F(UpdateQueueTest, NeverReusesANumber) {
  for (int start = 0; start < 5; ++start) {
    UpdateQueue queue(*state_, sink_, metrics_);
    ASSERT_TRUE(queue.Restore().ok());
    Owe(queue, {QueueTestUpdate("a" + std::to_string(start))});
    ASSERT_TRUE(queue.Deliver().ok());
  }
  EXPECT_THAT(sink_.taken, ElementsAre("a0", "a1", "a2", "a3", "a4"));
}

TEST_F(UpdateQueueTest, ARepetitionTakesThePlaceOfTheUpdateItRepeats) {
  UpdateQueue queue(*state_, sink_, metrics_);
  for (int minute = 0; minute < 50; ++minute) Owe(queue, {QueueTestUpdate("a", minute), QueueTestUpdate("b", minute)});
  EXPECT_EQ(queue.Size(), 2U);
  UpdateQueue after_restart(*state_, sink_, metrics_);
  ASSERT_TRUE(after_restart.Restore().ok());
  EXPECT_EQ(after_restart.Size(), 2U);
  ASSERT_TRUE(after_restart.Deliver().ok());
  EXPECT_THAT(sink_.taken, ElementsAre("a", "b"));
}

// Random reservations, publications in any order, failures and restarts: each update that was written down is taken
// once, and in order of its number.
TEST_F(UpdateQueueTest, NeverPartsTheTwoUpdatesOfAMove) {
  UpdateQueue queue(*state_, sink_, metrics_);
  ASSERT_TRUE(queue.Restore().ok());
  std::vector<metric::AlertUpdate> updates;
  for (std::size_t i = 1; i < UpdateQueue::kTakeMax; ++i) updates.push_back(QueueTestUpdate("A" + std::to_string(i)));
  updates.push_back(QueueTestUpdate("high"));
  updates.push_back(QueueTestUpdate("low"));
  updates.back().phase = metric::AlertPhase::kResolved;
  updates.back().moved_to = updates[updates.size() - 2].labels;
  updates.push_back(QueueTestUpdate("next"));
  Owe(queue, std::move(updates));
  ASSERT_TRUE(queue.Deliver().ok());
  EXPECT_THAT(sink_.sizes, ElementsAre(UpdateQueue::kTakeMax + 1, 1));
}

TEST_F(UpdateQueueTest, LosesAndRepeatsNothing) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::vector<std::string> written;
  int next = 0;
  for (int life = 0; life < 20; ++life) {
    UpdateQueue queue(*state_, sink_, metrics_);
    ASSERT_TRUE(queue.Restore().ok());
    struct Open {
      storage::StateBatch batch;
      UpdateQueue::Reservation reservation;
    };
    std::vector<Open> open;
    for (int step = 0; step < 30; ++step) {
      const auto dice = random() % 4;
      if (dice == 0) {
        Open one;
        std::vector<metric::AlertUpdate> updates;
        for (auto n = random() % 3 + 1; n > 0; --n) updates.push_back(QueueTestUpdate(std::to_string(next++)));
        one.reservation = queue.Reserve(std::move(updates), one.batch);
        open.push_back(std::move(one));
      } else if (dice == 1 && !open.empty()) {
        const auto chosen = static_cast<std::ptrdiff_t>(random() % open.size());
        Open one = std::move(open[static_cast<std::size_t>(chosen)]);
        open.erase(open.begin() + chosen);
        if (random() % 4 == 0) {
          queue.Abandon(std::move(one.reservation));
          continue;
        }
        ASSERT_TRUE(state_->Apply(one.batch).ok());
        for (const auto& update : one.reservation.updates) written.emplace_back(update.labels.Get("alertname"));
        queue.Publish(std::move(one.reservation));
      } else {
        sink_.fail = random() % 2 == 0;
        static_cast<void>(queue.Deliver());
      }
    }
  }
  UpdateQueue last(*state_, sink_, metrics_);
  ASSERT_TRUE(last.Restore().ok());
  sink_.fail = false;
  ASSERT_TRUE(last.Deliver().ok());
  std::sort(written.begin(), written.end());
  std::vector<std::string> taken = sink_.taken;
  std::sort(taken.begin(), taken.end());
  EXPECT_EQ(taken, written);
}

}  // namespace
}  // namespace bellwether::rules
