// The head as a snapshot and back: nothing is lost, nothing is invented, and bytes that are no snapshot are refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/bytes.h"
#include "storage/chunk/merged_cursor.h"
#include "storage/contract/storage_contract.h"
#include "storage/head/head.h"

namespace bellwether::storage::head {
namespace {

using base::TimestampMs;
using contract::SmallHistogram;
using metric::Labels;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kStart = 1'700'000'000'000;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kWindowMs = 120 * kMinuteMs;

// What one Save gave, kept.
struct KeptSnapshot {
  std::vector<std::string> labels;
  std::vector<std::string> samples;
  SnapshotTotals totals;

  [[nodiscard]] Head::Snapshot View() const {
    return {{labels.begin(), labels.end()}, {samples.begin(), samples.end()}, totals};
  }
};

KeptSnapshot SaveAll(const Head& head, std::span<const WindowId> handed_over = {}) {
  KeptSnapshot kept;
  const auto totals = head.Save(handed_over, [&](std::string_view labels, std::string_view samples) {
    kept.labels.emplace_back(labels);
    kept.samples.emplace_back(samples);
    return base::OkStatus();
  });
  EXPECT_TRUE(totals.ok());
  kept.totals = *totals;
  return kept;
}

std::unique_ptr<Head> LoadAll(
    const KeptSnapshot& kept, const HeadOptions& options,
    const std::function<bool(WindowId)>& is_sealed = [](WindowId) { return false; }) {
  auto head = std::make_unique<Head>(options);
  const auto loaded = head->Load(kept.View(), is_sealed);
  EXPECT_TRUE(loaded.ok()) << loaded.status().ToString();
  return head;
}

// Every sample of every series, as text.
std::vector<std::string> Dump(const Head& head) {
  std::vector<std::string> lines;
  const auto selection = head.Select({}, {});
  chunk::MergedCursor cursor;
  while (selection->Next()) {
    std::string line = selection->labels().ToString();
    cursor.Reset(selection->chunks(), TimestampMs::Min(), TimestampMs::Max());
    storage::SampleBatch batch;
    while (cursor.Next(batch)) {
      for (std::size_t i = 0; i < batch.timestamps.size(); ++i) {
        line += " " + std::to_string(batch.timestamps[i].ms) + "=";
        line += batch.values.empty() ? "h" + std::to_string(batch.histograms[i]->count)
                                     : std::to_string(std::bit_cast<std::uint64_t>(batch.values[i]));
        if (!batch.start_timestamps.empty() && batch.start_timestamps[i].ms != 0)
          line += "@" + std::to_string(batch.start_timestamps[i].ms);
      }
    }
    EXPECT_TRUE(cursor.status().ok());
    lines.push_back(std::move(line));
  }
  return lines;
}

Outcome Append(Head& head, const Labels& labels, std::int64_t t, double value, std::int64_t start = 0) {
  const auto pin = head.PinRefs();
  Applied applied;
  const FloatSample sample{head.FindOrCreate(labels).value(), TimestampMs(t), value, TimestampMs(start)};
  head.Apply({&sample, 1}, {}, {}, applied);
  return applied.floats[0];
}

Outcome AppendHistogram(Head& head, const Labels& labels, std::int64_t t, double count) {
  const auto pin = head.PinRefs();
  Applied applied;
  const metric::NativeHistogram h = SmallHistogram(count);
  const HistogramSample sample{head.FindOrCreate(labels).value(), TimestampMs(t), &h, {}};
  head.Apply({}, {&sample, 1}, {}, applied);
  return applied.histograms[0];
}

Labels Numbered(int i) {
  return Labels{{"__name__", i % 3 == 0 ? "requests_total" : "latency"},
                {"instance", "host-" + std::to_string(i % 7)},
                {"path", i % 2 == 0 ? "/" : ""},
                {"host", "host-" + std::to_string(i % 7)},  // A value that two names have.
                {"n", std::to_string(i)}};
}

TEST(HeadSnapshot, GivesBackWhatWasSaved) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE(round);
    HeadOptions options{.chunk_samples_max = round % 2 == 0 ? 240u : 5u, .hash_seed = 11};
    Head head(options);
    // Series of floats, of histograms, of both; late samples; more than one batch of slots.
    const std::int64_t series = round == 0 ? 2500 : 40;
    const std::int64_t appends = round == 0 ? 5000 : 1500;
    for (std::int64_t i = 0; i < appends; ++i) {
      const int s = static_cast<int>(random() % static_cast<std::uint64_t>(series));
      const std::int64_t t = kStart + i * 8'000'000 / appends - static_cast<std::int64_t>(random() % 4) * 300'000;
      if (s % 10 == 3 || (s % 10 == 4 && random() % 2 == 0)) {
        AppendHistogram(head, Numbered(s), t, static_cast<double>(random() % 100));
      } else {
        Append(head, Numbered(s), t, static_cast<double>(random() % 1000) / 7, random() % 5 == 0 ? t - 1000 : 0);
      }
    }
    const std::vector<std::string> before = Dump(head);
    const KeptSnapshot kept = SaveAll(head);
    const auto again = LoadAll(kept, options);
    EXPECT_EQ(Dump(*again), before);
    EXPECT_EQ(again->SeriesCount(), head.SeriesCount());
    const StorageStats a = head.Stats(1000);
    const StorageStats b = again->Stats(1000);
    EXPECT_EQ(a.label_pairs, b.label_pairs);
    EXPECT_EQ(a.series_by_label_pair.size(), b.series_by_label_pair.size());
    EXPECT_EQ(head.Windows(), again->Windows());
    // Both go on alike: order is judged alike, chunks that were open grow again, matchers find the same.
    for (std::int64_t i = 0; i < appends; ++i) {
      const int s = static_cast<int>(random() % static_cast<std::uint64_t>(series + 5));
      const std::int64_t t =
          kStart + 8'000'000 + i * 3'000'000 / appends - static_cast<std::int64_t>(random() % 8) * 900'000;
      const auto value = static_cast<double>(random() % 10);
      const bool histogram = s % 10 == 3;
      ASSERT_EQ(histogram ? AppendHistogram(head, Numbered(s), t, value) : Append(head, Numbered(s), t, value),
                histogram ? AppendHistogram(*again, Numbered(s), t, value) : Append(*again, Numbered(s), t, value));
    }
    EXPECT_EQ(Dump(*again), Dump(head));
    for (const WindowId w : head.Windows()) {
      const auto taken = head.TakeWindow(w);
      const auto taken_again = again->TakeWindow(w);
      while (taken->Next()) {
        ASSERT_TRUE(taken_again->Next());
        ASSERT_EQ(taken->labels(), taken_again->labels());
        for (const chunk::ChunkView& c : taken_again->chunks()) EXPECT_NE(c.bytes[0], 1) << "an open chunk was taken";
      }
      EXPECT_FALSE(taken_again->Next());
    }
    EXPECT_EQ(Dump(*again), Dump(head));
    // And a second time, from what was loaded.
    EXPECT_EQ(Dump(*LoadAll(SaveAll(*again), options)), Dump(head));
  }
}

