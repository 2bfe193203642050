#include "server/commands/import.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/time.h"
#include "server/commands/import_progress.h"
#include "server/commands/import_sender.h"

namespace bellwether::server {
namespace {

constexpr std::size_t kReadBytes = 1u << 20;

struct ImportFlags {
  DataTarget target;
  std::vector<std::string> files;
  std::string format = "auto";
  std::string state_file;
  std::string retention = "0";
  std::string retry_for = "5m";
  std::size_t piece_bytes = 16u << 20;
  std::size_t connections = 1;
  bool quiet = false;
};

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// One run of the command.
class ImportRun {
 public:
  ImportRun(const ImportFlags& flags, PieceSender& sender, ImportState state)
      : flags_(flags), sender_(sender), state_(std::move(state)), is_terminal_(::isatty(STDERR_FILENO) != 0) {}

  base::Status Run() {
    for (const std::string& file : flags_.files) total_ += SizeOf(file);
    for (const std::string& file : flags_.files) BW_RETURN_IF_ERROR(ImportFile(file));
    return sender_.Finish();
  }

  [[nodiscard]] const ingest::ImportCounts& counts() const { return counts_; }
  void TellProgress() const {
    const std::string text = DescribeProgress(read_bytes_, total_, counts_.samples, Seconds());
    fmt::print(stderr, "{}", is_terminal_ ? "\r\x1b[K" + text : text + "\n");
    std::fflush(stderr);
  }

 private:
  struct Sent {
    std::future<PieceOutcome> outcome;
    TextPiece place;  // Without the body.
  };

  static std::uint64_t SizeOf(const std::string& file) {
    struct stat info {};
    const bool known = file != "-" && ::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    return known ? static_cast<std::uint64_t>(info.st_size) : 0;
  }

  [[nodiscard]] std::optional<ingest::TextFormat> FormatFor(const std::string& file) const {
    if (flags_.format == "openmetrics") return ingest::TextFormat::kOpenMetrics;
    if (flags_.format == "prometheus") return ingest::TextFormat::kPrometheus;
    return ingest::FormatOfFileName(file);
  }

  base::Status ImportFile(const std::string& name) {
    const File file(name == "-" ? stdin : std::fopen(name.c_str(), "rb"));
    if (file == nullptr) return base::NotFound(fmt::format("{}: cannot open it", name));
    file_ = name;
    file_bytes_ = SizeOf(name);
    done_ = name == "-" ? 0 : state_.OffsetOf(name, file_bytes_);
    PieceCutter cutter(FormatFor(name), flags_.piece_bytes);
    base::Status status = SendAll(*file, cutter);
    // What is under way is waited for in any case, so that the state says how far it came.
    while (!under_way_.empty()) {
      base::Status settled = Settle();
      if (status.ok()) status = std::move(settled);
    }
    BW_RETURN_IF_ERROR(status);
    if (cutter.format() == ingest::TextFormat::kOpenMetrics && !cutter.seen_eof()) {
      fmt::print(stderr, "{}bellwether: warning: {}: no # EOF at the end; is the file whole?\n",
                 is_terminal_ ? "\n" : "", name);
    }
    return {};
  }

  base::Status SendAll(std::FILE& file, PieceCutter& cutter) {
    std::string buffer(kReadBytes, '\0');
    std::unique_ptr<ingest::BodyDecoder> decoder;
    const auto take = [&](std::string_view text) {
      cutter.Add(text);
      return SendReady(cutter, PieceCutter::More::kMayFollow);
    };
    for (;;) {
      const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), &file);
      if (n == 0) break;
      const std::string_view read(buffer.data(), n);
      if (decoder == nullptr) decoder = ingest::NewBodyDecoder(ingest::CodingOfContent(read));
      read_bytes_ += n;
      if (base::Status taken = decoder->Decode(read, take); !taken.ok()) return InFile(taken);
    }
    if (std::ferror(&file) != 0) return base::Internal(fmt::format("{}: cannot read it", file_));
    if (decoder != nullptr) {
      if (base::Status ended = decoder->Finish(); !ended.ok()) return InFile(ended);
    }
    return SendReady(cutter, PieceCutter::More::kLast);
  }

  base::Status InFile(const base::Status& status) const {
    return status.message().starts_with(file_) ? status : status.WithContext(file_);
  }

  base::Status SendReady(PieceCutter& cutter, PieceCutter::More more) {
    while (std::optional<TextPiece> piece = cutter.Next(more)) {
      if (piece->end <= done_) continue;
      while (under_way_.size() >= flags_.connections) BW_RETURN_IF_ERROR(Settle());
      Sent sent;
      sent.place.first_line = piece->first_line;
      sent.place.header_lines = piece->header_lines;
      sent.place.end = piece->end;
      sent.outcome = std::async(std::launch::async,
                                [this, p = std::move(*piece)]() mutable { return sender_.Send(std::move(p)); });
      under_way_.push_back(std::move(sent));
    }
    return {};
  }

