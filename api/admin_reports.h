// api/admin_reports.h
//
// The reports of storage/admin.h as JSON, one text for the HTTP API and for the commands that work on a stopped store.
#pragma once

#include <string>
#include <vector>

#include "storage/admin.h"

namespace bellwether::api {

// {"ok":bool,"damage":[{"place","what"}],"notes":[],"read":{"journalSegments":n,...}}
[[nodiscard]] std::string ReportJson(const storage::VerifyReport& report);
// {"series":n,...,"windows":[{"minTime",...}],"seriesCountByMetricName":[{"name","value"}],...}, times in milliseconds.
[[nodiscard]] std::string ReportJson(const storage::CardinalityReport& report);

// {"blocks":[{"ulid","minTime","maxTime","stats":{...},"compaction":{...},"version":1}]}, as Prometheus describes the
// blocks of its store: times in milliseconds, the end exclusive. The level grows with the windows merged.
[[nodiscard]] std::string BlocksJson(const std::vector<storage::SealedWindowInfo>& windows);

}  // namespace bellwether::api
