// server/commands/import_sender.h
//
// Where `bellwether import` brings its pieces: to a server over HTTP, or straight into a store.
#pragma once

#include <memory>

#include "base/status.h"
#include "base/time.h"
#include "ingest/text_import.h"
#include "server/commands/data_target.h"
#include "server/commands/text_pieces.h"

namespace bellwether::server {

struct PieceOutcome {
  base::Status status;     // Not OK: the import stops, at a line of the piece if that is known.
  std::uint64_t line = 0;  // Of the piece; 0: unknown. The message does not repeat it.
  ingest::ImportCounts counts{};
};

// Thread-safe.
class PieceSender {
 public:
  virtual ~PieceSender() = default;
  // Returns when what was taken of the piece is durable.
  virtual PieceOutcome Send(TextPiece piece) = 0;
  // Once, behind the last piece.
  virtual base::Status Finish() = 0;
};

// Tries again while the server cannot be reached or says that it is too busy, `retry_for` at most.
[[nodiscard]] base::Result<std::unique_ptr<PieceSender>> NewServerSender(const DataTarget& target,
                                                                         base::DurationMs retry_for);
// Errors: see OpenOffline.
[[nodiscard]] base::Result<std::unique_ptr<PieceSender>> NewStoreSender(const DataTarget& target,
                                                                        base::DurationMs retention);

}  // namespace bellwether::server
