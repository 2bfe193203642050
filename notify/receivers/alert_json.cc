#include "notify/receivers/alert_json.h"

namespace bellwether::notify {

OrderedJson LabelsJson(const metric::Labels& labels) {
  OrderedJson out = OrderedJson::object();
  for (const metric::LabelView& l : labels) out[std::string(l.name)] = std::string(l.value);
  return out;
}

OrderedJson AnnotationsJson(const metric::Annotations& annotations) {
  OrderedJson out = OrderedJson::object();
  for (const auto& [name, value] : annotations) out[name] = value;
  return out;
}

std::string JsonText(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace bellwether::notify
