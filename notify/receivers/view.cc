#include "notify/receivers/view.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/number.h"
#include "base/utf8.h"
#include "notify/receivers/links.h"
#include "template/functions.h"
#include "template/print.h"

namespace bellwether::notify {
namespace {

using templating::Moment;
using templating::Object;
using templating::Value;
using templating::ValueList;
using templating::ValueMap;
using ValueArguments = std::span<const Value>;

// Names and values in the order in which people want them: alertname first, the rest by name.
using PairList = std::vector<std::pair<std::string, std::string>>;

PairList AlertNameFirst(PairList pairs) {
  std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.first != "alertname", a.first) < std::tuple(b.first != "alertname", b.first);
  });
  return pairs;
}

// What stands on a list or map and has methods without arguments, but for one.
class MethodObject : public Object {
 public:
  MethodObject(std::string type, Value underlying) : type_(std::move(type)), underlying_(std::move(underlying)) {}
  std::string TypeName() const override { return type_; }
  const Value* Underlying() const override { return &underlying_; }
  bool IsTrue() const override { return underlying_.IsTrue(); }
  int depth() const override { return underlying_.depth(); }
  std::string Print() const override { return templating::PrintValue(underlying_); }

 protected:
  static base::Status ArgumentCount(std::string_view name, std::size_t want, std::size_t got) {
    return base::Execution(fmt::format("wrong number of args for {}: want {} got {}", name, want, got));
  }

 private:
  const std::string type_;
  const Value underlying_;
};

// A list of texts with .Join.
class TextList final : public MethodObject {
 public:
  explicit TextList(std::vector<std::string> texts) : MethodObject("[]string", Value::StringList(std::move(texts))) {}
  Member Has(std::string_view name) const override { return name == "Join" ? Member::kMethod : Member::kNone; }
  base::Result<Value> Get(std::string_view name, ValueArguments args) const override {
    if (args.size() != 1 || !args[0].is_string()) return ArgumentCount(name, 1, args.size());
    std::string out;
    for (const Value& item : *Underlying()->AsList()) {
      if (&item != Underlying()->AsList()->data()) out += args[0].string_value();
      out += item.string_value();
    }
    return Value::String(std::move(out));
  }
};

Value NamesOf(const PairList& pairs) {
  std::vector<std::string> names;
  for (const auto& [name, value] : pairs) names.push_back(name);
  return Value::Of(std::make_shared<const TextList>(std::move(names)));
}

Value ValuesOf(const PairList& pairs) {
  std::vector<std::string> values;
  for (const auto& [name, value] : pairs) values.push_back(value);
  return Value::Of(std::make_shared<const TextList>(std::move(values)));
}

// .SortedPairs: a list of {Name, Value} with .Names and .Values.
class Pairs final : public MethodObject {
 public:
  explicit Pairs(PairList pairs) : MethodObject("template.Pairs", MakeList(pairs)), pairs_(std::move(pairs)) {}
  Member Has(std::string_view name) const override {
    return name == "Names" || name == "Values" ? Member::kMethod : Member::kNone;
  }
  base::Result<Value> Get(std::string_view name, ValueArguments args) const override {
    if (!args.empty()) return ArgumentCount(name, 0, args.size());
    return name == "Names" ? NamesOf(pairs_) : ValuesOf(pairs_);
  }

 private:
  static Value MakeList(const PairList& pairs) {
    ValueList list;
    for (const auto& [name, value] : pairs) {
      list.push_back(Value::Record("template.Pair", {{"Name", Value::String(name)}, {"Value", Value::String(value)}}));
    }
    return Value::List(std::move(list), "template.Pairs");
  }
  const PairList pairs_;
};

// A map of texts: labels or annotations.
class KeyValues final : public MethodObject {
 public:
  explicit KeyValues(PairList pairs)
      : MethodObject("template.KV", MakeMap(pairs)), pairs_(AlertNameFirst(std::move(pairs))) {}
  Member Has(std::string_view name) const override {
    constexpr std::array<std::string_view, 4> kMethods = {"SortedPairs", "Names", "Values", "Remove"};
    return std::find(kMethods.begin(), kMethods.end(), name) != kMethods.end() ? Member::kMethod : Member::kNone;
  }
  base::Result<Value> Get(std::string_view name, ValueArguments args) const override {
    if (name == "Remove") return Remove(args);
    if (!args.empty()) return ArgumentCount(name, 0, args.size());
    if (name == "Names") return NamesOf(pairs_);
    if (name == "Values") return ValuesOf(pairs_);
    return Value::Of(std::make_shared<const Pairs>(pairs_));
  }
  std::string Print() const override {
    std::string out;
    for (const auto& [name, value] : pairs_) out += (out.empty() ? "" : ", ") + name + "=" + value;
    return out;
  }

