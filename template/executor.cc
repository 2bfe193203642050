#include "template/executor.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/quote.h"
#include "template/methods.h"
#include "template/print.h"

namespace bellwether::templating {
namespace {

// Where an execution stands, for the message if it fails. The text is made only then.
struct Place {
  const Expression* expression = nullptr;
  const Command* command = nullptr;
  const Node* node = nullptr;

  [[nodiscard]] std::size_t position() const {
    if (expression) return expression->position;
    return command ? command->position : node ? node->position : 0;
  }
  [[nodiscard]] std::string text() const {
    if (expression) return expression->ToString();
    if (command) return command->ToString();
    if (!node) return "";
    const std::string argument = node->has_pipeline ? " " + node->pipeline.ToString() : "";
    return "{{template " + base::Quote(node->text) + argument + "}}";
  }
};

std::string_view ArgumentName(Argument type) {
  switch (type) {
    case Argument::kString: return "string";
    case Argument::kInt: return "int";
    case Argument::kBool: return "bool";
    case Argument::kList: return "[]interface {}";
    case Argument::kAny: break;
  }
  return "interface {}";
}

bool Fits(const Value& value, Argument type) {
  switch (type) {
    case Argument::kString: return value.is_string();
    case Argument::kInt: return value.kind() == Value::Kind::kInt;
    case Argument::kBool: return value.kind() == Value::Kind::kBool;
    case Argument::kList: return value.AsList() != nullptr;
    case Argument::kAny: break;
  }
  return true;
}

// What an argument weighs, so that long lists and texts cannot be copied about for the price of one step.
std::int64_t WeightOf(const Value& value) {
  if (value.is_string()) return static_cast<std::int64_t>(value.string_value().size() / 64);
  if (const ValueList* list = value.AsList()) return static_cast<std::int64_t>(list->size());
  if (const ValueMap* map = value.AsMap()) return static_cast<std::int64_t>(map->size());
  return 0;
}

class Execution {
 public:
  Execution(const TreeMap& trees, const FunctionTable& functions, const ExecuteLimits& limits)
      : trees_(trees), functions_(functions), limits_(limits), steps_left_(limits.steps_max) {}

  base::Result<std::string> Run(const Tree& tree, const Value& data) {
    if (RunTree(tree, data) == Flow::kError) return std::move(error_);
    return std::move(out_);
  }

 private:
  enum class Flow { kNext, kBreak, kContinue, kError };

  // --- failures ---

  std::nullopt_t Fail(const std::string& message, base::StatusCode code = base::StatusCode::kExecution) {
    if (!error_.ok()) return std::nullopt;
    const std::string_view before = std::string_view(*tree_->source).substr(0, place_.position());
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t newline = before.rfind('\n');
    const std::size_t column = newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
    error_ = base::Status(code, fmt::format("template: {}:{}:{}: executing {} at <{}>: {}", tree_->parse_name, line,
                                            column, base::Quote(tree_->name), place_.text(), message));
    return std::nullopt;
  }
  Flow FailFlow(const std::string& message) {
    Fail(message);
    return Flow::kError;
  }
  bool Charge(std::int64_t steps) {
    steps_left_ -= steps;
    if (steps_left_ >= 0) return true;
    Fail(fmt::format("too much work: over {} steps", limits_.steps_max), base::StatusCode::kLimitExceeded);
    return false;
  }
  bool Write(std::string_view text) {
    if (out_.size() + text.size() > limits_.output_bytes_max) {
      Fail(fmt::format("too much output: over {} bytes", limits_.output_bytes_max), base::StatusCode::kLimitExceeded);
      return false;
    }
    out_ += text;
    return true;
  }
  void At(const Expression& e) { place_ = {.expression = &e}; }
  void At(const Node& n) {
    if (n.kind == Node::Kind::kTemplate) {
      place_ = {.node = &n};
    } else if (n.has_pipeline) {
      At(n.pipeline);
    }
  }

  // --- nodes ---

  Flow RunTree(const Tree& tree, const Value& data) {
    const Tree* outer_tree = std::exchange(tree_, &tree);
    auto outer_variables = std::exchange(variables_, {});
    variables_.emplace_back("$", data);
    const Flow flow = RunList(tree.nodes, data);
    variables_ = std::move(outer_variables);
    tree_ = outer_tree;
    return flow;
  }

