#include <cellverdict/io/h5ad_obsm.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/open_source.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// The files of make_h5ad_kinds.py, made once; null when there is no anndata.
const TempFolder* made() {
  return made_by("make_h5ad_kinds.py");
}

std::unique_ptr<CellSource> open(const std::string& name, const std::string& layer = "") {
  return open_source(*made() / (name + ".h5ad"), {.layer = layer});
}

// counts.txt without the cells and genes that `left_out` names.
template <class LeftOut>
CsrBlock counts_but(const LeftOut& left_out) {
  std::ifstream stream(*made() / "counts.txt");
  CsrBlock rows;
  std::int64_t cell = 0;
  for (std::string line; std::getline(stream, line); ++cell) {
    std::istringstream numbers(line);
    std::int32_t column = 0;
    float value = 0;
    if (left_out(cell, -1)) continue;
    for (std::int32_t gene = 0; numbers >> value; ++gene) {
      if (left_out(cell, gene)) continue;
      if (value != 0) rows.push(column, value);
      ++column;
    }
    rows.end_row();
  }
  return rows;
}

CsrBlock all_counts() {
  return counts_but([](std::int64_t, std::int32_t) { return false; });
}

std::string text_of(const CellSource& source, const std::string& column, std::int64_t row) {
  return source.head().obs.column(column, "test").text(row);
}

bool notes_have(const CellSource& source, const std::string& part) {
  const auto& notes = source.head().notes;
  const bool found =
      std::any_of(notes.begin(), notes.end(), [&](const auto& note) { return note.find(part) != std::string::npos; });
  if (!found)
    for (const auto& note : notes) std::cerr << "note: " << note << '\n';
  return found;
}

}  // namespace

TEST_CASE("tables of records are read with their categories, and the counts beside them in raw.X") {
  if (made() == nullptr) return;
  const auto source = open("records");
  const SourceHead& head = source->head();
  CHECK(head.format == "h5ad CSC, raw.X");
  CHECK(same_rows(read_all(*source, 7), all_counts()));
  CHECK(head.genes.ids.back() == "GENE11");
  CHECK(head.layers == std::vector<std::string>{"X", "raw"});
  CHECK(head.embeddings == std::vector<std::string>{"X_pca", "X_umap"});
  CHECK(head.obs.index.text(59) == "cell59");
  CHECK(head.obs.names == std::vector<std::string>{"kind", "single", "n", "big", "flag", "name"});
  CHECK(text_of(*source, "kind", 0).empty());
  CHECK(text_of(*source, "kind", 1) == "b");
  CHECK(text_of(*source, "kind", 2) == "a");
  CHECK(text_of(*source, "single", 59) == "only");
  CHECK(text_of(*source, "n", 59) == "59");
  CHECK(text_of(*source, "big", 59) == "29.5");
  CHECK(text_of(*source, "flag", 2) == "True");
  CHECK(text_of(*source, "name", 7) == "n7");
  CHECK(notes_have(*source, "left out obs/wide, which has more than one value a row"));
  CHECK(open("records", "X")->head().genes.size() == 5);
}

TEST_CASE("categories behind references, of any width and byte order, are read") {
  if (made() == nullptr) return;
  const auto source = open("references");
  CHECK(same_rows(read_all(*source, 7), all_counts()));
  for (const char* name : {"kind", "kind16", "kind64"}) {
    CAPTURE(name);
    CHECK(text_of(*source, name, 0).empty());
    CHECK(text_of(*source, name, 1) == "b");
    CHECK(text_of(*source, name, 2) == "a");
  }
  CHECK(text_of(*source, "fixed", 3) == "t1");
  CHECK(notes_have(*source, "left out obs/wide"));
}

TEST_CASE("files without marks are read by what lies in them") {
  if (made() == nullptr) return;
  const auto source = open("unmarked");
  CHECK(same_rows(read_all(*source, 7), all_counts()));
  CHECK(source->head().obs.index.text(3) == "cell3");
  CHECK(source->head().obs.names == std::vector<std::string>{"kind", "n"});
  CHECK(text_of(*source, "kind", 2) == "a");
  CHECK(notes_have(*source, "left out obs/other, whose encoding (unmarked) is not read"));
  CHECK(source->head().genes.ids[2] == "GENE2");
}

