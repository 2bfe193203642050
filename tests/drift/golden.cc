#include "tests/drift/golden.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>

#include <fmt/format.h>

namespace bellwether::golden {
namespace {

struct Tolerance {
  double relative = 0;
  double absolute = 0;
};

Tolerance ReadTolerance(const Json& json, Tolerance fallback) {
  return {json.value("rel", fallback.relative), json.value("abs", fallback.absolute)};
}

bool Matches(double got, double want, Tolerance tolerance) {
  if (std::isnan(want)) return std::isnan(got);
  if (std::isinf(want)) return got == want;
  const double allowed = std::max(tolerance.absolute, tolerance.relative * std::max(std::fabs(got), std::fabs(want)));
  return std::fabs(got - want) <= allowed;
}

std::size_t LeavesOf(const Json& json) {
  if (!json.is_structured()) return 1;
  std::size_t leaves = 0;
  for (const Json& child : json) leaves += LeavesOf(child);
  return leaves;
}

bool IsSpecial(const Json& json) { return json == "NaN" || json == "+Inf" || json == "-Inf"; }

class Comparison {
 public:
  Comparison(const Suite& suite, const Json& one, Tolerance tolerance, Tally& tally)
      : suite_(suite), one_(one), tolerance_(tolerance), tally_(tally) {}

  void Run(const Json& got) {
    for (const auto& [key, want] : one_["expect"].items()) {
      if (key == "raw") {
        CheckRaw(want);
        tally_.skipped += LeavesOf(want);
      } else {
        Tolerance tolerance = tolerance_;
        if (one_.contains("tolerance") && one_["tolerance"].contains(key)) {
          tolerance = ReadTolerance(one_["tolerance"][key], tolerance);
        }
        Compare(key, want, got.contains(key) ? &got[key] : nullptr, tolerance);
      }
    }
  }

 private:
  void Compare(const std::string& path, const Json& want, const Json* got, Tolerance tolerance) {
    if (got == nullptr) {
      if (IsOptional(path)) {
        tally_.skipped += LeavesOf(want);
      } else {
        Fault(path, "missing", want);
      }
    } else if (want.is_object()) {
      for (const auto& [key, child] : want.items()) {
        Compare(path + "." + key, child, got->contains(key) ? &(*got)[key] : nullptr, tolerance);
      }
    } else if (want.is_array()) {
      if (!got->is_array() || got->size() != want.size()) {
        Fault(path, got->dump(), want);
        return;
      }
      for (std::size_t i = 0; i < want.size(); ++i) {
        Compare(fmt::format("{}[{}]", path, i), want[i], &(*got)[i], tolerance);
      }
    } else {
      CompareLeaf(path, want, *got, tolerance);
    }
  }

  void CompareLeaf(const std::string& path, const Json& want, const Json& got, Tolerance tolerance) {
    ++tally_.compared;
    if (got.is_number() && (want.is_number() || IsSpecial(want))) {
      const double value = NumberOf(got);
      if (!Matches(value, NumberOf(want), tolerance)) Fault(path, fmt::format("{}", value), want);
    } else if (got != want) {
      Fault(path, got.dump(), want);
    }
  }

  void CheckRaw(const Json& raw) {
    const Json& expect = one_["expect"];
    for (const RawBounds& bounds : suite_.raw_bounds) {
      if (!raw.contains(bounds.raw) || !expect.contains(bounds.lower)) continue;
      constexpr double kSlack = 1e-9;
      const double value = NumberOf(raw[std::string(bounds.raw)]);
      const double lower = NumberOf(expect[std::string(bounds.lower)]);
      const double upper = expect.contains(bounds.upper) ? NumberOf(expect[std::string(bounds.upper)])
                                                         : std::numeric_limits<double>::infinity();
      ++tally_.compared;
      if (value < lower - kSlack || value > upper + kSlack) {
        Fault("raw." + std::string(bounds.raw), fmt::format("[{}, {}]", lower, upper), value);
      }
    }
  }

  [[nodiscard]] bool IsOptional(std::string_view path) const {
    return std::any_of(suite_.optional.begin(), suite_.optional.end(),
                       [&](std::string_view key) { return path == key; });
  }

  void Fault(const std::string& path, std::string_view got, const Json& want) {
    tally_.faults.push_back(
        fmt::format("{} {}: {}, expected {}", one_["id"].get<std::string>(), path, got, want.dump()));
  }

  const Suite& suite_;
  const Json& one_;
  const Tolerance tolerance_;
  Tally& tally_;
};

}  // namespace

std::optional<std::filesystem::path> GoldenDirectory() {
  const char* named = std::getenv("BELLWETHER_GOLDEN_DIR");
  const std::filesystem::path directory = named != nullptr ? named : "../shared/golden/drift";
  if (!std::filesystem::is_directory(directory)) return std::nullopt;
  return directory;
}

Json ReadSuite(const std::filesystem::path& directory, std::string_view suite) {
  std::ifstream file(directory / (std::string(suite) + ".json"));
  return file ? Json::parse(file, nullptr, false) : Json(Json::value_t::discarded);
}

double NumberOf(const Json& json) {
  if (json.is_number()) return json.get<double>();
  const double infinity = std::numeric_limits<double>::infinity();
  if (json == "+Inf") return infinity;
  return json == "-Inf" ? -infinity : std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> NumbersOf(const Json& json) {
  std::vector<double> out;
  for (const Json& number : json) out.push_back(NumberOf(number));
  return out;
}

Tally CompareSuite(const Suite& suite, const Json& document, const Json& series) {
  Tally tally;
  const Tolerance fallback = ReadTolerance(document["default_tolerance"], {});
  for (const Json& one : document["cases"]) {
    Comparison(suite, one, fallback, tally).Run(suite.evaluate(one, series));
  }
  return tally;
}

}  // namespace bellwether::golden
