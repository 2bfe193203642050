#include "rules/unit_tests.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/file_glob.h"
#include "base/quote.h"
#include "base/read_file.h"
#include "rules/file/rule_file.h"
#include "rules/file/rule_references.h"
#include "rules/severities.h"
#include "rules/unittest/expectation.h"
#include "rules/unittest/test_file.h"
#include "rules/unittest/test_world.h"

namespace bellwether::rules {

struct TestFilter::Regexes {
  std::vector<std::unique_ptr<re2::RE2>> list;
};

base::Result<TestFilter> TestFilter::Make(const std::vector<std::string>& regexes) {
  TestFilter filter;
  if (regexes.empty()) return filter;
  auto made = std::make_shared<Regexes>();
  for (const std::string& text : regexes) {
    auto regex = std::make_unique<re2::RE2>(text, re2::RE2::Quiet);
    if (!regex->ok()) {
      return base::InvalidArgument(fmt::format("bad regular expression {}: {}", base::Quote(text), regex->error()));
    }
    made->list.push_back(std::move(regex));
  }
  filter.regexes_ = std::move(made);
  return filter;
}

bool TestFilter::Takes(std::string_view name) const {
  return regexes_ == nullptr || std::any_of(regexes_->list.begin(), regexes_->list.end(),
                                            [name](const auto& regex) { return re2::RE2::PartialMatch(name, *regex); });
}

bool RuleTestReport::ok() const {
  return faults.empty() &&
         std::all_of(tests.begin(), tests.end(), [](const RuleTestResult& test) { return test.failures.empty(); });
}

namespace {

// The rules that some test had something to say about, by group and number in it.
using CoveredRules = std::set<std::pair<const GroupSpec*, std::size_t>>;

// What a rule did in an evaluation, a line of the trace.
std::string TraceLine(base::DurationMs at, const std::string& group, const Rule& rule) {
  std::string line = fmt::format("{} {} {}:", base::FormatDuration(at), group, rule.spec().name);
  if (rule.spec().kind == RuleKind::kRecording) return line + fmt::format(" {} series", rule.series().size());
  if (rule.alerts().entries().empty()) return line + " inactive";
  for (const auto& [labels, entry] : rule.alerts().entries()) {
    line += fmt::format(" {}{}", AlertStateName(entry.alert.state), AlertLabels(labels, entry).ToMetricString());
    if (!entry.leveled) continue;
    for (const SignalStanding& signal : entry.leveled->signals) {
      if (!signal.name.empty()) line += fmt::format(" {}={}", signal.name, signal.StateName());
    }
  }
  return line;
}

class TestRun {
 public:
  TestRun(const TestFile& file, const RuleTest& test, const std::vector<GroupSource>& groups,
          const RuleTestOptions& options, CoveredRules& covered)
      : file_(file),
        test_(test),
        groups_(groups),
        options_(options),
        world_(test, groups, WithSubqueryStep(options.engine, file.evaluation_interval),
               {.severities = file.severities, .surroundings = options.surroundings}),
        covered_(covered) {}

  std::vector<std::string> Run() {
    const base::TimestampMs end = test_.start + test_.Length();
    for (base::TimestampMs at = test_.start; at <= end; at = at + file_.evaluation_interval) {
      const base::Status status = Step(at);
      if (!status.ok()) {
        Fail("    " + status.message());
        return std::move(failures_);
      }
    }
    for (const ExprExpectation& expectation : test_.exprs) Check(expectation);
    return std::move(failures_);
  }

 private:
  static promql::EngineOptions WithSubqueryStep(promql::EngineOptions options, base::DurationMs step) {
    options.default_subquery_step = step;
    return options;
  }

