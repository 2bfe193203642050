#include "incidents/suppressor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "incidents/suppress/suppress_world_test.h"

namespace bellwether::incidents {
namespace {

using base::Hours;
using base::Minutes;
using base::Seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kChain =
    "{kind: stream, name: kafka}, {kind: pipeline, name: fs, depends_on: [kafka]}, "
    "{kind: model, name: fraud, depends_on: [fs]}, {kind: endpoint, name: score, depends_on: [model/fraud]}";

AlertDependency Through(const std::string& alert) { return {.alert = alert, .through_topology = true}; }
AlertDependency Equal(const std::string& alert, std::vector<std::string> labels) {
  return {.alert = alert, .equal = std::move(labels)};
}

TEST(SuppressorTest, ParentFirst) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  EXPECT_EQ(world.StandingOf("FeaturesLate"), "held: waits for what might explain it");
  world.Advance(Minutes(10));
  EXPECT_THAT(world.Heard(), ElementsAre("+FeaturesLate"));
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "suppressed: suppressed by FeaturesLate on pipeline/fs");
  const Standing standing = *world.Find("AccuracyLow");
  EXPECT_EQ(standing.since, world.now());
  EXPECT_EQ(standing.until, world.now() + Hours(4));
  EXPECT_FALSE(standing.told);
  ASSERT_EQ(standing.causes.size(), 1u);
  EXPECT_EQ(standing.causes[0].labels.Get("alertname"), "FeaturesLate");
  EXPECT_EQ(standing.causes[0].since, kSuppressStart);
  EXPECT_THAT(standing.causes[0].path, ElementsAre(ComponentId{"model", "fraud"}, ComponentId{"pipeline", "fs"}));
  world.Advance(Hours(1));
  EXPECT_THAT(world.Heard(), IsEmpty());
}

TEST(SuppressorTest, ParentLaterInsideTheWait) {
  SuppressWorld world(kChain);
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  EXPECT_EQ(world.Find("AccuracyLow")->until, kSuppressStart + Seconds(45));
  world.Advance(Seconds(40));
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "suppressed: suppressed by FeaturesLate on pipeline/fs");
  world.Advance(Minutes(5));
  EXPECT_THAT(world.Heard(), ElementsAre("+FeaturesLate"));
}

TEST(SuppressorTest, ParentLaterAfterTheWait) {
  SuppressWorld world(kChain);
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  world.Advance(Seconds(45));
  EXPECT_THAT(world.Heard(), ElementsAre("+AccuracyLow"));
  world.Advance(Seconds(60));
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  EXPECT_TRUE(world.Find("AccuracyLow")->told) << "and so goes on being sent";
  const std::size_t before = world.sink().updates().size();
  world.Advance(Minutes(3));
  EXPECT_GE(world.sink().updates().size(), before + 5) << "both are told again each minute";
  world.End("AccuracyLow");
  EXPECT_THAT(world.Heard(), ElementsAre("+FeaturesLate", "-AccuracyLow")) << "what was told has its end told";
}

TEST(SuppressorTest, AParentThatBeganTooLateExplainsNothing) {
  SuppressWorld world(kChain);
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  world.Advance(Minutes(2) + Seconds(5));
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "told");
}

TEST(SuppressorTest, TellsAtOnceWhatNothingCouldExplain) {
  SuppressWorld world(kChain);
  world.Fire("KafkaDown", {{"stream", "kafka"}});
  world.Fire("Other", {{"host", "a"}});
  EXPECT_THAT(world.Heard(), ElementsAre("+KafkaDown", "+Other"));
}

// Who is told of the cause hears whom it silences, and who was told before hears that it needs no more words.
TEST(SuppressorTest, WhatIsToldSaysWhatItExplains) {
  SuppressWorld world(kChain);
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  world.Advance(Seconds(50));
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  world.Advance(Minutes(3));
  const auto last = [&](const std::string& name) {
    metric::AlertUpdate found;
    for (const metric::AlertUpdate& update : world.sink().updates()) {
      if (update.labels.Get("alertname") == name) found = update;
    }
    return found;
  };
  EXPECT_TRUE(last("AccuracyLow").is_suppressed);
  EXPECT_FALSE(last("FeaturesLate").is_suppressed);
  const metric::ExplainedAlerts explained = last("FeaturesLate").explains;
  EXPECT_EQ(explained.count, 1u);
  ASSERT_EQ(explained.some.size(), 1u);
  EXPECT_EQ(explained.some[0].Get("alertname"), "AccuracyLow");
  world.End("FeaturesLate");
  world.Advance(Minutes(10));
  EXPECT_FALSE(last("AccuracyLow").is_suppressed);
}

