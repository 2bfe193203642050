// ingest/text_export.h
//
// A store's samples as text that text_import.h takes back bit for bit: family by family, series by series, each
// series' samples in order of time.
//
// What the text formats have no form for is counted and left out: native histograms; start timestamps but for counters,
// histograms and summaries of OpenMetrics, whose families have a `_created` line wherever the start changes. Stale
// markers and other special NaNs are written as nan(0x...), which only Bellwether reads; a portable export leaves stale
// markers out and makes other NaNs plain ones. Exemplars are not exported.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "ingest/text/text_format.h"
#include "metric/matcher.h"
#include "storage/storage.h"

namespace bellwether::ingest {

struct TextExportOptions {
  TextFormat format = TextFormat::kOpenMetrics;
  bool portable = false;
  base::TimestampMs min = base::TimestampMs::Min();  // Both inclusive.
  base::TimestampMs max = base::TimestampMs::Max();
  std::vector<std::vector<metric::Matcher>> selectors{};  // Series that match any; empty: all.
};

struct ExportCounts {
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
  std::uint64_t histograms_left_out = 0;
  std::uint64_t starts_left_out = 0;  // Samples with a start timestamp that has no form.
  std::uint64_t stale_left_out = 0;   // Portable exports only, as the next.
  std::uint64_t nans_changed = 0;
};

// False: nobody listens any more.
using TextSink = std::function<bool(std::string_view piece)>;

// Hands the text to `sink` in pieces of some hundred KiB; `counts` grows meanwhile. Memory is that of one metric name's
// series. Errors: kCancelled (the sink), those of reading.
[[nodiscard]] base::Status ExportText(storage::Storage& storage, const TextExportOptions& options, const TextSink& sink,
                                      ExportCounts& counts);

}  // namespace bellwether::ingest
