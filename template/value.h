// template/value.h
//
// What a template works on: a value whose kind is known only when the template runs. A value is cheap to copy (lists,
// maps and objects are shared and immutable) and safe to hand between threads.
//
// Objects are how other folders show their things to a template: a class that answers to names. A Record is the plain
// case, a fixed list of named fields; an object may also stand on a list or a map (`Underlying`) and so be ranged over,
// indexed and measured while still having methods of its own.
//
// Nesting is bounded (kValueDepthMax), so that printing and destroying a value never exhausts the stack.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace bellwether::templating {

class Object;
class Value;

inline constexpr int kValueDepthMax = 64;

// A length of time as Go has it.
struct Nanoseconds {
  std::int64_t count = 0;
  friend bool operator==(Nanoseconds, Nanoseconds) = default;
};

// A moment with the zone it is shown in. `is_zero` is Go's zero time (year 1), which a firing alert has as its end.
struct Moment {
  base::TimestampMs at;
  std::int32_t offset_s = 0;  // East of UTC.
  std::string zone = "UTC";   // Abbreviation.
  bool is_zero = false;
  friend bool operator==(const Moment&, const Moment&) = default;
};

using ValueList = std::vector<Value>;
using ValueMap = std::map<std::string, Value, std::less<>>;

class Value {
 public:
  enum class Kind : std::uint8_t { kNil, kBool, kInt, kFloat, kString, kTime, kDuration, kList, kMap, kObject };

  Value() = default;  // nil
  static Value Bool(bool v) { return Value(State(v)); }
  static Value Int(std::int64_t v) { return Value(State(v)); }
  static Value Float(double v) { return Value(State(v)); }
  static Value String(std::string v) { return Value(State(std::move(v))); }
  static Value Time(Moment v) { return Value(State(std::move(v))); }
  static Value Duration(Nanoseconds v) { return Value(State(v)); }
  // `type` is the name in messages. A list or map nested deeper than kValueDepthMax is nil; makers of nested values
  // at run time ask `depth` first.
  static Value List(ValueList items, std::string type = "[]interface {}");
  // `missing` is what a key that is not there yields; for a map of strings the empty string.
  static Value Map(ValueMap entries, Value missing, std::string type);
  static Value StringMap(const std::map<std::string, std::string, std::less<>>& entries);
  static Value StringList(std::vector<std::string> items);
  static Value AnyMap(ValueMap entries);
  static Value Of(std::shared_ptr<const Object> object);
  // An object of fields; a `type` that begins with '*' prints as a pointer does.
  static Value Record(std::string type, std::vector<std::pair<std::string, Value>> fields);

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(state_.index()); }
  [[nodiscard]] bool is_nil() const { return kind() == Kind::kNil; }
  [[nodiscard]] bool is_string() const { return kind() == Kind::kString; }

  // Each: a bug (checked) unless the value is of that kind.
  [[nodiscard]] bool bool_value() const { return std::get<bool>(state_); }
  [[nodiscard]] std::int64_t int_value() const { return std::get<std::int64_t>(state_); }
  [[nodiscard]] double float_value() const { return std::get<double>(state_); }
  [[nodiscard]] const std::string& string_value() const { return std::get<std::string>(state_); }
  [[nodiscard]] const Moment& time_value() const { return std::get<Moment>(state_); }
  [[nodiscard]] Nanoseconds duration_value() const { return std::get<Nanoseconds>(state_); }
  [[nodiscard]] const Object& object() const { return *std::get<std::shared_ptr<const Object>>(state_); }

  // The list or map this value is, or its object stands on; null if neither.
  [[nodiscard]] const ValueList* AsList() const;
  [[nodiscard]] const ValueMap* AsMap() const;
  // For a value that AsMap: the entry, or what a missing one yields.
  [[nodiscard]] Value MapEntry(std::string_view key) const;

  // False are nil, false, 0, and the empty string, list and map.
  [[nodiscard]] bool IsTrue() const;
  [[nodiscard]] std::string TypeName() const;  // Go's: "float64", "map[string]string".
  [[nodiscard]] int depth() const;             // 0 for what is not a list, map or record.

 private:
  struct ListBox;
  struct MapBox;
  using State =
      std::variant<std::monostate, bool, std::int64_t, double, std::string, Moment, Nanoseconds,
                   std::shared_ptr<const ListBox>, std::shared_ptr<const MapBox>, std::shared_ptr<const Object>>;
  explicit Value(State state) : state_(std::move(state)) {}

  State state_;
};

// Thread-safe after construction.
class Object {
 public:
  virtual ~Object() = default;

  [[nodiscard]] virtual std::string TypeName() const = 0;

  // Whether Get knows `name`, and whether it is a method, which alone takes arguments.
  enum class Member : std::uint8_t { kNone, kField, kMethod };
  [[nodiscard]] virtual Member Has(std::string_view name) const = 0;
  // Errors become "error calling NAME: ...".
  [[nodiscard]] virtual base::Result<Value> Get(std::string_view name, std::span<const Value> args) const = 0;

  // What {{ . }} prints.
  [[nodiscard]] virtual std::string Print() const = 0;

  // A list or map that it stands on, good as long as the object; null if none.
  [[nodiscard]] virtual const Value* Underlying() const { return nullptr; }
  // Names and values of its JSON form, where it stands on nothing.
  [[nodiscard]] virtual std::vector<std::pair<std::string, Value>> JsonFields() const { return {}; }
  [[nodiscard]] virtual bool IsTrue() const { return true; }
  [[nodiscard]] virtual int depth() const { return 0; }
};

}  // namespace bellwether::templating