TEST(HeadSnapshot, AnOpenChunkGoesOnWhereItWas) {
  Head head({});
  const Labels labels{{"__name__", "x"}};
  for (int i = 0; i < 100; ++i) Append(head, labels, kStart + i * 15'000, 0.5 * i);
  const auto again = LoadAll(SaveAll(head), {});
  for (int i = 100; i < 200; ++i) Append(*again, labels, kStart + i * 15'000, 0.5 * i);
  EXPECT_EQ(again->Stats(0).chunks, 1u);
}

TEST(HeadSnapshot, KeepsTheNewestOfASeriesWhoseSamplesAreOnDisk) {
  Head head({});
  const Labels floats{{"__name__", "x"}};
  const Labels histograms{{"__name__", "h"}};
  Append(head, floats, kStart, 2);
  AppendHistogram(head, histograms, kStart, 3);
  for (const WindowId w : head.Windows()) {
    const auto taken = head.TakeWindow(w);
    while (taken->Next()) {
    }
    head.DropWindow(w);
  }
  const auto again = LoadAll(SaveAll(head), {});
  EXPECT_THAT(again->Windows(), IsEmpty());
  EXPECT_EQ(Append(*again, floats, kStart, 2), Outcome::kRepeat);
  EXPECT_EQ(Append(*again, floats, kStart, 3), Outcome::kDuplicate);
  EXPECT_EQ(Append(*again, floats, kStart - 2 * kWindowMs, 3), Outcome::kOutOfOrder);
  EXPECT_EQ(AppendHistogram(*again, histograms, kStart, 3), Outcome::kRepeat);
  EXPECT_EQ(AppendHistogram(*again, histograms, kStart, 4), Outcome::kDuplicate);
}

TEST(HeadSnapshot, LeavesOutWhatIsOnDisk) {
  Head head({});
  const Labels labels{{"__name__", "x"}};
  Append(head, labels, kStart, 1);
  Append(head, labels, kStart + kWindowMs, 2);
  const std::vector<WindowId> windows = head.Windows();
  ASSERT_EQ(windows.size(), 2u);
  // Sealed after the snapshot: left out when it is read.
  const KeptSnapshot kept = SaveAll(head);
  const auto without_first = LoadAll(kept, {}, [&](WindowId w) { return w == windows[0]; });
  EXPECT_THAT(without_first->Windows(), ElementsAre(windows[1]));
  // Sealed before it, and still there for readers: not written. A late sample that came afterwards is.
  const auto taken = head.TakeWindow(windows[0]);
  while (taken->Next()) {
  }
  EXPECT_THAT(LoadAll(SaveAll(head, std::vector{windows[0]}), {})->Windows(), ElementsAre(windows[1]));
  EXPECT_THAT(LoadAll(SaveAll(head), {})->Windows(), ElementsAre(windows[0], windows[1]));
  Append(head, labels, kStart + kWindowMs - 30 * kMinuteMs, 3);
  EXPECT_THAT(LoadAll(SaveAll(head, std::vector{windows[0]}), {})->Windows(), ElementsAre(windows[0], windows[1]));
}

TEST(HeadSnapshot, SeriesThatGoAreForgotten) {
  Head head({});
  Append(head, Labels{{"__name__", "gone"}, {"pod", "a"}}, kStart, 1);
  for (const WindowId w : head.Windows()) {
    const auto taken = head.TakeWindow(w);
    while (taken->Next()) {
    }
    head.DropWindow(w);
  }
  Append(head, Labels{{"__name__", "stays"}}, kStart + 10 * kWindowMs, 1);
  EXPECT_EQ(head.CollectGarbage(TimestampMs(kStart + kWindowMs)).value(), 1u);
  EXPECT_TRUE(head.CollectGarbage(TimestampMs(kStart + kWindowMs)).ok());
  const auto again = LoadAll(SaveAll(head), {});
  EXPECT_EQ(again->SeriesCount(), 1u);
  EXPECT_EQ(again->Stats(0).label_pairs, 1u);
}

TEST(HeadSnapshot, ASinkThatFailsEndsIt) {
  Head head({});
  Append(head, Labels{{"__name__", "x"}}, kStart, 1);
  const auto totals = head.Save({}, [](std::string_view, std::string_view) { return base::Unavailable("disk full"); });
  EXPECT_EQ(totals.status().code(), base::StatusCode::kUnavailable);
}

TEST(HeadSnapshot, RefusesBytesThatNobodyWrote) {
  Head head({});
  for (int i = 0; i < 5; ++i) {
    Append(head, Numbered(i), kStart, i);
    AppendHistogram(head, Labels{{"__name__", "h"}}, kStart + i, i);
  }
  const KeptSnapshot kept = SaveAll(head);
  int refused = 0;
  const auto try_load = [&](const KeptSnapshot& changed) {
    Head other({});
    refused += other.Load(changed.View(), [](WindowId) { return false; }).ok() ? 0 : 1;
  };
  // Cut anywhere it is refused. A changed byte may be another snapshot, but does no harm.
  for (std::size_t n = 0; n < kept.labels[0].size(); ++n) {
    KeptSnapshot cut = kept;
    cut.labels[0].resize(n);
    try_load(cut);
  }
  for (std::size_t n = 0; n < kept.samples[0].size(); ++n) {
    KeptSnapshot cut = kept;
    cut.samples[0].resize(n);
    try_load(cut);
  }
  EXPECT_EQ(refused, static_cast<int>(kept.labels[0].size() + kept.samples[0].size()));
  for (std::size_t n = 0; n < kept.labels[0].size(); n += 2) {
    KeptSnapshot changed = kept;
    changed.labels[0][n] = static_cast<char>(changed.labels[0][n] ^ 0x55);
    try_load(changed);
  }
}

}  // namespace
}  // namespace bellwether::storage::head
