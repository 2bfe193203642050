// api/golden_data_test.h
//
// The fixed data that the golden requests of tests/api are answered from: series at every minute of the first ten of
// 1970, one group of rules, three firings of alerts. The clock stands at second 600.
#pragma once

#include <vector>

#include "rules/rule_manager.h"
#include "storage/storage.h"

namespace bellwether::api::testing {

inline constexpr base::TimestampMs kGoldenNow{600'000};

// Series: see tests/api/README.md.
void FillGoldenStorage(storage::Storage& storage);

[[nodiscard]] std::vector<rules::GroupSnapshot> GoldenGroups();
[[nodiscard]] std::vector<rules::AlertTransition> GoldenTransitions();

}  // namespace bellwether::api::testing
