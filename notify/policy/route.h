// notify/policy/route.h
//
// Which routes an alert takes and which alert group it falls into there. Pure.
#pragma once

#include <string>
#include <vector>

#include "metric/labels.h"
#include "notify/config/config.h"

namespace bellwether::notify {

// The routes that take `labels`, leaf-most, in order: children first; after a child that matched and does not continue
// no further sibling is asked; a route whose children all refuse takes the alert itself. Never empty, since the root
// matches everything. The pointers are good as long as `root`.
[[nodiscard]] std::vector<const Route*> MatchRoutes(const Route& root, const metric::Labels& labels);

// The alert's labels restricted to the route's group_by.
[[nodiscard]] metric::Labels GroupLabels(const Route& route, const metric::Labels& labels);

// {}/{team="ml"}:{alertname="FeatureDrift", model="ranker"}
[[nodiscard]] std::string GroupKey(const Route& route, const metric::Labels& group_labels);

// Finds a route by its id; null if the tree has none.
[[nodiscard]] const Route* FindRoute(const Route& root, std::string_view id);

}  // namespace bellwether::notify
