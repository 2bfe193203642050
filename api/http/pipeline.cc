#include "api/http/pipeline.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "api/http/url.h"
#include "base/check.h"
#include "base/log.h"

namespace bellwether::api {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReadBudgetBytes = 1u << 20;  // Then other connections have their turn.
constexpr std::size_t kBodyFirstBytes = 1u << 20;   // Allocated on the client's word; more only as it arrives.
constexpr std::size_t kInputKeptBytes = 4096;       // A resting connection keeps no larger buffer.
constexpr int kConnectionsBeyond = 128;             // So many get to read why they are refused.
constexpr milliseconds kLingerTime{2000};
constexpr milliseconds kWriteStall{30'000};

SteadyTime PipelineAfter(base::DurationMs duration) {
  return std::chrono::steady_clock::now() + milliseconds(duration.ms);
}

milliseconds PipelineTick(const HttpServerOptions& options) {
  const std::int64_t shortest = std::min(options.request_timeout.ms, options.idle_timeout.ms);
  return milliseconds(std::clamp<std::int64_t>(shortest / 4, 10, 1000));
}

std::string PipelinePeerAddress(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
  } else if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    // An IPv4 client of a socket that takes both: "::ffff:192.0.2.1".
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) return text.data() + std::string_view("::ffff:").size();
  }
  return text.data();
}

std::size_t PipelineThreads(int wanted) {
  return wanted > 0 ? static_cast<std::size_t>(wanted) : std::max(1u, std::thread::hardware_concurrency());
}

bool PipelineDropBlankLines(std::string& in, std::size_t& scanned) {
  std::size_t blank = 0;
  while (in.compare(blank, 2, "\r\n") == 0) blank += 2;
  if (blank == 0) return false;
  in.erase(0, blank);
  scanned = 0;
  return true;
}

}  // namespace

Pipeline::Pipeline(const HttpServerOptions& options, base::MetricsRegistry& metrics)
    : options_(options),
      limits_{.head_bytes_max = options.head_bytes_max,
              .headers_max = options.headers_max,
              .path_bytes_max = options.path_bytes_max,
              .body_bytes_max = options.request_bytes_max},
      metrics_(metrics),
      responder_(kWriteStall),
      loop_(*this, metrics_.connections(), PipelineTick(options)) {
  if (auto prefix = SplitPath(options.route_prefix)) prefix_ = std::move(*prefix);
}

Pipeline::~Pipeline() { Stop(base::DurationMs(0)); }

void Pipeline::Route(const std::vector<std::string>& methods, std::string_view path, WorkerPool pool,
                     const HttpHandler& handler) {
  api::Route& route = router_.Add(path);
  route.metrics = &metrics_.Of(route.pattern);
  for (const std::string& method : methods) BW_CHECK(route.endpoints.emplace(method, Endpoint{pool, handler}).second);
}

base::Status Pipeline::Start() {
  const auto make = [](int threads, std::size_t queue_max) {
    return std::make_unique<WorkerThreads>(static_cast<int>(PipelineThreads(threads)), queue_max);
  };
  constexpr int kBatchNice = 10;
  workers_[static_cast<std::size_t>(WorkerPool::kIngest)] = make(options_.ingest_workers, options_.ingest_queue_max);
  workers_[static_cast<std::size_t>(WorkerPool::kQuery)] = make(options_.query_workers, options_.query_queue_max);
  workers_[static_cast<std::size_t>(WorkerPool::kAdmin)] = make(options_.admin_workers, options_.admin_queue_max);
  workers_[static_cast<std::size_t>(WorkerPool::kBatch)] =
      std::make_unique<WorkerThreads>(1, options_.batch_queue_max, kBatchNice);
  return loop_.Start();
}

void Pipeline::Stop(base::DurationMs grace) {
  if (std::exchange(stopped_, true)) return;
  loop_.Drain();
  if (!loop_.WaitUntilEmpty(milliseconds(grace.ms))) loop_.Abort();
  for (auto& workers : workers_) {
    if (workers) static_cast<void>(workers->Stop());  // Requests that never began go with their connections.
  }
  loop_.Stop();
}

void Pipeline::TakeSocket(int socket) {
  fcntl(socket, F_SETFD, FD_CLOEXEC);
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL, 0) | O_NONBLOCK);
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  const auto connection = loop_.Add(socket, PipelinePeerAddress(socket));
  if (!connection) return;
  const std::size_t limit = static_cast<std::size_t>(std::max(options_.connections_max, 1));
  const std::size_t open = loop_.size();
  if (open > limit + kConnectionsBeyond || loop_.draining()) {
    metrics_.CountRefused(RefusalReason::kConnections);
    loop_.Close(connection);
  } else if (open > limit) {
    Refuse(connection, {503, RefusalReason::kConnections, "too many connections"});
  } else {
    Rest(connection);
  }
}

