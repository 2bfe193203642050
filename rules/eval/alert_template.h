// rules/eval/alert_template.h
//
// The texts of an alerting rule's labels and annotations: Go templates that see the sample which raised the alert.
// Data: .Labels, .Value, .ExternalLabels, .ExternalURL, also as $labels, $value, $externalLabels, $externalURL;
// functions in rules/eval/template_functions.h. Annotations of rules with levels or signals also see .Level and
// .Signals
// ($level, $signals): signals by name, each with .State ("true", "pending", "false", "unknown"), .Value, .Since,
// .Labels.
//
// A template is parsed once, when its rule is loaded, and expanded for each alert at each evaluation. A text without
// `{{` costs a copy.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "promql/engine.h"
#include "rules/eval/template_functions.h"
#include "rules/state/leveled_alert.h"
#include "storage/storage.h"

namespace bellwether::rules {

// The sample that raised the alert, with its metric name.
struct TemplateSample {
  const metric::Labels& labels;
  double value = 0;
  promql::HistogramPtr histogram;  // If set, the value is this.
  std::string_view level = {};     // kConditions only; so is `signals`.
  std::span<const SignalStanding> signals = {};
};

enum class TemplateScope : std::uint8_t { kPrometheus, kConditions };

// Immutable, cheap to copy, thread-safe.
class AlertTemplate {
 public:
  // The text of the alert `alert_name`. kInvalidArgument: "template: __alert_NAME:1: ...".
  static base::Result<AlertTemplate> Parse(std::string_view alert_name, std::string_view text, TemplateScope scope);

  // The expanded text; "<error expanding template: ...>" where the template fails on this sample.
  [[nodiscard]] std::string Expand(const TemplateSample& sample, const TemplateWorld& world) const;

 private:
  struct Parsed;
  explicit AlertTemplate(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}

  std::shared_ptr<const Parsed> parsed_;
};

// The parsing alone: syntax, unknown functions and variables.
[[nodiscard]] base::Status CheckAlertTemplate(std::string_view alert_name, std::string_view text, TemplateScope scope);

}  // namespace bellwether::rules
