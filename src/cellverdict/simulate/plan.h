#pragma once
// The study before any cell is drawn: libraries with their labels, and gene programs with their effects. The programs are the
// truth that truth_genes.tsv reports; nothing else changes a gene's expression.
//
// Share of gene g in a cell of cell type k and library l, among the counts that are not mitochondrial:
//   share_g  ∝  exp(b_g + Σ δ_{program,g})   over the programs that l and k match,   b_g ~ Normal(0, gene_sd²)
// Effects are on the log scale before the shares are made to sum to 1, as with any real sequencing depth.

#include <cellverdict/simulate/options.h>
#include <cellverdict/table/genes.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct SimulatedLibrary {
  std::string name, donor, batch, replicate;  // replicate empty: the design has none
  bool diseased = false;
  int disease = 1;  // which one, of the diseased
  std::optional<double> day;
  std::vector<double> composition;  // [n_cell_types], sums to 1
};

struct GeneEffect {
  std::int32_t gene = 0;
  double log_fold_change = 0;  // never 0
};

// A set of genes changed in the cells of the libraries it matches.
struct Program {
  enum class Kind { cell_type, disease, day, day_only, donor, batch };
  Kind kind = Kind::cell_type;
  std::string level;   // which donor, batch, day, …; for disease the label of the diseased
  int cell_type = -1;  // -1: all
  std::vector<GeneEffect> effects;
};
std::string program_name(Program::Kind kind);

struct StudyPlan {
  std::string label_name, control_label;     // "disease", "control"
  std::vector<std::string> diseased_labels;  // [diseases] "disease", or "disease 1", …
  GeneList genes;                            // the last kMitoGenes are mitochondrial
  std::vector<std::string> cell_types;
  std::vector<SimulatedLibrary> libraries;
  std::vector<double> log_expression;  // b_g of the genes that are not mitochondrial
  std::vector<double> mito_shares;     // [kMitoGenes], sums to 1; the same in all cells
  std::vector<Program> programs;

  const std::string& label(const SimulatedLibrary& library) const {
    return library.diseased ? diseased_labels[static_cast<std::size_t>(library.disease - 1)] : control_label;
  }
  bool matches(const Program& program, const SimulatedLibrary& library, int cell_type) const;
  // Shares of the genes that are not mitochondrial; sum to 1.
  std::vector<double> shares(const SimulatedLibrary& library, int cell_type) const;
};

inline constexpr std::int64_t kMitoGenes = 13;

// Throws UsageError for options out of range or too few genes for what is asked.
StudyPlan make_plan(const SimulateOptions& options, std::uint64_t seed);

// A day as it is written in file names, labels and levels: "16", "2.5".
std::string day_text(double day);

}  // namespace cellverdict
