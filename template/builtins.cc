// The functions every template has. `and` and `or` are here for their names and arguments; the executor runs them,
// because they do not evaluate what they do not need.
#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"
#include "template/escape.h"
#include "template/function.h"
#include "template/print.h"

namespace bellwether::templating {
namespace {

using Arguments = std::span<const Value>;

bool IsBasic(Value::Kind kind) {
  return kind == Value::Kind::kBool || kind == Value::Kind::kInt || kind == Value::Kind::kFloat ||
         kind == Value::Kind::kString || kind == Value::Kind::kDuration;
}

// Durations compare as the integers they are.
Value Comparable(const Value& v) {
  return v.kind() == Value::Kind::kDuration ? Value::Int(v.duration_value().count) : v;
}

base::Status Incompatible(const Value& a, const Value& b) {
  return base::Execution(fmt::format("incompatible types for comparison: {} and {}", a.TypeName(), b.TypeName()));
}

base::Result<bool> Equal(const Value& left, const Value& right) {
  const Value a = Comparable(left);
  const Value b = Comparable(right);
  if (a.is_nil() || b.is_nil()) return a.is_nil() && b.is_nil();
  if (a.kind() == Value::Kind::kTime && b.kind() == Value::Kind::kTime) return a.time_value() == b.time_value();
  if (a.kind() != b.kind()) return Incompatible(left, right);
  switch (a.kind()) {
    case Value::Kind::kBool: return a.bool_value() == b.bool_value();
    case Value::Kind::kInt: return a.int_value() == b.int_value();
    case Value::Kind::kFloat: return a.float_value() == b.float_value();
    case Value::Kind::kString: return a.string_value() == b.string_value();
    default: return base::Execution("non-comparable type " + PrintValue(b) + ": " + b.TypeName());
  }
}

base::Result<bool> Less(const Value& left, const Value& right) {
  if (!IsBasic(left.kind()) || !IsBasic(right.kind())) return base::Execution("invalid type for comparison");
  const Value a = Comparable(left);
  const Value b = Comparable(right);
  if (a.kind() != b.kind()) return Incompatible(left, right);
  switch (a.kind()) {
    case Value::Kind::kInt: return a.int_value() < b.int_value();
    case Value::Kind::kFloat: return a.float_value() < b.float_value();
    case Value::Kind::kString: return a.string_value() < b.string_value();
    default: return base::Execution("invalid type for comparison");
  }
}

base::Result<Value> CallEq(Arguments args) {
  if (args.size() < 2) return base::Execution("missing argument for comparison");
  for (const Value& other : args.subspan(1)) {
    BW_ASSIGN_OR_RETURN(const bool equal, Equal(args[0], other));
    if (equal) return Value::Bool(true);
  }
  return Value::Bool(false);
}

base::Result<Value> CallNe(Arguments args) {
  BW_ASSIGN_OR_RETURN(const bool equal, Equal(args[0], args[1]));
  return Value::Bool(!equal);
}

base::Result<Value> CallLt(Arguments args) {
  BW_ASSIGN_OR_RETURN(const bool less, Less(args[0], args[1]));
  return Value::Bool(less);
}

base::Result<bool> LessOrEqual(const Value& a, const Value& b) {
  BW_ASSIGN_OR_RETURN(const bool less, Less(a, b));
  if (less) return true;
  return Equal(a, b);
}

base::Result<Value> CallLe(Arguments args) {
  BW_ASSIGN_OR_RETURN(const bool holds, LessOrEqual(args[0], args[1]));
  return Value::Bool(holds);
}

// As Go has it: the opposite of <=, so that with NaN it is true.
base::Result<Value> CallGt(Arguments args) {
  BW_ASSIGN_OR_RETURN(const bool holds, LessOrEqual(args[0], args[1]));
  return Value::Bool(!holds);
}

base::Result<Value> CallGe(Arguments args) {
  BW_ASSIGN_OR_RETURN(const bool less, Less(args[0], args[1]));
  return Value::Bool(!less);
}

// An index into something of `length`; one past the end is allowed for slices only.
base::Result<std::size_t> IndexArgument(const Value& index, std::size_t length, bool allow_end) {
  if (index.is_nil()) return base::Execution("cannot index slice/array with nil");
  if (index.kind() != Value::Kind::kInt) {
    return base::Execution("cannot index slice/array with type " + index.TypeName());
  }
  const std::int64_t i = index.int_value();
  const auto size = static_cast<std::int64_t>(length);
  if (i < 0 || i > size) return base::Execution(fmt::format("index out of range: {}", i));
  if (i == size && !allow_end) return base::Execution("reflect: slice index out of range");
  return static_cast<std::size_t>(i);
}

base::Result<Value> IndexOnce(const Value& item, const Value& index) {
  if (const ValueList* list = item.AsList()) {
    BW_ASSIGN_OR_RETURN(const std::size_t i, IndexArgument(index, list->size(), false));
    return (*list)[i];
  }
  if (item.AsMap()) {
    if (!index.is_string()) {
      if (index.is_nil()) return base::Execution("value is nil; should be of type string");
      return base::Execution("value has type " + index.TypeName() + "; should be string");
    }
    return item.MapEntry(index.string_value());
  }
  if (item.is_string()) {
    BW_ASSIGN_OR_RETURN(const std::size_t i, IndexArgument(index, item.string_value().size(), false));
    return Value::Int(static_cast<unsigned char>(item.string_value()[i]));
  }
  if (item.is_nil()) return base::Execution("index of nil pointer");
  return base::Execution("can't index item of type " + item.TypeName());
}

base::Result<Value> CallIndex(Arguments args) {
  if (args[0].is_nil()) return base::Execution("index of untyped nil");
  Value item = args[0];
  for (const Value& index : args.subspan(1)) {
    BW_ASSIGN_OR_RETURN(item, IndexOnce(item, index));
  }
  return item;
}

base::Result<Value> CallSlice(Arguments args) {
  const Value& item = args[0];
  if (item.is_nil()) return base::Execution("slice of untyped nil");
  if (args.size() > 4) return base::Execution(fmt::format("too many slice indexes: {}", args.size() - 1));
  const ValueList* list = item.AsList();
  if (!list && !item.is_string()) return base::Execution("can't slice item of type " + item.TypeName());
  if (!list && args.size() == 4) return base::Execution("cannot 3-index slice a string");
  const std::size_t length = list ? list->size() : item.string_value().size();
  std::size_t bounds[3] = {0, length, length};
  for (std::size_t i = 1; i < args.size(); ++i) {
    BW_ASSIGN_OR_RETURN(bounds[i - 1], IndexArgument(args[i], length, true));
  }
  if (bounds[0] > bounds[1]) return base::Execution(fmt::format("invalid slice index: {} > {}", bounds[0], bounds[1]));
  if (args.size() == 4 && bounds[1] > bounds[2]) {
    return base::Execution(fmt::format("invalid slice index: {} > {}", bounds[1], bounds[2]));
  }
  if (!list) return Value::String(item.string_value().substr(bounds[0], bounds[1] - bounds[0]));
  const auto first = list->begin();
  return Value::List(
      ValueList(first + static_cast<std::ptrdiff_t>(bounds[0]), first + static_cast<std::ptrdiff_t>(bounds[1])),
      item.TypeName());
}

base::Result<Value> CallLen(Arguments args) {
  const Value& item = args[0];
  if (const ValueList* list = item.AsList()) return Value::Int(static_cast<std::int64_t>(list->size()));
  if (const ValueMap* map = item.AsMap()) return Value::Int(static_cast<std::int64_t>(map->size()));
  if (item.is_string()) return Value::Int(static_cast<std::int64_t>(item.string_value().size()));
  if (item.is_nil()) return base::Execution("len of nil pointer");
  return base::Execution("len of type " + item.TypeName());
}

std::string TextOf(Arguments args) {
  if (args.size() == 1 && args[0].is_string()) return args[0].string_value();
  return Sprint(args);
}

base::Result<Value> CallCall(Arguments args) {
  if (args[0].is_nil()) return base::Execution("call of nil");
  return base::Execution("non-function of type " + args[0].TypeName());
}

FunctionTable MakeBuiltins() {
  constexpr Argument kAny = Argument::kAny;
  const auto never = [](Arguments) -> base::Result<Value> { return base::Internal("run by the executor"); };
  return {
      {"and", {{kAny}, kAny, never}},
      {"or", {{kAny}, kAny, never}},
      {"not", {{kAny}, {}, [](Arguments a) -> base::Result<Value> { return Value::Bool(!a[0].IsTrue()); }}},
      {"eq", {{kAny}, kAny, CallEq}},
      {"ne", {{kAny, kAny}, {}, CallNe}},
      {"lt", {{kAny, kAny}, {}, CallLt}},
      {"le", {{kAny, kAny}, {}, CallLe}},
      {"gt", {{kAny, kAny}, {}, CallGt}},
      {"ge", {{kAny, kAny}, {}, CallGe}},
      {"index", {{kAny}, kAny, CallIndex}},
      {"slice", {{kAny}, kAny, CallSlice}},
      {"len", {{kAny}, {}, CallLen}},
      {"call", {{kAny}, kAny, CallCall}},
      {"print", {{}, kAny, [](Arguments a) -> base::Result<Value> { return Value::String(Sprint(a)); }}},
      {"println", {{}, kAny, [](Arguments a) -> base::Result<Value> { return Value::String(Sprintln(a)); }}},
      {"printf",
       {{Argument::kString},
        kAny,
        [](Arguments a) -> base::Result<Value> { return Value::String(Sprintf(a[0].string_value(), a.subspan(1))); }}},
      {"html", {{}, kAny, [](Arguments a) -> base::Result<Value> { return Value::String(EscapeHtml(TextOf(a))); }}},
      {"js", {{}, kAny, [](Arguments a) -> base::Result<Value> { return Value::String(EscapeJs(TextOf(a))); }}},
      {"urlquery",
       {{}, kAny, [](Arguments a) -> base::Result<Value> { return Value::String(EscapeQuery(TextOf(a))); }}},
  };
}

}  // namespace

const FunctionTable& Builtins() {
  static const FunctionTable table = MakeBuiltins();
  return table;
}

}  // namespace bellwether::templating
