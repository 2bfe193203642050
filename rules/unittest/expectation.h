// rules/unittest/expectation.h
//
// Whether alerts and results are what a test expects, and the text that says how they are not. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "promql/engine.h"
#include "rules/test_surroundings.h"
#include "rules/unittest/test_file.h"

namespace bellwether::rules {

// Empty if the alerts are the expected ones, in whatever order; otherwise the lists of both, or, with
// `show_differences`, what lacks and what is too much.
[[nodiscard]] std::string AlertDifference(const AlertExpectation& expectation, std::vector<ExpectedAlert> firing,
                                          bool show_differences);

// The same for the alerts of one of the lists of a suppression test, `what`: "suppressed", "held" or "told".
[[nodiscard]] std::string StandingDifference(const SuppressionExpectation& expectation, std::string_view what,
                                             std::vector<ExpectedStanding> expected, std::vector<ExpectedStanding> got,
                                             bool show_differences);

// The same for the messages to the receiver, of which there may be others in `got`.
[[nodiscard]] std::string NotificationDifference(const NotificationExpectation& expectation,
                                                 const std::vector<TestNotification>& got);

// The same for the samples of a result. `fuzzy`: values may be one floating-point number apart.
[[nodiscard]] std::string SampleDifference(const ExprExpectation& expectation, const promql::Value& value, bool fuzzy,
                                           bool show_differences);

}  // namespace bellwether::rules
