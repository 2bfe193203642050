// judge/baseline_store.h
//
// Stored references: the counts that a model was trained on, or those of a clean week, by name and version. Which
// version counts when is a history of promotions, so that a query about last month is held against what was current
// then.
//
// Versions are immutable: new counts are a new version. All of them lie in memory, as queries read them, and in the
// state store under "judge/" (docs/formats/baselines.md); what a call changed is durable when it returns OK.
//
// Thread-safe. Not the road taken: baselines as series beside the live ones. Retention would delete them, and a version
// would have no moment at which it is complete.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "judge/baseline_source.h"
#include "storage/state_store.h"

namespace bellwether::judge {

inline constexpr std::size_t kBaselineSeriesMax = 200'000;

struct BaselineInfo {
  std::string name;
  std::string version;
  base::TimestampMs created_at;
  std::size_t series = 0;
  std::vector<base::TimestampMs> promoted_at;  // Each time it became the one; ascending.
  bool is_promoted = false;                    // Now.
};

// What a version is made of.
struct BaselineContent {
  std::string name;
  std::string version;                 // Empty: the next number.
  std::vector<BaselineSeries> series;  // Labels without `baseline` and `baseline_version`, each set once.
};

class BaselineStore final : public BaselineSource {
 public:
  // Reads what is stored. `state` and `clock` outlive the store.
  // Errors: the state store's; kCorruption, naming the key.
  [[nodiscard]] static base::Result<std::unique_ptr<BaselineStore>> Open(storage::StateStore& state,
                                                                         base::Clock& clock);

  // Stores a version, which is not promoted by that.
  // Errors: kInvalidArgument (no name, no series, equal label sets, labels of its own), kLimitExceeded (more series
  // than kBaselineSeriesMax), kConflict (the version exists); the state store's.
  [[nodiscard]] base::Result<BaselineInfo> Create(BaselineContent content);
  // The version counts from now on. Errors: kNotFound; the state store's.
  [[nodiscard]] base::Status Promote(std::string_view name, std::string_view version);
  // Forgets a version and its promotions. Errors: kNotFound; kConflict for the promoted one while there are others; the
  // state store's.
  [[nodiscard]] base::Status Delete(std::string_view name, std::string_view version);

  // By name, then in order of creation.
  [[nodiscard]] std::vector<BaselineInfo> List() const;
  [[nodiscard]] std::shared_ptr<const Baseline> Find(std::string_view name, std::string_view version,
                                                     base::TimestampMs at) const override;

 private:
  struct Version {
    std::shared_ptr<const Baseline> baseline;
    base::TimestampMs created_at;
  };
  struct Promotion {
    base::TimestampMs at;
    std::string version;
  };
  // The versions of one name.
  struct Family {
    std::vector<Version> versions;      // By creation.
    std::vector<Promotion> promotions;  // By time.
  };
  using Families = std::map<std::string, Family, std::less<>>;

  BaselineStore(storage::StateStore& state, base::Clock& clock) : state_(state), clock_(clock) {}

  base::Status Load();
  // Writes the promotions of a family along with `batch`, and on OK puts the family in place of the present one.
  base::Status Replace(const std::string& name, Family family, storage::StateBatch batch) BW_REQUIRES(turn_);
  [[nodiscard]] Family Copy(std::string_view name) const;
  static const Version* FindVersion(const Family& family, std::string_view version);
  static BaselineInfo InfoOf(const Family& family, const Version& version);

  storage::StateStore& state_;
  base::Clock& clock_;

  base::Mutex turn_;  // Held over a whole change, writes included: it keeps changes apart.

  mutable base::Mutex mu_;
  Families families_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::judge
