// judge/page_hinkley.h
//
// Page and Hinkley's test: how far the sum of deviations from the running mean has come from its lowest (highest)
// point. Needs no level to hold samples against. After an alarm it begins anew with the next sample.
//
// Source: River 0.26's PageHinkley, whose alarms it reproduces.
#pragma once

namespace bellwether::judge {

class PageHinkley {
 public:
  enum class Side : unsigned char { kBoth, kUp, kDown };
  struct Options {
    double delta = 0.005;    // Deviations below it do not count; in the unit of the samples.
    double lambda = 50;      // Alarm above it; likewise.
    double forget = 0.9999;  // What the sums keep from sample to sample.
    double samples_min = 30;
    Side side = Side::kBoth;
  };
  explicit PageHinkley(Options options) : options_(options) {}

  // Whether this sample brings the alarm.
  bool Add(double x);

 private:
  struct State {
    double count = 0;
    double mean = 0;
    double rise = 0;
    double fall = 0;
    double lowest_rise;
    double highest_fall;
    State();
  };
  const Options options_;
  State state_;
};

}  // namespace bellwether::judge
