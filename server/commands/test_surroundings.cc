#include "server/commands/test_surroundings.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "incidents/suppressor.h"
#include "server/joints.h"

namespace bellwether::server {
namespace {

// Receivers that take everything and remember it.
class TestReceivers final : public incidents::UpdateSink {
 public:
  TestReceivers(std::shared_ptr<const notify::Config> config, const rules::TestSurroundingsParts& parts)
      : dispatcher_("http://localhost:9598", {.state = parts.state,
                                              .http = http_,
                                              .clock = parts.clock,
                                              .metrics = parts.metrics,
                                              .seed = 0,
                                              .mail = &mail_,
                                              .paced = false}) {
    dispatcher_.Configure(std::move(config), "http://localhost:9598");
  }

  base::Status Take(std::span<const metric::AlertUpdate> updates) override { return dispatcher_.Take(updates); }
  void RunDue() { dispatcher_.RunDue(); }

  // The log has one entry for each request or mail, in their order.
  [[nodiscard]] base::Result<std::vector<rules::TestNotification>> Sent() const {
    notify::DeliveryLogQuery all;
    all.limit = std::numeric_limits<std::size_t>::max();
    BW_ASSIGN_OR_RETURN(const std::vector<notify::DeliveryRecord> records, dispatcher_.DeliveryLog(all));
    const std::vector<base::HttpClientRequest> requests = http_.Requests();
    const std::vector<base::MailRequest> mails = mail_.Requests();
    std::vector<rules::TestNotification> out;
    std::size_t next_request = 0, next_mail = 0;
    for (const notify::DeliveryRecord& record : records) {
      if (record.result != notify::DeliveryResult::kDelivered) {
        return base::Execution("receiver " + record.receiver + ": " + record.answer);
      }
      const bool fires =
          std::any_of(record.alerts.begin(), record.alerts.end(), [](const auto& a) { return a.firing; });
      out.push_back(
          {.receiver = record.receiver,
           .status = fires ? "firing" : "resolved",
           .text = record.integration == "email" ? mails.at(next_mail++).data : requests.at(next_request++).body});
    }
    return out;
  }

 private:
  base::FakeHttpClient http_;
  base::FakeMailClient mail_;
  notify::Dispatcher dispatcher_;
};

class Surroundings final : public rules::TestSurroundings {
 public:
  Surroundings(const std::shared_ptr<const incidents::Topology>& topology, incidents::SuppressionPolicy policy,
               std::shared_ptr<const notify::Config> notifications, const rules::TestSurroundingsParts& parts)
      : policy_(std::move(policy)),
        topology_([topology] { return topology; }),
        receivers_(std::move(notifications), parts),
        suppressor_({.state = parts.state,
                     .clock = parts.clock,
                     .metrics = parts.metrics,
                     .sink = receivers_,
                     .topology = [topology] { return topology; }}),
        sink_(suppressor_) {}

  [[nodiscard]] const rules::Topology& topology() const override { return topology_; }
  rules::AlertSink& sink() override { return sink_; }
  void SetGroups(const std::vector<rules::GroupSnapshot>& groups) override {
    suppressor_.Configure(policy_, DependenciesOf(groups));
  }
  base::Status RunDue() override {
    BW_RETURN_IF_ERROR(suppressor_.RunDue());
    receivers_.RunDue();
    return base::OkStatus();
  }
  [[nodiscard]] base::Result<std::vector<rules::TestNotification>> Notifications() const override {
    return receivers_.Sent();
  }

  [[nodiscard]] std::vector<rules::TestStanding> Standings() const override {
    std::vector<rules::TestStanding> standings;
    for (const auto& [labels, standing] : suppressor_.Snapshot()) {
      rules::TestStanding& shown = standings.emplace_back();
      shown.labels = labels;
      shown.held = standing.verdict == incidents::Verdict::kHold;
      shown.reason = standing.reason;
      for (const incidents::Cause& cause : standing.causes) shown.by.emplace_back(cause.labels.Get("alertname"));
      std::sort(shown.by.begin(), shown.by.end());
      shown.by.erase(std::unique(shown.by.begin(), shown.by.end()), shown.by.end());
    }
    return standings;
  }

 private:
  const incidents::SuppressionPolicy policy_;
  const RuleTopology topology_;
  TestReceivers receivers_;
  incidents::Suppressor suppressor_;
  SuppressingSink sink_;
};

}  // namespace

base::Status SurroundingsMaker::Read(const std::string& file, std::string_view text,
                                     const std::vector<std::string>& severities) {
  auto components = incidents::ParseTopology(file, text, "topology");
  auto policy = incidents::ParseSuppressionPolicy(file, text, "topology", severities);
  if (!components.ok() && !policy.ok()) {
    return base::InvalidArgument(components.status().message() + "\n" + policy.status().message());
  }
  BW_RETURN_IF_ERROR(components.status());
  BW_RETURN_IF_ERROR(policy.status());
  notifications_ = nullptr;
  if (text.starts_with("notifications:") || text.find("\nnotifications:") != std::string_view::npos) {
    BW_ASSIGN_OR_RETURN(notifications_, notify::ParseConfig(file, text, "notifications"));
  }
  topology_ = std::make_shared<const incidents::Topology>(*std::move(components));
  policy_ = *std::move(policy);
  return base::OkStatus();
}

void SurroundingsMaker::Use(std::shared_ptr<const incidents::Topology> topology, incidents::SuppressionPolicy policy) {
  topology_ = std::move(topology);
  policy_ = std::move(policy);
}

std::unique_ptr<rules::TestSurroundings> SurroundingsMaker::Make(const rules::TestSurroundingsParts& parts) const {
  return std::make_unique<Surroundings>(topology_, policy_, notifications_, parts);
}

}  // namespace bellwether::server
