// template/go_time.h
//
// Times in Go's layouts, which show by example how the reference time Mon Jan 2 15:04:05 MST 2006 is to be written.
// Milliseconds are the finest we keep.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "template/value.h"

namespace bellwether::templating {

// What {{ . }} prints of a time: "2022-01-25 12:36:43.5 +0000 UTC".
[[nodiscard]] std::string PrintTime(const Moment& time);

[[nodiscard]] std::string FormatTime(std::string_view layout, const Moment& time);

// kInvalidArgument, in Go's words, if `text` is not of that layout.
[[nodiscard]] base::Result<Moment> ParseTime(std::string_view layout, std::string_view text);

// The same moment shown in an IANA zone, read from the machine's zone files; kInvalidArgument if there is none.
[[nodiscard]] base::Result<Moment> InZone(const Moment& time, const std::string& zone);

struct CivilTime {
  std::int64_t year = 1;
  int month = 1;  // 1..12
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
  int weekday = 1;   // 0 is Sunday.
  int year_day = 1;  // 1..366
};

// Calendar fields as the moment is shown.
[[nodiscard]] CivilTime CivilOf(const Moment& time);
[[nodiscard]] base::TimestampMs FromCivil(const CivilTime& civil, std::int32_t offset_s);

}  // namespace bellwether::templating
