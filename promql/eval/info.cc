#include "promql/eval/info.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "promql/eval/instant_selector.h"
#include "promql/eval/label_sets.h"
#include "promql/eval/selection.h"

namespace bellwether::promql {
namespace {

constexpr std::array<std::string_view, 2> kIdentifyingLabels = {"instance", "job"};
constexpr std::string_view kDefaultInfoMetric = "target_info";

// What the second argument asks for.
struct InfoWishes {
  std::vector<metric::Matcher> names;              // On the info metrics' names; complete.
  std::vector<metric::Matcher> data;               // On other labels.
  std::set<std::string, std::less<>> data_labels;  // Only these are added; empty: all.
  bool needs_match = false;                        // Series without an info series are dropped.

  explicit InfoWishes(const std::vector<metric::Matcher>& selector) {
    bool positive = false;
    for (const metric::Matcher& m : selector) {
      if (m.name() == metric::kMetricName) {
        positive = positive || m.op() == metric::MatchOp::kEqual || m.op() == metric::MatchOp::kRegex;
        names.push_back(m);
        continue;
      }
      data.push_back(m);
      data_labels.insert(m.name());
      needs_match = needs_match || !m.MatchesEmpty();
    }
    if (positive) return;
    const std::string name(metric::kMetricName);
    names.insert(names.begin(), names.empty()
                                    ? metric::Matcher::Equal(name, std::string(kDefaultInfoMetric))
                                    : metric::Matcher::Make(metric::MatchOp::kRegex, name, ".+_info").value());
  }

  [[nodiscard]] bool IsInfoMetric(std::string_view name) const {
    return std::all_of(names.begin(), names.end(), [&](const metric::Matcher& m) { return m.Matches(name); });
  }
};

// The identifying labels of a series.
metric::Labels TargetOf(const metric::Labels& labels) {
  metric::LabelsBuilder target;
  for (const std::string_view name : kIdentifyingLabels) target.Set(name, labels.Get(name));
  return target.Build();
}

// An info series: at each step the time of its sample.
struct InfoSeries {
  metric::Labels labels;
  std::size_t signature = 0;  // One number for each pair of info metric and target.
  std::vector<std::optional<base::TimestampMs>> times;
};

// All info series that may describe the base, and which describes what at a step.
class InfoTable {
 public:
  explicit InfoTable(MemoryBudget& budget) : hold_(budget) {}

  base::Status Fetch(const InfoSpec& spec, const Selection& selection, QueryContext& context) {
    SeriesSamples buffer;
    return ForEachSeries(context, selection, StaleMarkers::kKeep, buffer, [&](SeriesSamples& series) -> base::Status {
      InfoSeries info;
      info.times.resize(spec.grid.count);
      bool any = false;
      NewestSample newest(series);
      for (std::size_t step = 0; step < spec.grid.count; ++step) {
        const base::TimestampMs at = spec.shift.Apply(spec.grid.At(step));
        const NewestSample::Found found = newest.At(at);
        if (found.kind == Cell::kNone || found.time <= at - spec.lookback || newest.IsStale(found)) continue;
        if (found.kind == Cell::kHistogram) return base::Execution("info sample should be float");
        info.times[step] = found.time;
        context.counts->Add(step, 1, 1);
        any = true;
      }
      if (!any) return base::OkStatus();
      info.labels = std::move(series.labels);
      const metric::Labels target = TargetOf(info.labels);
      const std::string name(info.labels.Name());
      auto& of_metric = signatures_[name];
      info.signature = of_metric.try_emplace(target, signature_count_).first->second;
      if (info.signature == signature_count_) ++signature_count_;
      BW_RETURN_IF_ERROR(hold_.Add(0, sizeof(info) + info.times.size() * sizeof(info.times[0]) +
                                          LabelKeyBytes(info.labels) + LabelKeyBytes(target)));
      series_.push_back(std::move(info));
      return base::OkStatus();
    });
  }

