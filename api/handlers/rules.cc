// Rules and alerts.
#include <algorithm>
#include <limits>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "api/json/rules_json.h"
#include "base/quote.h"
#include "base/sha256.h"

namespace bellwether::api {
namespace {

using NameSet = std::set<std::string, std::less<>>;

struct RuleQuery {
  bool alerting = true;
  bool recording = true;
  AlertList alerts = AlertList::kShown;
  NameSet rules, groups, files;  // Empty: all.
  SelectorList selectors;        // On the labels of the rule's definition.
  std::size_t group_limit = 0;
  std::string next_token;
};

NameSet NamesParam(const HttpRequest& request, std::string_view name) {
  const auto values = ListParam(request, name);
  return {values.begin(), values.end()};
}

base::Status ReadPaging(const HttpRequest& request, RuleQuery& query) {
  const std::string limit = request.Param("group_limit").value_or("");
  query.next_token = request.Param("group_next_token").value_or("");
  if (limit.empty()) {
    if (query.next_token.empty()) return base::OkStatus();
    return InvalidParameter("group_next_token", "group_limit needs to be present in order to paginate over the groups");
  }
  auto n = ParseGoInteger(limit, "ParseInt");
  if (n.ok() && *n > std::numeric_limits<std::int32_t>::max()) {
    n = base::InvalidArgument(fmt::format("strconv.ParseInt: parsing {}: value out of range", base::Quote(limit)));
  }
  if (!n.ok()) {
    return InvalidParameter("group_limit", "group_limit needs to be a valid number: " + n.status().message());
  }
  if (*n <= 0) return InvalidParameter("group_limit", "group_limit needs to be greater than 0");
  query.group_limit = static_cast<std::size_t>(*n);
  return base::OkStatus();
}

base::Result<RuleQuery> ReadRuleQuery(const HttpRequest& request) {
  RuleQuery query;
  query.rules = NamesParam(request, "rule_name");
  query.groups = NamesParam(request, "rule_group");
  query.files = NamesParam(request, "file");
  BW_ASSIGN_OR_RETURN(query.selectors, ParseSelectors(ListParam(request, "match")));
  std::string type = request.Param("type").value_or("");
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (type != "" && type != "alert" && type != "record") {
    return InvalidParameter("type", "not supported value " + base::Quote(type));
  }
  query.alerting = type != "record";
  query.recording = type != "alert";
  if (const std::string exclude = request.Param("exclude_alerts").value_or(""); !exclude.empty()) {
    const auto value = ParseGoBool(exclude);
    if (!value.ok()) {
      return InvalidParameter("exclude_alerts", "error converting exclude_alerts: " + value.status().message());
    }
    query.alerts = *value ? AlertList::kLeftOut : AlertList::kShown;
  }
  BW_RETURN_IF_ERROR(ReadPaging(request, query));
  return query;
}

bool Wanted(const NameSet& names, const std::string& name) { return names.empty() || names.contains(name); }

bool MatchesAnySelector(const SelectorList& selectors, const metric::Labels& labels) {
  return selectors.empty() || std::any_of(selectors.begin(), selectors.end(), [&](const auto& matchers) {
           return std::all_of(matchers.begin(), matchers.end(), [&](const metric::Matcher& matcher) {
             return matcher.Matches(labels.Get(matcher.name()));
           });
         });
}

std::vector<const rules::RuleSnapshot*> WantedRules(const rules::GroupSnapshot& group, const RuleQuery& query) {
  std::vector<const rules::RuleSnapshot*> wanted;
  if (!Wanted(query.groups, group.name) || !Wanted(query.files, group.file)) return wanted;
  for (const rules::RuleSnapshot& rule : group.rules) {
    const bool kind = rule.alerting ? query.alerting : query.recording;
    if (kind && Wanted(query.rules, rule.name) && MatchesAnySelector(query.selectors, rule.labels)) {
      wanted.push_back(&rule);
    }
  }
  return wanted;
}

// Names a group from page to page: the SHA-256 of "file;group" in hexadecimal.
std::string GroupToken(const rules::GroupSnapshot& group) { return base::Sha256Hex(group.file + ";" + group.name); }

struct RulePage {
  struct Entry {
    const rules::GroupSnapshot* group;
    std::vector<const rules::RuleSnapshot*> rules;
  };
  std::vector<rules::GroupSnapshot> groups;  // Owns what `entries` point to.
  incidents::Standings standings;
  std::vector<Entry> entries;
  std::string next_token;
};

// The page that starts at the token, or at the first group.
base::Status FillPage(const RuleQuery& query, RulePage& page) {
  auto at = page.groups.begin();
  if (!query.next_token.empty()) {
    at = std::find_if(at, page.groups.end(), [&](const auto& group) { return GroupToken(group) == query.next_token; });
    if (at == page.groups.end()) {
      return InvalidParameter(
          "group_next_token",
          fmt::format("invalid group_next_token '{}'. were rule groups changed?", query.next_token));
    }
  }
  for (; at != page.groups.end(); ++at) {
    auto rules = WantedRules(*at, query);
    if (rules.empty()) continue;
    if (query.group_limit != 0 && page.entries.size() == query.group_limit) {
      page.next_token = GroupToken(*at);
      break;
    }
    page.entries.push_back({&*at, std::move(rules)});
  }
  return base::OkStatus();
}

base::Status Rules(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const RuleQuery query, ReadRuleQuery(request));
  const auto page = std::make_shared<RulePage>();
  page->groups = context.groups();
  if (query.alerts == AlertList::kShown) page->standings = context.standings();
  BW_RETURN_IF_ERROR(FillPage(query, *page));
  RespondDataStreamed(response, [page, alerts = query.alerts](JsonWriter& json) {
    json.BeginObject().Key("groups").BeginArray();
    for (const RulePage::Entry& entry : page->entries) {
      WriteRuleGroup(json, *entry.group, entry.rules, alerts, page->standings);
    }
    json.EndArray();
    if (!page->next_token.empty()) json.Key("groupNextToken").String(page->next_token);
    json.EndObject();
  });
  return base::OkStatus();
}

base::Status Alerts(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  RespondDataStreamed(response, [groups = context.groups(), standings = context.standings()](JsonWriter& json) {
    json.BeginObject().Key("alerts").BeginArray();
    for (const rules::GroupSnapshot& group : groups) {
      for (const rules::RuleSnapshot& rule : group.rules) {
        for (const rules::AlertSnapshot& alert : rule.alerts) WriteAlert(json, alert, standings);
      }
    }
    json.EndArray().EndObject();
  });
  return base::OkStatus();
}

void WriteAlertmanagerUrls(JsonWriter& json, const std::vector<std::string>& urls) {
  json.BeginArray();
  for (const std::string& url : urls) json.BeginObject().Key("url").String(url).EndObject();
  json.EndArray();
}

base::Status Alertmanagers(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  const notify::AlertmanagerUrls urls = context.alertmanagers();
  RespondData(response, [&](JsonWriter& json) {
    json.BeginObject().Key("activeAlertmanagers");
    WriteAlertmanagerUrls(json, urls.active);
    json.Key("droppedAlertmanagers");
    WriteAlertmanagerUrls(json, urls.dropped);
    json.EndObject();
  });
  return base::OkStatus();
}

}  // namespace

void AddRuleRoutes(const HandlerContext& context, RouteTable& routes) {
  const auto add = [&](const char* path, const ContextFunction& function) {
    routes.push_back(ApiRoute(context, {"GET"}, path, function));
  };
  add("/api/v1/rules", Rules);
  add("/api/v1/alerts", Alerts);
  add("/api/v1/alertmanagers", Alertmanagers);
}

}  // namespace bellwether::api
