#include "rules/eval/alert_template.h"

#include <utility>

#include "base/log.h"
#include "template/template.h"

namespace bellwether::rules {

namespace {

constexpr std::string_view kConditionsPrelude = "{{$level := .Level}}{{$signals := .Signals}}";

templating::Value SignalsValue(std::span<const SignalStanding> signals) {
  templating::ValueMap values;
  for (const SignalStanding& signal : signals) {
    if (signal.name.empty()) continue;  // The expression of a rule without signals.
    const templating::Moment since{.at = signal.since.value_or(base::TimestampMs()), .is_zero = !signal.since};
    values.emplace(signal.name, templating::Value::Record("template.signal",
                                                          {{"State", templating::Value::String(signal.StateName())},
                                                           {"Value", templating::Value::Float(signal.value)},
                                                           {"Since", templating::Value::Time(since)},
                                                           {"Labels", LabelsValue(signal.labels)}}));
  }
  return templating::Value::AnyMap(std::move(values));
}

}  // namespace

struct AlertTemplate::Parsed {
  std::string name;      // "__alert_NAME"
  std::string text;      // As written.
  bool literal = false;  // Nothing to expand.
  TemplateScope scope = TemplateScope::kPrometheus;
  templating::TemplateSet templates;
};

base::Result<AlertTemplate> AlertTemplate::Parse(std::string_view alert_name, std::string_view text,
                                                 TemplateScope scope) {
  auto parsed = std::make_shared<Parsed>();
  parsed->name = "__alert_" + std::string(alert_name);
  parsed->text = std::string(text);
  parsed->scope = scope;
  parsed->literal = text.find("{{") == std::string_view::npos;
  if (!parsed->literal) {
    std::string whole(templating::kAlertPrelude);
    if (scope == TemplateScope::kConditions) whole += kConditionsPrelude;
    whole += parsed->text;
    BW_RETURN_IF_ERROR(parsed->templates.Parse(parsed->name, whole, TemplateFunctionNames()));
  }
  return AlertTemplate(std::move(parsed));
}

std::string AlertTemplate::Expand(const TemplateSample& sample, const TemplateWorld& world) const {
  if (parsed_->literal) return parsed_->text;
  std::vector<std::pair<std::string, templating::Value>> fields = {
      {"Labels", LabelsValue(sample.labels)},
      {"ExternalLabels", world.external_labels()},
      {"ExternalURL", world.external_url()},
      {"Value", SampleValue(sample.value, sample.histogram)}};
  if (parsed_->scope == TemplateScope::kConditions) {
    fields.emplace_back("Level", templating::Value::String(std::string(sample.level)));
    fields.emplace_back("Signals", SignalsValue(sample.signals));
  }
  const auto data = templating::Value::Record("template.alertTemplateData", std::move(fields));
  auto expanded = parsed_->templates.Execute(parsed_->name, data, world.functions());
  if (expanded.ok()) return *std::move(expanded);
  const std::string message = "error executing template " + parsed_->name + ": " + expanded.status().message();
  BW_LOG_EVERY(std::chrono::seconds(10), kWarning, "a template of an alert failed", {"error", message});
  return "<error expanding template: " + message + ">";
}

base::Status CheckAlertTemplate(std::string_view alert_name, std::string_view text, TemplateScope scope) {
  return AlertTemplate::Parse(alert_name, text, scope).status();
}

}  // namespace bellwether::rules