 private:
  static Value MakeMap(const PairList& pairs) {
    std::map<std::string, std::string, std::less<>> map;
    for (const auto& [name, value] : pairs) map.emplace(name, value);
    return Value::StringMap(map);
  }
  base::Result<Value> Remove(ValueArguments args) const {
    if (args.size() != 1) return ArgumentCount("Remove", 1, args.size());
    const ValueList* names = args[0].AsList();
    if (names == nullptr) return base::Execution("wrong type for value; expected []string; got " + args[0].TypeName());
    PairList left;
    for (const auto& pair : pairs_) {
      const bool removed = std::any_of(names->begin(), names->end(), [&](const Value& name) {
        return name.is_string() && name.string_value() == pair.first;
      });
      if (!removed) left.push_back(pair);
    }
    return Value::Of(std::make_shared<const KeyValues>(std::move(left)));
  }
  const PairList pairs_;
};

// Named fields whose JSON names are others.
class DataObject final : public Object {
 public:
  struct Field {
    std::string name;
    std::string json_name;  // Empty: not in the JSON form.
    Value value;
  };
  DataObject(std::string type, std::vector<Field> fields) : type_(std::move(type)), fields_(std::move(fields)) {
    for (const Field& f : fields_) depth_ = std::max(depth_, f.value.depth() + 1);
  }
  std::string TypeName() const override { return type_; }
  Member Has(std::string_view name) const override { return Find(name) != nullptr ? Member::kField : Member::kNone; }
  base::Result<Value> Get(std::string_view name, ValueArguments) const override {
    const Field* field = Find(name);
    return field != nullptr ? field->value : Value();
  }
  std::string Print() const override {
    std::string out = "{";
    for (const Field& f : fields_) {
      if (!f.json_name.empty()) out += (out.size() > 1 ? " " : "") + templating::PrintValue(f.value);
    }
    return out + "}";
  }
  std::vector<std::pair<std::string, Value>> JsonFields() const override {
    std::vector<std::pair<std::string, Value>> out;
    for (const Field& f : fields_) {
      if (!f.json_name.empty()) out.emplace_back(f.json_name, f.value);
    }
    return out;
  }
  int depth() const override { return depth_; }

 private:
  const Field* Find(std::string_view name) const {
    const auto it = std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.name == name; });
    return it == fields_.end() ? nullptr : &*it;
  }
  const std::string type_;
  const std::vector<Field> fields_;
  int depth_ = 1;
};

// .Alerts with .Firing and .Resolved.
class AlertList final : public MethodObject {
 public:
  AlertList(ValueList all, ValueList firing, ValueList resolved)
      : MethodObject("template.Alerts", Value::List(std::move(all), "template.Alerts")),
        firing_(Value::List(std::move(firing), "template.Alerts")),
        resolved_(Value::List(std::move(resolved), "template.Alerts")) {}
  Member Has(std::string_view name) const override {
    return name == "Firing" || name == "Resolved" ? Member::kMethod : Member::kNone;
  }
  base::Result<Value> Get(std::string_view name, ValueArguments args) const override {
    if (!args.empty()) return ArgumentCount(name, 0, args.size());
    return name == "Firing" ? firing_ : resolved_;
  }

 private:
  const Value firing_;
  const Value resolved_;
};

Value KeyValuesOf(const metric::Labels& labels) {
  PairList pairs;
  for (const metric::LabelView& l : labels) pairs.emplace_back(l.name, l.value);
  return Value::Of(std::make_shared<const KeyValues>(std::move(pairs)));
}

Value KeyValuesOf(const metric::Annotations& annotations) {
  PairList pairs(annotations.begin(), annotations.end());
  return Value::Of(std::make_shared<const KeyValues>(std::move(pairs)));
}

Value LevelsValue(const std::vector<metric::AlertLevel>& levels) {
  ValueList out;
  for (const metric::AlertLevel& level : levels) {
    out.push_back(Value::Record(
        "template.Level", {{"Severity", Value::String(level.severity)}, {"Since", Value::Time({.at = level.since})}}));
  }
  return Value::List(std::move(out), "template.Levels");
}

Value SignalsValue(const std::vector<metric::AlertSignal>& signals) {
  ValueList out;
  for (const metric::AlertSignal& signal : signals) {
    const Moment since = signal.since ? Moment{.at = *signal.since} : Moment{.at = {}, .is_zero = true};
    out.push_back(Value::Record("template.Signal",
                                {{"Name", Value::String(signal.name)},
                                 {"State", Value::String(signal.state)},
                                 {"Condition", Value::String(signal.condition)},
                                 {"ValueString", Value::String(signal.value ? base::FormatNumberG(*signal.value) : "")},
                                 {"Since", Value::Time(since)}}));
  }
  return Value::List(std::move(out), "template.Signals");
}

