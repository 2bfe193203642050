// api/json/json_writer.h
//
// JSON, written as it is produced. The writer keeps at most about 64 KiB and hands full pieces to the sink, so an
// answer of a million points never stands in memory as text. It puts the commas; the caller keeps objects and arrays
// balanced.
//
// Two ways of escaping, as Prometheus has them: String writes what Go's encoding/json writes (<, >, & and U+2028,
// U+2029 as \u escapes), PlainString escapes only what JSON demands and is for label sets. Bytes that are not UTF-8
// become U+FFFD either way.
//
//   JsonWriter json(sink);
//   json.BeginObject().Key("status").String("success").EndObject();   // flushed by the destructor
//
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/http_server.h"
#include "base/time.h"

namespace bellwether::api {

class JsonWriter {
 public:
  static constexpr std::size_t kPieceBytes = 64u << 10;

  explicit JsonWriter(BodySink& sink) : sink_(sink) {}
  ~JsonWriter() { Flush(); }
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view name);

  JsonWriter& String(std::string_view text);
  JsonWriter& PlainString(std::string_view text);
  JsonWriter& Integer(std::int64_t n);
  JsonWriter& Unsigned(std::uint64_t n);
  JsonWriter& Bool(bool b) { return Raw(b ? "true" : "false"); }
  JsonWriter& Null() { return Raw("null"); }
  // A JSON number; null where `v` is not finite.
  JsonWriter& Number(double v);
  // A sample value: the number in quotes, "NaN" and "+Inf" included.
  JsonWriter& QuotedNumber(double v);
  // Seconds with the milliseconds as three decimals, none if they are zero: 1435781451.780.
  JsonWriter& Seconds(base::TimestampMs t);
  // A value that is JSON already.
  JsonWriter& Raw(std::string_view json);

  // Hands on what is kept.
  void Flush();
  // False once the sink has said that the client is gone; what is written then is dropped.
  [[nodiscard]] bool alive() const { return alive_; }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void BeforeValue() {
    if (comma_) buffer_.push_back(',');
    comma_ = true;
  }
  void FlushIfFull() {
    if (buffer_.size() >= kPieceBytes) Flush();
  }

  BodySink& sink_;
  std::string buffer_;
  bool comma_ = false;  // The next value or key follows another.
  bool alive_ = true;
};

// A sink that keeps everything: for answers that are known to be small.
class StringSink final : public BodySink {
 public:
  explicit StringSink(std::string& out) : out_(out) {}
  bool Write(std::string_view bytes) override {
    out_.append(bytes);
    return true;
  }

 private:
  std::string& out_;
};

}  // namespace bellwether::api
