#include "rules/eval/alert_template.h"

#include <utility>

#include "base/log.h"
#include "template/template.h"

namespace bellwether::rules {

struct AlertTemplate::Parsed {
  std::string name;      // "__alert_NAME"
  std::string text;      // As written.
  bool literal = false;  // Nothing to expand.
  templating::TemplateSet templates;
};

base::Result<AlertTemplate> AlertTemplate::Parse(std::string_view alert_name, std::string_view text) {
  auto parsed = std::make_shared<Parsed>();
  parsed->name = "__alert_" + std::string(alert_name);
  parsed->text = std::string(text);
  parsed->literal = text.find("{{") == std::string_view::npos;
  if (!parsed->literal) {
    const std::string whole = std::string(templating::kAlertPrelude) + parsed->text;
    BW_RETURN_IF_ERROR(parsed->templates.Parse(parsed->name, whole, TemplateFunctionNames()));
  }
  return AlertTemplate(std::move(parsed));
}

std::string AlertTemplate::Expand(const TemplateSample& sample, const TemplateWorld& world) const {
  if (parsed_->literal) return parsed_->text;
  const auto data =
      templating::Value::Record("template.alertTemplateData", {{"Labels", LabelsValue(sample.labels)},
                                                               {"ExternalLabels", world.external_labels()},
                                                               {"ExternalURL", world.external_url()},
                                                               {"Value", SampleValue(sample.value, sample.histogram)}});
  auto expanded = parsed_->templates.Execute(parsed_->name, data, world.functions());
  if (expanded.ok()) return *std::move(expanded);
  const std::string message = "error executing template " + parsed_->name + ": " + expanded.status().message();
  BW_LOG_EVERY(std::chrono::seconds(10), kWarning, "a template of an alert failed", {"error", message});
  return "<error expanding template: " + message + ">";
}

base::Status CheckAlertTemplate(std::string_view alert_name, std::string_view text) {
  return AlertTemplate::Parse(alert_name, text).status();
}

}  // namespace bellwether::rules