Value ExplainedValue(const metric::ExplainedAlerts& explained) {
  ValueList out;
  for (const metric::Labels& labels : explained.some) out.push_back(KeyValuesOf(labels));
  return Value::List(std::move(out), "template.Explained");
}

Value AlertValue(const MessageAlert& alert, const RenderContext& context) {
  const metric::AlertUpdate& u = alert.update;
  const Moment ends = alert.firing ? Moment{.at = {}, .is_zero = true} : Moment{.at = alert.ended_at};
  const base::TimestampMs until = alert.firing ? u.updated_at : alert.ended_at;
  const std::int64_t held_ns =
      std::max<std::int64_t>(0, std::min<std::int64_t>((until - u.starts_at).ms, 9'000'000'000'000)) * 1'000'000;
  std::vector<DataObject::Field> fields = {
      {"Status", "status", Value::String(alert.firing ? "firing" : "resolved")},
      {"Labels", "labels", KeyValuesOf(u.labels)},
      {"Annotations", "annotations", KeyValuesOf(u.annotations)},
      {"StartsAt", "startsAt", Value::Time({.at = u.starts_at})},
      {"EndsAt", "endsAt", Value::Time(ends)},
      {"GeneratorURL", "generatorURL", Value::String(u.generator_url)},
      {"Fingerprint", "fingerprint", Value::String(FingerprintText(alert))},
      {"Value", "", Value::Float(u.value)},
      {"ValueString", "", Value::String(base::FormatNumberG(u.value))},
      {"Duration", "", Value::Duration({held_ns})},
      {"Condition", "", Value::String(u.condition)},
      {"PeakValue", "", u.peak ? Value::Float(*u.peak) : Value()},
      // Nothing where it is the value itself.
      {"PeakString", "", Value::String(u.peak && *u.peak != u.value ? base::FormatNumberG(*u.peak) : "")},
      {"Levels", "", LevelsValue(u.levels)},
      {"Signals", "", SignalsValue(u.signals)},
      {"Explains", "", ExplainedValue(u.explains)},
      {"ExplainsCount", "", Value::Int(static_cast<std::int64_t>(u.explains.count))},
      {"RunbookURL", "", Value::String(AnnotationText(u.annotations, "runbook_url"))},
      {"DashboardURL", "", Value::String(DashboardUrl(alert))},
      {"GraphURL", "", Value::String(GraphUrl(alert, context.now))},
      {"SilenceURL", "", Value::String(SilenceUrl(u.labels, context.external_url))},
  };
  return Value::Of(std::make_shared<const DataObject>("template.Alert", std::move(fields)));
}

int SeverityRank(std::string_view severity) {
  constexpr std::array<std::string_view, 5> kRising = {"info", "warning", "error", "critical", "page"};
  const auto it = std::find(kRising.begin(), kRising.end(), severity);
  return it == kRising.end() ? -1 : static_cast<int>(it - kRising.begin());
}

std::string WorstSeverity(const Message& message, bool firing_only) {
  std::string worst;
  for (const MessageAlert& alert : message.alerts) {
    if (firing_only && !alert.firing) continue;
    const std::string_view severity = alert.update.labels.Get("severity");
    if (severity.empty()) continue;
    if (worst.empty() || SeverityRank(severity) > SeverityRank(worst)) worst = std::string(severity);
  }
  return worst;
}

// Pairs equal in all alerts.
metric::Labels CommonLabels(const Message& message) {
  metric::LabelsBuilder builder(message.alerts.front().update.labels);
  for (const metric::LabelView& l : message.alerts.front().update.labels) {
    for (const MessageAlert& alert : message.alerts) {
      if (alert.update.labels.Get(l.name) != l.value) builder.Remove(l.name);
    }
  }
  return builder.Build();
}

metric::Annotations CommonAnnotations(const Message& message) {
  metric::Annotations common = message.alerts.front().update.annotations;
  std::erase_if(common, [&](const auto& pair) {
    return std::any_of(message.alerts.begin(), message.alerts.end(), [&](const MessageAlert& alert) {
      const auto it = alert.update.annotations.find(pair.first);
      return it == alert.update.annotations.end() || it->second != pair.second;
    });
  });
  return common;
}

// The first that an alert has, firing ones before the others.
std::string FirstDashboard(const Message& message) {
  for (const bool firing : {true, false}) {
    for (const MessageAlert& alert : message.alerts) {
      std::string url = DashboardUrl(alert);
      if (alert.firing == firing && !url.empty()) return url;
    }
  }
  return {};
}

