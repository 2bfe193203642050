// ingest/text/text_reader.h
//
// Reads lines of the Prometheus text format 0.0.4 or of OpenMetrics 1.0 into columns, in place: a sample costs finding
// the end of its naming part, one value and one time. The naming part as it stands is the alias under which storage
// finds the series again, so labels are taken apart only for a series never seen before; a line that names the same
// series as the one before costs one comparison.
//
// Taken: UTF-8 names in quotes; a time may be absent (then it is `now`); exemplars; HELP, TYPE and UNIT. In OpenMetrics
// a `_created` line of a counter, histogram or summary is the start timestamp of its metric: of the samples of the same
// labels and time before it, and of those that follow. More is forgiven than the specifications allow: blanks,
// comments, families in pieces, names without their suffix, a missing `# EOF`.
//
// Sources: Prometheus exposition formats (text 0.0.4, UTF-8 names), OpenMetrics 1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "ingest/text/text_format.h"
#include "ingest/text/text_labels.h"
#include "storage/storage.h"

namespace bellwether::ingest {

// A series with a run of samples.
struct TextSeries {
  std::string_view naming;
  std::uint64_t line = 0;   // Of its first sample.
  std::size_t samples = 0;  // Where they begin; they end where the next series' begin.
};

struct TextExemplar {
  std::size_t series = 0;   // Index.
  std::string_view labels;  // {...}
  double value = 0;
  base::TimestampMs timestamp;
};

// Views are into the text that was read.
struct TextBatch {
  std::vector<TextSeries> series;
  std::vector<storage::FloatSample> samples;  // Refs not filled in.
  std::vector<TextExemplar> exemplars;
  std::vector<storage::MetricMetadata> metadata;

  void Clear();
};

class TextReader {
 public:
  // `now` is the time of samples without one.
  TextReader(TextFormat format, base::TimestampMs now) : format_(format), now_(now) {}

  // Appends the lines of `text` to `batch` until that has `samples_max` samples, and says how many bytes it took. With
  // kLast the end of the text ends a line as well; otherwise what stands behind the last line feed is left.
  // Errors: kInvalidArgument, `line 7, column 12: ...`; the lines before are in the batch.
  enum class More : unsigned char { kMayFollow, kLast };
  [[nodiscard]] base::Result<std::size_t> Read(std::string_view text, More more, std::size_t samples_max,
                                               TextBatch& batch);

  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  [[nodiscard]] bool seen_eof() const { return seen_eof_; }
  [[nodiscard]] TextFormat format() const { return format_; }

 private:
  [[nodiscard]] bool ReadLine(std::string_view line, TextBatch& batch);
  [[nodiscard]] bool ReadSample(std::string_view line, TextBatch& batch);
  [[nodiscard]] bool ReadTime(std::string_view line, std::size_t& at, base::TimestampMs& t);
  [[nodiscard]] bool ReadExemplar(std::string_view line, std::size_t at, TextBatch& batch);
  [[nodiscard]] bool ReadComment(std::string_view line, TextBatch& batch);
  [[nodiscard]] bool Fail(std::size_t at, std::string words);

  // _created lines.
  [[nodiscard]] bool FamilyHasStarts() const;
  [[nodiscard]] bool IsCreated(std::string_view naming) const;
  // What the samples of one metric have in common: its labels without le and quantile. False if it is of another
  // family.
  [[nodiscard]] bool MetricKey(std::string_view naming, std::string& key);
  void TakeStart(std::string_view naming, base::TimestampMs start, base::TimestampMs t, TextBatch& batch);

  const TextFormat format_;
  const base::TimestampMs now_;
  std::uint64_t lines_ = 0;
  bool seen_eof_ = false;
  TextFault fault_;

  storage::MetricMetadata metadata_;  // Of the family named last.
  std::string family_;                // Of the last TYPE.
  storage::MetricType type_ = storage::MetricType::kUnknown;
  std::string start_key_;           // The metric of the last _created line of this family,
  bool has_start_ = false;          // if there was one,
  base::TimestampMs start_;         // and what it said.
  base::TimestampMs series_start_;  // What that means for the series at hand.
  std::string key_;
  std::string unescaped_;
  std::vector<metric::LabelView> labels_;
};

}  // namespace bellwether::ingest
