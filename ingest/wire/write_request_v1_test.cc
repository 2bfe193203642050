#include "ingest/wire/write_request_v1.h"

#include <functional>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "ingest/wire/oracle.h"

namespace bellwether::ingest {
namespace {

unsigned Draw(std::minstd_rand& rng) { return static_cast<unsigned>(rng()); }

void AddLabels(auto& message, std::minstd_rand& rng) {
  for (unsigned i = Draw(rng) % 4; i > 0; --i) {
    auto* label = message.add_labels();
    label->set_name("name" + std::to_string(Draw(rng) % 100));
    label->set_value(std::string(Draw(rng) % (Draw(rng) % 2 == 0 ? 20 : 200), 'v'));
  }
}

void FillHistogram(remote::Histogram& h, std::minstd_rand& rng) {
  const bool is_float = Draw(rng) % 2 == 0;
  if (is_float) {
    h.set_count_float(static_cast<double>(Draw(rng)) / 3);
    h.set_zero_count_float(1.5);
  } else {
    h.set_count_int(Draw(rng));
    h.set_zero_count_int(Draw(rng) % 10);
  }
  h.set_sum(static_cast<double>(Draw(rng)) / 7);
  h.set_schema(static_cast<int>(Draw(rng) % 13) - 4);
  h.set_timestamp(static_cast<std::int64_t>(Draw(rng)) - 1'000'000);
  h.set_reset_hint(static_cast<remote::Histogram::ResetHint>(Draw(rng) % 4));
  for (unsigned i = Draw(rng) % 3; i > 0; --i) {
    auto* span = h.add_positive_spans();
    span->set_offset(static_cast<int>(Draw(rng) % 20) - 10);
    span->set_length(Draw(rng) % 5);
    h.add_positive_deltas(static_cast<std::int64_t>(Draw(rng)) - 1'000'000);
    h.add_positive_counts(static_cast<double>(Draw(rng)));
    h.add_negative_deltas(static_cast<std::int64_t>(Draw(rng) % 1000));
    h.add_custom_values(static_cast<double>(Draw(rng)));
  }
}

remote::WriteRequest RandomRequest(std::minstd_rand& rng) {
  remote::WriteRequest request;
  for (unsigned i = Draw(rng) % 6; i > 0; --i) {
    auto* series = request.add_timeseries();
    AddLabels(*series, rng);
    for (unsigned s = Draw(rng) % 4; s > 0; --s) {
      auto* sample = series->add_samples();
      // Zeros are not sent. A time before 1970 is a varint of ten bytes.
      if (Draw(rng) % 8 != 0) sample->set_value(static_cast<double>(Draw(rng)) / 3);
      if (Draw(rng) % 8 != 0)
        sample->set_timestamp((static_cast<std::int64_t>(Draw(rng)) * 1000 - 5'000'000) >> Draw(rng) % 30);
    }
    for (unsigned e = Draw(rng) % 2; e > 0; --e) {
      auto* exemplar = series->add_exemplars();
      AddLabels(*exemplar, rng);
      exemplar->set_value(static_cast<double>(Draw(rng)));
      exemplar->set_timestamp(Draw(rng));
    }
    for (unsigned h = Draw(rng) % 2; h > 0; --h) FillHistogram(*series->add_histograms(), rng);
  }
  for (unsigned i = Draw(rng) % 2; i > 0; --i) {
    auto* metadata = request.add_metadata();
    metadata->set_type(static_cast<remote::MetricMetadata::MetricType>(Draw(rng) % 8));
    metadata->set_metric_family_name("family");
    metadata->set_help("help");
    metadata->set_unit("seconds");
  }
  return request;
}

TEST(WriteRequestV1, AgreesWithLibprotobufOnWholeAndDamagedMessages) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::minstd_rand rng(seed);
  for (int round = 0; round < 400; ++round) {
    std::string bytes = RandomRequest(rng).SerializeAsString();
    ASSERT_EQ(WriteRequestOracle::Disagreement(bytes), "") << testing::PrintToString(bytes);
    const std::set<std::string, std::less<>> known = WriteRequestOracle::AliasesOf(bytes);
    ASSERT_EQ(WriteRequestOracle::SkimDisagreement(bytes, known), "") << testing::PrintToString(bytes);
    for (int damage = 0; damage < 20 && !bytes.empty(); ++damage) {
      std::string damaged = bytes;
      damaged[Draw(rng) % damaged.size()] = static_cast<char>(Draw(rng));
      if (Draw(rng) % 4 == 0) damaged.resize(Draw(rng) % damaged.size());
      ASSERT_EQ(WriteRequestOracle::Disagreement(damaged), "") << testing::PrintToString(damaged);
      ASSERT_EQ(WriteRequestOracle::SkimDisagreement(damaged, known), "") << testing::PrintToString(damaged);
    }
  }
}

TEST(WriteRequestV1, SkimmingFindsKnownLabelsBeforeOneSample) {
  remote::WriteRequest request;
  for (const double value : {0.0, 2.5}) {  // The first is not sent.
    auto* series = request.add_timeseries();
    auto* label = series->add_labels();
    label->set_name("a");
    label->set_value("1");
    auto* sample = series->add_samples();
    sample->set_timestamp(1'700'000'000'000);
    sample->set_value(value);
  }
  const std::string bytes = request.SerializeAsString();
  WireRequest out;
  ASSERT_TRUE(SkimWriteRequestV1(bytes, out).ok());
  EXPECT_TRUE(out.is_skimmed);
  ASSERT_EQ(out.samples.size(), 2u);
  EXPECT_EQ(out.samples[0].value, 0.0);
  EXPECT_EQ(out.samples[1].value, 2.5);
  EXPECT_EQ(out.samples[1].timestamp.ms, 1'700'000'000'000);
  EXPECT_EQ(WriteRequestOracle::AliasesOf(bytes), (std::set<std::string, std::less<>>{std::string(out.aliases[0])}));
  EXPECT_EQ(out.aliases[0], out.aliases[1]);
}

TEST(WriteRequestV1, SkimmingATrapGivesAnAliasThatNoReaderGave) {
  // A label whose value ends as a sample does.
  const std::string trap("\x12\x07\x10\x80\x80\x80\x80\x80\x01", 9);
  remote::WriteRequest request;
  auto* label = request.add_timeseries()->add_labels();
  label->set_name("a");
  label->set_value(trap);
  const std::string bytes = request.SerializeAsString();
  WireRequest out;
  ASSERT_TRUE(SkimWriteRequestV1(bytes, out).ok());
  ASSERT_TRUE(out.is_skimmed);
  EXPECT_FALSE(WriteRequestOracle::AliasesOf(bytes).contains(out.aliases[0]));
  ASSERT_TRUE(ReadWriteRequestV1(bytes, out).ok());
  EXPECT_TRUE(out.samples.empty());
}

TEST(WriteRequestV1, AliasIsTheBytesOfTheLabelsWhereTheyStandTogether) {
  remote::WriteRequest request;
  auto* series = request.add_timeseries();
  auto* label = series->add_labels();
  label->set_name("a");
  label->set_value("1");
  series->add_samples()->set_timestamp(5);
  const std::string bytes = request.SerializeAsString();
  WireRequest out;
  ASSERT_TRUE(ReadWriteRequestV1(bytes, out).ok());
  ASSERT_EQ(out.series.size(), 1u);
  EXPECT_EQ(out.aliases[0], std::string_view("\x0a\x06\x0a\x01"
                                             "a"
                                             "\x12\x01"
                                             "1",
                                             8));

  // The same label again behind the sample: the bytes are no longer in one piece.
  std::string split = std::string(
                          "\x0a\x06\x0a\x01"
                          "a"
                          "\x12\x01"
                          "1",
                          8) +
                      std::string("\x12\x02\x10\x05", 4) +
                      std::string(
                          "\x0a\x06\x0a\x01"
                          "b"
                          "\x12\x01"
                          "2",
                          8);
  split = std::string("\x0a", 1) + static_cast<char>(split.size()) + split;
  ASSERT_TRUE(ReadWriteRequestV1(split, out).ok());
  EXPECT_EQ(out.aliases[0], "");
  std::vector<metric::LabelView> labels;
  ASSERT_TRUE(ReadLabelsV1(out.series[0].body, labels));
  EXPECT_EQ(labels.size(), 2u);
}

TEST(WriteRequestV1, RefusesGroupsAndTruncation) {
  WireRequest out;
  EXPECT_FALSE(ReadWriteRequestV1(std::string_view("\x0b\x0c", 2), out).ok());  // A group.
  EXPECT_FALSE(ReadWriteRequestV1(std::string_view("\x0a\x05"
                                                   "abc",
                                                   5),
                                  out)
                   .ok());
  EXPECT_FALSE(ReadWriteRequestV1(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), out).ok());
  EXPECT_TRUE(ReadWriteRequestV1("", out).ok());
}

}  // namespace
}  // namespace bellwether::ingest