TEST_CASE("cells without names are numbered, genes without names go by a column or are refused") {
  if (made() == nullptr) return;
  const auto source = open("numbered");
  CHECK(source->head().obs.index.text(59) == "59");
  CHECK(notes_have(*source, "the rows of obs have no names: they are numbered from 0"));
  CHECK(source->head().genes.ids[11] == "GENE11");
  CHECK(notes_have(*source, "genes are named by var/gene_name, for var has no index"));
  CHECK(contains(input_error([] { open("nameless"); }), "nameless.h5ad var: found no names of genes, expected an index"));
  CHECK(open("number_index")->head().obs.index.text(59) == "159");
}

TEST_CASE("without a layer asked for, the matrix that looks like counts is read, and said") {
  if (made() == nullptr) return;
  struct Case {
    std::string name, format, note;
  };
  for (const auto& [name, format, note] : std::vector<Case>{
           {"in_x", "h5ad dense", ""},
           {"in_raw", "h5ad dense, raw/X",
            "the counts are taken from raw/X, for X holds no whole counts; `layer` may be 'X', 'counts' instead"},
           {"in_layer", "h5ad CSC, layers/raw_counts",
            "from layers/raw_counts, for X holds no whole counts; `layer` may be 'X', 'raw', 'other'"},
           {"no_x", "h5ad CSR, layers/counts", "from layers/counts, for there is no X; `layer` may be 'spliced' instead"},
           {"null_x", "h5ad dense, layers/raw", "from layers/raw, for there is no X"},
           {"only_spliced", "h5ad dense, layers/spliced", ""},
           {"cellxgene", "h5ad CSR, raw/X", "from raw/X, where files of CELLxGENE have them; `layer` may be 'X' instead"},
       }) {
    CAPTURE(name);
    const auto source = open(name);
    CHECK(source->head().format == format);
    if (!note.empty()) CHECK(notes_have(*source, note));
    if (name != "cellxgene") CHECK(same_rows(read_all(*source, 50), all_counts()));
  }
  CHECK(open("in_x")->head().notes.empty());
  const auto nowhere = open("nowhere");
  CHECK(nowhere->head().format == "h5ad dense");
  CHECK(notes_have(*nowhere, "no whole counts were found in X, raw/X, layers/counts: X is read as it is; `layer` may be 'raw'"));
}

TEST_CASE("a layer is read by its name, and an unknown one names the nearest") {
  if (made() == nullptr) return;
  CHECK(open("in_layer", "other")->head().format == "h5ad dense, layers/other");
  CHECK(open("in_x", "layers/counts")->head().format == "h5ad dense, layers/counts");
  CHECK(open("in_x", "raw")->head().format == "h5ad dense, raw/X");
  CHECK(open("null_x", "raw")->head().format == "h5ad dense, layers/raw");
  CHECK(open("named_alike")->head().layers == std::vector<std::string>{"X", "layers/X"});
  CHECK(same_rows(read_all(*open("named_alike", "layers/X"), 50), all_counts()));
  std::string said;
  try {
    open("in_x", "cuonts");
  } catch (const UsageError& error) {
    said = error.what();
  }
  CHECK(contains(said, "layer: found 'cuonts', which "));
  CHECK(contains(said, "did you mean 'counts'? known: X, raw, counts"));
}

TEST_CASE("copies of cells and spiked-in controls of CELLxGENE are left out and counted, whatever the block") {
  if (made() == nullptr) return;
  const CsrBlock expected = counts_but([](std::int64_t cell, std::int32_t gene) { return cell % 4 == 1 || gene == 3; });
  for (const std::int64_t rows : {1, 7, 1000}) {
    const auto source = open("cellxgene");
    CHECK(same_rows(read_all(*source, rows), expected));
    source->rewind();
    CHECK(same_rows(read_all(*source, rows + 1), expected));
  }
  const auto source = open("cellxgene");
  const SourceHead& head = source->head();
  CHECK(head.n_cells == 45);
  CHECK(head.obs.n_rows() == 45);
  CHECK(head.obs.index.text(1) == "cell2");
  CHECK(head.file_rows.size() == 45);
  CHECK(head.file_rows[1] == 2);
  CHECK(text_of(*source, "n", 1) == "2");
  CHECK(text_of(*source, "disease", 2) == "normal");
  CHECK(head.genes.ids[3] == "ENSG00000000004");
  CHECK(head.genes.symbols[3] == "GENE4");  // raw/var has no symbols, var has
  CHECK(notes_have(*source, "15 cells of 60 left out as copies of cells of other files (is_primary_data is False)"));
  CHECK(notes_have(*source, "1 gene left out as spiked-in controls"));
  const auto lazy = open_source(*made() / "cellxgene.h5ad", {.hold_column = [](const std::string&) { return false; }});
  CHECK(lazy->head().obs.names.empty());
  CHECK(lazy->read_obs_column("n").text(44) == "59");
  CHECK(notes_have(*open("cellxgene", "X"), "1 gene marked feature_is_filtered: zero in X"));
  CHECK(open("copies")->head().n_cells == 60);
  CHECK(notes_have(*open("copies"), "is_primary_data is False for every cell"));
  CHECK(open("maybe_primary")->head().n_cells == 60);
}

