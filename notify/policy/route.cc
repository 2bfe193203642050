#include "notify/policy/route.h"

#include <algorithm>

namespace bellwether::notify {
namespace {

bool RouteMatches(const Route& route, const metric::Labels& labels) {
  return std::all_of(route.matchers.begin(), route.matchers.end(),
                     [&](const metric::Matcher& m) { return m.Matches(labels.Get(m.name())); });
}

void CollectRoutes(const Route& route, const metric::Labels& labels, std::vector<const Route*>& out) {
  if (!RouteMatches(route, labels)) return;
  const std::size_t before = out.size();
  for (const Route& child : route.routes) {
    const std::size_t before_child = out.size();
    CollectRoutes(child, labels, out);
    if (out.size() > before_child && !child.continues) break;
  }
  if (out.size() == before) out.push_back(&route);
}

}  // namespace

std::vector<const Route*> MatchRoutes(const Route& root, const metric::Labels& labels) {
  std::vector<const Route*> out;
  CollectRoutes(root, labels, out);
  return out;
}

metric::Labels GroupLabels(const Route& route, const metric::Labels& labels) {
  if (route.group_by_all) return labels;
  metric::LabelsBuilder builder(labels);
  builder.KeepOnly(route.group_by);
  return builder.Build();
}

std::string GroupKey(const Route& route, const metric::Labels& group_labels) {
  return route.key + ":" + group_labels.ToString();
}

const Route* FindRoute(const Route& root, std::string_view id) {
  if (root.id == id) return &root;
  for (const Route& child : root.routes) {
    if (const Route* found = FindRoute(child, id)) return found;
  }
  return nullptr;
}

}  // namespace bellwether::notify
