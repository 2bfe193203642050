// storage/rocks/commit_gate.h
//
// Keeps deletions out of the middle of commits. A commit is inside from the moment it changes the head until its record
// has a place in the journal; whoever closes the gate finds nobody inside, and head and journal in the same order. So
// what a deletion hides before a restart is what it hides after.
//
// A commit waits inside for no deletion and for no sync; for a write only when the journal's queue is full.
// Thread-safe.
#pragma once

#include <cstddef>

#include "base/mutex.h"

namespace bellwether::storage {

class CommitGate {
 public:
  // One commit. Waits while the gate is closed.
  class Inside {
   public:
    explicit Inside(CommitGate& gate) : gate_(gate) { gate_.Enter(); }
    ~Inside() { gate_.Leave(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    CommitGate& gate_;
  };

  // Lets nobody in while it lives, and waits for those inside to leave. One at a time.
  class Closed {
   public:
    explicit Closed(CommitGate& gate) : gate_(gate) { gate_.Close(); }
    ~Closed() { gate_.Open(); }
    Closed(const Closed&) = delete;
    Closed& operator=(const Closed&) = delete;

   private:
    CommitGate& gate_;
  };

 private:
  void Enter() {
    const base::MutexLock lock(mu_);
    while (is_closed_) changed_.Wait(mu_);
    ++inside_;
  }
  void Leave() {
    const base::MutexLock lock(mu_);
    if (--inside_ == 0 && is_closed_) changed_.NotifyAll();
  }
  void Close() {
    const base::MutexLock lock(mu_);
    while (is_closed_) changed_.Wait(mu_);
    is_closed_ = true;
    while (inside_ > 0) changed_.Wait(mu_);
  }
  void Open() {
    const base::MutexLock lock(mu_);
    is_closed_ = false;
    changed_.NotifyAll();
  }

  base::Mutex mu_;
  base::CondVar changed_;
  std::size_t inside_ BW_GUARDED_BY(mu_) = 0;
  bool is_closed_ BW_GUARDED_BY(mu_) = false;
};

}  // namespace bellwether::storage
