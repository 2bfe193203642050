#include "ingest/text_import.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/utf8.h"
#include "ingest/text/text_reader.h"
#include "ingest/validate/refused_sample.h"
#include "ingest/validate/series_labels.h"

namespace bellwether::ingest {
namespace {

// Samples of one commit: enough to spread the look at what stands of each series, few enough for bounded memory.
constexpr std::size_t kImportBatchSamples = 1u << 18;
// A text that has not told its format after this much has no times.
constexpr std::size_t kImportSniffBytes = 1u << 20;
constexpr std::size_t kImportLineBytesMax = 1u << 20;

}  // namespace

std::uint64_t ImportCounts::TotalRefused() const {
  std::uint64_t total = 0;
  for (const std::uint64_t n : refused) total += n;
  return total;
}

void ImportCounts::Add(const ImportCounts& more) {
  lines += more.lines;
  samples += more.samples;
  exemplars += more.exemplars;
  for (std::size_t i = 0; i < refused.size(); ++i) refused[i] += more.refused[i];
  refused_series += more.refused_series;
  if (first_refused.empty()) first_refused = more.first_refused;
}

struct TextImport::State {
  State(const IngestOptions& opts, storage::Storage& store, std::optional<TextFormat> known, base::TimestampMs now_)
      : options(opts), storage(store), appender(store.NewAppender(storage::AppendMode::kBackfill)), now(now_) {
    if (known) reader.emplace(*known, now);
  }

  // Reads and commits what `text` has of whole lines; says how much that was.
  base::Result<std::size_t> Take(std::string_view text, TextReader::More more) {
    std::size_t taken = 0;
    while (taken < text.size()) {
      batch.Clear();
      const auto read = reader->Read(text.substr(taken), more, kImportBatchSamples, batch);
      counts.lines = reader->lines();
      base::Status bad_line = read.status();
      BW_RETURN_IF_ERROR(CommitBatch(bad_line));
      if (!bad_line.ok()) return bad_line;
      if (*read == 0) break;
      taken += *read;
    }
    return taken;
  }

  // Commits the batch. A series whose naming part cannot be read cuts it short, and is told in `bad_line`.
  base::Status CommitBatch(base::Status& bad_line) {
    aliases.resize(batch.series.size());
    for (std::size_t i = 0; i < aliases.size(); ++i) aliases[i] = batch.series[i].naming;
    refs.assign(aliases.size(), storage::SeriesRef::kNone);
    appender->FindByAlias(aliases, refs);
    bool any_refused = false;
    for (std::size_t i = 0; i < refs.size(); ++i) {
      if (refs[i] == storage::SeriesRef::kNone) {
        bool malformed = false;
        if (base::Status resolved = Resolve(batch.series[i], refs[i], malformed); !resolved.ok()) {
          if (!malformed) {
            appender->Rollback();
            return resolved;
          }
          bad_line = std::move(resolved);
          batch.samples.resize(batch.series[i].samples);
          batch.series.resize(i);
          break;
        }
        any_refused |= refs[i] == storage::SeriesRef::kNone;
      }
      const std::size_t end = i + 1 < refs.size() ? batch.series[i + 1].samples : batch.samples.size();
      for (std::size_t s = batch.series[i].samples; s < end; ++s) batch.samples[s].ref = refs[i];
    }
    if (any_refused) {
      std::erase_if(batch.samples, [](const auto& sample) { return sample.ref == storage::SeriesRef::kNone; });
    }
    appender->Append(batch.samples);
    AppendExemplars();
    for (const storage::MetricMetadata& metadata : batch.metadata) appender->SetMetadata(metadata);
    BW_ASSIGN_OR_RETURN(const storage::CommitResult result, appender->Commit(storage::Durability::kVisible));
    counts.samples += result.floats;
    counts.exemplars += result.exemplars;
    for (std::size_t i = 0; i < result.refused.size(); ++i) counts.refused[i] += result.refused[i];
    if (result.first_refused && counts.first_refused.empty()) {
      counts.first_refused = DescribeRefusedSample(*result.first_refused);
    }
    return {};
  }

