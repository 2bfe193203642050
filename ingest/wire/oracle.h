// ingest/wire/oracle.h
//
// For tests: what libprotobuf makes of a write request, in the form of our reader's result, and the comparison of both.
// Header-only, because the hot path's library does not link libprotobuf.
#pragma once

#include <algorithm>
#include <bit>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/unknown_field_set.h>

#include "ingest/wire/write_request_v1.h"
#include "remote.pb.h"

namespace bellwether::ingest {

class WriteRequestOracle {
 public:
  // Empty if our reader and libprotobuf agree on `bytes`, otherwise what they disagree on.
  static std::string Disagreement(std::string_view bytes) {
    WireRequest ours;
    const bool we_accept = ReadWriteRequestV1(bytes, ours).ok() && LabelsAreWhole(ours);
    google::protobuf::SetLogHandler(nullptr);  // It would write a line for each piece of bad UTF-8.
    remote::WriteRequest theirs;
    const bool they_accept = theirs.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    if (!they_accept) return {};  // They also judge UTF-8, which we leave for later.
    if (!we_accept) return HasGroup(theirs) ? "" : "libprotobuf accepts what we refuse";
    if (ours.series.size() != static_cast<std::size_t>(theirs.timeseries_size())) return "number of series";
    if (ours.metadata.size() != static_cast<std::size_t>(theirs.metadata_size())) return "number of metadata";
    for (std::size_t i = 0; i < ours.series.size(); ++i) {
      if (auto d = InSeries(ours, ours.series[i], theirs.timeseries(static_cast<int>(i))); !d.empty()) return d;
    }
    for (std::size_t i = 0; i < ours.metadata.size(); ++i) {
      const auto& a = ours.metadata[i];
      const auto& b = theirs.metadata(static_cast<int>(i));
      if (a.metric != b.metric_family_name() || a.help != b.help() || a.unit != b.unit()) return "metadata";
    }
    return {};
  }

  // Of the series that are named at all; none if `bytes` are refused.
  static std::set<std::string, std::less<>> AliasesOf(std::string_view bytes) {
    WireRequest request;
    std::set<std::string, std::less<>> aliases;
    if (!ReadWriteRequestV1(bytes, request).ok()) return aliases;
    for (const std::string_view alias : request.aliases) {
      if (!alias.empty()) aliases.emplace(alias);
    }
    return aliases;
  }

  // Empty if skimming `bytes` tells no more and nothing else than reading them does, where `known` are the aliases that
  // readers gave before.
  static std::string SkimDisagreement(std::string_view bytes, const std::set<std::string, std::less<>>& known) {
    WireRequest skimmed;
    const bool is_skimmed = SkimWriteRequestV1(bytes, skimmed).ok();
    WireRequest read;
    const bool is_read = ReadWriteRequestV1(bytes, read).ok();
    if (!is_skimmed) return is_read ? "reading accepts what skimming refuses" : "";
    for (const std::string_view alias : skimmed.aliases) {
      if (skimmed.is_skimmed && !known.contains(alias)) return {};  // Would be read anew.
    }
    if (!is_read) return "skimming accepts what reading refuses";
    if (skimmed.aliases != read.aliases) return "aliases";
    const auto same_sample = [](const storage::FloatSample& a, const storage::FloatSample& b) {
      return a.timestamp == b.timestamp && Same(a.value, b.value);
    };
    if (!std::ranges::equal(skimmed.samples, read.samples, same_sample)) return "samples";
    const auto same_extent = [](const WireSeries& a, const WireSeries& b) {
      return a.body == b.body && a.samples_begin == b.samples_begin && a.samples_end == b.samples_end &&
             a.histograms_begin == b.histograms_begin && a.histograms_end == b.histograms_end &&
             a.exemplars_begin == b.exemplars_begin && a.exemplars_end == b.exemplars_end;
    };
    return std::ranges::equal(skimmed.series, read.series, same_extent) ? "" : "extents";
  }

 private:
  static bool LabelsAreWhole(const WireRequest& request) {
    std::vector<metric::LabelView> labels;
    for (const WireSeries& series : request.series) {
      if (!ReadLabelsV1(series.body, labels)) return false;
    }
    for (const WireExemplar& exemplar : request.exemplars) {
      if (!ReadLabelsV1(exemplar.body, labels)) return false;
    }
    return true;
  }

  // Groups, which proto3 does not have, are kept as unknown fields by libprotobuf and refused by us.
  static bool HasGroup(const google::protobuf::Message& message) {
    const auto* reflection = message.GetReflection();
    const auto& unknown = reflection->GetUnknownFields(message);
    for (int i = 0; i < unknown.field_count(); ++i) {
      if (unknown.field(i).type() == google::protobuf::UnknownField::TYPE_GROUP) return true;
    }
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    for (const auto* field : fields) {
      if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        if (HasGroup(reflection->GetRepeatedMessage(message, field, i))) return true;
      }
    }
    return false;
  }

  static bool Same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

