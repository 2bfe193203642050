#include "ingest/text/text_labels.h"

#include "base/quote.h"

namespace bellwether::ingest {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

void SkipBlanks(std::string_view text, std::size_t& at) {
  while (at < text.size() && IsBlank(text[at])) ++at;
}

bool IsNameByte(char c, bool first, bool in_metric) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (in_metric && c == ':');
  return letter || (!first && c >= '0' && c <= '9');
}

// The closing quote of a string whose opening one stands at `at`; npos if there is none.
std::size_t FindQuoteEnd(std::string_view text, std::size_t at) {
  for (std::size_t i = at + 1;;) {
    const std::size_t quote = text.find('"', i);
    if (quote == std::string_view::npos) return quote;
    // An odd number of backslashes before it: it is escaped.
    std::size_t begin = quote;
    while (begin > i && text[begin - 1] == '\\') --begin;
    if ((quote - begin) % 2 == 0) return quote;
    i = quote + 1;
  }
}

// Reads labels from a naming part, left to right.
class NamingReader {
 public:
  NamingReader(std::string_view text, std::vector<metric::LabelView>& labels, std::string& unescaped, TextFault& fault)
      : text_(text), labels_(labels), unescaped_(unescaped), fault_(fault) {
    unescaped_.clear();
    unescaped_.reserve(text.size());  // Views into it must not move.
  }

  bool Read() {
    if (at_ < text_.size() && text_[at_] != '{') {
      std::string_view name;
      if (!ReadBareName(true, name)) return false;
      labels_.push_back({metric::kMetricName, name});
      named_ = true;
      SkipBlanks(text_, at_);
    }
    if (at_ == text_.size()) return named_ || Fail("a metric name is missing");
    if (text_[at_] != '{') return Fail("this character cannot stand in a metric name; quote the name: {\"name\"}");
    ++at_;
    return ReadPairs() && (at_ == text_.size() || Fail("text behind the closing brace"));
  }

  bool ReadPairs() {
    for (;;) {
      SkipBlanks(text_, at_);
      if (at_ == text_.size()) return Fail("the closing brace is missing");
      if (text_[at_] == '}') return ++at_, true;
      if (!ReadPair()) return false;
      SkipBlanks(text_, at_);
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
      } else if (at_ < text_.size() && text_[at_] != '}') {
        return Fail("expected a comma or the closing brace");
      }
    }
  }

 private:
  bool ReadPair() {
    const std::size_t begin = at_;
    std::string_view name;
    const bool quoted = text_[at_] == '"';
    if (!(quoted ? ReadQuoted(name) : ReadBareName(false, name))) return false;
    SkipBlanks(text_, at_);
    if (at_ == text_.size() || text_[at_] != '=') {
      if (!quoted) return Fail("expected = behind a label name");
      at_ = named_ ? begin : at_;
      if (named_) return Fail("a second metric name; expected = behind a label name");
      named_ = true;
      labels_.push_back({metric::kMetricName, name});
      return true;
    }
    ++at_;
    SkipBlanks(text_, at_);
    if (at_ == text_.size() || text_[at_] != '"') return Fail("a label value must be in double quotes");
    std::string_view value;
    if (!ReadQuoted(value)) return false;
    labels_.push_back({name, value});
    return true;
  }

  bool ReadBareName(bool of_metric, std::string_view& name) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && IsNameByte(text_[at_], at_ == begin, of_metric)) ++at_;
    name = text_.substr(begin, at_ - begin);
    if (!name.empty()) return true;
    return Fail(of_metric ? "expected a metric name"
                          : "expected a label name; one with other characters goes in quotes");
  }

  bool ReadQuoted(std::string_view& out) {
    const std::size_t end = FindQuoteEnd(text_, at_);
    if (end == std::string_view::npos) return Fail("the closing quote is missing");
    const std::string_view raw = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    out = raw.find('\\') == std::string_view::npos ? raw : Unescape(raw);
    return true;
  }

  std::string_view Unescape(std::string_view raw) {
    const std::size_t begin = unescaped_.size();
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const char next = raw[i] == '\\' && i + 1 < raw.size() ? raw[i + 1] : '\0';
      if (next == 'n' || next == '\\' || next == '"') {
        unescaped_.push_back(next == 'n' ? '\n' : next);
        ++i;
      } else {
        unescaped_.push_back(raw[i]);
      }
    }
    return std::string_view(unescaped_).substr(begin);
  }

  bool Fail(const char* words) {
    fault_ = {at_, words};
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool named_ = false;
  std::vector<metric::LabelView>& labels_;
  std::string& unescaped_;
  TextFault& fault_;
};

void AppendPairs(std::string& out, const metric::Labels& labels, const char* comma) {
  for (const auto& [name, value] : labels) {
    if (name == metric::kMetricName) continue;
    out.append(comma);
    comma = ",";
    if (metric::IsLegacyLabelName(name)) {
      out.append(name);
    } else {
      base::AppendTextQuoted(out, name);
    }
    out.push_back('=');
    base::AppendTextQuoted(out, value);
  }
}

}  // namespace

std::size_t FindNamingEnd(std::string_view line, TextFault& fault) {
  std::size_t at = 0;
  while (at < line.size() && line[at] != '{' && !IsBlank(line[at])) ++at;
  const std::size_t name_end = at;
  SkipBlanks(line, at);
  if (at == line.size() || line[at] != '{') return name_end;
  for (++at; at < line.size(); ++at) {
    if (line[at] == '}') return at + 1;
    if (line[at] != '"') continue;
    const std::size_t quote = FindQuoteEnd(line, at);
    if (quote == std::string_view::npos) {
      fault = {at, "the closing quote is missing"};
      return 0;
    }
    at = quote;
  }
  fault = {line.size(), "the closing brace is missing"};
  return 0;
}

bool ReadTextLabels(std::string_view naming, std::vector<metric::LabelView>& labels, std::string& unescaped,
                    TextFault& fault) {
  return NamingReader(naming, labels, unescaped, fault).Read();
}

std::string_view MetricNameOf(std::string_view naming) {
  if (naming.empty() || naming[0] != '{') return naming.substr(0, naming.find_first_of("{ \t"));
  std::size_t at = 1;
  SkipBlanks(naming, at);
  if (at == naming.size() || naming[at] != '"') return {};
  const std::size_t end = naming.find_first_of("\"\\", at + 1);
  if (end == std::string_view::npos || naming[end] == '\\') return {};
  return naming.substr(at + 1, end - at - 1);
}

void AppendNaming(std::string& out, const metric::Labels& labels) {
  const std::string_view name = labels.Name();
  const std::size_t begin = out.size();
  const bool bare = metric::IsLegacyMetricName(name);
  if (bare) out.append(name);
  out.push_back('{');
  if (!bare && !name.empty()) base::AppendTextQuoted(out, name);
  AppendPairs(out, labels, bare || name.empty() ? "" : ",");
  out.push_back('}');
  if (bare && out.size() == begin + name.size() + 2) out.resize(out.size() - 2);
}

void AppendTextLabelSet(std::string& out, const metric::Labels& labels) {
  out.push_back('{');
  AppendPairs(out, labels, "");
  out.push_back('}');
}

}  // namespace bellwether::ingest
