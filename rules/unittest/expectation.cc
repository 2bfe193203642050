#include "rules/unittest/expectation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/number.h"
#include "base/quote.h"

namespace bellwether::rules {
namespace {

// A result that can be compared: one line of text stands for what is printed and, but for values, for what is compared.
struct ShownSample {
  metric::Labels labels;
  double value = 0;
  std::string histogram;  // The literal; empty for a float.

  [[nodiscard]] std::string Text() const {
    const std::string metric = labels.ToString();
    if (!histogram.empty()) return metric + " " + histogram;
    std::string number = base::FormatNumberE(value);
    if (std::isfinite(value)) std::replace(number.begin(), number.end(), 'e', 'E');
    return metric + " " + number;
  }
};

void SortByLabels(std::vector<ShownSample>& samples) {
  std::stable_sort(samples.begin(), samples.end(),
                   [](const ShownSample& a, const ShownSample& b) { return a.labels < b.labels; });
}

bool SameValue(double a, double b, bool fuzzy) {
  if (a == b) return true;
  return fuzzy && (std::nextafter(a, std::numeric_limits<double>::infinity()) == b ||
                   std::nextafter(a, -std::numeric_limits<double>::infinity()) == b);
}

bool SameSample(const ShownSample& a, const ShownSample& b, bool fuzzy) {
  return a.labels == b.labels && a.histogram == b.histogram && SameValue(a.value, b.value, fuzzy);
}

// `Sample` has labels, value and histogram.
template <typename Sample>
ShownSample Shown(const Sample& sample) {
  if (sample.histogram == nullptr) return {.labels = sample.labels, .value = sample.value, .histogram = {}};
  return {.labels = sample.labels, .value = 0, .histogram = promql::FormatHistogramLiteral(*sample.histogram)};
}

std::vector<ShownSample> ShownExpected(const std::vector<ExpectedSample>& expected) {
  std::vector<ShownSample> samples;
  for (const ExpectedSample& sample : expected) samples.push_back(Shown(sample));
  SortByLabels(samples);
  return samples;
}

std::vector<ShownSample> ShownResult(const promql::Value& value) {
  std::vector<ShownSample> samples;
  if (const auto* scalar = std::get_if<promql::Scalar>(&value)) {
    samples.push_back({.labels = {}, .value = scalar->value, .histogram = {}});
  } else if (const auto* vector = std::get_if<promql::Vector>(&value)) {
    for (const promql::VectorSample& sample : *vector) samples.push_back(Shown(sample));
  }
  SortByLabels(samples);
  return samples;
}

std::string MapText(const metric::Annotations& texts) {
  std::vector<std::string> pairs;
  for (const auto& [name, text] : texts) pairs.push_back(name + "=" + base::Quote(text));
  return fmt::format("{{{}}}", fmt::join(pairs, ", "));
}

std::string AlertText(const ExpectedAlert& alert) {
  return fmt::format("Labels:{}\nAnnotations:{}", alert.labels.ToMetricString(), MapText(alert.annotations));
}

std::string Indented(const std::string& text, std::size_t columns) {
  std::string out;
  for (const char c : text) {
    out.push_back(c);
    if (c == '\n') out.append(columns, ' ');
  }
  return out;
}

std::string AlertListText(const std::vector<ExpectedAlert>& alerts) {
  if (alerts.empty()) return "[]";
  std::string out = "[";
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    out += fmt::format("{}\n{}:\n{}", i == 0 ? "" : ",", i, "  " + Indented(AlertText(alerts[i]), 2));
  }
  return Indented(out + "\n]", 12);
}

// Lines with "-" for what only `expected` has and "+" for what only `got` has; both are sorted.
std::string DifferenceText(std::vector<std::string> expected, std::vector<std::string> got) {
  std::sort(expected.begin(), expected.end());
  std::sort(got.begin(), got.end());
  std::string out;
  const auto add = [&out](char sign, const std::string& text) {
    out += fmt::format("\n        {} {}", sign, Indented(text, 10));
  };
  auto e = expected.begin();
  auto g = got.begin();
  while (e != expected.end() || g != got.end()) {
    if (g == got.end() || (e != expected.end() && *e < *g)) {
      add('-', *e++);
    } else if (e == expected.end() || *g < *e) {
      add('+', *g++);
    } else {
      ++e;
      ++g;
    }
  }
  return out;
}

template <typename Item, typename ToText>
std::vector<std::string> Texts(const std::vector<Item>& items, ToText to_text) {
  std::vector<std::string> texts;
  texts.reserve(items.size());
  for (const Item& item : items) texts.push_back(to_text(item));
  return texts;
}

std::string StandingText(const ExpectedStanding& standing) {
  std::string text = standing.labels.ToMetricString();
  if (standing.by && !standing.by->empty()) text += fmt::format(" by {}", fmt::join(*standing.by, ", "));
  return text;
}

std::string SampleListText(const std::vector<ShownSample>& samples) {
  if (samples.empty()) return "nil";
  return fmt::format("{}", fmt::join(Texts(samples, [](const ShownSample& s) { return s.Text(); }), ", "));
}

}  // namespace