  template <typename TheirLabels>
  static bool SameLabels(std::string_view body, const TheirLabels& theirs) {
    std::vector<metric::LabelView> ours;
    if (!ReadLabelsV1(body, ours)) return false;
    if (ours.size() != static_cast<std::size_t>(theirs.size())) return false;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const auto& their = theirs.Get(static_cast<int>(i));
      if (ours[i].name != their.name() || ours[i].value != their.value()) return false;
    }
    return true;
  }

  static std::string InSeries(const WireRequest& r, const WireSeries& ours, const remote::TimeSeries& theirs) {
    if (!SameLabels(ours.body, theirs.labels())) return "labels";
    if (ours.samples_end - ours.samples_begin != static_cast<std::uint32_t>(theirs.samples_size())) return "samples";
    for (int i = 0; i < theirs.samples_size(); ++i) {
      const auto& s = r.samples[ours.samples_begin + static_cast<std::uint32_t>(i)];
      if (!Same(s.value, theirs.samples(i).value()) || s.timestamp.ms != theirs.samples(i).timestamp()) return "sample";
    }
    if (ours.exemplars_end - ours.exemplars_begin != static_cast<std::uint32_t>(theirs.exemplars_size()))
      return "exemplars";
    for (int i = 0; i < theirs.exemplars_size(); ++i) {
      const auto& e = r.exemplars[ours.exemplars_begin + static_cast<std::uint32_t>(i)];
      if (!Same(e.value, theirs.exemplars(i).value()) || e.timestamp.ms != theirs.exemplars(i).timestamp() ||
          !SameLabels(e.body, theirs.exemplars(i).labels())) {
        return "exemplar";
      }
    }
    if (ours.histograms_end - ours.histograms_begin != static_cast<std::uint32_t>(theirs.histograms_size())) {
      return "histograms";
    }
    for (int i = 0; i < theirs.histograms_size(); ++i) {
      if (auto d =
              InHistogram(r.histograms[ours.histograms_begin + static_cast<std::uint32_t>(i)], theirs.histograms(i));
          !d.empty()) {
        return d;
      }
    }
    return {};
  }

  static bool SameSpans(const std::vector<metric::BucketSpan>& ours,
                        const google::protobuf::RepeatedPtrField<remote::BucketSpan>& theirs) {
    if (ours.size() != static_cast<std::size_t>(theirs.size())) return false;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const auto& their = theirs.Get(static_cast<int>(i));
      if (ours[i].offset != their.offset() || ours[i].length != their.length()) return false;
    }
    return true;
  }

  template <typename Theirs>
  static bool SameColumn(const std::vector<double>& ours, const Theirs& theirs) {
    if (ours.size() != static_cast<std::size_t>(theirs.size())) return false;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (!Same(ours[i], theirs.Get(static_cast<int>(i)))) return false;
    }
    return true;
  }

  static bool SameDeltas(const std::vector<double>& ours, const google::protobuf::RepeatedField<std::int64_t>& theirs) {
    if (ours.size() != static_cast<std::size_t>(theirs.size())) return false;
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      last += static_cast<std::uint64_t>(theirs.Get(static_cast<int>(i)));
      if (ours[i] != static_cast<double>(static_cast<std::int64_t>(last))) return false;
    }
    return true;
  }

  static std::string InHistogram(const WireHistogram& wire, const remote::Histogram& theirs) {
    const metric::NativeHistogram& ours = wire.histogram;
    const bool is_float = theirs.count_case() == remote::Histogram::kCountFloat;
    if (ours.is_float != is_float || wire.timestamp.ms != theirs.timestamp()) return "kind or time of a histogram";
    if (!Same(ours.count, is_float ? theirs.count_float() : static_cast<double>(theirs.count_int()))) return "count";
    if (!Same(ours.sum, theirs.sum()) || ours.schema != theirs.schema()) return "sum or schema";
    if (!Same(ours.zero_threshold, theirs.zero_threshold())) return "zero threshold";
    const bool zero_is_float = theirs.zero_count_case() == remote::Histogram::kZeroCountFloat;
    if (!Same(ours.zero_count,
              zero_is_float ? theirs.zero_count_float() : static_cast<double>(theirs.zero_count_int()))) {
      return "zero count";
    }
    if (!SameSpans(ours.negative_spans, theirs.negative_spans()) ||
        !SameSpans(ours.positive_spans, theirs.positive_spans())) {
      return "spans";
    }
    if (is_float ? !SameColumn(ours.negative_buckets, theirs.negative_counts())
                 : !SameDeltas(ours.negative_buckets, theirs.negative_deltas())) {
      return "negative buckets";
    }
    if (is_float ? !SameColumn(ours.positive_buckets, theirs.positive_counts())
                 : !SameDeltas(ours.positive_buckets, theirs.positive_deltas())) {
      return "positive buckets";
    }
    return SameColumn(ours.custom_values, theirs.custom_values()) ? "" : "custom values";
  }
};

}  // namespace bellwether::ingest
