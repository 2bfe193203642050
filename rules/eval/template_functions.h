// rules/eval/template_functions.h
//
// What the templates of alerts see of the server: queries at the evaluation time, the external URL and labels, the
// time. The rest of the functions (humanize, title, reReplaceAll, ...) is in template/functions.h.
//
// A world is built once for a group, since building a table of functions costs more than running most templates; its
// time moves with the evaluations. It belongs to one thread at a time.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "base/time.h"
#include "metric/labels.h"
#include "promql/engine.h"
#include "storage/storage.h"
#include "template/function.h"
#include "template/value.h"

namespace bellwether::rules {

class TemplateWorld {
 public:
  // `engine` and `storage` outlive the world.
  TemplateWorld(const promql::Engine& engine, storage::Storage& storage, const metric::Labels& external_labels,
                std::string external_url);
  TemplateWorld(const TemplateWorld&) = delete;
  TemplateWorld& operator=(const TemplateWorld&) = delete;

  // An evaluation at `at` begins; `stop` ends its queries.
  void Begin(base::TimestampMs at, const std::stop_token& stop) {
    at_ = at;
    stop_ = stop;
  }

  [[nodiscard]] const templating::FunctionTable& functions() const { return functions_; }
  [[nodiscard]] const templating::Value& external_labels() const { return external_labels_; }
  [[nodiscard]] const templating::Value& external_url() const { return external_url_value_; }

 private:
  [[nodiscard]] base::Result<templating::Value> Query(const std::string& text) const;

  const promql::Engine& engine_;
  storage::Storage& storage_;
  const std::string external_url_;
  const templating::Value external_labels_;
  const templating::Value external_url_value_;
  base::TimestampMs at_;
  std::stop_token stop_;
  templating::FunctionTable functions_;
};

// The names and arguments of all functions, for checking templates without a world; calling one of ours is an error.
[[nodiscard]] const templating::FunctionTable& TemplateFunctionNames();

// A float, or a histogram, which prints in its text form.
[[nodiscard]] templating::Value SampleValue(double value, const promql::HistogramPtr& histogram);
[[nodiscard]] templating::Value LabelsValue(const metric::Labels& labels);

}  // namespace bellwether::rules
