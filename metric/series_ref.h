// metric/series_ref.h
//
// The small integer that storage gives a series. Good in one process and one storage; never written to disk by anybody
// but storage; zero is none.
#pragma once

#include <cstdint>

namespace bellwether::metric {

enum class SeriesRef : std::uint64_t { kNone = 0 };

}  // namespace bellwether::metric
