#include "notify/policy/posted.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bellwether::notify {
namespace {

using base::Minutes;
using base::TimestampMs;

constexpr TimestampMs kArrival(1'788'250'350'000);

TEST(Posted, FingerprintsAreAlertmanagers) {
  const auto check = [](const metric::Labels& labels, std::string_view expected) {
    EXPECT_EQ(fmt::format("{:016x}", labels.Fingerprint()), expected);
  };
  check({}, "cbf29ce484222325");
  check({{"alertname", "X"}}, "d2aeefc389ca7746");
  check({{"alertname", "FeatureDrift"}, {"model", "ranker"}, {"severity", "page"}}, "b9ef7b8e30d9f3b5");
}

TEST(Posted, TimesThatAreMissing) {
  const auto check = [](std::optional<int> starts, std::optional<int> ends, std::string_view expected) {
    ForeignAlert posted;
    posted.labels = {{"alertname", "X"}, {"empty", ""}};
    if (starts) posted.starts_at = kArrival + Minutes(*starts);
    if (ends) posted.ends_at = kArrival + Minutes(*ends);
    const auto alert = CompletePosted(posted, kArrival, Minutes(5));
    const auto minute = [](TimestampMs t) { return (t - kArrival).ms / 60'000; };
    EXPECT_EQ(alert.ok() ? fmt::format("{} {} {} {}", minute(alert->starts_at), minute(alert->ends_at),
                                       alert->phase == metric::AlertPhase::kFiring ? "fires" : "over", alert->rule)
                         : alert.status().message(),
              expected);
  };
  check({}, {}, "0 5 fires posted, without an end");
  check(-3, {}, "-3 5 fires posted, without an end");
  check({}, 10, "10 10 fires posted");
  check({}, -10, "-10 -10 over posted");
  check(-10, 0, "-10 0 over posted");
  check(-10, 20, "-10 20 fires posted");
  check(10, 0, "start time must be before end time");
}

TEST(Posted, InvalidOnesAreNamed) {
  const auto check = [](ForeignAlert posted, std::string_view expected) {
    EXPECT_EQ(CompletePosted(posted, kArrival, Minutes(5)).status().message(), expected);
  };
  check({}, "at least one label pair required");
  check({.labels = {{"a", ""}}, .annotations = {}, .starts_at = {}, .ends_at = {}, .generator_url = {}},
        "at least one label pair required");
  check({.labels = {{"", "x"}}, .annotations = {}, .starts_at = {}, .ends_at = {}, .generator_url = {}},
        "invalid label set: invalid name \"\"");
  check({.labels = {{"a", "x"}}, .annotations = {{"", "y"}}, .starts_at = {}, .ends_at = {}, .generator_url = {}},
        "invalid annotations: invalid name \"\"");
}

// Two tellings of an alert, each "START END" in minutes around the second arrival, and what is known then.
TEST(Posted, OverlappingOnesAreOneAlert) {
  const auto check = [](int old_start, int old_end, bool old_guess, int start, int end, bool guess,
                        std::string_view expected) {
    const auto make = [](int from, int to, bool is_guess, TimestampMs at) {
      metric::AlertUpdate alert;
      alert.labels = {{"alertname", "X"}};
      alert.starts_at = kArrival + Minutes(from);
      alert.ends_at = kArrival + Minutes(to);
      alert.updated_at = at;
      alert.rule = is_guess ? kPostedRuleWithoutEnd : kPostedRule;
      alert.annotations = {{"n", at == kArrival ? "fresh" : "old"}};
      return alert;
    };
    const metric::AlertUpdate merged = MergePosted(make(old_start, old_end, old_guess, kArrival - Minutes(1)),
                                                   make(start, end, guess, kArrival), kArrival);
    const auto minute = [](TimestampMs t) { return (t - kArrival).ms / 60'000; };
    EXPECT_EQ(fmt::format("{} {} {}", minute(merged.starts_at), minute(merged.ends_at), merged.annotations.at("n")),
              expected);
  };
  check(-10, 4, true, -1, 5, true, "-10 5 fresh");        // Repeated: the start is kept.
  check(-10, 20, false, -1, 5, true, "-10 20 fresh");     // A firm end that is later is kept.
  check(-10, 20, true, -1, 5, false, "-10 5 fresh");      // A guess is not.
  check(-10, 4, true, -10, 0, false, "-10 0 fresh");      // Resolved now.
  check(-10, -2, false, -8, -4, false, "-10 -2 fresh");   // Both over: the later end.
  check(-10, -5, false, -1, 5, true, "-1 5 fresh");       // A new occurrence.
  check(-10, 20, false, -12, 30, false, "-12 30 fresh");  // Beyond both ends it is not inside: replaced.
}

}  // namespace
}  // namespace bellwether::notify
