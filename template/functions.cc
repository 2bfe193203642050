#include "template/functions.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/number.h"
#include "base/quote.h"
#include "template/casing.h"
#include "template/encoding.h"
#include "template/escape.h"
#include "template/go_time.h"
#include "template/host.h"
#include "template/humanize.h"
#include "template/print.h"
#include "template/regex.h"

namespace bellwether::templating {
namespace {

using CallArguments = std::span<const Value>;
using CallResult = base::Result<Value>;

constexpr Argument kAnyArgument = Argument::kAny;
constexpr Argument kTextArgument = Argument::kString;
constexpr std::size_t kListLengthMax = 100'000;

// A function of one number that yields text.
Function NumberToText(std::string (*format)(double)) {
  return {{kAnyArgument}, {}, [format](CallArguments a) -> CallResult {
            BW_ASSIGN_OR_RETURN(const double v, ToFloat(a[0]));
            return Value::String(format(v));
          }};
}

template <typename Change>
Function TextToText(Change change) {
  return {{kTextArgument}, {}, [change](CallArguments a) -> CallResult {
            return Value::String(change(a[0].string_value()));
          }};
}

// Nanoseconds must fit 64 bits, as in Go.
base::Result<Moment> TimeOfSeconds(double v) {
  if (std::isnan(v) || std::isinf(v)) return base::Execution("value is NaN or Inf");
  const double ns = v * 1e9;
  if (ns >= 9223372036854775808.0 || ns < -9223372036854775808.0) {
    return base::Execution(base::FormatNumberG(v) +
                           " cannot be represented as a nanoseconds timestamp since it overflows int64");
  }
  return Moment{.at = base::TimestampMs(static_cast<std::int64_t>(ns) / 1'000'000)};
}

CallResult CallHumanizeTimestamp(CallArguments a) {
  BW_ASSIGN_OR_RETURN(const double v, ToFloat(a[0]));
  if (std::isnan(v) || std::isinf(v)) return Value::String(base::FormatNumberGPrecision(v, 4));
  BW_ASSIGN_OR_RETURN(const Moment time, TimeOfSeconds(v));
  return Value::String(PrintTime(time));
}

CallResult CallToTime(CallArguments a) {
  BW_ASSIGN_OR_RETURN(const double v, ToFloat(a[0]));
  BW_ASSIGN_OR_RETURN(Moment time, TimeOfSeconds(v));
  return Value::Time(std::move(time));
}

CallResult CallToDuration(CallArguments a) {
  BW_ASSIGN_OR_RETURN(const double v, ToFloat(a[0]));
  const double ns = v * 1e9;
  if (std::isnan(ns)) return Value::Duration({std::numeric_limits<std::int64_t>::min()});
  constexpr double kEdge = 9223372036854775807.0;
  if (ns >= kEdge) return Value::Duration({std::numeric_limits<std::int64_t>::max()});
  if (ns <= -kEdge) return Value::Duration({std::numeric_limits<std::int64_t>::min()});
  return Value::Duration({static_cast<std::int64_t>(ns)});
}

CallResult CallParseDuration(CallArguments a) {
  std::string_view text = a[0].string_value();
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  BW_ASSIGN_OR_RETURN(const base::DurationMs d, base::ParseDuration(text));
  return Value::Float(negative ? -d.seconds() : d.seconds());
}

CallResult CallArgs(CallArguments a) {
  ValueMap map;
  for (std::size_t i = 0; i < a.size(); ++i) map.emplace(fmt::format("arg{}", i), a[i]);
  Value value = Value::AnyMap(std::move(map));
  if (value.is_nil()) return base::LimitExceeded("nested too deeply");
  return value;
}

CallResult CallMatch(CallArguments a) {
  BW_ASSIGN_OR_RETURN(const bool matches, MatchRegex(a[0].string_value(), a[1].string_value()));
  return Value::Bool(matches);
}

CallResult CallReplace(CallArguments a) {
  BW_ASSIGN_OR_RETURN(std::string text, ReplaceRegex(a[0].string_value(), a[1].string_value(), a[2].string_value()));
  return Value::String(std::move(text));
}

CallResult MakeList(ValueList items, std::string type) {
  if (items.size() > kListLengthMax) return base::LimitExceeded(fmt::format("list of over {} items", kListLengthMax));
  Value value = Value::List(std::move(items), std::move(type));
  if (value.is_nil()) return base::LimitExceeded("nested too deeply");
  return value;
}

CallResult CallJoin(CallArguments a) {
  std::string out;
  for (const Value& item : *a[1].AsList()) {
    if (!item.is_string())
      return base::Execution("join: an item of the list is a " + item.TypeName() + ", not a string");
    if (out.size() > kTextBytesMax) break;
    if (&item != a[1].AsList()->data()) out += a[0].string_value();
    out += item.string_value();
  }
  return Value::String(std::move(out));
}

CallResult CallAppend(CallArguments a) {
  ValueList items = *a[0].AsList();
  items.insert(items.end(), a.begin() + 1, a.end());
  return MakeList(std::move(items), a[0].kind() == Value::Kind::kList ? a[0].TypeName() : "[]interface {}");
}

CallResult CallDict(CallArguments a) {
  if (a.size() % 2 != 0) return base::Execution("odd number of arguments");
  ValueMap map;
  for (std::size_t i = 0; i < a.size(); i += 2) {
    if (!a[i].is_string()) return base::Execution("dict: a key is a " + a[i].TypeName() + ", not a string");
    map.insert_or_assign(a[i].string_value(), a[i + 1]);
  }
  Value value = Value::AnyMap(std::move(map));
  if (value.is_nil()) return base::LimitExceeded("nested too deeply");
  return value;
}

base::Result<Moment> TimeArgument(const Value& value) {
  if (value.kind() == Value::Kind::kTime) return value.time_value();
  return base::Execution("wrong type for value; expected time.Time; got " + value.TypeName());
}

CallResult CallDate(CallArguments a) {
  BW_ASSIGN_OR_RETURN(const Moment time, TimeArgument(a[1]));
  return Value::String(FormatTime(a[0].string_value(), time));
}

CallResult CallTz(CallArguments a) {
  BW_ASSIGN_OR_RETURN(const Moment time, TimeArgument(a[1]));
  BW_ASSIGN_OR_RETURN(Moment shown, InZone(time, a[0].string_value()));
  return Value::Time(std::move(shown));
}

CallResult CallToDate(CallArguments a) {
  auto time = ParseTime(a[0].string_value(), a[1].string_value());
  if (!time.ok()) return Value::Time(Moment{.at = {}, .is_zero = true});
  return Value::Time(std::move(time).value());
}

CallResult CallMustToDate(CallArguments a) {
  BW_ASSIGN_OR_RETURN(Moment time, ParseTime(a[0].string_value(), a[1].string_value()));
  return Value::Time(std::move(time));
}

CallResult CallBase64Decode(CallArguments a) {
  auto bytes = DecodeBase64Url(a[0].string_value());
  if (!bytes) return base::Execution("illegal base64 data");
  return Value::String(std::move(*bytes));
}

CallResult CallUrlUnescape(CallArguments a) {
  auto text = UnescapeQuery(a[0].string_value());
  if (!text) return base::Execution("invalid URL escape in " + base::Quote(a[0].string_value()));
  return Value::String(std::move(*text));
}

std::string TrimSpace(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n\v\f");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n\v\f") - first + 1);
}

