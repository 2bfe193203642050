#include "server/config/config.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/file_glob.h"
#include "base/quote.h"
#include "base/read_file.h"
#include "base/utf8.h"
#include "rules/severities.h"
#include "yaml/field_reader.h"
#include "yaml/yaml_tree.h"

namespace bellwether::server {
namespace {

using yaml::FaultList;
using yaml::FieldReader;
using yaml::YamlNode;

constexpr std::string_view kMasked = "<secret>";

constexpr std::array<std::string_view, 11> kTopLevelKeys = {
    "global",    "rule_files", "alerting", "notifications",         "alertmanager_config",
    "storage",   "rules",      "limits",   "remote_write_receiver", "topology",
    "severities"};

// Of a prometheus.yml, but not done here: named in a warning.
struct LeftOutKey {
  std::string_view key;
  std::string_view instead;
};
constexpr std::array<LeftOutKey, 9> kLeftOutKeys = {{
    {"scrape_configs", "Bellwether does not scrape; point the remote_write of a Prometheus or an agent at it"},
    {"scrape_config_files", "Bellwether does not scrape"},
    {"remote_write", "Bellwether receives samples and passes none on"},
    {"remote_read", "Bellwether answers from its own store alone"},
    {"tracing", "there is no tracing"},
    {"otlp", "OTLP is not received"},
    {"runtime", "it tunes Go's runtime"},
    {"scrape_failure_log_file", "Bellwether does not scrape"},
    {"profiling", "it is Prometheus's own"},
}};

// The contract's keys that this version does not know yet: refused, because leaving them out would lose alerts.
constexpr std::array<std::string_view, 8> kReservedKeys = {
    "incidents", "teams", "escalation_policies", "schedules", "models", "baselines", "runbooks", "grafana"};

constexpr std::array<std::string_view, 4> kGlobalKeys = {"evaluation_interval", "rule_query_offset", "external_labels",
                                                         "query_log_file"};
// Of scraping; without effect here, and not worth a warning of their own.
constexpr std::array<std::string_view, 22> kGlobalScrapeKeys = {"scrape_interval",
                                                                "scrape_timeout",
                                                                "scrape_protocols",
                                                                "scrape_failure_log_file",
                                                                "body_size_limit",
                                                                "sample_limit",
                                                                "label_limit",
                                                                "label_name_length_limit",
                                                                "label_value_length_limit",
                                                                "target_limit",
                                                                "keep_dropped_targets",
                                                                "metric_name_validation_scheme",
                                                                "metric_name_escaping_scheme",
                                                                "convert_classic_histograms_to_nhcb",
                                                                "always_scrape_classic_histograms",
                                                                "scrape_native_histograms",
                                                                "scrape_classic_histograms",
                                                                "extra_scrape_metrics",
                                                                "runtime",
                                                                "fallback_scrape_protocol",
                                                                "native_histogram_bucket_limit",
                                                                "native_histogram_min_bucket_factor"};

template <std::size_t N>
bool Contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Reads one file; the faults are gathered, the values kept as far as they are right.
class ConfigReader {
 public:
  ConfigReader(const std::string& name, std::string directory, std::string_view text)
      : name_(name), directory_(std::move(directory)), text_(text), faults_(name) {}

  base::Result<Config> Read() {
    const yaml::YamlDocument document = yaml::ReadYaml(text_);
    for (const yaml::YamlFault& fault : document.faults) faults_.Add(fault.position, fault.text);
    if (document.root.kind != YamlNode::Kind::kNull) ReadTop(document.root);
    if (document.faults.empty()) ReadSuppression();
    const std::vector<std::string> faults = faults_.Take();
    std::string all = fmt::format("{}", fmt::join(faults, "\n"));
    for (const std::string& fault : foreign_faults_) all += (all.empty() ? "" : "\n") + fault;
    if (!all.empty()) return base::InvalidArgument(std::move(all));
    config_.yaml = MaskSecrets(text_);
    return std::move(config_);
  }

