// rules/ack_source.h
//
// Whether somebody has acknowledged an alert: asked by levels that are reached after a time without an answer.
#pragma once

#include "metric/labels.h"

namespace bellwether::rules {

class AckSource {
 public:
  virtual ~AckSource() = default;

  // `alert`: the labels under which the alert fires. Thread-safe.
  [[nodiscard]] virtual bool IsAcknowledged(const metric::Labels& alert) const = 0;
};

}  // namespace bellwether::rules
