#pragma once
// What an explanation of a net says, reduced to genes, types of cells, sets of genes and units: numbers for tables and pages.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace cellverdict {

struct ExplainedGene {
  std::string id, symbol;
  double attribution = 0, magnitude = 0;  // mean over units of the mean over cells; of absolute values
  double in_class = 0, elsewhere = 0;     // mean over the explained class's units, and over all others; NaN without any
  double log2_fold_change = 0;            // between training units
  std::int64_t expression_rank = 0;       // by differential expression between training units
};

struct ExplainedSet {
  std::string name;
  std::string cell_type = {};           // empty: all cells
  std::int64_t n_genes = 0, n_top = 0;  // of the set: in the model, among the top genes
  double odds_ratio = 0, p_value = 1, p_adjusted = 1;
};

struct EnrichedSet {
  std::string name;
  std::int64_t n_genes = 0;
  double score = 0, normalised = 0, p_value = 1, p_adjusted = 1;
  std::vector<std::string> leading = {};  // symbols of the genes before the greatest distance, the most extreme first
};

struct ExplanationAgreement {
  std::string folder;                       // of the other explanation
  std::int64_t n_genes = 0, n_first = 100;  // shared, and of them the first
  double correlation = 0;                   // Spearman's, of ranks
  double jaccard = 0;                       // of the first genes: those both have / those either has
};

// Of a type of cells; a unit's number is the mean over its cells of the type, summed over genes.
struct ExplainedType {
  std::string name, markers;                     // markers: of types found by k-means
  std::int64_t n_cells = 0;                      // explained
  std::int64_t n_in_class = 0, n_elsewhere = 0;  // units with cells of it
  double mean = 0, median = 0;                   // over the units of the explained class; NaN without any
  double elsewhere_mean = 0, elsewhere_median = 0;
  double share = 0.5, p_value = 1, p_adjusted = 1;  // P(a unit of the class above another); rank sum, Benjamini and Hochberg
  double contribution = 0, attention = 0;           // of a mean unit of the class: of its change, and of its attention
  std::vector<double> values = {};                  // [units], NaN without cells
};

// The first genes within a type, each in every unit of the explained class.
struct GenesOfType {
  std::string type;
  std::vector<std::string> genes;           // the greatest mean first
  std::vector<std::vector<double>> values;  // [genes, units of the class with cells of the type] means over cells
};

struct ExplainResult {
  std::filesystem::path folder;     // where it was written
  std::string model;                // of several: its folder in the run, else empty
  std::string model_sha256;         // of its weights
  std::string class_name, against;  // against: empty when there is none
  std::string baseline, types_how;  // in words
  std::int64_t n_units = 0, n_in_class = 0, n_cells = 0, n_genes = 0, n_top = 0;
  double auc =
      std::numeric_limits<double>::quiet_NaN();  // of the target's value, the class's units against all others of the test side
  double median_delta = 0, worst_delta = 0;      // convergence, as a share of a unit's change; see explain.json
  // Spearman's correlation of the genes' absolute attributions with those of nets with fresh weights, each; none when none was
  // asked.
  std::vector<double> random_agreement;
  std::vector<ExplainedGene> genes;        // ranked
  std::vector<ExplainedType> types;        // the greatest mean first
  std::vector<ExplainedSet> sets;          // of all cells, by p-value
  std::vector<ExplainedSet> sets_by_type;  // of each type
  std::vector<EnrichedSet> enriched;       // of all cells, by p-value
  std::vector<ExplanationAgreement> agreement;
  std::vector<std::string> warnings;
  std::vector<std::string> units;  // by name
  std::vector<bool> is_in_class;   // [units]
  // Genes of the page's pictures, by symbol.
  std::vector<GenesOfType> genes_of_types;        // the first genes of the types with the greatest means
  std::vector<std::string> pictured;              // the first genes
  std::vector<std::vector<double>> in_each_type;  // [types, pictured] mean over units of the class; NaN without cells
};

// A gene over the explanations of one class by several models.
struct ConsensusGene {
  std::string class_name, id, symbol;
  std::int64_t n_models = 0, n_first = 0;  // that have it; and among whose first genes it is
  double median_rank = 0, best_rank = 0, worst_rank = 0;
  double attribution = 0;  // mean over the models of the mean over the class's units
};

// Two of several explanations.
struct ExplanationPair {
  std::size_t first = 0, second = 0;
  ExplanationAgreement agreement;
};

}  // namespace cellverdict
