#include "ingest/write_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <snappy.h>

#include "base/clock.h"
#include "metric/matcher.h"
#include "remote.pb.h"
#include "storage/open.h"

namespace bellwether::ingest {
namespace {

using ::testing::HasSubstr;

class WriteHandlerTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kNow = 1'700'000'000'000;

  static void AddSeries(remote::WriteRequest& request,
                        std::initializer_list<std::pair<std::string, std::string>> labels,
                        std::initializer_list<std::pair<std::int64_t, double>> samples) {
    auto* series = request.add_timeseries();
    for (const auto& [name, value] : labels) {
      auto* label = series->add_labels();
      label->set_name(name);
      label->set_value(value);
    }
    for (const auto& [t, v] : samples) {
      auto* sample = series->add_samples();
      sample->set_timestamp(t);
      sample->set_value(v);
    }
  }

  static std::string Compress(const std::string& bytes) {
    std::string out;
    snappy::Compress(bytes.data(), bytes.size(), &out);
    return out;
  }

  WriteOutcome Send(const remote::WriteRequest& request) { return SendBytes(Compress(request.SerializeAsString())); }
  WriteOutcome SendBytes(std::string_view body, std::string_view type = "application/x-protobuf",
                         std::string_view encoding = "snappy") {
    return handler_.Handle({.body = body, .content_type = type, .content_encoding = encoding});
  }

  // Every sample of every series, as "metric t=v t=v".
  std::vector<std::string> Stored() {
    std::vector<std::string> lines;
    const auto querier = storage_->NewQuerier(base::TimestampMs::Min(), base::TimestampMs::Max());
    const auto set = querier->Select({});
    while (set->Next()) {
      std::string line = set->labels().ToMetricString();
      storage::SampleBatch batch;
      storage::SampleCursor& cursor = set->samples();
      while (cursor.Next(batch)) {
        for (std::size_t i = 0; i < batch.timestamps.size(); ++i) {
          line += " " + std::to_string(batch.timestamps[i].ms - kNow) + "=";
          line +=
              batch.values.empty() ? "h" + std::to_string(batch.histograms[i]->count) : std::to_string(batch.values[i]);
        }
      }
      lines.push_back(line);
    }
    return lines;
  }