void Pipeline::OnReady(const ConnectionPtr& connection, Waiting what) {
  switch (what) {
    case Waiting::kRequest:
    case Waiting::kInput: ReadInput(connection); break;
    case Waiting::kOutput:
      if (SendOut(connection) == Step::kContinue && Advance(connection) == Step::kNeedInput) Rest(connection);
      break;
    case Waiting::kLinger: Linger(connection); break;
    case Waiting::kNothing:
    case Waiting::kHangup: break;
  }
}

void Pipeline::OnDeadline(const ConnectionPtr& connection, Waiting what) {
  if (what == Waiting::kInput) {
    Refuse(connection, {408, RefusalReason::kTimeout, "the request did not arrive in time"});
  } else {
    loop_.Close(connection);
  }
}

void Pipeline::ReadInput(const ConnectionPtr& connection) {
  std::size_t budget = kReadBudgetBytes;
  for (;;) {
    const auto received = connection->incoming.head_done ? connection->ReceiveBody() : connection->ReceiveHead();
    if (received.io == Connection::Io::kClosed) return loop_.Close(connection);
    if (received.bytes > 0 && Advance(connection) == Step::kHandedOver) return;
    if (received.drained || received.bytes >= budget) return Rest(connection);
    budget -= received.bytes;
  }
}

void Pipeline::Linger(const ConnectionPtr& connection) {
  for (std::size_t read = 0; read < kReadBudgetBytes;) {
    const auto received = connection->Discard();
    if (received.io == Connection::Io::kClosed) return loop_.Close(connection);
    read += received.bytes;
    if (received.drained) break;
  }
  loop_.Await(connection, Waiting::kLinger, connection->incoming.deadline);
}

Pipeline::Step Pipeline::Advance(const ConnectionPtr& connection) {
  for (;;) {
    Step step = Step::kContinue;
    if (!connection->incoming.head_done) step = AdvanceHead(connection);
    if (step == Step::kContinue && connection->incoming.head_done) step = AdvanceBody(connection);
    if (step != Step::kContinue) return step;
  }
}

Pipeline::Step Pipeline::AdvanceHead(const ConnectionPtr& connection) {
  std::string& in = connection->in;
  Incoming& incoming = connection->incoming;
  if (!incoming.begun) PipelineDropBlankLines(in, connection->scanned);
  if (in.empty()) return Step::kNeedInput;
  if (!incoming.begun) {
    incoming.begun = true;
    incoming.deadline = PipelineAfter(options_.request_timeout);
  }
  const std::size_t end = FindHeadEnd(in, connection->scanned);
  if (end == std::string::npos) {
    if (const auto refused = CheckUnfinishedHead(in, limits_)) return Refuse(connection, *refused);
    return Step::kNeedInput;
  }
  const auto refused = ParseRequestHead(std::string_view(in).substr(0, end), limits_, incoming.head);
  in.erase(0, end);
  connection->scanned = 0;
  if (refused) return Refuse(connection, *refused);
  incoming.head_done = true;
  return FindRoute(connection);
}

// Decides all that can be decided before the body is read.
Pipeline::Step Pipeline::FindRoute(const ConnectionPtr& connection) {
  Incoming& incoming = connection->incoming;
  const RequestHead& head = incoming.head;
  auto segments = SplitPath(head.path);
  if (!segments) return Refuse(connection, {400, RefusalReason::kMalformed, "malformed escape in the path"});
  const bool below_prefix =
      segments->size() >= prefix_.size() && std::equal(prefix_.begin(), prefix_.end(), segments->begin());
  if (below_prefix) {
    segments->erase(segments->begin(), segments->begin() + static_cast<std::ptrdiff_t>(prefix_.size()));
    incoming.match = router_.Find(*segments);
  }
  incoming.path = JoinPath(*segments);
  const auto* route = incoming.match.route;
  const bool served = route != nullptr && route->EndpointOf(head.method) != nullptr;
  if (!served && head.method == "OPTIONS") return AnswerOptions(connection);
  if (route == nullptr) {
    metrics_.CountRefused(RefusalReason::kNotFound);
    return Answer(connection, OwnResponse(*connection, 404, "404 page not found", {}));
  }
  if (!served) {
    metrics_.CountRefused(RefusalReason::kMethod);
    return Answer(connection, OwnResponse(*connection, 405, "method not allowed", {{"Allow", route->Allow()}}));
  }
  if (head.expects_continue && head.content_length > 0 && connection->in.empty()) {
    connection->out.head = "HTTP/1.1 100 Continue\r\n\r\n";
    if (connection->Send() != Connection::Io::kProgress) {
      // Nothing else was on its way: a client whose window has no room for this line is not there any more.
      loop_.Close(connection);
      return Step::kHandedOver;
    }
  }
  return Step::kContinue;
}

