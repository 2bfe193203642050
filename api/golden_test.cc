// Requests and expected answers from tests/api/*.txt; tests/api/README.md says how they are written.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "api/golden_data_test.h"
#include "api/handlers/routes.h"
#include "api/http/url.h"
#include "api/json/json_writer.h"
#include "base/clock.h"
#include "storage/open.h"

namespace bellwether::api {
namespace {

struct GoldenCase {
  std::string place;  // FILE:LINE
  HttpRequest request;
  int status = 0;
  bool exact = false;  // The bytes, not only the JSON value.
  std::string expected;
};

std::string_view GoldenTrim(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && (text.front() == '\n' || text.front() == ' ')) text.remove_prefix(1);
  return text;
}

// "? name = value"
void AddGoldenParam(std::string_view line, HttpRequest& request) {
  line.remove_prefix(1);
  const std::size_t equals = line.find('=');
  ASSERT_NE(equals, std::string_view::npos) << line;
  request.params.emplace_back(GoldenTrim(line.substr(0, equals)), GoldenTrim(line.substr(equals + 1)));
}

void ReadGoldenRequestLine(std::string_view line, HttpRequest& request) {
  const std::size_t space = line.find(' ');
  ASSERT_NE(space, std::string_view::npos) << line;
  request.method = line.substr(0, space);
  std::string_view target = line.substr(space + 1);
  const std::size_t query = target.find('?');
  if (query != std::string_view::npos) {
    ASSERT_TRUE(AppendParams(target.substr(query + 1), 100, request.params).ok()) << line;
    target = target.substr(0, query);
  }
  const auto segments = SplitPath(target);
  ASSERT_TRUE(segments.has_value()) << line;
  request.path = JoinPath(*segments);
}

std::vector<GoldenCase> ReadGoldenFile(const std::filesystem::path& path) {
  std::vector<GoldenCase> cases;
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  enum class Part { kNone, kRequest, kBody, kAnswer } part = Part::kNone;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.starts_with("### ")) {
      cases.emplace_back();
      cases.back().place = fmt::format("{}:{} {}", path.filename().string(), number, line.substr(4));
      part = Part::kRequest;
    } else if (part == Part::kNone) {
      continue;  // What the file is about.
    } else if (line.starts_with("--> ")) {
      cases.back().status = std::stoi(line.substr(4));
      cases.back().exact = line.ends_with(" exact");
      part = Part::kAnswer;
    } else if (part == Part::kAnswer) {
      cases.back().expected += line + "\n";
    } else if (part == Part::kBody || !cases.back().request.method.empty()) {
      if (line.starts_with("?")) {
        AddGoldenParam(line, cases.back().request);
      } else {
        part = Part::kBody;
        cases.back().request.body += line + "\n";
      }
    } else {
      ReadGoldenRequestLine(line, cases.back().request);
    }
  }
  return cases;
}

bool MatchesPath(const std::string& pattern, HttpRequest& request) {
  const auto want = SplitPath(pattern);
  const auto have = SplitPath(request.path);
  if (!want || !have || want->size() != have->size()) return false;
  Params found;
  for (std::size_t i = 0; i < want->size(); ++i) {
    const std::string& segment = (*want)[i];
    if (segment.starts_with('{')) {
      found.emplace_back(segment.substr(1, segment.size() - 2), (*have)[i]);
    } else if (segment != (*have)[i]) {
      return false;
    }
  }
  request.path_params = std::move(found);
  return true;
}

// The handlers over a store in memory and a clock that stands still.
class GoldenServer {
 public:
  GoldenServer()
      : clock_(testing::kGoldenNow),
        storage_(storage::NewMemoryStorage({.path = "", .retention = base::DurationMs(0)}, clock_, metrics_)),
        baselines_(judge::BaselineStore::Open(*state_, clock_).value()),
        engine_(EngineWith(baselines_), clock_, metrics_),
        context_{.storage = *storage_, .engine = engine_, .clock = clock_, .metrics = metrics_} {
    testing::FillGoldenStorage(*storage_);
    context_.write = [](const ingest::WriteRequest& request) {
      ingest::WriteOutcome outcome;
      if (request.body.starts_with("bad")) outcome = {.http_status = 400, .message = "out of order sample"};
      return outcome;
    };
    context_.groups = testing::GoldenGroups;
    context_.history = [](base::TimestampMs min, base::TimestampMs max) {
      auto transitions = testing::GoldenTransitions();
      std::erase_if(transitions, [&](const auto& t) { return t.at < min || t.at > max; });
      return base::Result<std::vector<rules::AlertTransition>>(std::move(transitions));
    };
    context_.reload = [] { return base::InvalidArgument("bellwether.yml:3:5: unknown key"); };
    context_.config_status = [] { return ConfigStatus{.success = true, .at = base::TimestampMs(0)}; };
    context_.config_yaml = [] { return std::string("global: {}\n"); };
    topology_.SetDeclared({{.id = {"stream", "kafka"}, .depends_on = {}},
                           {.id = {"pipeline", "features"}, .depends_on = {{.on = {{"stream", "kafka"}}, .need = 1}}}});
    context_.topology = &topology_;
    context_.baselines = baselines_.get();
    context_.alertmanagers = [] {
      return notify::AlertmanagerUrls{.active = {"http://am-1.example:9093/api/v2/alerts"},
                                      .dropped = {"http://am-2.example:9093/api/v2/alerts"}};
    };
    context_.flags = [] { return std::vector<std::pair<std::string, std::string>>{{"web.listen-address", "x<y"}}; };
    context_.ready = [] { return true; };
    context_.stopping = [] { return false; };
    context_.quit = [] {};
    context_.enable_search = true;
    context_.version = "0.1.0";
    context_.storage_retention = "15d";
    context_.enable_lifecycle = true;
    routes_ = AllRoutes(context_);
  }