TEST(SuppressorTest, ParentEndsAndTheExtensionFollows) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  world.Fire("DriftHigh", {{"model", "fraud"}});
  world.Advance(Minutes(5));
  world.End("FeaturesLate");
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "suppressed: what explained it has just ended");
  EXPECT_EQ(world.Find("AccuracyLow")->until, world.now() + Minutes(2));
  world.Advance(Minutes(1));
  world.End("DriftHigh");
  world.Advance(Minutes(1));
  EXPECT_THAT(world.Heard(), ElementsAre("+FeaturesLate", "-FeaturesLate", "+AccuracyLow"));
  world.Advance(Minutes(20));
  EXPECT_THAT(world.Heard(), IsEmpty()) << "the end of what was never told is not told, however often it is heard";
  EXPECT_EQ(world.Metric("bellwether_suppression_unsaid_total"), 1);
  EXPECT_EQ(world.Metric("bellwether_suppression_suppressed_total"), 2);
}

TEST(SuppressorTest, NoLongerThanTheMaximum) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  world.Advance(Hours(4) - Seconds(5));
  EXPECT_THAT(world.Heard(), ElementsAre("+FeaturesLate"));
  world.Advance(Seconds(5));
  EXPECT_THAT(world.Heard(), ElementsAre("+AccuracyLow"));
  const metric::AlertUpdate& told = world.sink().updates().back();
  EXPECT_EQ(told.annotations.at("suppression"), "suppressed for 4h by FeaturesLate on pipeline/fs");
  world.End("FeaturesLate");
  world.Advance(Minutes(1));
  world.Fire("KafkaDown", {{"stream", "kafka"}});
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "told") << "not anew";
  world.End("AccuracyLow");
  EXPECT_EQ(world.sink().updates().back().annotations.at("suppression"),
            "suppressed for 4h by FeaturesLate on pipeline/fs");
}

TEST(SuppressorTest, SeverityEscapes) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesLate", {{"pipeline", "fs"}}, "error");
  world.Fire("FraudDown", {{"model", "fraud"}}, "critical");
  world.Fire("AccuracyLow", {{"model", "fraud"}}, "warning");
  world.Advance(Minutes(1));
  EXPECT_THAT(world.Heard(), ElementsAre("+FeaturesLate", "+FraudDown"));
  world.Move("AccuracyLow", "critical");
  EXPECT_THAT(world.Heard(), ElementsAre("+AccuracyLow")) << "at once: what explained it goes on, but is milder now";
  world.Move("AccuracyLow", "warning");
  EXPECT_THAT(world.Heard(), ElementsAre("+AccuracyLow", "-AccuracyLow")) << "told once, told on";
}

TEST(SuppressorTest, AMovedAlertKeepsWhatIsRememberedOfIt) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesLate", {{"pipeline", "fs"}}, "critical");
  world.Fire("AccuracyLow", {{"model", "fraud"}}, "info");
  world.Advance(Minutes(3));
  world.Move("AccuracyLow", "warning");
  EXPECT_EQ(world.Find("AccuracyLow")->since, kSuppressStart);
  world.Advance(Minutes(3));
  world.Move("FeaturesLate", "page");
  EXPECT_EQ(world.Find("AccuracyLow")->causes[0].since, kSuppressStart);
  world.End("FeaturesLate");
  world.Advance(Minutes(1));
  world.Move("AccuracyLow", "info");
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "suppressed: what explained it has just ended");
  world.End("AccuracyLow");
  world.Advance(Minutes(20));
  EXPECT_THAT(world.Heard(), ElementsAre("+FeaturesLate", "+FeaturesLate", "-FeaturesLate", "-FeaturesLate"));
}

TEST(SuppressorTest, BelowTheBlockingSeverityTopologyExplainsNothing) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesSlow", {{"pipeline", "fs"}}, "warning");
  world.Fire("AccuracyLow", {{"model", "fraud"}}, "warning");
  world.Advance(Minutes(1));
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "told");
}

