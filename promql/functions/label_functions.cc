#include "promql/functions/label_functions.h"

#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include <re2/re2.h>

#include "base/utf8.h"
#include "metric/matcher.h"

namespace bellwether::promql {
namespace {

// Runs the first argument and gives each row the labels that `rewrite(row)` makes, or leaves them (nothing).
template <typename Rewrite>
base::Status RewriteLabels(FunctionCall& call, QueryContext& context, const RowSink& sink, std::string_view destination,
                           Rewrite rewrite) {
  BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *call.args[0].vector));
  for (Row& row : all.rows) {
    const std::optional<std::string> value = rewrite(row.labels);
    if (!value) continue;
    row.labels = metric::LabelsBuilder(row.labels).Set(destination, *value).Build();
    // Who names a series anew means it to have a name.
    if (destination == metric::kMetricName) row.drop_name = false;
  }
  return PushMerged(std::move(all.rows), sink);
}

// label_replace's regular expression with its groups.
class ReplaceRegex {
 public:
  explicit ReplaceRegex(const std::string& pattern)
      : regex_("^(?s:" + metric::ToRe2Syntax(pattern) + ")$", QuietOptions()),
        groups_(static_cast<std::size_t>(regex_.ok() ? regex_.NumberOfCapturingGroups() : 0) + 1) {}

  [[nodiscard]] bool ok() const { return regex_.ok(); }

  // The template expanded with the groups of a match; nothing without one.
  [[nodiscard]] std::optional<std::string> Replace(std::string_view source, std::string_view replacement) {
    const re2::StringPiece text(source.data(), source.size());
    if (!regex_.Match(text, 0, source.size(), RE2::UNANCHORED, groups_.data(), static_cast<int>(groups_.size()))) {
      return std::nullopt;
    }
    return ExpandTemplate(replacement, [&](std::string_view name) { return GroupText(name); });
  }

 private:
  static RE2::Options QuietOptions() {
    RE2::Options options;
    options.set_log_errors(false);
    return options;
  }

  std::string GroupText(std::string_view name) const {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (error != std::errc() || end != name.data() + name.size()) {
      const auto& named = regex_.NamedCapturingGroups();
      const auto it = named.find(std::string(name));
      if (it == named.end()) return {};
      index = static_cast<std::size_t>(it->second);
    }
    if (index >= groups_.size()) return {};
    return std::string(groups_[index].data(), groups_[index].size());
  }

  RE2 regex_;
  std::vector<re2::StringPiece> groups_;
};

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The name after a '$', taken off the front of `rest`; empty if there is no well-formed one.
std::string_view TakeGroupName(std::string_view& rest) {
  const bool braced = rest.starts_with('{');
  std::string_view in = rest.substr(braced ? 1 : 0);
  std::size_t n = 0;
  while (n < in.size() && IsWordByte(in[n])) ++n;
  if (n == 0 || (braced && (n == in.size() || in[n] != '}'))) return {};
  rest = in.substr(n + (braced ? 1 : 0));
  return in.substr(0, n);
}

}  // namespace

std::string ExpandTemplate(std::string_view text, const std::function<std::string(std::string_view)>& group) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    const std::string_view name = TakeGroupName(text);
    out += name.empty() ? "$" : group(name);
  }
  return out;
}

bool IsLabelName(std::string_view name) { return !name.empty() && base::IsValidUtf8(name); }

base::Status LabelReplaceFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  const std::string& destination = call.args[1].text;
  const std::string& replacement = call.args[2].text;
  const std::string& source = call.args[3].text;
  ReplaceRegex regex(call.args[4].text);
  if (!regex.ok()) {
    return base::Execution("invalid regular expression in label_replace(): " + call.args[4].text);
  }
  if (!IsLabelName(destination)) {
    return base::Execution("invalid destination label name in label_replace(): " + destination);
  }
  return RewriteLabels(call, context, sink, destination,
                       [&](const metric::Labels& labels) { return regex.Replace(labels.Get(source), replacement); });
}

base::Status LabelJoinFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  const std::string& destination = call.args[1].text;
  const std::string& separator = call.args[2].text;
  for (std::size_t i = 3; i < call.args.size(); ++i) {
    if (!IsLabelName(call.args[i].text)) {
      return base::Execution("invalid source label name in label_join(): " + call.args[i].text);
    }
  }
  if (!IsLabelName(destination)) {
    return base::Execution("invalid destination label name in label_join(): " + destination);
  }
  return RewriteLabels(call, context, sink, destination, [&](const metric::Labels& labels) {
    std::string joined;
    for (std::size_t i = 3; i < call.args.size(); ++i) {
      if (i > 3) joined += separator;
      joined += labels.Get(call.args[i].text);
    }
    return std::optional<std::string>(std::move(joined));
  });
}

}  // namespace bellwether::promql
