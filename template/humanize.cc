#include "template/humanize.h"

#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "base/number.h"

namespace bellwether::templating {
namespace {

bool IsSpecial(double v) { return std::isnan(v) || std::isinf(v); }

std::string FourDigits(double v) { return base::FormatNumberGPrecision(v, 4); }

struct Scaled {
  double value = 0;
  std::string_view prefix;
};

constexpr std::string_view kLarge[] = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::string_view kSmall[] = {"m", "u", "n", "p", "f", "a", "z", "y"};

Scaled ScaleDown(double v) {
  Scaled s{.value = v, .prefix = ""};
  for (const std::string_view prefix : kSmall) {
    if (std::fabs(s.value) >= 1) break;
    s.prefix = prefix;
    s.value *= 1000;
  }
  return s;
}

}  // namespace

std::string Humanize(double v) {
  if (v == 0 || IsSpecial(v)) return FourDigits(v);
  Scaled s{.value = v, .prefix = ""};
  if (std::fabs(v) < 1) {
    s = ScaleDown(v);
  } else {
    for (const std::string_view prefix : kLarge) {
      if (std::fabs(s.value) < 1000) break;
      s.prefix = prefix;
      s.value /= 1000;
    }
  }
  return FourDigits(s.value) + std::string(s.prefix);
}

std::string Humanize1024(double v) {
  if (std::fabs(v) <= 1 || IsSpecial(v)) return FourDigits(v);
  constexpr std::string_view kBinary[] = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
  std::string_view prefix;
  for (const std::string_view p : kBinary) {
    if (std::fabs(v) < 1024) break;
    prefix = p;
    v /= 1024;
  }
  return FourDigits(v) + std::string(prefix);
}

std::string HumanizeDuration(double v) {
  if (IsSpecial(v)) return FourDigits(v);
  if (v == 0) return FourDigits(v) + "s";
  if (std::fabs(v) < 1) {
    const Scaled s = ScaleDown(v);
    return FourDigits(s.value) + std::string(s.prefix) + "s";
  }
  const char* sign = v < 0 ? "-" : "";
  v = std::fabs(v);
  constexpr double kLimit = 9.2e18;  // Whole seconds are counted in 64 bits.
  const auto whole = static_cast<std::int64_t>(std::fmin(v, kLimit));
  const std::int64_t seconds = whole % 60, minutes = whole / 60 % 60, hours = whole / 3600 % 24, days = whole / 86400;
  if (days != 0) return fmt::format("{}{}d {}h {}m {}s", sign, days, hours, minutes, seconds);
  if (hours != 0) return fmt::format("{}{}h {}m {}s", sign, hours, minutes, seconds);
  if (minutes != 0) return fmt::format("{}{}m {}s", sign, minutes, seconds);
  return sign + FourDigits(v) + "s";
}

std::string HumanizePercentage(double ratio) { return FourDigits(ratio * 100) + "%"; }

}  // namespace bellwether::templating
