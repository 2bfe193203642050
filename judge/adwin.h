// judge/adwin.h
//
// ADWIN (Bifet, Gavaldà 2007): keeps a window of samples in buckets of doubling size, and alarms when two parts of it
// have means further apart than chance would put them. Samples should lie in [0, 1]; other scales are tolerated, heavy
// tails are not. Memory and time a sample grow with the logarithm of the window.
//
// Source: River 0.26's ADWIN, whose alarms it reproduces: cuts run through all buckets but the newest, and the whole
// window is forgotten behind an alarm.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

namespace bellwether::judge {

class Adwin {
 public:
  struct Options {
    double delta = 0.002;         // How sure an alarm must be: smaller is surer.
    std::size_t clock = 32;       // Looks for a cut every so many samples.
    std::size_t buckets_max = 5;  // Of one size.
    double part_min = 5;          // Samples on each side of a cut.
    double window_min = 10;       // Looks at windows larger than this.
  };
  explicit Adwin(Options options) : options_(options) {}

  // Whether this sample brings the alarm.
  bool Add(double x);

 private:
  struct Bucket {
    double total = 0;
    double squares = 0;  // Of the deviations from the bucket's mean.
  };
  using Row = std::deque<Bucket>;  // Oldest first.

  void Insert(double x);
  void Compress();
  [[nodiscard]] bool HasCut() const;
  [[nodiscard]] bool IsCut(double size_old, double mean_old, double size_new, double mean_new) const;
  void DropOldest();
  void Forget();

  const Options options_;
  std::vector<Row> rows_;  // Row r: buckets of 2^r samples.
  std::size_t seen_ = 0;   // Since the last alarm.
  double size_ = 0;
  double total_ = 0;
  double squares_ = 0;
};

}  // namespace bellwether::judge
