#include "storage/rocks/window_merger.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/log.h"
#include "storage/chunk/chunk_merger.h"
#include "storage/rocks/merge_plan.h"
#include "storage/rocks/window_writer.h"

namespace bellwether::storage {
namespace {

constexpr int kSeriesAtOnce = 64;  // Between looks at the clock.

// Windows are whole or gone by the retention, so one may not span much of it.
std::int64_t LongestSpan(base::DurationMs retention, base::DurationMs window) {
  constexpr std::int64_t kRetentionPart = 7;
  return retention.ms == 0 ? kSpanMax : std::max<std::int64_t>(1, retention.ms / kRetentionPart / window.ms);
}

// The series of one input, in order of (metric name, label set).
class MergeInput {
 public:
  explicit MergeInput(std::shared_ptr<const SealedWindow> window)
      : window_(std::move(window)),
        label_reader_(window_->NewLabelReader(SealedWindow::Access::kScan)),
        chunk_reader_(window_->NewChunkReader(SealedWindow::Access::kScan)) {}

  // False behind the last.
  base::Result<bool> Next() {
    if (next_ == window_->entry().series) return false;
    BW_ASSIGN_OR_RETURN(labels_, label_reader_->Read(next_++));
    return true;
  }
  [[nodiscard]] const metric::Labels& labels() const { return labels_; }
  base::Status AddChunks(std::vector<chunk::ChunkView>& chunks) { return chunk_reader_->Read(next_ - 1, chunks); }

 private:
  std::shared_ptr<const SealedWindow> window_;
  std::unique_ptr<SealedWindow::LabelReader> label_reader_;
  std::unique_ptr<SealedWindow::ChunkReader> chunk_reader_;
  std::uint32_t next_ = 0;
  metric::Labels labels_;
};

bool ComesBefore(const metric::Labels& a, const metric::Labels& b) {
  const int order = a.Name().compare(b.Name());
  return order != 0 ? order < 0 : a < b;
}

}  // namespace

class WindowMerger::Merge {
 public:
  // `windows`: those of the plan.
  Merge(RocksCore& core, MergePlan plan, WindowList windows)
      : core_(core),
        plan_(std::move(plan)),
        windows_(std::move(windows)),
        key_(core.catalogue->ReserveGeneration(plan_.first)) {
    core_.catalogue->Hold(plan_.inputs);
  }
  ~Merge() {
    inputs_.clear();
    core_.catalogue->Release(plan_.inputs);
    core_.catalogue->Unreserve(key_);
  }
  Merge(const Merge&) = delete;
  Merge& operator=(const Merge&) = delete;

  base::Status Open() {
    BW_ASSIGN_OR_RETURN(writer_, WindowWriter::Begin(*core_.database, core_.options.path + "/merge",
                                                     {key_, plan_.span, core_.internals.window}));
    for (const auto& window : windows_) {
      auto input = std::make_unique<MergeInput>(window);
      BW_ASSIGN_OR_RETURN(const bool any, input->Next());
      if (any) inputs_.push_back(std::move(input));
    }
    return base::OkStatus();
  }

  // False behind the last series.
  base::Result<bool> NextSeries() {
    if (inputs_.empty()) return false;
    const metric::Labels* first = &inputs_[0]->labels();
    for (const auto& input : inputs_) {
      if (ComesBefore(input->labels(), *first)) first = &input->labels();
    }
    const metric::Labels labels = *first;
    chunks_.clear();
    at_hand_.clear();
    for (const auto& input : inputs_) {
      if (input->labels() != labels) continue;
      BW_RETURN_IF_ERROR(input->AddChunks(chunks_));
      at_hand_.push_back(input.get());
    }
    BW_RETURN_IF_ERROR(merger_.Merge(chunks_, {}));
    if (!merger_.merged().empty()) {
      BW_RETURN_IF_ERROR(writer_->Add(labels, merger_.merged()));
      is_empty_ = false;
    }
    for (MergeInput* input : at_hand_) {
      BW_ASSIGN_OR_RETURN(const bool any, input->Next());
      if (!any) std::erase_if(inputs_, [&](const auto& other) { return other.get() == input; });
    }
    return true;
  }

  [[nodiscard]] const MergePlan& plan() const { return plan_; }
  [[nodiscard]] WindowWriter& writer() { return *writer_; }

  // Nothing is left of the inputs: all of it was deleted.
  [[nodiscard]] bool is_empty() const { return is_empty_; }

  // The retention may have taken an input away meanwhile, or somebody may have deleted samples of one.
  [[nodiscard]] bool IsCurrent() const {
    const auto now = core_.catalogue->windows();
    return std::all_of(windows_.begin(), windows_.end(),
                       [&](const auto& w) { return std::find(now->begin(), now->end(), w) != now->end(); });
  }

