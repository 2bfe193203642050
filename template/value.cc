#include "template/value.h"

#include <algorithm>

#include "template/print.h"

namespace bellwether::templating {
namespace {

int DepthOf(const ValueList& items) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  return depth + 1;
}

int DepthOf(const ValueMap& entries) {
  int depth = 0;
  for (const auto& [key, value] : entries) depth = std::max(depth, value.depth());
  return depth + 1;
}

class RecordObject final : public Object {
 public:
  RecordObject(std::string type, std::vector<std::pair<std::string, Value>> fields)
      : type_(std::move(type)), fields_(std::move(fields)) {
    for (const auto& [name, value] : fields_) depth_ = std::max(depth_, value.depth() + 1);
  }

  std::string TypeName() const override { return type_; }
  Member Has(std::string_view name) const override { return Find(name) ? Member::kField : Member::kNone; }
  base::Result<Value> Get(std::string_view name, std::span<const Value>) const override {
    const Value* field = Find(name);
    return field ? *field : Value();
  }
  std::string Print() const override {
    std::string out = type_.starts_with('*') ? "&{" : "{";
    const char* space = "";
    for (const auto& [name, value] : fields_) {
      out += space + PrintValue(value);
      space = " ";
    }
    return out + "}";
  }
  std::vector<std::pair<std::string, Value>> JsonFields() const override { return fields_; }
  int depth() const override { return depth_; }

 private:
  const Value* Find(std::string_view name) const {
    const auto it = std::find_if(fields_.begin(), fields_.end(), [&](const auto& f) { return f.first == name; });
    return it == fields_.end() ? nullptr : &it->second;
  }

  const std::string type_;
  const std::vector<std::pair<std::string, Value>> fields_;
  int depth_ = 1;
};

}  // namespace

struct Value::ListBox {
  ValueList items;
  std::string type;
  int depth = 1;
};

struct Value::MapBox {
  ValueMap entries;
  Value missing;
  std::string type;
  int depth = 1;
};

Value Value::List(ValueList items, std::string type) {
  const int depth = DepthOf(items);
  if (depth > kValueDepthMax) return {};
  return Value(State(std::make_shared<const ListBox>(ListBox{std::move(items), std::move(type), depth})));
}

Value Value::Map(ValueMap entries, Value missing, std::string type) {
  const int depth = DepthOf(entries);
  if (depth > kValueDepthMax) return {};
  return Value(
      State(std::make_shared<const MapBox>(MapBox{std::move(entries), std::move(missing), std::move(type), depth})));
}

Value Value::StringMap(const std::map<std::string, std::string, std::less<>>& entries) {
  ValueMap values;
  for (const auto& [key, value] : entries) values.emplace_hint(values.end(), key, String(value));
  return Map(std::move(values), String(""), "map[string]string");
}

Value Value::StringList(std::vector<std::string> items) {
  ValueList values;
  values.reserve(items.size());
  for (std::string& item : items) values.push_back(String(std::move(item)));
  return List(std::move(values), "[]string");
}

Value Value::AnyMap(ValueMap entries) { return Map(std::move(entries), Value(), "map[string]interface {}"); }

Value Value::Of(std::shared_ptr<const Object> object) {
  if (!object || object->depth() > kValueDepthMax) return {};
  return Value(State(std::move(object)));
}

Value Value::Record(std::string type, std::vector<std::pair<std::string, Value>> fields) {
  return Of(std::make_shared<const RecordObject>(std::move(type), std::move(fields)));
}

const ValueList* Value::AsList() const {
  if (kind() == Kind::kList) return &std::get<std::shared_ptr<const ListBox>>(state_)->items;
  if (kind() == Kind::kObject && object().Underlying()) return object().Underlying()->AsList();
  return nullptr;
}

const ValueMap* Value::AsMap() const {
  if (kind() == Kind::kMap) return &std::get<std::shared_ptr<const MapBox>>(state_)->entries;
  if (kind() == Kind::kObject && object().Underlying()) return object().Underlying()->AsMap();
  return nullptr;
}

Value Value::MapEntry(std::string_view key) const {
  if (kind() == Kind::kObject) return object().Underlying()->MapEntry(key);
  const MapBox& box = *std::get<std::shared_ptr<const MapBox>>(state_);
  const auto it = box.entries.find(key);
  return it == box.entries.end() ? box.missing : it->second;
}

bool Value::IsTrue() const {
  if (const ValueList* list = AsList()) return !list->empty();
  if (const ValueMap* map = AsMap()) return !map->empty();
  switch (kind()) {
    case Kind::kNil: return false;
    case Kind::kBool: return bool_value();
    case Kind::kInt: return int_value() != 0;
    case Kind::kFloat: return float_value() != 0;
    case Kind::kString: return !string_value().empty();
    case Kind::kDuration: return duration_value().count != 0;
    case Kind::kObject: return object().IsTrue();
    default: return true;
  }
}

std::string Value::TypeName() const {
  switch (kind()) {
    case Kind::kNil: return "<nil>";
    case Kind::kBool: return "bool";
    case Kind::kInt: return "int";
    case Kind::kFloat: return "float64";
    case Kind::kString: return "string";
    case Kind::kTime: return "time.Time";
    case Kind::kDuration: return "time.Duration";
    case Kind::kList: return std::get<std::shared_ptr<const ListBox>>(state_)->type;
    case Kind::kMap: return std::get<std::shared_ptr<const MapBox>>(state_)->type;
    case Kind::kObject: return object().TypeName();
  }
  return "<nil>";
}

int Value::depth() const {
  switch (kind()) {
    case Kind::kList: return std::get<std::shared_ptr<const ListBox>>(state_)->depth;
    case Kind::kMap: return std::get<std::shared_ptr<const MapBox>>(state_)->depth;
    case Kind::kObject: return object().depth();
    default: return 0;
  }
}

}  // namespace bellwether::templating
