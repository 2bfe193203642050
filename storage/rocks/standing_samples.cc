#include "storage/rocks/standing_samples.h"

#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <unordered_map>

namespace bellwether::storage {
namespace {

// So few series of one name are looked up one by one; of more, all of that name are gone through.
constexpr std::size_t kOneByOneMax = 8;

enum class Standing : std::uint8_t { kNot, kSame, kOther };

// The samples of one series that may stand.
struct StandingSuspects {
  metric::Labels labels;
  std::vector<std::uint32_t> samples;  // Indices, by time once sorted.
};

// The samples of one series in the batch.
struct StandingGroup {
  SeriesRef ref = SeriesRef::kNone;
  base::TimestampMs min;
  base::TimestampMs max;
  std::int32_t suspects = -1;  // Index; below 0: none of them can stand.
};

class StandingSearch {
 public:
  StandingSearch(RocksCore& core, const std::vector<FloatSample>& floats) : core_(core), floats_(floats) {}

  // False if there is nothing to look for.
  bool FindSuspects(const head::TimeBounds& bounds) {
    GroupBySeries();
    const std::shared_ptr<const WindowList> windows = core_.catalogue->windows();
    for (StandingGroup& group : groups_) {
      const head::Head::Within within = core_.head->WithinOf(group.ref, group.min, group.max);
      const bool in_order = within.newest != head::kNoSample && group.min > within.newest;
      if (in_order || (!within.any && !IsCovered(*windows, group.min, group.max))) continue;
      group.suspects = static_cast<std::int32_t>(suspects_.size());
      suspects_.push_back({core_.head->LabelsOf(group.ref), {}});
      min_ = std::min(min_, group.min);
      max_ = std::max(max_, group.max);
    }
    if (suspects_.empty()) return false;
    for (std::size_t i = 0; i < floats_.size(); ++i) {
      if (floats_[i].timestamp < bounds.oldest || floats_[i].timestamp > bounds.newest) continue;
      const std::int32_t at = groups_[group_of_[i]].suspects;
      if (at >= 0) suspects_[static_cast<std::size_t>(at)].samples.push_back(static_cast<std::uint32_t>(i));
    }
    found_.resize(floats_.size(), Standing::kNot);
    existing_.resize(floats_.size());
    return true;
  }

  base::Status Search() {
    std::map<std::string, std::vector<StandingSuspects*>, std::less<>> by_name;
    for (StandingSuspects& s : suspects_) {
      std::stable_sort(s.samples.begin(), s.samples.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return floats_[a].timestamp < floats_[b].timestamp; });
      by_name[std::string(s.labels.Name())].push_back(&s);
    }
    const auto querier = NewRocksQuerier(core_, min_, max_);
    for (const auto& [name, series] : by_name) BW_RETURN_IF_ERROR(SearchName(*querier, name, series));
    return {};
  }

  // Where a window is in the head as well, its samples may be known from there alone.
  void ForgetRepeatsInHead() {
    const std::vector<head::WindowId> windows = core_.head->Windows();
    for (std::size_t i = 0; i < floats_.size(); ++i) {
      if (found_[i] != Standing::kSame) continue;
      const head::WindowId window = head::WindowOf(floats_[i].timestamp, core_.internals.window);
      if (std::binary_search(windows.begin(), windows.end(), window)) found_[i] = Standing::kNot;
    }
  }

  [[nodiscard]] Standing found(std::size_t i) const { return found_[i]; }
  [[nodiscard]] double existing(std::size_t i) const { return existing_[i]; }

 private:
  static bool IsCovered(const WindowList& windows, base::TimestampMs min, base::TimestampMs max) {
    return std::any_of(windows.begin(), windows.end(), [&](const auto& w) { return w->Overlaps(min, max); });
  }

  void GroupBySeries() {
    std::unordered_map<SeriesRef, std::uint32_t> known;
    group_of_.resize(floats_.size());
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < floats_.size(); ++i) {
      const auto& [ref, t, value, start] = floats_[i];
      if (i == 0 || ref != floats_[i - 1].ref) {
        const auto [place, is_new] = known.try_emplace(ref, static_cast<std::uint32_t>(groups_.size()));
        at = place->second;
        if (is_new) groups_.push_back({.ref = ref, .min = t, .max = t});
      }
      group_of_[i] = at;
      groups_[at].min = std::min(groups_[at].min, t);
      groups_[at].max = std::max(groups_[at].max, t);
    }
  }

