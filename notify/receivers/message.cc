#include "notify/receivers/message.h"

#include <algorithm>
#include <tuple>

#include "base/bytes.h"

namespace bellwether::notify {
namespace {

constexpr std::uint64_t kMessageVersion = 2;  // 1: nothing is marked as new.
constexpr unsigned kFiringBit = 1;
constexpr unsigned kNewBit = 2;

bool ReadString(std::string_view& in, std::string& out) {
  std::string_view bytes;
  if (!base::ReadLengthPrefixed(in, bytes)) return false;
  out = std::string(bytes);
  return true;
}

}  // namespace

bool Message::IsFiring() const {
  return std::any_of(alerts.begin(), alerts.end(), [](const MessageAlert& a) { return a.firing; });
}

void SortAlerts(std::vector<MessageAlert>& alerts) {
  std::sort(alerts.begin(), alerts.end(), [](const MessageAlert& left, const MessageAlert& right) {
    const metric::Labels& a = left.update.labels;
    const metric::Labels& b = right.update.labels;
    return std::tuple(a.Get("job"), a.Get("instance"), std::cref(a)) <
           std::tuple(b.Get("job"), b.Get("instance"), std::cref(b));
  });
}

void EncodeMessage(const Message& message, std::string& out) {
  base::AppendVarint(out, kMessageVersion);
  for (const std::string* text : {&message.group_key, &message.receiver, &message.integration, &message.reason}) {
    base::AppendLengthPrefixed(out, *text);
  }
  base::AppendVarint(out, message.index);
  base::AppendLengthPrefixed(out, message.group_labels.bytes());
  base::AppendVarint(out, message.alerts.size());
  for (const MessageAlert& alert : message.alerts) {
    out.push_back(static_cast<char>((alert.firing ? kFiringBit : 0U) | (alert.is_new ? kNewBit : 0U)));
    base::AppendVarint(out, base::ZigZag(alert.ended_at.ms));
    metric::EncodeAlertUpdate(alert.update, out);
  }
}

bool DecodeMessage(std::string_view& in, Message& message) {
  message = Message();
  std::uint64_t version = 0, index = 0, count = 0;
  if (!base::ReadVarint(in, version) || version == 0 || version > kMessageVersion) return false;
  for (std::string* text : {&message.group_key, &message.receiver, &message.integration, &message.reason}) {
    if (!ReadString(in, *text)) return false;
  }
  std::string_view labels;
  if (!base::ReadVarint(in, index) || !base::ReadLengthPrefixed(in, labels) || !base::ReadVarint(in, count))
    return false;
  message.index = static_cast<std::size_t>(index);
  auto decoded = metric::Labels::Decode(labels);
  if (!decoded) return false;
  message.group_labels = std::move(*decoded);
  for (; count > 0; --count) {
    MessageAlert alert;
    if (in.empty()) return false;
    const auto flags = static_cast<unsigned char>(in[0]);
    alert.firing = (flags & kFiringBit) != 0;
    alert.is_new = (flags & kNewBit) != 0;
    in.remove_prefix(1);
    std::uint64_t ended = 0;
    if (!base::ReadVarint(in, ended) || !metric::DecodeAlertUpdate(in, alert.update)) return false;
    alert.ended_at = base::TimestampMs(base::UnZigZag(ended));
    message.alerts.push_back(std::move(alert));
  }
  return true;
}

}  // namespace bellwether::notify
