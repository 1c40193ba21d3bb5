#include <cellverdict/base/nearest.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <vector>

namespace cellverdict {

namespace {

// Levenshtein distance, letters compared without case.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = std::tolower(static_cast<unsigned char>(a[i - 1])) == std::tolower(static_cast<unsigned char>(b[j - 1]));
      const std::size_t replaced = diagonal + (same ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  // At least one letter has to be right, or 'lr' would be taken for 'by'.
  std::size_t best_distance = std::min(std::max<std::size_t>(2, name.size() / 3) + 1, std::max<std::size_t>(name.size(), 1));
  for (const auto& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string listed(std::span<const std::string> names, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > most) text += ", … (" + std::to_string(names.size()) + " in all)";
  return text;
}

std::string suggestion(std::string_view name, std::span<const std::string> candidates) {
  const auto near = nearest_name(name, candidates);
  const std::string known = candidates.empty() ? "none" : listed(candidates, 12);
  return (near ? "did you mean '" + *near + "'? " : std::string()) + "known: " + known;
}

}  // namespace cellverdict