  base::Status Step(base::TimestampMs at) {
    BW_RETURN_IF_ERROR(world_.LoadUntil(at));
    const base::Status status = world_.Evaluate(at);
    NoteRecorded();
    if (options_.trace) Trace(at);
    BW_RETURN_IF_ERROR(status);
    const base::DurationMs now = at - test_.start;
    for (const AlertExpectation& expectation : test_.alerts) {
      if (expectation.eval_time >= now && expectation.eval_time < now + file_.evaluation_interval) Check(expectation);
    }
    std::vector<SuppressionExpectation> present;
    for (const SuppressionExpectation& expectation : test_.suppression) {
      if (expectation.eval_time >= now && expectation.eval_time < now + file_.evaluation_interval) {
        present.push_back(expectation);
      }
    }
    std::stable_sort(present.begin(), present.end(),
                     [](const auto& a, const auto& b) { return a.eval_time < b.eval_time; });
    for (const SuppressionExpectation& expectation : present) BW_RETURN_IF_ERROR(Check(expectation));
    for (const NotificationExpectation& expectation : test_.notifications) {
      if (expectation.eval_time < now || expectation.eval_time >= now + file_.evaluation_interval) continue;
      BW_ASSIGN_OR_RETURN(const std::vector<TestNotification> sent,
                          world_.NotificationsAt(test_.start + expectation.eval_time));
      Fail(NotificationDifference(expectation, sent));
    }
    return base::OkStatus();
  }

  base::Status Check(const SuppressionExpectation& expectation) {
    BW_ASSIGN_OR_RETURN(const std::vector<TestStanding> standings,
                        world_.StandingsAt(test_.start + expectation.eval_time));
    std::vector<ExpectedStanding> suppressed, held, told;
    ForEachFiring(expectation.alert, [&](const metric::Labels& labels, const AlertEntry&) {
      const auto standing =
          std::find_if(standings.begin(), standings.end(), [&](const TestStanding& s) { return s.labels == labels; });
      if (standing == standings.end()) {
        told.push_back({labels, std::vector<std::string>()});
      } else {
        (standing->held ? held : suppressed).push_back({labels, standing->by});
      }
    });
    const auto compare = [&](std::string_view what, const std::optional<std::vector<ExpectedStanding>>& expected,
                             std::vector<ExpectedStanding>& got) {
      if (expected) Fail(StandingDifference(expectation, what, *expected, std::move(got), options_.show_differences));
    };
    compare("suppressed", expectation.suppressed, suppressed);
    compare("held", expectation.held, held);
    compare("told", expectation.told, told);
    return base::OkStatus();
  }

  void Check(const AlertExpectation& expectation) {
    std::vector<ExpectedAlert> firing;
    ForEachRule([&](std::size_t group, std::size_t number, const Rule& rule) {
      const bool is_meant = rule.spec().kind == RuleKind::kAlerting && rule.spec().name == expectation.alert;
      if (is_meant && !expectation.alerts.empty()) covered_.emplace(groups_[group].spec, number);
    });
    ForEachFiring(expectation.alert, [&](const metric::Labels& labels, const AlertEntry& entry) {
      firing.push_back({labels, entry.annotations});
    });
    Fail(AlertDifference(expectation, std::move(firing), options_.show_differences));
  }

  void Check(const ExprExpectation& expectation) {
    const auto result = world_.Query(expectation.expr, test_.start + expectation.eval_time);
    if (result.ok()) {
      Fail(SampleDifference(expectation, result->value, file_.fuzzy_compare, options_.show_differences));
    } else {
      Fail(fmt::format("    expr: {}, time: {}, err: {}", base::Quote(expectation.expr),
                       base::FormatDuration(expectation.eval_time), result.status().message()));
    }
  }

  void NoteRecorded() {
    ForEachRule([&](std::size_t group, std::size_t number, const Rule& rule) {
      if (rule.spec().kind == RuleKind::kAlerting || rule.series().empty()) return;
      covered_.emplace(groups_[group].spec, number);
    });
  }

  void Trace(base::TimestampMs at) {
    ForEachRule([&](std::size_t group, std::size_t, const Rule& rule) {
      options_.trace(TraceLine(at - test_.start, groups_[group].spec->name, rule));
    });
  }

  // The firing alerts of that name.
  template <typename Visit>
  void ForEachFiring(const std::string& alert, Visit visit) const {
    ForEachRule([&](std::size_t, std::size_t, const Rule& rule) {
      if (rule.spec().kind != RuleKind::kAlerting || rule.spec().name != alert) return;
      for (const auto& [labels, entry] : rule.alerts().entries()) {
        if (entry.alert.state == AlertState::kFiring) visit(AlertLabels(labels, entry), entry);
      }
    });
  }

  template <typename Visit>
  void ForEachRule(Visit visit) const {
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      const auto& rules = world_.groups()[group]->rules();
      for (std::size_t number = 0; number < rules.size(); ++number) visit(group, number, *rules[number]);
    }
  }

