#include "server/commands/silence.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "notify/shown_alert.h"
#include "server/commands/data_target.h"
#include "server/commands/query.h"
#include "server/commands/server_answer.h"

namespace bellwether::server {
namespace {

using nlohmann::json;

struct SilenceFlags {
  DataTarget target;
  std::vector<std::string> words;  // Matchers, or ids.
  std::string author = "";
  std::string comment;
  std::string start;
  std::string end;
  std::string duration = "1h";
  std::string format = "text";
  bool expired = false;
};

json MatcherJson(const metric::Matcher& m) {
  const bool is_regex = m.op() == metric::MatchOp::kRegex || m.op() == metric::MatchOp::kNotRegex;
  const bool is_equal = m.op() == metric::MatchOp::kEqual || m.op() == metric::MatchOp::kRegex;
  return {{"name", m.name()}, {"value", m.value()}, {"isRegex", is_regex}, {"isEqual", is_equal}};
}

std::string MatcherOfJson(const json& m) {
  const bool is_equal = m.value("isEqual", true);
  const std::string op = m["isRegex"].get<bool>() ? (is_equal ? "=~" : "!~") : (is_equal ? "=" : "!=");
  return fmt::format("{}{}\"{}\"", m["name"].get<std::string>(), op, m["value"].get<std::string>());
}

// A word without an operator is the alert's name.
base::Result<json> MatchersOf(const std::vector<std::string>& words) {
  json matchers = json::array();
  for (const std::string& word : words) {
    const bool is_name = word.find_first_of("=!~") == std::string::npos;
    BW_ASSIGN_OR_RETURN(
        const metric::Matcher matcher,
        is_name ? metric::Matcher::Make(metric::MatchOp::kEqual, "alertname", word) : notify::ParseMatcher(word));
    matchers.push_back(MatcherJson(matcher));
  }
  return matchers;
}

base::Result<json> SilenceToAdd(const SilenceFlags& flags) {
  const base::TimestampMs now = base::SystemClock().Now();
  base::TimestampMs start = now;
  if (!flags.start.empty()) {
    BW_ASSIGN_OR_RETURN(start, ParseTimeFlag(flags.start, now));
  }
  BW_ASSIGN_OR_RETURN(const base::DurationMs duration, base::ParseDuration(flags.duration));
  base::TimestampMs end = start + duration;
  if (!flags.end.empty()) {
    BW_ASSIGN_OR_RETURN(end, ParseTimeFlag(flags.end, now));
  }
  const char* user = std::getenv("USER");
  BW_ASSIGN_OR_RETURN(json matchers, MatchersOf(flags.words));
  return json{{"matchers", std::move(matchers)},
              {"startsAt", base::FormatRfc3339Ms(start)},
              {"endsAt", base::FormatRfc3339Ms(end)},
              {"createdBy", !flags.author.empty() ? flags.author
                            : user != nullptr     ? user
                                                  : ""},
              {"comment", flags.comment}};
}

base::Status AddSilence(const SilenceFlags& flags) {
  BW_ASSIGN_OR_RETURN(const json silence, SilenceToAdd(flags));
  BW_ASSIGN_OR_RETURN(const json answer, AskAlertmanagerApi(flags.target, "POST", "/silences", silence.dump()));
  fmt::print("{}\n", answer["silenceID"].get<std::string>());
  return base::OkStatus();
}

base::Status ListSilences(const SilenceFlags& flags) {
  BW_ASSIGN_OR_RETURN(const json wanted, MatchersOf(flags.words));
  FormFields fields = {{"expired", flags.expired ? "true" : "false"}};
  for (const json& matcher : wanted) fields.emplace_back("filter", MatcherOfJson(matcher));
  BW_ASSIGN_OR_RETURN(const json list, AskAlertmanagerApi(flags.target, "GET", "/silences?" + EncodeForm(fields), ""));
  if (flags.format == "json") {
    fmt::print("{}\n", list.dump());
    return base::OkStatus();
  }
  for (const json& silence : list) {
    std::string matchers;
    for (const json& m : silence["matchers"]) matchers += (matchers.empty() ? "" : ", ") + MatcherOfJson(m);
    fmt::print("{}  {:7}  {} to {}  {{{}}}  {}: {}\n", silence["id"].get<std::string>(),
               silence["status"]["state"].get<std::string>(), silence["startsAt"].get<std::string>(),
               silence["endsAt"].get<std::string>(), matchers, silence["createdBy"].get<std::string>(),
               silence["comment"].get<std::string>());
  }
  return base::OkStatus();
}

base::Status ExpireSilences(const SilenceFlags& flags) {
  for (const std::string& id : flags.words) {
    const auto answer = AskAlertmanagerApi(flags.target, "DELETE", "/silence/" + id, "");
    if (!answer.ok()) return base::Status(answer.status()).WithContext("expire the silence " + id);
  }
  return base::OkStatus();
}

int RunSilence(const SilenceFlags& flags, base::Status (*body)(const SilenceFlags&)) {
  const base::Status status = body(flags);
  if (status.ok()) return 0;
  fmt::print(stderr, "bellwether: {}\n", status.message());
  return 1;
}

}  // namespace

void AddSilenceCommand(CLI::App& app, std::function<int()>& run) {
  CLI::App* silence = app.add_subcommand("silence", "Keep alerts from being told for a while");
  silence->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, base::Status (*body)(const SilenceFlags&)) {
    auto flags = std::make_shared<SilenceFlags>();
    CLI::App* command = silence->add_subcommand(name, description);
    command->add_option("--server", flags->target.server, "URL of the server")->capture_default_str();
    command->add_option("--token-file", flags->target.token_file, "File with the bearer token to send");
    command->callback([flags, body, &run] { run = [flags, body] { return RunSilence(*flags, body); }; });
    return std::pair(command, flags);
  };
  auto [make, made] = add("add", "Make a silence, and print its id", AddSilence);
  make->add_option("MATCHER", made->words, "model=fraud, severity=~\"page|critical\"; a word alone is the alert's name")
      ->required();
  make->add_option("--comment,-c", made->comment, "Why")->required();
  make->add_option("--author,-a", made->author, "Who ($USER)");
  make->add_option("--duration,-d", made->duration, "How long")->capture_default_str();
  make->add_option("--start", made->start, "From when (now); Unix seconds, RFC 3339, or a distance: now+1h");
  make->add_option("--end", made->end, "Until when, instead of a duration");
  auto [list, listed] = add("list", "List silences, those that end first in front", ListSilences);
  list->add_option("MATCHER", listed->words, "Only silences that have these matchers");
  list->add_flag("--expired", listed->expired, "Those that are over, too");
  list->add_option("--format", listed->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  auto [expire, expired] = add("expire", "End silences now", ExpireSilences);
  expire->add_option("ID", expired->words, "Ids of silences")->required();
}

}  // namespace bellwether::server
