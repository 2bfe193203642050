// tests/drift/golden.h
//
// Suites of expected values, one JSON file each: cases with an input, parameters and what is expected of them. A suite
// is evaluated to a tree of the same shape, which is compared leaf by leaf within the case's tolerance.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace bellwether::golden {

using Json = nlohmann::json;

// BELLWETHER_GOLDEN_DIR, or the default; nothing where there is no such directory.
[[nodiscard]] std::optional<std::filesystem::path> GoldenDirectory();
[[nodiscard]] Json ReadSuite(const std::filesystem::path& directory, std::string_view suite);

// A number, or "NaN", "+Inf", "-Inf".
[[nodiscard]] double NumberOf(const Json& json);
[[nodiscard]] std::vector<double> NumbersOf(const Json& json);

// What the value of the raw samples, which is not to be reproduced, lies between; names of expected values.
struct RawBounds {
  std::string_view raw;
  std::string_view lower;
  std::string_view upper;
};

struct Suite {
  std::string_view name;
  // The values of one case. `series`: the document with the named series.
  std::function<Json(const Json& one, const Json& series)> evaluate;
  std::vector<std::string_view> optional = {};  // Keys that need not be there.
  std::vector<RawBounds> raw_bounds = {};
};

struct Tally {
  std::size_t compared = 0;
  std::size_t skipped = 0;
  std::vector<std::string> faults;  // "psi-003 additive: 0.1, expected 0.2"
};
[[nodiscard]] Tally CompareSuite(const Suite& suite, const Json& document, const Json& series);

// The suites, by what they are about.
[[nodiscard]] std::vector<Suite> DistanceSuites();
[[nodiscard]] std::vector<Suite> HistogramSuites();
[[nodiscard]] std::vector<Suite> TestingSuites();
[[nodiscard]] std::vector<Suite> QualitySuites();
[[nodiscard]] std::vector<Suite> DetectorSuites();

}  // namespace bellwether::golden
