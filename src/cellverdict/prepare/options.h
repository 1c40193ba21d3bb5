#pragma once
// [prepare]: every step between the file and the net, each optional. Defaults are those of the LMNA study (paper §2.4).

#include <cellverdict/base/option_table.h>

#include <cstdint>
#include <string>

namespace cellverdict {

struct GeneSelection {
  std::string select = "variance";  // of the training cells; see select_genes.h
  std::int64_t n = 1000;
};

struct Scaling {
  std::string by = "sd";  // "sd" of training cells (ddof 0); "none"
  bool center = false;    // subtracting the mean makes every value non-zero: off for sparse data
  double clip = 10;       // to ±clip after scaling; 0: off
};

struct PrepareOptions {
  std::int64_t min_genes = 200;   // 0: no lower bound
  std::int64_t max_genes = 6000;  // 0: no upper bound
  double max_mito_percent = 20;   // 100: off
  double mads = 0;                // 0: off; 5 is common. See fit_mad_bounds
  std::int64_t max_cells = 3000;  // drawn per unit; 0: all
  std::string draw = "before";    // before or after quality control
  std::string counts = "accept";  // "strict": refuse values that are not whole; "trusted": take any for counts; "any": logarithms
  std::string library_size = "kept";  // genes a cell's counts are summed over: "kept" in the store, or "all" of its file
  double target_sum = 1e4;            // counts per cell after normalisation; 0: off
  bool log1p = true;
  std::int64_t min_cells_per_gene = 10;  // training cells with a count; 0: off
  GeneSelection genes;
  Scaling scale;
};
const OptionTable<PrepareOptions>& prepare_options();

}  // namespace cellverdict