 private:
  void ReadTop(const YamlNode& root) {
    FieldReader top(root, "the configuration", faults_);
    for (const LeftOutKey& left_out : kLeftOutKeys) {
      if (top.Find(left_out.key) == nullptr) continue;
      config_.warnings.push_back(fmt::format("{}: {}: {} is left out: {}", name_,
                                             yaml::PositionText(top.PositionOf(left_out.key)), left_out.key,
                                             left_out.instead));
    }
    RefuseUnknownTop(root);
    if (const YamlNode* node = top.Find("global")) ReadGlobal(*node);
    if (const YamlNode* node = top.Find("storage")) ReadStorage(*node);
    if (const YamlNode* node = top.Find("rules")) ReadRules(*node);
    if (const YamlNode* node = top.Find("limits")) ReadLimits(*node);
    if (const YamlNode* node = top.Find("remote_write_receiver")) ReadReceiver(*node);
    ReadSeverities(top);
    ReadRuleFiles(top);
    ReadNotifications(top);
    ReadAlerting(top);
    ReadTopology(top);
  }

  void RefuseUnknownTop(const YamlNode& root) {
    YamlNode rest = root;
    std::erase_if(rest.fields, [](const yaml::YamlField& field) {
      return std::any_of(kLeftOutKeys.begin(), kLeftOutKeys.end(), [&](const auto& k) { return k.key == field.key; });
    });
    FieldReader(rest, "the configuration", faults_).RefuseUnknown(kTopLevelKeys, kReservedKeys);
  }

  void ReadGlobal(const YamlNode& node) {
    FieldReader global(node, "'global'", faults_);
    if (const auto interval = global.Duration("evaluation_interval")) {
      if (interval->ms <= 0)
        faults_.Add(global.PositionOf("evaluation_interval"), "evaluation_interval must be above 0");
      config_.evaluation_interval = *interval;
    }
    if (const auto offset = global.Duration("rule_query_offset")) config_.rule_query_offset = *offset;
    std::vector<metric::LabelView> labels;
    const yaml::TextMap texts = global.Texts("external_labels");
    for (const auto& [label, value] : texts) {
      if (label.empty() || label == metric::kMetricName || !base::IsValidUtf8(label) || !base::IsValidUtf8(value)) {
        faults_.Add(global.PositionOf("external_labels"),
                    fmt::format("\"{}\" is not a valid label name or value", label));
        continue;
      }
      labels.push_back({label, value});
    }
    config_.external_labels = metric::Labels::FromPairs(labels);
    YamlNode rest = node;
    std::erase_if(rest.fields, [](const yaml::YamlField& field) { return Contains(kGlobalScrapeKeys, field.key); });
    FieldReader(rest, "'global'", faults_).RefuseUnknown(kGlobalKeys, {});
    if (const std::string file = global.Text("query_log_file"); !file.empty()) config_.query_log_file = Absolute(file);
  }

  void ReadStorage(const YamlNode& node) {
    static constexpr std::array<std::string_view, 5> kKeys = {"sync", "out_of_order_time_window", "tsdb", "exemplars",
                                                              "metadata"};
    FieldReader storage(node, "'storage'", faults_);
    storage.RefuseUnknown(kKeys, {});
    const std::string sync = storage.Text("sync");
    if (sync == "interval") {
      config_.storage.sync = storage::SyncPolicy::kInterval;
    } else if (sync == "off") {
      config_.storage.sync = storage::SyncPolicy::kOff;
    } else if (!sync.empty() && sync != "always") {
      faults_.Add(storage.PositionOf("sync"), fmt::format("sync must be always, interval or off, not \"{}\"", sync));
    }
    if (const auto window = storage.Duration("out_of_order_time_window")) config_.storage.out_of_order_window = *window;
    if (const YamlNode* tsdb = storage.Find("tsdb")) {  // As prometheus.yml has it.
      static constexpr std::array<std::string_view, 1> kTsdbKeys = {"out_of_order_time_window"};
      FieldReader reader(*tsdb, "'storage.tsdb'", faults_);
      reader.RefuseUnknown(kTsdbKeys, {});
      if (const auto window = reader.Duration("out_of_order_time_window"))
        config_.storage.out_of_order_window = *window;
    }
    if (const YamlNode* exemplars = storage.Find("exemplars")) {
      static constexpr std::array<std::string_view, 1> kExemplarKeys = {"max_exemplars"};
      FieldReader reader(*exemplars, "'storage.exemplars'", faults_);
      reader.RefuseUnknown(kExemplarKeys, {});
      ReadCount(reader, "max_exemplars", config_.storage.exemplars_max);
    }
    if (const YamlNode* metadata = storage.Find("metadata")) {
      static constexpr std::array<std::string_view, 1> kMetadataKeys = {"max_metrics"};
      FieldReader reader(*metadata, "'storage.metadata'", faults_);
      reader.RefuseUnknown(kMetadataKeys, {});
      ReadCount(reader, "max_metrics", config_.storage.metadata_max);
    }
  }

