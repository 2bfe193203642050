#include "storage/rocks/rocks_core.h"

#include <fmt/format.h>

#include <random>
#include <unordered_map>

#include "base/log.h"
#include "storage/journal/deletion_codec.h"
#include "storage/journal/record_codec.h"

namespace bellwether::storage {
namespace {

// Gives the head what the journal holds. Refs in the journal mean something within one segment; the head has its own.
class HeadReplay {
 public:
  explicit HeadReplay(RocksCore& core) : core_(core) {}

  base::Result<base::TimestampMs> Take(RecordType type, std::string_view payload, const RecordPlace& place) {
    if (type == RecordType::kDeletion) return TakeDeletion(payload);
    if (place.segment != segment_) {
      segment_ = place.segment;
      refs_.clear();
    }
    BW_RETURN_IF_ERROR(DecodeCommit(payload, commit_));
    for (const DecodedCommit::Series& series : commit_.series) {
      refs_[series.ref] = core_.head->FindOrRestore(series.labels);
    }
    base::TimestampMs newest = base::TimestampMs::Min();
    const std::size_t lost = TranslateFloats(newest) + TranslateHistograms(newest);
    core_.head->Replay(commit_.floats, histograms_);
    for (const MetricMetadata& metadata : commit_.metadata) core_.metadata.Set(metadata);
    samples_ += commit_.floats.size() + histograms_.size();
    if (newest > base::TimestampMs::Min()) core_.newest.Show(newest);
    if (lost > 0) return base::Corruption(fmt::format("{} samples are of series whose definition is lost", lost));
    return newest;
  }

  [[nodiscard]] std::uint64_t samples() const { return samples_; }

 private:
  base::Result<base::TimestampMs> TakeDeletion(std::string_view payload) {
    BW_ASSIGN_OR_RETURN(const Deletion deletion, DecodeDeletion(payload));
    core_.head->Delete(deletion.selectors, deletion.range);
    return base::TimestampMs::Min();
  }

  // Both return how many samples they had to leave out.
  std::size_t TranslateFloats(base::TimestampMs& newest) {
    return std::erase_if(commit_.floats, [&](FloatSample& sample) { return !Translate(sample, newest); });
  }

  std::size_t TranslateHistograms(base::TimestampMs& newest) {
    histograms_.clear();
    for (const DecodedCommit::Histogram& h : commit_.histograms) {
      HistogramSample sample{h.ref, h.timestamp, &h.histogram, h.start_timestamp};
      if (Translate(sample, newest)) histograms_.push_back(sample);
    }
    return commit_.histograms.size() - histograms_.size();
  }

  template <typename Sample>
  bool Translate(Sample& sample, base::TimestampMs& newest) {
    const auto found = refs_.find(sample.ref);
    if (found == refs_.end()) return false;
    sample.ref = found->second;
    newest = std::max(newest, sample.timestamp);
    return true;
  }

