// relabel/rule_reader.h
//
// Relabelling rules from a configuration file: the lists under relabel_configs and alert_relabel_configs.
#pragma once

#include <span>
#include <vector>

#include "relabel/relabel.h"
#include "yaml/field_reader.h"

namespace bellwether::relabel {

// The rules that are right; the others are faults.
[[nodiscard]] std::vector<Rule> ReadRules(std::span<const yaml::YamlNode> nodes, yaml::FaultList& faults);

}  // namespace bellwether::relabel
