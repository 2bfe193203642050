#include "base/read_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace bellwether::base {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Status ReadError(int error) {
  if (error == ENOENT) return NotFound("there is no such file");
  if (error == EISDIR) return Unavailable("is a folder");
  if (error == EACCES) return Unavailable("no permission");
  return Unavailable(std::generic_category().message(error));
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return ReadError(errno);
  std::string text;
  char buffer[16 << 10];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, file.get())) text.append(buffer, n);
  if (std::ferror(file.get()) != 0) return ReadError(errno);
  return text;
}

}  // namespace bellwether::base
