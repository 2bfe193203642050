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

// The blocks of a page that are marked as scripts, as one; lines keep their numbers.
ScriptFile ExamplesOf(const std::filesystem::path& page) {
  std::ifstream in(page, std::ios::binary);
  ScriptFile file{page.filename().string(), ""};
  bool is_example = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      is_example = line == "```promqltest";
      line.clear();
    }
    file.text += (is_example ? line : "") + "\n";
  }
  return file;
}

}  // namespace

std::vector<ScriptFile> OwnScripts() {
  std::vector<ScriptFile> files = ScriptsIn("tests/promql/cases");
  files.push_back(FunctionExamples());
  return files;
}
ScriptFile FunctionExamples() { return ExamplesOf("docs/functions.md"); }
std::vector<ScriptFile> ConformanceScripts() { return ScriptsIn("../shared/conformance/promqltest"); }

}  // namespace bellwether::promqltest
