// base/number.h
//
// Floating-point numbers in text, the way Go's strconv writes and reads them, because every Prometheus client expects
// that.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bellwether::base {

// Appends the shortest decimal that reads back as `v`; exponent form if 0 < |v| < 1e-6 or |v| >= 1e21 ("1e-07",
// "1e+21"); "NaN", "+Inf", "-Inf", "-0". This is the form of sample values in Prometheus's JSON.
void AppendNumber(std::string& out, double v);
[[nodiscard]] std::string FormatNumber(double v);

// Go's %v and %g with shortest digits, as {{ $value }} prints: exponent form when the decimal exponent is below -4 or
// at least 6 ("100000", "1e+06", "1.234567e+06").
[[nodiscard]] std::string FormatNumberG(double v);

// Go's %f with shortest digits: never an exponent. "NaN", "+Inf", "-Inf".
[[nodiscard]] std::string FormatNumberF(double v);

// Go's %e with shortest digits: "1e+00", "2.5e-01".
[[nodiscard]] std::string FormatNumberE(double v);

// C's %.{precision}g: "95.9", "1.235e+04"; "NaN", "+Inf", "-Inf".
[[nodiscard]] std::string FormatNumberGPrecision(double v, int precision);

// Reads decimal or exponent form, hexadecimal floats, "Inf", "+Inf", "-inf", "NaN", "infinity", any case. The whole
// text must be used.
[[nodiscard]] std::optional<double> ParseNumber(std::string_view text);

}  // namespace bellwether::base