  void ReadRules(const YamlNode& node) {
    static constexpr std::array<std::string_view, 2> kKeys = {"metrics_per_rule", "startup_hold"};
    FieldReader rules(node, "'rules'", faults_);
    rules.RefuseUnknown(kKeys, {});
    if (const auto hold = rules.Duration("startup_hold")) config_.startup_hold = *hold;
    config_.metrics_per_rule = rules.Bool("metrics_per_rule").value_or(true);
  }

  void ReadLimits(const YamlNode& node) {
    static constexpr std::array<std::string_view, 4> kKeys = {"series", "labels", "label_name_bytes",
                                                              "label_value_bytes"};
    FieldReader limits(node, "'limits'", faults_);
    limits.RefuseUnknown(kKeys, {});
    ReadCount(limits, "series", config_.storage.series_max);
    ReadCount(limits, "labels", config_.limits.labels_max);
    ReadCount(limits, "label_name_bytes", config_.limits.label_name_bytes_max);
    ReadCount(limits, "label_value_bytes", config_.limits.label_value_bytes_max);
  }

  void ReadReceiver(const YamlNode& node) {
    static constexpr std::array<std::string_view, 1> kKeys = {"request_bytes"};
    FieldReader receiver(node, "'remote_write_receiver'", faults_);
    receiver.RefuseUnknown(kKeys, {});
    ReadCount(receiver, "request_bytes", config_.limits.compressed_bytes_max);
    config_.limits.decoded_bytes_max = std::max(config_.limits.decoded_bytes_max, config_.limits.compressed_bytes_max);
  }

  void ReadCount(FieldReader& reader, std::string_view key, std::size_t& out) {
    const auto n = reader.Integer(key);
    if (!n) return;
    if (*n < 0) {
      faults_.Add(reader.PositionOf(key), fmt::format("field '{}' must not be negative", key));
    } else {
      out = static_cast<std::size_t>(*n);
    }
  }

  void ReadSeverities(FieldReader& top) {
    for (const YamlNode& item : top.List("severities")) {
      const auto& known = config_.severities;
      if (item.kind != YamlNode::Kind::kScalar || item.scalar.empty()) {
        faults_.Add(item.position, "a severity must be a word");
      } else if (std::find(known.begin(), known.end(), item.scalar) != known.end()) {
        faults_.Add(item.position, fmt::format("severity {} is given twice", base::Quote(item.scalar)));
      } else {
        config_.severities.push_back(item.scalar);
      }
    }
  }

  void ReadRuleFiles(FieldReader& top) {
    for (const YamlNode& item : top.List("rule_files")) {
      if (item.kind != YamlNode::Kind::kScalar || item.scalar.empty()) {
        faults_.Add(item.position, "a rule file must be a path or a pattern");
        continue;
      }
      const std::string pattern = Absolute(item.scalar);
      const std::vector<std::string> found = base::ExpandGlob(pattern);
      if (found.empty()) {
        config_.warnings.push_back(
            fmt::format("{}: {}: no rule file matches {}", name_, yaml::PositionText(item.position), item.scalar));
      }
      for (const std::string& file : found) {
        const auto& known = config_.rule_files;
        if (std::find(known.begin(), known.end(), file) == known.end()) config_.rule_files.push_back(file);
      }
    }
  }

