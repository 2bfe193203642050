#include "metric/histogram.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metric/sample.h"

namespace bellwether::metric {
namespace {

NativeHistogram ValidHistogram() {
  NativeHistogram h;
  h.schema = 3;
  h.zero_threshold = 0.001;
  h.zero_count = 2;
  h.count = 12;
  h.sum = 40.5;
  h.positive_spans = {{-2, 2}, {1, 2}};
  h.positive_buckets = {1, 2, 3, 1};
  h.negative_spans = {{0, 1}};
  h.negative_buckets = {3};
  return h;
}

NativeHistogram CustomHistogram() {
  NativeHistogram h;
  h.schema = kCustomBucketsSchema;
  h.count = 3;
  h.positive_spans = {{0, 3}};
  h.positive_buckets = {1, 1, 1};
  h.custom_values = {0.5, 1};
  return h;
}

TEST(NativeHistogram, ValidOnesPass) {
  EXPECT_TRUE(ValidateHistogram(ValidHistogram()).ok()) << ValidateHistogram(ValidHistogram()).message();
  EXPECT_TRUE(ValidateHistogram(CustomHistogram()).ok()) << ValidateHistogram(CustomHistogram()).message();
  EXPECT_TRUE(ValidateHistogram(NativeHistogram()).ok());
  NativeHistogram stale;
  stale.sum = kStaleMarker;
  stale.count = 7;
  EXPECT_TRUE(ValidateHistogram(stale).ok());
}

TEST(NativeHistogram, EachFaultIsNamed) {
  const auto check = [](const NativeHistogram& h, const char* text) {
    EXPECT_THAT(ValidateHistogram(h).message(), ::testing::HasSubstr(text));
  };
  auto h = ValidHistogram();
  h.schema = 53;
  check(h, "invalid schema");
  h = ValidHistogram();
  h.positive_spans[1].offset = -1;
  check(h, "span whose offset is negative");
  h = ValidHistogram();
  h.positive_buckets.pop_back();
  check(h, "different number of buckets");
  h = ValidHistogram();
  h.negative_buckets[0] = -1;
  check(h, "observation count is negative");
  h = ValidHistogram();
  h.count = 99;
  check(h, "should equal");
  h.sum = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(ValidateHistogram(h).ok());
  h.count = 1;
  check(h, "should be at least");
  h = ValidHistogram();
  h.custom_values = {1};
  check(h, "must not have custom bounds");
  h = CustomHistogram();
  h.custom_values = {1, 1};
  check(h, "strictly increasing");
  h.custom_values = {1, std::numeric_limits<double>::infinity()};
  check(h, "must be finite");
  h.custom_values = {1};
  check(h, "too few");
  h = CustomHistogram();
  h.zero_count = 1;
  check(h, "zero count of 0");
}

TEST(NativeHistogram, ReducesResolution) {
  NativeHistogram h;
  h.schema = 1;
  h.positive_spans = {{-1, 4}, {2, 1}};  // Indexes -1, 0, 1, 2, 5.
  h.positive_buckets = {1, 2, 4, 8, 16};
  const NativeHistogram r = ReduceResolution(h, 0);  // To 0, 0, 1, 1, 3.
  EXPECT_EQ(r.schema, 0);
  EXPECT_EQ(r.positive_buckets, (std::vector<double>{3, 12, 16}));
  EXPECT_EQ(r.positive_spans, (std::vector<BucketSpan>{{0, 2}, {1, 1}}));
}

TEST(NativeHistogram, RoundTripsAndRefusesEveryTruncation) {
  for (const NativeHistogram& h : {ValidHistogram(), CustomHistogram(), NativeHistogram()}) {
    std::string bytes;
    EncodeHistogram(h, bytes);
    NativeHistogram back;
    std::string_view in = bytes;
    ASSERT_TRUE(DecodeHistogram(in, back));
    EXPECT_TRUE(in.empty());
    EXPECT_EQ(back, h);
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      in = std::string_view(bytes).substr(0, n);
      EXPECT_FALSE(DecodeHistogram(in, back)) << n;
    }
  }
}

}  // namespace
}  // namespace bellwether::metric
