#include "storage/journal/deletion_codec.h"

#include <gtest/gtest.h>

namespace bellwether::storage {
namespace {

using metric::Matcher;
using metric::MatchOp;

TEST(DeletionCodecTest, ReadsBackWhatWasWritten) {
  const std::vector<std::vector<Matcher>> selectors{
      {Matcher::Equal("__name__", "up"), Matcher::Make(MatchOp::kNotRegex, "job", "a|b.*").value()},
      {Matcher::Make(MatchOp::kNotEqual, "x", "").value(), Matcher::Make(MatchOp::kRegex, "y", ".+").value()}};
  for (const chunk::TimeRange range : {chunk::TimeRange{base::TimestampMs(-5), base::TimestampMs(1'700'000'000'000)},
                                       chunk::TimeRange{base::TimestampMs::Min(), base::TimestampMs::Max()}}) {
    const std::string bytes = EncodeDeletion(range, selectors);
    const auto read = DecodeDeletion(bytes);
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ(read->range, range);
    EXPECT_EQ(read->selectors, selectors);
    std::size_t whole = 0;
    for (std::size_t n = 0; n < bytes.size(); ++n) whole += DecodeDeletion(bytes.substr(0, n)).ok() ? 1 : 0;
    EXPECT_EQ(whole, 2u);  // Behind the range, and behind the first selector.
  }
}

TEST(DeletionCodecTest, IsAsDocumented) {
  const std::vector<std::vector<Matcher>> selectors{{Matcher::Equal("job", "a")}};
  const std::string bytes = EncodeDeletion({base::TimestampMs(1000), base::TimestampMs(2000)}, selectors);
  EXPECT_EQ(bytes, std::string("\xd0\x0f\xa0\x1f\x01\x00\x03job\x01"
                               "a",
                               12));
}

}  // namespace
}  // namespace bellwether::storage
