// storage/journal/fault_file_system.h
//
// A file system in memory that fails on demand, for tests of everything that claims to survive a crash. It keeps two
// states: what a reader sees, and what the disk holds. Writes reach the disk with Sync, names with SyncDirectory.
//
// Every changing operation has a number, from 1. At a chosen number one of these happens:
//   - kNoSpace: it fails with kUnavailable; of a write, half the bytes stay;
//   - kBreak:   it fails with kInternal, as a failing disk does; of a write, half the bytes stay;
//   - kCrash:   the machine stops: this operation takes effect by half and everything after it fails without effect.
// Crash() then brings back what the disk holds. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "storage/journal/file_system.h"

namespace bellwether::storage {

class FaultFileSystem final : public FileSystem {
 public:
  enum class Fault { kNone, kNoSpace, kBreak, kCrash };
  // What a power cut leaves of that which was not synced.
  enum class Unsynced { kForgotten, kKept, kSome };

  // `seed` decides for Unsynced::kSome which 512-byte sectors arrived.
  explicit FaultFileSystem(std::uint64_t seed = 1);
  ~FaultFileSystem() override;

  // At operation `number`, counted from the start, and, with `lasting`, at every one after it.
  void FailAt(std::uint64_t number, Fault fault, bool lasting = false);
  void Heal() { FailAt(0, Fault::kNone); }
  // A power cut and a restart. Open files are gone: close them first.
  void Crash(Unsynced unsynced);
  [[nodiscard]] std::uint64_t operations() const;
  // Changes a byte of a file, on disk and in memory, as rotting disks do.
  void FlipByte(const std::string& path, std::uint64_t offset);

  base::Status MakeDirectories(const std::string& path) override;
  base::Result<std::unique_ptr<WritableFile>> Create(const std::string& path, std::uint64_t size) override;
  base::Result<std::unique_ptr<WritableFile>> OpenExisting(const std::string& path) override;
  base::Result<std::string> Read(const std::string& path) override;
  base::Result<std::uint64_t> Size(const std::string& path) override;
  base::Result<std::vector<std::string>> List(const std::string& directory) override;
  base::Status Rename(const std::string& from, const std::string& to) override;
  base::Status Remove(const std::string& path) override;
  base::Status SyncDirectory(const std::string& path) override;
  // Another name for a file.
  base::Status Link(const std::string& from, const std::string& to);

 private:
  class File;
  struct Inode {
    std::string seen;     // What readers see.
    std::string on_disk;  // What a power cut leaves.
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  // What is to happen to the operation that begins now. A full disk hurts only what needs space.
  enum class Needs { kNothing, kSpace };
  [[nodiscard]] Fault NextFault(Needs needs = Needs::kNothing) BW_REQUIRES(mu_);
  [[nodiscard]] base::Status FaultStatus(Fault fault, std::string_view doing, const std::string& path);
  void Settle(Inode& inode, Unsynced unsynced) BW_REQUIRES(mu_);

  mutable base::Mutex mu_;
  Names seen_ BW_GUARDED_BY(mu_);
  Names on_disk_ BW_GUARDED_BY(mu_);
  std::uint64_t operations_ BW_GUARDED_BY(mu_) = 0;
  std::uint64_t fail_at_ BW_GUARDED_BY(mu_) = 0;
  Fault fault_ BW_GUARDED_BY(mu_) = Fault::kNone;
  bool lasting_ BW_GUARDED_BY(mu_) = false;
  bool crashed_ BW_GUARDED_BY(mu_) = false;
  std::mt19937_64 random_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::storage
