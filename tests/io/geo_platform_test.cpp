#include <cellverdict/io/geo_platform.h>

#include <doctest/doctest.h>

#include "geo_files.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

std::vector<std::string> joined(const ProbeGenes& genes) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i + 1 < genes.starts.size(); ++i) {
    std::string text;
    for (std::int64_t g = genes.starts[i]; g < genes.starts[i + 1]; ++g)
      text += (g > genes.starts[i] ? "|" : "") + genes.genes.text(g);
    out.push_back(text);
  }
  return out;
}

}  // namespace

TEST_CASE("annotations of platforms are what a plain reading of their tables gives") {
  const auto data = shared_data();
  if (!data) return;
  const std::vector<std::filesystem::path> files = {*data / "platforms/GPL97.annot.gz", *data / "platforms/GPL96.txt.gz"};
  const auto truth = geo_truth("platform", files);
  if (!truth) return;
  for (const auto& file : files) {
    INFO(file);
    const GeoPlatform platform = read_geo_platform(file);
    const auto& expected = truth->at(file.filename().string());
    CHECK(platform.accession == file.filename().string().substr(0, 5));
    CHECK(static_cast<std::int64_t>(platform.probes.size()) == expected.at("n").get<std::int64_t>());
    CHECK(text_digest(platform.probes.texts()) == expected.at("probes").get<std::string>());
    REQUIRE(platform.symbols);
    REQUIRE(platform.entrez);
    CHECK(text_digest(joined(*platform.symbols)) == expected.at("symbols").get<std::string>());
    CHECK(text_digest(joined(*platform.entrez)) == expected.at("entrez").get<std::string>());
  }
}

TEST_CASE("genes are found in plain tables, in several columns, and in gene_assignment") {
  const TempFolder folder;
  const GeoPlatform plain = read_geo_platform(folder.write(
      "a.txt",
      "#ID = probe\r\nID\tGene Symbol\tEnsembl Gene ID\r\np1\tDDR1 /// MIR4640\tENSG1\r\np2\t---\r\np3\tSEPT1\tENSG3\r\n"));
  CHECK(joined(*plain.symbols) == std::vector<std::string>{"DDR1|MIR4640", "", "SEPT1"});
  CHECK(joined(*plain.ensembl) == std::vector<std::string>{"ENSG1", "", "ENSG3"});
  CHECK_FALSE(plain.entrez);
  const GeoPlatform assigned = read_geo_platform(folder.write(
      "b.txt",
      "ID\tseqname\tgene_assignment\n7892501\tchr1\t---\n7896736\tchr1\tNM_1 // OR4F17 // olfactory // 19p13.3 // 81099 /// "
      "NM_2 // OR4F4 // olfactory // 15q26.3 // 26682 /// ENST1 // OR4F17 // olfactory // 19p13.3 // 81099\n"));
  CHECK(joined(*assigned.symbols) == std::vector<std::string>{"", "OR4F17|OR4F4"});
  CHECK(joined(*assigned.entrez) == std::vector<std::string>{"", "81099|26682"});
}

TEST_CASE("what is no annotation of a platform is refused") {
  const TempFolder folder;
  const auto error_of = [&](const std::string& text) {
    const auto file = folder.write("a.txt", text);
    return input_error([&] { read_geo_platform(file); });
  };
  CHECK(contains(error_of("ID\tSequence\np1\tACGT\n"), "found no column of genes among ID, Sequence"));
  CHECK(contains(error_of("ID\tGene Symbol\np1\tA\np1\tB\n"), "probe 'p1' twice (as probe 1 and 2)"));
  CHECK(contains(error_of("^PLATFORM = GPL1\n!platform_table_begin\nID\tGene Symbol\np1\tA\n"), "within the table of GPL1"));
  CHECK(contains(error_of(small_series()), "found no table of a platform"));
  CHECK(contains(error_of("<html></html>"), "found a web page"));
}
