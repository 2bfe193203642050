#include "notify/config/config.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/md5.h"
#include "base/read_file.h"
#include "notify/config/config_reader.h"
#include "notify/dispatcher.h"
#include "notify/receivers/render.h"
#include "yaml/yaml_tree.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

// The mapping at "a.b" below `root`; null if there is none.
const YamlNode* NodeAt(const YamlNode& root, std::string_view path) {
  const YamlNode* node = &root;
  while (!path.empty() && node != nullptr) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const std::string_view key = path.substr(0, dot);
    path.remove_prefix(std::min(dot + 1, path.size()));
    const auto it = std::find_if(node->fields.begin(), node->fields.end(), [&](const auto& f) { return f.key == key; });
    node = it == node->fields.end() ? nullptr : &it->value;
  }
  return node;
}

// The files that a pattern names; wildcards in the last part alone.
std::vector<std::string> FilesOf(const std::string& pattern) {
  namespace fs = std::filesystem;
  std::vector<std::string> out;
  const fs::path path(pattern);
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string name = path.filename().string();
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (fnmatch(name.c_str(), it->path().filename().c_str(), FNM_PERIOD) == 0) out.push_back(it->path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

void ReadTemplates(std::span<const YamlNode> patterns, Config& config, ReadContext& context) {
  const templating::FunctionTable functions = MessageFunctions(base::TimestampMs(0));
  for (const YamlNode& node : patterns) {
    for (const std::string& path : FilesOf(context.Path(node.scalar))) {
      const base::Result<std::string> text = base::ReadFile(path);
      if (!text.ok()) {
        context.faults.Add(node.position,
                           fmt::format("cannot read the template file {}: {}", path, text.status().message()));
        continue;
      }
      const std::string name = std::filesystem::path(path).filename().string();
      const base::Status status = config.templates.Parse(name, *text, functions);
      if (!status.ok()) context.faults.Add(node.position, status.message());
    }
  }
}

void ReadReceivers(FieldReader& fields, const GlobalSettings& global, Config& config, ReadContext& context) {
  for (const YamlNode& node : fields.List("receivers")) {
    Receiver receiver = ReadReceiver(node, global, context);
    const std::string name = receiver.name;
    if (!config.receivers.emplace(name, std::move(receiver)).second) {
      context.faults.Add(node.position, fmt::format("notification config name \"{}\" is not unique", name));
      continue;
    }
    // Faults of templates show now, not when an alert fires.
    for (const Integration& integration : config.receivers.at(name).integrations) {
      const base::Status status = CheckRendering(integration, config.templates);
      if (!status.ok()) context.faults.Add(node.position, fmt::format("receiver \"{}\": {}", name, status.message()));
    }
  }
}

// The first six bytes of the MD5, as a number.
std::uint64_t HashOf(std::string_view text) {
  const auto md5 = base::Md5(text);
  std::uint64_t hash = 0;
  for (std::size_t i = 6; i > 0; --i) hash = hash << 8 | md5[i - 1];
  return hash;
}

std::size_t CountRoutes(const Route& route) {
  std::size_t count = 1;
  for (const Route& child : route.routes) count += CountRoutes(child);
  return count;
}

void ReadTop(const YamlNode& node, Config& config, ReadContext& context) {
  FieldReader fields(node, "the notification configuration", context.faults);
  GlobalSettings global;
  if (const YamlNode* block = fields.Find("global")) global = ReadGlobal(*block, context);
  ReadTemplates(fields.List("templates"), config, context);
  ReadReceivers(fields, global, config, context);
  config.resolve_timeout = global.resolve_timeout;
  ReadTimeIntervals(fields.List("time_intervals"), config.time_intervals, context);
  ReadTimeIntervals(fields.List("mute_time_intervals"), config.time_intervals, context);
  config.inhibit_rules = ReadInhibitRules(fields.List("inhibit_rules"), context);
  std::vector<std::string> names;
  names.reserve(config.receivers.size());
  for (const auto& [name, receiver] : config.receivers) names.push_back(name);
  if (const YamlNode* route = fields.Find("route")) {
    config.route = ReadRootRoute(*route, names, config.time_intervals, context);
  } else {
    context.faults.Add(node.position, "no route provided in config");
  }
  for (const std::string_view key : {"tracing", "event_recorder"}) {
    if (fields.Find(key) != nullptr) context.Warn(fields.PositionOf(key), fmt::format("'{}' has no effect here", key));
  }
  config.shown = ShownConfig(node);
  constexpr std::string_view kKnown[] = {"global",        "route",          "receivers",           "inhibit_rules",
                                         "templates",     "time_intervals", "mute_time_intervals", "tracing",
                                         "event_recorder"};
  fields.RefuseUnknown(kKnown, {});
}

}  // namespace

base::Result<std::shared_ptr<const Config>> ParseConfig(const std::string& file, std::string_view text,
                                                        std::string_view path, const ConfigOptions& options) {
  const yaml::YamlDocument document = yaml::ReadYaml(text);
  yaml::FaultList faults(file);
  for (const yaml::YamlFault& fault : document.faults) faults.Add(fault.position, fault.text);
  auto config = std::make_shared<Config>();
  config->templates = DefaultTemplates();
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  ReadContext context{.file = file,
                      .folder = folder.empty() ? "" : folder.string() + "/",
                      .faults = faults,
                      .warnings = config->warnings,
                      .options = options};
  config->hash = HashOf(text);
  const YamlNode* node = NodeAt(document.root, path);
  if (node == nullptr) {
    faults.Add({1, 1}, fmt::format("there is no '{}'", path));
  } else if (document.faults.empty()) {
    ReadTop(*node, *config, context);
  }
  std::string message;
  for (const std::string& fault : faults.Take()) message += (message.empty() ? "" : "\n") + fault;
  if (!message.empty()) return base::InvalidArgument(std::move(message));
  return std::shared_ptr<const Config>(std::move(config));
}

std::string ConfigSummary(const Config& config) {
  const auto count = [](std::size_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  return fmt::format("{}, {}, {}, {}", count(CountRoutes(config.route), "route"),
                     count(config.receivers.size(), "receiver"), count(config.inhibit_rules.size(), "inhibition rule"),
                     count(config.time_intervals.size(), "time interval"));
}

std::vector<std::string> ConfigWarnings(const Config& config) { return config.warnings; }

}  // namespace bellwether::notify
