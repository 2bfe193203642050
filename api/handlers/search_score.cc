#include "api/handlers/search_score.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace bellwether::api {
namespace {

// The raw score of the pattern read greedily from `start`; nothing where it is not all there.
std::optional<double> RawSubsequenceScore(std::string_view pattern, std::string_view text, std::size_t start) {
  const auto length = static_cast<double>(text.size());
  double score = -static_cast<double>(start) / length;
  std::size_t at = start;
  std::size_t i = 0;
  while (i < pattern.size()) {
    std::size_t run = 0;
    while (i < pattern.size() && at < text.size() && text[at] == pattern[i]) {
      ++run;
      ++at;
      ++i;
    }
    score += static_cast<double>(run * run);
    if (i == pattern.size()) break;
    const std::size_t next = text.find(pattern[i], at);
    if (next == std::string_view::npos) return std::nullopt;
    score -= static_cast<double>(next - at) / length;
    at = next;
  }
  return score - static_cast<double>(text.size() - at) / (2 * length);
}

}  // namespace

double SubsequenceScore(std::string_view pattern, std::string_view text) {
  if (pattern.empty() || text.starts_with(pattern)) return 1;
  if (pattern.size() > text.size()) return 0;
  double best = 0;
  for (std::size_t start = text.find(pattern[0]); start != std::string_view::npos;
       start = text.find(pattern[0], start + 1)) {
    const std::optional<double> raw = RawSubsequenceScore(pattern, text, start);
    if (!raw) break;  // No later start finds what this one did not.
    best = std::max(best, *raw);
  }
  const auto length = static_cast<double>(pattern.size());
  return 0.999 * best / (length * length);
}

double JaroWinklerScore(std::string_view a, std::string_view b) {
  if (a == b) return 1;
  if (a.empty() || b.empty()) return 0;
  const std::size_t reach = std::max<std::size_t>(std::max(a.size(), b.size()) / 2, 1) - 1;
  std::vector<bool> taken(b.size());
  std::size_t matches = 0;
  std::vector<char> matched_a;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t end = std::min(i + reach + 1, b.size());
    for (std::size_t j = i > reach ? i - reach : 0; j < end; ++j) {
      if (taken[j] || a[i] != b[j]) continue;
      taken[j] = true;
      matched_a.push_back(a[i]);
      ++matches;
      break;
    }
  }
  if (matches == 0) return 0;
  std::size_t swapped = 0;
  std::size_t next = 0;
  for (std::size_t j = 0; j < b.size(); ++j) {
    if (taken[j] && b[j] != matched_a[next++]) ++swapped;
  }
  const auto m = static_cast<double>(matches);
  const double jaro = (m / static_cast<double>(a.size()) + m / static_cast<double>(b.size()) +
                       (m - static_cast<double>(swapped) / 2) / m) /
                      3;
  std::size_t prefix = 0;
  while (prefix < std::min({a.size(), b.size(), std::size_t{4}}) && a[prefix] == b[prefix]) ++prefix;
  return jaro + 0.1 * static_cast<double>(prefix) * (1 - jaro);
}

double SearchScore(SearchAlgorithm algorithm, double threshold, std::string_view pattern, std::string_view text) {
  if (text.starts_with(pattern)) return 1;
  if (algorithm == SearchAlgorithm::kSubsequence) {
    const double score = SubsequenceScore(pattern, text);
    return score >= threshold ? score : 0;
  }
  if (const std::size_t at = text.find(pattern); at != std::string_view::npos) {
    return 1 - 0.9 * static_cast<double>(at) / static_cast<double>(text.size() - pattern.size());
  }
  if (threshold <= 0) return 0;
  const double score = JaroWinklerScore(pattern, text);
  return score >= threshold ? score : 0;
}

}  // namespace bellwether::api
