#include <cellverdict/prepare/duplicates.h>

#include <cellverdict/base/run_context.h>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

namespace cellverdict {

namespace {

constexpr std::size_t kLookedAt = 64;
constexpr std::int64_t kCellsAtATime = std::int64_t{1} << 20;

struct Seen {
  std::uint64_t fingerprint;
  std::int32_t unit;
  bool operator<(const Seen& other) const {
    return fingerprint != other.fingerprint ? fingerprint < other.fingerprint : unit < other.unit;
  }
};

// Steele and Vigna's SplitMix64 finaliser.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

std::uint64_t fingerprint_of(const CsrRow& counts, double total) {
  const std::size_t n = counts.genes.size(), looked_at = std::min(n, kLookedAt);
  std::uint64_t fingerprint = mixed(n) ^ std::bit_cast<std::uint64_t>(total);
  for (std::size_t k = 0; k < looked_at; ++k) {
    const std::size_t place = k * n / looked_at;
    fingerprint = mixed(fingerprint + (static_cast<std::uint64_t>(counts.genes[place]) << 32) +
                        std::bit_cast<std::uint32_t>(counts.values[place]));
  }
  return fingerprint;
}

std::vector<DuplicateCells> find_duplicates(const CellRecords& records) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> pairs;
  const auto n_parts = static_cast<std::uint64_t>((records.size() + kCellsAtATime - 1) / kCellsAtATime);
  std::vector<Seen> seen;
  for (std::uint64_t part = 0; part < n_parts; ++part) {
    seen.clear();
    for (std::int64_t i = 0; i < records.size(); ++i)
      if (records[i].n_genes >= kFewestGenesKnownAgain && (records[i].fingerprint >> 32) * n_parts >> 32 == part)
        seen.push_back({records[i].fingerprint, records[i].unit});
    std::sort(seen.begin(), seen.end());
    for (std::size_t begin = 0, end = 0; begin < seen.size(); begin = end) {
      std::vector<std::pair<std::int32_t, std::int64_t>> units;  // and how often each has the cell
      for (; end < seen.size() && seen[end].fingerprint == seen[begin].fingerprint; ++end) {
        if (units.empty() || units.back().first != seen[end].unit) units.emplace_back(seen[end].unit, 0);
        ++units.back().second;
      }
      for (std::size_t a = 0; a < units.size(); ++a)
        for (std::size_t b = a + 1; b < units.size(); ++b)
          pairs[{units[a].first, units[b].first}] += std::min(units[a].second, units[b].second);
    }
  }
  std::vector<DuplicateCells> found;
  for (const auto& [units, n] : pairs) found.push_back({units.first, units.second, n});
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.n_cells > b.n_cells; });
  return found;
}

std::string say_duplicates(const std::vector<DuplicateCells>& found, const std::vector<std::string>& units) {
  if (found.empty()) return {};
  const DuplicateCells& most = found[0];
  std::string more;
  if (found.size() > 1) more = fmt::format(", and {} of units share cells too", counted(std::ssize(found) - 1, "other pair"));
  return fmt::format(
      "Leakage: {} of '{}' {} the very counts of cells of '{}'{}. The same cells under two names must never be on two sides of a "
      "split: leave one of the two out, or give both the same donor.",
      counted(most.n_cells, "cell"), units[most.unit_a], most.n_cells == 1 ? "has" : "have", units[most.unit_b], more);
}

}  // namespace cellverdict
