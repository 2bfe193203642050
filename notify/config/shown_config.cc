// A configuration as it may be shown: Alertmanager's keys alone, secrets masked.
#include <algorithm>
#include <cctype>

#include "base/quote.h"
#include "notify/config/config_reader.h"
#include "notify/config/schema.h"

namespace bellwether::notify {
namespace {

using yaml::YamlNode;

constexpr std::string_view kShownSecret = "<secret>";
// Parsers before Alertmanager 0.28 take no mask for the URL of a webhook.
constexpr std::string_view kShownUrl = "https://secret.invalid/";

// Plain where that cannot be read as anything else.
std::string ScalarText(std::string_view text, bool is_plain) {
  const bool is_word = !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
                       std::all_of(text.begin(), text.end(), [](unsigned char c) {
                         return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '/';
                       });
  constexpr std::string_view kOther[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool is_other = std::find(std::begin(kOther), std::end(kOther), lower) != std::end(kOther);
  if ((is_plain || (is_word && !is_other)) && !text.empty()) return std::string(text);
  return base::Quote(text);
}

class ShownWriter {
 public:
  std::string Write(const YamlNode& top) {
    WriteMapping(top, "", 0, false);
    return std::move(out_);
  }

 private:
  // `in_item`: the first key goes on the line that "- " began.
  void WriteMapping(const YamlNode& node, std::string_view name, int depth, bool in_item) {
    bool first = in_item;
    for (const SchemaField& field : SchemaOf(name)) {
      for (const yaml::YamlField& given : node.fields) {
        const bool is_twin = field.has_twin && given.key == std::string(field.key) + "_file";
        if ((given.key != field.key && !is_twin) || field.shape == FieldShape::kHidden ||
            given.value.kind == YamlNode::Kind::kNull) {
          continue;
        }
        if (!first) Indent(depth);
        first = false;
        out_ += given.key + ":";
        WriteValue(given.value, is_twin ? SchemaField{.key = given.key, .nested = {}} : field, depth);
      }
    }
    if (first && in_item) out_ += "{}\n";
  }

  void WriteValue(const YamlNode& node, const SchemaField& field, int depth) {
    switch (field.shape) {
      case FieldShape::kBool:
      case FieldShape::kInteger:
      case FieldShape::kDuration: Line(ScalarText(node.scalar, true)); break;
      case FieldShape::kText:
      case FieldShape::kUrl: Line(ScalarText(node.scalar, false)); break;
      case FieldShape::kSecret:
      case FieldShape::kSecretUrl: Line(node.scalar.empty() ? "\"\"" : kShownSecret); break;
      case FieldShape::kOpenUrl: Line(node.scalar.empty() ? "\"\"" : kShownUrl); break;
      case FieldShape::kMapping:
        if (node.fields.empty()) {
          Line("{}");
        } else {
          out_ += "\n";
          WriteMapping(node, field.nested, depth + 1, false);
        }
        break;
      case FieldShape::kMappings: WriteList(node, field, depth); break;
      case FieldShape::kMappingsByName:
        out_ += "\n";
        for (const yaml::YamlField& one : node.fields) {
          Indent(depth + 1);
          out_ += base::Quote(one.key) + ":\n";
          WriteMapping(one.value, field.nested, depth + 2, false);
        }
        break;
      case FieldShape::kTexts:
      case FieldShape::kTextMap:
      case FieldShape::kAny: WriteAny(node, depth, false); break;
      case FieldShape::kSecrets: Line("[" + std::string(kShownSecret) + "]"); break;
      case FieldShape::kHidden: break;
    }
  }

  void WriteList(const YamlNode& node, const SchemaField& field, int depth) {
    if (node.items.empty()) {
      Line("[]");
      return;
    }
    out_ += "\n";
    for (const YamlNode& item : node.items) {
      Indent(depth);
      out_ += "- ";
      WriteMapping(item, field.nested, depth + 1, true);
    }
  }

  // `in_item`: behind "- ".
  void WriteAny(const YamlNode& node, int depth, bool in_item) {
    if (node.kind == YamlNode::Kind::kMapping && !node.fields.empty()) {
      if (!in_item) out_ += "\n";
      bool first = in_item;
      for (const yaml::YamlField& field : node.fields) {
        if (!first) Indent(depth + 1);
        first = false;
        out_ += ScalarText(field.key, false) + ":";
        WriteAny(field.value, depth + 1, false);
      }
    } else if (node.kind == YamlNode::Kind::kSequence && !node.items.empty()) {
      out_ += "\n";
      for (const YamlNode& item : node.items) {
        Indent(depth + (in_item ? 1 : 0));
        out_ += item.kind == YamlNode::Kind::kScalar ? "-" : "- ";
        WriteAny(item, depth + (in_item ? 1 : 0), true);
      }
    } else if (node.kind == YamlNode::Kind::kMapping) {
      Line("{}");
    } else if (node.kind == YamlNode::Kind::kSequence) {
      Line("[]");
    } else {
      Line(node.kind == YamlNode::Kind::kNull ? "null" : ScalarText(node.scalar, false));
    }
  }

  void Indent(int depth) { out_.append(static_cast<std::size_t>(depth) * 2, ' '); }
  void Line(std::string_view text) {
    if (!out_.ends_with(' ')) out_ += " ";
    out_.append(text);
    out_ += "\n";
  }

  std::string out_;
};

}  // namespace

std::string ShownConfig(const YamlNode& top) { return ShownWriter().Write(top); }

}  // namespace bellwether::notify