  // A refused series stays kNone.
  base::Status Resolve(const TextSeries& series, storage::SeriesRef& ref, bool& malformed) {
    labels.clear();
    TextFault fault;
    if (!ReadTextLabels(series.naming, labels, unescaped, fault)) {
      malformed = true;
      return base::InvalidArgument(fmt::format("line {}, column {}: {}", series.line, fault.at + 1, fault.words));
    }
    const SeriesRefusal reason = JudgeSeriesLabels(labels, options);
    if (reason != SeriesRefusal::kNone) {
      return Refuse(fmt::format("line {}: {}", series.line, DescribeSeriesRefusal(reason, labels, options)));
    }
    auto made = appender->FindOrCreate(metric::Labels::FromSortedUnique(labels), series.naming);
    if (made.ok()) {
      ref = *made;
      return {};
    }
    if (RefusalOf(made.status()) == SeriesRefusal::kNone) return made.status();
    return Refuse(fmt::format("line {}: {}", series.line, made.status().message()));
  }

  base::Status Refuse(std::string words) {
    ++counts.refused_series;
    if (counts.first_refused.empty()) counts.first_refused = std::move(words);
    return {};
  }

  void AppendExemplars() {
    constexpr std::size_t kExemplarLabelCodePointsMax = 128;
    for (const TextExemplar& exemplar : batch.exemplars) {
      if (exemplar.series >= batch.series.size() || refs[exemplar.series] == storage::SeriesRef::kNone) continue;
      labels.clear();
      TextFault fault;
      if (!ReadTextLabels(exemplar.labels, labels, unescaped, fault)) continue;  // An exemplar never fails an import.
      std::size_t length = 0;
      for (const auto& [name, value] : labels) length += base::CountCodePoints(name) + base::CountCodePoints(value);
      if (length > kExemplarLabelCodePointsMax) continue;
      appender->AppendExemplar(refs[exemplar.series],
                               {metric::Labels::FromPairs(labels), exemplar.value, exemplar.timestamp});
    }
  }

  // Decides about the format when there is enough to go by.
  bool ReaderReady(bool last) {
    if (reader) return true;
    const std::string_view whole =
        last ? std::string_view(rest) : std::string_view(rest).substr(0, rest.rfind('\n') + 1);
    const std::optional<TextFormat> format = FormatOfLines(whole);
    if (!format && !last && rest.size() < kImportSniffBytes) return false;
    reader.emplace(format.value_or(TextFormat::kPrometheus), now);
    return true;
  }

  const IngestOptions options;
  storage::Storage& storage;
  const std::unique_ptr<storage::Appender> appender;
  const base::TimestampMs now;
  std::optional<TextReader> reader;
  std::string rest;  // Not read yet: a line without its end, or everything before the format is known.
  ImportCounts counts;
  bool failed = false;

  TextBatch batch;
  std::vector<std::string_view> aliases;
  std::vector<storage::SeriesRef> refs;
  std::vector<metric::LabelView> labels;
  std::string unescaped;
};

TextImport::TextImport(const IngestOptions& options, storage::Storage& storage, std::optional<TextFormat> format,
                       base::TimestampMs now)
    : state_(std::make_unique<State>(options, storage, format, now)) {}

TextImport::~TextImport() = default;

base::Status TextImport::Add(std::string_view piece) {
  State& s = *state_;
  const auto take = [&](std::string_view text) {
    auto taken = s.Take(text, TextReader::More::kMayFollow);
    s.failed = !taken.ok();
    return taken;
  };
  if (!s.reader) {
    s.rest.append(piece);
    if (!s.ReaderReady(false)) return {};
    const std::string begun = std::exchange(s.rest, {});
    BW_ASSIGN_OR_RETURN(const std::size_t taken, take(begun));
    s.rest = begun.substr(taken);
    return {};
  }
  if (!s.rest.empty()) {
    const std::size_t feed = piece.find('\n');
    s.rest.append(piece.substr(0, feed == std::string_view::npos ? feed : feed + 1));
    if (feed == std::string_view::npos) {
      if (s.rest.size() <= kImportLineBytesMax) return {};
      s.failed = true;
      return base::InvalidArgument(fmt::format("line {}, column 1: longer than {} bytes; is this text?",
                                               s.counts.lines + 1, kImportLineBytesMax));
    }
    piece.remove_prefix(feed + 1);
    const std::string line = std::exchange(s.rest, {});
    BW_ASSIGN_OR_RETURN([[maybe_unused]] const std::size_t whole, take(line));
  }
  BW_ASSIGN_OR_RETURN(const std::size_t taken, take(piece));
  s.rest.assign(piece.substr(taken));
  return {};
}

base::Status TextImport::Finish() {
  State& s = *state_;
  base::Status last_line;
  if (!s.failed && s.ReaderReady(true)) {
    last_line = s.Take(std::exchange(s.rest, {}), TextReader::More::kLast).status();
    s.failed = !last_line.ok();
  }
  BW_RETURN_IF_ERROR(s.storage.Sync());
  return last_line;
}

const ImportCounts& TextImport::counts() const { return state_->counts; }
bool TextImport::seen_eof() const { return state_->reader && state_->reader->seen_eof(); }
TextFormat TextImport::format() const { return state_->reader ? state_->reader->format() : TextFormat::kPrometheus; }

struct ImportHandler::Metrics {
  explicit Metrics(base::MetricsRegistry& registry)
      : samples(registry.AddCounter("bellwether_ingest_imported_samples_total", "Samples taken from imported text.")),
        lines(registry.AddCounter("bellwether_ingest_imported_lines_total", "Lines of imported text.")),
        bytes(registry.AddCounter("bellwether_ingest_imported_bytes_total", "Bytes of import requests, as sent.")) {
    for (std::size_t i = 1; i < storage::kRefusals; ++i) {
      refused_samples[i] =
          &registry.AddCounter("bellwether_ingest_refused_samples_total", "Samples refused by the order policy.",
                               {{"reason", std::string(storage::RefusalName(static_cast<storage::Refusal>(i)))}});
    }
  }

