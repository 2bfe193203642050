#include "api/handlers/alertmanager/alert_filter.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/handlers/alertmanager/v2.h"
#include "notify/dispatcher.h"

namespace bellwether::api {
namespace {

bool MatchesAll(const std::vector<metric::Matcher>& matchers, const metric::Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const metric::Matcher& m) { return m.Matches(labels.Get(m.name())); });
}

}  // namespace

base::Result<AlertFilter> AlertFilter::Read(const HandlerContext& context, const HttpRequest& request) {
  AlertFilter filter;
  filter.active_ = V2Bool(request, "active", true);
  filter.silenced_ = V2Bool(request, "silenced", true);
  filter.inhibited_ = V2Bool(request, "inhibited", true);
  BW_ASSIGN_OR_RETURN(filter.matchers_, V2Matchers(request, "filter"));
  if (const std::string text = V2Text(request, "receiver"); !text.empty()) {
    auto receiver = metric::Matcher::Make(metric::MatchOp::kRegex, "receiver", text);
    if (!receiver.ok()) {
      return base::InvalidArgument("failed to parse receiver param: " + receiver.status().message());
    }
    filter.receiver_ = *std::move(receiver);
  }
  BW_ASSIGN_OR_RETURN(const std::vector<metric::Matcher> of_receiver, V2Matchers(request, "receiver_matchers"));
  if (!of_receiver.empty()) {
    filter.receivers_.emplace();
    for (const notify::ShownReceiver& receiver : context.dispatcher->Receivers()) {
      if (receiver.Matches(of_receiver)) filter.receivers_->insert(receiver.name);
    }
  }
  return filter;
}

bool AlertFilter::WantsReceiver(const std::string& receiver) const {
  return (!receiver_ || receiver_->Matches(receiver)) && (!receivers_ || receivers_->count(receiver) > 0);
}

bool AlertFilter::Wants(const V2Alert& alert) const {
  const notify::ShownAlert& shown = alert.shown;
  if (!active_ && alert.IsActive()) return false;
  if (!silenced_ && !shown.silenced_by.empty()) return false;
  if (!inhibited_ && (alert.is_suppressed || !shown.inhibited_by.empty())) return false;
  return MatchesAll(matchers_, shown.alert.labels);
}

Explained::Explained(const HandlerContext& context) : context_(context), standings_(context.standings()) {}

void Explained::AddCauses(const incidents::Standing& standing, V2Alert& alert) const {
  alert.is_suppressed = true;
  for (const incidents::Cause& cause : standing.causes) {
    const std::string fingerprint = fmt::format("{:016x}", cause.labels.Fingerprint());
    std::vector<std::string>& by = alert.shown.inhibited_by;
    if (std::find(by.begin(), by.end(), fingerprint) == by.end()) by.push_back(fingerprint);
  }
}

V2Alert Explained::Join(notify::ShownAlert shown) const {
  V2Alert alert{.shown = std::move(shown)};
  const auto it = standings_.find(alert.shown.alert.labels);
  if (it != standings_.end() && it->second.verdict == incidents::Verdict::kSuppress) AddCauses(it->second, alert);
  return alert;
}

std::vector<V2Alert> Explained::OthersThan(const std::vector<V2Alert>& known) const {
  std::set<metric::Labels> seen;
  for (const V2Alert& alert : known) seen.insert(alert.shown.alert.labels);
  std::vector<V2Alert> out;
  if (standings_.empty()) return out;
  for (const rules::GroupSnapshot& group : context_.groups()) {
    for (const rules::RuleSnapshot& rule : group.rules) {
      for (const rules::AlertSnapshot& alert : rule.alerts) {
        const auto it = standings_.find(alert.labels);
        if (it == standings_.end() || it->second.verdict != incidents::Verdict::kSuppress ||
            !seen.insert(alert.labels).second) {
          continue;
        }
        V2Alert& added = out.emplace_back();
        metric::AlertUpdate& update = added.shown.alert;
        update.labels = alert.labels;
        update.annotations = alert.annotations;
        update.starts_at = alert.fired_at.value_or(alert.active_at);
        update.updated_at = context_.clock.Now();
        update.ends_at = base::TimestampMs::Max();
        added.shown.receivers = context_.dispatcher->ReceiversFor(alert.labels);
        AddCauses(it->second, added);
      }
    }
  }
  return out;
}

}  // namespace bellwether::api
