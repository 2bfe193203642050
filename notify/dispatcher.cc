#include "notify/dispatcher.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/mutex.h"
#include "base/sha256.h"
#include "notify/config/config.h"
#include "notify/outbox/book.h"
#include "notify/outbox/heartbeat.h"
#include "notify/outbox/planner.h"
#include "notify/outbox/shown.h"
#include "notify/policy/outcome.h"
#include "notify/policy/posted.h"
#include "notify/receivers/deliver.h"

namespace bellwether::notify {
namespace {

constexpr int kWorkers = 4;
constexpr base::DurationMs kLookEvery = base::Milliseconds(500);  // How long a worker rests that found nothing to do.
constexpr base::DurationMs kStoreRetry = base::Seconds(60);  // After a send whose result could not be written down.
constexpr std::size_t kDeliveredMax = 200;                   // Shown in Outbox().

struct ChannelMetrics {
  base::Counter& sent;
  base::Counter& failed;
  base::Counter& retried;
  base::Counter& dead_lettered;
};

// One integration of a receiver.
using ChannelId = std::tuple<std::string, std::string, std::size_t>;

ChannelId ChannelOf(const Message& message) { return {message.receiver, message.integration, message.index}; }

// What a receiver takes without complaint: Slack a message a second, PagerDuty about 100 events a minute.
base::DurationMs PaceOf(std::string_view integration) {
  if (integration == "slack") return base::Seconds(1);
  if (integration == "pagerduty") return base::Milliseconds(600);
  return base::DurationMs(0);
}

const Integration* FindIntegration(const Config* config, const Message& message) {
  if (config == nullptr) return nullptr;
  const auto receiver = config->receivers.find(message.receiver);
  if (receiver == config->receivers.end()) return nullptr;
  for (const Integration& integration : receiver->second.integrations) {
    if (integration.kind == message.integration && integration.index == message.index) return &integration;
  }
  return nullptr;
}

// The same for every attempt of one text.
std::string IdempotencyKey(const std::string& destination, const WaitingMessage& waiting) {
  return base::Sha256Hex(fmt::format("{}/{}/{}/{}", destination, waiting.id, waiting.revision, waiting.created_at.ms));
}

OutboxEntry EntryOf(const WaitingMessage& waiting, std::string status) {
  return {.id = waiting.id,
          .receiver = waiting.message.receiver,
          .integration = waiting.message.integration,
          .group_key = waiting.message.group_key,
          .status = std::move(status),
          .attempts = waiting.attempts,
          .created_at = waiting.created_at,
          .next_attempt_at = waiting.next_attempt_at,
          .last_error = waiting.last_error};
}

}  // namespace

// Locks: `turn_` before `mu_`. A change of the book is planned, written to the store and made by whoever has the turn;
// `mu_` is held only to read or to change memory. Nobody but those who change something waits for the store.
class Dispatcher::Impl {
 public:
  Impl(std::string external_url, NotifyDependencies dependencies)
      : deps_(dependencies),
        started_at_(dependencies.clock.Now()),
        external_url_(std::move(external_url)),
        silences_(deps_.state, deps_.clock, deps_.metrics, dependencies.seed + 1),
        random_(dependencies.seed),
        received_firing_(Received("firing")),
        received_resolved_(Received("resolved")),
        invalid_(deps_.metrics.AddCounter("alertmanager_alerts_invalid_total", "Posted alerts that were refused.",
                                          {{"version", "v2"}})),
        queue_length_(
            deps_.metrics.AddGauge("bellwether_notifications_queue_length", "Messages that wait to be delivered.")) {
    AddAlertmanagerGauges();
    for (std::size_t i = 0; i < kSuppressReasonCount; ++i) {
      suppressed_[i] = &deps_.metrics.AddCounter("alertmanager_notifications_suppressed_total",
                                                 "Alerts that a flush did not tell, by reason.",
                                                 {{"reason", std::string(kSuppressReasonNames[i])}});
    }
  }

