#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/encode/bags.h>

#include <algorithm>
#include <map>

namespace cellverdict {

Bags bags_of(const CellView& view) {
  std::map<std::int32_t, std::vector<std::int64_t>> cells_of_unit;  // units are numbered in sorted order
  for (std::int64_t i = 0; i < view.n_cells(); ++i) cells_of_unit[view.unit_number(i)].push_back(i);
  Bags bags;
  for (auto& [unit, cells] : cells_of_unit) {
    bags.unit.push_back(view.unit(cells[0]));
    bags.label.push_back(view.label(cells[0]));
    bags.cells.push_back(std::move(cells));
  }
  return bags;
}

Bags labelled_bags_of(const CellView& view) {
  Bags bags = bags_of(view);
  for (std::int64_t b = 0; b < bags.n_bags(); ++b)
    for (const std::int64_t i : bags.cells[b])
      if (view.label(i) != bags.label[b])
        throw DataError(
            {.where = view.roles().unit + " '" + bags.unit[b] + "'",
             .found = "cells of the classes '" + view.classes()[bags.label[b]] + "' and '" + view.classes()[view.label(i)] + "'",
             .expected = "one class for all cells of a bag",
             .advice = "give [data] unit a column that tells them apart"});
  return bags;
}

std::vector<std::int64_t> sample_bag(const Bags& bags, std::int64_t bag, std::int64_t n_cells, std::uint64_t seed, int epoch) {
  const auto& cells = bags.cells[bag];
  if (n_cells <= 0 || n_cells >= static_cast<std::int64_t>(cells.size())) return cells;
  Random random(seed, "cells of a bag", bags.unit[bag], static_cast<std::uint64_t>(epoch));
  std::vector<std::int64_t> drawn = sample_without_replacement(random, static_cast<std::int64_t>(cells.size()), n_cells);
  for (auto& i : drawn) i = cells[i];
  return drawn;
}

void PackedBags::clear() {
  cells.clear();
  offsets.assign(1, 0);
  members.clear();
}

void PackedBags::append(const PreparedCells& prepared, std::int64_t bag, const std::vector<std::int64_t>& cells_of_bag) {
  for (const std::int64_t i : cells_of_bag) prepared.append(i, cells);
  offsets.push_back(cells.n_rows());
  members.push_back(bag);
}

std::vector<std::vector<std::int64_t>> shuffled_bags(std::vector<std::int64_t> draws, std::int64_t batch_size, std::uint64_t seed,
                                                     int epoch) {
  Random(seed, "shuffle bags", {}, static_cast<std::uint64_t>(epoch)).shuffle(std::span(draws));
  std::vector<std::vector<std::int64_t>> batches;
  for (std::size_t i = 0; i < draws.size(); ++i) {
    if (i % static_cast<std::size_t>(batch_size) == 0) batches.emplace_back();
    batches.back().push_back(draws[i]);
  }
  return batches;
}

BagColumn bag_column(const CellView& view, const Bags& bags, const std::string& column, const std::string& where) {
  const Column cells = view.column(column, where);
  BagColumn out{.values = distinct_values(cells)};
  const std::vector<std::int32_t> code = codes_of(cells, out.values);
  for (const auto& bag : bags.cells) {
    std::map<std::int32_t, std::int64_t> n_cells;
    for (const std::int64_t i : bag)
      if (code[i] >= 0) ++n_cells[code[i]];
    const auto most =
        std::max_element(n_cells.begin(), n_cells.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    out.code.push_back(most == n_cells.end() ? -1 : most->first);
    out.n_mixed += n_cells.size() > 1;
  }
  return out;
}

}  // namespace cellverdict
