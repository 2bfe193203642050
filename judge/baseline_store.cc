#include "judge/baseline_store.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "judge/baseline_codec.h"

namespace bellwether::judge {
namespace {

constexpr std::string_view kNameLabel = "baseline";
constexpr std::string_view kVersionLabel = "baseline_version";
constexpr std::string_view kVersionPrefix = "judge/baseline/";
constexpr std::string_view kPromotionPrefix = "judge/promoted/";
constexpr char kKeySeparator = '\0';

std::string VersionKey(std::string_view name, std::string_view version) {
  return std::string(kVersionPrefix).append(name).append(1, kKeySeparator).append(version);
}

base::Status NoVersion(std::string_view name, std::string_view version) {
  return base::NotFound(fmt::format("baseline {} has no version {}", base::Quote(name), base::Quote(version)));
}

// The smallest number above all versions that are numbers.
std::string NextVersion(const std::vector<std::string_view>& versions) {
  std::uint64_t next = 1;
  for (const std::string_view version : versions) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
    if (error == std::errc() && end == version.data() + version.size()) next = std::max(next, number + 1);
  }
  return std::to_string(next);
}

base::Status CheckName(std::string_view what, std::string_view name) {
  constexpr std::size_t kNameBytesMax = 200;
  const bool is_sound = !name.empty() && name.size() <= kNameBytesMax && base::IsValidUtf8(name) &&
                        name.find(kKeySeparator) == std::string_view::npos;
  if (is_sound) return base::OkStatus();
  return base::InvalidArgument(fmt::format("{} of a baseline must be 1 to {} bytes of UTF-8 without NUL, got {}", what,
                                           kNameBytesMax, base::Quote(name)));
}

base::Status CheckSeries(const std::vector<BaselineSeries>& all) {
  if (all.empty()) return base::InvalidArgument("a baseline without series: nothing was found to store");
  if (all.size() > kBaselineSeriesMax) {
    return base::LimitExceeded(
        fmt::format("a baseline of {} series, more than {}: aggregate it", all.size(), kBaselineSeriesMax));
  }
  std::unordered_set<metric::Labels, metric::LabelsHash> seen;
  for (const BaselineSeries& series : all) {
    if (series.labels.Has(kNameLabel) || series.labels.Has(kVersionLabel)) {
      return base::InvalidArgument(fmt::format("{} has the label {} or {}, which baseline() adds",
                                               series.labels.ToString(), kNameLabel, kVersionLabel));
    }
    if (!seen.insert(series.labels).second) {
      return base::InvalidArgument(fmt::format("{} comes twice in a baseline", series.labels.ToString()));
    }
  }
  return base::OkStatus();
}

// With the labels that queries see.
std::shared_ptr<const Baseline> Labelled(std::string name, std::string version, std::vector<BaselineSeries> series) {
  for (BaselineSeries& one : series) {
    one.labels = metric::LabelsBuilder(one.labels).Set(kNameLabel, name).Set(kVersionLabel, version).Build();
  }
  return std::make_shared<const Baseline>(Baseline{std::move(name), std::move(version), std::move(series)});
}

}  // namespace

base::Result<std::unique_ptr<BaselineStore>> BaselineStore::Open(storage::StateStore& state, base::Clock& clock) {
  std::unique_ptr<BaselineStore> store(new BaselineStore(state, clock));
  BW_RETURN_IF_ERROR(store->Load());
  return store;
}

base::Status BaselineStore::Load() {
  Families families;
  base::Status fault = base::OkStatus();
  const auto corrupt = [&](std::string_view key) {
    fault = base::Corruption(fmt::format("read baseline {}: bytes that were not written so", base::Quote(key)));
    return false;
  };
  const auto read_version = [&](std::string_view key, std::string_view value) {
    const std::string_view rest = key.substr(kVersionPrefix.size());
    const std::size_t cut = rest.find(kKeySeparator);
    StoredBaseline stored;
    if (cut == std::string_view::npos || !DecodeBaseline(value, stored)) return corrupt(key);
    const std::string name(rest.substr(0, cut));
    families[name].versions.push_back(
        {Labelled(name, std::string(rest.substr(cut + 1)), std::move(stored.series)), stored.created_at});
    return true;
  };
  const auto read_promotions = [&](std::string_view key, std::string_view value) {
    Family& family = families[std::string(key.substr(kPromotionPrefix.size()))];
    while (!value.empty()) {
      std::uint64_t at = 0;
      std::string_view version;
      if (!base::ReadFixed64(value, at) || !base::ReadLengthPrefixed(value, version)) return corrupt(key);
      family.promotions.push_back({base::TimestampMs(static_cast<std::int64_t>(at)), std::string(version)});
    }
    return true;
  };
  BW_RETURN_IF_ERROR(state_.Scan(kVersionPrefix, "", read_version));
  BW_RETURN_IF_ERROR(fault);
  BW_RETURN_IF_ERROR(state_.Scan(kPromotionPrefix, "", read_promotions));
  BW_RETURN_IF_ERROR(fault);
  for (auto& [name, family] : families) {
    std::stable_sort(family.versions.begin(), family.versions.end(),
                     [](const Version& a, const Version& b) { return a.created_at < b.created_at; });
  }
  const base::MutexLock lock(mu_);
  families_ = std::move(families);
  return base::OkStatus();
}

