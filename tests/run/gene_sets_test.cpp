#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/run/gene_sets.h>

#include <doctest/doctest.h>
#include <unistd.h>

using namespace cellverdict;
namespace fs = std::filesystem;

namespace {

fs::path gmt_of(const std::string& text) {
  const fs::path file = fs::temp_directory_path() / ("cellverdict_sets_" + std::to_string(::getpid()) + ".gmt");
  write_file(file, text);
  return file;
}

GeneList twenty_genes() {
  GeneList genes;
  for (int g = 0; g < 20; ++g) {
    genes.ids.push_back("ENSG" + std::to_string(g));
    genes.symbols.push_back("G" + std::to_string(g));
  }
  return genes;
}

}  // namespace

TEST_CASE("A set is tested against the model's genes alone, by symbol or id in any case") {
  const fs::path file = gmt_of("hit\tabout it\tg0\tENSG1\tG2\tG2\tELSEWHERE\r\nnone\t\tG18\tG19\nabsent\t\tX\n");
  std::vector<bool> top(20);
  for (int g = 0; g < 5; ++g) top[g] = true;
  const KnownSets known = known_sets(read_gene_sets(file), twenty_genes());
  fs::remove(file);
  CHECK(known.n_absent == 1);
  const auto found = test_gene_sets(known, top);
  REQUIRE(found.size() == 2);
  CHECK(found[0].name == "hit");
  CHECK(found[0].n_genes == 3);
  CHECK(found[0].n_top == 3);
  // All three of twenty among five: C(17, 2) / C(20, 5).
  CHECK(found[0].p_value == doctest::Approx(136.0 / 15504));
  CHECK(found[0].p_adjusted == doctest::Approx(2 * 136.0 / 15504));
  CHECK(found[1].n_top == 0);
  CHECK(found[1].odds_ratio == 0);
  CHECK(found[1].p_adjusted == 1);
}

TEST_CASE("Sets stand along a ranking of signed values; too small ones are left out") {
  KnownSets known{.names = {"low", "high", "small"}, .members = {{1, 3, 5, 7, 9}, {0, 2, 4, 6, 8}, {0, 2}}};
  std::vector<double> values(20);
  for (std::size_t g = 0; g < 20; ++g) values[g] = g >= 10 ? 0.01 * static_cast<double>(g) : g % 2 == 0 ? 3.0 : -3.0;
  const auto found = test_enriched_sets(known, twenty_genes(), values, 1);
  REQUIRE(found.size() == 2);
  for (const auto& set : found) {
    CHECK(set.score == doctest::Approx(set.name == "high" ? 1 : -1));
    CHECK(set.leading.size() == 5);
    CHECK(set.p_value < 0.01);
    CHECK(set.p_adjusted >= set.p_value);
  }
}

TEST_CASE("A line that names no gene is refused with its number") {
  const fs::path file = gmt_of("one\tabout\tA\ntwo\tabout\n");
  CHECK_THROWS_WITH_AS(read_gene_sets(file), doctest::Contains("line 2"), InputError);
  fs::remove(file);
}
