#include "notify/receivers/message.h"

#include <algorithm>
#include <tuple>

#include "base/bytes.h"

namespace bellwether::notify {
namespace {

constexpr std::uint64_t kMessageVersion = 2;  // 1: nothing is marked as new.
constexpr std::uint64_t kMemoryVersion = 1;
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

bool Precedes(const metric::Labels& a, const metric::Labels& b) {
  const std::size_t a_size = a.size(), b_size = b.size();
  if (a_size != b_size) return a_size < b_size;
  auto in_a = a.begin();
  auto in_b = b.begin();
  for (; in_a != a.end() && in_b != b.end(); ++in_a, ++in_b) {
    // The first name that only one of them has: the other comes first.
    if (in_a->name != in_b->name) return in_a->name > in_b->name;
    if (in_a->value != in_b->value) return in_a->value < in_b->value;
  }
  return false;
}

void SortAlerts(std::vector<MessageAlert>& alerts) {
  std::sort(alerts.begin(), alerts.end(), [](const MessageAlert& left, const MessageAlert& right) {
    const metric::Labels& a = left.update.labels;
    const metric::Labels& b = right.update.labels;
    for (const std::string_view name : {"job", "instance"}) {
      const std::string_view of_a = a.Get(name), of_b = b.Get(name);
      if (of_a != of_b) return !of_a.empty() && (of_b.empty() || of_a < of_b);
    }
    return Precedes(a, b);
  });
}

std::string ReceiverMemoryBytes(const ReceiverMemory& memory) {
  std::string out;
  base::AppendVarint(out, kMemoryVersion);
  for (const auto& [name, value] : memory) {
    base::AppendLengthPrefixed(out, name);
    base::AppendLengthPrefixed(out, value);
  }
  return out;
}

bool ReadReceiverMemory(std::string_view in, ReceiverMemory& memory) {
  std::uint64_t version = 0;
  if (!base::ReadVarint(in, version) || version != kMemoryVersion) return false;
  while (!in.empty()) {
    std::string name, value;
    if (!ReadString(in, name) || !ReadString(in, value)) return false;
    memory.insert_or_assign(std::move(name), std::move(value));
  }
  return true;
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
