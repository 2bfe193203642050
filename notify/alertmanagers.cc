#include "notify/alertmanagers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "notify/alertmanager/alerting_config.h"
#include "notify/alertmanager/discovery.h"
#include "notify/alertmanager/send_queue.h"

namespace bellwether::notify {
namespace {

// The labels an alert leaves with, before the groups of Alertmanagers have their say.
std::optional<metric::Labels> LabelsForAll(const metric::Labels& labels, const metric::Labels& external,
                                           const AlertingConfig& config) {
  metric::LabelsBuilder builder(labels);
  for (const metric::LabelView& label : external) {
    if (builder.Get(label.name).empty()) builder.Set(label.name, label.value);
  }
  return relabel::Relabel(builder.Build(), config.alert_relabel_configs);
}

std::optional<base::DurationMs> RefreshInterval(const AlertingConfig& config) {
  std::optional<base::DurationMs> shortest;
  for (const AlertmanagerGroup& group : config.groups) {
    for (const TargetFiles& files : group.target_files) {
      shortest = shortest ? std::min(*shortest, files.refresh_interval) : files.refresh_interval;
    }
  }
  return shortest;
}

void SortUnique(std::vector<std::string>& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

}  // namespace

// Locks: `turn_` before `mu_`. Files are read and queues begin and end under `turn_`, which only keeps those who do so
// apart; `mu_` is held to read or to change memory.
class AlertmanagerSender::Impl {
 public:
  Impl(AlertmanagerOptions options, base::HttpClient& http, base::Clock& clock, base::MetricsRegistry& metrics)
      : options_(options),
        http_(http),
        clock_(clock),
        metrics_(metrics),
        discovered_(metrics.AddGauge("prometheus_notifications_alertmanagers_discovered",
                                     "Alertmanagers that alerts are sent to.")) {
    metrics.AddGauge("prometheus_notifications_queue_capacity", "Alerts that may wait for an Alertmanager.")
        .Set(static_cast<double>(options.queue_capacity));
  }

  ~Impl() { Stop(); }

  void Configure(std::shared_ptr<const AlertingConfig> config, metric::Labels external_labels) {
    const base::MutexLock turn(turn_);
    {
      const base::MutexLock lock(mu_);
      config_ = config != nullptr ? std::move(config) : std::make_shared<const AlertingConfig>();
      external_labels_ = std::move(external_labels);
    }
    Rediscover();
  }

  void Take(std::span<const metric::AlertUpdate> updates) {
    const base::MutexLock turn(turn_);
    RediscoverIfDue();
    std::vector<Destination> destinations;
    std::shared_ptr<const AlertingConfig> config;
    metric::Labels external;
    {
      const base::MutexLock lock(mu_);
      while (!updates.empty() && updates.front().sequence <= last_sequence_) updates = updates.subspan(1);
      if (updates.empty()) return;
      last_sequence_ = updates.back().sequence;
      destinations = destinations_;
      config = config_;
      external = external_labels_;
    }
    if (destinations.empty()) return;
    const std::vector<AlertParcel> parcels = ParcelsForAll(updates, external, *config);
    for (std::size_t group = 0; group < config->groups.size(); ++group) {
      const std::vector<AlertParcel> of_group = ParcelsOfGroup(parcels, config->groups[group]);
      for (const Destination& destination : destinations) {
        if (destination.group == group && !of_group.empty()) destination.queue->Push(of_group);
      }
    }
  }

  void Start() {
    const base::MutexLock turn(turn_);
    started_ = true;
    for (const Destination& destination : Destinations()) destination.queue->Start();
  }

  void Stop() {
    const base::MutexLock turn(turn_);
    if (!started_) return;
    started_ = false;
    for (const Destination& destination : Destinations()) {
      destination.queue->Stop(options_.drain_on_stop ? SendQueue::Drain::kYes : SendQueue::Drain::kNo);
    }
  }

  void SendQueued() {
    for (const Destination& destination : Destinations()) {
      while (destination.queue->SendBatch()) {
      }
    }
  }

  AlertmanagerUrls Urls() {
    const base::MutexLock turn(turn_);
    RediscoverIfDue();
    const base::MutexLock lock(mu_);
    AlertmanagerUrls urls;
    for (const Destination& destination : destinations_) urls.active.push_back(destination.queue->url());
    urls.dropped = dropped_;
    SortUnique(urls.active);
    return urls;
  }

 private:
  // One Alertmanager, in the first group that found it.
  struct Destination {
    std::size_t group = 0;
    std::shared_ptr<SendQueue> queue;
  };

  // The end of an alert that goes on under other labels is in the parcel of those, which come right before it.
  static std::vector<AlertParcel> ParcelsForAll(std::span<const metric::AlertUpdate> updates,
                                                const metric::Labels& external, const AlertingConfig& config) {
    std::vector<AlertParcel> parcels;
    const metric::Labels* last = nullptr;  // As they came, of the newest parcel.
    for (const metric::AlertUpdate& update : updates) {
      std::optional<metric::Labels> labels = LabelsForAll(update.labels, external, config);
      if (!labels) continue;
      const bool goes_on = last != nullptr && !update.moved_to.empty() && update.moved_to == *last;
      if (!goes_on) parcels.emplace_back();
      parcels.back().push_back(update);
      parcels.back().back().labels = *std::move(labels);
      last = &update.labels;
    }
    return parcels;
  }