  void Fail(const std::string& text) {
    if (text.empty()) return;
    failures_.push_back(test_.named ? fmt::format("    name: {},\n{}", test_.name, text) : text);
  }

  const TestFile& file_;
  const RuleTest& test_;
  const std::vector<GroupSource>& groups_;
  const RuleTestOptions& options_;
  TestWorld world_;
  CoveredRules& covered_;
  std::vector<std::string> failures_;
};

// The rule files of the tests, read; their faults and warnings go to the report.
std::vector<RuleFile> ReadRuleFilesOf(const TestFile& file, const RuleTestOptions& options, RuleTestReport& report) {
  std::vector<RuleFile> files;
  std::set<std::string> seen;
  const std::filesystem::path folder = std::filesystem::path(report.file).parent_path();
  for (const std::string& pattern : file.rule_files) {
    const std::vector<std::string> paths = base::ExpandGlob((folder / pattern).string());
    if (paths.empty()) report.warnings.push_back(fmt::format("no file match pattern {}", pattern));
    for (const std::string& path : paths) {
      if (!seen.insert(path).second) continue;
      RuleFile read = ReadRuleFile(path, {options.engine.parser, options.ignore_unknown_fields, file.severities});
      report.warnings.insert(report.warnings.end(), read.warnings.begin(), read.warnings.end());
      report.faults.insert(report.faults.end(), read.faults.begin(), read.faults.end());
      files.push_back(std::move(read));
    }
  }
  return files;
}

// In the order in which they are evaluated: those that the test file does not order go with the first.
std::vector<GroupSource> OrderGroups(const TestFile& file, const std::vector<RuleFile>& rule_files) {
  std::vector<GroupSource> groups;
  for (const RuleFile& rule_file : rule_files) {
    for (const GroupSpec& group : rule_file.groups) groups.push_back({rule_file.path, &group});
  }
  const auto place = [&file](const GroupSource& group) {
    const auto found = file.group_order.find(group.spec->name);
    return found == file.group_order.end() ? 0 : found->second;
  };
  std::stable_sort(groups.begin(), groups.end(),
                   [&](const GroupSource& a, const GroupSource& b) { return place(a) < place(b); });
  return groups;
}

std::vector<RuleCoverage> CoverageOf(const std::vector<RuleFile>& rule_files, const CoveredRules& covered) {
  std::vector<RuleCoverage> coverage;
  for (const RuleFile& file : rule_files) {
    for (const GroupSpec& group : file.groups) {
      for (std::size_t i = 0; i < group.rules.size(); ++i) {
        if (group.rules[i].is_generated) continue;
        coverage.push_back({.file = file.path,
                            .group = group.name,
                            .rule = group.rules[i].name,
                            .alerting = group.rules[i].kind == RuleKind::kAlerting,
                            .covered = covered.contains({&group, i})});
      }
    }
  }
  return coverage;
}

}  // namespace

RuleTestReport RunRuleTests(const std::string& path, const RuleTestOptions& options) {
  RuleTestReport report{.file = path, .warnings = {}, .faults = {}, .tests = {}, .coverage = {}};
  const base::Result<std::string> text = base::ReadFile(path);
  if (!text.ok()) {
    report.faults.push_back(fmt::format("{}: cannot be read: {}", path, text.status().message()));
    return report;
  }
  TestFile file = ReadTestText(path, *text, options.ignore_unknown_fields);
  report.faults = std::move(file.faults);
  if (report.faults.empty() && options.surroundings != nullptr) {
    const base::Status read = options.surroundings->Read(path, *text, SeverityOrder(file.severities));
    if (!read.ok()) report.faults.push_back(read.message());
  }
  const std::vector<RuleFile> rule_files = ReadRuleFilesOf(file, options, report);
  if (report.faults.empty()) report.faults = FindReferenceFaults(rule_files);
  if (!report.faults.empty()) return report;
  const std::vector<GroupSource> groups = OrderGroups(file, rule_files);
  CoveredRules covered;
  for (const RuleTest& test : file.tests) {
    if (!options.filter.Takes(test.name)) continue;
    if (options.trace) options.trace("test " + test.name);
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::string> failures = TestRun(file, test, groups, options, covered).Run();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    report.tests.push_back({test.name, std::move(failures), taken.count()});
  }
  report.coverage = CoverageOf(rule_files, covered);
  return report;
}

}  // namespace bellwether::rules
