// Sealed windows and their catalogue, with chunks that are any bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <map>
#include <random>

#include "base/clock.h"
#include "storage/chunk/chunk.h"
#include "storage/rocks/catalogue.h"
#include "storage/rocks/database.h"
#include "storage/rocks/sealed_window.h"
#include "storage/rocks/window_format.h"
#include "storage/rocks/window_writer.h"

namespace bellwether::storage {
namespace {

using base::TimestampMs;
using metric::Labels;
using metric::Matcher;
using metric::MatchOp;
using testing::ElementsAre;
using testing::IsEmpty;

class WindowTest : public testing::Test {
 protected:
  WindowTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bw_window_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
    Reopen();
  }
  ~WindowTest() override {
    catalogue_.reset();
    database_.reset();
    std::filesystem::remove_all(path_);
  }

  void Reopen() {
    catalogue_.reset();
    database_.reset();
    auto database = Database::Open({.path = path_ + "/db"}, clock_);
    ASSERT_TRUE(database.ok()) << database.status().ToString();
    database_ = std::move(*database);
    auto catalogue = Catalogue::Load(database_, base::Hours(2));
    ASSERT_TRUE(catalogue.ok()) << catalogue.status().ToString();
    catalogue_ = std::move(*catalogue);
  }

  static chunk::ChunkView Chunk(std::string_view bytes, std::int64_t min, std::int64_t max) {
    return {bytes, TimestampMs(min), TimestampMs(max), 2};
  }

  base::Result<WindowEntry> Write(const WindowKey& key, const std::vector<Labels>& series) {
    BW_ASSIGN_OR_RETURN(const auto writer, WindowWriter::Begin(*database_, path_ + "/seal", {.key = key}));
    for (const Labels& labels : series) {
      const std::vector<chunk::ChunkView> chunks = {Chunk(labels.bytes(), 10, 20), Chunk("second", 21, 30)};
      BW_RETURN_IF_ERROR(writer->Add(labels, chunks));
    }
    BW_RETURN_IF_ERROR(writer->Finish());
    return writer->Ingest();
  }

  std::uint64_t Seal(const WindowKey& key, const std::vector<Labels>& series) {
    const auto entry = Write(key, series);
    EXPECT_TRUE(entry.ok()) << entry.status().ToString();
    if (!entry.ok()) return 0;
    const auto version = catalogue_->Add(*entry);
    EXPECT_TRUE(version.ok()) << version.status().ToString();
    return version.ok() ? *version : 0;
  }

  std::vector<WindowKey> Named() {
    std::vector<WindowKey> keys;
    for (const auto& window : *catalogue_->windows()) keys.push_back(window->entry().key);
    return keys;
  }