  ~Impl() { Stop(); }

  void Configure(std::shared_ptr<const Config> config, std::string external_url) {
    if (config) {
      for (const std::string& warning : config->warnings) BW_LOG(kWarning, warning);
      AddMetrics(*config);
    }
    base::Status status;
    {
      const base::MutexLock turn(turn_);
      status = PutInForce(std::move(config), std::move(external_url));
    }
    if (!status.ok()) BW_LOG(kError, "alert groups not rearranged", {"error", status});
  }

  base::Status Take(std::span<const metric::AlertUpdate> updates) {
    const base::MutexLock turn(turn_);
    BW_RETURN_IF_ERROR(Load());
    return Apply([&](const PlanContext& context, Change& change) { PlanUpdates(context, updates, change); });
  }

  base::Result<PostOutcome> Post(std::span<const ForeignAlert> posted) {
    PostOutcome outcome;
    std::vector<metric::AlertUpdate> alerts;
    const base::TimestampMs now = deps_.clock.Now();
    const base::DurationMs timeout = ResolveTimeout();
    for (const ForeignAlert& one : posted) {
      auto alert = CompletePosted(one, now, timeout);
      if (!alert.ok()) {
        invalid_.Add();
        outcome.problems.push_back(alert.status().message());
        continue;
      }
      (alert->phase == metric::AlertPhase::kFiring ? received_firing_ : received_resolved_).Add();
      alerts.push_back(*std::move(alert));
    }
    const base::MutexLock turn(turn_);
    BW_RETURN_IF_ERROR(Load());
    BW_RETURN_IF_ERROR(Apply([&](const PlanContext& context, Change& change) { PlanPosted(context, alerts, change); }));
    return outcome;
  }

  std::vector<ShownAlert> Alerts() {
    const base::MutexLock lock(mu_);
    return ShowAlerts(ContextAt(deps_.clock.Now()));
  }
  std::vector<ShownGroup> Groups() {
    const base::MutexLock lock(mu_);
    return ShowGroups(ContextAt(deps_.clock.Now()));
  }

  std::vector<ShownReceiver> Receivers() const {
    const base::MutexLock lock(mu_);
    std::vector<ShownReceiver> out;
    if (config_ == nullptr) return out;
    for (const auto& [name, receiver] : config_->receivers) {
      out.push_back({name, {receiver.labels.begin(), receiver.labels.end()}});
    }
    return out;
  }

  std::vector<std::string> ReceiversFor(const metric::Labels& labels) const {
    const base::MutexLock lock(mu_);
    return ReceiversOf(config_.get(), labels);
  }

  std::string ShownConfiguration() const {
    const base::MutexLock lock(mu_);
    return config_ != nullptr ? config_->shown : "";
  }

  Silences& silences() { return silences_; }

  base::Status Start() {
    {
      const base::MutexLock turn(turn_);
      BW_RETURN_IF_ERROR(Load());
    }
    for (int i = 0; i < kWorkers; ++i) {
      workers_.emplace_back([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          Work(stop);
          deps_.clock.SleepUntil(deps_.clock.Now() + kLookEvery, stop);
        }
      });
    }
    return base::OkStatus();
  }

  void Stop() {
    for (std::jthread& worker : workers_) worker.request_stop();
    workers_.clear();
  }

  void RunDue() { Work({}); }

  base::Status Resend(std::uint64_t id) {
    const base::MutexLock turn(turn_);
    BW_RETURN_IF_ERROR(Load());
    base::Status planned;
    BW_RETURN_IF_ERROR(
        Apply([&](const PlanContext& context, Change& change) { planned = PlanResend(context, id, change); }));
    return planned;
  }

  base::Result<std::vector<DeliveryRecord>> DeliveryLog(const DeliveryLogQuery& query) const {
    return ReadDeliveryLog(deps_.state, query);
  }

