#pragma once
// Whether a unit is like those a model was trained on, so that it may be asked about it at all. Made of what the net is given,
// never of what it makes of it: a net is free to put what it has never seen next to what it knows. And nothing in the measure is
// fitted to single units, so a training unit that is left out is as new to it as a stranger, and its distance says how far
// strangers lie.
//   place of a unit    the mean of its prepared cells along random directions of signs, which keep distances
//                      (Johnson & Lindenstrauss 1984; Achlioptas 2003)
//   distance           mean over the nearest training units of other donors, of squared distances less what the noise of means of
//                      few cells adds to them
//   familiarity        (1 + held-out units at least as far) / (1 + held-out units): for a unit like those it is uniform on (0, 1]

#include <cellverdict/prepare/preparation.h>
#include <cellverdict/split/views.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// Sums over prepared cells of one unit.
struct ProfileSums {
  std::int64_t n_cells = 0;
  std::vector<double> sum;  // [genes]
  double squares = 0;       // Σ over cells and genes of x²

  void add(const CsrRow& cell, std::int64_t n_genes);
};

struct FamiliarUnits {
  std::int64_t n_genes = 0, n_directions = 512, n_neighbours = 5;
  std::vector<float> places;     // [training units, n_directions]
  std::vector<double> noise;     // [training units] what the number of its cells adds to a squared distance
  std::vector<double> held_out;  // ascending: distances of training units, their donor left out, and of validation units
  std::int64_t n_left_out = 0, n_validation = 0;  // of which held_out consists
  double cell_variance = 0;                       // of prepared cells around their unit, the median over training units

  std::int64_t n_units() const { return static_cast<std::int64_t>(noise.size()); }
};

// Reads the training cells once. With fewer than three training donors nothing can be held out: `held_out` is that of validation,
// or empty.
FamiliarUnits fit_familiarity(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                              const Preparation& preparation);

struct Familiarity {
  double score = 0;  // see above
  double times = 0;  // root of its distance, of the median held-out unit's; 0 where units lie no farther apart than noise puts them
};
// Nothing where no unit was held out, or the unit has no cell.
std::optional<Familiarity> familiarity_of(const FamiliarUnits& known, const ProfileSums& unit);

// Whether a score speaks against asking the model: at most `level`, or as low as so few held-out units let it be.
bool is_strange(const FamiliarUnits& known, const Familiarity& familiarity, double level);

}  // namespace cellverdict
