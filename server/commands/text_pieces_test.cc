#include "server/commands/text_pieces.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "storage/open.h"

namespace bellwether::server {
namespace {

using base::TimestampMs;

std::vector<TextPiece> CutAll(std::string_view text, std::size_t piece_bytes, std::size_t step) {
  PieceCutter cutter(std::nullopt, piece_bytes);
  std::vector<TextPiece> pieces;
  const auto take = [&](PieceCutter::More more) {
    while (auto piece = cutter.Next(more)) pieces.push_back(std::move(*piece));
  };
  for (std::size_t at = 0; at < text.size(); at += step) {
    cutter.Add(text.substr(at, step));
    take(PieceCutter::More::kMayFollow);
  }
  take(PieceCutter::More::kLast);
  return pieces;
}

// Series -> (time, bits, start) of what an import of the pieces, in whatever order, leaves in a store.
using Imported = std::map<std::string, std::vector<std::tuple<std::int64_t, std::uint64_t, std::int64_t>>>;

Imported ImportPieces(const std::vector<TextPiece>& pieces) {
  base::SimulatedClock clock{TimestampMs(1'700'000'000'000)};
  base::MetricsRegistry metrics;
  const auto storage = storage::NewMemoryStorage({}, clock, metrics);
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    ingest::TextImport import({}, *storage, piece->format, clock.Now());
    EXPECT_TRUE(import.Add(piece->body).ok()) << piece->body;
    EXPECT_TRUE(import.Finish().ok()) << piece->body;
    EXPECT_EQ(import.counts().first_refused, "");
  }
  Imported result;
  const auto set = storage->NewQuerier(TimestampMs::Min(), TimestampMs::Max())->Select({});
  while (set->Next()) {
    storage::SampleCursor& cursor = set->samples();
    storage::SampleBatch batch;
    while (cursor.Next(batch)) {
      for (std::size_t i = 0; i < batch.values.size(); ++i) {
        result[set->labels().ToString()].emplace_back(
            batch.timestamps[i].ms, std::bit_cast<std::uint64_t>(batch.values[i]),
            batch.start_timestamps.empty() ? 0 : batch.start_timestamps[i].ms);
      }
    }
  }
  return result;
}

TEST(TextPiecesTest, PiecesImportAsTheWholeDoes) {
  std::string created_behind = "# HELP x Help\n# TYPE x counter\n";
  std::string created_before = "# TYPE x counter\n# UNIT x \n";
  for (int i = 0; i < 60; ++i) {
    const std::string labels = "{n=\"" + std::to_string(i / 20) + "\"}";
    const std::string time = " " + std::to_string(1'699'990'000 + i) + "\n";
    created_behind += "x_total" + labels + " " + std::to_string(i) + time + "x_created" + labels + " 16999000" +
                      std::to_string(10 + i / 7) + time;
    if (i % 10 == 0) created_before += "x_created" + labels + " 16999000" + std::to_string(10 + i / 7) + time;
    created_before += "x_total" + labels + " " + std::to_string(i) + time;
  }
  std::string prometheus = "# TYPE y gauge\n";
  for (int i = 0; i < 60; ++i) {
    prometheus += "y{n=\"" + std::to_string(i % 3) + "\"} 1 " + std::to_string(1'699'990'000'000 + i) + "\n";
  }
  for (const std::string& text :
       {created_behind + "# EOF\n", created_before + "# TYPE z gauge\nz 1 1699990000\n# EOF\n", prometheus}) {
    const Imported whole = ImportPieces(CutAll(text, 1u << 20, 1u << 20));
    ASSERT_GE(whole.size(), 3u);
    for (const std::size_t piece_bytes : {60u, 100u, 333u, 1000u}) {
      for (const std::size_t step : {7u, 64u, 5000u}) {
        const std::vector<TextPiece> pieces = CutAll(text, piece_bytes, step);
        EXPECT_EQ(pieces.back().end, text.size());
        ASSERT_EQ(ImportPieces(pieces), whole) << piece_bytes << " " << step;
      }
    }
  }
}

TEST(TextPiecesTest, LinesAreThoseOfTheText) {
  const std::string text = "# TYPE x counter\nx_total 1 1\nx_total 2 2\nx_total 3 3\nx_total 4 4\n";
  for (const TextPiece& piece : CutAll(text, 30, 10)) {
    std::size_t line = 1;
    for (std::size_t at = 0; at < piece.body.size(); at = piece.body.find('\n', at) + 1, ++line) {
      if (line <= piece.header_lines) continue;
      std::size_t begin = 0;
      for (std::uint64_t i = 1; i < piece.LineOfText(line); ++i) begin = text.find('\n', begin) + 1;
      const std::size_t end = piece.body.find('\n', at);
      EXPECT_EQ(piece.body.substr(at, end - at), text.substr(begin, end - at));
    }
  }
}

}  // namespace
}  // namespace bellwether::server
