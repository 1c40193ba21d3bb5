#include <cellverdict/evaluate/familiarity.h>

#include <cellverdict/base/parallel.h>
#include <cellverdict/base/random.h>
#include <cellverdict/encode/bags.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

namespace {

constexpr std::int64_t kWordBits = 64;
constexpr std::int64_t kFewestDonors = 3;

// [directions] of one unit.
std::vector<float> place_of(const ProfileSums& unit, std::int64_t n_directions) {
  std::vector<double> place(static_cast<std::size_t>(n_directions));
  const double scale = 1 / (static_cast<double>(unit.n_cells) * std::sqrt(static_cast<double>(n_directions)));
  for (std::size_t g = 0; g < unit.sum.size(); ++g) {
    if (unit.sum[g] == 0) continue;
    const double x = unit.sum[g] * scale;
    for (std::int64_t first = 0; first < n_directions; first += kWordBits) {
      const std::uint64_t signs = mix_bits((static_cast<std::uint64_t>(g) << 16) + static_cast<std::uint64_t>(first / kWordBits));
      for (std::int64_t d = 0; d < std::min(kWordBits, n_directions - first); ++d)
        place[first + d] += ((signs >> d) & 1) != 0 ? x : -x;
    }
  }
  return {place.begin(), place.end()};
}

// Of cells around the unit's mean, summed over genes; nothing of a single cell.
std::optional<double> variance_of(const ProfileSums& unit) {
  if (unit.n_cells < 2) return std::nullopt;
  const auto n = static_cast<double>(unit.n_cells);
  double of_mean = 0;
  for (const double s : unit.sum) of_mean += s / n * s / n;
  return std::max(0.0, (unit.squares - n * of_mean) / (n - 1));
}

double noise_of(const ProfileSums& unit, double usual_variance) {
  return variance_of(unit).value_or(usual_variance) / static_cast<double>(unit.n_cells);
}

struct Asked {
  std::span<const float> place;
  double noise = 0;
  std::span<const std::int32_t> donor = {};  // [training units]; empty: of none of them
  std::int32_t own = -1;                     // units of this donor do not count
};

std::optional<double> distance_to(const FamiliarUnits& known, const Asked& asked) {
  std::vector<double> squared;
  const auto d = static_cast<std::size_t>(known.n_directions);
  for (std::size_t u = 0; u < known.noise.size(); ++u) {
    if (!asked.donor.empty() && asked.donor[u] == asked.own) continue;
    const float* other = known.places.data() + u * d;
    double sum = 0;
    for (std::size_t k = 0; k < d; ++k) {
      const double difference = static_cast<double>(asked.place[k]) - static_cast<double>(other[k]);
      sum += difference * difference;
    }
    squared.push_back(sum - asked.noise - known.noise[u]);
  }
  if (squared.empty()) return std::nullopt;
  const auto n = std::min<std::ptrdiff_t>(known.n_neighbours, std::ssize(squared));
  std::partial_sort(squared.begin(), squared.begin() + n, squared.end());
  double sum = 0;
  for (std::ptrdiff_t k = 0; k < n; ++k) sum += squared[k];
  return sum / static_cast<double>(n);
}

// Places, numbers of donors and variances of the units of a view.
struct Places {
  std::vector<float> place;        // [units, directions]
  std::vector<ProfileSums> cells;  // [units] without the sums by gene
  std::vector<std::optional<double>> variance;
  std::vector<std::string> donor;
};

Places places_of(const RunContext& context, const CellView& view, const Preparation& preparation, std::int64_t n_directions) {
  const Bags bags = bags_of(view);
  const auto n_units = static_cast<std::size_t>(bags.n_bags());
  const PreparedCells prepared(view, preparation, 0);
  Places out;
  out.place.resize(n_units * static_cast<std::size_t>(n_directions));
  out.cells.resize(n_units);
  out.variance.resize(n_units);
  for (std::size_t u = 0; u < n_units; ++u) out.donor.push_back(view.donor(bags.cells[u].front()));
  parallel_for(bags.n_bags(), context.threads, [&](std::int64_t begin, std::int64_t end) {
    CsrBlock cell;
    for (std::int64_t u = begin; u < end; ++u) {
      ProfileSums sums;
      for (const std::int64_t i : bags.cells[u]) {
        cell.clear();
        prepared.append(i, cell);
        sums.add(cell.row(0), preparation.genes.size());
      }
      std::ranges::copy(place_of(sums, n_directions), out.place.begin() + u * n_directions);
      out.variance[u] = variance_of(sums);
      out.cells[u].n_cells = sums.n_cells;
    }
  });
  return out;
}

}  // namespace

