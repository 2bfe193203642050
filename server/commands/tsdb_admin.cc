#include "server/commands/tsdb_admin.h"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "api/admin_reports.h"
#include "server/commands/data_target.h"
#include "server/commands/server_answer.h"
#include "storage/admin.h"

namespace bellwether::server {
namespace {

using nlohmann::json;

constexpr base::DurationMs kLongestAnswer = base::Hours(24);  // A check reads everything.

struct TsdbFlags {
  DataTarget target;
  std::string format = "text";
  std::string snapshot;
  bool skip_head = false;
  std::size_t limit = 20;
};

int Fail(const base::Status& status) {
  fmt::print(stderr, "bellwether: {}\n", status.message());
  return 1;
}

std::string TimeText(const json& ms) { return base::FormatRfc3339(base::TimestampMs(ms.get<std::int64_t>())); }

// The `data` of the server's answer.
base::Result<json> Ask(const DataTarget& target, std::string_view path, const FormFields& fields) {
  BW_ASSIGN_OR_RETURN(const json answer, AskServer(target, path, fields, kLongestAnswer));
  return answer["data"];
}

// ---- verify

void PrintVerify(const json& report) {
  const json& read = report["read"];
  fmt::print("journal   {} segments, {} records, {} samples\n", read["journalSegments"].get<std::uint64_t>(),
             read["journalRecords"].get<std::uint64_t>(), read["journalSamples"].get<std::uint64_t>());
  fmt::print("database  {} files, {} state entries\n", read["files"].get<std::uint64_t>(),
             read["stateEntries"].get<std::uint64_t>());
  fmt::print("windows   {}, with {} series, {} chunks, {} samples\n", read["windows"].get<std::uint64_t>(),
             read["series"].get<std::uint64_t>(), read["chunks"].get<std::uint64_t>(),
             read["samples"].get<std::uint64_t>());
  for (const json& note : report["notes"]) fmt::print("note: {}\n", note.get<std::string>());
  for (const json& damage : report["damage"]) {
    fmt::print("DAMAGED {}: {}\n", damage["place"].get<std::string>(), damage["what"].get<std::string>());
  }
  if (report["ok"].get<bool>()) {
    fmt::print("Everything is as it was written.\n");
  } else {
    fmt::print("{} places are damaged.\n", report["damage"].size());
  }
}

int ShowVerify(const json& report, const std::string& format) {
  if (format == "json") {
    fmt::print("{}\n", report.dump());
  } else {
    PrintVerify(report);
  }
  return report["ok"].get<bool>() ? 0 : 1;
}

base::Result<json> VerifyPath(const std::string& path) {
  base::SystemClock clock;
  BW_ASSIGN_OR_RETURN(const storage::VerifyReport report, storage::VerifyStoreAt(path, clock));
  return json::parse(api::ReportJson(report));
}

int Verify(const TsdbFlags& flags) {
  const auto report = flags.target.storage_path.empty() ? Ask(flags.target, "/api/v1/admin/tsdb/verify", {})
                                                        : VerifyPath(flags.target.storage_path);
  return report.ok() ? ShowVerify(*report, flags.format) : Fail(report.status());
}

// ---- snapshot, restore

int Snapshot(const TsdbFlags& flags) {
  const auto made =
      Ask(flags.target, "/api/v1/admin/tsdb/snapshot", {{"skip_head", flags.skip_head ? "true" : "false"}});
  if (!made.ok()) return Fail(made.status());
  fmt::print("{}\n", made->value("name", ""));
  return 0;
}

int Restore(const TsdbFlags& flags) {
  if (const base::Status restored = storage::RestoreSnapshot(flags.snapshot, flags.target.storage_path);
      !restored.ok()) {
    return Fail(restored);
  }
  const auto report = VerifyPath(flags.target.storage_path);
  return report.ok() ? ShowVerify(*report, flags.format) : Fail(report.status());
}

// ---- analyze

void PrintCounts(const json& report, const char* key, const char* heading) {
  fmt::print("\n{}\n", heading);
  for (const json& count : report[key]) {
    fmt::print("{:>14}  {}\n", count["value"].get<std::uint64_t>(), count["name"].get<std::string>());
  }
}

void PrintAnalysis(const json& report) {
  fmt::print("{} series, {} label pairs; sealed: {} samples in {} bytes\n", report["series"].get<std::uint64_t>(),
             report["labelPairs"].get<std::uint64_t>(), report["samples"].get<std::uint64_t>(),
             report["bytes"].get<std::uint64_t>());
  fmt::print("\nwindows on disk: series, those that came and went since the window before, samples, bytes\n");
  for (const json& w : report["windows"]) {
    fmt::print("{} to {}  {:>10} +{} -{}  {:>12}  {:>12}\n", TimeText(w["minTime"]), TimeText(w["maxTime"]),
               w["series"].get<std::uint64_t>(), w["came"].get<std::uint64_t>(), w["went"].get<std::uint64_t>(),
               w["samples"].get<std::uint64_t>(), w["bytes"].get<std::uint64_t>());
  }
  PrintCounts(report, "seriesCountByMetricName", "series by metric");
  PrintCounts(report, "seriesCountByLabelName", "series by label name");
  PrintCounts(report, "labelValueCountByLabelName", "values by label name");
  PrintCounts(report, "seriesCountByLabelValuePair", "series by label pair");
  PrintCounts(report, "bytesByMetricName", "bytes on disk by metric, without index");
}

base::Result<json> AnalyzePath(const TsdbFlags& flags) {
  BW_ASSIGN_OR_RETURN(const std::unique_ptr<OfflineStore> store,
                      OpenOffline(flags.target.storage_path, Access::kRead, base::DurationMs(0)));
  BW_ASSIGN_OR_RETURN(const storage::CardinalityReport report, store->opened.storage->admin()->Analyze(flags.limit));
  return json::parse(api::ReportJson(report));
}

int Analyze(const TsdbFlags& flags) {
  const auto report = flags.target.storage_path.empty()
                          ? Ask(flags.target, "/api/v1/admin/tsdb/analyze", {{"limit", std::to_string(flags.limit)}})
                          : AnalyzePath(flags);
  if (!report.ok()) return Fail(report.status());
  if (flags.format == "json") {
    fmt::print("{}\n", report->dump());
  } else {
    PrintAnalysis(*report);
  }
  return 0;
}

}  // namespace

void AddTsdbAdminCommands(CLI::App& tsdb, std::function<int()>& run) {
  struct Added {
    CLI::App* command;
    std::shared_ptr<TsdbFlags> flags;
  };
  const auto add = [&](const char* name, const char* description, int (*body)(const TsdbFlags&)) {
    Added added{tsdb.add_subcommand(name, description), std::make_shared<TsdbFlags>()};
    added.command->callback([flags = added.flags, body, &run] { run = [flags, body] { return body(*flags); }; });
    return added;
  };
  const auto add_format = [](const Added& to) {
    to.command->add_option("--format", to.flags->format, "text or json")
        ->capture_default_str()
        ->check(CLI::IsMember({"text", "json"}));
  };

  const Added verify = add("verify", "Read everything and check everything; exit code 1 names each damage", Verify);
  AddDataTargetFlags(*verify.command, verify.flags->target);
  add_format(verify);

  const Added snapshot = add("snapshot", "Copy the data of a running server to <data>/snapshots/NAME", Snapshot);
  snapshot.command->add_option("--server", snapshot.flags->target.server, "URL of the server")->capture_default_str();
  snapshot.command->add_option("--token-file", snapshot.flags->target.token_file, "File with the bearer token to send");
  snapshot.command->add_flag("--skip-head", snapshot.flags->skip_head, "Leave out the samples that memory holds");

  const Added restore = add("restore", "Make a new data folder from a snapshot, and verify it", Restore);
  restore.command->add_option("SNAPSHOT", restore.flags->snapshot, "The snapshot's folder")->required();
  restore.command->add_option("--storage.path", restore.flags->target.storage_path, "Folder to make: absent or empty")
      ->required();
  add_format(restore);

  const Added analyze =
      add("analyze", "Show what the data are full of: series by metric, label and value, churn", Analyze);
  AddDataTargetFlags(*analyze.command, analyze.flags->target);
  analyze.command->add_option("--limit", analyze.flags->limit, "Entries a list")->capture_default_str();
  add_format(analyze);
}

}  // namespace bellwether::server
