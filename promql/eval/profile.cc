#include "promql/eval/profile.h"

#include <algorithm>
#include <utility>

namespace bellwether::promql {
namespace {

// At work while it lives, and then who was before.
class AtWork {
 public:
  AtWork(QueryProfile& profile, OperatorProfile* node) : profile_(profile), before_(profile.SwitchTo(node)) {}
  ~AtWork() { profile_.SwitchTo(before_); }
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;

  [[nodiscard]] OperatorProfile* before() const { return before_; }

 private:
  QueryProfile& profile_;
  OperatorProfile* const before_;
};

class MeasuredVector final : public VectorOperator {
 public:
  MeasuredVector(VectorOperatorPtr op, QueryProfile& profile, OperatorProfile& node)
      : op_(std::move(op)), profile_(profile), node_(node) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    const AtWork here(profile_, &node_);
    return op_->Run(context, [&](Row& row) {
      ++node_.rows;
      const AtWork above(profile_, here.before());
      return sink(row);
    });
  }

 private:
  const VectorOperatorPtr op_;
  QueryProfile& profile_;
  OperatorProfile& node_;
};

class MeasuredScalar final : public ScalarOperator {
 public:
  MeasuredScalar(ScalarOperatorPtr op, QueryProfile& profile, OperatorProfile& node)
      : op_(std::move(op)), profile_(profile), node_(node) {}

  base::Result<ScalarColumn> Evaluate(QueryContext& context) override {
    const AtWork here(profile_, &node_);
    ++node_.rows;
    return op_->Evaluate(context);
  }

 private:
  const ScalarOperatorPtr op_;
  QueryProfile& profile_;
  OperatorProfile& node_;
};

class MeasuredRange final : public RangeOperator {
 public:
  MeasuredRange(RangeOperatorPtr op, QueryProfile& profile, OperatorProfile& node)
      : RangeOperator(op->window()), op_(std::move(op)), profile_(profile), node_(node) {}

  bool from_storage() const override { return op_->from_storage(); }

  base::Status Run(QueryContext& context, const SeriesSink& sink) override {
    const AtWork here(profile_, &node_);
    return op_->Run(context, [&](SeriesSamples& series) {
      ++node_.rows;
      const AtWork above(profile_, here.before());
      return sink(series);
    });
  }

 private:
  const RangeOperatorPtr op_;
  QueryProfile& profile_;
  OperatorProfile& node_;
};

PlanNode TellNode(const OperatorProfile& node, std::string_view query) {
  PlanNode out;
  out.kind = node.kind;
  const auto start = static_cast<std::size_t>(std::max(node.position.start, 0));
  const auto end = static_cast<std::size_t>(std::max(node.position.end, node.position.start));
  if (start < query.size()) out.expr = query.substr(start, end - start);
  out.steps = node.steps;
  out.series_read = node.series_read;
  out.samples_read = node.samples_read;
  out.rows = node.rows;
  out.self_s = static_cast<double>(node.self_ns) / 1e9;
  out.peak_bytes = node.peak_bytes;
  for (const auto& input : node.inputs) out.inputs.push_back(TellNode(*input, query));
  return out;
}

}  // namespace

QueryProfile::Scope::Scope(QueryProfile* profile, std::string_view kind, PositionRange position, std::size_t steps)
    : profile_(profile), above_(profile == nullptr ? nullptr : profile->open_) {
  if (profile_ == nullptr) return;
  auto node = std::make_unique<OperatorProfile>();
  node->kind = kind;
  node->position = position;
  node->steps = steps;
  node_ = node.get();
  if (above_ == nullptr) {
    profile_->root_ = std::move(node);
  } else {
    above_->inputs.push_back(std::move(node));
  }
  profile_->open_ = node_;
}

QueryProfile::Scope::~Scope() {
  if (profile_ != nullptr) profile_->open_ = above_;
}

VectorOperatorPtr QueryProfile::Scope::Measured(VectorOperatorPtr op) const {
  return profile_ == nullptr ? std::move(op) : std::make_unique<MeasuredVector>(std::move(op), *profile_, *node_);
}
ScalarOperatorPtr QueryProfile::Scope::Measured(ScalarOperatorPtr op) const {
  return profile_ == nullptr ? std::move(op) : std::make_unique<MeasuredScalar>(std::move(op), *profile_, *node_);
}
RangeOperatorPtr QueryProfile::Scope::Measured(RangeOperatorPtr op) const {
  return profile_ == nullptr ? std::move(op) : std::make_unique<MeasuredRange>(std::move(op), *profile_, *node_);
}

OperatorProfile* QueryProfile::SwitchTo(OperatorProfile* node) {
  const std::int64_t now = clock_.MonotonicNanos();
  if (at_work_ != nullptr) at_work_->self_ns += now - since_ns_;
  since_ns_ = now;
  return std::exchange(at_work_, node);
}

void QueryProfile::CountSeries(std::uint64_t samples) {
  if (at_work_ == nullptr) return;
  ++at_work_->series_read;
  at_work_->samples_read += samples;
}

void QueryProfile::TakeBytes(std::uint64_t bytes) {
  if (at_work_ == nullptr) return;
  at_work_->bytes += bytes;
  at_work_->peak_bytes = std::max(at_work_->peak_bytes, at_work_->bytes);
}

// What one operator took another may hold in the end; nobody holds less than nothing.
void QueryProfile::ReleaseBytes(std::uint64_t bytes) {
  if (at_work_ != nullptr) at_work_->bytes -= std::min(at_work_->bytes, bytes);
}

std::shared_ptr<const PlanNode> QueryProfile::Tell(std::string_view query) const {
  return root_ == nullptr ? nullptr : std::make_shared<const PlanNode>(TellNode(*root_, query));
}

}  // namespace bellwether::promql