  base::Status SearchName(Querier& querier, const std::string& name, const std::vector<StandingSuspects*>& series) {
    if (series.size() > kOneByOneMax) {
      std::map<metric::Labels, StandingSuspects*> wanted;
      for (StandingSuspects* s : series) wanted.emplace(s->labels, s);
      BW_ASSIGN_OR_RETURN(metric::Matcher of_name,
                          metric::Matcher::Make(metric::MatchOp::kEqual, std::string(metric::kMetricName), name));
      const std::vector<metric::Matcher> matchers{std::move(of_name)};
      const auto set = querier.Select(matchers);
      while (set->Next()) {
        const auto place = wanted.find(set->labels());
        if (place != wanted.end()) BW_RETURN_IF_ERROR(Compare(*place->second, set->samples()));
      }
      return set->status();
    }
    for (StandingSuspects* s : series) {
      std::vector<metric::Matcher> matchers;
      for (const auto& [label, value] : s->labels) {
        BW_ASSIGN_OR_RETURN(metric::Matcher matcher,
                            metric::Matcher::Make(metric::MatchOp::kEqual, std::string(label), std::string(value)));
        matchers.push_back(std::move(matcher));
      }
      const auto set = querier.Select(matchers);
      while (set->Next()) {
        if (set->labels() == s->labels) BW_RETURN_IF_ERROR(Compare(*s, set->samples()));
      }
      BW_RETURN_IF_ERROR(set->status());
    }
    return {};
  }

  base::Status Compare(const StandingSuspects& suspects, SampleCursor& cursor) {
    auto next = suspects.samples.begin();
    SampleBatch batch;
    while (next != suspects.samples.end() && cursor.Next(batch)) {
      for (std::size_t i = 0; i < batch.timestamps.size() && next != suspects.samples.end(); ++i) {
        const base::TimestampMs t = batch.timestamps[i];
        while (next != suspects.samples.end() && floats_[*next].timestamp < t) ++next;
        for (; next != suspects.samples.end() && floats_[*next].timestamp == t; ++next) {
          const bool same = !batch.values.empty() && std::bit_cast<std::uint64_t>(batch.values[i]) ==
                                                         std::bit_cast<std::uint64_t>(floats_[*next].value);
          found_[*next] = same ? Standing::kSame : Standing::kOther;
          existing_[*next] = batch.values.empty() ? 0 : batch.values[i];
        }
      }
    }
    return cursor.status();
  }

  RocksCore& core_;
  const std::vector<FloatSample>& floats_;
  std::vector<StandingGroup> groups_;
  std::vector<std::uint32_t> group_of_;  // Of each sample.
  std::vector<Standing> found_;
  std::vector<double> existing_;  // What stands, where found.
  std::vector<StandingSuspects> suspects_;
  base::TimestampMs min_ = base::TimestampMs::Max();
  base::TimestampMs max_ = base::TimestampMs::Min();
};

}  // namespace

base::Result<StandingSamples> TakeOutStanding(RocksCore& core, std::vector<FloatSample>& floats,
                                              const head::TimeBounds& bounds) {
  StandingSamples standing;
  StandingSearch search(core, floats);
  if (!search.FindSuspects(bounds)) return standing;
  BW_RETURN_IF_ERROR(search.Search());
  search.ForgetRepeatsInHead();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < floats.size(); ++i) {
    if (search.found(i) == Standing::kNot) {
      floats[kept++] = floats[i];
      continue;
    }
    if (search.found(i) == Standing::kSame) {
      ++standing.repeats;
      continue;
    }
    if (++standing.contradictions == 1) {
      standing.first_contradiction = {Refusal::kDuplicate, core.head->LabelsOf(floats[i].ref), floats[i].timestamp,
                                      search.existing(i), floats[i].value};
    }
  }
  floats.resize(kept);
  return standing;
}

}  // namespace bellwether::storage