Pipeline::Step Pipeline::AdvanceBody(const ConnectionPtr& connection) {
  Incoming& incoming = connection->incoming;
  std::string& in = connection->in;
  while (incoming.body_bytes < incoming.head.content_length) {
    if (incoming.body_bytes == incoming.body.size() && !GrowBody(incoming)) {
      return Refuse(connection, {503, RefusalReason::kMemory, "too many request bodies in memory, try again later"});
    }
    const std::size_t taken = std::min(in.size(), incoming.body.size() - incoming.body_bytes);
    if (taken == 0) return Step::kNeedInput;
    in.copy(incoming.body.data() + incoming.body_bytes, taken);
    in.erase(0, taken);
    incoming.body_bytes += taken;
  }
  return Dispatch(connection);
}

// Memory follows what has arrived, not what was announced.
bool Pipeline::GrowBody(Incoming& incoming) {
  const std::size_t size = incoming.body.size();
  const std::size_t target =
      std::min(static_cast<std::size_t>(incoming.head.content_length), std::max(kBodyFirstBytes, size * 2));
  const std::size_t more = target - size;
  if (incoming.charge.Add(body_bytes_, more) > options_.bodies_bytes_max) return false;
  incoming.body.resize(target);
  return true;
}

Pipeline::Step Pipeline::Dispatch(const ConnectionPtr& connection) {
  const Endpoint* endpoint = connection->incoming.match.route->EndpointOf(connection->incoming.head.method);
  if (endpoint->pool != WorkerPool::kIngest) {
    // A write goes on without its sender: what arrived is worth keeping, and it is done before anyone notices.
    connection->client_gone = std::stop_source();
    loop_.Await(connection, Waiting::kHangup, SteadyTime::max());
  }
  const SteadyTime received = std::chrono::steady_clock::now();
  auto& workers = *workers_[static_cast<std::size_t>(endpoint->pool)];
  if (workers.TryPush([this, connection, received] { RunHandler(connection, received); })) return Step::kHandedOver;
  metrics_.CountRefused(RefusalReason::kQueueFull);
  return Answer(connection, OwnResponse(*connection, 503, "too many requests are waiting, try again later", {}));
}

void Pipeline::Rest(const ConnectionPtr& connection) {
  if (connection->incoming.begun) return loop_.Await(connection, Waiting::kInput, connection->incoming.deadline);
  if (connection->in.empty() && connection->in.capacity() > kInputKeptBytes) connection->in = std::string();
  loop_.Await(connection, Waiting::kRequest, PipelineAfter(options_.idle_timeout));
}

void Pipeline::RunHandler(const ConnectionPtr& connection, SteadyTime received) {
  try {
    const api::Route& route = *connection->incoming.match.route;
    ResponseForm form = FormOf(*connection);  // Before the handler is given the headers.
    HttpResponse response = Handle(*connection);
    connection->incoming.charge = MemoryCharge();  // The body is gone.
    form.keep_alive = form.keep_alive && !loop_.draining();
    const bool sent = responder_.Respond(*connection, form, response);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - received;
    route.metrics->Observe(response.status, took.count());
    if (!sent) return loop_.Close(connection);
    if (!form.keep_alive) connection->close_after_response = true;
    if (SendOut(connection) == Step::kContinue && Advance(connection) == Step::kNeedInput) Rest(connection);
  } catch (const std::exception& e) {
    // Not of a handler: those are caught around it.
    BW_LOG_EVERY(std::chrono::seconds(10), kError, "request dropped", {"error", std::string(e.what())});
    loop_.Close(connection);
  }
}

HttpResponse Pipeline::Handle(Connection& connection) {
  const Endpoint& endpoint = *connection.incoming.match.route->EndpointOf(connection.incoming.head.method);
  HttpRequest request;
  if (auto refused = BuildRequest(connection, endpoint.pool, request)) return std::move(*refused);
  HttpResponse response;
  try {
    const bool answered = endpoint.pool != WorkerPool::kAdmin && gate_ && gate_(request, response);
    if (!answered) endpoint.handler(request, response);
  } catch (const std::exception& e) {
    BW_LOG_EVERY(std::chrono::seconds(10), kError, "a handler failed", {"path", request.path},
                 {"error", std::string(e.what())});
    return InternalErrorResponse();
  } catch (...) {
    BW_LOG_EVERY(std::chrono::seconds(10), kError, "a handler failed", {"path", request.path});
    return InternalErrorResponse();
  }
  return response;
}

