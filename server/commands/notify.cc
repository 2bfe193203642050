#include "server/commands/notify.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/read_file.h"
#include "metric/labels.h"
#include "notify/dispatcher.h"
#include "server/commands/notify_trial.h"

namespace bellwether::server {
namespace {

struct RouteFlags {
  std::string file;
  std::vector<std::string> labels;
};

// The file is an Alertmanager's, or one of ours with the same keys under `notifications`.
base::Result<std::shared_ptr<const notify::Config>> ReadRoutes(const std::string& file) {
  const auto text = base::ReadFile(file);
  if (!text.ok()) return base::NotFound(fmt::format("cannot read {}: {}", file, text.status().message()));
  const bool is_ours = text->starts_with("notifications:") || text->find("\nnotifications:") != std::string::npos;
  return notify::ParseConfig(file, *text, is_ours ? "notifications" : "", {.use = notify::ConfigUse::kJudge});
}

base::Result<metric::Labels> ReadLabels(const std::vector<std::string>& words) {
  std::vector<metric::LabelView> labels;
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return base::InvalidArgument(fmt::format("\"{}\" is no label; write name=value", word));
    }
    labels.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  return metric::Labels::FromPairs(std::move(labels));
}

base::Status ShowRoute(const RouteFlags& flags) {
  BW_ASSIGN_OR_RETURN(const auto config, ReadRoutes(flags.file));
  BW_ASSIGN_OR_RETURN(const metric::Labels labels, ReadLabels(flags.labels));
  fmt::print("An alert {}:\n", labels.ToString());
  std::string taken;
  for (const notify::RouteStep& step : notify::ExplainRoute(*config, labels)) {
    fmt::print("{:{}}{}: {}\n", "", 2 * step.depth, step.matchers, step.why);
    if (!step.is_taken) continue;
    fmt::print("{:{}}-> receiver {}, group {}\n", "", 2 * step.depth + 2, step.receiver, step.group_key);
    fmt::print("{:{}}   {}\n", "", 2 * step.depth + 2, step.timing);
    taken += (taken.empty() ? "" : ", ") + step.receiver;
  }
  fmt::print("Receivers: {}\n", taken);
  return base::OkStatus();
}

}  // namespace

void AddNotifyCommand(CLI::App& app, std::function<int()>& run) {
  CLI::App* notify = app.add_subcommand("notify", "About notifications");
  notify->require_subcommand(1);
  const auto flags = std::make_shared<RouteFlags>();
  CLI::App* route = notify->add_subcommand("route", "Which receivers an alert reaches, and why");
  route->add_option("--config.file", flags->file, "The configuration: of this server, or an Alertmanager's")
      ->required();
  route->add_option("LABEL", flags->labels, "Labels of the alert: severity=page team=ml");
  route->callback([flags, &run] {
    run = [flags] {
      const base::Status status = ShowRoute(*flags);
      if (!status.ok()) fmt::print(stderr, "bellwether: {}\n", status.message());
      return status.ok() ? 0 : 1;
    };
  });
  AddNotifyTrial(*notify, run);
}

}  // namespace bellwether::server