  Flow RunList(const std::vector<Node>& nodes, const Value& dot) {
    for (const Node& node : nodes) {
      const Flow flow = RunNode(node, dot);
      if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  }

  Flow RunNode(const Node& node, const Value& dot) {
    At(node);
    if (!Charge(1)) return Flow::kError;
    switch (node.kind) {
      case Node::Kind::kText: return Write(node.text) ? Flow::kNext : Flow::kError;
      case Node::Kind::kAction: return RunAction(node, dot);
      case Node::Kind::kIf:
      case Node::Kind::kWith: return RunIfOrWith(node, dot);
      case Node::Kind::kRange: return RunRange(node, dot);
      case Node::Kind::kTemplate: return RunTemplate(node, dot);
      case Node::Kind::kBreak: return Flow::kBreak;
      case Node::Kind::kContinue: return Flow::kContinue;
    }
    return Flow::kNext;
  }

  Flow RunAction(const Node& node, const Value& dot) {
    const auto value = Pipeline(dot, node.pipeline);
    if (!value) return Flow::kError;
    if (!node.pipeline.variables.empty()) return Flow::kNext;
    At(node);
    return Write(value->is_nil() ? "<no value>" : PrintValue(*value)) ? Flow::kNext : Flow::kError;
  }

  Flow RunIfOrWith(const Node& node, const Value& dot) {
    const std::size_t mark = variables_.size();
    const auto value = Pipeline(dot, node.pipeline);
    if (!value) return Flow::kError;
    Flow flow = Flow::kNext;
    if (value->IsTrue()) {
      flow = RunList(node.body, node.kind == Node::Kind::kWith ? *value : dot);
    } else if (node.has_else) {
      flow = RunList(node.otherwise, dot);
    }
    variables_.resize(mark);
    return flow;
  }

  Flow RunTemplate(const Node& node, const Value& dot) {
    const auto it = trees_.find(node.text);
    if (it == trees_.end()) return FailFlow("template " + base::Quote(node.text) + " not defined");
    if (depth_ >= limits_.depth_max) {
      return FailFlow(fmt::format("exceeded maximum template depth ({})", limits_.depth_max));
    }
    std::optional<Value> data = Value();
    if (node.has_pipeline) data = Pipeline(dot, node.pipeline);
    if (!data) return Flow::kError;
    ++depth_;
    const Flow flow = RunTree(*it->second, *data);
    --depth_;
    return flow == Flow::kError ? flow : Flow::kNext;
  }

  Flow RunRange(const Node& node, const Value& dot) {
    const std::size_t mark = variables_.size();
    const auto value = Pipeline(dot, node.pipeline);
    if (!value) return Flow::kError;
    bool ran = false;
    const Flow flow = RunRounds(node, *value, mark, ran);
    variables_.resize(mark);
    if (flow == Flow::kError) return flow;
    if (ran || !node.has_else) return Flow::kNext;
    const Flow otherwise = RunList(node.otherwise, dot);
    variables_.resize(mark);
    return otherwise;
  }

  Flow RunRounds(const Node& node, const Value& value, std::size_t mark, bool& ran) {
    if (const ValueList* list = value.AsList()) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        ran = true;
        const Flow flow = Round(node, mark, Value::Int(static_cast<std::int64_t>(i)), (*list)[i]);
        if (flow != Flow::kNext) return flow;
      }
      return Flow::kNext;
    }
    if (const ValueMap* map = value.AsMap()) {
      for (const auto& [key, entry] : *map) {
        ran = true;
        const Flow flow = Round(node, mark, Value::String(key), entry);
        if (flow != Flow::kNext) return flow;
      }
      return Flow::kNext;
    }
    if (value.kind() == Value::Kind::kInt || value.kind() == Value::Kind::kDuration)
      return CountRounds(node, value, mark, ran);
    if (value.is_nil()) return Flow::kNext;
    return FailFlow("range can't iterate over " + PrintValue(value));
  }