TEST(SuppressorTest, OnlyWithinTheHops) {
  SuppressWorld world(kChain);
  world.Fire("KafkaDown", {{"stream", "kafka"}});
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  world.Fire("ScoresLate", {{"endpoint", "score"}});
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "suppressed: suppressed by KafkaDown on stream/kafka");
  EXPECT_EQ(world.StandingOf("ScoresLate"), "suppressed: suppressed by AccuracyLow on model/fraud")
      << "by what is nearer, though that is suppressed itself";
  world.End("AccuracyLow");
  world.Advance(Minutes(2));
  EXPECT_THAT(world.Heard(), ElementsAre("+KafkaDown", "+ScoresLate"));
}

TEST(SuppressorTest, HopsOfZeroLeaveTopologyToDependsOn) {
  SuppressWorld world(kChain);
  world.policy.hops_max = 0;
  world.DependsOn("ScoresLate", {Through("KafkaDown")});
  world.Fire("KafkaDown", {{"stream", "kafka"}});
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  world.Fire("ScoresLate", {{"endpoint", "score"}});
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "told");
  EXPECT_EQ(world.StandingOf("ScoresLate"), "suppressed: suppressed by KafkaDown on stream/kafka") << "however far";
  EXPECT_EQ(world.Find("ScoresLate")->causes[0].path.size(), 4u);
}

TEST(SuppressorTest, TwoOfThreeAreEnough) {
  SuppressWorld world(
      "{kind: gpu, name: a}, {kind: gpu, name: b}, {kind: gpu, name: c}, "
      "{kind: model, name: fraud, depends_on: [{any_of: [a, b, c], need: 2}]}");
  world.DependsOn("ErrorsHigh", {Through("GpuDown")});
  world.Fire("GpuDown", {{"gpu", "a"}});
  world.Fire("LatencyHigh", {{"model", "fraud"}});
  world.Fire("ErrorsHigh", {{"model", "fraud"}}, "warning");
  EXPECT_EQ(world.StandingOf("LatencyHigh"), "held: waits for what might explain it") << "two are left";
  EXPECT_EQ(world.StandingOf("ErrorsHigh"), "held: waits for what might explain it") << "also by name";
  world.Fire("GpuDown c", {{"alertname", "GpuDown"}, {"gpu", "c"}});
  EXPECT_EQ(world.StandingOf("LatencyHigh"), "suppressed: suppressed by GpuDown on gpu/a, GpuDown on gpu/c");
  EXPECT_EQ(world.StandingOf("ErrorsHigh"), "suppressed: suppressed by GpuDown on gpu/a, GpuDown on gpu/c");
}

TEST(SuppressorTest, CirclesBlockNobody) {
  SuppressWorld world("{kind: pipeline, name: fs}, {kind: model, name: fraud, depends_on: [fs]}");
  // The pipeline's alert is blocked by the model's in a rule, the model's by the pipeline's through topology.
  world.DependsOn("FeaturesLate", {Equal("AccuracyLow", {"region"})});
  world.Fire("FeaturesLate", {{"pipeline", "fs"}, {"region", "eu"}});
  world.Fire("AccuracyLow", {{"model", "fraud"}, {"region", "eu"}});
  world.Fire("DriftHigh", {{"model", "fraud"}, {"region", "eu"}});
  world.Advance(Minutes(1));
  EXPECT_EQ(world.StandingOf("FeaturesLate"), "told");
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "told");
  EXPECT_EQ(world.StandingOf("DriftHigh"), "suppressed: suppressed by FeaturesLate on pipeline/fs") << "not of it";
  world.End("AccuracyLow");
  world.Fire("ScoresOdd", {{"model", "fraud"}, {"region", "eu"}});
  EXPECT_EQ(world.StandingOf("ScoresOdd"), "suppressed: suppressed by FeaturesLate on pipeline/fs");
}

TEST(SuppressorTest, DependsOnJoinsByLabels) {
  SuppressWorld world("");
  for (const char* alert : {"AccuracyLow", "DriftHigh", "NullsHigh"}) {
    world.DependsOn(alert, {Equal("RegionDown", {"region"})});
  }
  world.Fire("RegionDown", {{"region", "eu"}}, "warning");
  world.Fire("AccuracyLow", {{"model", "churn"}, {"region", "eu"}}, "warning");
  world.Fire("DriftHigh", {{"model", "churn"}, {"region", "us"}}, "warning");
  world.Fire("NullsHigh", {{"model", "churn"}}, "warning");
  world.Advance(Minutes(1));
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "suppressed: suppressed by RegionDown")
      << "a warning, because it is named";
  EXPECT_THAT(world.Find("AccuracyLow")->causes[0].equal, ElementsAre("region"));
  EXPECT_EQ(world.StandingOf("DriftHigh"), "told");
  EXPECT_EQ(world.StandingOf("NullsHigh"), "told") << "a label that is missing joins nothing";
}

