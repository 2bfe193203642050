#include "notify/outbox/delivery_world_test.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "storage/open.h"

namespace bellwether::notify {

bool KillSwitch::Pass(KillPlace place) {
  if (is_dead) return true;
  if (++passed == kill_at) {
    is_dead = true;
    died_at = place;
  }
  return is_dead;
}

CutStateStore::CutStateStore(base::Clock& clock, KillSwitch& kill)
    : inner_(storage::NewMemoryStateStore(clock)), kill_(kill) {}

base::Status CutStateStore::Apply(const storage::StateBatch& batch) {
  if (kill_.Pass(KillPlace::kBeforeWrite)) return base::Unavailable("the process is dead");
  if (is_full) {
    ++refused;
    return base::Unavailable("the disk is full");
  }
  BW_RETURN_IF_ERROR(inner_->Apply(batch));
  // Written, but nobody learns of it.
  if (kill_.Pass(KillPlace::kAfterWrite)) return base::Unavailable("the process is dead");
  return base::OkStatus();
}

base::Result<std::optional<std::string>> CutStateStore::Get(std::string_view key) const { return inner_->Get(key); }

base::Status CutStateStore::Scan(std::string_view prefix, std::string_view after,
                                 const std::function<bool(std::string_view, std::string_view)>& visit) const {
  return inner_->Scan(prefix, after, visit);
}

DeliveryWorld::DeliveryWorld(std::string_view config)
    : clock(base::TimestampMs(1'788'250'350'000)), state(clock, kill) {
  auto parsed = ParseConfig("c.yml", config, "");
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  config_ = *parsed;
  http_.SetHandler([this](const base::HttpClientRequest& request) { return Receive(request); });
  MakeDispatcher();
}

void DeliveryWorld::MakeDispatcher() {
  dispatcher = nullptr;
  metrics_ = std::make_unique<base::MetricsRegistry>();
  dispatcher = std::make_unique<Dispatcher>(
      "https://bw.example",
      NotifyDependencies{.state = state, .http = http_, .clock = clock, .metrics = *metrics_, .seed = 7});
  dispatcher->Configure(config_, "https://bw.example");
}

base::Result<base::HttpClientResponse> DeliveryWorld::Receive(const base::HttpClientRequest& request) {
  if (kill.Pass(KillPlace::kBeforeReceipt)) return base::Unavailable("the process is dead");
  ++attempts;
  base::Result<base::HttpClientResponse> said = base::HttpClientResponse{.status = 200, .headers = {}, .body = {}};
  if (answer) said = answer(clock.Now());
  if (!said.ok() || said->status != 200) return said;
  const auto body = nlohmann::json::parse(request.body);
  Receipt receipt{.at = clock.Now(),
                  .key = {},
                  .group = body["groupKey"],
                  .reason = body["notification_reason"],
                  .firing = {},
                  .resolved = {}};
  for (const auto& [name, value] : request.headers) {
    if (name == "Idempotency-Key") receipt.key = value;
  }
  for (const auto& alert : body["alerts"]) {
    const std::string spell = alert["labels"].dump() + " " + alert["startsAt"].get<std::string>();
    (alert["status"] == "firing" ? receipt.firing : receipt.resolved).push_back(spell);
  }
  receipts.push_back(std::move(receipt));
  if (kill.Pass(KillPlace::kAfterReceipt)) return base::Unavailable("the process is dead");
  return said;
}

void DeliveryWorld::Fire(const metric::Labels& labels) {
  metric::AlertUpdate update;
  update.labels = labels;
  update.starts_at = firing_since_.try_emplace(labels, clock.Now()).first->second;
  update.ends_at = clock.Now() + base::Days(30);
  Tell(std::move(update));
}

void DeliveryWorld::Resolve(const metric::Labels& labels) {
  metric::AlertUpdate update;
  update.labels = labels;
  update.phase = metric::AlertPhase::kResolved;
  update.starts_at = firing_since_.at(labels);
  update.ends_at = clock.Now();
  firing_since_.erase(labels);
  Tell(std::move(update));
}

std::vector<std::string> DeliveryWorld::Told() {
  const auto names = [](const std::vector<std::string>& spells) {
    std::string out;
    for (const std::string& spell : spells) {
      const auto labels = nlohmann::json::parse(spell.substr(0, spell.rfind(' ')));
      out += (out.empty() ? "" : " ") + labels.value("n", "?");
    }
    return "[" + out + "]";
  };
  std::vector<std::string> out;
  for (; told_ < receipts.size(); ++told_) {
    const Receipt& r = receipts[told_];
    out.push_back(r.reason + " " + names(r.firing) + " " + names(r.resolved));
  }
  return out;
}

void DeliveryWorld::Tell(metric::AlertUpdate update) {
  update.sequence = next_sequence_++;
  update.updated_at = clock.Now();
  owed_.push_back(std::move(update));
}

void DeliveryWorld::Give() {
  while (!owed_.empty() && dispatcher->Take({&owed_.front(), 1}).ok()) owed_.pop_front();
}

void DeliveryWorld::StepOnce() {
  Give();
  dispatcher->RunDue();
  if (!kill.is_dead) return;
  ++restarts;
  clock.Advance(down);
  kill.is_dead = false;
  MakeDispatcher();
}

void DeliveryWorld::Pass(base::DurationMs time, base::DurationMs step) {
  const base::TimestampMs until = clock.Now() + time;
  StepOnce();
  while (clock.Now() < until) {
    clock.Advance(std::min(step, until - clock.Now()));
    StepOnce();
  }
}

}  // namespace bellwether::notify
