// rules/eval/alert_template.h
//
// The texts of an alerting rule's labels and annotations: Go templates that see the sample which raised the alert.
// Data: .Labels, .Value, .ExternalLabels, .ExternalURL, also as $labels, $value, $externalLabels, $externalURL;
// functions in rules/eval/template_functions.h.
//
// A template is parsed once, when its rule is loaded, and expanded for each alert at each evaluation. A text without
// `{{` costs a copy.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "promql/engine.h"
#include "rules/eval/template_functions.h"
#include "storage/storage.h"

namespace bellwether::rules {

// The sample that raised the alert, with its metric name.
struct TemplateSample {
  const metric::Labels& labels;
  double value = 0;
  promql::HistogramPtr histogram;  // If set, the value is this.
};

// Immutable, cheap to copy, thread-safe.
class AlertTemplate {
 public:
  // The text of the alert `alert_name`. kInvalidArgument: "template: __alert_NAME:1: ...".
  static base::Result<AlertTemplate> Parse(std::string_view alert_name, std::string_view text);

  // The expanded text; "<error expanding template: ...>" where the template fails on this sample.
  [[nodiscard]] std::string Expand(const TemplateSample& sample, const TemplateWorld& world) const;

 private:
  struct Parsed;
  explicit AlertTemplate(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}

  std::shared_ptr<const Parsed> parsed_;
};

// The parsing alone: syntax, unknown functions and variables.
[[nodiscard]] base::Status CheckAlertTemplate(std::string_view alert_name, std::string_view text);

}  // namespace bellwether::rules
