#include "notify/alertmanager/alerting_config.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/quote.h"
#include "notify/alertmanagers.h"
#include "notify/config/config_reader.h"
#include "relabel/rule_reader.h"
#include "yaml/yaml_tree.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

constexpr std::array<std::string_view, 8> kGroupKeys = {"scheme",          "path_prefix",          "timeout",
                                                        "api_version",     "static_configs",       "file_sd_configs",
                                                        "relabel_configs", "alert_relabel_configs"};
constexpr std::string_view kForeignDiscovery[] = {"aws_sd_configs",         "azure_sd_configs",
                                                  "consul_sd_configs",      "digitalocean_sd_configs",
                                                  "dns_sd_configs",         "docker_sd_configs",
                                                  "dockerswarm_sd_configs", "ec2_sd_configs",
                                                  "eureka_sd_configs",      "gce_sd_configs",
                                                  "hetzner_sd_configs",     "http_sd_configs",
                                                  "ionos_sd_configs",       "kuma_sd_configs",
                                                  "kubernetes_sd_configs",  "lightsail_sd_configs",
                                                  "linode_sd_configs",      "marathon_sd_configs",
                                                  "nerve_sd_configs",       "nomad_sd_configs",
                                                  "openstack_sd_configs",   "ovhcloud_sd_configs",
                                                  "puppetdb_sd_configs",    "scaleway_sd_configs",
                                                  "serverset_sd_configs",   "stackit_sd_configs",
                                                  "triton_sd_configs",      "uyuni_sd_configs",
                                                  "vultr_sd_configs",       "sigv4",
                                                  "bearer_token",           "bearer_token_file"};

// `node` with those fields alone that HTTP clients are configured by, so that one reader serves both notations.
YamlNode HttpFieldsOf(const YamlNode& node) {
  YamlNode http = node;
  std::erase_if(http.fields, [](const yaml::YamlField& field) {
    const auto is = [&](std::string_view key) { return key == field.key; };
    return std::none_of(kHttpConfigKeys.begin(), kHttpConfigKeys.end(), is);
  });
  return http;
}

void RefuseForeign(FieldReader& fields) {
  std::vector<std::string_view> known(kGroupKeys.begin(), kGroupKeys.end());
  known.insert(known.end(), kHttpConfigKeys.begin(), kHttpConfigKeys.end());
  fields.RefuseUnknown(known, kForeignDiscovery);
}

std::vector<TargetFiles> ReadTargetFiles(std::span<const YamlNode> nodes, ReadContext& context) {
  std::vector<TargetFiles> out;
  for (const YamlNode& node : nodes) {
    FieldReader fields(node, "an entry of file_sd_configs", context.faults);
    TargetFiles files;
    for (const YamlNode& pattern : fields.List("files")) {
      const bool named_well =
          pattern.scalar.ends_with(".json") || pattern.scalar.ends_with(".yml") || pattern.scalar.ends_with(".yaml");
      if (!named_well) {
        context.faults.Add(pattern.position, fmt::format("path name {} is not valid for file discovery: it must end "
                                                         "in .json, .yml or .yaml",
                                                         base::Quote(pattern.scalar)));
      }
      files.patterns.push_back(context.Path(pattern.scalar));
    }
    if (files.patterns.empty()) {
      context.faults.Add(node.position, "file service discovery config must contain at least one path name");
    }
    if (const auto interval = fields.Duration("refresh_interval")) files.refresh_interval = *interval;
    constexpr std::string_view kKnown[] = {"files", "refresh_interval"};
    fields.RefuseUnknown(kKnown, {});
    out.push_back(std::move(files));
  }
  return out;
}

// A URL in place of HOST:PORT is the usual slip; where targets are relabelled it may be meant.
void CheckAddresses(std::span<const YamlNode> nodes, yaml::FaultList& faults) {
  for (const YamlNode& node : nodes) {
    FieldReader fields(node, "an entry of static_configs", faults);
    for (const YamlNode& target : fields.List("targets")) {
      if (target.scalar.empty() || target.scalar.find('/') != std::string::npos) {
        faults.Add(target.position, fmt::format("{} is not a valid hostname: write HOST:PORT, and the rest as "
                                                "'scheme' and 'path_prefix'",
                                                base::Quote(target.scalar)));
      }
    }
  }
}

