// api/admin_reports.h
//
// The reports of storage/admin.h as JSON, one text for the HTTP API and for the commands that work on a stopped store.
#pragma once

#include <string>

#include "storage/admin.h"

namespace bellwether::api {

// {"ok":bool,"damage":[{"place","what"}],"notes":[],"read":{"journalSegments":n,...}}
[[nodiscard]] std::string ReportJson(const storage::VerifyReport& report);
// {"series":n,...,"windows":[{"minTime",...}],"seriesCountByMetricName":[{"name","value"}],...}, times in milliseconds.
[[nodiscard]] std::string ReportJson(const storage::CardinalityReport& report);

}  // namespace bellwether::api