  Flow CountRounds(const Node& node, const Value& value, std::size_t mark, bool& ran) {
    if (node.pipeline.variables.size() > 1) {
      return FailFlow("can't use " + PrintValue(value) + " to iterate over more than one variable");
    }
    const std::int64_t n = value.kind() == Value::Kind::kInt ? value.int_value() : value.duration_value().count;
    for (std::int64_t i = 0; i < n; ++i) {
      ran = true;
      const Flow flow = Round(node, mark, Value::Int(i), Value::Int(i));
      if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  }

  // One round; kBreak ends the loop.
  Flow Round(const Node& node, std::size_t mark, Value key, const Value& element) {
    if (!Charge(1)) return Flow::kError;
    const auto& names = node.pipeline.variables;
    if (names.size() == 1) {
      SetLoopVariable(node, mark, 0, element);
    } else if (names.size() == 2) {
      SetLoopVariable(node, mark, 0, std::move(key));
      SetLoopVariable(node, mark, 1, element);
    }
    const Flow flow = RunList(node.body, element);
    variables_.resize(mark + (node.pipeline.flag ? 0 : names.size()));
    return flow == Flow::kContinue ? Flow::kNext : flow;
  }

  void SetLoopVariable(const Node& node, std::size_t mark, std::size_t i, Value value) {
    if (node.pipeline.flag) {
      SetVariable(node.pipeline.variables[i].first, std::move(value));
      return;
    }
    // The pipeline declared it already.
    variables_[mark + i].second = std::move(value);
  }

  // --- variables ---

  void SetVariable(const std::string& name, Value value) {
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (it->first != name) continue;
      it->second = std::move(value);
      return;
    }
    Fail("undefined variable: " + name);
  }

  std::optional<Value> GetVariable(const std::string& name) {
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (it->first == name) return it->second;
    }
    return Fail("undefined variable: " + name);
  }

  // --- pipelines ---

  std::optional<Value> Pipeline(const Value& dot, const Expression& pipe) {
    At(pipe);
    std::optional<Value> value;
    for (const Command& command : pipe.commands) {
      const std::optional<Value> before = std::move(value);
      value = RunCommand(dot, command, before ? &*before : nullptr);
      if (!value) return std::nullopt;
    }
    for (const auto& [name, position] : pipe.variables) {
      if (pipe.flag) {
        SetVariable(name, *value);
      } else {
        variables_.emplace_back(name, *value);
      }
    }
    if (!error_.ok()) return std::nullopt;
    return value;
  }

  // `last` is what the stage before yields, the last argument of this one; null in the first stage.
  std::optional<Value> RunCommand(const Value& dot, const Command& command, const Value* last) {
    const Expression& first = command.words[0];
    const Arguments arguments{.dot = dot, .words = std::span(command.words).subspan(1), .last = last};
    switch (first.kind) {
      case Expression::Kind::kField: return Field(dot, first, arguments);
      case Expression::Kind::kChain: return Chain(dot, first, arguments);
      case Expression::Kind::kVariable: return Variable(first, arguments);
      case Expression::Kind::kFunction: return CallFunction(first, Place{.command = &command}, arguments);
      default: break;
    }
    At(first);
    if (!arguments.empty()) return Fail("can't give argument to non-function " + WordText(first));
    switch (first.kind) {
      case Expression::Kind::kPipeline: return Pipeline(dot, first);
      case Expression::Kind::kDot: return dot;
      case Expression::Kind::kNil: return Fail("nil is not a command");
      default: return Constant(first);
    }
  }

  static std::string WordText(const Expression& word) {
    return word.kind == Expression::Kind::kPipeline ? "(" + word.ToString() + ")" : word.ToString();
  }

  std::optional<Value> Constant(const Expression& e) {
    At(e);
    if (e.kind == Expression::Kind::kBool) return Value::Bool(e.flag);
    if (e.kind == Expression::Kind::kString) return Value::String(e.string_value);
    if (e.is_float || !e.int_valid) return Value::Float(e.float_value);
    return Value::Int(e.int_value);
  }

  // What follows the first word of a command.
  struct Arguments {
    const Value& dot;
    std::span<const Expression> words;
    const Value* last = nullptr;
    [[nodiscard]] bool empty() const { return words.empty() && !last; }
    [[nodiscard]] std::size_t count() const { return words.size() + (last ? 1 : 0); }
  };

  std::optional<Value> Field(const Value& dot, const Expression& field, const Arguments& arguments) {
    At(field);
    return FieldChain(dot, field, field.names, arguments);
  }

