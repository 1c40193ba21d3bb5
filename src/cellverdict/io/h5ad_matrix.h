#pragma once
// The matrices of an .h5ad file (X, raw, the layers) and the choice of the one that is read. A file often holds several of which
// one alone has the counts; where nothing is asked for, the first rows tell.

#include <cellverdict/io/hdf5_object.h>

#include <string>
#include <vector>

namespace cellverdict {

struct H5adMatrix {
  std::string name;  // as a user chooses it: "X", "raw", or that of a layer
  std::string path;  // "X", "raw/X", "raw.X" (anndata before 0.7), "layers/counts"
  std::string var;   // the table of its genes: "var", "raw/var", "raw.var"
};

// Those that are there and hold something, X first, then raw.
std::vector<H5adMatrix> list_h5ad_matrices(const Hdf5Object& root);

// The one called `layer`; "": the one with the counts, and in `notes` why, where that is not X. Throws UsageError naming the
// nearest for an unknown layer, InputError when the file has no matrix.
H5adMatrix choose_h5ad_matrix(const Hdf5Object& root, const std::string& layer, std::vector<std::string>& notes);

// Whether the first rows are whole and not negative. Reads little, whatever the size.
bool looks_like_counts(const Hdf5Object& matrix);

enum class H5adLayout { csr, csc, dense };
std::string h5ad_layout_name(H5adLayout layout);
// Throws InputError for an encoding that is not read and for another shape.
H5adLayout check_h5ad_layout(const Hdf5Object& matrix, std::int64_t n_cells, std::int64_t n_genes);

// As the schema of CELLxGENE has it; empty for other files.
std::string cellxgene_version(const Hdf5Object& root);

}  // namespace cellverdict
