// ingest/text/text_labels.h
//
// The naming part of a line, `name{label="value",...}`, or with quoted names `{"metric.name","label.name"="value"}`:
// where it ends, which labels it gives, and how to write one.
//
// Escapes in quotes: \\ \" \n; a backslash before anything else stands for itself, as in Prometheus. Names without
// quotes are of the old alphabet.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "metric/labels.h"

namespace bellwether::ingest {

// What is wrong with a piece of text: an offset into it, and words. Words empty: nothing.
struct TextFault {
  std::size_t at = 0;
  std::string words{};
};

// The length of the naming part at the start of `line`; 0 and a fault if it does not end in the line. Only brackets and
// quotes are looked at; names are judged when the labels are read.
[[nodiscard]] std::size_t FindNamingEnd(std::string_view line, TextFault& fault);

// Appends the labels, the metric name as __name__, in the order in which they stand. The views are into `naming`, and
// into `unescaped` where there were escapes; it is overwritten. False and a fault on bytes that are no naming part.
[[nodiscard]] bool ReadTextLabels(std::string_view naming, std::vector<metric::LabelView>& labels,
                                  std::string& unescaped, TextFault& fault);

// The metric name of a naming part without taking it apart; empty if it has escapes or none.
[[nodiscard]] std::string_view MetricNameOf(std::string_view naming);

// Appends the naming part of a label set, quoting names that need it.
void AppendNaming(std::string& out, const metric::Labels& labels);
// {a="b"}, the labels of an exemplar; {} if there is none.
void AppendTextLabelSet(std::string& out, const metric::Labels& labels);

}  // namespace bellwether::ingest
