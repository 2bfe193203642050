// Any text is either refused with a message or makes a configuration.
#include <cstdint>
#include <string_view>

#include "notify/dispatcher.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = bellwether::notify::ParseConfig("/nonexistent/fuzz.yml", text, "");
  if (!config.ok() && config.status().message().empty()) __builtin_trap();
  return 0;
}
