// server/commands/junit.h
//
// What CI systems read of rule tests: JUnit's XML, one suite a test file.
#pragma once

#include <span>
#include <string>

#include "rules/unit_tests.h"

namespace bellwether::server {

// A fault of a file is an error of its suite, outside any test.
[[nodiscard]] std::string JunitXml(std::span<const rules::RuleTestReport> reports);

}  // namespace bellwether::server
