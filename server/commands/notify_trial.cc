#include "server/commands/notify_trial.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/read_file.h"
#include "notify/dispatcher.h"
#include "notify/preview.h"
#include "server/http_client.h"
#include "server/smtp_client.h"
#include "server/version.h"

namespace bellwether::server {
namespace {

struct TrialFlags {
  std::string config_file;
  std::string receiver;
  std::string alert_file;
  std::string external_url = "http://127.0.0.1:9598";
  bool send = false;
};

base::Result<std::vector<notify::PreviewedMessage>> TryReceiver(const TrialFlags& flags) {
  BW_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(flags.config_file));
  // The file is an Alertmanager's, or one of ours with the same keys under `notifications`.
  const bool is_ours = text.starts_with("notifications:") || text.find("\nnotifications:") != std::string::npos;
  BW_ASSIGN_OR_RETURN(const auto config, notify::ParseConfig(flags.config_file, text, is_ours ? "notifications" : "",
                                                             {.use = notify::ConfigUse::kJudge}));
  notify::PreviewRequest request{.receiver = flags.receiver, .alerts_json = {}, .send = flags.send};
  if (!flags.alert_file.empty()) {
    BW_ASSIGN_OR_RETURN(request.alerts_json, base::ReadFile(flags.alert_file));
  }
  CurlHttpClient http(fmt::format("Bellwether/{}", kVersion));
  CurlMailClient mail;
  return notify::Preview(*config, flags.external_url, request, base::SystemClock().Now(), {http, mail});
}

int RunTrial(const TrialFlags& flags) {
  const auto messages = TryReceiver(flags);
  if (!messages.ok()) {
    fmt::print(stderr, "bellwether: {}\n", messages.status().message());
    return 1;
  }
  for (const notify::PreviewedMessage& message : *messages) {
    fmt::print("{} {}\n{}\n{}: {}\n\n", message.integration, message.target, message.body, message.integration,
               message.outcome);
  }
  return std::all_of(messages->begin(), messages->end(), [](const auto& m) { return m.ok; }) ? 0 : 1;
}

}  // namespace

void AddNotifyTrial(CLI::App& notify, std::function<int()>& run) {
  const auto flags = std::make_shared<TrialFlags>();
  CLI::App* test = notify.add_subcommand("test", "What a receiver is sent; with --send, sends it");
  test->add_option("--config.file", flags->config_file, "The configuration: of this server, or an Alertmanager's")
      ->required();
  test->add_option("--receiver", flags->receiver, "The receiver")->required();
  test->add_option("--alert", flags->alert_file,
                   R"(A JSON file with alerts: [{"labels": {...}, "annotations": {...}}]; without, one is made up)");
  test->add_option("--web.external-url", flags->external_url, "Where links lead");
  test->add_flag("--send", flags->send, "Sends it");
  test->callback([flags, &run] { run = [flags] { return RunTrial(*flags); }; });
}

}  // namespace bellwether::server
