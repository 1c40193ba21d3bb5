#include <cellverdict/io/token_files.h>

#include <doctest/doctest.h>

#include <cmath>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

bool same(const TokenDictionary& a, const TokenDictionary& b) {
  return a.version == b.version && a.ids == b.ids && a.tokens == b.tokens && a.medians == b.medians && a.specials == b.specials &&
         a.id_of_name == b.id_of_name && a.current_id == b.current_id;
}

}  // namespace

TEST_CASE("the published dictionaries are the same from pickles, tables and the JSON that is written of them") {
  const auto shared = shared_data();
  if (!shared) return;
  const std::map<std::string, std::int64_t> vocabularies = {{"v1_gc30M", 25'426}, {"v2_gc104M", 20'275}};
  for (const auto& [version, vocabulary] : vocabularies) {
    const TempFolder pickles, tables, written;
    for (const auto& entry : std::filesystem::directory_iterator(*shared / "geneformer" / version))
      std::filesystem::copy(entry.path(), (entry.path().extension() == ".pkl" ? pickles : tables).path() / entry.path().filename());
    const TokenDictionary dictionary = read_token_dictionary(tables.path());
    CHECK(dictionary.version == (version == "v1_gc30M" ? "V1" : "V2"));
    CHECK(dictionary.vocabulary() == vocabulary);
    CHECK(dictionary.n_genes() == vocabulary - (version == "v1_gc30M" ? 2 : 4));
    CHECK(same(read_token_dictionary(pickles.path()), dictionary));
    write_token_dictionary(written.path(), dictionary, "copy");
    CHECK(same(read_token_dictionary(written.path()), dictionary));
    const auto status = run_script("check_token_files.py", written.path().string() + " " + tables.path().string());
    if (status) CHECK(*status == 0);
  }
}

TEST_CASE("a folder without a whole dictionary is refused in one sentence") {
  const TempFolder folder;
  const auto error = [&] { return input_error([&] { read_token_dictionary(folder.path()); }); };
  CHECK(contains(input_error([] { read_token_dictionary("none"); }), "none: found nothing at this path, expected a folder with"));
  CHECK(contains(error(), "found no file token_dictionary*"));
  folder.write("token_dictionary.tsv", "<pad>\t0\n<mask>\t1\nENSG1\t2\n");
  CHECK(contains(error(), "found no file gene_median_dictionary*"));
  folder.write("gene_median_dictionary.tsv", "ENSG1\t1.5\n");
  CHECK(error().empty());
  folder.write("token_dictionary.json", "{\"<pad>\": 0, \"<mask>\": 1, \"ENSG1\": [2]}");
  CHECK(contains(error(), "expected a JSON object of texts or numbers"));
  folder.write("token_dictionary.json", "{\"<pad>\": 0, \"<mask>\": 1, \"ENSG1\": 2, \"ENSG1\": 3}");
  CHECK(contains(error(), "found ENSG1 given twice"));
  folder.write("token_dictionary.json", "{\"<pad>\": 0, \"<mask>\": 1, \"ENSG1\": 2.5}");
  CHECK(contains(error(), "found '2.5' for ENSG1, expected a whole number"));
  std::filesystem::remove(folder / "token_dictionary.json");
  folder.write("gene_median_dictionary.tsv", "ENSG1\tmany\n");
  CHECK(contains(error(), "found 'many' for ENSG1, expected a number"));
  folder.write("gene_median_dictionary.tsv", "ENSG1 1.5\n");
  CHECK(contains(error(), "line 1: found no tab"));
  folder.write("gene_median_dictionary.tsv", "ENSG1\t1.5\n");
  folder.write("token_dictionary_gc104M.pkl", "");
  CHECK(contains(error(), "found both token_dictionary.tsv and token_dictionary_gc104M.pkl"));
}
