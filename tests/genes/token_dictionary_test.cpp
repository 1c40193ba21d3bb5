#include <cellverdict/base/error.h>
#include <cellverdict/genes/token_dictionary.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace cellverdict;

namespace {

template <class Exception, class Action>
std::string sentence_of(const Action& action) {
  try {
    action();
  } catch (const Exception& error) {
    return error.what();
  }
  return {};
}

bool holds(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  MESSAGE(text);
  return false;
}

TokenDictionaryParts good() {
  return {.tokens = {{"<pad>", 0}, {"<mask>", 1}, {"ENSG00000000002", 3}, {"ENSG00000000001", 2}},
          .medians = {{"ENSG00000000001", 1.5}, {"ENSG00000000002", 2}, {"ENSG00000000007", 1}, {"<pad>", 1}},
          .names = {{"TP53", "ENSG00000000002"}, {"OTHER", "ENSG00000000007"}},
          .collapse = {{"ENSG00000000008", "ENSG00000000001"}, {"P53", "ENSG00000000002"}}};
}

std::string error_of(TokenDictionaryParts parts) {
  return sentence_of<InputError>([&] { make_token_dictionary(parts, "folder"); });
}

}  // namespace

TEST_CASE("a dictionary lists its genes by token, and what leads to no token is left out") {
  const TokenDictionary made = make_token_dictionary(good(), "folder");
  CHECK(made.version == "V1");
  CHECK(made.longest() == 2048);
  CHECK(made.ids == std::vector<std::string>{"ENSG00000000001", "ENSG00000000002"});
  CHECK(made.tokens == std::vector<std::int32_t>{2, 3});
  CHECK(made.medians == std::vector<double>{1.5, 2});
  CHECK(made.vocabulary() == 4);
  CHECK(made.special("<mask>") == 1);
  CHECK_FALSE(made.special("<cls>"));
  CHECK(made.id_of_name.size() == 1);
  CHECK(made.notes == std::vector<std::string>{"1 median of genes without a token left out"});
}

TEST_CASE("a dictionary that contradicts itself is refused") {
  auto parts = good();
  parts.tokens[3].second = 3;
  CHECK(holds(error_of(parts), "found token 3 for both"));
  parts = good();
  parts.tokens.emplace_back("ENSG00000000001", 9);
  CHECK(holds(error_of(parts), "found ENSG00000000001 twice"));
  parts = good();
  parts.tokens[2].second = -3;
  CHECK(holds(error_of(parts), "found token -3 for ENSG00000000002, expected a count"));
  parts = good();
  parts.tokens.emplace_back("<cls>", 9);
  CHECK(holds(error_of(parts), "found <cls> without <eos>"));
  parts = good();
  parts.tokens[0].first = "<unk>";
  CHECK(holds(error_of(parts), "no <pad>"));
  parts = good();
  parts.medians[0].second = 0;
  CHECK(holds(error_of(parts), "found a median of 0 for ENSG00000000001, expected a number above 0"));
  parts = good();
  parts.medians.emplace_back("ENSG00000000001", 1);
  CHECK(holds(error_of(parts), "found two medians for ENSG00000000001"));
  parts = good();
  parts.medians = {{"ENSG00000000007", 1}};
  CHECK(holds(error_of(parts), "found no median of any gene that has a token"));
}

TEST_CASE("columns are found by id with or without version, by old id, and by symbol") {
  const TokenDictionary made = make_token_dictionary(good(), "folder");
  const std::vector<std::string> ids = {"ENSG00000000001.7", "ensg00000000002", "ENSG00000000008", "TP53", "p53",
                                        "ENSG00000000009"};
  const TokenColumns found = match_tokens({ids, ids}, made, "file");
  CHECK(found.gene == std::vector<std::int32_t>{0, 1, 0, 1, 1, -1});
  CHECK(found.n_known == 5);
  CHECK(found.n_genes == 2);
  CHECK(found.n_summed == 3);
  CHECK(found.n_by_name == 1);
  CHECK(found.n_versions == 1);
  CHECK(found.unknown == std::vector<std::string>{"ENSG00000000009"});
}

TEST_CASE("a file of another species is refused with the share of its genes and the first unknown ones") {
  auto parts = good();
  for (int g = 10; g < 30; ++g) parts.tokens.emplace_back("ENSG000000000" + std::to_string(g), g);
  const TokenDictionary made = make_token_dictionary(parts, "folder");
  std::vector<std::string> ids = {"ENSG00000000001"};
  for (int g = 10; g < 20; ++g) ids.push_back("ENSMUSG000000000" + std::to_string(g));
  const std::string error = sentence_of<DataError>([&] { match_tokens({ids, ids}, made, "mouse.h5ad"); });
  CHECK(holds(error, "mouse.h5ad: found 1 of 11 genes (9.1 %) in the token dictionary, unknown are ENSMUSG00000000010"));
  // Few of very many, but most of the dictionary: a whole annotation.
  std::vector<std::string> whole = made.ids;
  for (int g = 0; g < 200; ++g) whole.push_back("ENSG00001" + std::to_string(100000 + g));
  CHECK(match_tokens({whole, whole}, made, "all.h5ad").n_known == made.n_genes());
  CHECK(holds(sentence_of<DataError>([&] { match_tokens({}, made, "none.h5ad"); }), "none.h5ad: found 0 of 0 genes"));
}

TEST_CASE("a dictionary of one's own has the specials first and its genes in the order of their ids") {
  const GeneList genes{{"ENSMUSG00000000009", "ENSMUSG00000000001", "ENSMUSG00000000005"}, {"Gapdh", "Actb", "ENSMUSG00000000005"}};
  const double none = std::numeric_limits<double>::quiet_NaN();
  const TokenDictionary v2 = make_own_dictionary(genes, {2, 3, none}, "V2");
  CHECK(v2.version == "V2");
  CHECK(v2.ids == std::vector<std::string>{"ENSMUSG00000000001", "ENSMUSG00000000009"});
  CHECK(v2.tokens == std::vector<std::int32_t>{4, 5});
  CHECK(v2.medians == std::vector<double>{3, 2});
  CHECK(v2.id_of_name.at("Gapdh") == "ENSMUSG00000000009");
  CHECK(make_own_dictionary(genes, {2, 3, 4}, "V1").tokens == std::vector<std::int32_t>{2, 3, 4});
  CHECK(holds(sentence_of<DataError>([&] { make_own_dictionary(genes, {none, none, none}, "V1"); }), "no gene with counts"));
}
