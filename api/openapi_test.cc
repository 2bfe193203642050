#include "api/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "api/handlers/routes.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "promql/engine.h"
#include "storage/open.h"

namespace bellwether::api {
namespace {

using ::testing::HasSubstr;

using MethodsByPath = std::map<std::string, std::set<std::string>>;

// The paths of the JSON data source are told by its plugin, not here.
bool IsOfDataSource(const std::string& path) { return path.starts_with("/grafana/"); }

TEST(OpenApiTest, SaysWhatIsServed) {
  base::SimulatedClock clock(base::TimestampMs(0));
  base::MetricsRegistry metrics;
  const auto storage = storage::NewMemoryStorage({}, clock, metrics);
  const promql::Engine engine({}, clock, metrics);
  HandlerContext context{.storage = *storage, .engine = engine, .clock = clock, .metrics = metrics};
  context.enable_admin_api = context.enable_lifecycle = context.enable_search = true;
  context.quit = [] {};
  MethodsByPath served;
  for (const RouteEntry& route : AllRoutes(context)) {
    if (IsOfDataSource(route.path)) continue;
    for (const std::string& method : route.methods) {
      // GET on what acts is answered with a text that says so.
      const bool acts = route.path == "/-/reload" || route.path == "/-/quit";
      if (method != "OPTIONS" && method != "HEAD" && !(acts && method == "GET")) served[route.path].insert(method);
    }
  }
  MethodsByPath told;
  for (const ApiOperation& operation : ApiOperations()) {
    std::istringstream methods{std::string(operation.methods)};
    for (std::string method; methods >> method;) told[std::string(operation.path)].insert(method);
  }
  EXPECT_EQ(told, served);
}

TEST(OpenApiTest, WritesParametersWhereTheyGo) {
  const std::string yaml = OpenApiYaml("3.2.0", "1.2");
  EXPECT_THAT(yaml, HasSubstr("openapi: 3.2.0\n"));
  EXPECT_THAT(yaml, HasSubstr(R"(  /api/v1/label/{name}/values:
    get:
      operationId: getApiV1LabelNameValues
      summary: "Values of a label"
      tags: [data]
      parameters:
        - {name: name, in: path, required: true, schema: {type: string}}
        - {name: 'match[]', in: query, required: false, schema: {type: array, items: {type: string}}}
)"));
  EXPECT_THAT(yaml, HasSubstr(R"(    post:
      operationId: postApiV1FormatQuery
      summary: "Formats an expression"
      tags: [query]
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              properties:
                'query': {type: string}
      responses:
)"));
}

}  // namespace
}  // namespace bellwether::api