  void ReadNotifications(FieldReader& top) {
    const YamlNode* inline_settings = top.Find("notifications");
    const std::string file = top.Text("alertmanager_config");
    if (inline_settings != nullptr && !file.empty()) {
      faults_.Add(top.PositionOf("alertmanager_config"),
                  "give either 'notifications' or 'alertmanager_config', not both");
      return;
    }
    if (inline_settings != nullptr) {
      KeepNotifications(notify::ParseConfig(name_, text_, "notifications"));
    } else if (!file.empty()) {
      const std::string path = Absolute(file);
      const base::Result<std::string> text = base::ReadFile(path);
      if (!text.ok()) {
        faults_.Add(top.PositionOf("alertmanager_config"),
                    fmt::format("cannot read {}: {}", path, text.status().message()));
        return;
      }
      KeepNotifications(notify::ParseConfig(path, *text, ""));
    }
  }

  void ReadAlerting(FieldReader& top) {
    if (top.Find("alerting") == nullptr) return;
    auto parsed = notify::ParseAlerting(name_, text_, "alerting");
    if (parsed.ok()) {
      config_.alerting = *std::move(parsed);
    } else {
      foreign_faults_.push_back(parsed.status().message());
    }
  }

  void ReadTopology(FieldReader& top) {
    if (top.Find("topology") == nullptr) return;
    auto parsed = incidents::ParseTopology(name_, text_, "topology");
    if (parsed.ok()) {
      config_.topology = *std::move(parsed);
    } else {
      foreign_faults_.push_back(parsed.status().message());
    }
  }

  // Severities are compared where there is no topology too.
  void ReadSuppression() {
    auto policy = incidents::ParseSuppressionPolicy(name_, text_, "topology", rules::SeverityOrder(config_.severities));
    if (policy.ok()) {
      config_.suppression = *std::move(policy);
    } else {
      foreign_faults_.push_back(policy.status().message());
    }
  }

  void KeepNotifications(base::Result<std::shared_ptr<const notify::Config>> parsed) {
    if (parsed.ok()) {
      config_.notifications = *std::move(parsed);
    } else {
      foreign_faults_.push_back(parsed.status().message());
    }
  }

  [[nodiscard]] std::string Absolute(const std::string& path) const {
    if (path.starts_with('/') || directory_.empty()) return path;
    return directory_ + "/" + path;
  }

  const std::string& name_;
  const std::string directory_;
  const std::string_view text_;
  FaultList faults_;
  std::vector<std::string> foreign_faults_;  // Lines with positions of their own.
  Config config_;
};

constexpr std::array<std::string_view, 14> kSecretKeys = {
    "routing_key",     "service_key", "api_url",       "slack_api_url",      "url",
    "password",        "credentials", "bearer_token",  "smtp_auth_password", "smtp_auth_secret",
    "slack_app_token", "app_token",   "client_secret", "secret_key"};

void CollectSecrets(const YamlNode& node, std::vector<std::string>& secrets) {
  for (const YamlNode& item : node.items) CollectSecrets(item, secrets);
  for (const yaml::YamlField& field : node.fields) {
    if (Contains(kSecretKeys, field.key) && !field.value.scalar.empty()) secrets.push_back(field.value.scalar);
    CollectSecrets(field.value, secrets);
  }
}

}  // namespace

std::string MaskSecrets(std::string_view text) {
  std::vector<std::string> secrets;
  CollectSecrets(yaml::ReadYaml(text).root, secrets);
  // Long ones first, so that one which contains another is not cut in two.
  std::sort(secrets.begin(), secrets.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
  std::string out(text);
  for (const std::string& secret : secrets) {
    std::size_t at = out.find(secret);
    // Written with escapes or over several lines, it cannot be found to be masked.
    if (at == std::string::npos) return "# not shown: a secret in it is written in a form that cannot be masked\n";
    for (; at != std::string::npos; at = out.find(secret, at)) {
      out.replace(at, secret.size(), kMasked);
      at += kMasked.size();
    }
  }
  return out;
}

base::Result<Config> ParseConfigText(const std::string& name, const std::string& directory, std::string_view text) {
  return ConfigReader(name, directory, text).Read();
}

base::Result<Config> LoadConfig(const std::string& path) {
  if (path.empty()) return ParseConfigText(path, "", "");
  const base::Result<std::string> text = base::ReadFile(path);
  if (!text.ok()) {
    return base::NotFound(fmt::format("cannot read the configuration file {}: {}", path, text.status().message()));
  }
  const std::size_t slash = path.rfind('/');
  return ParseConfigText(path, slash == std::string::npos ? "" : path.substr(0, slash), *text);
}

}  // namespace bellwether::server
