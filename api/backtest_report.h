// api/backtest_report.h
//
// What a backtest found, as JSON: one text for the HTTP API and for the command that works on a stopped store. Times in
// seconds. docs/backtest.md describes the fields.
#pragma once

#include <optional>
#include <string>

#include "rules/backtest.h"
#include "rules/backtest_score.h"

namespace bellwether::api {

// All that one request for a backtest is answered with.
struct BacktestAnswer {
  rules::BacktestReport report;
  std::optional<rules::BacktestReport> compared;  // With these rules in place of them: "differences".
  std::optional<rules::BacktestScore> score;
};

[[nodiscard]] std::string BacktestJson(const BacktestAnswer& answer);

}  // namespace bellwether::api
