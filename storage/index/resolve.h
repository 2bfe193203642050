// storage/index/resolve.h
//
// From matchers to series. The same for every index: the head's, and that of each sealed window.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "base/status.h"
#include "metric/matcher.h"
#include "storage/index/id_set.h"

namespace bellwether::storage::index {

// What an index must answer. Functions that fail name the place in the message; an index in memory never does.
class PostingSource {
 public:
  virtual ~PostingSource() = default;
  // Adds the series with this label.
  [[nodiscard]] virtual base::Status AddPostings(std::string_view name, std::string_view value, IdSet& out) const = 0;
  // Adds the series whose value of `name` begins with `prefix` and is `wanted`.
  [[nodiscard]] virtual base::Status AddMatching(std::string_view name, std::string_view prefix,
                                                 const std::function<bool(std::string_view value)>& wanted,
                                                 IdSet& out) const = 0;
  [[nodiscard]] virtual base::Status AddAll(IdSet& out) const = 0;
};

// The series that satisfy all matchers; all series if there are none. An absent label is the empty string.
[[nodiscard]] base::Result<IdSet> Resolve(const PostingSource& source, std::span<const metric::Matcher> matchers);

}  // namespace bellwether::storage::index