  // The signatures under which a base series may find info series, by info metric.
  [[nodiscard]] std::vector<std::size_t> SignaturesOf(const metric::Labels& base) const {
    std::vector<std::size_t> out;
    const metric::Labels target = TargetOf(base);
    for (const auto& [name, of_metric] : signatures_) {
      const auto it = of_metric.find(target);
      if (it != of_metric.end()) out.push_back(it->second);
    }
    return out;
  }

  // Prepares for `step`: of several series with one signature the one with the newest sample counts.
  base::Status MoveTo(std::size_t step) {
    current_.assign(signature_count_, kNoSeries);
    for (std::size_t i = 0; i < series_.size(); ++i) {
      const InfoSeries& info = series_[i];
      if (!info.times[step]) continue;
      std::size_t& current = current_[info.signature];
      if (current == kNoSeries || *series_[current].times[step] < *info.times[step]) {
        current = i;
      } else if (*series_[current].times[step] == *info.times[step]) {
        return base::Execution(fmt::format("found duplicate series for info metric: existing {} @ {}, new {} @ {}",
                                           series_[current].labels.ToString(), series_[current].times[step]->ms,
                                           info.labels.ToString(), info.times[step]->ms));
      }
    }
    return base::OkStatus();
  }

  // Of the step moved to: the series with each signature, as far as there are any.
  [[nodiscard]] std::vector<std::size_t> Find(const std::vector<std::size_t>& signatures) const {
    std::vector<std::size_t> found;
    for (const std::size_t signature : signatures) {
      if (current_[signature] != kNoSeries) found.push_back(current_[signature]);
    }
    return found;
  }

  [[nodiscard]] const metric::Labels& LabelsOf(std::size_t i) const { return series_[i].labels; }

 private:
  static constexpr std::size_t kNoSeries = static_cast<std::size_t>(-1);

  BudgetHold hold_;
  std::vector<InfoSeries> series_;
  std::map<std::string, std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash>> signatures_;
  std::size_t signature_count_ = 0;
  std::vector<std::size_t> current_;
};

class InfoOperator final : public VectorOperator {
 public:
  explicit InfoOperator(InfoSpec spec) : spec_(std::move(spec)), wishes_(spec_.selector) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    BW_ASSIGN_OR_RETURN(CollectedRows base, Collect(context, *spec_.base));
    InfoTable infos(context.budget);
    if (const auto matchers = MatchersFor(base.rows)) {
      const Selection selection = MakeSelection(*matchers, spec_.grid, spec_.shift, spec_.lookback, base::DurationMs());
      BW_RETURN_IF_ERROR(infos.Fetch(spec_, selection, context));
    }
    std::vector<std::vector<std::size_t>> signatures;
    for (const Row& row : base.rows) signatures.push_back(infos.SignaturesOf(row.labels));

    OutputRows out(spec_.grid.count, context.budget);
    std::map<std::pair<std::size_t, std::vector<std::size_t>>, std::size_t> known;  // Base and info rows to output.
    for (std::size_t step = 0; step < spec_.grid.count; ++step) {
      BW_RETURN_IF_ERROR(context.CheckAlive());
      if (std::none_of(base.rows.begin(), base.rows.end(), [&](const Row& row) { return row.Present(step); })) continue;
      BW_RETURN_IF_ERROR(infos.MoveTo(step));
      for (std::size_t i = 0; i < base.rows.size(); ++i) {
        const Row& row = base.rows[i];
        if (!row.Present(step)) continue;
        const bool is_info = wishes_.IsInfoMetric(row.labels.Name());
        std::vector<std::size_t> found = is_info ? std::vector<std::size_t>() : infos.Find(signatures[i]);
        if (found.empty() && !is_info && wishes_.needs_match) continue;
        auto key = std::make_pair(i, std::move(found));
        auto it = known.find(key);
        if (it == known.end()) {
          BW_ASSIGN_OR_RETURN(metric::Labels labels, Enriched(row.labels, key.second, infos));
          BW_ASSIGN_OR_RETURN(const std::size_t index, out.IndexOf(std::move(labels), row.drop_name));
          it = known.emplace(std::move(key), index).first;
        }
        BW_RETURN_IF_ERROR(out.Take(it->second, step, row));
      }
    }
    return out.Push(sink);
  }

