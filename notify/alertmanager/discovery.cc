#include "notify/alertmanager/discovery.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/file_glob.h"
#include "base/log.h"
#include "base/read_file.h"
#include "yaml/yaml_tree.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kAddressLabel = "__address__";
constexpr std::string_view kSchemeLabel = "__scheme__";
constexpr std::string_view kPathLabel = "__alerts_path__";
constexpr std::string_view kFileLabel = "__meta_filepath";

// "/prefix/api/v2/alerts", with single slashes.
std::string PostPath(std::string_view prefix) {
  std::string out;
  for (const char c : fmt::format("/{}/api/v2/alerts", prefix)) {
    if (c != '/' || !out.ends_with('/')) out.push_back(c);
  }
  return out;
}

std::string UrlOf(const metric::Labels& labels) {
  std::string path(labels.Get(kPathLabel));
  if (!path.starts_with('/')) path.insert(path.begin(), '/');
  return fmt::format("{}://{}{}", labels.Get(kSchemeLabel), labels.Get(kAddressLabel), path);
}

metric::Labels TargetLabels(const AlertmanagerGroup& group, const TargetGroup& targets, const std::string& address) {
  metric::LabelsBuilder labels;
  for (const auto& [name, value] : targets.labels) labels.Set(name, value);
  labels.Set(kAddressLabel, address);
  labels.Set(kSchemeLabel, group.scheme);
  labels.Set(kPathLabel, PostPath(group.path_prefix));
  return labels.Build();
}

base::Result<std::vector<TargetGroup>> ReadTargetFile(const std::string& path) {
  BW_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  const yaml::YamlDocument document = yaml::ReadYaml(text);  // JSON is YAML.
  yaml::FaultList faults(path);
  for (const yaml::YamlFault& fault : document.faults) faults.Add(fault.position, fault.text);
  if (document.root.kind != yaml::YamlNode::Kind::kSequence) {
    faults.Add(document.root.position, "a file of targets must be a list");
  }
  std::vector<TargetGroup> groups = ReadTargetGroups(document.root.items, faults);
  if (const auto found = faults.Take(); !found.empty()) return base::InvalidArgument(found.front());
  for (TargetGroup& group : groups) group.labels.insert_or_assign(std::string(kFileLabel), path);
  return groups;
}

std::vector<TargetGroup> AllTargets(const AlertmanagerGroup& group, TargetFileCache& cache) {
  std::vector<TargetGroup> all = group.static_targets;
  for (const TargetFiles& files : group.target_files) {
    for (const std::string& pattern : files.patterns) {
      for (const std::string& path : base::ExpandGlob(pattern)) {
        auto read = ReadTargetFile(path);
        if (read.ok()) {
          cache[path] = *std::move(read);
        } else {
          BW_LOG(kWarning, "file of Alertmanagers not read; what it held before stays", {"error", read.status()});
        }
        all.insert(all.end(), cache[path].begin(), cache[path].end());
      }
    }
  }
  return all;
}

}  // namespace

DiscoveredUrls Discover(const AlertmanagerGroup& group, TargetFileCache& cache) {
  DiscoveredUrls out;
  for (const TargetGroup& targets : AllTargets(group, cache)) {
    for (const std::string& address : targets.targets) {
      const metric::Labels found = TargetLabels(group, targets, address);
      const std::optional<metric::Labels> kept = relabel::Relabel(found, group.relabel_configs);
      if (!kept) {
        out.dropped.push_back(UrlOf(found));
        continue;
      }
      std::string url = UrlOf(*kept);
      const std::string_view host = kept->Get(kAddressLabel);
      if (host.empty() || host.find('/') != std::string_view::npos) {
        BW_LOG(kWarning, "not an address of an Alertmanager", {"address", host});
      } else if (std::find(out.active.begin(), out.active.end(), url) == out.active.end()) {
        out.active.push_back(std::move(url));
      }
    }
  }
  return out;
}

}  // namespace bellwether::notify
