#include "incidents/topology.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "incidents/topology_store.h"
#include "storage/open.h"

namespace bellwether::incidents {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kPipeline = R"(topology:
  components:
    - {kind: pipeline, name: feature_store, depends_on: [kafka]}
    - {kind: stream, name: kafka}
    - kind: model
      name: fraud
      depends_on: [feature_store, {any_of: [gpu_a, gpu_b, gpu_c], need: 2}]
    - {kind: gpu, name: gpu_a}
    - {kind: gpu, name: gpu_b}
    - {kind: gpu, name: gpu_c}
)";

Topology TopologyOf(const std::string& text) {
  auto components = ParseTopology("f.yml", text, "topology");
  EXPECT_TRUE(components.ok()) << components.status().message();
  return Topology(components.ok() ? *components : std::vector<Component>());
}

std::string TopologyFaults(const std::string& text) {
  return ParseTopology("f.yml", "topology: {components: [" + text + "]}", "topology").status().message();
}

TEST(TopologyTest, KnowsWhatIsUpstreamAndHowFar) {
  const Topology topology = TopologyOf(kPipeline);
  EXPECT_THAT(topology.UpstreamOf({"model", "fraud"}),
              ElementsAre(Upstream{{"gpu", "gpu_a"}, 1}, Upstream{{"gpu", "gpu_b"}, 1}, Upstream{{"gpu", "gpu_c"}, 1},
                          Upstream{{"pipeline", "feature_store"}, 1}, Upstream{{"stream", "kafka"}, 2}));
  EXPECT_THAT(topology.UpstreamOf({"stream", "kafka"}), IsEmpty());
  EXPECT_THAT(topology.UpstreamOf({"model", "churn"}), IsEmpty());
  const Component* fraud = topology.Find({"model", "fraud"});
  ASSERT_NE(fraud, nullptr);
  EXPECT_EQ(fraud->depends_on[1].need, 2U);
  EXPECT_EQ(fraud->depends_on[0].need, 1U);
}

TEST(TopologyTest, LabelsNameComponents) {
  const Topology topology = TopologyOf(kPipeline);
  EXPECT_THAT(topology.NamedBy({{"alertname", "A"}, {"model", "fraud"}, {"gpu", "gpu_a"}, {"stream", "fraud"}}),
              ElementsAre(ComponentId{"gpu", "gpu_a"}, ComponentId{"model", "fraud"}));
}

TEST(TopologyTest, IsASeriesToo) {
  const Topology topology = TopologyOf(
      "topology: {components: [{kind: stream, name: kafka}, {kind: pipeline, name: fs, "
      "depends_on: [kafka]}, {kind: model, name: fraud, depends_on: [fs]}]}");
  EXPECT_THAT(DependsInfoSeries(topology), ElementsAre(metric::Labels{{"__name__", "bellwether_depends_info"},
                                                                      {"model", "fraud"},
                                                                      {"upstream_kind", "pipeline"},
                                                                      {"upstream", "fs"},
                                                                      {"hops", "1"}},
                                                       metric::Labels{{"__name__", "bellwether_depends_info"},
                                                                      {"model", "fraud"},
                                                                      {"upstream_kind", "stream"},
                                                                      {"upstream", "kafka"},
                                                                      {"hops", "2"}},
                                                       metric::Labels{{"__name__", "bellwether_depends_info"},
                                                                      {"pipeline", "fs"},
                                                                      {"upstream_kind", "stream"},
                                                                      {"upstream", "kafka"},
                                                                      {"hops", "1"}}));
}

TEST(TopologyTest, NamesOfSeveralKindsAreWrittenInFull) {
  const Topology topology = TopologyOf(
      "topology: {components: [{kind: model, name: fraud}, {kind: endpoint, name: fraud, "
      "depends_on: [model/fraud]}]}");
  EXPECT_THAT(topology.UpstreamOf({"endpoint", "fraud"}), ElementsAre(Upstream{{"model", "fraud"}, 1}));
}

TEST(TopologyTest, SaysWhatIsWrongAndWhere) {
  const std::pair<std::string, std::string> cases[] = {
      {"{kind: model, name: a, depends_on: [feature_stor]}, {kind: pipeline, name: feature_store}",
       "f.yml: 1:61: there is no component \"feature_stor\", did you mean \"feature_store\"?"},
      {"{kind: m, name: a, depends_on: [b]}, {kind: m, name: b, depends_on: [c]}, {kind: m, name: c, depends_on: [a]}",
       "f.yml: 1:131: a cycle of dependencies: a -> b -> c -> a"},
      {"{kind: m, name: a, depends_on: [a]}", "a cycle of dependencies: a -> a"},
      {"{kind: m, name: a}, {kind: m, name: a}", "f.yml: 1:45: m/a is there already"},
      {"{kind: m, name: a}, {kind: n, name: a}, {kind: o, name: b, depends_on: [a]}",
       "several kinds have a component \"a\": write m/a"},
      {"{kind: 'my model', name: a}", "a component's kind must be the name of the label"},
      {"{kind: hops, name: a}", "a component's kind must be the name of the label"},
      {"{kind: m}", "a component must have a name"},
      {"{kind: m, name: a}, {kind: m, name: b, depends_on: [{any_of: [a], need: 2}]}", "need must be from 1 to 1"},
      {"{kind: m, name: a, needs: [b]}", "unknown field 'needs'"},
  };
  for (const auto& [text, fault] : cases) EXPECT_THAT(TopologyFaults(text), HasSubstr(fault)) << text;
}

