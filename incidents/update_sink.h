// incidents/update_sink.h
//
// Where alerts go on that are told. The server joins this to notifications; a test keeps what it is given.
#pragma once

#include <span>

#include "base/status.h"
#include "metric/alert_update.h"

namespace bellwether::incidents {

class UpdateSink {
 public:
  virtual ~UpdateSink() = default;

  // Takes the updates, ascending by sequence. On OK they are durable on the taker's side and will never be given again;
  // on an error all of them are given again later. An update with a sequence at or below the last one taken is a
  // repetition and is ignored. Called from one thread at a time.
  virtual base::Status Take(std::span<const metric::AlertUpdate> updates) = 0;
};

}  // namespace bellwether::incidents
