// template/template.h
//
// Go's text/template, as far as alert texts and notification texts use it: every action, operand, builtin and printf
// verb of the reference, with the same output, the same positions and nearly the same words in errors, so that rule
// files and notification templates written for Prometheus and Alertmanager mean here what they mean there.
//
// A TemplateSet is parsed once and executed often. Its templates see one another by name. Data are template::Value;
// what templates can call is in a FunctionTable. A bad template never harms the server: the depth of nesting, the steps
// and the bytes of one execution are bounded, and beyond them it ends with an error.
//
//   TemplateSet set;
//   BW_RETURN_IF_ERROR(set.Parse("__alert_X", text, functions));
//   BW_ASSIGN_OR_RETURN(std::string out, set.Execute("__alert_X", data, functions));
//
// Interpreting the tree directly was chosen over compiling it: texts are short and run once an alert.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "template/function.h"
#include "template/value.h"

namespace bellwether::templating {

struct Tree;

struct ExecuteLimits {
  int depth_max = 100;                 // Of {{template}} calls within one another.
  std::int64_t steps_max = 2'000'000;  // Nodes, loop rounds and calls; a call costs more with longer arguments.
  std::size_t output_bytes_max = 1u << 20;
};

class TemplateSet {
 public:
  TemplateSet();
  ~TemplateSet();
  // A copy shares the trees; parsing into it leaves the original as it is.
  TemplateSet(const TemplateSet&);
  TemplateSet& operator=(const TemplateSet&);
  TemplateSet(TemplateSet&&) noexcept;
  TemplateSet& operator=(TemplateSet&&) noexcept;

  // Adds `text` under `name`, and what it defines under those names, in place of what had them before. Of `functions`
  // only the names matter here. kInvalidArgument: "template: NAME:LINE: function "x" not defined", "...: undefined
  // variable "$x"", ...; the set is then as before.
  base::Status Parse(const std::string& name, std::string_view text, const FunctionTable& functions);

  [[nodiscard]] bool Has(std::string_view name) const;

  // Runs the template `name` with `data` as its dot. kExecution: "template: NAME:LINE:COLUMN: executing "NAME" at
  // <operand>: ..."; kLimitExceeded in the same form. Thread-safe against other executions.
  [[nodiscard]] base::Result<std::string> Execute(std::string_view name, const Value& data,
                                                  const FunctionTable& functions,
                                                  const ExecuteLimits& limits = {}) const;

 private:
  std::map<std::string, std::shared_ptr<const Tree>, std::less<>> trees_;
};

// What Prometheus puts in front of every alert's texts, on the same line, so that columns count from there. The data
// are a map or record with Labels, ExternalLabels, ExternalURL and Value.
inline constexpr std::string_view kAlertPrelude =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}";

// Checks one label or annotation text of an alert without running it: syntax, function names, variables. The error
// reads "error parsing template NAME: template: NAME:LINE: ...", as rule files report it. `prelude` declares the
// variables.
[[nodiscard]] base::Status CheckTemplate(const std::string& name, std::string_view text, const FunctionTable& functions,
                                         std::string_view prelude = kAlertPrelude);

}  // namespace bellwether::templating
