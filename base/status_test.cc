#include "base/status.h"

#include <memory>

#include <gtest/gtest.h>

namespace bellwether::base {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return InvalidArgument("odd");
  return n / 2;
}

Result<int> Quarter(int n) {
  BW_ASSIGN_OR_RETURN(const int half, Half(n));
  BW_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

TEST(Status, ErrorsTravelWithContext) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status(), InvalidArgument("odd"));
  EXPECT_EQ(Quarter(6).status().WithContext("divide 6").ToString(), "invalid argument: divide 6: odd");
  EXPECT_TRUE(OkStatus().WithContext("nothing").ok());
}

TEST(Result, HoldsWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> made(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = *std::move(made);
  EXPECT_EQ(*taken, 5);
}

}  // namespace
}  // namespace bellwether::base
