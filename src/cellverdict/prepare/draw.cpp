#include <cellverdict/prepare/draw.h>

#include <cellverdict/base/random.h>

#include <algorithm>

namespace cellverdict {

std::uint64_t lot_of_cell(std::uint64_t seed, const std::string& unit, const std::string& source, std::int64_t cell) {
  return Random(seed, "draw cells", unit + '\n' + source, static_cast<std::uint64_t>(cell))();
}

std::uint64_t greatest_lot_drawn(std::span<std::uint64_t> lots, std::int64_t most) {
  if (std::ssize(lots) <= most) return ~std::uint64_t{0};
  const auto last = lots.begin() + (most - 1);
  std::nth_element(lots.begin(), last, lots.end());
  return *last;
}

std::vector<std::int64_t> draw_cells(std::uint64_t seed, std::int64_t most, CellPlan& plan) {
  if (most == 0) return plan.labelled;
  // Unit by unit would read the plan once for each: all that must be drawn from are drawn from in one go.
  const auto crowded = [&](std::int32_t unit) { return unit >= 0 && plan.labelled[unit] > most; };
  const auto each_crowded = [&](auto&& work) {
    for (auto& source : plan.sources)
      for (std::size_t i = 0; i < source.units.size(); ++i)
        if (crowded(source.units[i]))
          work(source.units[i], lot_of_cell(seed, plan.units[source.units[i]], source.file.name, static_cast<std::int64_t>(i)));
  };
  std::vector<std::int64_t> begin, drawn;  // [units] where the lots of each begin
  std::int64_t n_lots = 0;
  for (const auto n : plan.labelled) {
    begin.push_back(n_lots);
    drawn.push_back(std::min(n, most));
    n_lots += n > most ? n : 0;
  }
  ScratchArray<std::uint64_t> file(plan.scratch, n_lots);
  const std::span<std::uint64_t> lots = file.open();
  std::vector<std::int64_t> next = begin;
  each_crowded([&](std::int32_t& unit, std::uint64_t lot) { lots[next[unit]++] = lot; });
  std::vector<std::uint64_t> greatest;
  for (std::size_t u = 0; u < begin.size(); ++u)
    greatest.push_back(greatest_lot_drawn(lots.subspan(begin[u], next[u] - begin[u]), most));
  each_crowded([&](std::int32_t& unit, std::uint64_t lot) {
    if (lot > greatest[unit]) unit = kLeftOut;
  });
  return drawn;
}

}  // namespace cellverdict