  base::Result<std::vector<PreviewedMessage>> Preview(const PreviewRequest& request) {
    std::shared_ptr<const Config> config;
    std::string external_url;
    {
      const base::MutexLock lock(mu_);
      config = config_;
      external_url = external_url_;
    }
    if (config == nullptr || deps_.mail == nullptr) return base::Unavailable("this server has no receivers");
    return notify::Preview(*config, external_url, request, deps_.clock.Now(), {deps_.http, *deps_.mail});
  }

  std::vector<OutboxEntry> Outbox() const {
    const base::MutexLock lock(mu_);
    std::vector<const WaitingMessage*> waiting;
    waiting.reserve(book_.waiting.size());
    for (const auto& [destination, message] : book_.waiting) waiting.push_back(&message);
    std::sort(waiting.begin(), waiting.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
    std::vector<OutboxEntry> out;
    out.reserve(waiting.size() + book_.dead.size() + delivered_.size());
    for (const WaitingMessage* message : waiting) out.push_back(EntryOf(*message, "waiting"));
    for (const WaitingMessage& message : book_.dead) out.push_back(EntryOf(message, "dead"));
    for (const WaitingMessage& message : delivered_) out.push_back(EntryOf(message, "delivered"));
    return out;
  }

 private:
  // What a worker took out to send.
  struct Claim {
    std::string destination;
    WaitingMessage waiting;
    std::shared_ptr<const Config> config;
    std::string external_url;
    ReceiverMemory memory;
  };

  base::Status PutInForce(std::shared_ptr<const Config> config, std::string external_url) BW_REQUIRES(turn_) {
    {
      const base::MutexLock lock(mu_);
      config_ = std::move(config);
      external_url_ = std::move(external_url);
      suppression_.SetInhibitRules(config_ ? config_->inhibit_rules : std::vector<InhibitRule>());
      NoteAllSources();
      // What was broken may be mended.
      channel_rest_.clear();
      if (!loaded_) return base::OkStatus();  // Load regroups.
    }
    return Apply([](const PlanContext& context, Change& change) { PlanRegroup(context, change); });
  }

  // Reads the book from the store once.
  base::Status Load() BW_REQUIRES(turn_) {
    {
      const base::MutexLock lock(mu_);
      if (loaded_) return base::OkStatus();
    }
    BW_RETURN_IF_ERROR(silences_.Load());
    BW_ASSIGN_OR_RETURN(Book book, LoadBook(deps_.state));
    {
      const base::MutexLock lock(mu_);
      book_ = std::move(book);
      loaded_ = true;
      NoteAllSources();
      queue_length_.Set(static_cast<double>(book_.waiting.size()));
    }
    return Apply([](const PlanContext& context, Change& change) { PlanRegroup(context, change); });
  }

  PlanContext ContextAt(base::TimestampMs now) BW_REQUIRES(mu_) {
    suppression_.SetSilences(silences_.Current());
    return {
        .book = book_, .config = config_.get(), .now = now, .started_at = started_at_, .suppression = &suppression_};
  }

  base::DurationMs ResolveTimeout() const {
    const base::MutexLock lock(mu_);
    return config_ != nullptr ? config_->resolve_timeout : base::Minutes(5);
  }

  // Plans a change, writes it, makes it. On an error nothing has changed.
  template <typename Plan>
  base::Status Apply(const Plan& plan) BW_REQUIRES(turn_) {
    Change change;
    storage::StateBatch batch;
    const base::TimestampMs now = deps_.clock.Now();
    {
      const base::MutexLock lock(mu_);
      plan(ContextAt(now), change);
      if (change.empty()) return base::OkStatus();
      batch = BatchOf(change, book_, now);
    }
    BW_RETURN_IF_ERROR(deps_.state.Apply(batch));
    const base::MutexLock lock(mu_);
    for (std::size_t i = 0; i < kSuppressReasonCount; ++i) suppressed_[i]->Add(change.suppressed[i]);
    const std::vector<std::uint64_t> alerts = AlertsOf(change, book_);
    MakeChange(std::move(change), book_);
    for (const std::uint64_t fingerprint : alerts) NoteSource(fingerprint);
    queue_length_.Set(static_cast<double>(book_.waiting.size()));
    return base::OkStatus();
  }

  // The book has changed what it says of an alert, which may inhibit others.
  void NoteSource(std::uint64_t fingerprint) BW_REQUIRES(mu_) {
    if (suppression_.inhibition().empty()) return;
    const metric::AlertUpdate* alert = NewestOf(book_, fingerprint);
    if (alert == nullptr || alert->phase == metric::AlertPhase::kResolved) {
      suppression_.inhibition().Remove(fingerprint);
    } else {
      suppression_.inhibition().SetFiring(fingerprint, alert->labels, EffectiveEnd(*alert, started_at_));
    }
  }
  void NoteAllSources() BW_REQUIRES(mu_) {
    for (const auto& [fingerprint, groups] : book_.holders) NoteSource(fingerprint);
  }

  // Which time intervals contain the present; minutes are the finest that they know. Reads zone files.
  void LookAtIntervals() BW_REQUIRES(turn_) {
    std::shared_ptr<const Config> config;
    {
      const base::MutexLock lock(mu_);
      config = config_;
    }
    const std::int64_t minute = deps_.clock.Now().ms / 60'000;
    if (config == nullptr || (config == intervals_of_ && minute == intervals_at_)) return;
    intervals_of_ = config;
    intervals_at_ = minute;
    auto in_force = IntervalsAt(config->time_intervals, deps_.clock.Now());
    const base::MutexLock lock(mu_);
    suppression_.SetIntervals(std::move(in_force));
  }

  void Work(const std::stop_token& stop) {
    base::Status status;
    {
      const base::MutexLock turn(turn_);
      LookAtIntervals();
      status = Load();
      if (status.ok())
        status = Apply([](const PlanContext& context, Change& change) {
          PlanFlush(context, change);
          PlanHeartbeats(context, change);
        });
    }
    if (!status.ok()) {
      BW_LOG_EVERY(std::chrono::seconds(10), kError, "alert groups not flushed", {"error", status});
    }
    while (!stop.stop_requested()) {
      const auto claim = NextDue();
      if (!claim) return;
      Complete(*claim, Send(*claim));
    }
  }

  // The message whose turn it is, among those that are due and whose channel is free; it is then in flight.
  std::optional<Claim> NextDue() {
    const base::MutexLock lock(mu_);
    if (!loaded_ || !config_) return std::nullopt;
    const base::TimestampMs now = deps_.clock.Now();
    const std::pair<const std::string, WaitingMessage>* best = nullptr;
    for (const auto& entry : book_.waiting) {
      const WaitingMessage& waiting = entry.second;
      if (waiting.next_attempt_at > now || (best != nullptr && best->second.id < waiting.id)) continue;
      const ChannelId channel = ChannelOf(waiting.message);
      const auto rest = channel_rest_.find(channel);
      if (busy_.count(channel) > 0 || (rest != channel_rest_.end() && rest->second > now)) continue;
      best = &entry;
    }
    if (best == nullptr) return std::nullopt;
    busy_.insert(ChannelOf(best->second.message));
    const auto memory = book_.memories.find(best->first);
    return Claim{best->first, best->second, config_, external_url_,
                 memory == book_.memories.end() ? ReceiverMemory() : memory->second};
  }

  Delivery Send(const Claim& claim) {
    const Message& message = claim.waiting.message;
    const Integration* integration = FindIntegration(claim.config.get(), message);
    if (integration == nullptr) {
      return {.outcome = {.kind = OutcomeClass::kFatalMessage,
                          .reason = "the receiver is not in the configuration any more"},
              .answer = {},
              .memory = {}};
    }
    const RenderContext context{.templates = claim.config->templates,
                                .external_url = claim.external_url,
                                .now = deps_.clock.Now(),
                                .idempotency_key = IdempotencyKey(claim.destination, claim.waiting),
                                .shrunk = claim.waiting.shrunk,
                                .memory = claim.memory};
    return Deliver(*integration, message, context, {deps_.http, deps_.mail, tokens_});
  }

  void Complete(const Claim& claim, Delivery delivery) {
    Outcome& outcome = delivery.outcome;
    const bool shrink = ShouldShrink(claim, outcome);
    AttemptResult result = AttemptResult::kGone;
    base::Status status;
    {
      const base::MutexLock turn(turn_);
      const double random = std::uniform_real_distribution<double>(0, 1)(random_);
      const Attempt attempt{.destination = claim.destination,
                            .sent_revision = claim.waiting.revision,
                            .outcome = outcome,
                            .backoff = shrink ? base::DurationMs(0) : Backoff(claim.waiting.attempts + 1, random),
                            .answer = delivery.answer,
                            .memory = delivery.memory};
      status = Apply([&](const PlanContext& context, Change& change) {
        result = PlanAttempt(context, attempt, change);
        const auto it = change.waiting.find(claim.destination);
        if (shrink && it != change.waiting.end() && it->second) it->second->shrunk = true;
      });
      Free(claim, outcome, result, status);
    }
    Report(claim, outcome, result, status);
  }

  // Too large: once more with less.
  static bool ShouldShrink(const Claim& claim, Outcome& outcome) {
    if (claim.waiting.shrunk || outcome.kind != OutcomeClass::kFatalMessage || !outcome.is_too_large) return false;
    outcome.kind = OutcomeClass::kRetry;
    return true;
  }

  // The channel may be used again, after the pause that it needs.
  void Free(const Claim& claim, const Outcome& outcome, AttemptResult result, const base::Status& status) {
    const base::MutexLock lock(mu_);
    const ChannelId channel = ChannelOf(claim.waiting.message);
    const base::TimestampMs now = deps_.clock.Now();
    base::DurationMs rest = deps_.paced ? PaceOf(claim.waiting.message.integration) : base::DurationMs(0);
    if (outcome.kind == OutcomeClass::kFatalChannel) rest = kBrokenChannelProbe;
    if (outcome.retry_after) rest = std::max(rest, *outcome.retry_after);
    busy_.erase(channel);
    channel_rest_[channel] = now + rest;
    if (!status.ok()) {
      // It would be sent again at once and for ever while the store takes nothing.
      const auto it = book_.waiting.find(claim.destination);
      if (it != book_.waiting.end()) it->second.next_attempt_at = now + kStoreRetry;
      return;
    }
    if (result == AttemptResult::kDelivered) {
      delivered_.push_front(claim.waiting);
      ++delivered_.front().attempts;
      delivered_.front().last_error.clear();
      if (delivered_.size() > kDeliveredMax) delivered_.pop_back();
    }
  }

  void Report(const Claim& claim, const Outcome& outcome, AttemptResult result, const base::Status& status) {
    const Message& message = claim.waiting.message;
    const ChannelMetrics metrics = MetricsOf(message.integration, message.receiver);
    if (outcome.kind == OutcomeClass::kSuccess) {
      metrics.sent.Add();
    } else {
      metrics.failed.Add();
    }
    if (!status.ok()) {
      BW_LOG(kError, "result of a notification not written down", {"receiver", message.receiver}, {"error", status});
      return;
    }
    if (result == AttemptResult::kAgain) metrics.retried.Add();
    if (result == AttemptResult::kDead) metrics.dead_lettered.Add();
    if (outcome.kind == OutcomeClass::kSuccess) {
      BW_LOG(kDebug, "notified", {"receiver", message.receiver}, {"integration", message.integration},
             {"group", message.group_key}, {"reason", message.reason});
      return;
    }
    // A receiver that is down for a day fails some thousand times: the first, second, fourth, eighth ... are told.
    const int attempt = claim.waiting.attempts + 1;
    if (result == AttemptResult::kDead) {
      BW_LOG(kError, "notification given up", {"receiver", message.receiver}, {"integration", message.integration},
             {"group", message.group_key}, {"attempts", attempt}, {"error", outcome.reason});
    } else if (std::has_single_bit(static_cast<unsigned>(attempt))) {
      BW_LOG(kWarning, "notification failed, will be tried again", {"receiver", message.receiver},
             {"integration", message.integration}, {"group", message.group_key}, {"attempts", attempt},
             {"error", outcome.reason});
    }
  }

  base::Counter& Received(const char* status) {
    return deps_.metrics.AddCounter("alertmanager_alerts_received_total", "Posted alerts.",
                                    {{"status", status}, {"version", "v2"}});
  }

  // Under the names that dashboards made for Alertmanager ask for.
  void AddAlertmanagerGauges() {
    const auto add = [&](std::string_view name, std::string_view help, base::MetricLabels labels,
                         std::function<double()> read) {
      deps_.metrics.AddGaugeFunction(name, help, std::move(labels), std::move(read));
    };
    for (const bool suppressed : {false, true}) {
      add("alertmanager_alerts", "Alerts that fire, by state.", {{"state", suppressed ? "suppressed" : "active"}},
          [this, suppressed] {
            const base::MutexLock lock(mu_);
            const AlertCounts counts = CountAlerts(ContextAt(deps_.clock.Now()));
            return static_cast<double>(suppressed ? counts.suppressed : counts.active);
          });
    }
    add("alertmanager_alerts", "Alerts that fire, by state.", {{"state", "unprocessed"}}, [] { return 0.0; });
    add("alertmanager_dispatcher_aggregation_groups", "Alert groups.", {}, [this] {
      const base::MutexLock lock(mu_);
      return static_cast<double>(book_.groups.size());
    });
    const auto of_config = [&](std::string_view name, std::string_view help, double (*read)(const Config&)) {
      add(name, help, {}, [this, read] {
        const base::MutexLock lock(mu_);
        return config_ != nullptr ? read(*config_) : 0.0;
      });
    };
    of_config("alertmanager_receivers", "Receivers of the configuration.",
              [](const Config& c) { return static_cast<double>(c.receivers.size()); });
    of_config("alertmanager_integrations", "Integrations of all receivers.", [](const Config& c) {
      std::size_t count = 0;
      for (const auto& [name, receiver] : c.receivers) count += receiver.integrations.size();
      return static_cast<double>(count);
    });
    of_config("alertmanager_inhibition_rules", "Inhibition rules of the configuration.",
              [](const Config& c) { return static_cast<double>(c.inhibit_rules.size()); });
    of_config("alertmanager_config_hash", "Hash of the text of the configuration.",
              [](const Config& c) { return static_cast<double>(c.hash); });
    add("alertmanager_cluster_enabled", "Whether there is a cluster.", {}, [] { return 0.0; });
    add("alertmanager_build_info", "1, labelled with the version that clients may expect.",
        {{"branch", "bellwether"},
         {"goversion", ""},
         {"revision", ""},
         {"version", std::string(kCompatibleAlertmanager)}},
        [] { return 1.0; });
  }

  // So that every counter is there, at 0, from the start.
  void AddMetrics(const Config& config) {
    for (const auto& [name, receiver] : config.receivers) {
      for (const Integration& integration : receiver.integrations) {
        static_cast<void>(MetricsOf(integration.kind, name));
      }
    }
  }

  ChannelMetrics MetricsOf(const std::string& integration, const std::string& receiver) {
    const base::MetricLabels labels = {{"integration", integration}, {"receiver", receiver}};
    base::MetricsRegistry& m = deps_.metrics;
    return {.sent = m.AddCounter("bellwether_notifications_sent_total", "Messages delivered.", labels),
            .failed = m.AddCounter("bellwether_notifications_failed_total", "Attempts that failed.", labels),
            .retried = m.AddCounter("bellwether_notifications_retried_total",
                                    "Failed attempts after which the message waits for another.", labels),
            .dead_lettered =
                m.AddCounter("bellwether_notifications_dead_lettered_total", "Messages given up for good.", labels)};
  }

  const NotifyDependencies deps_;
  const base::TimestampMs started_at_;

  base::Mutex turn_;
  mutable base::Mutex mu_;
  std::shared_ptr<const Config> config_ BW_GUARDED_BY(mu_);
  std::string external_url_ BW_GUARDED_BY(mu_);
  bool loaded_ BW_GUARDED_BY(mu_) = false;
  Book book_ BW_GUARDED_BY(mu_);
  std::set<ChannelId> busy_ BW_GUARDED_BY(mu_);
  std::map<ChannelId, base::TimestampMs> channel_rest_ BW_GUARDED_BY(mu_);
  std::deque<WaitingMessage> delivered_ BW_GUARDED_BY(mu_);  // Newest first.
  Silences silences_;                                        // Locks itself, after `mu_`.
  Suppression suppression_ BW_GUARDED_BY(mu_);
  std::shared_ptr<const Config> intervals_of_ BW_GUARDED_BY(turn_);
  std::int64_t intervals_at_ BW_GUARDED_BY(turn_) = 0;
  std::mt19937_64 random_ BW_GUARDED_BY(turn_);

  base::Counter& received_firing_;
  base::Counter& received_resolved_;
  base::Counter& invalid_;
  TokenSource tokens_;  // Thread-safe.
  base::Gauge& queue_length_;
  std::array<base::Counter*, kSuppressReasonCount> suppressed_{};
  std::vector<std::jthread> workers_;  // Of Start and Stop, called by the owner.
};

Dispatcher::Dispatcher(std::string external_url, NotifyDependencies dependencies)
    : impl_(std::make_unique<Impl>(std::move(external_url), dependencies)) {}
Dispatcher::~Dispatcher() = default;

void Dispatcher::Configure(std::shared_ptr<const Config> config, std::string external_url) {
  impl_->Configure(std::move(config), std::move(external_url));
}
base::Status Dispatcher::Take(std::span<const metric::AlertUpdate> updates) { return impl_->Take(updates); }
base::Status Dispatcher::Start() { return impl_->Start(); }
void Dispatcher::Stop() { impl_->Stop(); }
void Dispatcher::RunDue() { impl_->RunDue(); }
base::Result<PostOutcome> Dispatcher::Post(std::span<const ForeignAlert> alerts) { return impl_->Post(alerts); }
std::vector<ShownAlert> Dispatcher::Alerts() { return impl_->Alerts(); }
std::vector<ShownGroup> Dispatcher::Groups() { return impl_->Groups(); }
std::vector<ShownReceiver> Dispatcher::Receivers() const { return impl_->Receivers(); }
std::vector<std::string> Dispatcher::ReceiversFor(const metric::Labels& labels) const {
  return impl_->ReceiversFor(labels);
}
std::string Dispatcher::ShownConfiguration() const { return impl_->ShownConfiguration(); }
Silences& Dispatcher::silences() { return impl_->silences(); }
std::vector<OutboxEntry> Dispatcher::Outbox() const { return impl_->Outbox(); }
base::Result<std::vector<DeliveryRecord>> Dispatcher::DeliveryLog(const DeliveryLogQuery& query) const {
  return impl_->DeliveryLog(query);
}
base::Status Dispatcher::Resend(std::uint64_t id) { return impl_->Resend(id); }
base::Result<std::vector<PreviewedMessage>> Dispatcher::Preview(const PreviewRequest& request) {
  return impl_->Preview(request);
}

}  // namespace bellwether::notify