TEST_CASE("embeddings are read as they lie in every version, and others say why not") {
  if (made() == nullptr) return;
  const Embedding dense = read_h5ad_obsm(*made() / "in_x.h5ad", "X_pca");
  CHECK(dense.n_cells == 60);
  CHECK(dense.n_dimensions == 4);
  CHECK(dense.values[59 * 4 + 3] == 239);
  const Embedding table = read_h5ad_obsm(*made() / "in_x.h5ad", "table");
  CHECK(table.columns == std::vector<std::string>{"u", "v"});
  CHECK(table.values[2 * 7] == 7);
  CHECK(table.values[2 * 7 + 1] == 0.5F);
  const Embedding old = read_h5ad_obsm(*made() / "records.h5ad", "X_pca");
  CHECK(old.n_dimensions == 3);
  CHECK(old.values[59 * 3 + 2] == 179);
  CHECK_THROWS_AS(read_h5ad_obsm(*made() / "in_x.h5ad", "X_pcb"), UsageError);
}

TEST_CASE("a sparse embedding is read as anndata makes it dense, by row and by column") {
  if (made() == nullptr) return;
  std::vector<float> counts;
  std::ifstream stream(*made() / "counts.txt");
  for (float value = 0; stream >> value;) counts.push_back(value);
  REQUIRE(counts.size() == 60 * 12);
  for (const char* name : {"sparse", "sparse_columns"}) {
    CAPTURE(name);
    const Embedding sparse = read_h5ad_obsm(*made() / "in_x.h5ad", name);
    CHECK(sparse.n_dimensions == 12);
    CHECK(sparse.values == counts);
  }
  const Embedding twice = read_h5ad_obsm(*made() / "in_x.h5ad", "sparse_twice");
  for (std::size_t i = 0; i < twice.values.size(); ++i) CHECK(twice.values[i] == (i % 3 == 1 ? 2 : 0));
  CHECK(contains(input_error([] { read_h5ad_obsm(*made() / "in_x.h5ad", "sparse_wide"); }),
                 "obsm/sparse_wide: found 200,000 dimensions, expected at most 100,000; it is read as a dense matrix"));
}

TEST_CASE("an embedding is the same whole and in pieces of any size") {
  if (made() == nullptr) return;
  for (const auto& [file, name] : {std::pair("in_x.h5ad", "X_pca"),
                                   {"in_x.h5ad", "table"},
                                   {"in_x.h5ad", "sparse"},
                                   {"in_x.h5ad", "sparse_columns"},
                                   {"records.h5ad", "X_pca"}})
    for (const std::int64_t bytes : {1, 100, 1 << 20}) {
      CAPTURE(name);
      CAPTURE(bytes);
      const Embedding whole = read_h5ad_obsm(*made() / file, name);
      CHECK(h5ad_obsm_width(*made() / file, name) == whole.n_dimensions);
      std::vector<float> pieces;
      std::int64_t next = 0;
      read_h5ad_obsm_rows(*made() / file, name, bytes, [&](const EmbeddingBlock& block) {
        CHECK(block.first_row == next);
        next += block.n_rows;
        pieces.insert(pieces.end(), block.values.begin(), block.values.end());
      });
      CHECK(pieces == whole.values);
    }
  CHECK_THROWS_AS(h5ad_obsm_width(*made() / "in_x.h5ad", "X_pcb"), UsageError);
}

TEST_CASE("damaged files of old encodings are refused in one sentence that names the place") {
  if (made() == nullptr) return;
  CHECK(contains(input_error([] { open("latin"); }), "latin.h5ad obs/fixed: found text that is not UTF-8 ('M?ller', byte 0xFC)"));
  CHECK(
      contains(input_error([] { open("lost_reference"); }), "obs/kind: found a reference to categories that are not in the file"));
  CHECK(contains(input_error([] { open("short_record"); }), "raw.X: found 60 × 12, expected 59 cells × 12 genes"));
  CHECK(contains(input_error([] { open("high_code"); }), "obs/kind: found code 7, expected codes below 2"));
  CHECK(contains(input_error([] { open("huge_record"); }), "obs: found a dataset of 26,388,279,066,624 bytes in a file of"));
}
