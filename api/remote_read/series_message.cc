#include "api/remote_read/series_message.h"

#include "api/remote_read/proto_writer.h"

namespace bellwether::api::remote_read {
namespace {

void AppendLabelsField(std::string& out, std::uint32_t field, const metric::Labels& labels, std::string& scratch) {
  for (const auto [name, value] : labels) {
    scratch.clear();
    AppendProtoBytes(scratch, 1, name);
    AppendProtoBytes(scratch, 2, value);
    AppendProtoBytes(out, field, scratch);
  }
}

void AppendSpans(std::string& out, std::uint32_t field, const std::vector<metric::BucketSpan>& spans) {
  std::string span_message;
  for (const metric::BucketSpan& span : spans) {
    span_message.clear();
    AppendProtoVarint(span_message, 1, base::ZigZag(span.offset));
    AppendProtoVarint(span_message, 2, span.length);
    AppendProtoBytes(out, field, span_message);
  }
}

// Counts of a float histogram, or bounds.
void AppendPackedDoubles(std::string& out, std::uint32_t field, const std::vector<double>& values,
                         std::string& packed) {
  if (values.empty()) return;
  packed.clear();
  for (const double v : values) base::AppendFixed64(packed, std::bit_cast<std::uint64_t>(v));
  AppendProtoBytes(out, field, packed);
}

// Counts of an integer histogram, each as the difference to the one before.
void AppendPackedDeltas(std::string& out, std::uint32_t field, const std::vector<double>& counts, std::string& packed) {
  if (counts.empty()) return;
  packed.clear();
  std::int64_t before = 0;
  for (const double count : counts) {
    const auto n = static_cast<std::int64_t>(count);
    base::AppendVarint(packed, base::ZigZag(n - before));
    before = n;
  }
  AppendProtoBytes(out, field, packed);
}

void AppendHistogramMessage(std::string& out, base::TimestampMs t, const metric::NativeHistogram& h,
                            std::string& packed) {
  if (h.is_float) {
    AppendProtoDoubleAlways(out, 2, h.count);
  } else {
    AppendProtoVarintAlways(out, 1, static_cast<std::uint64_t>(h.count));
  }
  AppendProtoDouble(out, 3, h.sum);
  AppendProtoVarint(out, 4, static_cast<std::uint32_t>(base::ZigZag(h.schema)));
  AppendProtoDouble(out, 5, h.zero_threshold);
  if (h.is_float) {
    AppendProtoDoubleAlways(out, 7, h.zero_count);
  } else {
    AppendProtoVarintAlways(out, 6, static_cast<std::uint64_t>(h.zero_count));
  }
  const auto append_counts = h.is_float ? AppendPackedDoubles : AppendPackedDeltas;
  const std::uint32_t kind = h.is_float ? 1 : 0;
  AppendSpans(out, 8, h.negative_spans);
  append_counts(out, 9 + kind, h.negative_buckets, packed);
  AppendSpans(out, 11, h.positive_spans);
  append_counts(out, 12 + kind, h.positive_buckets, packed);
  AppendProtoVarint(out, 14, static_cast<std::uint64_t>(h.reset_hint));
  AppendProtoInt64(out, 15, t.ms);
  AppendPackedDoubles(out, 16, h.custom_values, packed);
}

}  // namespace

void TimeSeriesMessage::Begin(const metric::Labels& labels) {
  bytes_.clear();
  AppendLabelsField(bytes_, 1, labels, scratch_);
}

void TimeSeriesMessage::Add(const storage::SampleBatch& batch) {
  for (std::size_t i = 0; i < batch.values.size(); ++i) {
    scratch_.clear();
    AppendProtoDouble(scratch_, 1, batch.values[i]);
    AppendProtoInt64(scratch_, 2, batch.timestamps[i].ms);
    AppendProtoBytes(bytes_, 2, scratch_);
  }
  for (std::size_t i = 0; i < batch.histograms.size(); ++i) {
    scratch_.clear();
    AppendHistogramMessage(scratch_, batch.timestamps[i], *batch.histograms[i], packed_);
    AppendProtoBytes(bytes_, 4, scratch_);
  }
}

void ChunkedResponseMessage::Begin(const metric::Labels& labels, std::uint64_t query_index) {
  query_index_ = query_index;
  labels_.clear();
  AppendLabelsField(labels_, 1, labels, scratch_);
}

const std::string& ChunkedResponseMessage::Make(std::span<const EncodedChunk> chunks) {
  series_ = labels_;
  for (const EncodedChunk& chunk : chunks) {
    scratch_.clear();
    AppendProtoInt64(scratch_, 1, chunk.min.ms);
    AppendProtoInt64(scratch_, 2, chunk.max.ms);
    AppendProtoVarint(scratch_, 3, static_cast<std::uint64_t>(chunk.encoding));
    AppendProtoBytes(scratch_, 4, chunk.bytes);
    AppendProtoBytes(series_, 2, scratch_);
  }
  bytes_.clear();
  AppendProtoBytes(bytes_, 1, series_);
  AppendProtoVarint(bytes_, 2, query_index_);
  return bytes_;
}

}  // namespace bellwether::api::remote_read
