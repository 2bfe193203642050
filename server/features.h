// server/features.h
//
// --enable-feature: Prometheus's names for what is experimental there.
#pragma once

#include <string>
#include <vector>

#include "promql/engine.h"

namespace CLI {
class App;
}

namespace bellwether::server {

// Adds --enable-feature to a command; `features` outlives its parsing.
void AddFeatureFlag(CLI::App& command, std::vector<std::string>& features);

// Switches the features on; returns those that nobody knows. What has graduated here is known and changes nothing.
std::vector<std::string> ApplyFeatures(const std::vector<std::string>& features, promql::EngineOptions& options);

}  // namespace bellwether::server
