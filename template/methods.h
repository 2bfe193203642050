// template/methods.h
//
// Methods of times and durations: .Format, .Unix, .Seconds and the like.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "template/value.h"

namespace bellwether::templating {

// Nothing if `receiver` is no time or duration, or has no such method.
[[nodiscard]] std::optional<base::Result<Value>> CallTimeMethod(const Value& receiver, std::string_view name,
                                                                std::span<const Value> args);
[[nodiscard]] bool HasTimeMethod(const Value& receiver, std::string_view name);

}  // namespace bellwether::templating
