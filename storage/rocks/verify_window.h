// storage/rocks/verify_window.h
//
// Checks one generation of a sealed window against everything that is said of it: every chunk is whole and holds what
// stands beside it, series are in order, posting lists and label names say exactly what the series tables say, and the
// catalogue's numbers are the sums.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/admin.h"
#include "storage/rocks/database.h"
#include "storage/rocks/window_format.h"

namespace bellwether::storage {

// Collects the damage of one place; more than a few are counted only.
class DamageList {
 public:
  DamageList(VerifyReport& report, std::string place) : report_(report), place_(std::move(place)) {}
  ~DamageList();
  DamageList(const DamageList&) = delete;
  DamageList& operator=(const DamageList&) = delete;

  void Add(std::string what);

 private:
  static constexpr std::size_t kListedMax = 20;
  VerifyReport& report_;
  const std::string place_;
  std::size_t found_ = 0;
};

// Adds what was read and what is wrong to the report.
void VerifyWindow(Database& database, const WindowEntry& entry, base::DurationMs window_length, VerifyReport& report);

}  // namespace bellwether::storage
