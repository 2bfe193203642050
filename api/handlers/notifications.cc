// What notifications are doing: the outbox, what became of messages, dead letters, and trying a receiver.
#include <charconv>

#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "notify/dispatcher.h"

namespace bellwether::api {
namespace {

constexpr std::size_t kDeliveryLogLimit = 100;
constexpr std::size_t kDeliveryLogLimitMax = 10'000;

base::Result<notify::Dispatcher*> DispatcherOf(const HandlerContext& context) {
  if (context.dispatcher == nullptr) return base::Unavailable("this server sends no notifications");
  return context.dispatcher;
}

void WriteOutboxEntry(JsonWriter& json, const notify::OutboxEntry& entry) {
  json.BeginObject().Key("id").Unsigned(entry.id).Key("status").PlainString(entry.status);
  json.Key("receiver").String(entry.receiver).Key("integration").PlainString(entry.integration);
  json.Key("groupKey").String(entry.group_key).Key("attempts").Integer(entry.attempts);
  json.Key("createdAt").PlainString(base::FormatRfc3339(entry.created_at));
  if (entry.status == "waiting") json.Key("nextAttemptAt").PlainString(base::FormatRfc3339(entry.next_attempt_at));
  json.Key("lastError").String(entry.last_error).EndObject();
}

base::Status ShowOutbox(const HandlerContext& context, std::string_view status, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const notify::Dispatcher* dispatcher, DispatcherOf(context));
  const std::vector<notify::OutboxEntry> entries = dispatcher->Outbox();
  RespondData(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (const notify::OutboxEntry& entry : entries) {
      if (status.empty() || entry.status == status) WriteOutboxEntry(json, entry);
    }
    json.EndArray();
  });
  return base::OkStatus();
}

base::Status Outbox(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  return ShowOutbox(context, request.Param("status").value_or(""), response);
}

base::Status DeadLetters(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  return ShowOutbox(context, "dead", response);
}

base::Status ResendDeadLetter(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(notify::Dispatcher * dispatcher, DispatcherOf(context));
  const std::string_view text = request.PathParam("name");
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    return base::InvalidArgument("the number of a dead letter is what its \"id\" says");
  }
  BW_RETURN_IF_ERROR(dispatcher->Resend(id));
  RespondData(response, [&](JsonWriter& json) { json.BeginObject().Key("id").Unsigned(id).EndObject(); });
  return base::OkStatus();
}

void WriteDeliveryRecord(JsonWriter& json, const notify::DeliveryRecord& record) {
  json.BeginObject().Key("at").PlainString(base::FormatRfc3339(record.at));
  json.Key("result").PlainString(notify::DeliveryResultName(record.result)).Key("id").Unsigned(record.id);
  json.Key("receiver").String(record.receiver).Key("integration").PlainString(record.integration);
  json.Key("index").Unsigned(record.index).Key("groupKey").String(record.group_key);
  json.Key("reason").PlainString(record.reason);
  json.Key("readyAt").PlainString(base::FormatRfc3339(record.ready_at)).Key("attempts").Integer(record.attempts);
  json.Key("answer").String(record.answer).Key("alertCount").Unsigned(record.alert_count).Key("alerts").BeginArray();
  for (const notify::DeliveredAlert& alert : record.alerts) {
    json.BeginObject().Key("status").PlainString(alert.firing ? "firing" : "resolved").Key("labels").BeginObject();
    for (const metric::LabelView& l : alert.labels) json.Key(l.name).String(l.value);
    json.EndObject().EndObject();
  }
  json.EndArray().EndObject();
}

base::Result<notify::DeliveryLogQuery> DeliveryLogParams(const HttpRequest& request) {
  notify::DeliveryLogQuery query;
  BW_ASSIGN_OR_RETURN(const TimeBounds bounds, BoundsParams(request));
  query.start = bounds.min;
  query.end = bounds.max;
  query.receiver = request.Param("receiver").value_or("");
  BW_ASSIGN_OR_RETURN(const std::size_t limit, LimitParam(request));
  query.limit = limit == 0 ? kDeliveryLogLimit : std::min(limit, kDeliveryLogLimitMax);
  if (const std::string result = request.Param("result").value_or(""); !result.empty()) {
    for (const auto one :
         {notify::DeliveryResult::kDelivered, notify::DeliveryResult::kReplaced, notify::DeliveryResult::kDead}) {
      if (notify::DeliveryResultName(one) == result) query.result = one;
    }
    if (!query.result) return InvalidParameter("result", "must be delivered, replaced or dead");
  }
  const std::string match = request.Param("match").value_or("");
  if (match.empty()) return query;
  const auto selectors = ParseSelectors({match});
  if (!selectors.ok()) return InvalidParameter("match", selectors.status().message());
  query.matchers = selectors->front();
  return query;
}

base::Status DeliveryLog(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const notify::Dispatcher* dispatcher, DispatcherOf(context));
  BW_ASSIGN_OR_RETURN(const notify::DeliveryLogQuery query, DeliveryLogParams(request));
  BW_ASSIGN_OR_RETURN(const std::vector<notify::DeliveryRecord> records, dispatcher->DeliveryLog(query));
  RespondData(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (const notify::DeliveryRecord& record : records) WriteDeliveryRecord(json, record);
    json.EndArray();
  });
  return base::OkStatus();
}

base::Status TestReceiver(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(notify::Dispatcher * dispatcher, DispatcherOf(context));
  notify::PreviewRequest preview;
  preview.receiver = request.Param("receiver").value_or("");
  preview.alerts_json = request.Param("alerts").value_or("");
  if (preview.receiver.empty()) return InvalidParameter("receiver", "name the receiver that is to be tried");
  if (const std::string send = request.Param("send").value_or(""); !send.empty()) {
    const auto value = ParseGoBool(send);
    if (!value.ok()) return InvalidParameter("send", value.status().message());
    preview.send = *value;
  }
  BW_ASSIGN_OR_RETURN(const std::vector<notify::PreviewedMessage> messages, dispatcher->Preview(preview));
  RespondData(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (const notify::PreviewedMessage& message : messages) {
      json.BeginObject().Key("integration").PlainString(message.integration).Key("target").String(message.target);
      json.Key("body").String(message.body).Key("ok").Bool(message.ok).Key("outcome").String(message.outcome);
      json.EndObject();
    }
    json.EndArray();
  });
  return base::OkStatus();
}

}  // namespace

void AddNotificationRoutes(const HandlerContext& context, RouteTable& routes) {
  const auto add = [&](std::vector<std::string> methods, const char* path, const ContextFunction& function) {
    routes.push_back(ApiRoute(context, std::move(methods), path, function, WorkerPool::kAdmin));
  };
  add({"GET"}, "/api/v1/notifications/outbox", Outbox);
  add({"GET"}, "/api/v1/notifications/log", DeliveryLog);
  add({"GET"}, "/api/v1/notifications/dead", DeadLetters);
  add({"POST"}, "/api/v1/notifications/dead/{name}/resend", ResendDeadLetter);
  add({"POST"}, "/api/v1/notifications/test", TestReceiver);
}

}  // namespace bellwether::api
