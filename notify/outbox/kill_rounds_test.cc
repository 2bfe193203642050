// A thousand lives, each killed once at a random place between firing and delivery. The table that this prints is in
// docs/reliability.md.
#include <algorithm>
#include <cstdio>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notify/outbox/delivery_world_test.h"

namespace bellwether::notify {
namespace {

constexpr int kKillRounds = 1000;
constexpr std::string_view kKillConfig = R"(
route: {receiver: hook, group_by: [alertname], group_wait: 20s, group_interval: 1m, repeat_interval: 1d}
receivers:
  - name: hook
    webhook_configs: [{url: 'https://hook.example/'}]
)";
// A spell that lasts this long is told: group_wait, group_interval, an outage of the receiver and the pause behind it.
constexpr base::DurationMs kSurelyTold = base::Minutes(4);

// When an alert fires, and when it ends.
struct Spell {
  metric::Labels labels;
  base::DurationMs begins;
  base::DurationMs ends;
};

struct Script {
  std::vector<Spell> spells;
  std::vector<std::pair<base::DurationMs, base::DurationMs>> outages;
};

Script RandomScript(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto up_to = [&](int seconds) { return base::Seconds(std::uniform_int_distribution<int>(1, seconds)(random)); };
  Script script;
  for (const char* name : {"Drift", "Latency", "Freshness"}) {
    for (const char* instance : {"a", "b"}) {
      base::DurationMs at = up_to(120);
      for (int i = 0; i < 2; ++i) {
        const base::DurationMs end = at + up_to(600);
        script.spells.push_back({{{"alertname", name}, {"instance", instance}}, at, end});
        at = end + up_to(200);
      }
    }
  }
  base::DurationMs at = up_to(300);
  for (int i = 0; i < 2; ++i) {
    script.outages.emplace_back(at, at + up_to(60));
    at = at + base::Seconds(120) + up_to(600);
  }
  return script;
}

// Lives through a script, killed at place number `kill_at`, and long enough afterwards for everything to be said.
std::unique_ptr<DeliveryWorld> Live(const Script& script, std::uint64_t kill_at) {
  auto world = std::make_unique<DeliveryWorld>(kKillConfig);
  const base::TimestampMs start = world->clock.Now();
  world->kill.kill_at = kill_at;
  world->answer = [&, start](base::TimestampMs now) -> base::Result<base::HttpClientResponse> {
    for (const auto& [from, to] : script.outages) {
      if (start + from <= now && now < start + to)
        return base::HttpClientResponse{.status = 503, .headers = {}, .body = {}};
    }
    return base::HttpClientResponse{.status = 200, .headers = {}, .body = {}};
  };
  std::multimap<base::DurationMs, std::pair<bool, const Spell*>> events;
  for (const Spell& spell : script.spells) {
    events.insert({spell.begins, {true, &spell}});
    events.insert({spell.ends, {false, &spell}});
  }
  for (const auto& [at, event] : events) {
    const base::DurationMs passed = world->clock.Now() - start;
    if (passed < at) world->Pass(at - passed);
    event.first ? world->Fire(event.second->labels) : world->Resolve(event.second->labels);
  }
  world->Pass(base::Minutes(5));
  return world;
}

struct Verdicts {
  std::uint64_t messages = 0;
  std::uint64_t attempts = 0;
  std::uint64_t lost = 0;          // Long spells not told in time, and ends that were never told.
  std::uint64_t duplicates = 0;    // Messages received again.
  std::uint64_t under_other = 0;   // Equal text received again under another key.
  std::uint64_t out_of_order = 0;  // Firing behind resolved, or an older message behind a newer one.
  std::map<KillPlace, int> killed;
  std::map<KillPlace, int> duplicated;
};

// What the receiver saw of one group, judged.
void JudgeGroup(const std::vector<const Receipt*>& receipts, Verdicts& out) {
  std::set<std::string> over;
  std::set<std::string> keys;
  const Receipt* last = nullptr;
  for (const Receipt* receipt : receipts) {
    ++out.messages;
    if (last != nullptr && last->key == receipt->key) {
      ++out.duplicates;
    } else {
      if (!keys.insert(receipt->key).second) ++out.out_of_order;
      if (last != nullptr && last->firing == receipt->firing && last->resolved == receipt->resolved) ++out.under_other;
    }
    for (const std::string& spell : receipt->firing) out.out_of_order += over.count(spell);
    over.insert(receipt->resolved.begin(), receipt->resolved.end());
    last = receipt;
  }
}

// Whether the receiver takes the alert for firing at `at`.
bool BelievesFiring(const DeliveryWorld& world, const metric::Labels& labels, base::TimestampMs at) {
  const std::string name =
      fmt::format(R"({{"alertname":"{}","instance":"{}"}} )", labels.Get("alertname"), labels.Get("instance"));
  const auto names = [&](const std::string& spell) { return spell.starts_with(name); };
  bool firing = false;
  for (const Receipt& receipt : world.receipts) {
    if (receipt.at > at) break;
    if (std::any_of(receipt.firing.begin(), receipt.firing.end(), names)) firing = true;
    if (std::any_of(receipt.resolved.begin(), receipt.resolved.end(), names)) firing = false;
  }
  return firing;
}

// An alert that fires long is told in time; in the end the receiver takes none for firing.
void JudgeSpells(const Script& script, const DeliveryWorld& world, base::TimestampMs start, Verdicts& out) {
  for (const Spell& spell : script.spells) {
    if (spell.ends - spell.begins >= kSurelyTold) {
      out.lost += BelievesFiring(world, spell.labels, start + spell.begins + kSurelyTold) ? 0 : 1;
    }
    out.lost += BelievesFiring(world, spell.labels, world.clock.Now()) ? 1 : 0;
  }
}

void JudgeRound(const Script& script, const DeliveryWorld& world, base::TimestampMs start, Verdicts& out) {
  const std::uint64_t duplicates = out.duplicates;
  std::map<std::string, std::vector<const Receipt*>> groups;
  for (const Receipt& receipt : world.receipts) groups[receipt.group].push_back(&receipt);
  for (const auto& [group, receipts] : groups) JudgeGroup(receipts, out);
  JudgeSpells(script, world, start, out);
  out.attempts += world.attempts;
  ++out.killed[world.kill.died_at];
  const std::uint64_t of_round = out.duplicates - duplicates;
  EXPECT_LE(of_round, 1U) << "more than one duplicate a kill";
  out.duplicated[world.kill.died_at] += static_cast<int>(of_round);
}

TEST(KillRounds, NothingIsLostAndNothingIsOutOfOrder) {
  Verdicts verdicts;
  for (std::uint64_t round = 0; round < kKillRounds; ++round) {
    const Script script = RandomScript(round);
    const auto healthy = Live(script, 0);
    std::mt19937_64 random(round);
    const std::uint64_t kill_at = std::uniform_int_distribution<std::uint64_t>(1, healthy->kill.passed)(random);
    const auto world = Live(script, kill_at);
    ASSERT_EQ(world->restarts, 1) << round;
    JudgeRound(script, *world, base::TimestampMs(1'788'250'350'000), verdicts);
  }
  EXPECT_EQ(verdicts.lost, 0U);
  EXPECT_EQ(verdicts.out_of_order, 0U);
  EXPECT_EQ(verdicts.under_other, 0U);
  constexpr std::pair<KillPlace, const char*> kPlaces[] = {{KillPlace::kBeforeWrite, "before a write of the store"},
                                                           {KillPlace::kAfterWrite, "behind a write of the store"},
                                                           {KillPlace::kBeforeReceipt, "before the receiver took it"},
                                                           {KillPlace::kAfterReceipt, "before the answer came back"}};
  std::printf("| killed | rounds | lost | duplicates, same key | out of order |\n|---|--:|--:|--:|--:|\n");
  for (const auto& [place, text] : kPlaces) {
    std::printf("| %s | %d | | %d | |\n", text, verdicts.killed[place], verdicts.duplicated[place]);
  }
  std::printf("| all | %d | %llu | %llu | %llu |\n%llu messages taken in %llu attempts\n", kKillRounds,
              static_cast<unsigned long long>(verdicts.lost), static_cast<unsigned long long>(verdicts.duplicates),
              static_cast<unsigned long long>(verdicts.out_of_order),
              static_cast<unsigned long long>(verdicts.messages), static_cast<unsigned long long>(verdicts.attempts));
  for (const auto& [place, text] : kPlaces) EXPECT_GE(verdicts.killed[place], 50) << text;
}

}  // namespace
}  // namespace bellwether::notify
