// Any text is either refused or runs to an end within its limits.
#include <cstdint>
#include <string>

#include "template/functions.h"
#include "template/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bellwether::templating::Value;
  const std::string text(reinterpret_cast<const char*>(data), size);
  auto functions = bellwether::templating::NotificationFunctions(bellwether::base::TimestampMs(1643114203000));
  functions.merge(bellwether::templating::AlertFunctions(bellwether::base::TimestampMs(1643114203000)));
  bellwether::templating::TemplateSet set;
  if (!set.Parse("fuzz", text, functions).ok()) return 0;
  const Value root = Value::AnyMap({{"Labels", Value::StringMap({{"job", "api"}, {"model", "fraud"}})},
                                    {"Value", Value::Float(1.5)},
                                    {"List", Value::StringList({"a", "b"})},
                                    {"Time", Value::Time({.at = bellwether::base::TimestampMs(1643114203000)})}});
  const bellwether::templating::ExecuteLimits limits{
      .depth_max = 20, .steps_max = 20'000, .output_bytes_max = 1u << 16};
  const auto out = set.Execute("fuzz", root, functions, limits);
  if (out.ok() && out->size() > limits.output_bytes_max) __builtin_trap();
  return 0;
}
