// ingest/validate/refused_sample.h
//
// One line for the sender: which sample storage did not take, why, and what to do about it.
#pragma once

#include <string>

#include "storage/storage.h"

namespace bellwether::ingest {

[[nodiscard]] std::string DescribeRefusedSample(const storage::CommitResult::First& first);

}  // namespace bellwether::ingest
