#pragma once
// What is in files, before anything is decided: cells, genes, kind of values, annotations, label × batch.

#include <cellverdict/base/run_context.h>
#include <cellverdict/io/geo_study.h>
#include <cellverdict/prepare/sources.h>
#include <cellverdict/prepare/value_state.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cellverdict {

struct InspectedColumn {
  std::string name, kind;  // "text", "number"
  std::int64_t n_missing = 0;
  std::vector<std::string> values;  // distinct, sorted
};

// What a file of GEO says of its study.
struct InspectedStudy {
  using Counted = std::vector<std::pair<std::string, std::int64_t>>;  // value, samples; the commonest first
  struct Characteristic {
    std::string name;
    std::int64_t n_missing = 0, n_values = 0;
    Counted commonest;  // a few
  };
  GeoStudy study;
  Counted platforms, sample_types;
  std::vector<Characteristic> characteristics;
};

struct InspectedSource {
  std::string name, path, format;
  std::int64_t n_cells = 0, n_genes = 0, n_mitochondrial = 0, n_nonzero = -1;
  ValueState state = ValueState::counts;      // of the first cells
  double median_total = 0, median_genes = 0;  // of the first cells
  GeneNaming naming = GeneNaming::other;
  std::int64_t n_versions = 0, n_mapped = 0, n_summed = 0;  // see genes/identity.h
  std::vector<std::string> shared_symbols;                  // of several ids
  std::string mitochondrial_rule;
  std::vector<std::string> layers, embeddings, notes;
  std::optional<InspectedStudy> study;  // of a file of GEO
  std::string array_values;             // what the values of arrays are; empty: of no array
};

struct ContingencyRow {
  std::string batch;
  std::vector<std::int64_t> n_cells, n_units;  // [labels]
};

struct Inspection {
  std::vector<InspectedSource> sources;
  std::int64_t n_cells = 0;
  std::vector<InspectedColumn> columns;  // of all sources together
  Frame obs;                             // joined
  std::vector<std::string> labels;       // of the label × batch table
  std::vector<ContingencyRow> contingency;
  std::vector<std::string> warnings;
};

struct InspectOptions {
  std::vector<std::string> files;  // files, folders, or one sample sheet (.csv, .tsv)
  std::string gene_map;            // a table of Ensembl ids and symbols; empty: none
  std::string label, by, unit;     // columns of the table; empty: no table
  std::string layer, genome;       // of OpenOptions
  std::string annotations;         // of DataOptions
  std::string sample_sheet;        // a file to write the samples of the GEO files to; empty: none
};

// Reads annotations whole and the first cells of each matrix. Throws InputError and UsageError.
Inspection inspect_files(const RunContext& context, const InspectOptions& options);

}  // namespace cellverdict
