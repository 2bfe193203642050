#include "notify/receivers/signature.h"

#include <gtest/gtest.h>

namespace bellwether::notify {
namespace {

constexpr std::string_view kSignedBody = R"({"version":"4"})";

TEST(Signature, VectorsOfTheReference) {
  const std::vector<std::string> keys = {"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"};
  const auto headers = SignStandard(keys, "msg_01", base::TimestampMs(1'767'225'600'000), kSignedBody);
  ASSERT_TRUE(headers.ok());
  EXPECT_EQ(*headers, (base::HttpHeaders{{"webhook-id", "msg_01"},
                                         {"webhook-timestamp", "1767225600"},
                                         {"webhook-signature", "v1,LI7cv8KM0JS8TzYuO6PNnpkbJbZulHj7/7eegtp3Kng="}}));
  EXPECT_EQ(HubSignature("bellwether-test-secret", kSignedBody),
            "sha256=26c52664506cad19f7112e5b477ff5847f6ead13af1f0a2c46b4246f73b683cb");
}

TEST(Signature, OneForEachKeyOfARotation) {
  const std::string key = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
  const std::vector<std::string> keys = {key, key};
  const auto headers = SignStandard(keys, "a", base::TimestampMs(0), "");
  ASSERT_TRUE(headers.ok());
  const std::string& both = (*headers)[2].second;
  EXPECT_EQ(both.substr(0, both.find(' ')), both.substr(both.find(' ') + 1));
}

TEST(Signature, KeysThatAreNone) {
  for (const char* key : {"", "secret", "whsec_", "whsec_AAEC", "whsec_AAEC*wQFBgcICQoLDA0ODxAREhMUFRYX"}) {
    const std::vector<std::string> keys = {key};
    const auto headers = SignStandard(keys, "a", base::TimestampMs(0), "");
    EXPECT_EQ(headers.status().code(), base::StatusCode::kInvalidArgument) << key;
  }
}

}  // namespace
}  // namespace bellwether::notify
