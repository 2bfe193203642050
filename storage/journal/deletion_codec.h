// storage/journal/deletion_codec.h
//
// The payload of a deletion record: samples of series that match one of the selectors, in a range of time, that were
// journalled before it. Grammar: docs/formats/journal.md.
//
//   deletion := min:zigzag max:zigzag selector*
//   selector := matchers:varint (op:u8 name:bytes value:bytes)*          0 =, 1 !=, 2 =~, 3 !~
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "metric/matcher.h"
#include "storage/admin.h"
#include "storage/chunk/time_range.h"

namespace bellwether::storage {

struct Deletion {
  chunk::TimeRange range;
  std::vector<std::vector<metric::Matcher>> selectors;
};

[[nodiscard]] std::string EncodeDeletion(const chunk::TimeRange& range, SelectorSpan selectors);
// kCorruption says what is wrong.
[[nodiscard]] base::Result<Deletion> DecodeDeletion(std::string_view payload);

}  // namespace bellwether::storage
