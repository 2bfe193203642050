// template/humanize.h
//
// Numbers for people: 1.049M, 1Mi, 2m 15s, 95.9%.
#pragma once

#include <string>

namespace bellwether::templating {

[[nodiscard]] std::string Humanize(double v);      // Powers of 1000: "12.35k", "4.5m".
[[nodiscard]] std::string Humanize1024(double v);  // Powers of 1024: "1Mi".
[[nodiscard]] std::string HumanizeDuration(double seconds);
[[nodiscard]] std::string HumanizePercentage(double ratio);

}  // namespace bellwether::templating
