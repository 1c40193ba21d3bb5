#include <cellverdict/genes/ensembl.h>
#include <cellverdict/genes/identity.h>

#include <doctest/doctest.h>

#include <algorithm>

using namespace cellverdict;

namespace {

GeneMap example_map() {
  GeneMap map{.file = "map.tsv"};
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"ENSG00000141510", "TP53"}, {"ENSG00000012048", "BRCA1"}, {"ENSG00000015479", "MATR3"}, {"ENSG00000280987", "MATR3"}};
  for (const auto& [id, symbol] : rows) {
    map.ids_of[symbol].push_back(id);
    map.symbol_of[id] = symbol;
  }
  return map;
}

bool says(const std::vector<std::string>& notes, const std::string& words) {
  return std::any_of(notes.begin(), notes.end(), [&](const auto& note) { return note.find(words) != std::string::npos; });
}

using Targets = std::vector<std::int32_t>;
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("Ensembl ids are told from symbols, with their versions and the copies on Y") {
  for (const char* id : {"ENSG00000141510", "ENSG00000141510.17", "ENSMUSG00000059552.1", "ENSG00000182378.15_PAR_Y",
                         "ENSG00000182378_PAR_Y", "ENSG00000223972.5_2", "ENST00000269305"})
    CHECK_MESSAGE(looks_like_ensembl(id), id);
  for (const char* name : {"TP53", "ENSA", "ENS123456", "ENSG", "ENSG00000141510x", "ENSG00000141510.", "AC012345.1", ""})
    CHECK_MESSAGE(!looks_like_ensembl(name), name);
}

TEST_CASE("versions come off Ensembl ids and off nothing else, and the copy of a gene on Y stays apart") {
  CHECK(without_version("ENSG00000141510.17") == "ENSG00000141510");
  CHECK(without_version("ENSG00000182378.15_PAR_Y") == "ENSG00000182378_PAR_Y");
  CHECK(without_version("ENSG00000223972.5_2") == "ENSG00000223972");
  CHECK(without_version("AC012345.1") == "AC012345.1");
  const GeneIdentity identity = resolve_genes(
      {{"ENSG00000182378.15", "ENSG00000182378.15_PAR_Y", "AC012345.1"}, {"PLCXD1", "PLCXD1", "AC012345.1"}}, nullptr);
  CHECK(identity.genes.ids == Names{"ENSG00000182378", "ENSG00000182378_PAR_Y", "AC012345.1"});
  CHECK(identity.n_versions == 2);
  CHECK_FALSE(identity.sums_columns());
  CHECK(identity.shared_symbols == Names{"PLCXD1"});
  CHECK(identity.notes == Names{"versions are taken off 2 Ensembl ids (ENSG00000182378.15 → ENSG00000182378)"});
}

TEST_CASE("a list that needs nothing comes back as it is, without a word") {
  const GeneList genes = {{"ENSG00000000001", "ENSG00000000002"}, {"A", "A"}};
  const GeneIdentity identity = resolve_genes(genes, nullptr);
  CHECK(identity.genes == genes);
  CHECK(identity.target == Targets{0, 1});
  CHECK(identity.notes.empty());
  CHECK(identity.naming == GeneNaming::ensembl);
  CHECK(identity.shared_symbols == Names{"A"});
}

TEST_CASE("columns of one id, also of one without its version, are summed into the first and counted") {
  const GeneIdentity identity = resolve_genes(
      {{"ENSG00000000001.1", "ENSG00000000002", "ENSG00000000001.2", "ENSG00000000001"}, {"A", "B", "C", "D"}}, nullptr);
  CHECK(identity.target == Targets{0, 1, 0, 0});
  CHECK(identity.genes == GeneList{{"ENSG00000000001", "ENSG00000000002"}, {"A", "B"}});
  CHECK(identity.n_summed == 2);
  CHECK(identity.summed == Names{"ENSG00000000001"});
  CHECK(says(identity.notes, "2 columns name the gene of another one and are added to it: ENSG00000000001"));
}

TEST_CASE("columns of one symbol without ids are summed, and the note says that they cannot be told apart") {
  const GeneIdentity identity = resolve_genes({{"B", "A", "A", "C", "A"}, {"B", "A", "A", "C", "A"}}, nullptr);
  CHECK(identity.target == Targets{0, 1, 1, 2, 1});
  CHECK(identity.genes.ids == Names{"B", "A", "C"});
  CHECK(identity.naming == GeneNaming::symbols);
  CHECK(says(identity.notes, "columns of one symbol cannot be told apart"));
}

TEST_CASE("a gene map turns symbols into ids, leaves ambiguous and unknown ones, and counts all three") {
  const GeneMap map = example_map();
  const Names names = {"MATR3", "TP53", "strange", "BRCA1", "ENSG00000012048.3"};
  const GeneIdentity identity = resolve_genes({names, names}, &map);
  CHECK(identity.genes.ids == Names{"MATR3", "ENSG00000141510", "strange", "ENSG00000012048"});
  CHECK(identity.genes.symbols == Names{"MATR3", "TP53", "strange", "BRCA1"});
  CHECK(identity.target == Targets{0, 1, 2, 3, 3});  // the id that stood there is that of BRCA1
  CHECK(identity.n_mapped == 2);
  CHECK(identity.ambiguous == Names{"MATR3"});
  CHECK(identity.unknown == Names{"strange"});
  CHECK(says(identity.notes,
             "2 of 4 symbols mapped to Ensembl ids by map.tsv; 1 with several ids there and kept as they are: MATR3; "
             "1 unknown there and kept as they are: strange"));
}

TEST_CASE("ids without symbols get theirs from the map; symbols that the file has stay") {
  const GeneMap map = example_map();
  const GeneIdentity identity = resolve_genes(
      {{"ENSG00000141510.1", "ENSG00000012048", "ENSG00000999999"}, {"ENSG00000141510.1", "own", "ENSG00000999999"}}, &map);
  CHECK(identity.genes.symbols == Names{"TP53", "own", "ENSG00000999999"});
  CHECK(identity.n_named == 1);
  CHECK(identity.n_mapped == 0);
}
