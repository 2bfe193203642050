#include "rules/eval/template_functions.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/number.h"
#include "rules/template_names.h"
#include "template/escape.h"
#include "template/functions.h"

namespace bellwether::rules {
namespace {

using templating::Argument;
using templating::Function;
using templating::FunctionTable;
using templating::Value;

using TemplateArguments = std::span<const Value>;
using TemplateResult = base::Result<Value>;

// A native histogram; it prints as PromQL writes it.
class HistogramObject final : public templating::Object {
 public:
  explicit HistogramObject(promql::HistogramPtr histogram) : histogram_(std::move(histogram)) {}
  [[nodiscard]] std::string TypeName() const override { return "*histogram.FloatHistogram"; }
  [[nodiscard]] Member Has(std::string_view) const override { return Member::kNone; }
  [[nodiscard]] base::Result<Value> Get(std::string_view name, std::span<const Value>) const override {
    return base::Execution("a histogram has no field " + std::string(name));
  }
  [[nodiscard]] std::string Print() const override { return promql::FormatHistogram(*histogram_); }

 private:
  const promql::HistogramPtr histogram_;
};

// One sample of a query in a template: .Labels and .Value.
class SampleObject final : public templating::Object {
 public:
  SampleObject(Value labels, Value value) : labels_(std::move(labels)), value_(std::move(value)) {}

  [[nodiscard]] std::string TypeName() const override { return "*template.sample"; }
  [[nodiscard]] Member Has(std::string_view name) const override {
    return name == "Labels" || name == "Value" ? Member::kField : Member::kNone;
  }
  [[nodiscard]] base::Result<Value> Get(std::string_view name, std::span<const Value>) const override {
    return name == "Labels" ? labels_ : value_;
  }
  [[nodiscard]] std::string Print() const override {
    std::string text = "{map[";
    bool first = true;
    for (const auto& [name, value] : *labels_.AsMap()) {
      if (!std::exchange(first, false)) text += ' ';
      text += name + ":" + value.string_value();
    }
    return text + "] " + PrintValue() + "}";
  }
  [[nodiscard]] int depth() const override { return 1; }

  [[nodiscard]] std::string Label(std::string_view name) const { return labels_.MapEntry(name).string_value(); }
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  [[nodiscard]] std::string PrintValue() const {
    return value_.kind() == Value::Kind::kFloat ? base::FormatNumberG(value_.float_value()) : value_.object().Print();
  }