std::vector<RunbookLink> RunbooksOf(const Message& message) {
  std::vector<RunbookLink> runbooks;
  for (const bool firing : {true, false}) {
    for (const MessageAlert& alert : message.alerts) {
      const std::string url = AnnotationText(alert.update.annotations, "runbook_url");
      if (alert.firing != firing || url.empty() || runbooks.size() == kListedRunbooksMax) continue;
      const bool known = std::any_of(runbooks.begin(), runbooks.end(), [&](const auto& r) { return r.url == url; });
      if (!known) runbooks.push_back({std::string(alert.update.labels.Get("alertname")), url});
    }
  }
  return runbooks;
}

}  // namespace

bool IsMoreSevere(std::string_view a, std::string_view b) { return SeverityRank(a) > SeverityRank(b); }

std::string FingerprintText(const MessageAlert& alert) {
  return fmt::format("{:016x}", alert.update.labels.Fingerprint());
}

std::string AnnotationText(const metric::Annotations& annotations, std::string_view name) {
  const auto it = annotations.find(name);
  return it == annotations.end() ? "" : it->second;
}

MessageView ViewOf(const Message& message) {
  MessageView view;
  for (const MessageAlert& alert : message.alerts) ++(alert.firing ? view.firing : view.resolved);
  view.status = view.firing > 0 ? "firing" : "resolved";
  view.severity = WorstSeverity(message, view.firing > 0);
  view.common_labels = CommonLabels(message);
  view.common_annotations = CommonAnnotations(message);
  view.runbooks = RunbooksOf(message);
  if (!view.runbooks.empty()) view.runbook_url = view.runbooks.front().url;
  view.dashboard_url = FirstDashboard(message);
  return view;
}

std::string QuoteRegex(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

Value TemplateData(const Message& message, const MessageView& view, const RenderContext& context) {
  ValueList all, firing, resolved, new_firing, new_resolved, still_firing;
  for (const MessageAlert& alert : message.alerts) {
    all.push_back(AlertValue(alert, context));
    (alert.firing ? firing : resolved).push_back(all.back());
    if (alert.is_new) (alert.firing ? new_firing : new_resolved).push_back(all.back());
    if (!alert.is_new && alert.firing) still_firing.push_back(all.back());
  }
  const std::size_t more = view.firing > kListedAlertsMax ? view.firing - kListedAlertsMax : 0;
  std::vector<DataObject::Field> fields = {
      {"Receiver", "receiver", Value::String(QuoteRegex(message.receiver))},
      {"Status", "status", Value::String(view.status)},
      {"Alerts", "alerts",
       Value::Of(std::make_shared<const AlertList>(std::move(all), std::move(firing), std::move(resolved)))},
      {"NotificationReason", "notification_reason", Value::String(message.reason)},
      {"GroupLabels", "groupLabels", KeyValuesOf(message.group_labels)},
      {"CommonLabels", "commonLabels", KeyValuesOf(view.common_labels)},
      {"CommonAnnotations", "commonAnnotations", KeyValuesOf(view.common_annotations)},
      {"RouteLabels", "routeLabels", KeyValuesOf(metric::Labels())},
      {"ExternalURL", "externalURL", Value::String(context.external_url)},
      {"Severity", "", Value::String(view.severity)},
      {"RunbookURL", "", Value::String(view.runbook_url)},
      {"MoreFiring", "", Value::Int(static_cast<std::int64_t>(more))},
      {"NewFiring", "", Value::List(std::move(new_firing), "template.Alerts")},
      {"NewResolved", "", Value::List(std::move(new_resolved), "template.Alerts")},
      {"StillFiring", "", Value::List(std::move(still_firing), "template.Alerts")},
  };
  return Value::Of(std::make_shared<const DataObject>("*template.Data", std::move(fields)));
}

TextRenderer::TextRenderer(const Message& message, const RenderContext& context)
    : context_(context),
      view_(ViewOf(message)),
      data_(TemplateData(message, view_, context)),
      functions_(MessageFunctions(context.now)) {}

base::Result<std::string> TextRenderer::Render(std::string_view field, const std::string& text) const {
  if (text.find("{{") == std::string::npos) return text;
  templating::TemplateSet set = context_.templates;
  const std::string name(field);
  if (const base::Status status = set.Parse(name, text, functions_); !status.ok()) {
    return base::Execution(status.message());
  }
  return set.Execute(name, data_, functions_);
}

std::string Truncate(std::string_view text, std::size_t max) {
  if (base::CountCodePoints(text) <= max) return std::string(text);
  std::string_view rest = text;
  for (std::size_t i = 0; i + 1 < max; ++i) base::NextCodePoint(rest);
  return std::string(text.substr(0, text.size() - rest.size())) + "…";
}

std::string EndText(const MessageAlert& alert) {
  return alert.firing ? "0001-01-01T00:00:00Z" : base::FormatRfc3339(alert.ended_at);
}

}  // namespace bellwether::notify