  base::Counter& samples;
  base::Counter& lines;
  base::Counter& bytes;
  std::array<base::Counter*, storage::kRefusals> refused_samples{};
};

namespace {

std::optional<TextCoding> CodingOfHeader(std::string_view content_encoding) {
  if (content_encoding.empty() || content_encoding == "identity") return TextCoding::kIdentity;
  if (content_encoding == "gzip" || content_encoding == "x-gzip") return TextCoding::kGzip;
  return content_encoding == "zstd" ? std::optional(TextCoding::kZstd) : std::nullopt;
}

base::Status ImportBody(TextImport& import, TextCoding coding, std::string_view body) {
  const std::unique_ptr<BodyDecoder> decoder = NewBodyDecoder(coding);
  base::Status status = decoder->Decode(body, [&](std::string_view piece) { return import.Add(piece); });
  if (status.ok()) status = decoder->Finish();
  base::Status finished = import.Finish();
  return status.ok() ? finished : status;
}

int HttpStatusOf(const base::Status& status) {
  switch (status.code()) {
    case base::StatusCode::kInvalidArgument: return 400;
    case base::StatusCode::kUnavailable:
    case base::StatusCode::kOverloaded: return 503;
    default: return 500;
  }
}

}  // namespace

ImportHandler::ImportHandler(IngestOptions options, storage::Storage& storage, base::Clock& clock,
                             base::MetricsRegistry& metrics)
    : options_(options), storage_(storage), clock_(clock), metrics_(std::make_unique<Metrics>(metrics)) {}

ImportHandler::~ImportHandler() = default;

ImportOutcome ImportHandler::Handle(const ImportRequest& request) {
  ImportOutcome outcome;
  const std::optional<TextCoding> coding = CodingOfHeader(request.content_encoding);
  if (!coding) {
    outcome.http_status = 415;
    outcome.message = fmt::format("Content-Encoding \"{}\" is not understood; send gzip, zstd or plain text",
                                  request.content_encoding.substr(0, 80));
    return outcome;
  }
  TextImport import(options_, storage_, FormatOfContentType(request.content_type), clock_.Now());
  const base::Status status = ImportBody(import, *coding, request.body);
  outcome.counts = import.counts();
  metrics_->samples.Add(outcome.counts.samples);
  metrics_->lines.Add(outcome.counts.lines);
  metrics_->bytes.Add(request.body.size());
  for (std::size_t i = 1; i < storage::kRefusals; ++i) metrics_->refused_samples[i]->Add(outcome.counts.refused[i]);
  if (!status.ok()) {
    outcome.stopped = true;
    outcome.http_status = HttpStatusOf(status);
    outcome.message = status.message();
    if (outcome.http_status == 400) {
      outcome.message += fmt::format("; {} samples of the lines before are kept", outcome.counts.samples);
    } else {
      BW_LOG_EVERY(std::chrono::seconds(10), kError, "import not stored", {"error", status});
    }
  } else if (!outcome.counts.first_refused.empty()) {
    outcome.http_status = 400;
    outcome.message =
        fmt::format("{} samples taken, {} samples and {} series refused, the first: {}", outcome.counts.samples,
                    outcome.counts.TotalRefused(), outcome.counts.refused_series, outcome.counts.first_refused);
  }
  return outcome;
}

}  // namespace bellwether::ingest
