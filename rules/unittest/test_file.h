// rules/unittest/test_file.h
//
// A file of rule unit tests, read and checked. Keys are strict; all faults of the file are found at once.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metric/alert_update.h"
#include "metric/histogram.h"
#include "metric/labels.h"
#include "promql/parser/series_description.h"

namespace bellwether::rules {

struct ExpectedAlert {
  metric::Labels labels;  // With alertname.
  metric::Annotations annotations;
};

// These alerts of that name, and no others, fire at that time.
struct AlertExpectation {
  base::DurationMs eval_time;  // From the start of the test; so are all.
  std::string alert;
  std::vector<ExpectedAlert> alerts;
};

struct ExpectedStanding {
  metric::Labels labels;                            // With alertname.
  std::optional<std::vector<std::string>> by = {};  // Names of the alerts that explain it; nothing: not compared.
};

// Which of the firing alerts of that name are held, suppressed and told at that time; a list that is not given is not
// compared.
struct SuppressionExpectation {
  base::DurationMs eval_time;
  std::string alert;
  std::optional<std::vector<ExpectedStanding>> suppressed = {};
  std::optional<std::vector<ExpectedStanding>> held = {};
  std::optional<std::vector<ExpectedStanding>> told = {};
};

// The messages that a receiver has been sent by that time, all of them in order.
struct NotificationExpectation {
  struct Message {
    std::string status;                 // "firing" or "resolved"; empty: not compared.
    std::vector<std::string> contains;  // Texts that are in it.
  };
  base::DurationMs eval_time;
  std::string receiver;
  std::vector<Message> messages;
};

// Somebody has acknowledged the alerts that have these labels.
struct TestAcknowledgement {
  metric::Labels labels;                       // With alertname.
  base::DurationMs from;                       // Inclusive.
  std::optional<base::DurationMs> until = {};  // Exclusive; nothing: for good.
};

struct ExpectedSample {
  metric::Labels labels;
  double value = 0;
  std::shared_ptr<const metric::NativeHistogram> histogram;  // If set, the value is this.
};

struct ExprExpectation {
  base::DurationMs eval_time;
  std::string expr;
  std::vector<ExpectedSample> samples;
};

struct RuleTest {
  std::string name;    // "unnamed#N" where the file gives none.
  bool named = false;  // It gives one.
  base::TimestampMs start;
  base::DurationMs interval;  // Between input samples, and of groups without an interval.
  metric::Labels external_labels;
  std::string external_url;
  std::vector<promql::SeriesDescription> input;
  std::vector<AlertExpectation> alerts;
  std::vector<ExprExpectation> exprs;
  std::vector<SuppressionExpectation> suppression;
  std::vector<NotificationExpectation> notifications;
  std::vector<TestAcknowledgement> acknowledgements;

  // The last time that anything is expected of.
  [[nodiscard]] base::DurationMs Length() const;
};

struct TestFile {
  std::vector<std::string> rule_files;  // Patterns as written.
  base::DurationMs evaluation_interval = base::Minutes(1);
  std::map<std::string, std::size_t> group_order;  // Group names to their place in the order of evaluation.
  bool fuzzy_compare = false;
  std::vector<std::string> severities;  // From low to high; empty: the rules' own.
  std::vector<RuleTest> tests;
  std::vector<std::string> faults;  // "FILE: LINE:COLUMN: ..." each; empty if the file is good.
};

[[nodiscard]] TestFile ReadTestText(const std::string& path, std::string_view text, bool ignore_unknown_fields);

}  // namespace bellwether::rules
