#include <cellverdict/prepare/options.h>

namespace cellverdict {

namespace {

const OptionTable<GeneSelection>& gene_selection_options() {
  static const auto table = OptionTable<GeneSelection>("prepare.genes")
                                .add("select", &GeneSelection::select,
                                     "the most variable over training cells by: variance of the log-normalised values; seurat, "
                                     "cell_ranger, seurat_v3: as scanpy's highly_variable_genes; all: no choice",
                                     one_of({"variance", "seurat", "cell_ranger", "seurat_v3", "all"}))
                                .add("n", &GeneSelection::n, "how many genes to keep", at_least(1));
  return table;
}

const OptionTable<Scaling>& scaling_options() {
  static const auto table =
      OptionTable<Scaling>("prepare.scale")
          .add("by", &Scaling::by, "divide each gene by its standard deviation over training cells", one_of({"sd", "none"}))
          .add("center", &Scaling::center, "subtract the mean first (every value becomes non-zero)")
          .add("clip", &Scaling::clip, "limit scaled values to ±clip; 0: off", at_least(0));
  return table;
}

}  // namespace

const OptionTable<PrepareOptions>& prepare_options() {
  static const auto table =
      OptionTable<PrepareOptions>("prepare")
          .add("min_genes", &PrepareOptions::min_genes, "drop cells with fewer detected genes; 0: off", at_least(0))
          .add("max_genes", &PrepareOptions::max_genes, "drop cells with more detected genes; 0: off", at_least(0))
          .add("max_mito_percent", &PrepareOptions::max_mito_percent,
               "drop cells with a larger share of mitochondrial counts; 100: off", between(0, 100))
          .add("mads", &PrepareOptions::mads,
               "drop cells further than this many median absolute deviations from their unit's median of counts or genes (ln(1 + "
               "x)), "
               "or above it in mitochondrial percent; 0: off",
               at_least(0))
          .add("max_cells", &PrepareOptions::max_cells, "draw at most this many cells per unit; 0: all", at_least(0))
          .add("draw", &PrepareOptions::draw, "draw them before or after quality control", one_of({"before", "after"}))
          .add("counts", &PrepareOptions::counts,
               "values that are not whole numbers: accept, unless they look like something else than counts; strict: refuse; "
               "trusted: take them for counts whatever they look like (molecules corrected for collisions); any: take logarithms "
               "as they are, of arrays, with target_sum = 0 and log1p = false",
               one_of({"accept", "strict", "trusted", "any"}))
          .add("library_size", &PrepareOptions::library_size,
               "genes that a cell's counts, detected genes and mitochondrial share are of: kept, those all sources are brought to; "
               "all, every gene of its file",
               one_of({"kept", "all"}))
          .add("target_sum", &PrepareOptions::target_sum, "counts per cell after normalisation; 0: off", at_least(0))
          .add("log1p", &PrepareOptions::log1p, "x ← ln(1 + x)")
          .add("min_cells_per_gene", &PrepareOptions::min_cells_per_gene, "drop genes with a count in fewer training cells; 0: off",
               at_least(0))
          .add_group("genes", &PrepareOptions::genes, "which genes the net sees", gene_selection_options())
          .add_group("scale", &PrepareOptions::scale, "how each gene is scaled", scaling_options());
  return table;
}

}  // namespace cellverdict
