// storage/head/newest_archive.h
//
// Where the newest samples stay of series that the head lets go of, so that a series that comes back is judged as if it
// had never been away. The owner of the head implements it: storage/rocks keeps them in the database.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "metric/labels.h"
#include "storage/head/snapshot_format.h"

namespace bellwether::storage::head {

class NewestArchive {
 public:
  struct Entry {
    metric::Labels labels;
    std::string saved;  // The newest sample, as AppendSavedNewest writes it, with no chunks.
  };

  virtual ~NewestArchive() = default;

  // Takes the place of what was kept of these series. Durable when it returns, for the head forgets them then.
  // Errors: kUnavailable, kInternal: they stay in the head.
  [[nodiscard]] virtual base::Status Keep(std::span<const Entry> entries) = 0;

  // What was kept last of a series; false if nothing is known. Asked for each series that is new to the head, by any
  // thread, with no lock held.
  [[nodiscard]] virtual bool Find(const metric::Labels& labels, SavedSeries& saved) = 0;
};

}  // namespace bellwether::storage::head
