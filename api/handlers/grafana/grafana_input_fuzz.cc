// Any bytes as the body of a request of Grafana's JSON data source.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/handlers/grafana/grafana_input.h"
#include "api/handlers/grafana/grafana_variables.h"
#include "base/check.h"

namespace bellwether::api {
namespace {

void CheckGrafanaText(const std::string& text) {
  BW_CHECK(UnescapeRegex(EscapeRegex(text)) == text);
  BW_CHECK(!AlternativesOf(text).empty());
  if (!text.empty()) {
    // A value that was escaped, alone or among others, is matched as it was.
    const std::string escaped = EscapeRegex(text);
    BW_CHECK(OneOfMatcher("name", {escaped}).Matches(text));
    static_cast<void>(OneOfMatcher("name", {text, escaped}));
  }
  static_cast<void>(ParseWhere(text));
  const VariableCall call = ParseVariableCall(text);
  BW_CHECK(!call.name.empty() || call.args.size() == 1);
}

void CheckGrafanaQuery(const GrafanaQuery& query) {
  BW_CHECK(query.range.min <= query.range.max);
  BW_CHECK(query.step >= base::Milliseconds(1));
  BW_CHECK((query.range.max - query.range.min).ms / query.step.ms <= 11'000);
  BW_CHECK(query.max_points >= 1 && query.max_points <= 11'000);
  for (const GrafanaTarget& target : query.targets) {
    CheckGrafanaText(target.target);
    CheckGrafanaText(target.where);
  }
  if (const auto matchers = MatchersOf(query.filters); matchers.ok()) {
    BW_CHECK(matchers->matchers.size() + matchers->left_out.size() <= query.filters.size());
  }
}

void CheckGrafanaBody(std::string_view body) {
  constexpr base::TimestampMs kNow{1'760'000'000'000};
  if (const auto query = ReadGrafanaQuery(body, kNow); query.ok()) CheckGrafanaQuery(*query);
  if (const auto json = ParseJsonBody(body); json.ok()) {
    static_cast<void>(ReadGrafanaRange(*json, "timeRange", kNow));
    CheckGrafanaText(JsonText(JsonMember(*json, "payload"), "target"));
  }
  if (body.size() < 256) CheckGrafanaText(std::string(body));
}

}  // namespace
}  // namespace bellwether::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bellwether::api::CheckGrafanaBody({reinterpret_cast<const char*>(data), size});
  return 0;
}
