// template/tree.h
//
// A parsed template: immutable after parsing, shared by all who run it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bellwether::templating {

struct Command;

// Operands and what is made of them.
struct Expression {
  enum class Kind : std::uint8_t {
    kDot,
    kNil,
    kBool,
    kNumber,
    kString,
    kField,
    kVariable,
    kFunction,
    kChain,
    kPipeline
  };
  Kind kind = Kind::kDot;
  std::size_t position = 0;        // Byte in the text.
  std::string text;                // As written (numbers, strings), or the name (functions).
  std::vector<std::string> names;  // Fields in order; of a variable its name first.
  bool flag = false;               // kBool; of a pipeline: assigns instead of declaring.
  bool is_float = false;           // kNumber.
  bool int_valid = false;          // kNumber: int_value holds it exactly.
  std::int64_t int_value = 0;
  double float_value = 0;
  std::string string_value;          // kString.
  std::unique_ptr<Expression> base;  // kChain: what the fields are taken of.
  // kPipeline:
  std::vector<std::pair<std::string, std::size_t>> variables;  // Declared or assigned, with positions.
  std::vector<Command> commands;

  // The expression as messages quote it.
  [[nodiscard]] std::string ToString() const;
};

// One stage of a pipeline: an operand, or a function or method with its arguments.
struct Command {
  std::size_t position = 0;
  std::vector<Expression> words;  // Not empty.

  [[nodiscard]] std::string ToString() const;
};

struct Node {
  enum class Kind : std::uint8_t { kText, kAction, kIf, kRange, kWith, kTemplate, kBreak, kContinue };
  Kind kind = Kind::kText;
  std::size_t position = 0;
  std::string text;  // kText; of kTemplate the name.
  bool has_pipeline = false;
  Expression pipeline;  // kAction, kIf, kRange, kWith, and kTemplate where given.
  std::vector<Node> body;
  bool has_else = false;
  std::vector<Node> otherwise;  // {{else}}
};

// One definition. `text` is the whole source it stands in, for line and column.
struct Tree {
  std::string name;
  std::string parse_name;
  std::shared_ptr<const std::string> source;
  std::vector<Node> nodes;

  // Nothing but white space and comments.
  [[nodiscard]] bool IsEmpty() const;
};

}  // namespace bellwether::templating
