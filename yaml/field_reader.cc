#include "yaml/field_reader.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "yaml/suggestion.h"

namespace bellwether::yaml {

void FaultList::Add(YamlPosition position, std::string_view text) {
  entries_.push_back({position, fmt::format("{}: {}: {}{}{}", path_, PositionText(position), context_,
                                            context_.empty() ? "" : ": ", text)});
}

void FaultList::Add(YamlPosition first, YamlPosition second, std::string_view text) {
  entries_.push_back({first, fmt::format("{}: {}: {}: {}{}{}", path_, PositionText(first), PositionText(second),
                                         context_, context_.empty() ? "" : ": ", text)});
}

std::vector<std::string> FaultList::Take() {
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.position.line, a.position.column) < std::pair(b.position.line, b.position.column);
  });
  std::vector<std::string> texts;
  for (Entry& entry : entries_) texts.push_back(std::move(entry.text));
  entries_.clear();
  return texts;
}

FieldReader::FieldReader(const YamlNode& node, std::string_view what, FaultList& faults)
    : node_(node), faults_(faults) {
  if (node.kind == YamlNode::Kind::kMapping) return;
  faults_.Add(node.position, fmt::format("{} must be a mapping, not {}", what, YamlKindText(node.kind)));
}

const YamlNode* FieldReader::Find(std::string_view key) const {
  for (const YamlField& field : node_.fields) {
    if (field.key == key) return field.value.kind == YamlNode::Kind::kNull ? nullptr : &field.value;
  }
  return nullptr;
}

YamlPosition FieldReader::PositionOf(std::string_view key) const {
  for (const YamlField& field : node_.fields) {
    if (field.key == key) return field.value.position;
  }
  return node_.position;
}

std::string FieldReader::Text(std::string_view key) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return {};
  if (value->kind == YamlNode::Kind::kScalar) return value->scalar;
  faults_.Add(value->position, fmt::format("field '{}' must be text, not {}", key, YamlKindText(value->kind)));
  return {};
}

std::optional<base::DurationMs> FieldReader::Duration(std::string_view key) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind != YamlNode::Kind::kScalar) {
    faults_.Add(value->position, fmt::format("field '{}' must be a duration, not {}", key, YamlKindText(value->kind)));
    return std::nullopt;
  }
  auto duration = base::ParseDuration(value->scalar);
  if (duration.ok()) return *duration;
  faults_.Add(value->position, fmt::format("invalid field '{}': {}", key, duration.status().message()));
  return std::nullopt;
}

std::optional<std::int64_t> FieldReader::Integer(std::string_view key) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = value->scalar.data() + value->scalar.size();
  if (value->kind == YamlNode::Kind::kScalar && !value->scalar.empty()) {
    const auto [stop, error] = std::from_chars(value->scalar.data(), end, number);
    if (error == std::errc() && stop == end) return number;
  }
  const std::string found =
      value->kind == YamlNode::Kind::kScalar ? "\"" + value->scalar + "\"" : std::string(YamlKindText(value->kind));
  faults_.Add(value->position, fmt::format("field '{}' must be a whole number, not {}", key, found));
  return std::nullopt;
}

std::optional<bool> FieldReader::Bool(std::string_view key) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == YamlNode::Kind::kScalar && (value->scalar == "true" || value->scalar == "false")) {
    return value->scalar == "true";
  }
  const std::string found =
      value->kind == YamlNode::Kind::kScalar ? "\"" + value->scalar + "\"" : std::string(YamlKindText(value->kind));
  faults_.Add(value->position, fmt::format("field '{}' must be true or false, not {}", key, found));
  return std::nullopt;
}

TextMap FieldReader::Texts(std::string_view key) {
  TextMap texts;
  const YamlNode* value = Find(key);
  if (value == nullptr) return texts;
  if (value->kind != YamlNode::Kind::kMapping) {
    faults_.Add(value->position,
                fmt::format("field '{}' must be a mapping of names to texts, not {}", key, YamlKindText(value->kind)));
    return texts;
  }
  for (const YamlField& field : value->fields) {
    if (field.value.kind == YamlNode::Kind::kSequence || field.value.kind == YamlNode::Kind::kMapping) {
      faults_.Add(field.value.position,
                  fmt::format("\"{}\" in '{}' must be text, not {}", field.key, key, YamlKindText(field.value.kind)));
      continue;
    }
    texts.emplace(field.key, field.value.scalar);
  }
  return texts;
}

std::span<const YamlNode> FieldReader::List(std::string_view key) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return {};
  if (value->kind == YamlNode::Kind::kSequence) return value->items;
  faults_.Add(value->position, fmt::format("field '{}' must be a list, not {}", key, YamlKindText(value->kind)));
  return {};
}

void FieldReader::RefuseUnknown(std::span<const std::string_view> known, std::span<const std::string_view> reserved) {
  const auto contains = [](std::span<const std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const YamlField& field : node_.fields) {
    if (contains(known, field.key)) continue;
    if (contains(reserved, field.key)) {
      faults_.Add(field.key_position, fmt::format("field '{}' is not supported by this version", field.key));
      continue;
    }
    if (faults_.ignores_unknown_fields()) continue;
    const std::string_view meant = Suggest(field.key, known);
    faults_.Add(field.key_position, meant.empty()
                                        ? fmt::format("unknown field '{}'", field.key)
                                        : fmt::format("unknown field '{}', did you mean '{}'?", field.key, meant));
  }
}

}  // namespace bellwether::yaml