  base::SimulatedClock clock_{base::TimestampMs(kNow)};
  base::MetricsRegistry metrics_;
  std::unique_ptr<storage::Storage> storage_ = storage::NewMemoryStorage({}, clock_, metrics_);
  WriteHandler handler_{{}, *storage_, metrics_};
};

TEST_F(WriteHandlerTest, StoresFloatsAndFindsSeriesAgainWhateverTheOrderOfLabels) {
  remote::WriteRequest request;
  AddSeries(request, {{"__name__", "up"}, {"job", "a"}}, {{kNow, 1}, {kNow + 1, 2}});
  AddSeries(request, {{"job", "a"}, {"__name__", "up"}, {"empty", ""}}, {{kNow + 2, 3}});
  const WriteOutcome outcome = Send(request);
  EXPECT_EQ(outcome.http_status, 204) << outcome.message;
  EXPECT_EQ(outcome.floats_written, 3u);
  EXPECT_THAT(Stored(), ::testing::ElementsAre("up{job=\"a\"} 0=1.000000 1=2.000000 2=3.000000"));
}

TEST_F(WriteHandlerTest, KeepsTheGoodBesideTheBadAndNamesTheFirstBad) {
  remote::WriteRequest request;
  AddSeries(request, {{"job", "nameless"}}, {{kNow, 1}});
  AddSeries(request, {{"__name__", "twice"}, {"a", "1"}, {"a", "2"}}, {{kNow, 1}});
  AddSeries(request, {{"__name__", "good"}}, {{kNow, 7}});
  AddSeries(request, {{"__name__", "future"}}, {{kNow + 11 * 60'000, 1}});
  const WriteOutcome outcome = Send(request);
  EXPECT_EQ(outcome.http_status, 400);
  EXPECT_THAT(outcome.message, HasSubstr("{job=\"nameless\"}"));
  EXPECT_EQ(outcome.floats_written, 1u);
  EXPECT_THAT(Stored(), ::testing::Contains("good 0=7.000000"));
}

TEST_F(WriteHandlerTest, SaysWhatIsWrongWithASample) {
  remote::WriteRequest request;
  AddSeries(request, {{"__name__", "m"}}, {{kNow, 1}});
  EXPECT_EQ(Send(request).http_status, 204);
  EXPECT_EQ(Send(request).http_status, 204) << "the same again is no error";
  const auto check = [&](std::int64_t t, double v, const char* words) {
    remote::WriteRequest bad;
    AddSeries(bad, {{"__name__", "m"}}, {{t, v}});
    const WriteOutcome outcome = Send(bad);
    EXPECT_EQ(outcome.http_status, 400);
    EXPECT_THAT(outcome.message, HasSubstr(words));
  };
  check(kNow, 2, "duplicate sample for timestamp 1700000000000; overrides not allowed: existing 1, new value 2");
  check(kNow - 3'600'001, 2, "out of order sample for series m");
  check(kNow + 600'001, 2, "too far in the future");
}

TEST_F(WriteHandlerTest, StoresHistogramsAndRefusesBrokenOnes) {
  remote::WriteRequest request;
  AddSeries(request, {{"__name__", "h"}}, {});
  auto* good = request.mutable_timeseries(0)->add_histograms();
  good->set_count_int(3);
  good->set_timestamp(kNow);
  good->add_positive_spans()->set_length(2);
  good->add_positive_deltas(1);
  good->add_positive_deltas(1);
  auto* bad = request.mutable_timeseries(0)->add_histograms();
  bad->set_count_int(99);
  bad->set_timestamp(kNow + 1);
  const WriteOutcome outcome = Send(request);
  EXPECT_EQ(outcome.http_status, 400);
  EXPECT_THAT(outcome.message, HasSubstr("should equal the number of observations"));
  EXPECT_EQ(outcome.histograms_written, 1u);
  EXPECT_THAT(Stored(), ::testing::ElementsAre("h 0=h3.000000"));
}

TEST_F(WriteHandlerTest, KeepsExemplarsAndMetadata) {
  remote::WriteRequest request;
  AddSeries(request, {{"__name__", "m"}}, {{kNow, 1}});
  auto* exemplar = request.mutable_timeseries(0)->add_exemplars();
  exemplar->set_value(4);
  exemplar->set_timestamp(kNow);
  exemplar->add_labels()->set_name("trace_id");
  exemplar->mutable_labels(0)->set_value("abc");
  auto* metadata = request.add_metadata();
  metadata->set_metric_family_name("m");
  metadata->set_type(remote::MetricMetadata::COUNTER);
  metadata->set_help("help");
  const WriteOutcome outcome = Send(request);
  EXPECT_EQ(outcome.http_status, 204) << outcome.message;
  EXPECT_EQ(outcome.exemplars_written, 1u);
  const auto known = storage_->Metadata("m");
  ASSERT_EQ(known.size(), 1u);
  EXPECT_EQ(known[0].type, storage::MetricType::kCounter);
  const std::vector<std::vector<metric::Matcher>> selectors = {{metric::Matcher::Equal("__name__", "m")}};
  const auto exemplars = storage_->Exemplars(base::TimestampMs::Min(), base::TimestampMs::Max(), selectors);
  ASSERT_TRUE(exemplars.ok());
  ASSERT_EQ(exemplars->size(), 1u);
  EXPECT_EQ((*exemplars)[0].exemplars[0].labels.Get("trace_id"), "abc");
}

TEST_F(WriteHandlerTest, StatusOfEveryBadRequest) {
  const std::string good = Compress(std::string());
  const auto check = [&](std::string_view body, std::string_view type, std::string_view encoding, int status) {
    const WriteOutcome outcome = SendBytes(body, type, encoding);
    EXPECT_EQ(outcome.http_status, status) << type << " / " << encoding << ": " << outcome.message;
    EXPECT_EQ(outcome.message.empty(), status == 204);
  };
  constexpr std::string_view kProto = "application/x-protobuf";
  check(good, kProto, "snappy", 204);
  check(good, "", "", 204);
  check(good, "application/x-protobuf; proto=prometheus.WriteRequest", "snappy", 204);
  check(good, "application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", 415);
  check(good, "application/x-protobuf; proto=io.prometheus.write.v2.Request", "snappy", 415);
  check(good, "application/x-protobuf;proto", "snappy", 415);
  check(good, "application/json", "snappy", 415);
  check(good, kProto, "gzip", 415);
  check("", kProto, "snappy", 400);
  check("not snappy at all", kProto, "snappy", 400);
  check(std::string_view("\xff\x06\x00\x00sNaPpY", 10), kProto, "snappy", 400);
  check(std::string_view("\xff\xff\xff\xff\x0f", 5), kProto, "snappy", 400);  // Declares 4 GiB.
  check(Compress("\xff\xff"), kProto, "snappy", 400);
  check(std::string((32u << 20) + 1, 'x'), kProto, "snappy", 413);
}

}  // namespace
}  // namespace bellwether::ingest
