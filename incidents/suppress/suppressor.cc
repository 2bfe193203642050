#include "incidents/suppressor.h"

#include <algorithm>
#include <exception>
#include <future>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/alarm.h"
#include "base/log.h"
#include "base/mutex.h"
#include "incidents/suppress/suppression_engine.h"

namespace bellwether::incidents {
namespace {

constexpr base::DurationMs kPauseMin = base::Seconds(1);
constexpr base::DurationMs kPauseMax = base::Minutes(1);

}  // namespace

class Suppressor::Impl {
 public:
  explicit Impl(SuppressorDependencies dependencies)
      : deps_(std::move(dependencies)),
        metrics_(deps_.metrics),
        engine_(deps_.state, metrics_, deps_.clock.Now()),
        alarm_(deps_.clock) {}

  ~Impl() { Stop(); }

  void Configure(SuppressionPolicy policy, std::vector<RuleDependencies> rules) {
    {
      const base::MutexLock lock(mu_);
      policy_ = std::move(policy);
      rules_ = std::move(rules);
      is_configured_anew_ = true;
    }
    alarm_.Ring();
  }

  void TopologyChanged() { alarm_.Ring(); }

  base::Status Take(std::span<const metric::AlertUpdate> updates) {
    const auto handover = std::make_shared<Handover>();
    handover->updates = updates;
    std::future<base::Status> done = handover->done.get_future();
    bool is_running = false;
    {
      const base::MutexLock lock(mu_);
      is_running = running_;
      if (running_) inbox_.push_back(handover);
    }
    if (!is_running) return TakeHere(updates);
    alarm_.Ring();
    return done.get();
  }

  base::Status Start() {
    ApplySettings();
    BW_RETURN_IF_ERROR(engine_.Decide(deps_.clock.Now()));
    Publish();
    const base::MutexLock lock(mu_);
    running_ = true;
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
    return base::OkStatus();
  }

  void Stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
    Inbox left;
    {
      const base::MutexLock lock(mu_);
      running_ = false;
      left.swap(inbox_);
    }
    for (const auto& handover : left) handover->done.set_value(base::Unavailable("the server stops"));
  }

  base::Status RunDue() {
    ApplySettings();
    base::Status status = engine_.Decide(deps_.clock.Now());
    if (status.ok()) status = engine_.Deliver(deps_.sink);
    Publish();
    return status;
  }

  [[nodiscard]] Standings Snapshot() const {
    const base::MutexLock lock(mu_);
    return standings_;
  }

 private:
  // Updates that a thread waits to have taken. Shared: that thread may go on while the promise is still being kept.
  struct Handover {
    std::span<const metric::AlertUpdate> updates;
    std::promise<base::Status> done;
  };
  using Inbox = std::vector<std::shared_ptr<Handover>>;

  void ApplySettings() {
    std::shared_ptr<const Topology> topology = deps_.topology();
    SuppressionSettings settings;
    {
      const base::MutexLock lock(mu_);
      if (!std::exchange(is_configured_anew_, false) && topology == topology_) return;
      settings = {.topology = topology, .policy = policy_, .rules = rules_};
    }
    topology_ = std::move(topology);
    engine_.Configure(std::move(settings));
  }

  base::Status TakeHere(std::span<const metric::AlertUpdate> updates) {
    ApplySettings();
    base::Status status = engine_.Take(updates, deps_.clock.Now());
    Publish();
    return status;
  }

  // Brings what readers see up to date.
  void Publish() {
    SuppressionEngine::Changes changes = engine_.TakeChanges();
    if (!changes.whole && changes.standings.empty()) return;
    const base::MutexLock lock(mu_);
    if (changes.whole) standings_.clear();
    for (auto& [labels, standing] : changes.standings) {
      if (standing) {
        standings_.insert_or_assign(labels, *std::move(standing));
      } else {
        standings_.erase(labels);
      }
    }
  }

  void TakeInbox() {
    Inbox inbox;
    {
      const base::MutexLock lock(mu_);
      inbox.swap(inbox_);
    }
    for (const auto& handover : inbox) {
      base::Status status;
      try {
        status = TakeHere(handover->updates);
      } catch (const std::exception& e) {
        status = base::Internal(e.what());
      }
      handover->done.set_value(std::move(status));
    }
  }

  void Run(const std::stop_token& stop) {
    base::DurationMs pause = kPauseMin;
    base::TimestampMs retry_at = base::TimestampMs::Min();
    while (!stop.stop_requested()) {
      TakeInbox();
      const base::TimestampMs now = deps_.clock.Now();
      if (now >= retry_at) {
        const base::Status status = RunDueSafely();
        retry_at = status.ok() ? base::TimestampMs::Min() : now + pause;
        pause = status.ok() ? kPauseMin : std::min(pause * 2, kPauseMax);
        if (!status.ok()) {
          BW_LOG_EVERY(std::chrono::seconds(10), kWarning, "alerts wait to be told", {"error", status});
        }
      }
      alarm_.SleepUntil(std::max(engine_.NextDue(), retry_at), stop);
    }
  }

  base::Status RunDueSafely() {
    try {
      return RunDue();
    } catch (const std::exception& e) {
      return base::Internal(e.what());
    }
  }

  const SuppressorDependencies deps_;
  SuppressionMetrics metrics_;

  // The owner's: of the thread while it runs, else of the caller.
  SuppressionEngine engine_;
  std::shared_ptr<const Topology> topology_;

  base::Alarm alarm_;

  mutable base::Mutex mu_;
  bool running_ BW_GUARDED_BY(mu_) = false;
  Inbox inbox_ BW_GUARDED_BY(mu_);
  bool is_configured_anew_ BW_GUARDED_BY(mu_) = true;
  SuppressionPolicy policy_ BW_GUARDED_BY(mu_);
  std::vector<RuleDependencies> rules_ BW_GUARDED_BY(mu_);
  Standings standings_ BW_GUARDED_BY(mu_);

  std::jthread thread_;  // Last: it uses everything above.
};

Suppressor::Suppressor(SuppressorDependencies dependencies) : impl_(std::make_unique<Impl>(std::move(dependencies))) {}
Suppressor::~Suppressor() = default;

void Suppressor::Configure(SuppressionPolicy policy, std::vector<RuleDependencies> rules) {
  impl_->Configure(std::move(policy), std::move(rules));
}
void Suppressor::TopologyChanged() { impl_->TopologyChanged(); }
base::Status Suppressor::Take(std::span<const metric::AlertUpdate> updates) { return impl_->Take(updates); }
base::Status Suppressor::Start() { return impl_->Start(); }
void Suppressor::Stop() { impl_->Stop(); }
base::Status Suppressor::RunDue() { return impl_->RunDue(); }
Standings Suppressor::Snapshot() const { return impl_->Snapshot(); }

}  // namespace bellwether::incidents