  HttpResponse Answer(HttpRequest request) {
    HttpResponse response;
    response.status = 404;
    response.body = "404 page not found";
    for (const RouteEntry& route : routes_) {
      if (!MatchesPath(route.path, request)) continue;
      response.status = 405;
      response.body.clear();
      if (std::find(route.methods.begin(), route.methods.end(), request.method) == route.methods.end()) continue;
      response = HttpResponse();
      route.handler(request, response);
      break;
    }
    if (response.stream) {
      StringSink sink(response.body);
      response.stream(sink);
    }
    return response;
  }

 private:
  static promql::EngineOptions EngineWith(std::shared_ptr<const judge::BaselineSource> baselines) {
    promql::EngineOptions options;
    options.baselines = std::move(baselines);
    return options;
  }

  base::MetricsRegistry metrics_;
  base::SimulatedClock clock_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<storage::StateStore> state_ = storage::NewMemoryStateStore(clock_);
  std::shared_ptr<judge::BaselineStore> baselines_;
  promql::Engine engine_;
  incidents::TopologyStore topology_{*state_};
  HandlerContext context_;
  RouteTable routes_;
};

// The place of the first difference, empty if there is none. "<any>" stands for every value.
std::string FirstDifference(const nlohmann::json& want, const nlohmann::json& have, const std::string& at) {
  if (want == "<any>") return "";
  const auto differs = [&] { return fmt::format("at {}: want {}\n have {}", at, want.dump(), have.dump()); };
  if (want.is_object() && have.is_object()) {
    for (const auto& [key, value] : have.items()) {
      if (!want.contains(key)) return fmt::format("at {}: unexpected key {} = {}", at, key, value.dump());
    }
    for (const auto& [key, value] : want.items()) {
      if (!have.contains(key)) return fmt::format("at {}: no key {}", at, key);
      if (auto found = FirstDifference(value, have[key], at + "." + key); !found.empty()) return found;
    }
    return "";
  }
  if (want.is_array() && have.is_array()) {
    for (std::size_t i = 0; i < std::min(want.size(), have.size()); ++i) {
      if (auto found = FirstDifference(want[i], have[i], fmt::format("{}[{}]", at, i)); !found.empty()) return found;
    }
    return want.size() == have.size() ? "" : differs();
  }
  return want == have ? "" : differs();
}

void ExpectGolden(const GoldenCase& golden, const HttpResponse& response) {
  SCOPED_TRACE(golden.place);
  EXPECT_EQ(response.status, golden.status) << response.body;
  const std::string_view want = GoldenTrim(golden.expected);
  const bool is_json = want.starts_with('{') || want.starts_with('[');
  if (golden.exact || !is_json) {
    EXPECT_EQ(GoldenTrim(response.body), want);
    return;
  }
  const nlohmann::json expected = nlohmann::json::parse(want, nullptr, false);
  ASSERT_FALSE(expected.is_discarded()) << want;
  const nlohmann::json have = nlohmann::json::parse(response.body, nullptr, false);
  ASSERT_FALSE(have.is_discarded()) << response.body;
  const std::string difference = FirstDifference(expected, have, "$");
  EXPECT_TRUE(difference.empty()) << difference << "\nwhole answer: " << response.body;
}

TEST(ApiGoldenTest, AnswersAsWritten) {
  const std::filesystem::path folder = "tests/api";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  GoldenServer server;
  for (const auto& file : files) {
    const auto cases = ReadGoldenFile(file);
    EXPECT_FALSE(cases.empty()) << file;
    for (const GoldenCase& golden : cases) ExpectGolden(golden, server.Answer(golden.request));
  }
}

}  // namespace
}  // namespace bellwether::api
