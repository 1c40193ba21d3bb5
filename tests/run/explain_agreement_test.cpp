#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/run/explain_agreement.h>

#include <doctest/doctest.h>
#include <unistd.h>

using namespace cellverdict;
namespace fs = std::filesystem;

TEST_CASE("rank correlation is Spearman's, with ties") {
  CHECK(rank_correlation(std::vector<double>{1, 2, 3, 4, 5}, std::vector<double>{20, 10, 40, 30, 50}) == doctest::Approx(0.8));
  // scipy.stats.spearmanr([1, 2, 2, 4], [1, 3, 2, 4])
  CHECK(rank_correlation(std::vector<double>{1, 2, 2, 4}, std::vector<double>{1, 3, 2, 4}) == doctest::Approx(0.9486832980505138));
  CHECK(rank_correlation(std::vector<double>{1, 1}, std::vector<double>{1, 2}) == 0);
}

TEST_CASE("Explanations are compared on the genes that both have") {
  const fs::path folder = fs::temp_directory_path() / ("cellverdict_agreement_" + std::to_string(::getpid()));
  std::string tsv = "rank\tgene_id\tgene_symbol\n1\tELSEWHERE\tE\n";
  GeneList genes;
  std::vector<std::size_t> order;
  for (std::size_t g = 0; g < 20; ++g) {
    genes.ids.push_back("G" + std::to_string(g));
    order.push_back(g);
    tsv += std::to_string(g + 2) + "\tG" + std::to_string(g) + "\ts\n";
  }
  write_file(folder / "genes.tsv", tsv);
  const ExplanationAgreement same = agreement_with(genes, order, folder);
  CHECK(same.n_genes == 20);
  CHECK(same.n_first == 2);
  CHECK(same.correlation == doctest::Approx(1));
  CHECK(same.jaccard == 1);
  std::swap(order[1], order[9]);  // one of the first two is another gene: one shared of three
  const ExplanationAgreement less = agreement_with(genes, order, folder);
  CHECK(less.correlation < 1);
  CHECK(less.jaccard == doctest::Approx(1.0 / 3));
  CHECK_THROWS_AS(agreement_with({.ids = {"X"}, .symbols = {"X"}}, {0}, folder), InputError);
  fs::remove_all(folder);
}