 private:
  RocksCore& core_;
  const MergePlan plan_;
  const WindowList windows_;  // The plan's inputs, held in the catalogue.
  const WindowKey key_;
  std::unique_ptr<WindowWriter> writer_;
  std::vector<std::unique_ptr<MergeInput>> inputs_;  // Not at their end; in order of the catalogue.
  std::vector<MergeInput*> at_hand_;
  bool is_empty_ = true;
  std::vector<chunk::ChunkView> chunks_;
  chunk::ChunkMerger merger_;
};

WindowMerger::WindowMerger(RocksCore& core) : core_(core) {}
WindowMerger::~WindowMerger() = default;

base::Result<std::unique_ptr<WindowMerger::Merge>> WindowMerger::Begin() {
  const std::optional<base::TimestampMs> newest = core_.newest.Get();
  if (!newest) return std::unique_ptr<Merge>();
  const auto windows = core_.catalogue->windows();
  std::vector<WindowEntry> entries;
  for (const auto& window : *windows) entries.push_back(window->entry());
  MergeRules rules;
  rules.end = head::WindowOf(*newest - core_.options.out_of_order_window, core_.internals.window);
  rules.span_max = LongestSpan(core_.options.retention, core_.internals.window);
  for (const head::WindowId window : core_.head->Windows()) rules.unsealed.insert(window);
  rules.given_up = given_up_;
  std::optional<MergePlan> plan = PlanMerge(entries, rules);
  if (!plan) return std::unique_ptr<Merge>();
  WindowList inputs;
  std::copy_if(windows->begin(), windows->end(), std::back_inserter(inputs), [&](const auto& window) {
    return std::find(plan->inputs.begin(), plan->inputs.end(), window->entry().key) != plan->inputs.end();
  });
  auto merge = std::make_unique<Merge>(core_, std::move(*plan), std::move(inputs));
  BW_RETURN_IF_ERROR(merge->Open());
  return merge;
}

base::Result<bool> WindowMerger::Work(std::chrono::nanoseconds slice) {
  const WorkTime time(core_.metrics, BackgroundWork::kMerge, core_.clock);
  if (merge_ != nullptr && !merge_->IsCurrent()) merge_.reset();
  if (merge_ == nullptr && core_.gate.state() == WriteGate::State::kOpen) {
    BW_ASSIGN_OR_RETURN(merge_, Begin());
  }
  if (merge_ == nullptr) return false;
  bool more = true;
  base::Status status = WriteOn(slice, more);
  if (status.ok() && !more) status = Finish();
  if (status.code() == base::StatusCode::kCorruption) given_up_.insert(merge_->plan().first);
  if (!status.ok() || !more) merge_.reset();  // Reads the inputs no more: their files may go.
  if (status.ok() && !more) status = core_.catalogue->DropRemoved();
  core_.metrics.merges_under_way.Set(merge_ == nullptr ? 0 : 1);
  BW_RETURN_IF_ERROR(std::move(status));
  return true;
}

base::Status WindowMerger::WriteOn(std::chrono::nanoseconds slice, bool& more) {
  const std::int64_t begin = core_.clock.MonotonicNanos();
  for (int series = 1; more; ++series) {
    BW_ASSIGN_OR_RETURN(more, merge_->NextSeries());
    if (series % kSeriesAtOnce == 0 && core_.clock.MonotonicNanos() - begin >= slice.count()) break;
  }
  return base::OkStatus();
}

base::Status WindowMerger::Finish() {
  using Step = RocksInternals::SealStep;
  WindowWriter& writer = merge_->writer();
  const MergePlan& plan = merge_->plan();
  if (merge_->is_empty()) return core_.catalogue->Remove(plan.inputs);
  BW_RETURN_IF_ERROR(writer.Finish());
  BW_RETURN_IF_ERROR(core_.AfterStep(Step::kMergeWritten));
  BW_ASSIGN_OR_RETURN(const WindowEntry entry, writer.Ingest());
  BW_RETURN_IF_ERROR(core_.AfterStep(Step::kMergeIngested));
  BW_RETURN_IF_ERROR(core_.catalogue->Merge(entry, plan.inputs).status());
  core_.metrics.merges.Add();
  core_.metrics.work_bytes[WorkIndex(BackgroundWork::kMerge)]->Add(entry.bytes);
  BW_LOG(kInfo, "windows merged", {"window", head::WindowStart(plan.first, core_.internals.window)},
         {"span", plan.span}, {"from", plan.inputs.size()}, {"series", entry.series}, {"samples", entry.samples},
         {"bytes", entry.bytes});
  return core_.AfterStep(Step::kMergeNamed);
}

}  // namespace bellwether::storage
