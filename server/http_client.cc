#include "server/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "server/curl_tls.h"

namespace bellwether::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kAnswerBytesMax = 64u << 10;
constexpr std::size_t kAnswerHeadBytesMax = 64u << 10;
constexpr std::size_t kHandlesKept = 16;
constexpr int kRedirectsMax = 5;

struct CurlSlist {
  CurlSlist() = default;
  ~CurlSlist() { curl_slist_free_all(list); }
  CurlSlist(const CurlSlist&) = delete;
  CurlSlist& operator=(const CurlSlist&) = delete;

  void Append(const std::string& line) {
    if (curl_slist* longer = curl_slist_append(list, line.c_str())) list = longer;
  }

  curl_slist* list = nullptr;
};

struct HttpOrigin {
  std::string scheme;
  std::string host;
  std::string port;  // The scheme's own where the URL has none.

  friend bool operator==(const HttpOrigin&, const HttpOrigin&) = default;
};

// nullopt unless it is an http or https URL with a host.
std::optional<HttpOrigin> HttpOriginOf(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), curl_url_cleanup);
  // Without the flag "example.org/x" is refused: nothing is guessed.
  if (parsed == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return std::nullopt;
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return std::string();
    std::string copy(text);
    curl_free(text);
    std::transform(copy.begin(), copy.end(), copy.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return copy;
  };
  HttpOrigin origin{part(CURLUPART_SCHEME), part(CURLUPART_HOST), part(CURLUPART_PORT)};
  if ((origin.scheme != "http" && origin.scheme != "https") || origin.host.empty()) return std::nullopt;
  return origin;
}

bool HttpMayRedirect(const HttpOrigin& from, const HttpOrigin& to) {
  return from == to || (from.host == to.host && from.scheme == "http" && to.scheme == "https");
}

bool HttpIsCleanText(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool HttpHasHeader(const base::HttpHeaders& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& h) {
    return h.first.size() == name.size() && curl_strnequal(h.first.c_str(), name.data(), name.size()) != 0;
  });
}

base::Status HttpCheckRequest(const base::HttpClientRequest& request) {
  if (!HttpIsCleanText(request.method) || request.method.empty()) {
    return base::InvalidArgument("send HTTP request: malformed method");
  }
  base::HttpHeaders all = request.headers;
  all.insert(all.end(), request.proxy_headers.begin(), request.proxy_headers.end());
  for (const auto& [name, value] : all) {
    const bool clean_name = !name.empty() && HttpIsCleanText(name) && name.find_first_of(": ;\t") == std::string::npos;
    if (!clean_name || !HttpIsCleanText(value)) {
      return base::InvalidArgument("send HTTP request: a header has a malformed name, or a line break in its value");
    }
  }
  return base::OkStatus();
}

void HttpAppendHeaders(const base::HttpClientRequest& request, CurlSlist& lines) {
  for (const auto& [name, value] : request.headers) {
    // libcurl's notation: "Name;" sends an empty value, "Name:" sends no such header.
    lines.Append(value.empty() ? name + ";" : name + ": " + value);
  }
  if (!HttpHasHeader(request.headers, "Content-Type")) lines.Append("Content-Type:");
  if (!HttpHasHeader(request.headers, "Expect")) lines.Append("Expect:");
}

// One answer as it comes in.
struct HttpAnswer {
  CURL* curl = nullptr;
  const std::function<bool(std::string_view)>* on_body = nullptr;
  base::HttpClientResponse response{};
  std::size_t head_bytes = 0;
  bool body_cut = false;
};

std::size_t HttpTakeBody(char* bytes, std::size_t /*one*/, std::size_t size, void* to) {
  auto& answer = *static_cast<HttpAnswer*>(to);
  if (*answer.on_body) {
    long status = 0;
    curl_easy_getinfo(answer.curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300) return (*answer.on_body)(std::string_view(bytes, size)) ? size : 0;
  }
  std::string& body = answer.response.body;
  const std::size_t taken = std::min(size, kAnswerBytesMax - body.size());
  body.append(bytes, taken);
  answer.body_cut = taken < size;
  return taken;  // Less than `size` ends the transfer.
}

std::size_t HttpTakeHeader(char* bytes, std::size_t /*one*/, std::size_t size, void* to) {
  auto& answer = *static_cast<HttpAnswer*>(to);
  answer.head_bytes += size;
  if (answer.head_bytes > kAnswerHeadBytesMax) return 0;
  std::string_view line(bytes, size);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) answer.response.headers.clear();  // Of an interim answer, or of the proxy.
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || line.starts_with("HTTP/")) return size;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  answer.response.headers.emplace_back(line.substr(0, colon), value);
  return size;
}

base::Status HttpStatusOf(CURLcode code) {
  // libcurl's general words; its detailed message would name the URL or the host.
  std::string message = std::string("send HTTP request: ") + curl_easy_strerror(code);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return base::DeadlineExceeded("send HTTP request: no complete answer in time");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return base::InvalidArgument(std::move(message));
    default: return base::Unavailable(std::move(message));
  }
}

// What of a request changes from redirect to redirect.
struct HttpHop {
  std::string url;
  std::string method;
  std::string_view body;
};

void HttpSetMethod(CURL* curl, const HttpHop& hop) {
  if (hop.method == "GET" && hop.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
  } else if (hop.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else {
    if (hop.method == "POST" || hop.method == "PUT" || hop.method == "PATCH" || !hop.body.empty()) {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(hop.body.size()));
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, hop.body.empty() ? "" : hop.body.data());
    }
    if (hop.method != "POST") curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, hop.method.c_str());
  }
}

