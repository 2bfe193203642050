// promql/functions/dates.h
//
// hour(), day_of_week() and the like: a part of the UTC date of a value in seconds; without argument, of the evaluation
// time.
#pragma once

#include "promql/functions/function_call.h"

namespace bellwether::promql {

// "minute", "hour", "day_of_week", ...; null if there is none of this name. Seconds since the epoch to the part.
using DatePart = double (*)(double seconds);
[[nodiscard]] DatePart FindDatePart(std::string_view name);

[[nodiscard]] base::Status DateFunction(FunctionCall& call, QueryContext& context, const RowSink& sink, DatePart part);

}  // namespace bellwether::promql