std::string AlertDifference(const AlertExpectation& expectation, std::vector<ExpectedAlert> firing,
                            bool show_differences) {
  std::vector<ExpectedAlert> expected = expectation.alerts;
  const auto before = [](const ExpectedAlert& a, const ExpectedAlert& b) {
    return std::tie(a.labels, a.annotations) < std::tie(b.labels, b.annotations);
  };
  std::sort(expected.begin(), expected.end(), before);
  std::sort(firing.begin(), firing.end(), before);
  const bool same = std::equal(expected.begin(), expected.end(), firing.begin(), firing.end(),
                               [](const ExpectedAlert& a, const ExpectedAlert& b) {
                                 return a.labels == b.labels && a.annotations == b.annotations;
                               });
  if (same) return {};
  const std::string head =
      fmt::format("    alertname: {}, time: {}, ", expectation.alert, base::FormatDuration(expectation.eval_time));
  if (show_differences) return head + DifferenceText(Texts(expected, AlertText), Texts(firing, AlertText));
  return fmt::format("{}\n        exp:{}, \n        got:{}", head, AlertListText(expected), AlertListText(firing));
}

std::string StandingDifference(const SuppressionExpectation& expectation, std::string_view what,
                               std::vector<ExpectedStanding> expected, std::vector<ExpectedStanding> got,
                               bool show_differences) {
  const auto before = [](const ExpectedStanding& a, const ExpectedStanding& b) { return a.labels < b.labels; };
  std::sort(expected.begin(), expected.end(), before);
  std::sort(got.begin(), got.end(), before);
  const bool same = std::equal(expected.begin(), expected.end(), got.begin(), got.end(),
                               [](const ExpectedStanding& a, const ExpectedStanding& b) {
                                 return a.labels == b.labels && (!a.by || a.by == b.by);
                               });
  if (same) return {};
  const std::string head = fmt::format("    alertname: {}, time: {}, {}:", expectation.alert,
                                       base::FormatDuration(expectation.eval_time), what);
  if (show_differences) return head + DifferenceText(Texts(expected, StandingText), Texts(got, StandingText));
  return fmt::format("{}\n        exp: [{}]\n        got: [{}]", head, fmt::join(Texts(expected, StandingText), "; "),
                     fmt::join(Texts(got, StandingText), "; "));
}

std::string NotificationDifference(const NotificationExpectation& expectation,
                                   const std::vector<TestNotification>& got) {
  std::vector<const TestNotification*> sent;
  std::string shown;
  for (const TestNotification& message : got) {
    if (message.receiver != expectation.receiver) continue;
    sent.push_back(&message);
    shown += fmt::format("\n        {}: {}: {}", sent.size(), message.status, message.text);
  }
  const std::string head =
      fmt::format("    receiver: {}, time: {}, ", expectation.receiver, base::FormatDuration(expectation.eval_time));
  if (sent.size() != expectation.messages.size()) {
    return fmt::format("{}exp: {} messages, got: {}{}", head, expectation.messages.size(), sent.size(), shown);
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const NotificationExpectation::Message& expected = expectation.messages[i];
    if (!expected.status.empty() && expected.status != sent[i]->status) {
      return fmt::format("{}message {}: exp: {}, got: {}", head, i + 1, expected.status, sent[i]->status);
    }
    for (const std::string& text : expected.contains) {
      if (sent[i]->text.find(text) != std::string::npos) continue;
      return fmt::format("{}message {} has no {}:\n        {}", head, i + 1, base::Quote(text), sent[i]->text);
    }
  }
  return {};
}

std::string SampleDifference(const ExprExpectation& expectation, const promql::Value& value, bool fuzzy,
                             bool show_differences) {
  const std::vector<ShownSample> expected = ShownExpected(expectation.samples);
  const std::vector<ShownSample> got = ShownResult(value);
  const bool same = std::equal(expected.begin(), expected.end(), got.begin(), got.end(),
                               [fuzzy](const ShownSample& a, const ShownSample& b) { return SameSample(a, b, fuzzy); });
  if (same) return {};
  const std::string head = fmt::format("    expr: {}, time: {},", base::Quote(expectation.expr),
                                       base::FormatDuration(expectation.eval_time));
  if (show_differences) {
    const auto text = [](const ShownSample& sample) { return sample.Text(); };
    return head + DifferenceText(Texts(expected, text), Texts(got, text));
  }
  return fmt::format("{}\n        exp: {}\n        got: {}", head, SampleListText(expected), SampleListText(got));
}

}  // namespace bellwether::rules