// Against shortest ways by repeated relaxation.
TEST(TopologyTest, HopsAreThoseOfTheShortestWay) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    const std::size_t n = 1 + random() % 12;
    std::vector<Component> components;
    std::vector<std::vector<int>> hops(n, std::vector<int>(n, 1'000));
    for (std::size_t i = 0; i < n; ++i) {
      Component component{.id = {"c", std::to_string(i)}, .depends_on = {}};
      for (std::size_t j = 0; j < i; ++j) {
        if (random() % 3 != 0) continue;
        component.depends_on.push_back({.on = {{"c", std::to_string(j)}}, .need = 1});
        hops[i][j] = 1;
      }
      components.push_back(std::move(component));
    }
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) hops[i][j] = std::min(hops[i][j], hops[i][k] + hops[k][j]);
      }
    }
    const Topology topology(components);
    for (std::size_t i = 0; i < n; ++i) {
      std::map<std::string, int> found;
      for (const Upstream& upstream : topology.UpstreamOf({"c", std::to_string(i)})) {
        EXPECT_TRUE(found.emplace(upstream.id.name, upstream.hops).second);
      }
      for (std::size_t j = 0; j < n; ++j) {
        const auto it = found.find(std::to_string(j));
        EXPECT_EQ(it == found.end() ? 1'000 : it->second, std::min(hops[i][j], 1'000)) << i << " " << j;
      }
    }
  }
}

class TopologyStoreTest : public ::testing::Test {
 protected:
  static std::vector<Component> Declared(const std::string& components) {
    return ParseTopology("f.yml", "components: [" + components + "]", "").value();
  }

  base::SimulatedClock clock_{base::TimestampMs(0)};
  std::unique_ptr<storage::StateStore> state_ = storage::NewMemoryStateStore(clock_);
};

TEST_F(TopologyStoreTest, KeepsWhatTheApiGaveOverARestart) {
  constexpr std::string_view kGiven = R"({"components": [{"kind": "model", "name": "fraud", "depends_on": ["fs"]}]})";
  {
    TopologyStore store(*state_);
    ASSERT_TRUE(store.Load().ok());
    store.SetDeclared(Declared("{kind: pipeline, name: fs}"));
    ASSERT_TRUE(store.Put(kGiven).ok());
    EXPECT_TRUE(store.IsFromApi({"model", "fraud"}));
    EXPECT_FALSE(store.IsFromApi({"pipeline", "fs"}));
  }
  TopologyStore store(*state_);
  ASSERT_TRUE(store.Load().ok());
  store.SetDeclared(Declared("{kind: pipeline, name: fs}"));
  EXPECT_THAT(store.Current()->UpstreamOf({"model", "fraud"}), ElementsAre(Upstream{{"pipeline", "fs"}, 1}));
  store.SetDeclared({});
  EXPECT_EQ(store.Current()->components().size(), 0U) << "what it depends on went";
  store.SetDeclared(Declared("{kind: pipeline, name: fs}"));
  EXPECT_EQ(store.Current()->components().size(), 2U) << "and came back";
}

TEST_F(TopologyStoreTest, RefusesWhatDoesNotFitWhole) {
  TopologyStore store(*state_);
  ASSERT_TRUE(store.Load().ok());
  store.SetDeclared(Declared("{kind: pipeline, name: fs}"));
  ASSERT_TRUE(store.Put("components: [{kind: model, name: fraud}]").ok());
  EXPECT_THAT(store.Put("components: [{kind: model, name: churn, depends_on: [sf]}]").message(),
              HasSubstr("topology: 1:54: there is no component \"sf\""));
  EXPECT_THAT(store.Put("components: [{kind: pipeline, name: fs}]").message(), HasSubstr("is there already"));
  EXPECT_EQ(store.Put("[]").message(), "topology: 1:1: the topology must be a mapping, not a list");
  EXPECT_NE(store.Current()->Find({"model", "fraud"}), nullptr);
  ASSERT_TRUE(store.Put("{}").ok());
  EXPECT_EQ(store.Current()->Find({"model", "fraud"}), nullptr) << "nothing takes the place of what was";
}

TEST_F(TopologyStoreTest, TellsOfEachChange) {
  TopologyStore store(*state_);
  std::vector<std::size_t> sizes;  // Under no lock: the listener may look.
  store.SetListener([&] { sizes.push_back(store.Current()->components().size()); });
  ASSERT_TRUE(store.Load().ok());
  store.SetDeclared(Declared("{kind: pipeline, name: fs}"));
  ASSERT_TRUE(store.Put("components: [{kind: model, name: fraud}]").ok());
  EXPECT_FALSE(store.Put("[]").ok());
  EXPECT_THAT(sizes, ElementsAre(1U, 2U));
}

}  // namespace
}  // namespace bellwether::incidents