  static std::vector<AlertParcel> ParcelsOfGroup(std::vector<AlertParcel> parcels, const AlertmanagerGroup& group) {
    if (group.alert_relabel_configs.empty()) return parcels;
    for (AlertParcel& parcel : parcels) {
      std::erase_if(parcel, [&](metric::AlertUpdate& update) {
        std::optional<metric::Labels> labels = relabel::Relabel(update.labels, group.alert_relabel_configs);
        if (!labels) return true;
        update.labels = *std::move(labels);
        return false;
      });
    }
    std::erase_if(parcels, [](const AlertParcel& parcel) { return parcel.empty(); });
    return parcels;
  }

  std::vector<Destination> Destinations() {
    const base::MutexLock lock(mu_);
    return destinations_;
  }

  void RediscoverIfDue() BW_REQUIRES(turn_) {
    if (refresh_ && clock_.Now() >= refreshed_at_ + *refresh_) Rediscover();
  }

  void Rediscover() BW_REQUIRES(turn_) {
    std::shared_ptr<const AlertingConfig> config;
    std::map<std::string, std::shared_ptr<SendQueue>> before;
    {
      const base::MutexLock lock(mu_);
      config = config_;
      for (const Destination& destination : destinations_) before[destination.queue->url()] = destination.queue;
    }
    refreshed_at_ = clock_.Now();
    refresh_ = RefreshInterval(*config);
    std::vector<Destination> next;
    std::vector<std::string> dropped;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < config->groups.size(); ++i) {
      const AlertmanagerGroup& group = config->groups[i];
      DiscoveredUrls urls = Discover(group, files_);
      dropped.insert(dropped.end(), urls.dropped.begin(), urls.dropped.end());
      for (std::string& url : urls.active) {
        if (!seen.insert(url).second) continue;
        next.push_back({i, QueueOf(url, before)});
        next.back().queue->SetSettings({.timeout = group.timeout, .http = group.http});
        before.erase(url);
      }
    }
    SortUnique(dropped);
    discovered_.Set(static_cast<double>(next.size()));
    {
      const base::MutexLock lock(mu_);
      destinations_ = std::move(next);
      dropped_ = std::move(dropped);
    }
    for (const auto& [url, queue] : before) queue->Stop(SendQueue::Drain::kNo);
  }

  std::shared_ptr<SendQueue> QueueOf(const std::string& url,
                                     const std::map<std::string, std::shared_ptr<SendQueue>>& before)
      BW_REQUIRES(turn_) {
    if (const auto it = before.find(url); it != before.end()) return it->second;
    auto queue = std::make_shared<SendQueue>(url, options_, http_, clock_, metrics_);
    if (started_) queue->Start();
    return queue;
  }

  const AlertmanagerOptions options_;
  base::HttpClient& http_;
  base::Clock& clock_;
  base::MetricsRegistry& metrics_;
  base::Gauge& discovered_;

  base::Mutex turn_;
  bool started_ BW_GUARDED_BY(turn_) = false;
  TargetFileCache files_ BW_GUARDED_BY(turn_);
  base::TimestampMs refreshed_at_ BW_GUARDED_BY(turn_);
  std::optional<base::DurationMs> refresh_ BW_GUARDED_BY(turn_);  // Nothing: no files are named.

  base::Mutex mu_;
  std::shared_ptr<const AlertingConfig> config_ BW_GUARDED_BY(mu_) = std::make_shared<const AlertingConfig>();
  metric::Labels external_labels_ BW_GUARDED_BY(mu_);
  std::vector<Destination> destinations_ BW_GUARDED_BY(mu_);
  std::vector<std::string> dropped_ BW_GUARDED_BY(mu_);
  std::uint64_t last_sequence_ BW_GUARDED_BY(mu_) = 0;
};

AlertmanagerSender::AlertmanagerSender(AlertmanagerOptions options, base::HttpClient& http, base::Clock& clock,
                                       base::MetricsRegistry& metrics)
    : impl_(std::make_unique<Impl>(options, http, clock, metrics)) {}
AlertmanagerSender::~AlertmanagerSender() = default;

void AlertmanagerSender::Configure(std::shared_ptr<const AlertingConfig> config, metric::Labels external_labels) {
  impl_->Configure(std::move(config), std::move(external_labels));
}
void AlertmanagerSender::Take(std::span<const metric::AlertUpdate> updates) { impl_->Take(updates); }
void AlertmanagerSender::Start() { impl_->Start(); }
void AlertmanagerSender::Stop() { impl_->Stop(); }
void AlertmanagerSender::SendQueued() { impl_->SendQueued(); }
AlertmanagerUrls AlertmanagerSender::Urls() { return impl_->Urls(); }

}  // namespace bellwether::notify
