#include "api/http/router.h"

#include <algorithm>
#include <optional>

#include "api/http/url.h"
#include "base/check.h"

namespace bellwether::api {
namespace {

bool RouterIsName(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::optional<Params> RouterMatch(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return std::nullopt;
  Params params;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (RouterIsName(pattern[i])) {
      params.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), segments[i]);
    } else if (pattern[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return params;
}

}  // namespace

const Endpoint* Route::EndpointOf(std::string_view method) const {
  auto it = endpoints.find(method);
  if (it == endpoints.end() && method == "HEAD") it = endpoints.find("GET");
  return it == endpoints.end() ? nullptr : &it->second;
}

std::string Route::Allow() const {
  std::string allow;
  for (const auto& [method, endpoint] : endpoints) allow.append(method).append(", ");
  if (endpoints.contains("GET") && !endpoints.contains("HEAD")) allow.append("HEAD, ");
  return allow.append("OPTIONS");
}

Route& Router::Add(std::string_view pattern) {
  auto segments = SplitPath(pattern);
  BW_CHECK(segments.has_value());
  const std::string name = JoinPath(*segments);
  const bool has_names = std::any_of(segments->begin(), segments->end(), [](auto& s) { return RouterIsName(s); });
  if (!has_names) {
    auto& route = exact_[name];
    if (!route) route = std::make_unique<Route>(Route{.pattern = name, .endpoints = {}, .metrics = nullptr});
    return *route;
  }
  for (const Pattern& known : patterns_) {
    if (known.segments == *segments) return *known.route;
  }
  auto route = std::make_unique<Route>(Route{.pattern = name, .endpoints = {}, .metrics = nullptr});
  patterns_.push_back({std::move(*segments), std::move(route)});
  return *patterns_.back().route;
}

RouteMatch Router::Find(const std::vector<std::string>& segments) const {
  // A segment with an encoded slash could spell another route's path when joined.
  const bool plain =
      std::none_of(segments.begin(), segments.end(), [](const auto& s) { return s.find('/') != std::string::npos; });
  if (plain) {
    if (const auto it = exact_.find(JoinPath(segments)); it != exact_.end()) return {it->second.get(), {}};
  }
  for (const Pattern& pattern : patterns_) {
    if (auto params = RouterMatch(pattern.segments, segments)) return {pattern.route.get(), std::move(*params)};
  }
  return {};
}

}  // namespace bellwether::api
