// notify/alertmanager/alerting_config.h
//
// The `alerting` part of a configuration as values: groups of Alertmanagers, how they are found and reached, and what
// becomes of the labels on the way. Immutable once read.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "metric/labels.h"
#include "notify/config/config.h"
#include "relabel/relabel.h"
#include "yaml/field_reader.h"

namespace bellwether::notify {

// Targets that share labels, as a static list or a file of targets has them.
struct TargetGroup {
  std::vector<std::string> targets;  // HOST:PORT
  yaml::TextMap labels;
};

struct TargetFiles {
  std::vector<std::string> patterns;  // Absolute, or relative to the working directory.
  base::DurationMs refresh_interval = base::Minutes(5);
};

// Alertmanagers that are found and reached in one way.
struct AlertmanagerGroup {
  std::string scheme = "http";
  std::string path_prefix = "/";
  base::DurationMs timeout = base::Seconds(10);
  HttpConfig http;
  std::vector<TargetGroup> static_targets;
  std::vector<TargetFiles> target_files;
  std::vector<relabel::Rule> relabel_configs;        // On what is found.
  std::vector<relabel::Rule> alert_relabel_configs;  // On what is sent to them, after those of all.
};

struct AlertingConfig {
  std::vector<relabel::Rule> alert_relabel_configs;
  std::vector<AlertmanagerGroup> groups;
};

// A list of target groups, as it stands under static_configs and in files of targets.
[[nodiscard]] std::vector<TargetGroup> ReadTargetGroups(std::span<const yaml::YamlNode> nodes, yaml::FaultList& faults);

}  // namespace bellwether::notify
