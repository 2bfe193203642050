#include "rules/unittest/test_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/number.h"
#include "base/quote.h"
#include "promql/parser.h"
#include "rules/state/alert_table.h"
#include "yaml/field_reader.h"
#include "yaml/yaml_tree.h"

namespace bellwether::rules {
namespace {

using yaml::FaultList;
using yaml::FieldReader;
using yaml::YamlNode;

constexpr auto kTestFileKeys =
    std::to_array<std::string_view>({"rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "tests",
                                     "severities", "topology", "notifications"});
constexpr auto kTestKeys = std::to_array<std::string_view>(
    {"name", "interval", "start_timestamp", "input_series", "alert_rule_test", "promql_expr_test", "external_labels",
     "external_url", "suppression_test", "acknowledgements", "notification_test"});
constexpr auto kInputKeys = std::to_array<std::string_view>({"series", "values"});
constexpr auto kAlertTestKeys = std::to_array<std::string_view>({"eval_time", "alertname", "exp_alerts"});
constexpr auto kExpectedAlertKeys = std::to_array<std::string_view>({"exp_labels", "exp_annotations"});
constexpr auto kSuppressionTestKeys =
    std::to_array<std::string_view>({"eval_time", "alertname", "exp_suppressed", "exp_held", "exp_told"});
constexpr auto kNotificationTestKeys = std::to_array<std::string_view>({"eval_time", "receiver", "exp_messages"});
constexpr auto kExpectedMessageKeys = std::to_array<std::string_view>({"status", "contains"});
constexpr auto kExpectedStandingKeys = std::to_array<std::string_view>({"exp_labels", "by"});
constexpr auto kAcknowledgementKeys = std::to_array<std::string_view>({"alertname", "labels", "from", "until"});
constexpr auto kExprTestKeys = std::to_array<std::string_view>({"expr", "eval_time", "exp_samples"});
constexpr auto kExpectedSampleKeys = std::to_array<std::string_view>({"labels", "value", "histogram"});

metric::Labels LabelsOf(const yaml::TextMap& texts) {
  metric::LabelsBuilder builder;
  for (const auto& [name, text] : texts) builder.Set(name, text);
  return builder.Build();
}

// YAML's own spellings beside Go's.
std::optional<double> ReadNumber(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  if (text == ".nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == ".inf" || text == "+.inf") return std::numeric_limits<double>::infinity();
  if (text == "-.inf") return -std::numeric_limits<double>::infinity();
  return base::ParseNumber(text);
}

class TestReader {
 public:
  TestReader(const YamlNode& node, std::size_t number, base::DurationMs evaluation_interval, FaultList& faults)
      : fields_(node, "a test", faults), faults_(faults) {
    test_.name = fields_.Text("name");
    test_.named = !test_.name.empty();
    if (!test_.named) test_.name = fmt::format("unnamed#{}", number);
    test_.interval = fields_.Duration("interval").value_or(base::DurationMs(0));
    if (test_.interval.ms == 0) test_.interval = evaluation_interval;
  }

  RuleTest Read() {
    faults_.SetContext(fmt::format("test {}", base::Quote(test_.name)));
    fields_.RefuseUnknown(kTestKeys, {});
    ReadStart();
    test_.external_labels = LabelsOf(fields_.Texts("external_labels"));
    test_.external_url = fields_.Text("external_url");
    while (test_.external_url.ends_with('/')) test_.external_url.pop_back();
    for (const YamlNode& node : fields_.List("input_series")) ReadInput(node);
    for (const YamlNode& node : fields_.List("alert_rule_test")) ReadAlertTest(node);
    for (const YamlNode& node : fields_.List("promql_expr_test")) ReadExprTest(node);
    for (const YamlNode& node : fields_.List("suppression_test")) ReadSuppressionTest(node);
    for (const YamlNode& node : fields_.List("notification_test")) ReadNotificationTest(node);
    for (const YamlNode& node : fields_.List("acknowledgements")) ReadAcknowledgement(node);
    faults_.SetContext("");
    return std::move(test_);
  }

 private:
  void ReadStart() {
    const std::string text = fields_.Text("start_timestamp");
    if (text.empty()) return;
    const std::optional<double> seconds = base::ParseNumber(text);
    if (seconds && std::abs(*seconds) < 1e12) {
      test_.start = base::TimestampMs(std::llround(*seconds * 1000));
      return;
    }
    const auto at = base::ParseRfc3339(text);
    if (at.ok()) {
      test_.start = *at;
    } else {
      faults_.Add(fields_.PositionOf("start_timestamp"),
                  fmt::format("start_timestamp must be Unix seconds or RFC 3339, not {}", base::Quote(text)));
    }
  }

  void ReadInput(const YamlNode& node) {
    FieldReader fields(node, "an input series", faults_);
    fields.RefuseUnknown(kInputKeys, {});
    const std::string series = fields.Text("series");
    auto description = promql::ParseSeriesDescription(series + " " + fields.Text("values"));
    if (description.ok()) {
      test_.input.push_back(*std::move(description));
    } else {
      faults_.Add(fields.PositionOf("series"),
                  fmt::format("series {}: {}", base::Quote(series), description.status().message()));
    }
  }

  void ReadAlertTest(const YamlNode& node) {
    FieldReader fields(node, "an item under alert_rule_test", faults_);
    fields.RefuseUnknown(kAlertTestKeys, {});
    AlertExpectation expectation{.eval_time = fields.Duration("eval_time").value_or(base::DurationMs(0)),
                                 .alert = fields.Text("alertname"),
                                 .alerts = {}};
    if (expectation.alert.empty()) {
      faults_.Add(node.position,
                  fmt::format("an item under alert_rule_test misses required attribute alertname at eval_time {}",
                              base::FormatDuration(expectation.eval_time)));
    }
    for (const YamlNode& item : fields.List("exp_alerts")) {
      FieldReader alert(item, "an expected alert", faults_);
      alert.RefuseUnknown(kExpectedAlertKeys, {});
      yaml::TextMap labels = alert.Texts("exp_labels");
      labels.insert_or_assign(std::string(kAlertNameLabel), expectation.alert);
      metric::Annotations annotations;
      for (auto& [name, text] : alert.Texts("exp_annotations")) annotations.emplace(name, text);
      expectation.alerts.push_back({LabelsOf(labels), std::move(annotations)});
    }
    test_.alerts.push_back(std::move(expectation));
  }

  // The alertname of an item; a fault if there is none.
  std::string ReadAlertName(FieldReader& fields, const YamlNode& node, std::string_view list) {
    std::string alert = fields.Text("alertname");
    if (alert.empty()) {
      faults_.Add(node.position, fmt::format("an item under {} misses required attribute alertname", list));
    }
    return alert;
  }

  static metric::Labels LabelsOfAlert(yaml::TextMap labels, const std::string& alert) {
    labels.insert_or_assign(std::string(kAlertNameLabel), alert);
    return LabelsOf(labels);
  }

  void ReadSuppressionTest(const YamlNode& node) {
    FieldReader fields(node, "an item under suppression_test", faults_);
    fields.RefuseUnknown(kSuppressionTestKeys, {});
    SuppressionExpectation expectation{.eval_time = fields.Duration("eval_time").value_or(base::DurationMs(0)),
                                       .alert = ReadAlertName(fields, node, "suppression_test")};
    expectation.suppressed = ReadStandings(fields, "exp_suppressed", expectation.alert);
    expectation.held = ReadStandings(fields, "exp_held", expectation.alert);
    expectation.told = ReadStandings(fields, "exp_told", expectation.alert);
    if (!expectation.suppressed && !expectation.held && !expectation.told) {
      faults_.Add(node.position, "an item under suppression_test must have exp_suppressed, exp_held or exp_told");
    }
    test_.suppression.push_back(std::move(expectation));
  }

  std::optional<std::vector<ExpectedStanding>> ReadStandings(FieldReader& fields, std::string_view key,
                                                             const std::string& alert) {
    if (fields.Find(key) == nullptr) return std::nullopt;
    std::vector<ExpectedStanding> standings;
    for (const YamlNode& item : fields.List(key)) {
      FieldReader standing(item, "an expected alert", faults_);
      standing.RefuseUnknown(kExpectedStandingKeys, {});
      standings.push_back({.labels = LabelsOfAlert(standing.Texts("exp_labels"), alert)});
      if (standing.Find("by") == nullptr) continue;
      std::vector<std::string>& by = standings.back().by.emplace();
      for (const YamlNode& name : standing.List("by")) by.push_back(name.scalar);
      std::sort(by.begin(), by.end());
    }
    return standings;
  }

  void ReadNotificationTest(const YamlNode& node) {
    FieldReader fields(node, "an item under notification_test", faults_);
    fields.RefuseUnknown(kNotificationTestKeys, {});
    NotificationExpectation expectation{.eval_time = fields.Duration("eval_time").value_or(base::DurationMs(0)),
                                        .receiver = fields.Text("receiver"),
                                        .messages = {}};
    if (expectation.receiver.empty()) {
      faults_.Add(node.position, "an item under notification_test must have a receiver");
    }
    for (const YamlNode& item : fields.List("exp_messages")) {
      FieldReader message(item, "an expected message", faults_);
      message.RefuseUnknown(kExpectedMessageKeys, {});
      auto& expected = expectation.messages.emplace_back();
      expected.status = message.Text("status");
      if (!expected.status.empty() && expected.status != "firing" && expected.status != "resolved") {
        faults_.Add(message.PositionOf("status"), "field 'status' must be firing or resolved");
      }
      for (const YamlNode& text : message.List("contains")) expected.contains.push_back(text.scalar);
    }
    test_.notifications.push_back(std::move(expectation));
  }

  void ReadAcknowledgement(const YamlNode& node) {
    FieldReader fields(node, "an item under acknowledgements", faults_);
    fields.RefuseUnknown(kAcknowledgementKeys, {});
    const std::string alert = ReadAlertName(fields, node, "acknowledgements");
    TestAcknowledgement ack{.labels = LabelsOfAlert(fields.Texts("labels"), alert),
                            .from = fields.Duration("from").value_or(base::DurationMs(0))};
    ack.until = fields.Duration("until");
    if (ack.until && *ack.until <= ack.from)
      faults_.Add(fields.PositionOf("until"), "'until' must be later than 'from'");
    test_.acknowledgements.push_back(std::move(ack));
  }

  void ReadExprTest(const YamlNode& node) {
    FieldReader fields(node, "an item under promql_expr_test", faults_);
    fields.RefuseUnknown(kExprTestKeys, {});
    ExprExpectation expectation{.eval_time = fields.Duration("eval_time").value_or(base::DurationMs(0)),
                                .expr = fields.Text("expr"),
                                .samples = {}};
    for (const YamlNode& item : fields.List("exp_samples")) expectation.samples.push_back(ReadSample(item));
    test_.exprs.push_back(std::move(expectation));
  }

  ExpectedSample ReadSample(const YamlNode& node) {
    FieldReader fields(node, "an expected sample", faults_);
    fields.RefuseUnknown(kExpectedSampleKeys, {});
    ExpectedSample sample;
    const std::string labels = fields.Text("labels");
    if (!labels.empty() && labels != "{}") {
      auto parsed = promql::ParseMetric(labels);
      if (parsed.ok()) {
        sample.labels = *std::move(parsed);
      } else {
        faults_.Add(fields.PositionOf("labels"),
                    fmt::format("labels {}: {}", base::Quote(labels), parsed.status().message()));
      }
    }
    ReadValue(fields, sample);
    ReadHistogram(fields, sample);
    return sample;
  }

  void ReadValue(FieldReader& fields, ExpectedSample& sample) {
    const std::string text = fields.Text("value");
    if (text.empty()) return;
    const std::optional<double> value = ReadNumber(text);
    if (value) {
      sample.value = *value;
    } else {
      faults_.Add(fields.PositionOf("value"), fmt::format("value must be a number, not {}", base::Quote(text)));
    }
  }

  void ReadHistogram(FieldReader& fields, ExpectedSample& sample) {
    const std::string text = fields.Text("histogram");
    if (text.empty()) return;
    const auto described = promql::ParseSeriesDescription("{} " + text);
    if (!described.ok()) {
      faults_.Add(fields.PositionOf("histogram"), fmt::format("histogram: {}", described.status().message()));
    } else if (described->values.size() != 1 || described->values[0].histogram == nullptr) {
      faults_.Add(fields.PositionOf("histogram"), "histogram must be one literal, as {{count:1 sum:2 buckets:[1]}}");
    } else {
      sample.histogram = described->values[0].histogram;
    }
  }

  FieldReader fields_;
  FaultList& faults_;
  RuleTest test_;
};

void ReadGroupOrder(FieldReader& fields, FaultList& faults, TestFile& file) {
  for (const YamlNode& node : fields.List("group_eval_order")) {
    if (node.kind != YamlNode::Kind::kScalar) {
      faults.Add(node.position, "group_eval_order must list names of groups");
    } else if (!file.group_order.emplace(node.scalar, file.group_order.size()).second) {
      faults.Add(node.position, fmt::format("group name repeated in evaluation order: {}", node.scalar));
    }
  }
}

void ReadRoot(const YamlNode& root, FaultList& faults, TestFile& file) {
  FieldReader fields(root, "a test file", faults);
  fields.RefuseUnknown(kTestFileKeys, {});
  for (const YamlNode& node : fields.List("rule_files")) {
    if (node.kind == YamlNode::Kind::kScalar) {
      file.rule_files.push_back(node.scalar);
    } else {
      faults.Add(node.position, "rule_files must list paths or patterns");
    }
  }
  const base::DurationMs interval = fields.Duration("evaluation_interval").value_or(base::DurationMs(0));
  if (interval.ms > 0) file.evaluation_interval = interval;
  file.fuzzy_compare = fields.Bool("fuzzy_compare").value_or(false);
  ReadGroupOrder(fields, faults, file);
  for (const YamlNode& node : fields.List("severities")) file.severities.push_back(node.scalar);
  for (const YamlNode& node : fields.List("tests")) {
    file.tests.push_back(TestReader(node, file.tests.size(), file.evaluation_interval, faults).Read());
  }
}

}  // namespace

base::DurationMs RuleTest::Length() const {
  base::DurationMs length;
  for (const AlertExpectation& expectation : alerts) length = std::max(length, expectation.eval_time);
  for (const SuppressionExpectation& expectation : suppression) length = std::max(length, expectation.eval_time);
  for (const NotificationExpectation& expectation : notifications) length = std::max(length, expectation.eval_time);
  for (const ExprExpectation& expectation : exprs) length = std::max(length, expectation.eval_time);
  return length;
}

TestFile ReadTestText(const std::string& path, std::string_view text, bool ignore_unknown_fields) {
  TestFile file;
  FaultList faults(path);
  if (ignore_unknown_fields) faults.IgnoreUnknownFields();
  const yaml::YamlDocument document = yaml::ReadYaml(text);
  for (const yaml::YamlFault& fault : document.faults) faults.Add(fault.position, fault.text);
  if (document.root.kind != YamlNode::Kind::kNull) ReadRoot(document.root, faults, file);
  file.faults = faults.Take();
  return file;
}

}  // namespace bellwether::rules
