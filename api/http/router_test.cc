#include "api/http/router.h"

#include <gtest/gtest.h>

#include <string>

#include "api/http/url.h"

namespace bellwether::api {
namespace {

TEST(RouterTest, PutsExactPathsBeforePatterns) {
  Router router;
  for (const char* path : {"/a/{x}", "/a/b", "/a/{x}/c", "/{y}/b", "/"}) router.Add(path).endpoints["GET"];
  const auto check = [&](std::string_view path, std::string_view pattern) {
    const RouteMatch match = router.Find(*SplitPath(path));
    EXPECT_EQ(match.route == nullptr ? std::string("none") : match.route->pattern, pattern) << path;
  };
  check("/", "/");
  check("/a/b", "/a/b");
  check("/a/b/", "/a/b");
  check("/a/z", "/a/{x}");
  check("/a/z/c", "/a/{x}/c");
  check("/z/b", "/{y}/b");
  check("/a", "none");
  check("/a/z/d", "none");
  check("/a%2Fb", "none");
  check("/a/{x}", "/a/{x}");
}

TEST(RouterTest, HoldsMethodsOfOnePathTogether) {
  Router router;
  router.Add("/a").endpoints["POST"].pool = WorkerPool::kIngest;
  router.Add("/a/").endpoints["GET"].pool = WorkerPool::kQuery;
  const Route& route = *router.Find({"a"}).route;
  EXPECT_EQ(route.EndpointOf("HEAD")->pool, WorkerPool::kQuery);
  EXPECT_EQ(route.EndpointOf("POST")->pool, WorkerPool::kIngest);
  EXPECT_EQ(route.EndpointOf("PUT"), nullptr);
  EXPECT_EQ(route.Allow(), "GET, POST, HEAD, OPTIONS");
}

}  // namespace
}  // namespace bellwether::api
