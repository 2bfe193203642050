// base/memory_metrics.h
//
// Metrics of memory that the store and the server set in part, by the label `part`; a family has one name and one help.
#pragma once

namespace bellwether::base {

inline constexpr const char* kMemoryUsedMetric = "bellwether_memory_used_bytes";
inline constexpr const char* kMemoryUsedHelp =
    "Memory in use, by part of --storage.memory; total is that of the process.";
inline constexpr const char* kMemoryRefusalsMetric = "bellwether_memory_refusals_total";
inline constexpr const char* kMemoryRefusalsHelp =
    "What was refused for want of memory: queries, new series (part head).";

}  // namespace bellwether::base
