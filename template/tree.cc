#include "template/tree.h"

#include "base/quote.h"

namespace bellwether::templating {
namespace {

std::string PipelineText(const Expression& pipeline) {
  std::string out;
  for (const auto& [name, position] : pipeline.variables) out += (out.empty() ? "" : ", ") + name;
  if (!out.empty()) out += pipeline.flag ? " = " : " := ";
  for (std::size_t i = 0; i < pipeline.commands.size(); ++i) {
    if (i > 0) out += " | ";
    out += pipeline.commands[i].ToString();
  }
  return out;
}

}  // namespace

std::string Expression::ToString() const {
  switch (kind) {
    case Kind::kDot: return ".";
    case Kind::kNil: return "nil";
    case Kind::kBool: return flag ? "true" : "false";
    case Kind::kNumber:
    case Kind::kString:
    case Kind::kFunction: return text;
    case Kind::kField: {
      std::string out;
      for (const std::string& name : names) out += "." + name;
      return out;
    }
    case Kind::kVariable: {
      std::string out;
      for (const std::string& name : names) out += (out.empty() ? "" : ".") + name;
      return out;
    }
    case Kind::kChain: {
      std::string out = base->ToString();
      if (base->kind == Kind::kPipeline) out = "(" + out + ")";
      for (const std::string& name : names) out += "." + name;
      return out;
    }
    case Kind::kPipeline: return PipelineText(*this);
  }
  return {};
}

std::string Command::ToString() const {
  std::string out;
  for (const Expression& word : words) {
    if (!out.empty()) out.push_back(' ');
    out += word.kind == Expression::Kind::kPipeline ? "(" + word.ToString() + ")" : word.ToString();
  }
  return out;
}

bool Tree::IsEmpty() const {
  for (const Node& node : nodes) {
    if (node.kind != Node::Kind::kText || node.text.find_first_not_of(" \t\r\n\v\f") != std::string::npos) return false;
  }
  return true;
}

}  // namespace bellwether::templating