void HttpSetSecurity(CURL* curl, const base::HttpClientRequest& request) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  ApplyTls(curl, request.tls);
  if (!request.proxy_from_environment) {
    curl_easy_setopt(curl, CURLOPT_PROXY, request.proxy_url.c_str());  // Empty: none, whatever the environment says.
    curl_easy_setopt(curl, CURLOPT_NOPROXY, request.no_proxy.c_str());
  }
  if (!request.basic_auth_username.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(curl, CURLOPT_USERNAME, request.basic_auth_username.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, request.basic_auth_password.c_str());
  }
}

// The certificate is judged by the host of the URL; so the URL names the host that it is to be of, and the connection
// goes where the URL went.
struct HttpServerName {
  HttpServerName(const std::string& url, const std::string& name) {
    const auto origin = HttpOriginOf(url);
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), curl_url_cleanup);
    char* text = nullptr;
    if (!origin || parsed == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
        curl_url_set(parsed.get(), CURLUPART_HOST, name.c_str(), 0) != CURLUE_OK ||
        curl_url_get(parsed.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) {
      return;
    }
    named_url = text;
    curl_free(text);
    connect_to.Append(name + ":" + origin->port + ":" + origin->host + ":" + origin->port);
    host_header = "Host: " + origin->host + ":" + origin->port;
  }

  std::string named_url;  // Empty: it is not to be had.
  std::string host_header;
  CurlSlist connect_to;
};

base::Result<base::HttpClientResponse> HttpPerform(CURL* curl, const base::HttpClientRequest& request,
                                                   const std::string& user_agent, const HttpHop& hop,
                                                   milliseconds timeout) {
  HttpAnswer answer{.curl = curl, .on_body = &request.on_body};
  CurlSlist lines;
  HttpAppendHeaders(request, lines);
  CurlSlist proxy_lines;
  for (const auto& [name, value] : request.proxy_headers) proxy_lines.Append(name + ": " + value);
  std::optional<HttpServerName> server_name;
  if (!request.tls.server_name.empty() && hop.url.starts_with("https:")) {
    server_name.emplace(hop.url, request.tls.server_name);
    if (server_name->named_url.empty()) return base::InvalidArgument("send HTTP request: malformed server_name");
    if (!HttpHasHeader(request.headers, "Host")) lines.Append(server_name->host_header);
  }
  curl_easy_reset(curl);  // Keeps connections and sessions.
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_URL, hop.url.c_str());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines.list);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &HttpTakeBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &HttpTakeHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  HttpSetSecurity(curl, request);
  HttpSetMethod(curl, hop);
  if (proxy_lines.list != nullptr) {
    curl_easy_setopt(curl, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
    curl_easy_setopt(curl, CURLOPT_PROXYHEADER, proxy_lines.list);
  }
  if (server_name) {
    curl_easy_setopt(curl, CURLOPT_URL, server_name->named_url.c_str());
    curl_easy_setopt(curl, CURLOPT_CONNECT_TO, server_name->connect_to.list);
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && answer.body_cut)) return HttpStatusOf(code);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.response.status = static_cast<int>(status);
  return std::move(answer.response);
}

// Where the answer just received sends the client, if it may go there.
std::optional<HttpHop> HttpNextHop(CURL* curl, const HttpHop& hop, int status) {
  char* target = nullptr;
  curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &target);
  if (target == nullptr) return std::nullopt;
  HttpHop next{target, hop.method, hop.body};
  if (status == 301 || status == 302 || status == 303) {
    if (next.method != "HEAD") next.method = "GET";
    next.body = {};
  } else if (status != 307 && status != 308) {
    return std::nullopt;
  }
  const auto from = HttpOriginOf(hop.url);
  const auto to = HttpOriginOf(next.url);
  if (!from || !to || !HttpMayRedirect(*from, *to)) return std::nullopt;
  return next;
}

}  // namespace

struct CurlHttpClient::Handle {
  Handle() : curl(curl_easy_init()) {}
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  CURL* const curl;
};

CurlHttpClient::CurlHttpClient(std::string user_agent) : user_agent_(std::move(user_agent)) {
  // Counted and, in the packaged version, thread-safe; never undone, because other users of libcurl may remain.
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

CurlHttpClient::~CurlHttpClient() = default;

base::Result<base::HttpClientResponse> CurlHttpClient::Send(const base::HttpClientRequest& request) {
  BW_RETURN_IF_ERROR(HttpCheckRequest(request));
  if (!HttpOriginOf(request.url)) return base::InvalidArgument("send HTTP request: not an http or https URL");
  auto handle = Take();
  if (handle->curl == nullptr) return base::Unavailable("send HTTP request: out of memory");
  const auto deadline = steady_clock::now() + milliseconds(request.timeout.ms);
  HttpHop hop{request.url, request.method, request.body};
  for (int redirects = 0;; ++redirects) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) return base::DeadlineExceeded("send HTTP request: no complete answer in time");
    auto response = HttpPerform(handle->curl, request, user_agent_, hop, left);
    if (!response.ok()) return response;  // The handle goes, with a connection in an unknown state.
    auto next = request.follow_redirects && redirects < kRedirectsMax ? HttpNextHop(handle->curl, hop, response->status)
                                                                      : std::nullopt;
    if (!next) {
      Return(std::move(handle));
      return response;
    }
    hop = std::move(*next);
  }
}

std::unique_ptr<CurlHttpClient::Handle> CurlHttpClient::Take() {
  {
    const base::MutexLock lock(mu_);
    if (!free_.empty()) {
      auto handle = std::move(free_.back());
      free_.pop_back();
      return handle;
    }
  }
  return std::make_unique<Handle>();
}

void CurlHttpClient::Return(std::unique_ptr<Handle> handle) {
  const base::MutexLock lock(mu_);
  if (free_.size() < kHandlesKept) free_.push_back(std::move(handle));
}

}  // namespace bellwether::server