 private:
  // The rows that come out, each label set once.
  class OutputRows {
   public:
    OutputRows(std::size_t steps, MemoryBudget& budget) : steps_(steps), hold_(budget) {}

    base::Result<std::size_t> IndexOf(metric::Labels labels, bool drop_name) {
      const auto [it, is_new] = index_.try_emplace(std::move(labels), rows_.size());
      if (is_new) {
        rows_.emplace_back(steps_);
        rows_.back().labels = it->first;
        rows_.back().drop_name = drop_name;
        BW_RETURN_IF_ERROR(hold_.Add(0, BytesOf(rows_.back()) + LabelKeyBytes(it->first)));
      }
      return it->second;
    }

    base::Status Take(std::size_t index, std::size_t step, const Row& from) {
      if (rows_[index].Present(step)) return SameLabelsetError();
      rows_[index].Take(step, from);
      return base::OkStatus();
    }

    base::Status Push(const RowSink& sink) {
      for (Row& row : rows_) BW_RETURN_IF_ERROR(sink(row));
      return base::OkStatus();
    }

   private:
    std::size_t steps_;
    BudgetHold hold_;
    Rows rows_;
    std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> index_;
  };

  // What selects the info series of these targets; nothing if no series has an identifying label.
  [[nodiscard]] std::optional<std::vector<metric::Matcher>> MatchersFor(const Rows& rows) const {
    std::map<std::string_view, std::set<std::string>> values;
    for (const Row& row : rows) {
      if (wishes_.IsInfoMetric(row.labels.Name())) continue;
      for (const std::string_view name : kIdentifyingLabels) {
        const std::string_view value = row.labels.Get(name);
        if (!value.empty()) values[name].insert(re2::RE2::QuoteMeta(re2::StringPiece(value.data(), value.size())));
      }
    }
    if (values.empty()) return std::nullopt;
    std::vector<metric::Matcher> matchers = wishes_.names;
    matchers.insert(matchers.end(), wishes_.data.begin(), wishes_.data.end());
    for (const auto& [name, quoted] : values) {
      auto any_of =
          metric::Matcher::Make(metric::MatchOp::kRegex, std::string(name), fmt::format("{}", fmt::join(quoted, "|")));
      // Too many targets for one expression: every value will do, the signatures tell them apart.
      if (any_of.ok()) matchers.push_back(std::move(*any_of));
    }
    return matchers;
  }

  [[nodiscard]] base::Result<metric::Labels> Enriched(const metric::Labels& base, const std::vector<std::size_t>& found,
                                                      const InfoTable& infos) const {
    metric::LabelsBuilder added;
    for (const std::size_t i : found) {
      for (const metric::LabelView label : infos.LabelsOf(i)) {
        if (label.name == metric::kMetricName) continue;
        if (!wishes_.data_labels.empty() && !wishes_.data_labels.contains(label.name)) continue;
        const std::string_view before = added.Get(label.name);
        if (!before.empty() && before != label.value) {
          return base::Execution(fmt::format("conflicting label: {}", label.name));
        }
        if (!base.Has(label.name)) added.Set(label.name, label.value);
      }
    }
    metric::LabelsBuilder labels(base);
    const metric::Labels all_added = added.Build();
    for (const metric::LabelView label : all_added) labels.Set(label.name, label.value);
    return labels.Build();
  }

  const InfoSpec spec_;
  const InfoWishes wishes_;
};

}  // namespace

VectorOperatorPtr MakeInfo(InfoSpec spec) { return std::make_unique<InfoOperator>(std::move(spec)); }

}  // namespace bellwether::promql