AlertmanagerGroup ReadGroup(const YamlNode& node, ReadContext& context) {
  FieldReader fields(node, "an entry of 'alertmanagers'", context.faults);
  AlertmanagerGroup group;
  if (const std::string scheme = fields.Text("scheme"); !scheme.empty()) group.scheme = scheme;
  if (group.scheme != "http" && group.scheme != "https") {
    context.faults.Add(fields.PositionOf("scheme"),
                       fmt::format("scheme must be http or https, not {}", base::Quote(group.scheme)));
  }
  if (const std::string prefix = fields.Text("path_prefix"); !prefix.empty()) group.path_prefix = prefix;
  if (const auto timeout = fields.Duration("timeout")) group.timeout = *timeout;
  if (const std::string version = fields.Text("api_version"); !version.empty() && version != "v2") {
    context.faults.Add(fields.PositionOf("api_version"),
                       fmt::format("expected Alertmanager api version to be one of [v2] but got {}", version));
  }
  const YamlNode http = HttpFieldsOf(node);
  group.http = ReadHttpConfig(http, context);
  group.static_targets = ReadTargetGroups(fields.List("static_configs"), context.faults);
  group.target_files = ReadTargetFiles(fields.List("file_sd_configs"), context);
  group.relabel_configs = relabel::ReadRules(fields.List("relabel_configs"), context.faults);
  group.alert_relabel_configs = relabel::ReadRules(fields.List("alert_relabel_configs"), context.faults);
  if (fields.Find("relabel_configs") == nullptr) CheckAddresses(fields.List("static_configs"), context.faults);
  RefuseForeign(fields);
  return group;
}

}  // namespace

std::vector<TargetGroup> ReadTargetGroups(std::span<const YamlNode> nodes, yaml::FaultList& faults) {
  std::vector<TargetGroup> out;
  for (const YamlNode& node : nodes) {
    FieldReader fields(node, "a group of targets", faults);
    TargetGroup group;
    for (const YamlNode& target : fields.List("targets")) group.targets.push_back(target.scalar);
    group.labels = fields.Texts("labels");
    constexpr std::string_view kKnown[] = {"targets", "labels"};
    fields.RefuseUnknown(kKnown, {});
    out.push_back(std::move(group));
  }
  return out;
}

base::Result<std::shared_ptr<const AlertingConfig>> ParseAlerting(const std::string& file, std::string_view text,
                                                                  std::string_view path) {
  const yaml::YamlDocument document = yaml::ReadYaml(text);
  yaml::FaultList faults(file);
  for (const yaml::YamlFault& fault : document.faults) faults.Add(fault.position, fault.text);
  auto config = std::make_shared<AlertingConfig>();
  std::vector<std::string> warnings;
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  ReadContext context{
      .file = file, .folder = folder.empty() ? "" : folder.string() + "/", .faults = faults, .warnings = warnings};
  FieldReader top(document.root, "the configuration", faults);
  if (const YamlNode* node = top.Find(path)) {
    FieldReader fields(*node, "'alerting'", faults);
    config->alert_relabel_configs = relabel::ReadRules(fields.List("alert_relabel_configs"), faults);
    for (const YamlNode& group : fields.List("alertmanagers")) config->groups.push_back(ReadGroup(group, context));
    constexpr std::string_view kKnown[] = {"alert_relabel_configs", "alertmanagers"};
    fields.RefuseUnknown(kKnown, {});
  }
  std::string message;
  for (const std::string& fault : faults.Take()) message += (message.empty() ? "" : "\n") + fault;
  if (!message.empty()) return base::InvalidArgument(std::move(message));
  return std::shared_ptr<const AlertingConfig>(std::move(config));
}

}  // namespace bellwether::notify
