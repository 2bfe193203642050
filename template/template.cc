#include "template/template.h"

#include "base/quote.h"
#include "template/executor.h"
#include "template/parser.h"
#include "template/tree.h"

namespace bellwether::templating {

TemplateSet::TemplateSet() = default;
TemplateSet::~TemplateSet() = default;
TemplateSet::TemplateSet(const TemplateSet&) = default;
TemplateSet& TemplateSet::operator=(const TemplateSet&) = default;
TemplateSet::TemplateSet(TemplateSet&&) noexcept = default;
TemplateSet& TemplateSet::operator=(TemplateSet&&) noexcept = default;

base::Status TemplateSet::Parse(const std::string& name, std::string_view text, const FunctionTable& functions) {
  const auto has_function = [&](std::string_view function) {
    return functions.find(function) != functions.end() || Builtins().find(function) != Builtins().end();
  };
  BW_ASSIGN_OR_RETURN(const auto trees, ParseTrees(name, text, has_function));
  for (const auto& tree : trees) {
    auto& slot = trees_[tree->name];
    // An empty text never hides a template that says something.
    if (!slot || !tree->IsEmpty()) slot = tree;
  }
  return base::OkStatus();
}

bool TemplateSet::Has(std::string_view name) const { return trees_.find(name) != trees_.end(); }

base::Result<std::string> TemplateSet::Execute(std::string_view name, const Value& data, const FunctionTable& functions,
                                               const ExecuteLimits& limits) const {
  const auto it = trees_.find(name);
  if (it == trees_.end()) {
    return base::Execution("template: " + std::string(name) + ": " + base::Quote(name) +
                           " is an incomplete or empty template");
  }
  return ExecuteTree(*it->second, data, trees_, functions, limits);
}

base::Status CheckTemplate(const std::string& name, std::string_view text, const FunctionTable& functions,
                           std::string_view prelude) {
  TemplateSet set;
  const base::Status status = set.Parse(name, std::string(prelude) + std::string(text), functions);
  return status.WithContext("error parsing template " + name);
}

}  // namespace bellwether::templating
