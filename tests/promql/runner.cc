#include "tests/promql/runner.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "promql/parser.h"
#include "tests/promql/comparison.h"
#include "tests/promql/dialect.h"
#include "tests/promql/loading.h"
#include "tests/promql/pinned.h"

namespace bellwether::promqltest {
namespace {

class EvalRunner {
 public:
  EvalRunner(const promql::Engine& engine, storage::Storage& storage, const EvalCommand& eval)
      : engine_(engine), storage_(storage), eval_(eval) {}

  // Empty if all is as expected.
  std::string Run() {
    if (eval_.is_range) return RunRange();
    std::string problem = RunInstant(eval_.expr, eval_.at);
    if (!problem.empty()) return problem;
    const auto expr = promql::Parse(eval_.expr, kAllFeatures);
    const auto pinned = PinTimes(**expr, eval_.at);
    if (!pinned) return {};
    const std::int64_t t = eval_.at.ms;
    const std::vector<std::int64_t> times =
        t == 0 ? std::vector<std::int64_t>{-1000, 0, 1000} : std::vector<std::int64_t>{-10 * t, 0, t / 5, t, 10 * t};
    for (const std::int64_t at : times) {
      problem = RunInstant(*pinned, base::TimestampMs(at));
      if (!problem.empty()) return fmt::format("as {} at {} ms: {}", *pinned, at, problem);
    }
    return {};
  }

 private:
  std::string CheckFailure(const base::Status& status) const {
    if (!eval_.failure) return "failed: " + status.message();
    if (eval_.failure->Matches(status.message())) return {};
    return fmt::format("expected to fail with {}, got: {}", eval_.failure->Describe(), status.message());
  }

  std::string RunRange() {
    const auto result = engine_.Range(storage_, eval_.expr, eval_.start, eval_.end, eval_.step);
    if (!result.ok()) return CheckFailure(result.status());
    if (eval_.failure) return "expected to fail, but it did not";
    std::string problem = Difference(eval_, result->annotations);
    return problem.empty() ? Difference(eval_, result->value) : problem;
  }

  std::string RunInstant(const std::string& expr, base::TimestampMs at) {
    const auto result = engine_.Instant(storage_, expr, at);
    if (!result.ok()) return CheckFailure(result.status());
    if (eval_.failure) return "expected to fail, but it did not";
    std::string problem = Difference(eval_, result->annotations);
    if (!problem.empty()) return problem;
    problem = Difference(eval_, result->value);
    if (!problem.empty()) return problem;
    const bool excluded = eval_.expects_range_vector || eval_.string.has_value();
    static const re2::RE2 kContext(R"((start|end|range|step)\(\))");
    if (excluded || re2::RE2::PartialMatch(expr, kContext)) return {};
    problem = RunMiddleStep(expr, at, std::holds_alternative<promql::Scalar>(result->value));
    return problem.empty() ? problem : "in range mode: " + problem;
  }

  // A range of three steps around `at` must have the same value there.
  std::string RunMiddleStep(const std::string& expr, base::TimestampMs at, bool is_scalar) {
    const auto result = engine_.Range(storage_, expr, at - base::Minutes(1), at + base::Minutes(1), base::Minutes(1));
    if (!result.ok()) return "failed: " + result.status().message();
    if (eval_.ordered) return {};
    const auto* matrix = std::get_if<promql::Matrix>(&result->value);
    if (matrix == nullptr) return "the result is not a matrix";
    promql::Vector vector;
    for (std::size_t i = 0; i < matrix->size(); ++i) {
      const promql::MatrixSeries& series = (*matrix)[i];
      if (i > 0 && series.labels < (*matrix)[i - 1].labels) return "the series of the matrix are not sorted by labels";
      for (const promql::FloatPoint& p : series.floats) {
        if (p.timestamp == at) vector.push_back({series.labels, at, p.value, nullptr});
      }
      for (const promql::HistogramPoint& p : series.histograms) {
        if (p.timestamp == at) vector.push_back({series.labels, at, 0, p.histogram});
      }
    }
    if (!is_scalar) return Difference(eval_, promql::Value(std::move(vector)));
    if (vector.empty()) return "the scalar has no value at the middle step";
    return Difference(eval_, promql::Value(promql::Scalar{at, vector.front().value}));
  }

  const promql::Engine& engine_;
  storage::Storage& storage_;
  const EvalCommand& eval_;
};

}  // namespace

promql::EngineOptions ScriptEngineOptions() {
  promql::EngineOptions options;
  options.parser = kAllFeatures;
  options.timeout = base::Seconds(100);
  options.delayed_name_removal = true;
  options.use_start_timestamps = true;
  return options;
}

base::Result<ScriptResult> RunScript(std::string_view text, const promql::Engine& engine,
                                     const StorageFactory& new_storage, const StorageStep& after_load) {
  BW_ASSIGN_OR_RETURN(const std::vector<Command> commands, ParseScript(text));
  ScriptResult result;
  std::unique_ptr<storage::Storage> storage = new_storage();
  for (const Command& command : commands) {
    if (std::holds_alternative<ClearCommand>(command.what)) {
      storage.reset();
      storage = new_storage();
    } else if (const auto* load = std::get_if<LoadCommand>(&command.what)) {
      if (auto status = Load(*load, *storage); !status.ok()) {
        return status.WithContext(fmt::format("line {}: load", command.line));
      }
      if (after_load) storage = after_load(std::move(storage));
    } else {
      const auto& eval = std::get<EvalCommand>(command.what);
      std::string problem = EvalRunner(engine, *storage, eval).Run();
      ++result.total;
      if (problem.empty()) {
        ++result.passed;
      } else {
        result.failures.push_back({command.line, eval.expr, std::move(problem)});
      }
    }
  }
  return result;
}

}  // namespace bellwether::promqltest
