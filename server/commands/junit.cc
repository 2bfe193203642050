#include "server/commands/junit.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bellwether::server {
namespace {

// Characters that XML 1.0 cannot hold in any form become question marks.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\n': out += "&#xA;"; break;
      case '\t': out += "&#x9;"; break;
      default: out.push_back(static_cast<unsigned char>(c) < 0x20 ? '?' : c);
    }
  }
  return out;
}

void AppendTest(const rules::RuleTestResult& test, std::string& out) {
  out += fmt::format("    <testcase name=\"{}\" time=\"{:.3f}\"", Escaped(test.name), test.seconds);
  if (test.failures.empty()) {
    out += "/>\n";
    return;
  }
  out += ">\n";
  for (const std::string& failure : test.failures) {
    out += fmt::format("      <failure message=\"{}\"></failure>\n", Escaped(failure));
  }
  out += "    </testcase>\n";
}

}  // namespace

std::string JunitXml(std::span<const rules::RuleTestReport> reports) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const rules::RuleTestReport& report : reports) {
    const auto failed = std::count_if(report.tests.begin(), report.tests.end(),
                                      [](const rules::RuleTestResult& test) { return !test.failures.empty(); });
    out += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n", Escaped(report.file),
                       report.tests.size(), failed, report.faults.size());
    for (const rules::RuleTestResult& test : report.tests) AppendTest(test, out);
    if (!report.faults.empty()) {
      out +=
          fmt::format("    <system-err>{}</system-err>\n", Escaped(fmt::format("{}", fmt::join(report.faults, "\n"))));
    }
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace bellwether::server
