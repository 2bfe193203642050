// ingest/wire/write_request_v1.h
//
// Reads prometheus.WriteRequest (remote write 1.0) in place. Unknown fields are skipped, packed and unpacked repeated
// numbers are both taken, of a repeated singular field the last wins: what libprotobuf accepts is accepted with the
// same meaning, which a fuzz target holds it to. The one difference: UTF-8 is judged label by label later, not here, so
// that one bad label does not cost the request.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/wire/write_request.h"
#include "metric/labels.h"

namespace bellwether::ingest {

// kInvalidArgument if `message` is not protobuf. `out` is cleared first.
[[nodiscard]] base::Status ReadWriteRequestV1(std::string_view message, WireRequest& out);

// The same, in a third of the time, for a request whose series are known. An entry that ends as one with a single
// sample does is taken for that: what stands before the sample becomes the alias, unread. Where an alias is one that
// ReadWriteRequestV1 gave before, it is whole label fields, and the entry was what it seemed to be; so if `out` is
// skimmed and one of its aliases is not such a one, the message is to be read anew. Entries are the same in number and
// order.
[[nodiscard]] base::Status SkimWriteRequestV1(std::string_view message, WireRequest& out);

// The labels of a TimeSeries or Exemplar body, in the order sent, appended to `out`. False if one of them is malformed:
// ReadWriteRequestV1 does not look inside labels, because those of a known series are never taken apart.
[[nodiscard]] bool ReadLabelsV1(std::string_view body, std::vector<metric::LabelView>& out);

}  // namespace bellwether::ingest
