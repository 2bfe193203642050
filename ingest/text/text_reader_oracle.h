// ingest/text/text_reader_oracle.h
//
// What holds for every text, for the property test and the fuzz target: reading it whole or two samples at a time gives
// the same samples, and a naming part that reads is
// written so that it reads the same.
#pragma once

#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/text/text_reader.h"

namespace bellwether::ingest {

// The samples of a text, read `samples_max` at a time, as one string; with the error if there is one.
inline std::string ReadTextInSteps(TextFormat format, std::string_view text, std::size_t samples_max) {
  TextReader reader(format, base::TimestampMs(7));
  std::string out;
  TextBatch batch;
  for (std::size_t at = 0; at < text.size();) {
    batch.Clear();
    const auto taken = reader.Read(text.substr(at), TextReader::More::kLast, samples_max, batch);
    for (std::size_t i = 0; i < batch.series.size(); ++i) {
      const std::size_t end = i + 1 < batch.series.size() ? batch.series[i + 1].samples : batch.samples.size();
      for (std::size_t s = batch.series[i].samples; s < end; ++s) {
        const storage::FloatSample& sample = batch.samples[s];
        out.append(batch.series[i].naming).push_back(' ');
        out.append(std::to_string(std::bit_cast<std::uint64_t>(sample.value))).push_back(' ');
        out.append(std::to_string(sample.timestamp.ms)).push_back('\n');
      }
    }
    for (const TextExemplar& exemplar : batch.exemplars) out.append(exemplar.labels).push_back('\n');
    if (!taken.ok()) return out + taken.status().message();
    at += *taken;
  }
  return out;
}

// Empty, or what went wrong.
inline std::string TextReaderDisagreement(std::string_view text) {
  for (const TextFormat format : {TextFormat::kPrometheus, TextFormat::kOpenMetrics}) {
    // Exemplars are listed batch by batch, so only texts of one batch a line can be compared with one another.
    if (text.find('#') == std::string_view::npos &&
        ReadTextInSteps(format, text, SIZE_MAX) != ReadTextInSteps(format, text, 2)) {
      return "read whole and in steps, it differs";
    }
    TextReader reader(format, base::TimestampMs(7));
    TextBatch batch;
    if (!reader.Read(text, TextReader::More::kLast, SIZE_MAX, batch).ok()) batch.exemplars.clear();
    for (const TextSeries& series : batch.series) {
      std::vector<metric::LabelView> labels;
      std::string unescaped;
      TextFault fault;
      if (!ReadTextLabels(series.naming, labels, unescaped, fault)) {
        if (fault.words.empty() || fault.at > series.naming.size()) return "a fault without a place or words";
        continue;
      }
      const metric::Labels read = metric::Labels::FromPairs(labels);
      std::string again;
      AppendNaming(again, read);
      std::vector<metric::LabelView> second;
      if (!ReadTextLabels(again, second, unescaped, fault)) return "written labels do not read";
      if (metric::Labels::FromPairs(second) != read) return "written labels read as others";
    }
  }
  return {};
}

}  // namespace bellwether::ingest
