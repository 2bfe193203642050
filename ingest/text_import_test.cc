#include "ingest/text_import.h"

#include <bit>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <zlib.h>
#include <zstd.h>

#include "ingest/text/text_number.h"
#include "ingest/text_export.h"
#include "metric/sample.h"
#include "storage/open.h"

namespace bellwether::ingest {
namespace {

using base::TimestampMs;
using testing::HasSubstr;

constexpr std::int64_t kImportNow = 1'700'000'000'000;

// Every sample of a store: series -> (time, bits, start).
using StoreContent = std::map<std::string, std::vector<std::tuple<std::int64_t, std::uint64_t, std::int64_t>>>;

StoreContent ContentOf(storage::Storage& storage) {
  StoreContent content;
  const auto set = storage.NewQuerier(TimestampMs::Min(), TimestampMs::Max())->Select({});
  while (set->Next()) {
    storage::SampleCursor& cursor = set->samples();
    storage::SampleBatch batch;
    while (cursor.Next(batch)) {
      for (std::size_t i = 0; i < batch.values.size(); ++i) {
        content[set->labels().ToString()].emplace_back(
            batch.timestamps[i].ms, std::bit_cast<std::uint64_t>(batch.values[i]),
            batch.start_timestamps.empty() ? 0 : batch.start_timestamps[i].ms);
      }
    }
    EXPECT_TRUE(cursor.status().ok());
  }
  return content;
}

struct TestStore {
  explicit TestStore(const storage::StorageOptions& options = {})
      : storage(storage::NewMemoryStorage(options, clock, metrics)), handler({}, *storage, clock, metrics) {}

  ImportOutcome Post(std::string_view body, std::string_view type = {}, std::string_view encoding = {}) {
    return handler.Handle({body, type, encoding});
  }