  const Value labels_;
  const Value value_;
};

base::Result<const SampleObject*> AsSample(const Value& value, std::string_view function) {
  const SampleObject* sample =
      value.kind() == Value::Kind::kObject ? dynamic_cast<const SampleObject*>(&value.object()) : nullptr;
  if (sample != nullptr) return sample;
  return base::Execution("wrong type for " + std::string(function) + "; expected a sample of a query; got " +
                         (value.is_nil() ? "nil" : value.TypeName()));
}

TemplateResult CallFirst(TemplateArguments a) {
  const templating::ValueList& list = *a[0].AsList();
  if (list.empty()) return base::Execution("first() called on vector with no elements");
  return list.front();
}

TemplateResult CallLabel(TemplateArguments a) {
  BW_ASSIGN_OR_RETURN(const SampleObject* sample, AsSample(a[1], "label"));
  return Value::String(sample->Label(a[0].string_value()));
}

TemplateResult CallValue(TemplateArguments a) {
  BW_ASSIGN_OR_RETURN(const SampleObject* sample, AsSample(a[0], "value"));
  return sample->value();
}

TemplateResult CallStrvalue(TemplateArguments a) {
  BW_ASSIGN_OR_RETURN(const SampleObject* sample, AsSample(a[0], "strvalue"));
  return Value::String(sample->Label("__value__"));
}

TemplateResult CallSortByLabel(TemplateArguments a) {
  std::vector<std::pair<std::string, Value>> keyed;
  for (const Value& item : *a[1].AsList()) {
    BW_ASSIGN_OR_RETURN(const SampleObject* sample, AsSample(item, "sortByLabel"));
    keyed.emplace_back(sample->Label(a[0].string_value()), item);
  }
  std::stable_sort(keyed.begin(), keyed.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  templating::ValueList sorted;
  for (auto& [key, item] : keyed) sorted.push_back(std::move(item));
  return Value::List(std::move(sorted), "template.queryResult");
}

Function GraphLink(std::string_view tab) {
  return {{Argument::kString}, {}, [tab = std::string(tab)](TemplateArguments a) -> TemplateResult {
            return Value::String("/graph?g0.expr=" + templating::EscapeQuery(a[0].string_value()) + "&g0.tab=" + tab);
          }};
}

// The path of a URL, without a slash at the end: what a link on the same host begins with.
std::string PathOfUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t path = url.find('/');
  if (path == std::string_view::npos) return "";
  url.remove_prefix(path);
  url = url.substr(0, url.find_first_of("?#"));
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

// All functions; those that need a world are taken from the arguments.
FunctionTable MakeTable(std::function<TemplateResult(TemplateArguments)> query,
                        std::function<TemplateResult(TemplateArguments)> now, const std::string& external_url) {
  FunctionTable table = templating::AlertFunctions(base::TimestampMs(0));
  const auto text = [](std::string value) {
    return Function{
        {}, {}, [value = std::move(value)](TemplateArguments) -> TemplateResult { return Value::String(value); }};
  };
  table.insert_or_assign("query", Function{{Argument::kString}, {}, std::move(query)});
  table.insert_or_assign("now", Function{{}, {}, std::move(now)});
  table.insert_or_assign("first", Function{{Argument::kList}, {}, CallFirst});
  table.insert_or_assign("label", Function{{Argument::kString, Argument::kAny}, {}, CallLabel});
  table.insert_or_assign("value", Function{{Argument::kAny}, {}, CallValue});
  table.insert_or_assign("strvalue", Function{{Argument::kAny}, {}, CallStrvalue});
  table.insert_or_assign("sortByLabel", Function{{Argument::kString, Argument::kList}, {}, CallSortByLabel});
  table.insert_or_assign("graphLink", GraphLink("0"));
  table.insert_or_assign("tableLink", GraphLink("1"));
  table.insert_or_assign("externalURL", text(external_url));
  table.insert_or_assign("pathPrefix", text(PathOfUrl(external_url)));
  return table;
}

}  // namespace

TemplateWorld::TemplateWorld(const promql::Engine& engine, storage::Storage& storage,
                             const metric::Labels& external_labels, std::string external_url)
    : engine_(engine),
      storage_(storage),
      external_url_(std::move(external_url)),
      external_labels_(LabelsValue(external_labels)),
      external_url_value_(Value::String(external_url_)),
      functions_(MakeTable([this](TemplateArguments a) { return Query(a[0].string_value()); },
                           [this](TemplateArguments) -> TemplateResult { return Value::Float(at_.seconds()); },
                           external_url_)) {}

base::Result<Value> TemplateWorld::Query(const std::string& text) const {
  promql::QueryOptions options;
  options.cancel = stop_;
  BW_ASSIGN_OR_RETURN(promql::QueryResult result, engine_.Instant(storage_, text, at_, options));
  templating::ValueList samples;
  if (const auto* vector = std::get_if<promql::Vector>(&result.value)) {
    for (const promql::VectorSample& sample : *vector) {
      samples.push_back(Value::Of(
          std::make_shared<SampleObject>(LabelsValue(sample.labels), SampleValue(sample.value, sample.histogram))));
    }
  } else if (const auto* scalar = std::get_if<promql::Scalar>(&result.value)) {
    samples.push_back(Value::Of(std::make_shared<SampleObject>(LabelsValue({}), Value::Float(scalar->value))));
  } else {
    return base::Execution("query result is not a vector or scalar");
  }
  return Value::List(std::move(samples), "template.queryResult");
}

const FunctionTable& TemplateFunctionNames() {
  static const auto refuse = [](TemplateArguments) -> TemplateResult {
    return base::Internal("called without a server");
  };
  static const FunctionTable table = MakeTable(refuse, refuse, "");
  return table;
}

std::vector<std::string> AlertTemplateFunctions() {
  std::vector<std::string> names;
  for (const auto& [name, function] : TemplateFunctionNames()) names.push_back(name);
  return names;
}

Value SampleValue(double value, const promql::HistogramPtr& histogram) {
  return histogram ? Value::Of(std::make_shared<HistogramObject>(histogram)) : Value::Float(value);
}

Value LabelsValue(const metric::Labels& labels) {
  std::map<std::string, std::string, std::less<>> entries;
  for (const auto& [name, value] : labels) entries.emplace(name, value);
  return Value::StringMap(entries);
}

}  // namespace bellwether::rules
