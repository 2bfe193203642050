#include "api/json/expr_json.h"

#include "base/number.h"
#include "promql/parser/function_signatures.h"

namespace bellwether::api {
namespace {

using promql::Expr;
using promql::ExprKind;
using promql::ExprPtr;

std::string_view JsonTypeName(promql::ValueType type) {
  switch (type) {
    case promql::ValueType::kScalar: return "scalar";
    case promql::ValueType::kVector: return "vector";
    case promql::ValueType::kMatrix: return "matrix";
    case promql::ValueType::kString: return "string";
  }
  return "none";
}

std::string_view JsonCardinality(promql::Cardinality cardinality) {
  switch (cardinality) {
    case promql::Cardinality::kOneToOne: return "one-to-one";
    case promql::Cardinality::kManyToOne: return "many-to-one";
    case promql::Cardinality::kOneToMany: return "one-to-many";
    case promql::Cardinality::kManyToMany: return "many-to-many";
  }
  return "";
}

std::string_view DurationOpName(promql::DurationExpr::Op op) {
  using Op = promql::DurationExpr::Op;
  switch (op) {
    case Op::kAdd: return "+";
    case Op::kSub: return "-";
    case Op::kMul: return "*";
    case Op::kDiv: return "/";
    case Op::kMod: return "%";
    case Op::kPow: return "^";
    case Op::kStep: return "step";
    case Op::kRange: return "range";
    case Op::kMaxOf: return "max_of";
    case Op::kMinOf: return "min_of";
  }
  return "";
}

void WriteOptionalExpr(JsonWriter& json, std::string_view key, const ExprPtr& expr) {
  json.Key(key);
  if (expr) {
    WriteExpr(json, *expr);
  } else {
    json.Null();
  }
}

void WriteStringList(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

void WriteTimeModifiers(JsonWriter& json, const promql::TimeModifiers& time) {
  json.Key("offset").Integer(time.offset.ms);
  WriteOptionalExpr(json, "offsetExpr", time.offset_expr);
  using Kind = promql::AtModifier::Kind;
  json.Key("timestamp");
  if (time.at && time.at->kind == Kind::kTimestamp) {
    json.Integer(time.at->timestamp.ms);
  } else {
    json.Null();
  }
  json.Key("startOrEnd");
  if (time.at && time.at->kind != Kind::kTimestamp) {
    json.String(time.at->kind == Kind::kStart ? "start" : "end");
  } else {
    json.Null();
  }
}

void WriteSelectorParts(JsonWriter& json, const promql::VectorSelector& selector) {
  json.Key("name").String(selector.name).Key("matchers").BeginArray();
  for (const metric::Matcher& matcher : selector.matchers) {
    json.BeginObject().Key("name").String(matcher.name()).Key("value").String(matcher.value());
    json.Key("type").String(metric::MatchOpText(matcher.op())).EndObject();
  }
  json.EndArray();
  WriteTimeModifiers(json, selector.time);
  json.Key("anchored").Bool(selector.anchored).Key("smoothed").Bool(selector.smoothed);
}

void WriteMatrixSelector(JsonWriter& json, const promql::MatrixSelector& selector) {
  json.Key("range").Integer(selector.range.ms);
  WriteOptionalExpr(json, "rangeExpr", selector.range_expr);
  WriteSelectorParts(json, *selector.selector);
}

void WriteSubquery(JsonWriter& json, const promql::Subquery& subquery) {
  WriteOptionalExpr(json, "expr", subquery.expr);
  json.Key("range").Integer(subquery.range.ms);
  WriteOptionalExpr(json, "rangeExpr", subquery.range_expr);
  json.Key("step").Integer(subquery.step.ms);
  WriteOptionalExpr(json, "stepExpr", subquery.step_expr);
  WriteTimeModifiers(json, subquery.time);
}

void WriteAggregate(JsonWriter& json, const promql::Aggregate& aggregate) {
  json.Key("op").String(promql::AggregateOpText(aggregate.op));
  WriteOptionalExpr(json, "expr", aggregate.expr);
  WriteOptionalExpr(json, "param", aggregate.param);
  WriteStringList(json, "grouping", aggregate.grouping);
  json.Key("without").Bool(aggregate.without);
}

void WriteFill(JsonWriter& json, std::string_view key, const std::optional<double>& fill) {
  json.Key(key);
  if (fill) {
    json.Number(*fill);
  } else {
    json.Null();
  }
}

void WriteMatching(JsonWriter& json, const promql::VectorMatching& matching) {
  json.BeginObject().Key("card").String(JsonCardinality(matching.cardinality));
  WriteStringList(json, "labels", matching.labels);
  json.Key("on").Bool(matching.on);
  WriteStringList(json, "include", matching.include);
  json.Key("fillValues").BeginObject();
  WriteFill(json, "lhs", matching.fill_left);
  WriteFill(json, "rhs", matching.fill_right);
  json.EndObject().EndObject();
}

void WriteBinary(JsonWriter& json, const promql::Binary& binary) {
  json.Key("op").String(promql::BinaryOpText(binary.op));
  WriteOptionalExpr(json, "lhs", binary.lhs);
  WriteOptionalExpr(json, "rhs", binary.rhs);
  json.Key("bool").Bool(binary.return_bool).Key("matching");
  if (binary.matching) {
    WriteMatching(json, *binary.matching);
  } else {
    json.Null();
  }
}

void WriteCall(JsonWriter& json, const promql::Call& call) {
  json.Key("func").BeginObject().Key("name").String(call.function->name).Key("argTypes").BeginArray();
  for (const promql::ValueType type : call.function->args) json.String(JsonTypeName(type));
  json.EndArray().Key("variadic").Integer(call.function->variadic);
  json.Key("returnType").String(JsonTypeName(call.function->result)).EndObject().Key("args").BeginArray();
  for (const ExprPtr& arg : call.args) WriteExpr(json, *arg);
  json.EndArray();
}

void WriteDuration(JsonWriter& json, const promql::DurationExpr& duration) {
  json.Key("op").String(DurationOpName(duration.op));
  WriteOptionalExpr(json, "lhs", duration.lhs);
  WriteOptionalExpr(json, "rhs", duration.rhs);
  json.Key("wrapped").Bool(duration.wrapped);
}

}  // namespace

void WriteExpr(JsonWriter& json, const Expr& expr) {
  json.BeginObject().Key("type");
  switch (expr.kind) {
    case ExprKind::kNumber: {
      const auto& number = static_cast<const promql::NumberLiteral&>(expr);
      json.String("numberLiteral").Key("val").String(base::FormatNumberF(number.value));
      if (number.is_duration) json.Key("duration").Bool(true);
      break;
    }
    case ExprKind::kString:
      json.String("stringLiteral").Key("val").String(static_cast<const promql::StringLiteral&>(expr).value);
      break;
    case ExprKind::kVectorSelector:
      json.String("vectorSelector");
      WriteSelectorParts(json, static_cast<const promql::VectorSelector&>(expr));
      break;
    case ExprKind::kMatrixSelector:
      json.String("matrixSelector");
      WriteMatrixSelector(json, static_cast<const promql::MatrixSelector&>(expr));
      break;
    case ExprKind::kSubquery:
      json.String("subquery");
      WriteSubquery(json, static_cast<const promql::Subquery&>(expr));
      break;
    case ExprKind::kAggregate:
      json.String("aggregation");
      WriteAggregate(json, static_cast<const promql::Aggregate&>(expr));
      break;
    case ExprKind::kBinary:
      json.String("binaryExpr");
      WriteBinary(json, static_cast<const promql::Binary&>(expr));
      break;
    case ExprKind::kUnary: {
      const auto& unary = static_cast<const promql::Unary&>(expr);
      json.String("unaryExpr").Key("op").String(unary.negative ? "-" : "+");
      WriteOptionalExpr(json, "expr", unary.expr);
      break;
    }
    case ExprKind::kCall:
      json.String("call");
      WriteCall(json, static_cast<const promql::Call&>(expr));
      break;
    case ExprKind::kParen:
      json.String("parenExpr");
      WriteOptionalExpr(json, "expr", static_cast<const promql::Paren&>(expr).expr);
      break;
    case ExprKind::kDuration:
      json.String("durationExpr");
      WriteDuration(json, static_cast<const promql::DurationExpr&>(expr));
      break;
  }
  json.EndObject();
}

}  // namespace bellwether::api