  RocksCore& core_;
  std::uint64_t segment_ = 0;
  std::unordered_map<SeriesRef, SeriesRef> refs_;
  DecodedCommit commit_;
  std::vector<HistogramSample> histograms_;
  std::uint64_t samples_ = 0;
};

head::HeadOptions MakeHeadOptions(const StorageOptions& options, base::DurationMs window) {
  std::random_device random;
  return {.window = window,
          .out_of_order_window = options.out_of_order_window,
          .series_limit = options.series_limit,
          .chunk_samples_max = options.chunk_samples_max,
          .hash_seed = static_cast<std::uint64_t>(random()) << 32 | random()};
}

WriteGate::Probe MakeDiskProbe(const StorageOptions& options, const RocksInternals& internals) {
  if (internals.disk_space != nullptr) return internals.disk_space;
  return [path = options.path] { return ReadDiskSpace(path); };
}

}  // namespace

bool MetadataTable::Differs(const MetricMetadata& metadata) const {
  const base::MutexLock lock(mu_);
  const auto found = by_metric_.find(metadata.metric);
  return found == by_metric_.end() || found->second != metadata;
}

void MetadataTable::Set(const MetricMetadata& metadata) {
  const base::MutexLock lock(mu_);
  by_metric_.insert_or_assign(metadata.metric, metadata);
}

std::vector<MetricMetadata> MetadataTable::Select(std::string_view metric) const {
  std::vector<MetricMetadata> result;
  const base::MutexLock lock(mu_);
  for (const auto& [name, metadata] : by_metric_) {
    if (metric.empty() || name == metric) result.push_back(metadata);
  }
  return result;
}

RocksCore::RocksCore(const StorageOptions& opts, const RocksInternals& intern, base::Clock& time,
                     base::MetricsRegistry& registry)
    : options(opts),
      internals(intern),
      clock(time),
      metrics(registry),
      own_files(std::make_unique<PosixFileSystem>()),
      head(std::make_unique<head::Head>(MakeHeadOptions(opts, intern.window))),
      exemplars(opts.exemplars_max, opts.out_of_order_window),
      gate(MakeDiskProbe(opts, intern), DiskReserve(), time, registry) {}

base::Status RocksCore::Open(std::shared_ptr<Database> opened) {
  database = std::move(opened);
  BW_ASSIGN_OR_RETURN(catalogue, Catalogue::Load(database, internals.window));
  DecodedCommit stored;
  BW_RETURN_IF_ERROR(DecodeCommit(catalogue->loaded_metadata(), stored));
  for (const MetricMetadata& m : stored.metadata) metadata.Set(m);
  for (const auto& window : *catalogue->windows()) newest.Show(window->entry().max);
  return Replay();
}

base::Status RocksCore::Replay() {
  const std::int64_t begin = clock.MonotonicNanos();
  HeadReplay replay(*this);
  BW_ASSIGN_OR_RETURN(ReplayReport report,
                      ReplayJournal(JournalPath(), Files(), catalogue->mark(),
                                    [&](RecordType type, std::string_view payload, const RecordPlace& place) {
                                      return replay.Take(type, payload, place);
                                    }));
  for (const std::string& damage : report.damage) BW_LOG(kError, "journal damaged", {"what", damage});
  const double seconds = static_cast<double>(clock.MonotonicNanos() - begin) / 1e9;
  metrics.journal_damage.Set(static_cast<double>(report.damage.size()));
  metrics.replay_seconds.Set(seconds);
  BW_LOG(kInfo, "journal read", {"records", report.records}, {"samples", replay.samples()},
         {"torn_bytes", report.torn_bytes}, {"damaged", report.damage.size()}, {"seconds", seconds});
  BW_ASSIGN_OR_RETURN(journal, Journal::Open({.path = JournalPath(),
                                              .policy = options.sync,
                                              .segment_bytes = internals.journal_segment_bytes,
                                              .first_segment = catalogue->mark()},
                                             Files(), std::move(report.segments)));
  FollowSegment();
  return base::OkStatus();
}

std::uint64_t RocksCore::FollowSegment() {
  const std::uint64_t segment = journal->segment();
  const base::MutexLock lock(segment_mu_);
  if (segment > followed_segment_) {
    followed_segment_ = segment;
    head->SetFirstLiveSegment(static_cast<std::uint32_t>(segment));
  }
  return segment;
}

// The next window is taken to be no larger than the largest so far.
std::uint64_t RocksCore::DiskReserve() const {
  constexpr std::uint64_t kSealBytesMin = 64u << 20;
  std::uint64_t seal = kSealBytesMin;
  if (catalogue != nullptr) {
    for (const auto& window : *catalogue->windows()) {
      seal = std::max(seal, window->entry().bytes / static_cast<std::uint64_t>(window->entry().span));
    }
  }
  return 2 * internals.journal_segment_bytes + seal;
}

std::string RocksCore::EncodeMetadata() const {
  CommitEncoder encoder;
  for (const MetricMetadata& m : metadata.Select({})) encoder.AddMetadata(m);
  return std::string(encoder.Payload());
}

}  // namespace bellwether::storage
