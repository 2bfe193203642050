// promql/parser/sequence_reader.h
//
// A cursor over the values of a series description; see series_description.h for the notation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "metric/histogram.h"
#include "promql/parser/series_description.h"

namespace bellwether::promql {

class SequenceReader {
 public:
  // `line` outlives the reader; the values begin at `pos`.
  SequenceReader(std::string_view line, std::size_t pos) : line_(line), pos_(pos) {}

  // Appends all values up to the end of the line.
  [[nodiscard]] base::Status ReadAll(std::vector<SequenceValue>& values);

 private:
  base::Status Item(std::vector<SequenceValue>& values);
  base::Status Gaps(std::vector<SequenceValue>& values);
  base::Status Numbers(std::vector<SequenceValue>& values);
  base::Status Histograms(std::vector<SequenceValue>& values);

  struct HistogramLiteral {
    metric::NativeHistogram histogram;
    bool hint_written = false;
  };
  base::Result<HistogramLiteral> Histogram();
  base::Status HistogramField(std::string_view key, HistogramLiteral& out);
  base::Result<std::vector<double>> NumberSet();
  base::Result<std::int64_t> Integer();

  // A number without ("1.5", "Inf", "5m") or with an optional sign.
  base::Result<double> UnsignedNumber();
  base::Result<double> SignedNumber();
  // "xN" behind a value; nothing if there is none.
  base::Result<std::uint64_t> Repetition();
  base::Status CheckSize(std::size_t have, std::uint64_t more) const;

  [[nodiscard]] bool AtEnd() const { return pos_ >= line_.size(); }
  [[nodiscard]] bool Ahead(std::string_view text) const { return line_.substr(pos_).starts_with(text); }
  bool Take(std::string_view text);
  void SkipSpace();
  std::string_view Word();  // Letters, digits and underscores.
  base::Status Fail(std::string message) const;

  std::string_view line_;
  std::size_t pos_ = 0;
};

}  // namespace bellwether::promql
