#include "template/go_time.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include <fmt/format.h>

#include "base/civil_date.h"
#include "base/quote.h"

namespace bellwether::templating {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::int64_t kDayMs = 86'400'000;

// The pieces a layout is made of. Order matters: of two that fit, the earlier one is taken.
enum class Piece {
  kLongMonth,
  kMonth,
  kLongWeekday,
  kWeekday,
  kZoneName,
  kYearDayZero,
  kZeroMonth,
  kZeroDay,
  kZeroHour12,
  kZeroMinute,
  kZeroSecond,
  kShortYear,
  kLongYear,
  kHour24,
  kDayUnderscore,
  kPM,
  kpm,
  kZone0700,
  kZone07Colon,
  kZone07,
  kZ0700,
  kZ07Colon,
  kNumMonth,
  kDay,
  kHour12,
  kMinute,
  kSecond
};

struct Token {
  std::string_view text;
  Piece piece;
};

constexpr Token kTokens[] = {
    {"January", Piece::kLongMonth},
    {"Jan", Piece::kMonth},
    {"Monday", Piece::kLongWeekday},
    {"Mon", Piece::kWeekday},
    {"MST", Piece::kZoneName},
    {"002", Piece::kYearDayZero},
    {"01", Piece::kZeroMonth},
    {"02", Piece::kZeroDay},
    {"03", Piece::kZeroHour12},
    {"04", Piece::kZeroMinute},
    {"05", Piece::kZeroSecond},
    {"06", Piece::kShortYear},
    {"2006", Piece::kLongYear},
    {"15", Piece::kHour24},
    {"_2", Piece::kDayUnderscore},
    {"PM", Piece::kPM},
    {"pm", Piece::kpm},
    {"-07:00", Piece::kZone07Colon},
    {"-0700", Piece::kZone0700},
    {"-07", Piece::kZone07},
    {"Z07:00", Piece::kZ07Colon},
    {"Z0700", Piece::kZ0700},
    {"1", Piece::kNumMonth},
    {"2", Piece::kDay},
    {"3", Piece::kHour12},
    {"4", Piece::kMinute},
    {"5", Piece::kSecond},
};

// The layout piece at the front of `rest`; null if the front is literal text.
const Token* PieceAt(std::string_view rest) {
  for (const Token& token : kTokens) {
    if (!rest.starts_with(token.text)) continue;
    // "Month" and "Monk" are words, not weekdays; likewise "Janet".
    const bool is_word = token.piece == Piece::kMonth || token.piece == Piece::kWeekday;
    if (is_word && rest.size() > 3 && std::islower(static_cast<unsigned char>(rest[3])) != 0) continue;
    return &token;
  }
  return nullptr;
}

// A fraction of a second in a layout: '.' or ',' and a run of 0 or of 9, no digit behind. Its length, or 0.
std::size_t FractionAt(std::string_view rest) {
  if (rest.size() < 2 || (rest[0] != '.' && rest[0] != ',') || (rest[1] != '0' && rest[1] != '9')) return 0;
  std::size_t end = 1;
  while (end < rest.size() && rest[end] == rest[1]) ++end;
  if (end < rest.size() && std::isdigit(static_cast<unsigned char>(rest[end])) != 0) return 0;
  return end;
}

std::string FormatFraction(std::string_view layout, int millisecond) {
  std::string digits = fmt::format("{:03}", millisecond);
  digits.resize(layout.size() - 1, '0');
  if (layout[1] == '9') digits.erase(digits.find_last_not_of('0') + 1);
  return digits.empty() ? "" : layout[0] + digits;
}

std::string FormatOffset(std::int32_t offset_s, Piece piece) {
  const bool z = piece == Piece::kZ0700 || piece == Piece::kZ07Colon;
  if (z && offset_s == 0) return "Z";
  const int minutes = std::abs(offset_s) / 60;
  const char* colon = piece == Piece::kZone07Colon || piece == Piece::kZ07Colon ? ":" : "";
  if (piece == Piece::kZone07) return fmt::format("{}{:02}", offset_s < 0 ? '-' : '+', minutes / 60);
  return fmt::format("{}{:02}{}{:02}", offset_s < 0 ? '-' : '+', minutes / 60, colon, minutes % 60);
}

std::string FormatPiece(Piece piece, const CivilTime& c, const Moment& time) {
  const int hour12 = c.hour % 12 == 0 ? 12 : c.hour % 12;
  const std::string_view month = kMonths[static_cast<std::size_t>(c.month - 1)];
  const std::string_view weekday = kWeekdays[static_cast<std::size_t>(c.weekday)];
  switch (piece) {
    case Piece::kLongMonth: return std::string(month);
    case Piece::kMonth: return std::string(month.substr(0, 3));
    case Piece::kLongWeekday: return std::string(weekday);
    case Piece::kWeekday: return std::string(weekday.substr(0, 3));
    case Piece::kZoneName: return time.zone;
    case Piece::kYearDayZero: return fmt::format("{:03}", c.year_day);
    case Piece::kZeroMonth: return fmt::format("{:02}", c.month);
    case Piece::kZeroDay: return fmt::format("{:02}", c.day);
    case Piece::kZeroHour12: return fmt::format("{:02}", hour12);
    case Piece::kZeroMinute: return fmt::format("{:02}", c.minute);
    case Piece::kZeroSecond: return fmt::format("{:02}", c.second);
    case Piece::kShortYear: return fmt::format("{:02}", c.year % 100);
    case Piece::kLongYear: return fmt::format("{:04}", c.year);
    case Piece::kHour24: return fmt::format("{:02}", c.hour);
    case Piece::kDayUnderscore: return fmt::format("{:2}", c.day);
    case Piece::kPM: return c.hour >= 12 ? "PM" : "AM";
    case Piece::kpm: return c.hour >= 12 ? "pm" : "am";
    case Piece::kZone0700:
    case Piece::kZone07Colon:
    case Piece::kZone07:
    case Piece::kZ0700:
    case Piece::kZ07Colon: return FormatOffset(time.offset_s, piece);
    case Piece::kNumMonth: return std::to_string(c.month);
    case Piece::kDay: return std::to_string(c.day);
    case Piece::kHour12: return std::to_string(hour12);
    case Piece::kMinute: return std::to_string(c.minute);
    case Piece::kSecond: return std::to_string(c.second);
  }
  return {};
}

// Takes between `low` and `high` digits off the front.
bool TakeNumber(std::string_view& in, std::size_t low, std::size_t high, int& out) {
  std::size_t n = 0;
  int value = 0;
  while (n < high && n < in.size() && in[n] >= '0' && in[n] <= '9') value = value * 10 + (in[n++] - '0');
  if (n < low) return false;
  in.remove_prefix(n);
  out = value;
  return true;
}

template <std::size_t N>
bool TakeName(std::string_view& in, const std::array<std::string_view, N>& names, std::size_t letters, int& out) {
  for (std::size_t i = 0; i < N; ++i) {
    const std::string_view name = names[i].substr(0, letters);
    if (in.size() < name.size()) continue;
    const bool same = std::equal(name.begin(), name.end(), in.begin(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    });
    if (!same) continue;
    in.remove_prefix(name.size());
    out = static_cast<int>(i);
    return true;
  }
  return false;
}

struct Parsed {
  CivilTime civil{.year = 0};
  std::int32_t offset_s = 0;
  std::string zone = "UTC";
  bool pm = false;
  bool has_pm = false;
};

bool TakeOffset(std::string_view& in, Piece piece, Parsed& p) {
  const bool z = piece == Piece::kZ0700 || piece == Piece::kZ07Colon;
  if (z && in.starts_with('Z')) {
    in.remove_prefix(1);
    return true;
  }
  if (in.empty() || (in[0] != '+' && in[0] != '-')) return false;
  const bool negative = in[0] == '-';
  in.remove_prefix(1);
  int hours = 0, minutes = 0;
  if (!TakeNumber(in, 2, 2, hours)) return false;
  if (piece != Piece::kZone07) {
    if (piece == Piece::kZone07Colon || piece == Piece::kZ07Colon) {
      if (!in.starts_with(':')) return false;
      in.remove_prefix(1);
    }
    if (!TakeNumber(in, 2, 2, minutes)) return false;
  }
  if (hours > 24 || minutes > 59) return false;
  p.offset_s = (hours * 60 + minutes) * 60 * (negative ? -1 : 1);
  p.zone = fmt::format("{}{:02}{:02}", negative ? '-' : '+', hours, minutes);
  if (p.offset_s == 0) p.zone = "UTC";
  return true;
}

bool TakeHalf(std::string_view& in, std::string_view am, std::string_view pm, Parsed& p) {
  if (!in.starts_with(am) && !in.starts_with(pm)) return false;
  p.has_pm = true;
  p.pm = in.starts_with(pm);
  in.remove_prefix(2);
  return true;
}

bool TakeZoneName(std::string_view& in, Parsed& p) {
  std::size_t n = 0;
  while (n < in.size() && n < 5 && in[n] >= 'A' && in[n] <= 'Z') ++n;
  if (n < 3) return false;
  p.zone = std::string(in.substr(0, n));
  in.remove_prefix(n);
  return true;
}

bool TakePiece(std::string_view& in, Piece piece, Parsed& p) {
  CivilTime& c = p.civil;
  int n = 0;
  switch (piece) {
    case Piece::kLongMonth:
      if (!TakeName(in, kMonths, std::string_view::npos, n)) return false;
      c.month = n + 1;
      return true;
    case Piece::kMonth:
      if (!TakeName(in, kMonths, 3, n)) return false;
      c.month = n + 1;
      return true;
    case Piece::kLongWeekday: return TakeName(in, kWeekdays, std::string_view::npos, n);
    case Piece::kWeekday: return TakeName(in, kWeekdays, 3, n);
    case Piece::kZoneName: return TakeZoneName(in, p);
    case Piece::kYearDayZero:
      if (!TakeNumber(in, 3, 3, n) || n < 1) return false;
      c.month = 1;
      c.day = n;
      return true;
    case Piece::kZeroMonth: return TakeNumber(in, 2, 2, c.month);
    case Piece::kNumMonth: return TakeNumber(in, 1, 2, c.month);
    case Piece::kZeroDay: return TakeNumber(in, 2, 2, c.day);
    case Piece::kDayUnderscore:
      if (in.starts_with(' ')) in.remove_prefix(1);
      return TakeNumber(in, 1, 2, c.day);
    case Piece::kDay: return TakeNumber(in, 1, 2, c.day);
    case Piece::kZeroHour12:
    case Piece::kHour24: return TakeNumber(in, 2, 2, c.hour);
    case Piece::kHour12: return TakeNumber(in, 1, 2, c.hour);
    case Piece::kZeroMinute: return TakeNumber(in, 2, 2, c.minute);
    case Piece::kMinute: return TakeNumber(in, 1, 2, c.minute);
    case Piece::kZeroSecond: return TakeNumber(in, 2, 2, c.second);
    case Piece::kSecond: return TakeNumber(in, 1, 2, c.second);
    case Piece::kShortYear:
      if (!TakeNumber(in, 2, 2, n)) return false;
      c.year = n >= 69 ? 1900 + n : 2000 + n;
      return true;
    case Piece::kLongYear:
      if (!TakeNumber(in, 4, 4, n)) return false;
      c.year = n;
      return true;
    case Piece::kPM: return TakeHalf(in, "AM", "PM", p);
    case Piece::kpm: return TakeHalf(in, "am", "pm", p);
    case Piece::kZone0700:
    case Piece::kZone07Colon:
    case Piece::kZone07:
    case Piece::kZ0700:
    case Piece::kZ07Colon: return TakeOffset(in, piece, p);
  }
  return false;
}

// A fraction of any length; digits past milliseconds are dropped.
bool TakeFraction(std::string_view& in, int& millisecond) {
  if (in.size() < 2 || (in[0] != '.' && in[0] != ',') || in[1] < '0' || in[1] > '9') return false;
  in.remove_prefix(1);
  int scale = 100;
  millisecond = 0;
  while (!in.empty() && in[0] >= '0' && in[0] <= '9') {
    millisecond += (in[0] - '0') * scale;
    scale /= 10;
    in.remove_prefix(1);
  }
  return true;
}

int DaysIn(std::int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

}  // namespace

CivilTime CivilOf(const Moment& time) {
  // Year 1 as Go's zero time has it.
  const std::int64_t ms = time.is_zero ? -62'135'596'800'000 : time.at.ms;
  // Far outside of any calendar use; keeps the arithmetic below from overflowing.
  constexpr std::int64_t kLimit = std::numeric_limits<std::int64_t>::max() / 4;
  const std::int64_t local = std::clamp(ms, -kLimit, kLimit) + std::int64_t{time.offset_s} * 1000;
  std::int64_t days = local / kDayMs;
  std::int64_t rest = local % kDayMs;
  if (rest < 0) {
    rest += kDayMs;
    --days;
  }
  const base::CivilDate date = base::CivilFromDays(days);
  CivilTime c;
  c.year = date.year;
  c.month = date.month;
  c.day = date.day;
  c.hour = static_cast<int>(rest / 3'600'000);
  c.minute = static_cast<int>(rest / 60'000 % 60);
  c.second = static_cast<int>(rest / 1000 % 60);
  c.millisecond = static_cast<int>(rest % 1000);
  c.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  c.year_day = static_cast<int>(days - base::DaysFromCivil({c.year, 1, 1}) + 1);
  return c;
}

base::TimestampMs FromCivil(const CivilTime& c, std::int32_t offset_s) {
  const std::int64_t seconds =
      base::DaysFromCivil({c.year, c.month, c.day}) * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
  return base::TimestampMs((seconds - offset_s) * 1000 + c.millisecond);
}

std::string FormatTime(std::string_view layout, const Moment& time) {
  const CivilTime civil = CivilOf(time);
  std::string out;
  while (!layout.empty()) {
    if (const std::size_t n = FractionAt(layout); n > 0) {
      out += FormatFraction(layout.substr(0, n), civil.millisecond);
      layout.remove_prefix(n);
    } else if (const Token* token = PieceAt(layout)) {
      out += FormatPiece(token->piece, civil, time);
      layout.remove_prefix(token->text.size());
    } else {
      out.push_back(layout[0]);
      layout.remove_prefix(1);
    }
  }
  return out;
}

std::string PrintTime(const Moment& time) { return FormatTime("2006-01-02 15:04:05.999999999 -0700 MST", time); }

base::Result<Moment> ParseTime(std::string_view layout, std::string_view text) {
  const auto fault = [whole_layout = layout, whole_text = text](std::string_view at, std::string_view piece) {
    return base::InvalidArgument(fmt::format("parsing time {} as {}: cannot parse {} as {}", base::Quote(whole_text),
                                             base::Quote(whole_layout), base::Quote(at), base::Quote(piece)));
  };
  const std::string whole(text);
  Parsed p;
  std::string_view in = text;
  while (!layout.empty()) {
    if (const std::size_t n = FractionAt(layout); n > 0) {
      // A fraction of nines may be absent.
      if (!TakeFraction(in, p.civil.millisecond) && layout[1] == '0') return fault(in, layout.substr(0, n));
      layout.remove_prefix(n);
    } else if (const Token* token = PieceAt(layout)) {
      if (!TakePiece(in, token->piece, p)) return fault(in, token->text);
      // A fraction behind the seconds is read even where the layout has none.
      const bool seconds = token->piece == Piece::kSecond || token->piece == Piece::kZeroSecond;
      layout.remove_prefix(token->text.size());
      if (seconds && FractionAt(layout) == 0) TakeFraction(in, p.civil.millisecond);
    } else {
      if (in.empty() || in[0] != layout[0]) return fault(in, layout);
      in.remove_prefix(1);
      layout.remove_prefix(1);
    }
  }
  const auto range = [&](std::string_view what) {
    return base::InvalidArgument(fmt::format("parsing time {}: {} out of range", base::Quote(whole), what));
  };
  if (!in.empty()) {
    return base::InvalidArgument(fmt::format("parsing time {}: extra text: {}", base::Quote(whole), base::Quote(in)));
  }
  CivilTime& c = p.civil;
  if (p.has_pm && p.pm && c.hour < 12) c.hour += 12;
  if (p.has_pm && !p.pm && c.hour == 12) c.hour = 0;
  if (c.month < 1 || c.month > 12) return range("month");
  if (c.hour > 23) return range("hour");
  if (c.minute > 59) return range("minute");
  if (c.second > 59) return range("second");
  if (c.day < 1 || c.day > DaysIn(c.year, c.month)) return range("day");
  return Moment{.at = FromCivil(c, p.offset_s), .offset_s = p.offset_s, .zone = p.zone};
}

}  // namespace bellwether::templating
