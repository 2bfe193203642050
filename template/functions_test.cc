#include "template/functions.h"

#include <gtest/gtest.h>

#include "template/template.h"

namespace bellwether::templating {
namespace {

constexpr base::TimestampMs kTestNow(1643114203500);

void CheckWith(const FunctionTable& functions, std::string_view text, std::string_view expected) {
  TemplateSet set;
  const base::Status parsed = set.Parse("t", text, functions);
  ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.message();
  const Value data = Value::AnyMap({{"T", Value::Time({.at = kTestNow})},
                                    {"M", Value::StringMap({{"b", "<1>"}, {"a", "x"}})},
                                    {"V", Value::Float(12345.678)}});
  const auto out = set.Execute("t", data, functions);
  EXPECT_EQ(out.ok() ? *out : out.status().message(), expected) << text;
}

void CheckAlert(std::string_view text, std::string_view expected) {
  CheckWith(AlertFunctions(kTestNow), text, expected);
}

void CheckNotification(std::string_view text, std::string_view expected) {
  CheckWith(NotificationFunctions(kTestNow), text, expected);
}

TEST(Functions, NumbersForPeople) {
  CheckAlert("{{ humanize 1048576 }}", "1.049M");
  CheckAlert("{{ humanize 0.0 }} {{ humanize 1.0 }} {{ humanize 123.456 }} {{ humanize 12345 }}", "0 1 123.5 12.35k");
  CheckAlert("{{ humanize 0.1 }} {{ humanize 0.000001 }} {{ humanize -1e24 }} {{ humanize 1e27 }}",
             "100m 1u -1Y 1000Y");
  CheckAlert("{{ humanize \"+Inf\" }} {{ humanize \"NaN\" }}", "+Inf NaN");
  CheckAlert("{{ humanize1024 1048576 }} {{ humanize1024 0.5 }} {{ humanize1024 1500 }}", "1Mi 0.5 1.465ki");
  CheckAlert("{{ humanizePercentage 0.959 }} {{ humanizePercentage -0.22222 }}", "95.9% -22.22%");
  CheckAlert("{{ humanizeTimestamp 1643114203 }}", "2022-01-25 12:36:43 +0000 UTC");
  CheckAlert("{{ humanizeTimestamp \"1435065584.128\" }}", "2015-06-23 13:19:44.128 +0000 UTC");
  CheckAlert("{{ humanizeTimestamp -9.3e18 }}",
             "template: t:1:3: executing \"t\" at <humanizeTimestamp -9.3e18>: error calling humanizeTimestamp: "
             "-9.3e+18 cannot be represented as a nanoseconds timestamp since it overflows int64");
  CheckAlert(
      "{{ humanize true }}",
      "template: t:1:3: executing \"t\" at <humanize true>: error calling humanize: can't convert bool to float");
}

TEST(Functions, DurationsForPeople) {
  CheckAlert("{{ humanizeDuration 135.3563 }}", "2m 15s");
  CheckAlert("{{ humanizeDuration 0 }} {{ humanizeDuration 1 }} {{ humanizeDuration 60 }}", "0s 1s 1m 0s");
  CheckAlert("{{ humanizeDuration 3600 }} {{ humanizeDuration 86461 }}", "1h 0m 0s 1d 0h 1m 1s");
  CheckAlert("{{ humanizeDuration -86461 }} {{ humanizeDuration 0.01235 }}", "-1d 0h 1m 1s 12.35ms");
  CheckAlert("{{ humanizeDuration 899.99 }} {{ humanizeDuration 59.12345 }}", "14m 59s 59.12s");
  CheckAlert("{{ humanizeDuration (toDuration 90) }}", "1m 30s");
  CheckAlert("{{ toDuration 8.5 }} {{ toDuration \"0.0000015\" }}", "8.5s 1.5µs");
  CheckAlert("{{ parseDuration \"2h10m15s\" }} {{ parseDuration \"-1d\" }}", "7815 -86400");
}

TEST(Functions, Text) {
  CheckAlert("{{ title \"this part\" }} {{ title \"gPU low\" }}", "This Part GPU Low");
  CheckAlert("{{ toUpper \"straße äöü ж\" }} {{ toLower \"ÀB Ж\" }}", "STRAßE ÄÖÜ Ж àb ж");
  CheckAlert("{{ reReplaceAll \"r.*d\" \"replaced\" \"rpld text\" }}", "replaced text");
  CheckAlert("{{ reReplaceAll \"(a)(b)\" \"$2${1}x$3$$\" \"ab-ab\" }}", "bax$-bax$");
  CheckAlert("{{ reReplaceAll \"x*\" \"-\" \"abc\" }} {{ reReplaceAll \"é*\" \"-\" \"aéb\" }}", "-a-b-c- -a-b-");
  CheckAlert("{{ if match \"[0-9]+$\" \"1234a\" }}yes{{ else }}no{{ end }}", "no");
  CheckAlert("{{ match \"a+\" \"caab\" }}", "true");
  CheckAlert("{{ match \"[\" \"a\" }}",
             "template: t:1:3: executing \"t\" at <match \"[\" \"a\">: error calling match: error parsing regexp: "
             "missing ]: [");
  CheckAlert("{{ urlQueryEscape \"a b/c&d\" }} {{ safeHtml \"<b>\" }}", "a+b%2Fc%26d <b>");
}

TEST(Functions, Hosts) {
  CheckAlert("{{ stripPort \"[::1]:6006\" }} {{ stripPort \"a.b:80\" }} {{ stripPort \"a.b\" }}", "::1 a.b a.b");
  CheckAlert("{{ stripPort \"::1\" }} {{ stripPort \"[::1]\" }}", "::1 [::1]");
  CheckAlert("{{ stripDomain \"foo.example:80\" }} {{ stripDomain \"foo.example\" }}", "foo:80 foo");
  CheckAlert("{{ stripDomain \"10.1.2.3:80\" }} {{ stripDomain \"[::1]:80\" }}", "10.1.2.3:80 [::1]:80");
}

TEST(Functions, Times) {
  CheckAlert("{{ now }} {{ (toTime 1643114203).Unix }}", "1.6431142035e+09 1643114203");
  CheckNotification("{{ date \"Mon Jan _2 15:04:05.00 MST 2006\" .T }}", "Tue Jan 25 12:36:43.50 UTC 2022");
  CheckNotification("{{ date \"2006-01-02T15:04:05.999Z07:00 3:04PM -0700\" .T }}",
                    "2022-01-25T12:36:43.5Z 12:36PM +0000");
  CheckNotification("{{ (tz \"Europe/Paris\" .T).Format \"15:04 MST\" }}", "13:36 CET");
  CheckNotification("{{ tz \"Europe/Nowhere\" .T }}",
                    "template: t:1:3: executing \"t\" at <tz \"Europe/Nowhere\" .T>: error calling tz: unknown time "
                    "zone Europe/Nowhere");
  CheckNotification("{{ since (toDate \"2006-01-02 15:04\" \"2022-01-25 12:30\") }}", "6m43.5s");
  CheckNotification("{{ (toDate \"2006\" \"x\").IsZero }}", "true");
}

TEST(Functions, Notifications) {
  CheckNotification("{{ title \"GPU low\" }} {{ trimSpace \" a \" }}", "Gpu Low a");
  CheckNotification("{{ stringSlice \"a\" \"b\" | join \"-\" }} {{ append (list 1) 2 }}", "a-b [1 2]");
  CheckNotification("{{ (dict \"k\" 1 \"l\" \"m\").l }}", "m");
  CheckNotification("{{ dict \"k\" }}",
                    "template: t:1:3: executing \"t\" at <dict \"k\">: error calling dict: odd number of arguments");
  CheckNotification("{{ toJson .M }} {{ toJson (list 1 \"a\\n\" nil true .V) }}",
                    "{\"a\":\"x\",\"b\":\"\\u003c1\\u003e\"} [1,\"a\\n\",null,true,12345.678]");
  CheckNotification("{{ base64encode \"a?>\" }} {{ base64decode \"YT8-\" }} {{ urlUnescape \"a+b%21\" }}",
                    "YT8- a?> a b!");
}

}  // namespace
}  // namespace bellwether::templating