  base::SimulatedClock clock_{TimestampMs(0)};
  std::string path_;
  std::shared_ptr<Database> database_;
  std::unique_ptr<Catalogue> catalogue_;
};

std::vector<std::string> FindIn(const SealedWindow& window, const std::vector<Matcher>& matchers) {
  std::vector<std::string> found;
  const auto ordinals = window.Match(matchers);
  EXPECT_TRUE(ordinals.ok()) << ordinals.status().ToString();
  const auto status = window.ForLabels(
      *ordinals, [&](std::uint32_t, const Labels& labels) { found.push_back(labels.ToMetricString()); });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return found;
}

Matcher MakeMatcher(MatchOp op, std::string name, std::string value) {
  return *Matcher::Make(op, std::move(name), std::move(value));
}

TEST(WindowFormat, KeysSortByWindowThenGenerationThenOrdinal) {
  const std::vector<std::string> keys = {DataKey({{-2}, 0}, 5), DataKey({{-1}, 0}, 0),  DataKey({{0}, 0}, 0),
                                         DataKey({{0}, 0}, 1),  DataKey({{0}, 0}, 256), DataKey({{0}, 1}, 0),
                                         DataKey({{1}, 0}, 0)};
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(OrdinalOf(keys[4]), 256u);
  WindowKey key;
  ASSERT_TRUE(ReadWindowPrefix(keys[0], key));
  EXPECT_EQ(key, (WindowKey{{-2}, 0}));
}

// The worked example of docs/formats/windows.md.
TEST(WindowFormat, IsAsDocumented) {
  using namespace std::string_literals;
  const WindowKey key{head::WindowOf(TimestampMs(1'699'999'200'000), base::Hours(2)), 0};
  const std::string prefix = "\x80\0\0\0\0\x03\x9a\x4f\0\0\0\0"s;
  EXPECT_EQ(DataKey(key, 0), prefix + "\0\0\0\0"s);
  EXPECT_EQ(NameKey(key, "job"), prefix + "njob");
  EXPECT_EQ(PostingsKey(key, "job", "api"), prefix + "p\x03" + "jobapi");
  EXPECT_EQ(SeriesKey(key, 0), prefix + "s\0\0\0\0"s);
  EXPECT_EQ(TimeKey(key, {key.window.number + 2}), prefix + "t\x80\0\0\0\0\x03\x9a\x51"s);
  std::string value;
  AppendChunks(std::vector<chunk::ChunkView>{{"abc", TimestampMs(1000), TimestampMs(3000), 3}}, value);
  EXPECT_EQ(value,
            "\x00\xd0\x0f\xd0\x0f\x03\x03"
            "abc"
            "\x40\x51\xef\x20"s);
  const std::string columns = "\x02\x03\x00\xd0\x0f\xe8\x07\x00\x01\x00\x00\x02\x02"s;
  value.clear();
  AppendChunks(std::vector<chunk::ChunkView>{{columns, TimestampMs(1000), TimestampMs(3000), 3}}, value);
  EXPECT_EQ(value, "\x01\x0d"s + columns + "\x21\x13\xeb\x36"s);
  std::string postings;
  AppendPostings(std::vector<std::uint32_t>{0, 1, 2, 7}, postings);
  EXPECT_EQ(postings, "\x00\x02\x04\x00"s);
  EXPECT_EQ(EncodeWindowEntry({key, TimestampMs(1000), TimestampMs(3000), 1, 1, 3, 300, 12}),
            "\xd0\x0f\xf0\x2e\x01\x01\x03\xac\x02\x0c"s);
  EXPECT_EQ(CatalogueKey(key), "window/" + prefix);
}

TEST(WindowFormat, ValuesComeBackAndForeignBytesAreRefused) {
  using namespace std::string_literals;
  const std::string columns = "\x02\x03\x00\xd0\x0f\xe8\x07\x00\x01\x00\x00\x02\x02"s;
  std::string bytes;
  const std::vector<chunk::ChunkView> chunks = {{"abc", TimestampMs(-5), TimestampMs(7), 3},
                                                {"", TimestampMs(8), TimestampMs(8), 1},
                                                {columns, TimestampMs(1000), TimestampMs(3000), 3},
                                                {columns, TimestampMs(1000), TimestampMs(3000), 2}};
  AppendChunks(chunks, bytes);
  std::vector<chunk::ChunkView> read;
  ASSERT_TRUE(ReadChunks(bytes, read));
  ASSERT_EQ(read.size(), 4u);
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].bytes, chunks[i].bytes);
    EXPECT_EQ(read[i].min, chunks[i].min);
    EXPECT_EQ(read[i].max, chunks[i].max);
    EXPECT_EQ(read[i].count, chunks[i].count);
  }
  EXPECT_EQ(read[0].bytes, "abc");
  EXPECT_EQ(read[0].min, TimestampMs(-5));
  EXPECT_EQ(read[0].max, TimestampMs(7));
  EXPECT_EQ(read[1].count, 1u);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(ReadChunks(std::string_view(bytes).substr(0, n), read)) << n;
    std::string changed = bytes;
    changed[n] = static_cast<char>(changed[n] ^ 4);
    EXPECT_FALSE(ReadChunks(changed, read)) << n;
  }
  for (std::string malformed : {"\x09"s, "\x00"s, "\x01\x02\x02\x03"s, "\x01\x05\x02"s, "\x02\x00"s}) {
    SCOPED_TRACE(testing::PrintToString(malformed));
    chunk::AppendChecksum(malformed);  // It holds.
    EXPECT_FALSE(ReadChunks(malformed, read));
  }
  std::vector<std::uint32_t> ordinals;
  std::string postings;
  AppendPostings(std::vector<std::uint32_t>{0, 1, 500, 501, 502, 4'000'000'000u}, postings);
  ASSERT_TRUE(ReadPostings(postings, 4'000'000'001u, ordinals));
  EXPECT_THAT(ordinals, ElementsAre(0u, 1u, 500u, 501u, 502u, 4'000'000'000u));
  EXPECT_FALSE(ReadPostings(postings, 4'000'000'000u, ordinals));
  EXPECT_FALSE(ReadPostings(std::string_view("\x00", 1), 10, ordinals));
  EXPECT_FALSE(ReadPostings(std::string_view("\x00\x0a", 2), 10, ordinals));
  EXPECT_FALSE(ReadPostings("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01", 10, ordinals));
  WindowEntry entry;
  EXPECT_FALSE(DecodeWindowEntry("window/short", "", entry));
  EXPECT_FALSE(DecodeWindowEntry(CatalogueKey({{1}, 0}), "\x01", entry));
  entry = {{{5}, 2}, TimestampMs(1), TimestampMs(9), 3, 4, 5, 6, 12};
  WindowEntry back;
  ASSERT_TRUE(DecodeWindowEntry(CatalogueKey(entry.key), EncodeWindowEntry(entry), back));
  EXPECT_EQ(back.key, entry.key);
  EXPECT_EQ(back.span, 12);
  EXPECT_EQ(back.last(), head::WindowId{16});
  entry.span = 0;
  EXPECT_FALSE(DecodeWindowEntry(CatalogueKey(entry.key), EncodeWindowEntry(entry), back));
}

TEST_F(WindowTest, GivesBackSeriesAndChunks) {
  const std::vector<Labels> series = {Labels{{"__name__", "a"}, {"job", "x"}}, Labels{{"__name__", "b"}}};
  Seal({{7}, 0}, series);
  Reopen();
  ASSERT_EQ(catalogue_->windows()->size(), 1u);
  const SealedWindow& window = *catalogue_->windows()->front();
  EXPECT_EQ(window.entry().min, TimestampMs(10));
  EXPECT_EQ(window.entry().max, TimestampMs(30));
  EXPECT_EQ(window.entry().series, 2u);
  EXPECT_EQ(window.entry().samples, 8u);
  EXPECT_GT(window.entry().bytes, 0u);
  EXPECT_THAT(FindIn(window, {}), ElementsAre("a{job=\"x\"}", "b"));
  const auto reader = window.NewChunkReader();
  for (const std::uint32_t ordinal : {0u, 1u, 0u}) {
    std::vector<chunk::ChunkView> chunks;
    ASSERT_TRUE(reader->Read(ordinal, chunks).ok());
    ASSERT_EQ(chunks.size(), 2u);
    EXPECT_EQ(chunks[0].bytes, series[ordinal].bytes());
    EXPECT_EQ(chunks[1].bytes, "second");
  }
  std::vector<chunk::ChunkView> chunks;
  EXPECT_EQ(reader->Read(2, chunks).code(), base::StatusCode::kCorruption);
}

TEST_F(WindowTest, MatchesAsTestingEachSeriesWould) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::map<Labels, int> unique;
  while (unique.size() < 60) {
    metric::LabelsBuilder builder;
    builder.Set("__name__", "m");
    for (const char* name : {"a", "b", "ab", "c"}) {
      if (random() % 3 != 0) builder.Set(name, std::string(random() % 3, 'x') + std::to_string(random() % 4));
    }
    unique[builder.Build()] = 1;
  }
  std::vector<Labels> series;
  for (const auto& [labels, one] : unique) series.push_back(labels);
  Seal({{1}, 0}, series);
  const auto window = catalogue_->windows()->front();
  const std::vector<std::string> values = {"", "0", "x1", "xx2", "x.*", ".+", ".*", "0|x1|", "[0-2]", "nothing"};
  for (int round = 0; round < 300; ++round) {
    std::vector<Matcher> matchers;
    for (std::size_t n = random() % 3 + 1; n > 0; --n) {
      const std::vector<std::string> names = {"a", "b", "ab", "c", "zzz"};
      matchers.push_back(MakeMatcher(static_cast<MatchOp>(random() % 4), names[random() % names.size()],
                                     values[random() % values.size()]));
    }
    std::string text;
    for (const Matcher& m : matchers) text += m.ToString() + " ";
    SCOPED_TRACE(text);
    std::vector<std::string> want;
    for (const Labels& labels : series) {
      if (std::all_of(matchers.begin(), matchers.end(),
                      [&](const Matcher& m) { return m.Matches(labels.Get(m.name())); })) {
        want.push_back(labels.ToMetricString());
      }
    }
    ASSERT_EQ(FindIn(*window, matchers), want);
  }
}

TEST_F(WindowTest, NamesAndValues) {
  Seal({{1}, 0}, {Labels{{"__name__", "m"}, {"a", "1"}}, Labels{{"__name__", "m"}, {"a", "2"}, {"ab", "3"}}});
  const auto window = catalogue_->windows()->front();
  std::set<std::string, std::less<>> names;
  ASSERT_TRUE(window->AddNames(names).ok());
  EXPECT_THAT(names, ElementsAre("__name__", "a", "ab"));
  std::set<std::string, std::less<>> values;
  ASSERT_TRUE(window->AddValues("a", values).ok());
  EXPECT_THAT(values, ElementsAre("1", "2"));
}

TEST_F(WindowTest, WhatTheCatalogueDoesNotNameIsDroppedAtStart) {
  Seal({{1}, 0}, {Labels{{"__name__", "kept"}}});
  ASSERT_TRUE(Write({{1}, 1}, {Labels{{"__name__", "orphan"}}}).ok());
  ASSERT_TRUE(Write({{2}, 0}, {Labels{{"__name__", "orphan"}}}).ok());
  EXPECT_EQ(GenerationsOnDisk(*database_).size(), 3u);
  Reopen();
  EXPECT_THAT(GenerationsOnDisk(*database_), ElementsAre(WindowKey{{1}, 0}));
  EXPECT_THAT(Named(), ElementsAre(WindowKey{{1}, 0}));
  // The place is free again.
  Seal({{2}, 0}, {Labels{{"__name__", "second try"}}});
  EXPECT_THAT(Named(), ElementsAre(WindowKey{{1}, 0}, WindowKey{{2}, 0}));
  EXPECT_EQ(FindIn(*catalogue_->windows()->back(), {}), std::vector<std::string>{"{\"second try\"}"});
}

TEST_F(WindowTest, ASecondTryTakesThePlaceOfTheFirst) {
  ASSERT_TRUE(Write({{1}, 0}, {Labels{{"__name__", "a"}}, Labels{{"__name__", "b"}}}).ok());
  Seal({{1}, 0}, {Labels{{"__name__", "c"}}});
  EXPECT_THAT(FindIn(*catalogue_->windows()->front(), {}), ElementsAre("c"));
}

TEST_F(WindowTest, SeriesThatAreNotAliveCostNothing) {
  const WindowKey key{{12}, 0};
  auto writer = WindowWriter::Begin(*database_, path_ + "/merge", {key, 12, base::Hours(2)});
  ASSERT_TRUE(writer.ok());
  const auto at = [](int window) { return 7'200'000LL * window; };
  const std::vector<std::pair<std::string, std::vector<chunk::ChunkView>>> series = {
      {"all_day", {Chunk("x", at(12), at(24) - 1)}},
      {"evening", {Chunk("x", at(22), at(22) + 5), Chunk("y", at(23), at(23))}},
      {"morning", {Chunk("x", at(12), at(12) + 9), Chunk("y", at(13), at(14) - 1)}}};
  for (const auto& [name, chunks] : series) {
    ASSERT_TRUE((*writer)->Add(Labels{{"__name__", name}}, chunks).ok());
  }
  ASSERT_TRUE((*writer)->Finish().ok());
  ASSERT_TRUE(catalogue_->Add(*(*writer)->Ingest()).ok());
  Reopen();
  const auto window = catalogue_->windows()->front();
  EXPECT_EQ(window->entry().span, 12);
  const auto alive = [&](std::int64_t min, std::int64_t max) {
    return *window->Match({}, TimestampMs(min), TimestampMs(max));
  };
  EXPECT_THAT(alive(at(0), at(30)), ElementsAre(0u, 1u, 2u));
  EXPECT_THAT(alive(at(12), at(12) + 1), ElementsAre(0u, 2u));
  EXPECT_THAT(alive(at(14), at(22) - 1), ElementsAre(0u));
  EXPECT_THAT(alive(at(13), at(23)), ElementsAre(0u, 1u, 2u));
  EXPECT_THAT(alive(at(23) + 1, at(23) + 2), ElementsAre(0u, 1u));
}

TEST_F(WindowTest, AMergeNamesAndForgetsAtOnce) {
  Seal({{12}, 0}, {Labels{{"__name__", "a"}}});
  Seal({{13}, 0}, {Labels{{"__name__", "a"}}});
  const WindowKey key = catalogue_->ReserveGeneration({12});
  EXPECT_EQ(key, (WindowKey{{12}, 1}));
  EXPECT_EQ(catalogue_->NextGeneration({12}), 2u);
  WindowEntry entry = *Write(key, {Labels{{"__name__", "a"}}});
  entry.span = 2;
  catalogue_->Unreserve(key);
  ASSERT_TRUE(catalogue_->Merge(entry, {{{12}, 0}, {{13}, 0}}).ok());
  EXPECT_THAT(Named(), ElementsAre(key));
  EXPECT_TRUE(catalogue_->Contains({13}));
  EXPECT_FALSE(catalogue_->Contains({14}));
  EXPECT_TRUE(catalogue_->HasRemoved());
  Reopen();
  EXPECT_THAT(Named(), ElementsAre(key));
  EXPECT_THAT(GenerationsOnDisk(*database_), ElementsAre(key));
}

TEST_F(WindowTest, AnotherFormatIsRefused) {
  rocksdb::WriteBatch batch;
  ASSERT_TRUE(batch.Delete(database_->meta(), "format").ok());
  ASSERT_TRUE(WriteSynced(*database_, batch, "test").ok());
  const auto loaded = Catalogue::Load(database_, base::Hours(2));
  EXPECT_EQ(loaded.status().code(), base::StatusCode::kInvalidArgument);
  EXPECT_THAT(loaded.status().message(), testing::HasSubstr("format 1, this version reads format 3"));
}

TEST_F(WindowTest, ReadersKeepWhatIsForgotten) {
  Seal({{1}, 0}, {Labels{{"__name__", "a"}}});
  Seal({{2}, 0}, {Labels{{"__name__", "b"}}});
  auto held = catalogue_->windows();
  ASSERT_TRUE(catalogue_->Remove({{{1}, 0}}).ok());
  EXPECT_THAT(Named(), ElementsAre(WindowKey{{2}, 0}));
  ASSERT_TRUE(catalogue_->DropRemoved().ok());
  EXPECT_EQ(FindIn(*held->front(), {}).size(), 1u);
  EXPECT_EQ(GenerationsOnDisk(*database_).size(), 2u);
  EXPECT_EQ(catalogue_->NextGeneration({1}), 1u);
  held.reset();
  ASSERT_TRUE(catalogue_->DropRemoved().ok());
  EXPECT_THAT(GenerationsOnDisk(*database_), ElementsAre(WindowKey{{2}, 0}));
  EXPECT_EQ(catalogue_->NextGeneration({1}), 0u);
}

TEST_F(WindowTest, WhatIsHeldKeepsItsFilesAndHoldsBackNothingElse) {
  const std::uint64_t first = Seal({{1}, 0}, {Labels{{"__name__", "a"}}});
  const auto held = catalogue_->windows()->front();
  catalogue_->Hold({{{1}, 0}});
  const std::uint64_t second = Seal({{2}, 0}, {Labels{{"__name__", "b"}}});
  EXPECT_TRUE(catalogue_->OlderReadersGone(first));
  EXPECT_TRUE(catalogue_->OlderReadersGone(second));
  ASSERT_TRUE(catalogue_->Remove({{{1}, 0}}).ok());
  ASSERT_TRUE(catalogue_->DropRemoved().ok());
  EXPECT_EQ(FindIn(*held, {}).size(), 1u);
  EXPECT_TRUE(catalogue_->HasRemoved());
  catalogue_->Release({{{1}, 0}});
  ASSERT_TRUE(catalogue_->DropRemoved().ok());
  EXPECT_THAT(GenerationsOnDisk(*database_), ElementsAre(WindowKey{{2}, 0}));
}

TEST_F(WindowTest, OlderReadersAreSeen) {
  auto old = catalogue_->windows();
  const std::uint64_t first = Seal({{1}, 0}, {Labels{{"__name__", "a"}}});
  auto between = catalogue_->windows();
  const std::uint64_t second = Seal({{2}, 0}, {Labels{{"__name__", "b"}}});
  EXPECT_FALSE(catalogue_->OlderReadersGone(first));
  old.reset();
  EXPECT_TRUE(catalogue_->OlderReadersGone(first));
  EXPECT_FALSE(catalogue_->OlderReadersGone(second));
  between.reset();
  EXPECT_TRUE(catalogue_->OlderReadersGone(second));
}

TEST_F(WindowTest, MarkAndMetadataSurviveARestart) {
  EXPECT_EQ(catalogue_->mark(), 1u);
  ASSERT_TRUE(catalogue_->SetMark(42, "metadata").ok());
  Reopen();
  EXPECT_EQ(catalogue_->mark(), 42u);
  EXPECT_EQ(catalogue_->loaded_metadata(), "metadata");
}

TEST_F(WindowTest, AnotherWindowLengthIsRefused) {
  const auto loaded = Catalogue::Load(database_, base::Hours(1));
  EXPECT_EQ(loaded.status().code(), base::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace bellwether::storage