Function SinceFunction(base::TimestampMs now) {
  return {{kAnyArgument}, {}, [now](CallArguments a) -> CallResult {
            BW_ASSIGN_OR_RETURN(const Moment time, TimeArgument(a[0]));
            const std::int64_t then = FromCivil(CivilOf(time), time.offset_s).ms;
            std::int64_t ns = 0;
            if (__builtin_mul_overflow(now.ms - then, std::int64_t{1'000'000}, &ns)) {
              ns = now.ms > then ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
            }
            return Value::Duration({ns});
          }};
}

std::string Unchanged(const std::string& text) { return text; }

void AddCommon(FunctionTable& table) {
  table.insert_or_assign("humanizeDuration", NumberToText(HumanizeDuration));
  table.insert_or_assign("toUpper", TextToText(ToUpperText));
  table.insert_or_assign("toLower", TextToText(ToLowerText));
  table.insert_or_assign("match", Function{{kTextArgument, kTextArgument}, {}, CallMatch});
  table.insert_or_assign("reReplaceAll", Function{{kTextArgument, kTextArgument, kTextArgument}, {}, CallReplace});
  table.insert_or_assign("safeHtml", TextToText(Unchanged));
}

}  // namespace

base::Result<double> ToFloat(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kFloat: return value.float_value();
    case Value::Kind::kInt: return static_cast<double>(value.int_value());
    case Value::Kind::kDuration: return static_cast<double>(value.duration_value().count) / 1e9;
    case Value::Kind::kString: {
      const auto v = base::ParseNumber(value.string_value());
      if (v) return *v;
      return base::Execution("strconv.ParseFloat: parsing " + base::Quote(value.string_value()) + ": invalid syntax");
    }
    default: return base::Execution("can't convert " + value.TypeName() + " to float");
  }
}