  std::optional<Value> Chain(const Value& dot, const Expression& chain, const Arguments& arguments) {
    At(chain);
    if (chain.base->kind == Expression::Kind::kNil) {
      return Fail("indirection through explicit nil in " + chain.ToString());
    }
    const auto base = EvaluateAny(dot, *chain.base);
    if (!base) return std::nullopt;
    return FieldChain(*base, chain, chain.names, arguments);
  }

  std::optional<Value> Variable(const Expression& variable, const Arguments& arguments) {
    At(variable);
    auto value = GetVariable(variable.names[0]);
    if (!value) return std::nullopt;
    if (variable.names.size() == 1) {
      if (!arguments.empty()) return Fail("can't give argument to non-function " + variable.ToString());
      return value;
    }
    return FieldChain(*value, variable, std::span(variable.names).subspan(1), arguments);
  }

  std::optional<Value> FieldChain(const Value& receiver, const Expression& node, std::span<const std::string> names,
                                  const Arguments& arguments) {
    Value value = receiver;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool is_last = i + 1 == names.size();
      // A template called without an argument has nothing for its dot, and asking that for a field yields nothing.
      if (value.is_nil() && i == 0 && node.kind == Expression::Kind::kField) return Value();
      auto next = OneField(value, names[i], node, is_last ? arguments : Arguments{.dot = arguments.dot, .words = {}});
      if (!next) return std::nullopt;
      value = std::move(*next);
    }
    return value;
  }

  std::optional<Value> OneField(const Value& receiver, const std::string& name, const Expression& node,
                                const Arguments& arguments) {
    if (!Charge(1)) return std::nullopt;
    if (receiver.is_nil()) return Fail("nil pointer evaluating interface {}." + name);
    if (HasTimeMethod(receiver, name)) {
      return CallMethod(name, node, arguments,
                        [&](std::span<const Value> args) { return *CallTimeMethod(receiver, name, args); });
    }
    if (receiver.kind() == Value::Kind::kObject) {
      const Object& object = receiver.object();
      switch (object.Has(name)) {
        case Object::Member::kMethod:
          return CallMethod(name, node, arguments, [&](std::span<const Value> args) { return object.Get(name, args); });
        case Object::Member::kField:
          if (!arguments.empty()) return Fail(name + " has arguments but cannot be invoked as function");
          return FromResult(object.Get(name, {}), name, Place{.expression = &node});
        case Object::Member::kNone: break;
      }
    }
    if (receiver.AsMap()) {
      if (!arguments.empty()) return Fail(name + " is not a method but has arguments");
      return receiver.MapEntry(name);
    }
    return Fail("can't evaluate field " + name + " in type " + receiver.TypeName());
  }

  std::optional<Value> FromResult(base::Result<Value> result, const std::string& name, const Place& place) {
    if (!result.ok()) {
      place_ = place;
      return Fail("error calling " + name + ": " + result.status().message());
    }
    if (result->is_string() && result->string_value().size() > limits_.output_bytes_max) {
      place_ = place;
      return Fail(fmt::format("{} made a text of over {} bytes", name, limits_.output_bytes_max),
                  base::StatusCode::kLimitExceeded);
    }
    return std::move(result).value();
  }

  template <typename Call>
  std::optional<Value> CallMethod(const std::string& name, const Expression& node, const Arguments& arguments,
                                  const Call& call) {
    std::vector<Value> values;
    for (const Expression& word : arguments.words) {
      auto value = EvaluateAny(arguments.dot, word);
      if (!value) return std::nullopt;
      values.push_back(std::move(*value));
    }
    if (arguments.last) values.push_back(*arguments.last);
    At(node);
    return FromResult(call(values), name, Place{.expression = &node});
  }

  // --- functions ---

  std::optional<Value> CallFunction(const Expression& function, const Place& place, const Arguments& arguments) {
    At(function);
    const std::string& name = function.text;
    auto it = functions_.find(name);
    const bool is_builtin = it == functions_.end();
    if (is_builtin) {
      it = Builtins().find(name);
      if (it == Builtins().end()) return Fail(base::Quote(name) + " is not a defined function");
    }
    const templating::Function& f = it->second;
    if (f.rest && arguments.count() < f.fixed.size()) {
      return Fail(fmt::format("wrong number of args for {}: want at least {} got {}", name, f.fixed.size(),
                              arguments.words.size()));
    }
    if (!f.rest && arguments.count() != f.fixed.size()) {
      return Fail(fmt::format("wrong number of args for {}: want {} got {}", name, f.fixed.size(), arguments.count()));
    }
    if (is_builtin && (name == "and" || name == "or")) return ShortCircuit(name == "or", arguments);
    std::vector<Value> values;
    if (!EvaluateArguments(f, arguments, values)) return std::nullopt;
    return FromResult(f.call(values), name, place);
  }

  std::optional<Value> ShortCircuit(bool stops_at, const Arguments& arguments) {
    std::optional<Value> value;
    for (const Expression& word : arguments.words) {
      value = EvaluateAny(arguments.dot, word);
      if (!value || value->IsTrue() == stops_at) return value;
    }
    if (arguments.last) return *arguments.last;
    return value;
  }

  bool EvaluateArguments(const templating::Function& f, const Arguments& arguments, std::vector<Value>& out) {
    const auto type_of = [&](std::size_t i) { return i < f.fixed.size() ? f.fixed[i] : *f.rest; };
    std::int64_t weight = 1;
    for (const Expression& word : arguments.words) {
      auto value = EvaluateArgument(arguments.dot, word, type_of(out.size()));
      if (!value) return false;
      weight += WeightOf(*value);
      out.push_back(std::move(*value));
    }
    if (arguments.last) {
      if (!CheckKind(*arguments.last, type_of(out.size()))) return false;
      weight += WeightOf(*arguments.last);
      out.push_back(*arguments.last);
    }
    return Charge(weight);
  }

  bool CheckKind(const Value& value, Argument type) {
    if (Fits(value, type)) return true;
    if (value.is_nil()) {
      Fail(fmt::format("invalid value; expected {}", ArgumentName(type)));
    } else {
      Fail(fmt::format("wrong type for value; expected {}; got {}", ArgumentName(type), value.TypeName()));
    }
    return false;
  }

  // An operand where any kind will do.
  std::optional<Value> EvaluateAny(const Value& dot, const Expression& e) {
    At(e);
    const Arguments none{.dot = dot, .words = {}};
    switch (e.kind) {
      case Expression::Kind::kDot: return dot;
      case Expression::Kind::kNil: return Value();
      case Expression::Kind::kField: return Field(dot, e, none);
      case Expression::Kind::kVariable: return Variable(e, none);
      case Expression::Kind::kPipeline: return Pipeline(dot, e);
      case Expression::Kind::kFunction: return CallFunction(e, Place{.expression = &e}, none);
      case Expression::Kind::kChain: return Chain(dot, e, none);
      default: return Constant(e);
    }
  }

  std::optional<Value> EvaluateArgument(const Value& dot, const Expression& e, Argument type) {
    if (type == Argument::kAny) return EvaluateAny(dot, e);
    const bool is_literal =
        e.kind == Expression::Kind::kBool || e.kind == Expression::Kind::kNumber || e.kind == Expression::Kind::kString;
    if (e.kind == Expression::Kind::kNil && type != Argument::kList) {
      At(e);
      return Fail(fmt::format("cannot assign nil to {}", ArgumentName(type)));
    }
    if (is_literal) return Literal(e, type);
    auto value = EvaluateAny(dot, e);
    if (!value || !CheckKind(*value, type)) return std::nullopt;
    return value;
  }

  std::optional<Value> Literal(const Expression& e, Argument type) {
    At(e);
    if (type == Argument::kInt && e.kind == Expression::Kind::kNumber && e.int_valid) return Value::Int(e.int_value);
    auto value = Constant(e);
    if (value && Fits(*value, type)) return value;
    const std::string_view wanted = type == Argument::kInt ? "integer" : ArgumentName(type);
    return Fail(fmt::format("expected {}; found {}", wanted, e.ToString()));
  }

  const TreeMap& trees_;
  const FunctionTable& functions_;
  const ExecuteLimits& limits_;

  const Tree* tree_ = nullptr;
  Place place_;
  std::vector<std::pair<std::string, Value>> variables_;
  std::int64_t steps_left_;
  int depth_ = 0;
  std::string out_;
  base::Status error_;
};

}  // namespace

base::Result<std::string> ExecuteTree(const Tree& tree, const Value& data, const TreeMap& trees,
                                      const FunctionTable& functions, const ExecuteLimits& limits) {
  return Execution(trees, functions, limits).Run(tree, data);
}

}  // namespace bellwether::templating