TEST(SuppressorTest, SeveritiesThatAreNoneCompareWithNone) {
  SuppressWorld world("");
  world.DependsOn("AccuracyLow", {Equal("RegionDown", {"region"})});
  world.Fire("RegionDown", {{"region", "eu"}}, "");
  world.Fire("AccuracyLow", {{"region", "eu"}}, "page");
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "suppressed: suppressed by RegionDown");
}

TEST(SuppressorTest, EachDependencyHasItsTimers) {
  SuppressWorld world("");
  world.DependsOn("Slow", {{.alert = "Cause", .equal = {"m"}, .timers = {Minutes(3), Minutes(10), Minutes(30)}}});
  world.DependsOn("Quick", {{.alert = "Cause", .equal = {"m"}, .timers = {Seconds(0), Seconds(0), Minutes(5)}}});
  world.Fire("Slow", {{"m", "a"}});
  world.Fire("Quick", {{"m", "a"}});
  EXPECT_THAT(world.Heard(), ElementsAre("+Quick")) << "it waits for nothing";
  world.Advance(Minutes(2));
  world.End("Quick");
  world.Fire("Cause", {{"m", "a"}});
  world.Fire("Quick", {{"m", "a"}});
  EXPECT_EQ(world.StandingOf("Slow"), "suppressed: suppressed by Cause");
  EXPECT_EQ(world.StandingOf("Quick"), "suppressed: suppressed by Cause");
  world.Advance(Minutes(5));
  EXPECT_THAT(world.Heard(), ElementsAre("-Quick", "+Cause", "+Quick"));
  world.End("Cause");
  world.Advance(Minutes(10) - Seconds(5));
  EXPECT_THAT(world.Heard(), ElementsAre("-Cause"));
  world.Advance(Seconds(5));
  EXPECT_THAT(world.Heard(), ElementsAre("+Slow"));
}

TEST(SuppressorTest, WhatMustBeSaidIsSaidAtOnce) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesLate", {{"pipeline", "fs"}, {"page", "immediate"}});
  EXPECT_THAT(world.Heard(), ElementsAre("+FeaturesLate")) << "it does not wait";
  world.Fire("AccuracyLow", {{"model", "fraud"}, {"never_suppress", "true"}});
  world.Fire("DriftHigh", {{"model", "fraud"}, {"never_suppress", "false"}});
  world.Fire("NullsHigh", {{"model", "fraud"}, {"page", "immediate"}});
  EXPECT_THAT(world.Heard(), ElementsAre("+AccuracyLow")) << "what is explained already is not said";
}

TEST(SuppressorTest, WhatIsLabelledSoExplainsNothing) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesDear", {{"pipeline", "fs"}, {"non_blocking", "true"}}, "critical");
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "held: waits for what might explain it");
  world.Advance(Minutes(1));
  EXPECT_THAT(world.Heard(), ElementsAre("+FeaturesDear", "+AccuracyLow"));
}

TEST(SuppressorTest, OfManyCausesTheNearestAreKept) {
  SuppressWorld world(kChain);
  world.DependsOn("ScoresOdd", {Equal("FeaturesLate", {"region"})});
  const auto fire = [&](const std::string& name, int i, const metric::Labels& labels) {
    metric::LabelsBuilder builder(labels);
    builder.Set("alertname", name).Set("region", "eu").Set("partition", std::to_string(i));
    world.Fire(name + std::to_string(i), builder.Build());
  };
  for (int i = 0; i < 20; ++i) fire("KafkaDown", i, {{"stream", "kafka"}});
  for (int i = 0; i < 30; ++i) fire("FeaturesLate", i, {{"pipeline", "fs"}});
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  world.Fire("ScoresOdd", {{"region", "eu"}});
  for (const char* alert : {"AccuracyLow", "ScoresOdd"}) {
    const Standing standing = *world.Find(alert);
    ASSERT_EQ(standing.causes.size(), 16u);
    for (const Cause& cause : standing.causes) EXPECT_EQ(cause.labels.Get("alertname"), "FeaturesLate");
  }
  for (int i = 0; i < 29; ++i) world.End("FeaturesLate" + std::to_string(i));
  EXPECT_EQ(world.StandingOf("ScoresOdd"), "suppressed: suppressed by FeaturesLate on pipeline/fs");
  EXPECT_EQ(world.StandingOf("AccuracyLow"),
            "suppressed: suppressed by FeaturesLate on pipeline/fs, KafkaDown on stream/kafka");
  world.End("FeaturesLate29");
  EXPECT_EQ(world.StandingOf("ScoresOdd"), "suppressed: what explained it has just ended");
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "suppressed: suppressed by KafkaDown on stream/kafka");
}

