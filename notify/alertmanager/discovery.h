// notify/alertmanager/discovery.h
//
// Which Alertmanagers there are now: the targets of a group after relabelling, as URLs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "notify/alertmanager/alerting_config.h"

namespace bellwether::notify {

// URLs of a group; active ones each once.
struct DiscoveredUrls {
  std::vector<std::string> active;
  std::vector<std::string> dropped;
};

// What files of targets held when they could last be read, by path.
using TargetFileCache = std::map<std::string, std::vector<TargetGroup>>;

// Reads the files of targets anew; one that is broken keeps what it last held, and the log says so.
[[nodiscard]] DiscoveredUrls Discover(const AlertmanagerGroup& group, TargetFileCache& cache);

}  // namespace bellwether::notify
