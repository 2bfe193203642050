// Values as JSON, the way encoding/json writes them.
#include <cmath>

#include <fmt/format.h>

#include "base/number.h"
#include "base/utf8.h"
#include "template/functions.h"
#include "template/go_time.h"
#include "template/print.h"

namespace bellwether::templating {
namespace {

void AppendJsonText(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    const std::string_view before = text;
    const std::uint32_t c = base::NextCodePoint(text);
    switch (c) {
      case '"': out += "\\\""; continue;
      case '\\': out += "\\\\"; continue;
      case '\b': out += "\\b"; continue;
      case '\f': out += "\\f"; continue;
      case '\n': out += "\\n"; continue;
      case '\r': out += "\\r"; continue;
      case '\t': out += "\\t"; continue;
      default: break;
    }
    if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029) {
      out += fmt::format("\\u{:04x}", c);
    } else if (c == 0xFFFD) {
      out += "\\ufffd";
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  out.push_back('"');
}

void AppendJson(std::string& out, const Value& value);

void AppendJsonList(std::string& out, const ValueList& list) {
  out.push_back('[');
  for (std::size_t i = 0; i < list.size() && out.size() <= kTextBytesMax; ++i) {
    if (i > 0) out.push_back(',');
    AppendJson(out, list[i]);
  }
  out.push_back(']');
}

template <typename Pairs>
void AppendJsonPairs(std::string& out, const Pairs& pairs) {
  out.push_back('{');
  bool first = true;
  for (const auto& [key, value] : pairs) {
    if (out.size() > kTextBytesMax) break;
    if (!first) out.push_back(',');
    first = false;
    AppendJsonText(out, key);
    out.push_back(':');
    AppendJson(out, value);
  }
  out.push_back('}');
}

void AppendJson(std::string& out, const Value& value) {
  if (const ValueList* list = value.AsList()) return AppendJsonList(out, *list);
  if (const ValueMap* map = value.AsMap()) return AppendJsonPairs(out, *map);
  switch (value.kind()) {
    case Value::Kind::kNil: out += "null"; return;
    case Value::Kind::kBool:
    case Value::Kind::kInt: AppendValue(out, value); return;
    case Value::Kind::kFloat:
      // JSON has no NaN and no infinity.
      if (std::isfinite(value.float_value())) return base::AppendNumber(out, value.float_value());
      return AppendJsonText(out, PrintValue(value));
    case Value::Kind::kString: AppendJsonText(out, value.string_value()); return;
    case Value::Kind::kDuration: out += std::to_string(value.duration_value().count); return;
    case Value::Kind::kTime:
      AppendJsonText(out, FormatTime("2006-01-02T15:04:05.999999999Z07:00", value.time_value()));
      return;
    case Value::Kind::kObject: AppendJsonPairs(out, value.object().JsonFields()); return;
    default: return;
  }
}

}  // namespace

std::string ToJson(const Value& value) {
  std::string out;
  AppendJson(out, value);
  return out;
}

}  // namespace bellwether::templating