TEST(SuppressorTest, WhereNothingIsDueNothingIsWritten) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  for (int i = 0; i < 50; ++i) world.Fire("A" + std::to_string(i), {{"model", "fraud"}, {"n", std::to_string(i)}});
  world.Advance(Minutes(2));
  const std::size_t before = world.store().writes();
  for (int i = 0; i < 100; ++i) world.RunDue();
  EXPECT_EQ(world.store().writes(), before);
  world.End("A7");
  EXPECT_EQ(world.store().writes(), before + 1) << "one batch, of what changed";
}

TEST(SuppressorTest, AParentOfWhichNothingIsHeardAnyMoreHasEnded) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  world.FallSilent("FeaturesLate");
  world.Advance(Minutes(4));
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "suppressed: what explained it has just ended");
  world.Advance(Minutes(2));
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "told");
}

TEST(SuppressorTest, ATopologyThatChangesIsFollowed) {
  SuppressWorld world("{kind: model, name: fraud}, {kind: pipeline, name: fs}");
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "told");
  world.SetTopology("{kind: pipeline, name: fs}, {kind: model, name: fraud, depends_on: [fs]}");
  world.Advance(Seconds(5));
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "suppressed: suppressed by FeaturesLate on pipeline/fs");
  world.SetTopology("{kind: model, name: fraud}, {kind: pipeline, name: fs}");
  world.Advance(Minutes(2) + Seconds(5));
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "told");
}

TEST(SuppressorTest, AnAlertThatFiresAnewIsJudgedAnew) {
  SuppressWorld world(kChain);
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  world.Advance(Minutes(1));
  world.End("AccuracyLow");
  world.Advance(Minutes(1));
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  EXPECT_EQ(world.StandingOf("AccuracyLow"), "held: waits for what might explain it");
  world.Advance(Minutes(1));
  EXPECT_THAT(world.Heard(), ElementsAre("+AccuracyLow", "-AccuracyLow", "+AccuracyLow"));
}

TEST(SuppressorTest, AnEndIsToldThoughTheAlertBeginsAnewInTheSameBatch) {
  SuppressWorld world(kChain);
  metric::AlertUpdate fires;
  fires.labels = {{"alertname", "AccuracyLow"}, {"model", "fraud"}};
  fires.annotations = {{"summary", "AccuracyLow"}};
  fires.starts_at = fires.updated_at = kSuppressStart;
  fires.ends_at = kSuppressStart + Minutes(10);
  fires.sequence = 1;
  ASSERT_TRUE(world.suppressor().Take({{fires}}).ok());
  world.Advance(Minutes(1));
  metric::AlertUpdate ends = fires;
  ends.phase = metric::AlertPhase::kResolved;
  ends.sequence = 2;
  metric::AlertUpdate anew = fires;
  anew.starts_at = world.now();
  anew.sequence = 3;
  ASSERT_TRUE(world.suppressor().Take({{ends, anew}}).ok());
  world.RunDue();
  EXPECT_THAT(world.Heard(), ElementsAre("+AccuracyLow", "-AccuracyLow"));
  world.Advance(Minutes(1));
  EXPECT_THAT(world.Heard(), ElementsAre("+AccuracyLow"));
}

TEST(SuppressorTest, WhatFiredBeforeThereWasSuppressionWasTold) {
  SuppressWorld world(kChain);
  metric::AlertUpdate old;
  old.labels = {{"alertname", "AccuracyLow"}, {"model", "fraud"}};
  old.annotations = {{"summary", "old"}};
  old.starts_at = kSuppressStart - Hours(1);
  old.updated_at = kSuppressStart;
  old.ends_at = kSuppressStart + Minutes(4);
  old.sequence = 71;
  ASSERT_TRUE(world.suppressor().Take({{old}}).ok());
  old.labels = {{"alertname", "DriftHigh"}, {"model", "fraud"}};
  old.phase = metric::AlertPhase::kResolved;
  old.sequence = 72;
  ASSERT_TRUE(world.suppressor().Take({{old}}).ok());
  ASSERT_TRUE(world.suppressor().RunDue().ok());
  ASSERT_EQ(world.sink().updates().size(), 2u);
  EXPECT_EQ(world.sink().updates()[0].sequence, 71u) << "the numbers that the taker knows go on";
  EXPECT_EQ(world.sink().updates()[1].labels.Get("alertname"), "DriftHigh");
}