  base::SimulatedClock clock{TimestampMs(kImportNow)};
  base::MetricsRegistry metrics;
  std::unique_ptr<storage::Storage> storage;
  ImportHandler handler;
};

std::string Exported(storage::Storage& storage, const TextExportOptions& options, ExportCounts& counts) {
  std::string text;
  const auto sink = [&](std::string_view piece) {
    text.append(piece);
    return true;
  };
  EXPECT_TRUE(ExportText(storage, options, sink, counts).ok());
  return text;
}

std::string Gzip(std::string_view text) {
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

TEST(TextImportTest, TakesABodyInEachCoding) {
  const std::string text = "up{job=\"a\"} 1 1699990000000\nup{job=\"a\"} 0 1699990015000\n";
  const std::string half = text.substr(0, 28);
  const std::pair<std::string, const char*> bodies[] = {{text, ""},
                                                        {Gzip(text), "gzip"},
                                                        {Gzip(half) + Gzip(text.substr(28)), "gzip"},
                                                        {Zstd(text), "zstd"},
                                                        {Zstd(half) + Zstd(text.substr(28)), "zstd"}};
  for (const auto& [body, coding] : bodies) {
    TestStore store;
    const ImportOutcome outcome = store.Post(body, "", coding);
    EXPECT_EQ(outcome.http_status, 204) << outcome.message;
    EXPECT_EQ(outcome.counts.samples, 2u);
    EXPECT_EQ(outcome.counts.lines, 2u);
    EXPECT_EQ(ContentOf(*store.storage).size(), 1u);
  }
  TestStore store;
  EXPECT_EQ(store.Post(Gzip(text).substr(0, 40), "", "gzip").http_status, 400);
  EXPECT_EQ(store.Post(text, "", "br").http_status, 415);
  EXPECT_EQ(store.Post(text, "", "zstd").http_status, 400);
}

TEST(TextImportTest, ABadLineKeepsWhatStandsBeforeIt) {
  TestStore store;
  const ImportOutcome outcome = store.Post("a 1 1699990000000\nb 2 1699990000000\nc 3 yesterday\nd 4 1699990000000\n");
  EXPECT_EQ(outcome.http_status, 400);
  EXPECT_TRUE(outcome.stopped);
  EXPECT_THAT(outcome.message, HasSubstr("line 3, column 5: expected a time"));
  EXPECT_THAT(outcome.message, HasSubstr("2 samples of the lines before are kept"));
  EXPECT_EQ(ContentOf(*store.storage).size(), 2u);
  const ImportOutcome name = store.Post("e 1 1699990000000\nf.g 2 1699990000000\nh 3 1699990000000\n");
  EXPECT_THAT(name.message, HasSubstr("line 2, column 2: this character cannot stand in a metric name"));
  EXPECT_EQ(ContentOf(*store.storage).size(), 3u);
}

TEST(TextImportTest, WhatIsRefusedIsToldAndTheRestKept) {
  storage::StorageOptions options;
  options.retention = base::Hours(24);
  TestStore store(options);
  EXPECT_EQ(store.Post("a 1 1699999000000\n").http_status, 204);
  const ImportOutcome outcome =
      store.Post("a 2 1699999000000\na 3 1690000000000\nb 4 1699990000000\n{c=\"no name\"} 5 1699990000000\n");
  EXPECT_EQ(outcome.http_status, 400);
  EXPECT_FALSE(outcome.stopped);
  EXPECT_EQ(outcome.counts.samples, 1u);
  EXPECT_EQ(outcome.counts.TotalRefused(), 2u);
  EXPECT_EQ(outcome.counts.refused_series, 1u);
  EXPECT_THAT(outcome.message, HasSubstr("line 4: invalid metric name"));
  EXPECT_THAT(store.Post("a 3 1690000000000\n").message, HasSubstr("--storage.retention.time"));
}

TEST(TextImportTest, PiecesMayBeCutAnywhere) {
  std::string text = "# TYPE x counter\n";
  for (int i = 0; i < 40; ++i) {
    text += "x_total{n=\"" + std::to_string(i % 3) + "\"} " + std::to_string(i) + " " +
            std::to_string(1'699'990'000 + i) + "\n";
  }
  text += "# EOF";
  TestStore whole;
  EXPECT_EQ(whole.Post(text).http_status, 204);
  for (std::size_t step = 1; step < 60; ++step) {
    TestStore store;
    TextImport import({}, *store.storage, std::nullopt, TimestampMs(kImportNow));
    for (std::size_t at = 0; at < text.size(); at += step) ASSERT_TRUE(import.Add(text.substr(at, step)).ok());
    ASSERT_TRUE(import.Finish().ok());
    EXPECT_EQ(import.counts().samples, 40u);
    EXPECT_TRUE(import.seen_eof());
    ASSERT_EQ(ContentOf(*store.storage), ContentOf(*whole.storage)) << step;
  }
}

TEST(TextImportTest, SamplesWithoutATimeAreOfNow) {
  TestStore store;
  EXPECT_EQ(store.Post("a 1\n").http_status, 204);
  EXPECT_EQ(std::get<0>(ContentOf(*store.storage).begin()->second[0]), kImportNow);
}

TEST(TextExportTest, WritesFamiliesAsOpenMetricsWantsThem) {
  TestStore store;
  ASSERT_EQ(
      store
          .Post("# TYPE req counter\n# HELP req All \\\"of\\\" them\nreq_total{a=\"1\"} 5 1699990000\n"
                "req_created{a=\"1\"} 1699980000 1699990000\n# TYPE lat_seconds histogram\n# UNIT lat_seconds seconds\n"
                "lat_seconds_bucket{le=\"+Inf\"} 3 1699990000.5\nlat_seconds_count 3 1699990000.5\n"
                "{\"odd.name\",\"odd.label\"=\"x\"} NaN 1699990000\n# EOF\n")
          .http_status,
      204);
  ExportCounts counts;
  EXPECT_EQ(Exported(*store.storage, {}, counts),
            "# TYPE lat_seconds histogram\n# UNIT lat_seconds seconds\nlat_seconds_bucket{le=\"+Inf\"} 3 1699990000.5\n"
            "lat_seconds_count 3 1699990000.5\n# TYPE \"odd.name\" unknown\n"
            "{\"odd.name\",\"odd.label\"=\"x\"} NaN 1699990000\n# TYPE req counter\n# HELP req All \\\"of\\\" them\n"
            "req_created{a=\"1\"} 1699980000 1699990000\nreq_total{a=\"1\"} 5 1699990000\n# EOF\n");
  EXPECT_EQ(counts.samples, 4u);
  EXPECT_EQ(counts.series, 4u);
  TextExportOptions options;
  options.format = TextFormat::kPrometheus;
  options.selectors = {{metric::Matcher::Make(metric::MatchOp::kEqual, "a", "1").value()}};
  EXPECT_EQ(Exported(*store.storage, options, counts),
            "# TYPE req_total untyped\nreq_total{a=\"1\"} 5 1699990000000\n");
  EXPECT_EQ(counts.starts_left_out, 1u);
}

TEST(TextExportTest, APortableExportHasPlainNansAlone) {
  TestStore store;
  ASSERT_EQ(
      store
          .Post("a 1 1699990000000\na nan(0x7ff0000000000002) 1699990001000\na nan(0x7ff8dead0000beef) 1699990002000\n")
          .http_status,
      204);
  ExportCounts counts;
  TextExportOptions options;
  options.format = TextFormat::kPrometheus;
  options.portable = true;
  EXPECT_EQ(Exported(*store.storage, options, counts), "# TYPE a untyped\na 1 1699990000000\na NaN 1699990002000\n");
  EXPECT_EQ(counts.stale_left_out, 1u);
  EXPECT_EQ(counts.nans_changed, 1u);
}

TEST(TextExportTest, WhatIsExportedImportsBitForBit) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  TestStore from;
  const auto appender = from.storage->NewAppender();
  for (int series = 0; series < 60; ++series) {
    const std::string number = std::to_string(series);
    const bool counter = series % 3 == 0;
    const std::string name = series % 7 == 0 ? "odd name"
                             : counter       ? "c" + std::to_string(series % 5) + "_total"
                                             : "g" + std::to_string(series % 5);
    const metric::Labels labels =
        metric::Labels::FromPairs({{metric::kMetricName, name}, {"n", number}, {"A", "\"\\\n"}});
    std::vector<storage::FloatSample> samples;
    const storage::SeriesRef ref = appender->FindOrCreate(labels).value();
    TimestampMs start;
    for (int i = 0; i < 50; ++i) {
      const TimestampMs t(kImportNow - 50'000'000 + i * 15'000 + static_cast<std::int64_t>(random() % 1000));
      if (random() % 10 == 0)
        start = TimestampMs(random() % 3 == 0 ? 0 : t.ms - static_cast<std::int64_t>(random() % 10'000));
      double value = static_cast<double>(random() % 1000) / 8;
      if (random() % 4 == 0) value = std::bit_cast<double>(random());
      if (random() % 20 == 0) value = metric::kStaleMarker;
      samples.push_back({ref, t, value, counter && series % 7 != 0 ? start : TimestampMs()});
    }
    appender->Append(samples);
    ASSERT_TRUE(appender->Commit(storage::Durability::kDurable).ok());
  }
  const StoreContent expected = ContentOf(*from.storage);
  ExportCounts counts;
  const std::string text = Exported(*from.storage, {}, counts);
  EXPECT_EQ(counts.samples, 3000u);
  EXPECT_EQ(counts.starts_left_out, 0u);
  TestStore to;
  for (int times = 0; times < 2; ++times) {
    const ImportOutcome outcome = to.Post(text);
    EXPECT_EQ(outcome.http_status, 204) << outcome.message;
    EXPECT_EQ(outcome.counts.samples, 3000u);
    EXPECT_EQ(ContentOf(*to.storage), expected);
  }
}

}  // namespace
}  // namespace bellwether::ingest
