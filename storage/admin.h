// storage/admin.h
//
// What an operator does with a store, beside reading and writing: delete series. Storage::admin() gives it.
//
// Deletion. What was committed before the call is invisible to every Select that begins after it returns, now and after
// any restart; what is written later is visible, whatever its time. A commit that runs at the same time may fall on
// either side. Samples that memory holds go at once; those on disk are hidden by tombstones until CleanTombstones, or
// the merging of windows, writes their files anew. Until then label names and values of a series of which nothing is
// left may still be listed where no matcher is given, as Prometheus does it. Exemplars stay.
//
// A series that loses its newest sample is judged from then on by the newest that memory has left of it; with none left
// it takes any time within retention, so what was written wrongly can be written again.
//
// Thread-safe.
#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/matcher.h"

namespace bellwether::storage {

// A series is meant if it matches all matchers of one of them.
using SelectorSpan = std::span<const std::vector<metric::Matcher>>;

class StorageAdmin {
 public:
  virtual ~StorageAdmin() = default;

  // The samples of [min, max], both inclusive. Durable when it returns; after an error some of it may be in effect, and
  // repeating it is harmless. Errors: kUnavailable (disk full), kCorruption, kInternal (I/O).
  virtual base::Status DeleteSeries(base::TimestampMs min, base::TimestampMs max, SelectorSpan selectors) = 0;

  // Writes anew what is hidden in part, and forgets what is hidden whole. Disk space is free as soon as no reader needs
  // the old files. Errors as above; what was done stays done.
  virtual base::Status CleanTombstones() = 0;
};

}  // namespace bellwether::storage
