#include <cellverdict/run/shared_cells.h>

#include <cellverdict/base/parallel.h>
#include <cellverdict/prepare/duplicates.h>

#include <algorithm>
#include <atomic>
#include <map>

namespace cellverdict {

namespace {

struct Marked {
  std::uint64_t fingerprint = 0;
  std::int32_t unit = 0;
};

// Cells by their counts of the genes that have a number here, in the order of these numbers.
class Marker {
 public:
  explicit Marker(const std::vector<std::int32_t>& number) : number_(number) {}

  // Nothing for a cell of too few genes.
  std::optional<std::uint64_t> operator()(const CellView& view, std::int64_t i) {
    counts_.clear();
    known_.clear();
    view.append_counts(i, counts_);
    double total = 0;
    for (std::size_t k = 0; k < counts_.indices.size(); ++k)
      if (const std::int32_t g = number_[counts_.indices[k]]; g >= 0) {
        known_.push(g, counts_.values[k]);
        total += static_cast<double>(counts_.values[k]);
      }
    if (std::ssize(known_.indices) < kFewestGenesKnownAgain) return std::nullopt;
    known_.sort_from(0);
    return fingerprint_of({known_.indices, known_.values}, total);
  }

 private:
  const std::vector<std::int32_t>& number_;
  CsrBlock counts_, known_;
};

// Numbers of the genes of `genes` that `known` has, by id.
std::vector<std::int32_t> numbers_among(const GeneList& genes, const std::map<std::string, std::int32_t>& known) {
  std::vector<std::int32_t> out;
  for (const auto& id : genes.ids) {
    const auto found = known.find(std::string(id));
    out.push_back(found == known.end() ? -1 : found->second);
  }
  return out;
}

}  // namespace

SharedCells find_shared_cells(const RunContext& context, const std::vector<CellView>& asked, const std::set<std::string>& units,
                              const std::vector<CellView>& among) {
  SharedCells out;
  if (asked.empty() || among.empty()) return out;
  std::set<std::string> there;
  for (const auto& id : among.front().genes().ids) there.emplace(id);
  std::map<std::string, std::int32_t> number;
  for (const auto& id : asked.front().genes().ids)
    if (there.contains(std::string(id))) number.emplace(std::string(id), 0);
  for (std::int32_t next = 0; auto& [id, n] : number) n = next++;
  out.n_genes = std::ssize(number);
  const auto own = numbers_among(asked.front().genes(), number), others = numbers_among(among.front().genes(), number);

  std::vector<Marked> marks;
  std::vector<std::string> names;
  std::map<std::string, std::int32_t> place;
  Marker mark(own);
  for (const auto& view : asked)
    for (std::int64_t i = 0; i < view.n_cells(); ++i) {
      if (!units.contains(view.unit(i))) continue;
      const auto fingerprint = mark(view, i);
      if (!fingerprint) continue;
      const auto [found, is_new] = place.try_emplace(view.unit(i), static_cast<std::int32_t>(names.size()));
      if (is_new) names.push_back(view.unit(i));
      marks.push_back({*fingerprint, found->second});
    }
  out.n_looked_at = std::ssize(marks);
  std::ranges::sort(marks, {}, &Marked::fingerprint);
  std::vector<std::atomic<bool>> is_shared(marks.size());
  for (const auto& view : among)
    parallel_for(view.n_cells(), context.threads, [&](std::int64_t begin, std::int64_t end) {
      Marker other(others);
      for (std::int64_t i = begin; i < end; ++i) {
        const auto fingerprint = other(view, i);
        if (!fingerprint) continue;
        for (auto at = std::ranges::lower_bound(marks, *fingerprint, {}, &Marked::fingerprint);
             at != marks.end() && at->fingerprint == *fingerprint; ++at)
          is_shared[static_cast<std::size_t>(at - marks.begin())].store(true, std::memory_order_relaxed);
      }
    });
  std::set<std::string> found;
  for (std::size_t k = 0; k < marks.size(); ++k) {
    if (!is_shared[k].load(std::memory_order_relaxed)) continue;
    ++out.n_shared;
    found.insert(names[marks[k].unit]);
  }
  out.units.assign(found.begin(), found.end());
  return out;
}

}  // namespace cellverdict