base::Status BaselineStore::Replace(const std::string& name, Family family, storage::StateBatch batch) {
  std::string promotions;
  for (const Promotion& promotion : family.promotions) {
    base::AppendFixed64(promotions, static_cast<std::uint64_t>(promotion.at.ms));
    base::AppendLengthPrefixed(promotions, promotion.version);
  }
  std::string key = std::string(kPromotionPrefix) + name;
  if (promotions.empty()) {
    batch.Delete(std::move(key));
  } else {
    batch.Put(std::move(key), std::move(promotions));
  }
  BW_RETURN_IF_ERROR(state_.Apply(batch));
  const base::MutexLock lock(mu_);
  if (family.versions.empty()) {
    families_.erase(name);
  } else {
    families_[name] = std::move(family);
  }
  return base::OkStatus();
}

base::Result<BaselineInfo> BaselineStore::Create(BaselineContent content) {
  BW_RETURN_IF_ERROR(CheckName("the name", content.name));
  BW_RETURN_IF_ERROR(CheckSeries(content.series));
  const base::MutexLock turn(turn_);
  Family family = Copy(content.name);
  if (content.version.empty()) {
    std::vector<std::string_view> versions;
    for (const Version& version : family.versions) versions.push_back(version.baseline->version);
    content.version = NextVersion(versions);
  }
  BW_RETURN_IF_ERROR(CheckName("the version", content.version));
  if (FindVersion(family, content.version) != nullptr) {
    return base::Conflict(fmt::format("baseline {} has a version {} already: versions do not change, name another",
                                      base::Quote(content.name), base::Quote(content.version)));
  }
  StoredBaseline stored{.created_at = clock_.Now(), .series = std::move(content.series)};
  storage::StateBatch batch;
  batch.Put(VersionKey(content.name, content.version), EncodeBaseline(stored));
  family.versions.push_back({Labelled(content.name, content.version, std::move(stored.series)), stored.created_at});
  BaselineInfo info = InfoOf(family, family.versions.back());
  BW_RETURN_IF_ERROR(Replace(content.name, std::move(family), std::move(batch)));
  return info;
}

base::Status BaselineStore::Promote(std::string_view name, std::string_view version) {
  const base::MutexLock turn(turn_);
  Family family = Copy(name);
  if (FindVersion(family, version) == nullptr) return NoVersion(name, version);
  family.promotions.push_back({clock_.Now(), std::string(version)});
  return Replace(std::string(name), std::move(family), {});
}

base::Status BaselineStore::Delete(std::string_view name, std::string_view version) {
  const base::MutexLock turn(turn_);
  Family family = Copy(name);
  const Version* found = FindVersion(family, version);
  if (found == nullptr) return NoVersion(name, version);
  if (InfoOf(family, *found).is_promoted && family.versions.size() > 1) {
    return base::Conflict(fmt::format("version {} of baseline {} is the promoted one: promote another first",
                                      base::Quote(version), base::Quote(name)));
  }
  std::erase_if(family.versions, [&](const Version& v) { return v.baseline->version == version; });
  std::erase_if(family.promotions, [&](const Promotion& p) { return p.version == version; });
  storage::StateBatch batch;
  batch.Delete(VersionKey(name, version));
  return Replace(std::string(name), std::move(family), std::move(batch));
}

std::vector<BaselineInfo> BaselineStore::List() const {
  const base::MutexLock lock(mu_);
  std::vector<BaselineInfo> all;
  for (const auto& [name, family] : families_) {
    for (const Version& version : family.versions) all.push_back(InfoOf(family, version));
  }
  return all;
}

std::shared_ptr<const Baseline> BaselineStore::Find(std::string_view name, std::string_view version,
                                                    base::TimestampMs at) const {
  const base::MutexLock lock(mu_);
  const auto family = families_.find(name);
  if (family == families_.end()) return nullptr;
  std::string_view wanted = version;
  if (version.empty()) {
    const auto& promotions = family->second.promotions;
    const auto after =
        std::find_if(promotions.begin(), promotions.end(), [&](const Promotion& p) { return p.at > at; });
    if (after == promotions.begin()) return nullptr;
    wanted = std::prev(after)->version;
  }
  const Version* found = FindVersion(family->second, wanted);
  return found == nullptr ? nullptr : found->baseline;
}

BaselineStore::Family BaselineStore::Copy(std::string_view name) const {
  const base::MutexLock lock(mu_);
  const auto found = families_.find(name);
  return found == families_.end() ? Family() : found->second;
}

const BaselineStore::Version* BaselineStore::FindVersion(const Family& family, std::string_view version) {
  const auto found = std::find_if(family.versions.begin(), family.versions.end(),
                                  [&](const Version& v) { return v.baseline->version == version; });
  return found == family.versions.end() ? nullptr : &*found;
}

BaselineInfo BaselineStore::InfoOf(const Family& family, const Version& version) {
  BaselineInfo info{.name = version.baseline->name,
                    .version = version.baseline->version,
                    .created_at = version.created_at,
                    .series = version.baseline->series.size(),
                    .promoted_at = {},
                    .is_promoted = false};
  for (const Promotion& promotion : family.promotions) {
    if (promotion.version == info.version) info.promoted_at.push_back(promotion.at);
  }
  info.is_promoted = !family.promotions.empty() && family.promotions.back().version == info.version;
  return info;
}

}  // namespace bellwether::judge