void ProfileSums::add(const CsrRow& cell, std::int64_t n_genes) {
  sum.resize(static_cast<std::size_t>(n_genes));
  ++n_cells;
  for (std::size_t k = 0; k < cell.genes.size(); ++k) {
    const auto x = static_cast<double>(cell.values[k]);
    sum[cell.genes[k]] += x;
    squares += x * x;
  }
}

FamiliarUnits fit_familiarity(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                              const Preparation& preparation) {
  FamiliarUnits out{.n_genes = preparation.genes.size()};
  Places places = places_of(context, train, preparation, out.n_directions);
  std::vector<double> variances;
  for (const auto& variance : places.variance)
    if (variance) variances.push_back(*variance);
  if (!variances.empty()) {
    std::nth_element(variances.begin(), variances.begin() + std::ssize(variances) / 2, variances.end());
    out.cell_variance = variances[variances.size() / 2];
  }
  const auto noise = [&](const Places& of, std::size_t u) {
    return of.variance[u].value_or(out.cell_variance) / static_cast<double>(of.cells[u].n_cells);
  };
  for (std::size_t u = 0; u < places.cells.size(); ++u) out.noise.push_back(noise(places, u));
  out.places = std::move(places.place);

  std::vector<std::string> names = places.donor;
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const auto number_of = [&](const std::string& name) {
    const auto found = std::ranges::lower_bound(names, name);
    return found != names.end() && *found == name ? static_cast<std::int32_t>(found - names.begin()) : -1;
  };
  std::vector<std::int32_t> donor;
  for (const auto& name : places.donor) donor.push_back(number_of(name));
  const auto d = static_cast<std::size_t>(out.n_directions);
  const auto keep = [&](const std::optional<double>& distance, std::int64_t& n) {
    if (!distance) return;
    out.held_out.push_back(*distance);
    ++n;
  };
  if (std::ssize(names) >= kFewestDonors)
    for (std::size_t u = 0; u < out.noise.size(); ++u)
      keep(distance_to(out,
                       {.place = std::span(out.places).subspan(u * d, d), .noise = out.noise[u], .donor = donor, .own = donor[u]}),
           out.n_left_out);
  if (validation) {
    const Places others = places_of(context, *validation, preparation, out.n_directions);
    for (std::size_t u = 0; u < others.cells.size(); ++u)
      keep(distance_to(out, {.place = std::span(others.place).subspan(u * d, d),
                             .noise = noise(others, u),
                             .donor = donor,
                             .own = number_of(others.donor[u])}),
           out.n_validation);
  }
  std::ranges::sort(out.held_out);
  return out;
}

std::optional<Familiarity> familiarity_of(const FamiliarUnits& known, const ProfileSums& unit) {
  if (known.held_out.empty() || unit.n_cells == 0) return std::nullopt;
  const auto place = place_of(unit, known.n_directions);
  const auto distance = distance_to(known, {.place = place, .noise = noise_of(unit, known.cell_variance)});
  if (!distance) return std::nullopt;
  const auto farther = known.held_out.end() - std::ranges::lower_bound(known.held_out, *distance);
  const double median = known.held_out[known.held_out.size() / 2];
  return Familiarity{.score = (1 + static_cast<double>(farther)) / (1 + static_cast<double>(known.held_out.size())),
                     .times = median > 0 ? std::sqrt(std::max(0.0, *distance) / median) : 0};
}

bool is_strange(const FamiliarUnits& known, const Familiarity& familiarity, double level) {
  const double least = 1 / (1 + static_cast<double>(known.held_out.size()));
  return familiarity.score <= std::max(level, least);
}

}  // namespace cellverdict
