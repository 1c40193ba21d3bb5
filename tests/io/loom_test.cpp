#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/loom.h>
#include <cellverdict/io/loom_write.h>
#include <cellverdict/io/open_source.h>

#include <doctest/doctest.h>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

bool noted(const SourceHead& head, const std::string& part) {
  for (const auto& note : head.notes)
    if (note.find(part) != std::string::npos) return true;
  return false;
}

// Two genes by three cells, as a stream for writers.
CellStream small_stream() {
  CellStream stream;
  stream.genes = {{"ENSG00000000001", "ENSG00000000002"}, {"A", "A"}};
  stream.obs.index = {"c1", "c2", "c3"};
  stream.obs.set("CellID", make_text_column({"x", "y", "z"}));
  stream.obs.set("day", make_number_column({0, 2.5, 19}));
  stream.obs.set("n/counts", make_number_column({1, 2, 3}));
  stream.n_nonzero = 2;
  stream.next_block = [given = false](CsrBlock& block) mutable {
    block.clear();
    if (given) return false;
    block.push(1, 0.5F);
    block.end_row();
    block.end_row();
    block.push(0, -3);
    block.end_row();
    return given = true;
  };
  return stream;
}

}  // namespace

TEST_CASE("loom files of both versions give what anndata gives, whatever the chunks, the memory and the blocks") {
  const TempFolder folder;
  const auto status = run_script("make_tables.py", folder.path().string());
  if (!status) return;
  REQUIRE(*status == 0);
  const auto truth = open_h5ad(folder / "truth.h5ad", {});
  const CsrBlock expected = read_all(*truth, 100);
  for (const char* name : {"two.loom", "three.loom", "whole.loom"})
    for (const std::int64_t memory : {1 << 24, 30000, 1}) {
      const auto source = open_loom(folder / name, {.memory_bytes = memory});
      const SourceHead& head = source->head();
      CHECK(head.genes == truth->head().genes);
      CHECK(std::vector<std::string>(head.obs.index.begin(), head.obs.index.end()) ==
            std::vector<std::string>(truth->head().obs.index.begin(), truth->head().obs.index.end()));
      REQUIRE(head.obs.find("age") != nullptr);
      CHECK(head.obs.find("age")->numbers == truth->head().obs.find("age")->numbers);
      CHECK(head.obs.find("donor")->text(7) == "d2");
      CHECK(noted(head, "left out col_attrs/umap"));
      for (const std::int64_t rows : {1, 64, 1000}) {
        source->rewind();
        CHECK(same_rows(read_all(*source, rows), expected));
      }
    }
  const auto layer = open_loom(folder / "two.loom", {.layer = "doubled"});
  CsrBlock doubled = expected;
  for (float& value : doubled.values) value *= 2;
  CHECK(same_rows(read_all(*layer, 50), doubled));
  CHECK(contains(input_error([&] { open_loom(folder / "two.loom", {.layer = "doubld"}); }), "did you mean 'doubled'?"));
  const auto nameless = open_source(folder / "nameless.loom");
  CHECK(nameless->head().obs.index[149] == "cell_150");
  CHECK(noted(nameless->head(), "names no cells"));
  CHECK(same_rows(read_all(*nameless, 64), expected));
}

TEST_CASE("a gene of several rows of a loom file keeps its name on each, to be summed as in every format") {
  const TempFolder folder;
  CellStream stream = small_stream();
  stream.genes = {{"A", "A"}, {"A", "A"}};
  write_loom(folder / "a.loom", stream, {});
  const auto source = open_source(folder / "a.loom");
  CHECK(source->head().genes.ids == std::vector<std::string>{"A", "A"});
  CHECK(read_all(*source, 2).values == std::vector<float>{0.5F, -3});
}

TEST_CASE("every loom file of the shared data is read") {
  const auto data = shared_data();
  if (!data) return;
  for (const auto& [name, n_cells, n_genes] :
       std::initializer_list<std::tuple<const char*, int, int>>{{"Cortex", 50, 10},
                                                                {"fc-dropseq", 25, 1316},
                                                                {"mpfc-starmap", 3704, 158},
                                                                {"retina", 25, 1316},
                                                                {"simulation/simulation_2", 50, 5}}) {
    const auto source = open_source(*data / "fixtures/scvi/tests/test_data" / (std::string(name) + ".loom"));
    CHECK(source->head().n_cells == n_cells);
    CHECK(source->head().genes.size() == n_genes);
    CHECK(read_all(*source, 1000).n_rows() == n_cells);
  }
}

TEST_CASE("a written loom file is read back, and what it cannot hold is said") {
  const TempFolder folder;
  CellStream stream = small_stream();
  const auto lost = write_loom(folder / "a.loom", stream, {});
  CHECK(lost.size() == 2);
  CHECK(contains(lost[0], "'CellID'"));
  CHECK(contains(lost[1], "'n/counts'"));
  const auto source = open_source(folder / "a.loom");
  CHECK(source->head().format == "loom 3.0.0");
  CHECK(source->head().genes == stream.genes);
  CHECK(source->head().obs.index[2] == "c3");
  CHECK(source->head().obs.find("day")->numbers == std::vector<double>{0, 2.5, 19});
  CsrBlock expected;
  CellStream again = small_stream();
  again.next_block(expected);
  CHECK(same_rows(read_all(*source, 2), expected));
}

TEST_CASE("a file that is called loom and is none says what is missing") {
  const TempFolder folder;
  const auto file = folder.write("a.loom", "no HDF5 at all, but long enough");
  CHECK(contains(input_error([&] { open_source(file); }), "a.loom: found a file that is not HDF5"));
}
