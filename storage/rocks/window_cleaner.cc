#include "storage/rocks/window_cleaner.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "storage/rocks/window_writer.h"

namespace bellwether::storage {
namespace {

// The generation as another one; nothing if all of it is hidden.
base::Result<std::optional<WindowEntry>> Rewrite(RocksCore& core, const SealedWindow& window, const WindowKey& key) {
  BW_ASSIGN_OR_RETURN(const std::unique_ptr<WindowWriter> writer,
                      WindowWriter::Begin(*core.database, core.options.path + "/clean",
                                          {key, window.entry().span, core.internals.window}));
  BW_ASSIGN_OR_RETURN(const SealedWindow::Ordinals ordinals, window.Match({}));
  const auto reader = window.NewChunkReader(SealedWindow::Access::kScan);
  std::vector<chunk::ChunkView> chunks;
  base::Status status;
  bool any = false;
  BW_RETURN_IF_ERROR(window.ForLabels(ordinals, [&](std::uint32_t ordinal, const metric::Labels& labels) {
    if (!status.ok()) return;
    chunks.clear();
    status = reader->Read(ordinal, chunks);
    if (!status.ok() || chunks.empty()) return;
    status = writer->Add(labels, chunks);
    any = true;
  }));
  BW_RETURN_IF_ERROR(std::move(status));
  if (!any) return std::optional<WindowEntry>();
  BW_RETURN_IF_ERROR(writer->Finish());
  BW_ASSIGN_OR_RETURN(WindowEntry entry, writer->Ingest());
  return std::optional<WindowEntry>(entry);
}

// Generations of one window, from the first with tombstones on.
base::Status CleanGenerations(RocksCore& core, const WindowList& generations) {
  std::vector<WindowEntry> written;
  std::vector<WindowKey> replaced;
  WindowKey key{generations.front()->entry().key.window, 0};
  key.generation = core.catalogue->NextGeneration(key.window);
  for (const auto& generation : generations) {
    BW_ASSIGN_OR_RETURN(const std::optional<WindowEntry> entry, Rewrite(core, *generation, key));
    if (entry) {
      core.metrics.work_bytes[WorkIndex(BackgroundWork::kClean)]->Add(entry->bytes);
      written.push_back(*entry);
      ++key.generation;
    }
    replaced.push_back(generation->entry().key);
  }
  BW_LOG(kInfo, "window cleaned of what was deleted", {"window", key.window.number}, {"generations", replaced.size()});
  return core.catalogue->Swap(written, replaced).status();
}

}  // namespace

base::Result<bool> CleanNextWindow(RocksCore& core) {
  bool found = false;
  {
    const std::shared_ptr<const WindowList> windows = core.catalogue->windows();
    const auto first =
        std::find_if(windows->begin(), windows->end(), [](const auto& w) { return !w->deleted().empty(); });
    if (first != windows->end()) {
      found = true;
      const head::WindowId window = (*first)->entry().key.window;
      const auto end =
          std::find_if(first, windows->end(), [&](const auto& w) { return w->entry().key.window != window; });
      BW_RETURN_IF_ERROR(CleanGenerations(core, {first, end}));
    }
  }
  BW_RETURN_IF_ERROR(core.catalogue->DropRemoved());
  return found;
}

}  // namespace bellwether::storage