TEST(SuppressorTest, CountsWhatItDoes) {
  SuppressWorld world(kChain);
  world.Fire("FeaturesLate", {{"pipeline", "fs"}});
  world.Fire("AccuracyLow", {{"model", "fraud"}});
  EXPECT_EQ(world.Metric("bellwether_suppression_alerts{state=\"held\"}"), 1);
  EXPECT_EQ(world.Metric("bellwether_suppression_alerts{state=\"suppressed\"}"), 1);
  world.Advance(Minutes(1));
  EXPECT_EQ(world.Metric("bellwether_suppression_alerts{state=\"held\"}"), 0);
  EXPECT_EQ(world.Metric("bellwether_suppression_held_total"), 1);
  EXPECT_EQ(world.Metric("bellwether_suppression_released_total"), 1);
  world.Restart();
  world.Advance(Seconds(5));
  EXPECT_EQ(world.Metric("bellwether_suppression_alerts{state=\"suppressed\"}"), 1);
  EXPECT_EQ(world.Metric("bellwether_suppression_suppressed_total"), 0) << "it was before";
}

TEST(SuppressorTest, ThreadsHandUpdatesToTheOwner) {
  SuppressWorld world(kChain);
  ASSERT_TRUE(world.suppressor().Start().ok());
  metric::AlertUpdate update;
  update.labels = {{"alertname", "Other"}};
  update.starts_at = update.updated_at = kSuppressStart;
  update.ends_at = kSuppressStart + Minutes(4);
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (const auto& [labels, standing] : world.suppressor().Snapshot()) EXPECT_FALSE(standing.told);
    }
  });
  for (std::uint64_t i = 1; i <= 200; ++i) {
    update.sequence = i;
    update.labels = {{"alertname", "A" + std::to_string(i)}, {"model", "fraud"}};
    ASSERT_TRUE(world.suppressor().Take({{update}}).ok());
    if (i % 50 == 0) world.Configure();
  }
  EXPECT_EQ(world.suppressor().Snapshot().size(), 200u);
  world.suppressor().Stop();
  update.sequence = 201;
  update.labels = {{"alertname", "Late"}};
  EXPECT_TRUE(world.suppressor().Take({{update}}).ok()) << "in the caller's own thread";
}

TEST(SuppressionPolicyTest, ReadsWhatIsSet) {
  const std::vector<std::string> severities = {"low", "error", "high"};
  const auto read = [&](const std::string& topology, const std::vector<std::string>& order) {
    return ParseSuppressionPolicy("f.yml", "topology: " + topology, "topology", order);
  };
  const SuppressionPolicy defaults{.severities = severities};
  EXPECT_EQ(*read("{}", severities), defaults);
  EXPECT_EQ(*ParseSuppressionPolicy("f.yml", "", "topology", severities), defaults);
  const SuppressionPolicy all = *read(
      "{suppression: {hops: 3, blocking_severity: low, grace: 1m, wait: 10s, extension: 0s, max: 1d}}", severities);
  EXPECT_EQ(all.hops_max, 3);
  EXPECT_EQ(all.blocking_severity, "low");
  EXPECT_EQ(all.grace, Minutes(1));
  EXPECT_EQ(all.timers, (SuppressionTimers{Seconds(10), Seconds(0), Hours(24)}));
  EXPECT_EQ(read("{}", {"low", "high"})->blocking_severity, "high") << "where there is no error";
  EXPECT_EQ(read("{suppression: {hops: 11, blocking_severity: eror, wat: 1s}}", severities).status().message(),
            "f.yml: 1:32: hops must be from 0 to 10\n"
            "f.yml: 1:55: there is no severity \"eror\": it must be one of low, error, high\n"
            "f.yml: 1:61: unknown field 'wat', did you mean 'wait'?");
}

}  // namespace
}  // namespace bellwether::incidents