FunctionTable AlertFunctions(base::TimestampMs now) {
  FunctionTable table;
  AddCommon(table);
  table.emplace("args", Function{{}, kAnyArgument, CallArgs});
  table.emplace("humanize", NumberToText(Humanize));
  table.emplace("humanize1024", NumberToText(Humanize1024));
  table.emplace("humanizePercentage", NumberToText(HumanizePercentage));
  table.emplace("humanizeTimestamp", Function{{kAnyArgument}, {}, CallHumanizeTimestamp});
  table.emplace("toTime", Function{{kAnyArgument}, {}, CallToTime});
  table.emplace("toDuration", Function{{kAnyArgument}, {}, CallToDuration});
  table.emplace("parseDuration", Function{{kTextArgument}, {}, CallParseDuration});
  table.emplace("now", Function{{}, {}, [now](CallArguments) -> CallResult { return Value::Float(now.seconds()); }});
  table.emplace("title", TextToText([](const std::string& s) { return TitleText(s, false); }));
  table.emplace("stripPort", TextToText(StripPort));
  table.emplace("stripDomain", TextToText(StripDomain));
  table.emplace("urlQueryEscape", TextToText(EscapeQuery));
  return table;
}

FunctionTable NotificationFunctions(base::TimestampMs now) {
  FunctionTable table;
  AddCommon(table);
  table.emplace("title", TextToText([](const std::string& s) { return TitleText(s, true); }));
  table.emplace("trimSpace", TextToText(TrimSpace));
  table.emplace("join", Function{{kTextArgument, Argument::kList}, {}, CallJoin});
  table.emplace("stringSlice", Function{{}, kTextArgument, [](CallArguments a) -> CallResult {
                                          return MakeList(ValueList(a.begin(), a.end()), "[]string");
                                        }});
  table.emplace("list", Function{{}, kAnyArgument, [](CallArguments a) -> CallResult {
                                   return MakeList(ValueList(a.begin(), a.end()), "[]interface {}");
                                 }});
  table.emplace("append", Function{{Argument::kList}, kAnyArgument, CallAppend});
  table.emplace("dict", Function{{}, kAnyArgument, CallDict});
  table.emplace("safeUrl", TextToText(Unchanged));
  table.emplace("urlUnescape", Function{{kTextArgument}, {}, CallUrlUnescape});
  table.emplace("base64encode", TextToText(EncodeBase64Url));
  table.emplace("base64decode", Function{{kTextArgument}, {}, CallBase64Decode});
  table.emplace("toJson", Function{{kAnyArgument}, {}, [](CallArguments a) -> CallResult {
                                     return Value::String(ToJson(a[0]));
                                   }});
  table.emplace("date", Function{{kTextArgument, kAnyArgument}, {}, CallDate});
  table.emplace("tz", Function{{kTextArgument, kAnyArgument}, {}, CallTz});
  table.emplace("toDate", Function{{kTextArgument, kTextArgument}, {}, CallToDate});
  table.emplace("mustToDate", Function{{kTextArgument, kTextArgument}, {}, CallMustToDate});
  table.emplace("now", Function{{}, {}, [now](CallArguments) -> CallResult { return Value::Time(Moment{.at = now}); }});
  table.emplace("since", SinceFunction(now));
  return table;
}

}  // namespace bellwether::templating
