#include "notify/policy/inhibition.h"

#include <gtest/gtest.h>

namespace bellwether::notify {
namespace {

using base::TimestampMs;
using metric::Labels;
using metric::Matcher;

constexpr TimestampMs kNow(1'000'000);
constexpr TimestampMs kLater(2'000'000);

InhibitRule PageOverWarning() {
  return {.name = {},
          .source = {Matcher::Equal("severity", "page")},
          .target = {Matcher::Equal("severity", "warning")},
          .equal = {"model", "region"}};
}

struct World {
  explicit World(std::vector<InhibitRule> rules) : inhibition(std::move(rules)) {}
  void Fire(const Labels& labels, TimestampMs ends_at = kLater) {
    inhibition.SetFiring(labels.Fingerprint(), labels, ends_at);
  }
  void End(const Labels& labels) { inhibition.Remove(labels.Fingerprint()); }
  void Expect(const Labels& target, const std::vector<Labels>& inhibitors, TimestampMs now = kNow) {
    std::vector<std::uint64_t> expected;
    for (const Labels& l : inhibitors) expected.push_back(l.Fingerprint());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(inhibition.InhibitorsOf(target, now), expected) << target.ToString();
  }
  Inhibition inhibition;
};

TEST(Inhibition, KeepsEverySource) {
  World world({PageOverWarning()});
  const Labels target{{"severity", "warning"}, {"model", "fraud"}};
  const Labels one{{"severity", "page"}, {"model", "fraud"}, {"n", "1"}};
  const Labels two{{"severity", "page"}, {"model", "fraud"}, {"n", "2"}};
  world.Expect(target, {});
  world.Fire(one);
  world.Fire(two, TimestampMs(1'500'000));
  world.Expect(target, {one, two});
  world.Expect(target, {one}, TimestampMs(1'500'000));  // What nobody repeats ends.
  world.End(one);
  world.Expect(target, {two});
  world.End(two);
  world.End(two);
  world.Expect(target, {});
}

TEST(Inhibition, EqualLabelsAgreeAlsoWhereBothLackThem) {
  World world({PageOverWarning()});
  const Labels source{{"severity", "page"}, {"model", "fraud"}};
  world.Fire(source);
  world.Expect({{"severity", "warning"}, {"model", "fraud"}}, {source});
  world.Expect({{"severity", "warning"}, {"model", "ranker"}}, {});
  world.Expect({{"severity", "warning"}, {"model", "fraud"}, {"region", "eu"}}, {});
  world.Expect({{"severity", "info"}, {"model", "fraud"}}, {});
}

TEST(Inhibition, TwoSidedAlertsDoNotSilenceEachOther) {
  // Sources are also targets: everything of the cluster that is down.
  World world({{.name = {},
                .source = {Matcher::Equal("alertname", "Down")},
                .target = {Matcher::Make(metric::MatchOp::kRegex, "alertname", "Down|Slow").value()},
                .equal = {"cluster"}}});
  const Labels down{{"alertname", "Down"}, {"cluster", "a"}};
  const Labels other{{"alertname", "Down"}, {"cluster", "a"}, {"n", "2"}};
  const Labels slow{{"alertname", "Slow"}, {"cluster", "a"}};
  world.Fire(down);
  world.Expect(down, {});
  world.Fire(other);
  world.Expect(down, {});
  world.Expect(slow, {down, other});
}

TEST(Inhibition, AValidSourceCountsBesideATwoSidedOne) {
  World world({{.name = {},
                .source = {Matcher::Make(metric::MatchOp::kRegex, "severity", "page|critical").value()},
                .target = {Matcher::Make(metric::MatchOp::kRegex, "severity", "critical|warning").value()},
                .equal = {}}});
  const Labels page{{"severity", "page"}}, critical{{"severity", "critical"}},
      second{{"severity", "critical"}, {"n", "2"}};
  world.Fire(page);
  world.Fire(second, TimestampMs(9'000'000));  // Ends last, and is two-sided.
  world.Expect(critical, {page});
}

TEST(Inhibition, ChangedLabelsMoveASource) {
  World world({PageOverWarning()});
  const Labels target{{"severity", "warning"}, {"model", "fraud"}};
  const Labels page{{"severity", "page"}, {"model", "fraud"}};
  const Labels lower{{"severity", "warning"}, {"model", "fraud"}, {"n", "1"}};
  world.Fire(page);
  world.Expect(target, {page});
  // One alert of ours that changes its level is told under new labels and ends under the old ones.
  world.Fire(lower);
  world.End(page);
  world.Expect(target, {});
}

}  // namespace
}  // namespace bellwether::notify
