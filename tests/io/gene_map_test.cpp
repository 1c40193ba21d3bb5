#include <cellverdict/genes/identity.h>
#include <cellverdict/io/gene_map.h>
#include <cellverdict/io/open_source.h>
#include <cellverdict/io/resolved_genes.h>

#include <doctest/doctest.h>

#include <map>

#include "io/temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

GeneMap map_of(const std::string& text) {
  const TempFolder folder;
  return read_gene_map(folder.write("map.txt", text));
}

std::string refusal(const std::string& text) {
  try {
    map_of(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

using Ids = std::vector<std::string>;

// Three cells by four columns, of which two name one gene.
class FourColumns : public CellSource {
 public:
  FourColumns() {
    const Ids names = {"A", "B", "A", "C"};
    head_.genes = {names, names};
    head_.n_cells = 3;
    head_.n_nonzero = 7;
    head_.notes = {"first"};
  }
  const SourceHead& head() const override { return head_; }
  void rewind() override { given_ = false; }
  bool read_block(std::int64_t, CsrBlock& block) override {
    block.clear();
    if (given_) return false;
    for (const auto& [gene, value] : std::vector<std::pair<int, float>>{{0, 1}, {1, 2}, {2, 4}, {3, 8}}) block.push(gene, value);
    block.end_row();
    block.end_row();
    for (const auto& [gene, value] : std::vector<std::pair<int, float>>{{0, -3}, {2, 3}, {3, 5}}) block.push(gene, value);
    block.end_row();
    return given_ = true;
  }

 private:
  SourceHead head_;
  bool given_ = false;
};

}  // namespace

TEST_CASE("ids and symbols are found in any table by what stands in it") {
  const Ids tp53 = {"ENSG00000141510"};
  for (const char* text :
       {"gene_id,gene_name,biotype\nENSG00000141510.17,TP53,protein_coding\nENSG00000012048.2,BRCA1,protein_coding\n",
        "ENSG00000141510\tTP53\tGene Expression\nENSG00000012048\tBRCA1\tGene Expression\n",
        "\"\",\"chromosome\",\"symbol\",\"ensembl\"\n\"1\",\"chr17\",\"TP53\",\"ENSG00000141510\"\n\"2\",\"chr17\",\"BRCA1\","
        "\"ENSG00000012048\"\n",
        "Gene stable ID;Transcript stable ID;Gene description;Gene name\nENSG00000141510;ENST00000269305;\"a; protein\";TP53\n"
        "ENSG00000141510;ENST00000455263;\"a; protein\";TP53\nENSG00000012048;ENST00000357654;\"b; protein\";BRCA1\n"}) {
    CAPTURE(std::string(text));
    const GeneMap map = map_of(text);
    REQUIRE(map.ids_of.size() == 2);
    CHECK(map.ids_of.at("TP53") == tp53);
    CHECK(map.symbol_of.at("ENSG00000012048") == "BRCA1");
  }
}

TEST_CASE("a symbol keeps all its ids, but the copy of its gene on Y is none") {
  const GeneMap map = map_of(
      "id,symbol\nENSG00000015479,MATR3\nENSG00000280987,MATR3\nENSG00000182378.1,PLCXD1\nENSG00000182378.1_PAR_Y,PLCXD1\n"
      "ENSG00000999999,\n,LOST\n");
  CHECK(map.ids_of.at("MATR3") == Ids{"ENSG00000015479", "ENSG00000280987"});
  CHECK(map.ids_of.at("PLCXD1") == Ids{"ENSG00000182378"});
  CHECK(map.n_ids() == 3);
}

TEST_CASE("a table without ids or without symbols is refused with what it has") {
  CHECK(contains(refusal("a,b\n1,2\n3,4\n"), "map.txt: found no column of Ensembl gene ids (the first line has a, b)"));
  CHECK(contains(refusal("id,type\nENSG00000141510,Gene\nENSG00000012048,Gene\nENSG00000012049,Gene\n"),
                 "found no column of symbols"));
  CHECK(contains(refusal("id,symbol\nENSG00000141510,\xff\nENSG00000012048,B\n"), "line 2"));
  CHECK(contains(refusal("# only a comment\n"), "no rows"));
}

TEST_CASE("the columns of one gene are summed in every row, and a sum of nothing is no entry") {
  auto plain = std::make_unique<FourColumns>();
  const GeneIdentity identity = resolve_genes(plain->head().genes, nullptr);
  const auto source = with_resolved_genes(std::move(plain), identity);
  for (int again = 0; again < 2; ++again, source->rewind()) {
    CsrBlock block;
    CHECK(source->read_block(10, block));
    REQUIRE(block.n_rows() == 3);
    CHECK(block.indices == std::vector<std::int32_t>{0, 1, 2, 2});
    CHECK(block.values == std::vector<float>{5, 2, 8, 5});
    CHECK(block.indptr == std::vector<std::int64_t>{0, 3, 3, 4});
    CHECK_FALSE(source->read_block(10, block));
    CHECK(block.n_rows() == 0);
  }
  CHECK(source->head().genes.ids == Ids{"A", "B", "C"});
  CHECK(source->head().n_nonzero == -1);
  CHECK(source->head().notes.size() == 2);
}

TEST_CASE("a source whose columns are genes already passes untouched") {
  auto plain = std::make_unique<FourColumns>();
  const CellSource* before = plain.get();
  GeneIdentity identity;
  identity.genes = plain->head().genes;
  identity.target = {0, 1, 2, 3};
  CHECK(with_resolved_genes(std::move(plain), identity).get() == before);
}

TEST_CASE("with the 10x table of a study its h5ad file with symbols alone gets the same ids and counts") {
  const auto data = shared_data();
  if (!data) return;
  const auto folder = *data / "covid-combat/mex/Covid_Critical_1";
  const GeneMap map = read_gene_map(folder / "features.tsv.gz");
  auto symbols = open_source(*data / "covid-combat/covid.h5ad");
  const auto ids = open_source(folder);
  const GeneIdentity identity = resolve_genes(symbols->head().genes, &map);
  CHECK(identity.naming == GeneNaming::ensembl);
  CHECK(identity.n_mapped == symbols->head().genes.size());
  CHECK_FALSE(identity.sums_columns());
  const auto resolved = with_resolved_genes(std::move(symbols), identity);

  // By barcode; both hold the cells of this library.
  std::map<std::string, std::map<std::string, float>> expected;
  const auto read = [](CellSource& source, const auto& take) {
    CsrBlock block;
    while (source.read_block(512, block))
      for (std::int64_t i = 0; i < block.n_rows(); ++i) take(source.head().obs.index.text(block.first_row + i), block.row(i));
  };
  const auto counts_of = [](const CellSource& source, const CsrRow& row) {
    std::map<std::string, float> counts;
    for (std::size_t k = 0; k < row.genes.size(); ++k) counts[source.head().genes.ids[row.genes[k]]] = row.values[k];
    return counts;
  };
  read(*ids, [&](const std::string& cell, const CsrRow& row) { expected[cell] = counts_of(*ids, row); });
  std::int64_t n_same = 0;
  read(*resolved, [&](const std::string& cell, const CsrRow& row) {
    const auto found = expected.find(cell);
    if (found == expected.end()) return;
    auto left = found->second;
    for (const auto& [id, value] : counts_of(*resolved, row)) {
      REQUIRE(left[id] == value);
      left.erase(id);
    }
    CHECK(left.empty());
    ++n_same;
  });
  CHECK(n_same == ids->head().n_cells);
}
