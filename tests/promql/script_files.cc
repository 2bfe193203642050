#include "tests/promql/script_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace bellwether::promqltest {
namespace {

std::vector<ScriptFile> ScriptsIn(const std::filesystem::path& folder) {
  std::vector<ScriptFile> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".test") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files.push_back({entry.path().filename().string(), std::string(std::istreambuf_iterator<char>(in), {})});
  }
  std::sort(files.begin(), files.end(), [](const ScriptFile& a, const ScriptFile& b) { return a.name < b.name; });
  return files;
}

}  // namespace

std::vector<ScriptFile> OwnScripts() { return ScriptsIn("tests/promql/cases"); }
std::vector<ScriptFile> ConformanceScripts() { return ScriptsIn("../shared/conformance/promqltest"); }

}  // namespace bellwether::promqltest