// A response where the parameters do not decode.
std::optional<HttpResponse> Pipeline::BuildRequest(Connection& connection, WorkerPool pool, HttpRequest& request) {
  Incoming& incoming = connection.incoming;
  base::Status status;
  // What is ingested is never a form, though `curl --data-binary` says so.
  const bool form = incoming.head.is_form && pool != WorkerPool::kIngest;
  if (form) status = AppendParams(incoming.body, options_.params_max, request.params);
  if (status.ok()) status = AppendParams(incoming.head.query, options_.params_max, request.params);
  if (!status.ok()) {
    metrics_.CountRefused(RefusalReason::kParameters);
    return OwnResponse(connection, 400, status.message(), {});
  }
  request.method = incoming.head.method;
  request.path = std::move(incoming.path);
  request.path_params = std::move(incoming.match.path_params);
  request.headers = std::move(incoming.head.headers);
  if (!form) request.body = std::move(incoming.body);
  request.remote_address = connection.remote_address;
  request.client_gone = connection.client_gone.get_token();
  return std::nullopt;
}

Pipeline::Step Pipeline::Refuse(const ConnectionPtr& connection, const Refused& refused) {
  metrics_.CountRefused(refused.reason);
  connection->close_after_response = true;
  connection->input_abandoned = true;
  std::string text(refused.text);
  if (refused.reason == RefusalReason::kBodyTooLarge) {
    text += ": at most " + std::to_string(options_.request_bytes_max) + " bytes, send it in pieces";
  }
  return Answer(connection, OwnResponse(*connection, refused.status, text, {}));
}

Pipeline::Step Pipeline::AnswerOptions(const ConnectionPtr& connection) {
  const auto* route = connection->incoming.match.route;
  Params headers;
  if (route != nullptr) headers.emplace_back("Allow", route->Allow());
  return Answer(connection, OwnResponse(*connection, 204, {}, std::move(headers)));
}

HttpResponse Pipeline::OwnResponse(const Connection& connection, int status, std::string_view text, Params headers) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.headers = std::move(headers);
  response.body = text;
  if (!error_body_) return response;
  HttpRequest request;
  request.method = connection.incoming.head.method;
  request.path = connection.incoming.path;
  request.headers = connection.incoming.head.headers;
  request.remote_address = connection.remote_address;
  try {
    error_body_(request, response);
  } catch (...) {
    return InternalErrorResponse();
  }
  return response;
}

Pipeline::Step Pipeline::Answer(const ConnectionPtr& connection, HttpResponse response) {
  const Incoming& incoming = connection->incoming;
  if (incoming.body_bytes < incoming.head.content_length) {
    connection->close_after_response = true;
    connection->input_abandoned = true;
  }
  const ResponseForm form = FormOf(*connection);
  if (!responder_.Respond(*connection, form, response)) {
    loop_.Close(connection);
    return Step::kHandedOver;
  }
  metrics_.none().Observe(response.status, 0);
  if (!form.keep_alive) connection->close_after_response = true;
  return SendOut(connection);
}

Pipeline::Step Pipeline::SendOut(const ConnectionPtr& connection) {
  switch (connection->Send()) {
    case Connection::Io::kProgress: return FinishResponse(connection);
    case Connection::Io::kWouldBlock:
      loop_.Await(connection, Waiting::kOutput, PipelineAfter(options_.request_timeout));
      return Step::kHandedOver;
    case Connection::Io::kClosed: break;
  }
  loop_.Close(connection);
  return Step::kHandedOver;
}

// The response is sent: on to the next request, or to the end. Closing a socket with unread input would take the
// response back (a reset overtakes it), so such a one is read empty first.
Pipeline::Step Pipeline::FinishResponse(const ConnectionPtr& connection) {
  connection->incoming = Incoming();
  if (!connection->close_after_response) return Step::kContinue;
  if (connection->input_abandoned || !connection->in.empty()) {
    connection->ShutdownOutput();
    connection->incoming.deadline = std::chrono::steady_clock::now() + kLingerTime;
    loop_.Await(connection, Waiting::kLinger, connection->incoming.deadline);
  } else {
    loop_.Close(connection);
  }
  return Step::kHandedOver;
}

ResponseForm Pipeline::FormOf(const Connection& connection) const {
  const RequestHead& head = connection.incoming.head;
  return {.without_body = head.method == "HEAD",
          .is_http_1_0 = head.is_http_1_0,
          .keep_alive = head.keep_alive && !connection.close_after_response && !loop_.draining(),
          .coding = ChooseCoding(FindHeader(head.headers, "Accept-Encoding"))};
}

}  // namespace bellwether::api
