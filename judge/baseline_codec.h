// judge/baseline_codec.h
//
// The bytes of a stored baseline, docs/formats/baselines.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "judge/baseline_source.h"

namespace bellwether::judge {

struct StoredBaseline {
  base::TimestampMs created_at;
  std::vector<BaselineSeries> series;
};
[[nodiscard]] std::string EncodeBaseline(const StoredBaseline& baseline);
// False on bytes that EncodeBaseline did not make.
[[nodiscard]] bool DecodeBaseline(std::string_view bytes, StoredBaseline& baseline);

}  // namespace bellwether::judge
