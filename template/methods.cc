#include "template/methods.h"

#include <fmt/format.h>

#include "template/go_time.h"
#include "template/print.h"

namespace bellwether::templating {
namespace {

using MethodArguments = std::span<const Value>;
using Answer = base::Result<Value>;

struct TimeMethod {
  std::string_view name;
  std::vector<Value::Kind> arguments;
  Answer (*call)(const Moment& time, MethodArguments args);
};

struct DurationMethod {
  std::string_view name;
  Answer (*call)(Nanoseconds duration);
};

Moment Utc(const Moment& time) { return {.at = time.at, .offset_s = 0, .zone = "UTC", .is_zero = time.is_zero}; }

std::int64_t UnixMs(const Moment& time) { return FromCivil(CivilOf(time), time.offset_s).ms; }

std::int64_t FloorSeconds(std::int64_t ms) { return ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000); }

const std::vector<TimeMethod>& TimeMethods() {
  using K = Value::Kind;
  static const std::vector<TimeMethod> methods = {
      {"Format",
       {K::kString},
       [](const Moment& t, MethodArguments a) -> Answer { return Value::String(FormatTime(a[0].string_value(), t)); }},
      {"String", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::String(PrintTime(t)); }},
      {"Unix", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::Int(FloorSeconds(UnixMs(t))); }},
      {"UnixMilli", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::Int(UnixMs(t)); }},
      {"UTC", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::Time(Utc(t)); }},
      {"IsZero", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::Bool(t.is_zero); }},
      {"Year", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::Int(CivilOf(t).year); }},
      {"Month", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::String(FormatTime("January", t)); }},
      {"Day", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::Int(CivilOf(t).day); }},
      {"Hour", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::Int(CivilOf(t).hour); }},
      {"Minute", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::Int(CivilOf(t).minute); }},
      {"Second", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::Int(CivilOf(t).second); }},
      {"Weekday",
       {},
       [](const Moment& t, MethodArguments) -> Answer { return Value::String(FormatTime("Monday", t)); }},
      {"YearDay", {}, [](const Moment& t, MethodArguments) -> Answer { return Value::Int(CivilOf(t).year_day); }},
      {"Before",
       {K::kTime},
       [](const Moment& t, MethodArguments a) -> Answer { return Value::Bool(UnixMs(t) < UnixMs(a[0].time_value())); }},
      {"After",
       {K::kTime},
       [](const Moment& t, MethodArguments a) -> Answer { return Value::Bool(UnixMs(t) > UnixMs(a[0].time_value())); }},
      {"Equal",
       {K::kTime},
       [](const Moment& t, MethodArguments a) -> Answer {
         return Value::Bool(UnixMs(t) == UnixMs(a[0].time_value()));
       }},
      {"Sub",
       {K::kTime},
       [](const Moment& t, MethodArguments a) -> Answer {
         const std::int64_t ms = UnixMs(t) - UnixMs(a[0].time_value());
         std::int64_t ns = 0;
         if (__builtin_mul_overflow(ms, std::int64_t{1'000'000}, &ns)) {
           return base::Execution("time difference out of range");
         }
         return Value::Duration({ns});
       }},
      {"Add",
       {K::kDuration},
       [](const Moment& t, MethodArguments a) -> Answer {
         Moment out = t;
         out.at = base::TimestampMs(UnixMs(t) + a[0].duration_value().count / 1'000'000);
         out.is_zero = false;
         return Value::Time(out);
       }},
  };
  return methods;
}

const std::vector<DurationMethod>& DurationMethods() {
  static const std::vector<DurationMethod> methods = {
      {"String", [](Nanoseconds d) -> Answer { return Value::String(PrintDuration(d)); }},
      {"Hours", [](Nanoseconds d) -> Answer { return Value::Float(static_cast<double>(d.count) / 3.6e12); }},
      {"Minutes", [](Nanoseconds d) -> Answer { return Value::Float(static_cast<double>(d.count) / 6e10); }},
      {"Seconds", [](Nanoseconds d) -> Answer { return Value::Float(static_cast<double>(d.count) / 1e9); }},
      {"Milliseconds", [](Nanoseconds d) -> Answer { return Value::Int(d.count / 1'000'000); }},
      {"Microseconds", [](Nanoseconds d) -> Answer { return Value::Int(d.count / 1000); }},
      {"Nanoseconds", [](Nanoseconds d) -> Answer { return Value::Int(d.count); }},
  };
  return methods;
}

const TimeMethod* FindTimeMethod(std::string_view name) {
  for (const TimeMethod& m : TimeMethods()) {
    if (m.name == name) return &m;
  }
  return nullptr;
}

const DurationMethod* FindDurationMethod(std::string_view name) {
  for (const DurationMethod& m : DurationMethods()) {
    if (m.name == name) return &m;
  }
  return nullptr;
}

base::Status WrongCount(std::string_view name, std::size_t want, std::size_t got) {
  return base::Execution(fmt::format("wrong number of args for {}: want {} got {}", name, want, got));
}

}  // namespace

bool HasTimeMethod(const Value& receiver, std::string_view name) {
  if (receiver.kind() == Value::Kind::kTime) return FindTimeMethod(name) != nullptr;
  return receiver.kind() == Value::Kind::kDuration && FindDurationMethod(name) != nullptr;
}

std::optional<base::Result<Value>> CallTimeMethod(const Value& receiver, std::string_view name, MethodArguments args) {
  if (receiver.kind() == Value::Kind::kTime) {
    const TimeMethod* method = FindTimeMethod(name);
    if (!method) return std::nullopt;
    if (args.size() != method->arguments.size()) return WrongCount(name, method->arguments.size(), args.size());
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (args[i].kind() != method->arguments[i]) {
        return base::Result<Value>(base::Execution("wrong type for value; got " + args[i].TypeName()));
      }
    }
    return method->call(receiver.time_value(), args);
  }
  if (receiver.kind() != Value::Kind::kDuration) return std::nullopt;
  const DurationMethod* method = FindDurationMethod(name);
  if (!method) return std::nullopt;
  if (!args.empty()) return WrongCount(name, 0, args.size());
  return method->call(receiver.duration_value());
}

}  // namespace bellwether::templating
