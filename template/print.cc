#include "template/print.h"

#include "base/number.h"
#include "template/go_time.h"

namespace bellwether::templating {
namespace {

void AppendList(std::string& out, const ValueList& list) {
  out.push_back('[');
  for (std::size_t i = 0; i < list.size() && out.size() <= kTextBytesMax; ++i) {
    if (i > 0) out.push_back(' ');
    AppendValue(out, list[i]);
  }
  out.push_back(']');
}

void AppendMap(std::string& out, const ValueMap& map) {
  out += "map[";
  const char* space = "";
  for (const auto& [key, value] : map) {
    if (out.size() > kTextBytesMax) break;
    out += space + key + ":";
    AppendValue(out, value);
    space = " ";
  }
  out.push_back(']');
}

// A fraction of `unit` nanoseconds to its shortest form: 12345000 in units of a millisecond is "12.345".
std::string Decimal(std::uint64_t count, std::uint64_t unit) {
  std::string out = std::to_string(count / unit);
  if (const std::uint64_t rest = count % unit; rest != 0) {
    const std::string digits = std::to_string(unit + rest).substr(1);
    out += "." + digits.substr(0, digits.find_last_not_of('0') + 1);
  }
  return out;
}

}  // namespace

std::string PrintDuration(Nanoseconds duration) {
  constexpr std::uint64_t kMicro = 1000, kMilli = 1'000'000, kSecond = 1'000'000'000;
  if (duration.count == 0) return "0s";
  const bool negative = duration.count < 0;
  auto left = static_cast<std::uint64_t>(duration.count);
  if (negative) left = ~left + 1;
  std::string out = negative ? "-" : "";
  if (left < kMicro) return out + std::to_string(left) + "ns";
  if (left < kMilli) return out + Decimal(left, kMicro) + "µs";
  if (left < kSecond) return out + Decimal(left, kMilli) + "ms";
  const std::uint64_t minutes = left / (60 * kSecond);
  if (minutes >= 60) out += std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  return out + Decimal(left % (60 * kSecond), kSecond) + "s";
}

void AppendValue(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNil: out += "<nil>"; return;
    case Value::Kind::kBool: out += value.bool_value() ? "true" : "false"; return;
    case Value::Kind::kInt: out += std::to_string(value.int_value()); return;
    case Value::Kind::kFloat: out += base::FormatNumberG(value.float_value()); return;
    case Value::Kind::kString: out += value.string_value(); return;
    case Value::Kind::kTime: out += PrintTime(value.time_value()); return;
    case Value::Kind::kDuration: out += PrintDuration(value.duration_value()); return;
    case Value::Kind::kList: AppendList(out, *value.AsList()); return;
    case Value::Kind::kMap: AppendMap(out, *value.AsMap()); return;
    case Value::Kind::kObject: out += value.object().Print(); return;
  }
}

std::string PrintValue(const Value& value) {
  std::string out;
  AppendValue(out, value);
  return out;
}

std::string Sprint(std::span<const Value> args) {
  std::string out;
  for (std::size_t i = 0; i < args.size() && out.size() <= kTextBytesMax; ++i) {
    if (i > 0 && !args[i].is_string() && !args[i - 1].is_string()) out.push_back(' ');
    AppendValue(out, args[i]);
  }
  return out;
}

std::string Sprintln(std::span<const Value> args) {
  std::string out;
  for (std::size_t i = 0; i < args.size() && out.size() <= kTextBytesMax; ++i) {
    if (i > 0) out.push_back(' ');
    AppendValue(out, args[i]);
  }
  out.push_back('\n');
  return out;
}

}  // namespace bellwether::templating
