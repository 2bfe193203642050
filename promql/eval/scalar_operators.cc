#include "promql/eval/scalar_operators.h"

#include <memory>
#include <string>
#include <utility>

#include "promql/eval/binary_values.h"
#include "promql/eval/histogram_values.h"
#include "promql/eval/nameless.h"

namespace bellwether::promql {
namespace {

class NumberOperator final : public ScalarOperator {
 public:
  NumberOperator(std::size_t steps, double value) : steps_(steps), value_(value) {}
  base::Result<ScalarColumn> Evaluate(QueryContext&) override { return ScalarColumn(steps_, value_); }

 private:
  const std::size_t steps_;
  const double value_;
};

class ScalarBinary final : public ScalarOperator {
 public:
  ScalarBinary(const Binary& expr, ScalarOperatorPtr lhs, ScalarOperatorPtr rhs)
      : operator_(expr.op, expr.position), lhs_(std::move(lhs)), rhs_(std::move(rhs)) {}

  base::Result<ScalarColumn> Evaluate(QueryContext& context) override {
    BW_ASSIGN_OR_RETURN(ScalarColumn a, lhs_->Evaluate(context));
    BW_ASSIGN_OR_RETURN(const ScalarColumn b, rhs_->Evaluate(context));
    for (std::size_t i = 0; i < a.size(); ++i) {
      bool keep = true;
      if (!operator_.ApplyFloats(a[i], b[i], a[i], keep)) {
        return base::Execution("operator \"" + std::string(BinaryOpText(operator_.op())) +
                               "\" not allowed for Scalar operations");
      }
      if (operator_.is_comparison()) a[i] = keep ? 1 : 0;
    }
    return a;
  }

 private:
  const CellOperator operator_;
  const ScalarOperatorPtr lhs_;
  const ScalarOperatorPtr rhs_;
};

class NegatedScalar final : public ScalarOperator {
 public:
  explicit NegatedScalar(ScalarOperatorPtr inner) : inner_(std::move(inner)) {}
  base::Result<ScalarColumn> Evaluate(QueryContext& context) override {
    BW_ASSIGN_OR_RETURN(ScalarColumn column, inner_->Evaluate(context));
    for (double& v : column) v = -v;
    return column;
  }

 private:
  const ScalarOperatorPtr inner_;
};

class VectorScalar final : public VectorOperator {
 public:
  VectorScalar(const Binary& expr, VectorOperatorPtr vector, ScalarOperatorPtr scalar, bool scalar_left)
      : expr_(expr),
        operator_(expr.op, expr.position),
        return_bool_(expr.return_bool),
        scalar_left_(scalar_left),
        vector_(std::move(vector)),
        scalar_(std::move(scalar)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    BW_ASSIGN_OR_RETURN(const ScalarColumn column, scalar_->Evaluate(context));
    const auto produce = [&](const RowSink& out) {
      return vector_->Run(context, [&](Row& row) -> base::Status {
        bool any = false;
        for (std::size_t i = 0; i < row.steps(); ++i) {
          if (!row.Present(i)) continue;
          ApplyAt(context, row, i, column[i]);
          any |= row.Present(i);
        }
        return any ? out(row) : base::OkStatus();
      });
    };
    return operator_.drops_name() || return_bool_ ? ProduceNameless(context, expr_, sink, produce) : produce(sink);
  }

 private:
  void ApplyAt(QueryContext& context, Row& row, std::size_t i, double x) const {
    const CellView element = ViewOf(row, i);
    const CellView scalar = FloatView(x);
    std::optional<Annotation> note;
    CellResult result = scalar_left_ ? operator_.Apply(scalar, element, note) : operator_.Apply(element, scalar, note);
    if (note) context.annotations.Add(*std::move(note));
    if (!result.defined) {
      row.Clear(i);
    } else if (return_bool_) {
      row.SetFloat(i, result.keep ? 1 : 0);
    } else if (!result.keep) {
      row.Clear(i);
    } else if (operator_.is_comparison()) {
      // A filter: the element stays, whichever side it stands on.
    } else if (result.is_histogram) {
      row.SetHistogram(i, std::move(result.histogram));
    } else {
      row.SetFloat(i, result.value);
    }
  }

  const Binary& expr_;  // Of the plan's tree, which outlives it.
  const CellOperator operator_;
  const bool return_bool_;
  const bool scalar_left_;
  const VectorOperatorPtr vector_;
  const ScalarOperatorPtr scalar_;
};

class NegatedVector final : public VectorOperator {
 public:
  NegatedVector(const Unary& expr, VectorOperatorPtr inner) : expr_(expr), inner_(std::move(inner)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    return ProduceNameless(context, expr_, sink, [&](const RowSink& out) {
      return inner_->Run(context, [&](Row& row) {
        for (std::size_t i = 0; i < row.steps(); ++i) {
          if (row.cells[i] == Cell::kFloat) row.values[i] = -row.values[i];
          if (row.cells[i] == Cell::kHistogram) row.SetHistogram(i, ScaleHistogram(*row.histograms[i], -1));
        }
        return out(row);
      });
    });
  }

 private:
  const Unary& expr_;  // Of the plan's tree, which outlives it.
  const VectorOperatorPtr inner_;
};

}  // namespace

ScalarOperatorPtr MakeNumber(const Grid& grid, double value) {
  return std::make_unique<NumberOperator>(grid.count, value);
}
ScalarOperatorPtr MakeScalarBinary(const Binary& expr, ScalarOperatorPtr lhs, ScalarOperatorPtr rhs) {
  return std::make_unique<ScalarBinary>(expr, std::move(lhs), std::move(rhs));
}
ScalarOperatorPtr MakeNegatedScalar(ScalarOperatorPtr inner) {
  return std::make_unique<NegatedScalar>(std::move(inner));
}
VectorOperatorPtr MakeVectorScalar(const Binary& expr, VectorOperatorPtr vector, ScalarOperatorPtr scalar,
                                   bool scalar_left) {
  return std::make_unique<VectorScalar>(expr, std::move(vector), std::move(scalar), scalar_left);
}
VectorOperatorPtr MakeNegatedVector(const Unary& expr, VectorOperatorPtr inner) {
  return std::make_unique<NegatedVector>(expr, std::move(inner));
}

}  // namespace bellwether::promql
