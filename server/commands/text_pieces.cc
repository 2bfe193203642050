#include "server/commands/text_pieces.h"

#include <algorithm>

namespace bellwether::server {
namespace {

// Nobody waits longer for the end of one metric's lines.
constexpr std::size_t kCreatedLinesMax = 1u << 20;
constexpr std::string_view kTypeLine = "# TYPE ";
constexpr std::string_view kCreatedSuffix = "_created";

std::uint64_t CountLines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

std::size_t LineBegin(std::string_view text, std::size_t at) {
  return at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0.
}

std::size_t LineEnd(std::string_view text, std::size_t at) {
  const std::size_t feed = text.find('\n', at);
  return feed == std::string_view::npos ? text.size() : feed + 1;
}

bool IsCreatedLine(std::string_view line) {
  const std::string_view name = line.substr(0, line.find_first_of("{ \t", line.starts_with('{') ? 1 : 0));
  return !name.starts_with('#') && name.find(kCreatedSuffix) != std::string_view::npos;
}

}  // namespace

// The last end of a line in the first `piece_bytes_`, or the first one behind. In OpenMetrics no _created line stands
// behind a cut, for it belongs to what is before it; so where nobody knows yet what follows, the last whole line waits.
// 0: not enough text yet.
std::size_t PieceCutter::CutAt() const {
  const std::string_view text = text_;
  std::size_t end = text.rfind('\n', piece_bytes_ - 1) + 1;
  if (end == 0) end = text.find('\n') + 1;
  if (end == 0 || format_ != ingest::TextFormat::kOpenMetrics) return end;
  const auto may_begin = [&](std::size_t at) {
    return text.find('\n', at) != std::string_view::npos && !IsCreatedLine(text.substr(at, LineEnd(text, at) - at));
  };
  for (std::size_t cut = end; cut > 0; cut = LineBegin(text, cut - 1)) {
    if (may_begin(cut)) return cut;
  }
  for (std::size_t cut = end; cut < text.size(); cut = LineEnd(text, cut)) {
    if (may_begin(cut)) return cut;
  }
  return text.size() > piece_bytes_ + kCreatedLinesMax ? end : 0;
}

std::optional<TextPiece> PieceCutter::Next(More more) {
  const bool last = more == More::kLast;
  if (text_.empty() || (!last && text_.size() < piece_bytes_)) return std::nullopt;
  if (!format_) format_ = ingest::FormatOfLines(text_);
  std::size_t cut = last && text_.size() <= piece_bytes_ ? text_.size() : CutAt();
  if (cut == 0 && !last) return std::nullopt;
  if (cut == 0) cut = text_.size();
  const std::string_view own = std::string_view(text_).substr(0, cut);
  TextPiece piece;
  piece.body.reserve(family_lines_.size() + created_line_.size() + cut);
  piece.body.append(family_lines_).append(created_line_);
  piece.header_lines = CountLines(piece.body);
  piece.body.append(own);
  piece.first_line = line_;
  piece.format = format_;
  line_ += CountLines(own);
  offset_ += cut;
  piece.end = offset_;
  if (format_ == ingest::TextFormat::kOpenMetrics) RememberFamily(own);
  text_.erase(0, cut);
  return piece;
}

void PieceCutter::RememberFamily(std::string_view piece) {
  const std::string_view ending = piece.substr(0, piece.find_last_not_of(" \r\n") + 1);
  seen_eof_ = ending.ends_with("# EOF");
  std::size_t type = piece.rfind("\n# TYPE ");
  if (type != std::string_view::npos) {
    ++type;
  } else if (piece.starts_with(kTypeLine)) {
    type = 0;
  }
  std::size_t samples = 0;
  if (type != std::string_view::npos) {
    std::size_t begin = type;
    while (begin > 0 && piece[LineBegin(piece, begin - 1)] == '#') begin = LineBegin(piece, begin - 1);
    samples = LineEnd(piece, type);
    while (samples < piece.size() && piece[samples] == '#') samples = LineEnd(piece, samples);
    family_lines_ = piece.substr(begin, samples - begin);
    created_line_.clear();
  }
  const std::string_view rest = piece.substr(samples);
  const bool has_starts = family_lines_.find(" counter") != std::string::npos ||
                          family_lines_.find(" histogram") != std::string::npos ||
                          family_lines_.find(" summary") != std::string::npos;
  for (std::size_t at = has_starts ? rest.rfind(kCreatedSuffix) : std::string_view::npos;
       at != std::string_view::npos;) {
    const std::size_t begin = LineBegin(rest, at);
    const std::string_view line = rest.substr(begin, LineEnd(rest, at) - begin);
    if (IsCreatedLine(line)) {
      created_line_ = line;
      return;
    }
    at = begin == 0 ? std::string_view::npos : rest.rfind(kCreatedSuffix, begin - 1);
  }
}

}  // namespace bellwether::server
