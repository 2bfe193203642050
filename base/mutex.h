// base/mutex.h
//
// A mutex that Clang's thread-safety analysis understands; libstdc++'s own carries no annotations. Annotate every
// guarded member (BW_GUARDED_BY) and every helper that expects the lock (BW_REQUIRES). No I/O, no callback and no
// logging under a lock. The order in which locks nest is listed in docs/architecture.md.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <stop_token>

#if defined(__clang__)
#define BW_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define BW_THREAD_ANNOTATION(x)
#endif

#define BW_CAPABILITY(x) BW_THREAD_ANNOTATION(capability(x))
#define BW_SCOPED_CAPABILITY BW_THREAD_ANNOTATION(scoped_lockable)
#define BW_GUARDED_BY(x) BW_THREAD_ANNOTATION(guarded_by(x))
#define BW_PT_GUARDED_BY(x) BW_THREAD_ANNOTATION(pt_guarded_by(x))
#define BW_REQUIRES(...) BW_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define BW_REQUIRES_SHARED(...) BW_THREAD_ANNOTATION(requires_shared_capability(__VA_ARGS__))
#define BW_ACQUIRE(...) BW_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define BW_ACQUIRE_SHARED(...) BW_THREAD_ANNOTATION(acquire_shared_capability(__VA_ARGS__))
#define BW_RELEASE(...) BW_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define BW_RELEASE_SHARED(...) BW_THREAD_ANNOTATION(release_shared_capability(__VA_ARGS__))
#define BW_RELEASE_GENERIC(...) BW_THREAD_ANNOTATION(release_generic_capability(__VA_ARGS__))
#define BW_EXCLUDES(...) BW_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define BW_NO_THREAD_SAFETY_ANALYSIS BW_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace bellwether::base {

class BW_CAPABILITY("mutex") Mutex {
 public:
  void lock() BW_ACQUIRE() { mu_.lock(); }
  void unlock() BW_RELEASE() { mu_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mu_;
};

class BW_CAPABILITY("shared_mutex") SharedMutex {
 public:
  void lock() BW_ACQUIRE() { mu_.lock(); }
  void unlock() BW_RELEASE() { mu_.unlock(); }
  void lock_shared() BW_ACQUIRE_SHARED() { mu_.lock_shared(); }
  void unlock_shared() BW_RELEASE_SHARED() { mu_.unlock_shared(); }

 private:
  std::shared_mutex mu_;
};

class BW_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mu) BW_ACQUIRE(mu) : mu_(mu) { mu_.lock(); }
  ~MutexLock() BW_RELEASE() { mu_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

class BW_SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(SharedMutex& mu) BW_ACQUIRE(mu) : mu_(mu) { mu_.lock(); }
  ~WriterLock() BW_RELEASE() { mu_.unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mu_;
};

class BW_SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mu) BW_ACQUIRE_SHARED(mu) : mu_(mu) { mu_.lock_shared(); }
  ~ReaderLock() BW_RELEASE_GENERIC() { mu_.unlock_shared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mu_;
};

// Waits with a Mutex. Wake-ups may be spurious: call in a loop that tests the condition.
class CondVar {
 public:
  void Wait(Mutex& mu) BW_REQUIRES(mu) {
    std::unique_lock lock(mu.mu_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // Returns after `timeout` at the latest.
  void WaitFor(Mutex& mu, std::chrono::milliseconds timeout) BW_REQUIRES(mu) {
    std::unique_lock lock(mu.mu_, std::adopt_lock);
    cv_.wait_for(lock, timeout);
    lock.release();
  }
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace bellwether::base
