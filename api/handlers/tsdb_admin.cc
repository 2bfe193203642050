// Prometheus's administration of the store. Behind --web.enable-admin-api.
#include "api/admin_reports.h"
#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "storage/admin.h"

namespace bellwether::api {
namespace {

using AdminFunction = base::Status (*)(storage::StorageAdmin&, const HttpRequest&, HttpResponse&);

base::Status DeleteSeries(storage::StorageAdmin& admin, const HttpRequest& request, HttpResponse& response) {
  const std::vector<std::string> texts = request.ParamAll("match[]");
  if (texts.empty()) return base::InvalidArgument("no match[] parameter provided");
  BW_ASSIGN_OR_RETURN(const TimeBounds bounds, BoundsParams(request));
  const auto selectors = ParseSelectors(texts);
  if (!selectors.ok()) return InvalidParameter("match[]", selectors.status().message());
  BW_RETURN_IF_ERROR(admin.DeleteSeries(bounds.min, bounds.max, *selectors));
  response.status = 204;
  return base::OkStatus();
}

base::Status CleanTombstones(storage::StorageAdmin& admin, const HttpRequest&, HttpResponse& response) {
  BW_RETURN_IF_ERROR(admin.CleanTombstones());
  response.status = 204;
  return base::OkStatus();
}

base::Status Snapshot(storage::StorageAdmin& admin, const HttpRequest& request, HttpResponse& response) {
  bool skip_head = false;
  if (const std::string text = request.Param("skip_head").value_or(""); !text.empty()) {
    const auto parsed = ParseGoBool(text);
    if (!parsed.ok()) return InvalidParameter("skip_head", "unable to parse boolean: " + parsed.status().message());
    skip_head = *parsed;
  }
  BW_ASSIGN_OR_RETURN(const std::string name, admin.Snapshot(skip_head ? storage::SnapshotContent::kSealed
                                                                       : storage::SnapshotContent::kEverything));
  RespondData(response, [&](JsonWriter& json) { json.BeginObject().Key("name").String(name).EndObject(); });
  return base::OkStatus();
}

// Beyond Prometheus: what `bellwether tsdb verify` does, while the server runs.
base::Status Verify(storage::StorageAdmin& admin, const HttpRequest&, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const storage::VerifyReport report, admin.Verify());
  RespondData(response, [&](JsonWriter& json) { json.Raw(ReportJson(report)); });
  return base::OkStatus();
}

// Beyond Prometheus: what `bellwether tsdb analyze` shows. It reads every series table, so it is no mere status.
base::Status Analyze(storage::StorageAdmin& admin, const HttpRequest& request, HttpResponse& response) {
  constexpr std::size_t kListedUsually = 20;
  BW_ASSIGN_OR_RETURN(const std::size_t limit, LimitParam(request));
  BW_ASSIGN_OR_RETURN(const storage::CardinalityReport report, admin.Analyze(limit == 0 ? kListedUsually : limit));
  RespondData(response, [&](JsonWriter& json) { json.Raw(ReportJson(report)); });
  return base::OkStatus();
}

}  // namespace

void AddTsdbAdminRoutes(const HandlerContext& context, RouteTable& routes) {
  const auto add = [&](const char* path, AdminFunction function) {
    const auto administer = [function](const HandlerContext& of, const HttpRequest& request, HttpResponse& response) {
      storage::StorageAdmin* admin = of.storage.admin();
      if (of.enable_admin_api && admin != nullptr) return function(*admin, request, response);
      RespondDisabled(response, "admin APIs disabled");
      return base::OkStatus();
    };
    routes.push_back(ApiRoute(context, {"POST", "PUT"}, path, administer, WorkerPool::kAdmin));
  };
  add("/api/v1/admin/tsdb/delete_series", DeleteSeries);
  add("/api/v1/admin/tsdb/clean_tombstones", CleanTombstones);
  add("/api/v1/admin/tsdb/snapshot", Snapshot);
  add("/api/v1/admin/tsdb/verify", Verify);
  add("/api/v1/admin/tsdb/analyze", Analyze);
}

}  // namespace bellwether::api
