#include "server/features.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <CLI/CLI.hpp>

namespace bellwether::server {
namespace {

struct FeatureFlag {
  std::string_view name;
  bool promql::EngineOptions::*engine = nullptr;
  bool promql::ParserOptions::*parser = nullptr;
};

constexpr std::array<FeatureFlag, 7> kFeatureFlags = {{
    {"promql-experimental-functions", nullptr, &promql::ParserOptions::experimental_functions},
    {"promql-extended-range-selectors", nullptr, &promql::ParserOptions::extended_range_selectors},
    {"promql-binop-fill-modifiers", nullptr, &promql::ParserOptions::binop_fill_modifiers},
    {"promql-delayed-name-removal", &promql::EngineOptions::delayed_name_removal, nullptr},
    {"promql-per-step-stats", &promql::EngineOptions::per_step_stats, nullptr},
    {"use-start-timestamps", &promql::EngineOptions::use_start_timestamps, nullptr},
    {"type-and-unit-labels", &promql::EngineOptions::type_and_unit_labels, nullptr},
}};

// Those that other parts look for themselves.
constexpr std::array<std::string_view, 1> kServerFeatures = {"search-api"};

// Those that are always on here; named for the sake of command lines made for Prometheus.
constexpr std::array<std::string_view, 8> kGraduatedFeatures = {
    "promql-at-modifier",    "promql-negative-offset", "promql-duration-expr",  "native-histograms",
    "ooo-native-histograms", "exemplar-storage",       "remote-write-receiver", "concurrent-rule-eval"};

}  // namespace

void AddFeatureFlag(CLI::App& command, std::vector<std::string>& features) {
  command.add_option("--enable-feature", features, "Features by Prometheus's names, separated by commas")
      ->delimiter(',');
}

std::vector<std::string> ApplyFeatures(const std::vector<std::string>& features, promql::EngineOptions& options) {
  std::vector<std::string> unknown;
  for (const std::string& feature : features) {
    bool known = std::find(kGraduatedFeatures.begin(), kGraduatedFeatures.end(), feature) != kGraduatedFeatures.end();
    known = known || std::find(kServerFeatures.begin(), kServerFeatures.end(), feature) != kServerFeatures.end();
    for (const FeatureFlag& flag : kFeatureFlags) {
      if (flag.name != feature) continue;
      known = true;
      if (flag.engine != nullptr) options.*flag.engine = true;
      if (flag.parser != nullptr) options.parser.*flag.parser = true;
    }
    if (!known) unknown.push_back(feature);
  }
  return unknown;
}

}  // namespace bellwether::server
