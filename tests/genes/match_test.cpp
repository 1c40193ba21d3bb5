#include <cellverdict/genes/match.h>
#include <cellverdict/genes/mitochondrial.h>

#include <doctest/doctest.h>

using namespace cellverdict;

TEST_CASE("genes are matched by id, whatever their order and symbols") {
  const GeneList from = {{"E3", "E1", "E9"}, {"C", "A", "B"}}, to = {{"E1", "E2", "E3"}, {"A", "B", "other"}};
  const GeneMatch match = match_genes(from, to);
  CHECK(match.by == "id");
  CHECK(match.target == std::vector<std::int32_t>{2, 0, -1});
  CHECK(match.n_matched == 2);
}

TEST_CASE("where ids find less than a tenth, symbols that occur once on both sides are matched") {
  const GeneList from = {{"a", "b", "c", "d"}, {"A", "B", "TWICE", "TWICE"}};
  const GeneList to = {{"E1", "E2", "E3", "E4"}, {"B", "A", "TWICE", "X"}};
  const GeneMatch match = match_genes(from, to);
  CHECK(match.by == "symbol");
  CHECK(match.target == std::vector<std::int32_t>{1, 0, -1, -1});
  CHECK(match.n_matched == 2);
  CHECK(match_ids(from, to).n_matched == 0);
  const GeneList ambiguous = {{"E1", "E2", "E3"}, {"A", "A", "B"}};
  CHECK(match_genes({{"a", "b"}, {"A", "B"}}, ambiguous).target == std::vector<std::int32_t>{-1, 2});
}

TEST_CASE("ids stay in charge while they find a tenth") {
  GeneList to, from = {{"E0", "x"}, {"other", "S5"}};
  for (int g = 0; g < 10; ++g) {
    to.ids.push_back("E" + std::to_string(g));
    to.symbols.push_back("S" + std::to_string(g));
  }
  CHECK(match_genes(from, to).target == std::vector<std::int32_t>{0, -1});
  to.ids.push_back("E10");
  to.symbols.push_back("S10");
  CHECK(match_genes(from, to).by == "id");  // symbols find no more
}

TEST_CASE("shared genes are those of all lists, in the first one's order and with its symbols") {
  const std::vector<GeneList> lists = {
      {{"E5", "E1", "E2"}, {"five", "one", "two"}}, {{"E1", "E2", "E5"}, {"1", "2", "5"}}, {{"E9", "E2", "E5"}, {"", "", ""}}};
  const GeneList shared = shared_genes(lists);
  CHECK(shared.ids == std::vector<std::string>{"E5", "E2"});
  CHECK(shared.symbols == std::vector<std::string>{"five", "two"});
  CHECK(shared_genes(std::vector<GeneList>{lists[0]}) == lists[0]);
  CHECK(shared_genes(std::vector<GeneList>{lists[0], {{"Z"}, {"Z"}}}).size() == 0);
}

TEST_CASE("mitochondrial genes are told by MT- and mt- at the beginning of the symbol, and by nothing else") {
  const GeneList genes = {{"1", "2", "3", "4", "5", "6"}, {"MT-CO1", "mt-Co1", "MTOR", "Mt-x", "AMT-1", "MT-"}};
  CHECK(mitochondrial_genes(genes) == std::vector<bool>{true, true, false, false, false, true});
}

TEST_CASE("where symbols are missing, the 37 mitochondrial genes of human and mouse are told by their Ensembl ids") {
  const GeneList genes = {{"ENSG00000198888", "ENSG00000210082", "ENSMUSG00000064351", "ENSMUSG00000065947", "ENSMUSG00000064362",
                           "ENSG00000141510", "ENSG00000198888x", "ENSG0198888"},
                          {"", "", "", "", "", "", "", ""}};
  CHECK(mitochondrial_genes(genes) == std::vector<bool>{true, true, true, true, false, false, false, false});
  CHECK(mitochondrial_rule(genes) == "Ensembl id");
  CHECK(mitochondrial_rule({{"ENSG00000198888"}, {"MT-ND1"}}) == "symbol");
  CHECK(mitochondrial_rule({{"ENSG00000141510"}, {"TP53"}}).empty());
}