  // Waits for the oldest piece under way.
  base::Status Settle() {
    const PieceOutcome outcome = under_way_.front().outcome.get();
    const TextPiece place = std::move(under_way_.front().place);
    under_way_.pop_front();
    counts_.Add(outcome.counts);
    if (!outcome.status.ok()) {
      stopped_ = true;
      return outcome.line == 0 ? InFile(outcome.status)
                               : base::Status(outcome.status.code(),
                                              fmt::format("{}: line {}, {}", file_, place.LineOfText(outcome.line),
                                                          outcome.status.message()));
    }
    // Pieces are settled in order, so everything before this one's end is acknowledged; not so behind one that failed.
    if (!stopped_ && file_ != "-") BW_RETURN_IF_ERROR(state_.Set(file_, file_bytes_, place.end));
    const auto pause = is_terminal_ ? std::chrono::seconds(1) : std::chrono::seconds(10);
    if (!flags_.quiet && std::chrono::steady_clock::now() >= told_ + pause) {
      told_ = std::chrono::steady_clock::now();
      TellProgress();
    }
    return {};
  }

  [[nodiscard]] double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  }

  const ImportFlags& flags_;
  PieceSender& sender_;
  ImportState state_;
  const bool is_terminal_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point told_ = begun_;
  std::uint64_t total_ = 0;
  std::uint64_t read_bytes_ = 0;
  ingest::ImportCounts counts_;
  bool stopped_ = false;
  std::deque<Sent> under_way_;  // In the order of the text.

  std::string file_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t done_ = 0;  // Imported by an earlier run.
};

base::Result<std::unique_ptr<PieceSender>> MakeSender(const ImportFlags& flags) {
  BW_ASSIGN_OR_RETURN(const base::DurationMs retention, base::ParseDuration(flags.retention));
  BW_ASSIGN_OR_RETURN(const base::DurationMs retry_for, base::ParseDuration(flags.retry_for));
  return flags.target.storage_path.empty() ? NewServerSender(flags.target, retry_for)
                                           : NewStoreSender(flags.target, retention);
}

int FailImport(const base::Status& status) {
  fmt::print(stderr, "bellwether: import: {}\n", status.message());
  return 1;
}

int Import(const ImportFlags& flags) {
  auto sender = MakeSender(flags);
  if (!sender.ok()) return FailImport(sender.status());
  auto state = ImportState::Load(flags.state_file);
  if (!state.ok()) return FailImport(state.status());
  ImportRun run(flags, **sender, std::move(*state));
  const base::Status status = run.Run();
  if (!flags.quiet) {
    run.TellProgress();
    if (::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\n");
  }
  const ingest::ImportCounts& counts = run.counts();
  for (std::size_t i = 1; i < storage::kRefusals; ++i) {
    if (counts.refused[i] == 0) continue;
    fmt::print(stderr, "{} samples refused: {}\n", counts.refused[i],
               storage::RefusalName(static_cast<storage::Refusal>(i)));
  }
  if (counts.refused_series > 0) fmt::print(stderr, "{} series refused\n", counts.refused_series);
  if (!counts.first_refused.empty()) fmt::print(stderr, "first: {}\n", counts.first_refused);
  if (!status.ok()) return FailImport(status);
  return counts.first_refused.empty() ? 0 : 2;
}

}  // namespace

void AddImportCommand(CLI::App& app, std::function<int()>& run) {
  const auto flags = std::make_shared<ImportFlags>();
  CLI::App* command = app.add_subcommand("import", "Fill in samples of the past from OpenMetrics or Prometheus text");
  command->add_option("FILE", flags->files, "Files, plain, .gz or .zst; - is standard input")->required();
  AddDataTargetFlags(*command, flags->target);
  command->add_option("--format", flags->format, "openmetrics, prometheus, or auto: by file name and lines")
      ->check(CLI::IsMember({"auto", "openmetrics", "prometheus"}))
      ->capture_default_str();
  command->add_option("--resume", flags->state_file,
                      "File that keeps how far the import came; the same command goes on from there");
  command
      ->add_option("--storage.retention.time", flags->retention,
                   "With --storage.path: older samples are refused, and what is older is dropped; 0: none")
      ->capture_default_str();
  command->add_option("--piece-bytes", flags->piece_bytes, "Text that is sent, and made durable, at a time")
      ->check(CLI::Range(std::size_t{64} << 10, std::size_t{48} << 20))
      ->capture_default_str();
  command
      ->add_option("--connections", flags->connections,
                   "Pieces under way at a time; more than one suits files series by series")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--retry-for", flags->retry_for, "How long a server that does not answer is tried")
      ->capture_default_str();
  command->add_flag("--quiet", flags->quiet, "Tell no progress");
  command->callback([flags, &run] { run = [flags] { return Import(*flags); }; });
}

}  // namespace bellwether::server
