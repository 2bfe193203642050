// yaml/field_reader.h
//
// Takes a mapping of a configuration file apart, field by field, strictly: a field that nobody asked for is a fault,
// and so is a value of the wrong kind. Faults are collected, so that one reading finds them all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "yaml/yaml_tree.h"

namespace bellwether::yaml {

// Texts by name; unlike a label set it may hold empty values.
using TextMap = std::map<std::string, std::string, std::less<>>;

// The faults of a file, each as "FILE: LINE:COLUMN: CONTEXT TEXT".
class FaultList {
 public:
  explicit FaultList(std::string path) : path_(std::move(path)) {}

  // Stands between position and text of the faults that follow: `group "G", rule 1, "NAME"`. May be empty.
  void SetContext(std::string context) { context_ = std::move(context); }
  void Add(YamlPosition position, std::string_view text);
  // About two places.
  void Add(YamlPosition first, YamlPosition second, std::string_view text);

  // Fields that nobody asked for are no faults, as promtool's --ignore-unknown-fields has it.
  void IgnoreUnknownFields() { ignores_unknown_fields_ = true; }
  [[nodiscard]] bool ignores_unknown_fields() const { return ignores_unknown_fields_; }

  // In order of the file.
  [[nodiscard]] std::vector<std::string> Take();

 private:
  struct Entry {
    YamlPosition position;
    std::string text;
  };
  std::string path_;
  std::string context_;
  bool ignores_unknown_fields_ = false;
  std::vector<Entry> entries_;
};

// Reads one mapping. A node of another kind is a fault and reads as empty.
class FieldReader {
 public:
  // `what`: what the mapping stands for, "a group". Both arguments outlive the reader.
  FieldReader(const YamlNode& node, std::string_view what, FaultList& faults);

  // The value of `key`; null if it is absent or nothing.
  const YamlNode* Find(std::string_view key) const;
  // Where the value of `key` is; where the mapping begins if it is absent.
  [[nodiscard]] YamlPosition PositionOf(std::string_view key) const;

  // Absent or nothing: the empty value.
  std::string Text(std::string_view key);
  std::optional<base::DurationMs> Duration(std::string_view key);
  std::optional<std::int64_t> Integer(std::string_view key);
  std::optional<bool> Bool(std::string_view key);  // true or false.
  TextMap Texts(std::string_view key);
  std::span<const YamlNode> List(std::string_view key);

  // Adds a fault for each field whose key is not in `known`, unless the list ignores them; those in `reserved` are
  // refused in any case, as not supported yet.
  void RefuseUnknown(std::span<const std::string_view> known, std::span<const std::string_view> reserved);

 private:
  const YamlNode& node_;
  FaultList& faults_;
};

}  // namespace bellwether::yaml
