// notify/receivers/alert_json.h
//
// Labels and annotations as JSON, and JSON as text, the same for all who are told of alerts.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "metric/alert_update.h"
#include "metric/labels.h"

namespace bellwether::notify {

using OrderedJson = nlohmann::ordered_json;

[[nodiscard]] OrderedJson LabelsJson(const metric::Labels& labels);
[[nodiscard]] OrderedJson AnnotationsJson(const metric::Annotations& annotations);

// Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string JsonText(const OrderedJson& json);

}  // namespace bellwether::notify
