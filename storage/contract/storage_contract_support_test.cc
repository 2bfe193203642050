#include <bit>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <utility>

#include "storage/contract/storage_contract.h"

namespace bellwether::storage::contract {

void PrintTo(const ReadSample& sample, std::ostream* out) {
  *out << sample.t << ':';
  if (sample.histogram.empty()) {
    *out << std::bit_cast<double>(sample.value_bits) << "(0x" << std::hex << sample.value_bits << std::dec << ')';
  } else {
    const auto& h = sample.histogram[0];
    *out << "{count " << h.count << " sum " << h.sum << " hint " << static_cast<int>(h.reset_hint) << '}';
  }
  if (sample.start != 0) *out << " since " << sample.start;
}

void PrintTo(const ReadSeries& series, std::ostream* out) {
  *out << series.labels.ToString() << " [" << series.samples.size() << "]";
  for (const ReadSample& s : series.samples) {
    *out << ' ';
    PrintTo(s, out);
  }
}

ReadSample Float(std::int64_t t, double value, std::int64_t start) {
  return {t, std::bit_cast<std::uint64_t>(value), {}, start};
}

namespace {

void ReadBatch(const SampleBatch& batch, std::vector<ReadSample>& samples) {
  const std::size_t n = batch.timestamps.size();
  ASSERT_GT(n, 0u);
  ASSERT_EQ(batch.values.size() + batch.histograms.size(), n);
  ASSERT_TRUE(batch.values.empty() || batch.histograms.empty());
  ASSERT_TRUE(batch.start_timestamps.empty() || batch.start_timestamps.size() == n);
  for (std::size_t i = 0; i < n; ++i) {
    ReadSample s;
    s.t = batch.timestamps[i].ms;
    if (batch.histograms.empty()) {
      s.value_bits = std::bit_cast<std::uint64_t>(batch.values[i]);
    } else {
      s.histogram.push_back(*batch.histograms[i]);
    }
    if (!batch.start_timestamps.empty()) s.start = batch.start_timestamps[i].ms;
    ASSERT_TRUE(samples.empty() || samples.back().t < s.t);
    samples.push_back(std::move(s));
  }
}

std::string NewDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "bw_storage_XXXXXX").string();
  return ::mkdtemp(pattern.data()) == nullptr ? std::string() : pattern;
}

}  // namespace

std::vector<ReadSeries> ReadAll(Storage& storage, std::vector<metric::Matcher> matchers, base::TimestampMs min,
                                base::TimestampMs max, const SelectHints& hints) {
  std::vector<ReadSeries> result;
  const auto querier = storage.NewQuerier(min, max);
  const auto set = querier->Select(matchers, hints);
  metric::Labels last;
  while (set->Next()) {
    EXPECT_LT(last, set->labels());
    last = set->labels();
    ReadSeries series{set->labels(), {}};
    SampleCursor& cursor = set->samples();
    SampleBatch batch;
    while (cursor.Next(batch)) ReadBatch(batch, series.samples);
    EXPECT_TRUE(cursor.status().ok()) << cursor.status().ToString();
    if (!series.samples.empty()) result.push_back(std::move(series));
  }
  EXPECT_TRUE(set->status().ok()) << set->status().ToString();
  return result;
}

std::vector<ReadSeries> ReadNewest(Storage& storage, std::vector<metric::Matcher> matchers, base::TimestampMs min,
                                   base::TimestampMs max) {
  SelectHints hints;
  hints.newest_only = true;
  std::vector<ReadSeries> result = ReadAll(storage, std::move(matchers), min, max, hints);
  for (ReadSeries& series : result) {
    series.samples.erase(series.samples.begin(), series.samples.end() - 1);
    series.samples[0].start = 0;
  }
  return result;
}

metric::NativeHistogram SmallHistogram(double count, std::int32_t schema) {
  metric::NativeHistogram h;
  h.schema = schema;
  h.zero_threshold = 1e-128;
  h.count = 2 * count;
  h.sum = 3 * count;
  h.positive_spans = {{0, 1}, {2, 1}};
  h.positive_buckets = {count, count};
  return h;
}

namespace {

std::map<std::string, std::uintmax_t> FilesBelow(const std::string& folder) {
  std::map<std::string, std::uintmax_t> sizes;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    sizes[it->path()] = it->is_regular_file(error) ? it->file_size(error) : 0;
  }
  return sizes;
}

// A database tidies up in the background after a start: a copy counts if nothing came or went meanwhile.
void CopyAtRest(const std::string& from, const std::string& to) {
  std::map<std::string, std::uintmax_t> before;
  std::error_code error;
  do {
    before = FilesBelow(from);
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive, error);
  } while (error || FilesBelow(from) != before);
}

}  // namespace

StorageContractTest::StorageContractTest() {
  options_.path = NewDirectory();
  options_.background_thread = false;
  options_.chunk_samples_max = 4;
}

StorageContractTest::~StorageContractTest() {
  store_.storage.reset();
  store_.rest.reset();
  std::error_code ignored;
  if (!options_.path.empty()) std::filesystem::remove_all(options_.path, ignored);
}

void StorageContractTest::Open() {
  store_.storage.reset();
  store_.rest.reset();
  store_ = GetParam().open(options_, clock_, metrics_);
  ASSERT_NE(store_.storage, nullptr);
}

void StorageContractTest::Restart() {
  if (GetParam().keeps) Open();
}

void StorageContractTest::RestartAsKilled() {
  if (!GetParam().keeps) return;
  const std::string left = options_.path + ".left";
  CopyAtRest(options_.path, left);
  store_.storage.reset();
  store_.rest.reset();
  std::filesystem::remove_all(options_.path);
  std::filesystem::rename(left, options_.path);
  Open();
}

CommitResult StorageContractTest::Write(const metric::Labels& labels, const std::vector<ReadSample>& samples,
                                        Durability durability, AppendMode mode) {
  const auto appender = storage().NewAppender(mode);
  const auto ref = appender->FindOrCreate(labels);
  EXPECT_TRUE(ref.ok()) << ref.status().ToString();
  if (!ref.ok()) return {};
  std::vector<FloatSample> floats;
  std::vector<HistogramSample> histograms;
  for (const ReadSample& s : samples) {
    const base::TimestampMs t(s.t);
    const base::TimestampMs start(s.start);
    if (s.histogram.empty()) {
      floats.push_back({ref.value(), t, std::bit_cast<double>(s.value_bits), start});
    } else {
      histograms.push_back({ref.value(), t, &s.histogram[0], start});
    }
  }
  appender->Append(floats);
  appender->AppendHistograms(histograms);
  auto result = appender->Commit(durability);
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? result.value() : CommitResult();
}

std::vector<ReadSample> StorageContractTest::Samples(const metric::Labels& labels, std::int64_t min, std::int64_t max) {
  std::vector<metric::Matcher> matchers;
  for (const metric::LabelView& l : labels) {
    matchers.push_back(metric::Matcher::Equal(std::string(l.name), std::string(l.value)));
  }
  auto all = ReadAll(storage(), matchers, base::TimestampMs(min), base::TimestampMs(max));
  std::erase_if(all, [&](const ReadSeries& s) { return s.labels != labels; });
  return all.empty() ? std::vector<ReadSample>() : all[0].samples;
}

}  // namespace bellwether::storage::contract
