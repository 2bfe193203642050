// ingest/wire/write_request.h
//
// A write request as columns of views into its bytes. A reader for each version of the protocol fills one; everything
// behind it (validation, the handler) knows no wire format. Reused from request to request, so that a steady stream
// allocates nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "metric/histogram.h"
#include "storage/storage.h"

namespace bellwether::ingest {

// One TimeSeries entry; its samples are [begin, end) of the request's columns.
struct WireSeries {
  std::string_view body;  // The whole entry, for taking the labels apart.
  std::uint32_t samples_begin = 0, samples_end = 0;
  std::uint32_t histograms_begin = 0, histograms_end = 0;
  std::uint32_t exemplars_begin = 0, exemplars_end = 0;
};

struct WireExemplar {
  std::string_view body;
  double value = 0;
  base::TimestampMs timestamp;
};

struct WireHistogram {
  metric::NativeHistogram histogram;
  base::TimestampMs timestamp;
};

// Views are good as long as the message they were read from.
struct WireRequest {
  std::vector<WireSeries> series;
  // One for each series: the bytes of all its labels, tags included, where they stand together (senders do that): the
  // name under which storage finds the series again. Empty where they do not.
  std::vector<std::string_view> aliases;
  std::vector<storage::FloatSample> samples;  // Refs not filled in.
  std::vector<WireHistogram> histograms;
  std::vector<WireExemplar> exemplars;
  std::vector<storage::MetricMetadata> metadata;
  bool is_skimmed = false;  // Aliases are where they seem to be, see SkimWriteRequestV1.

  void Clear();
};

}  // namespace bellwether::ingest
