#include <cellverdict/base/error.h>
#include <cellverdict/io/open_source.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// Those of two scripts that open.
std::vector<std::filesystem::path> all_files() {
  std::vector<std::filesystem::path> files;
  for (const char* script : {"make_h5ad.py", "make_h5ad_kinds.py", "make_tenx.py"}) {
    const TempFolder* folder = made_by(script);
    if (folder == nullptr) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder->path()))
      if (entry.path().extension() == ".h5ad" || entry.path().extension() == ".h5") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Names, columns, genes and counts, as text; or why they cannot be read.
std::vector<std::string> read_all(const std::filesystem::path& file, std::int64_t step) {
  std::vector<std::string> out;
  try {
    const auto source = open_source(file, {.in_pieces = step > 0});
    const SourceHead& head = source->head();
    if (step > 0 && head.read_names && !(head.obs.index.empty() && head.obs.names.empty())) out.emplace_back("held");
    const std::int64_t n = head.n_cells, rows = step > 0 ? step : n;
    for (std::int64_t first = 0; first < n; first += rows)
      for (const auto name : head.cell_names(first, std::min(rows, n - first))) out.emplace_back(name);
    for (const auto& name : head.obs_columns.empty() ? head.obs.names : head.obs_columns) {
      const PieceReader reader(step > 0 ? source->open_obs_column(name) : pieces_of(source->read_obs_column(name)));
      for (std::int64_t first = 0; first < n; first += rows) {
        const Column piece = reader.read(first, std::min(rows, n - first));
        for (std::int64_t i = 0; i < piece.size(); ++i)
          out.push_back(name + (piece.kind == Column::Kind::text ? " '" : " ") + piece.text(i));
      }
    }
    out.insert(out.end(), head.genes.ids.begin(), head.genes.ids.end());
    for (CsrBlock block; source->read_block(13, block);)
      for (std::size_t k = 0; k < block.indices.size(); ++k)
        out.push_back(std::to_string(block.indices[k]) + " " + std::to_string(block.values[k]));
    return out;
  } catch (const Error& error) {
    return {error.what()};
  }
}

}  // namespace

TEST_CASE("names, columns and counts of every file are the same whole and in pieces of any size, and damage is said") {
  std::size_t n_good = 0, n_bad = 0;
  for (const auto& file : all_files()) {
    CAPTURE(file);
    const auto whole = read_all(file, 0);
    ++(whole.size() > 1 ? n_good : n_bad);
    for (const std::int64_t step : {1, 7, 1000}) {
      CAPTURE(step);
      const auto pieces = read_all(file, step);
      if (whole.size() > 1) {
        CHECK(pieces == whole);
      } else {
        CHECK(pieces.size() == 1);  // a sentence too, if perhaps of another place
      }
    }
  }
  MESSAGE(n_good, " good files, ", n_bad, " others");
}
