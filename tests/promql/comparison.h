// tests/promql/comparison.h
//
// Whether a query's value is the expected one. Floats may differ by a millionth of their size; label sets, timestamps,
// the kind of each sample and the layout of histograms may not differ at all.
#pragma once

#include <string>

#include "promql/engine.h"
#include "tests/promql/script.h"

namespace bellwether::promqltest {

[[nodiscard]] bool AlmostEqual(double a, double b);

// Empty if `value` is as `expected` says, else what is wrong.
[[nodiscard]] std::string Difference(const EvalCommand& expected, const promql::Value& value);

// The same for the texts of warnings and infos.
[[nodiscard]] std::string Difference(const EvalCommand& expected, const promql::Annotations& annotations);

}  // namespace bellwether::promqltest
