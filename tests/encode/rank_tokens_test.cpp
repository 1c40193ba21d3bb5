#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/encode/rank_tokens.h>
#include <cellverdict/io/open_source.h>
#include <cellverdict/io/token_files.h>

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "io/temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

TokenDictionary small_dictionary(bool with_specials = false) {
  TokenDictionaryParts parts;
  parts.tokens = {{"<pad>", 0},           {"<mask>", 1},          {"ENSG00000000001", 4},
                  {"ENSG00000000002", 5}, {"ENSG00000000003", 6}, {"ENSG00000000004", 7}};
  if (with_specials) parts.tokens.insert(parts.tokens.end(), {{"<cls>", 2}, {"<eos>", 3}});
  parts.medians = {{"ENSG00000000001", 1}, {"ENSG00000000002", 2}, {"ENSG00000000003", 4}, {"ENSG00000000004", 1}};
  parts.names = {{"TP53", "ENSG00000000003"}, {"GONE", "ENSG00000999999"}};
  parts.collapse = {{"ENSG00000000001", "ENSG00000000001"}, {"ENSG00000000009", "ENSG00000000001"}};
  return make_token_dictionary(parts, "small");
}

GeneList named(const std::vector<std::string>& ids) {
  return {ids, ids};
}

CsrBlock one_row(const std::vector<std::pair<std::int32_t, float>>& entries) {
  CsrBlock out;
  for (const auto& [gene, value] : entries) out.push(gene, value);
  out.end_row();
  return out;
}

std::vector<std::int64_t> tokens_of(const TokenDictionary& dictionary, const std::vector<std::string>& ids,
                                    const std::vector<std::pair<std::int32_t, float>>& entries, RankOptions options = {}) {
  const RankEncoder encoder(dictionary, match_tokens(named(ids), dictionary, "test"), options);
  RankScratch scratch;
  PackedTokens out;
  encoder.append(one_row(entries).row(0), 100, scratch, out);
  return out.tokens;
}

template <class Exception, class Action>
std::string sentence_of(const Action& action) {
  try {
    action();
  } catch (const Exception& error) {
    return error.what();
  }
  return {};
}

std::vector<std::int64_t> numbers_in(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  std::vector<std::int64_t> out(bytes.size() / sizeof(std::int64_t));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

// Some cells of many genes, with every kind of count.
CsrBlock random_cells(std::int64_t n_cells, std::int32_t n_genes, bool few_values) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> uniform;
  CsrBlock out;
  for (std::int64_t i = 0; i < n_cells; ++i) {
    for (std::int32_t g = 0; g < n_genes; ++g)
      if (uniform(random) < 0.3) out.push(g, few_values ? 1 : static_cast<float>(std::ceil(-5 * std::log(uniform(random)))));
    out.end_row();
  }
  return out;
}

TokenDictionary many_genes(int n_genes, bool equal_medians) {
  std::mt19937 random(8);
  std::lognormal_distribution<double> medians;
  TokenDictionaryParts parts;
  parts.tokens = {{"<pad>", 0}, {"<mask>", 1}};
  for (int g = 0; g < n_genes; ++g) {
    const std::string id = "ENSG" + std::to_string(10000000000 + g);
    parts.tokens.emplace_back(id, g + 2);
    parts.medians.emplace_back(id, equal_medians ? 1 : medians(random));
  }
  return make_token_dictionary(parts, "many");
}

}  // namespace

TEST_CASE("genes are ranked by their counts over their medians, and equal ones by their column") {
  const auto dictionary = small_dictionary();
  const std::vector<std::string> ids = {"ENSG00000000001", "ENSG00000000002", "ENSG00000000003", "ENSG00000000004"};
  CHECK(tokens_of(dictionary, ids, {{0, 1}, {1, 6}, {2, 8}}) == std::vector<std::int64_t>{5, 6, 4});  // 1, 3, 2
  CHECK(tokens_of(dictionary, ids, {{0, 2}, {1, 4}, {2, 8}, {3, 2}}) == std::vector<std::int64_t>{4, 5, 6, 7});
  CHECK(tokens_of(dictionary, {ids[3], ids[2], ids[1], ids[0]}, {{0, 2}, {1, 8}, {2, 4}, {3, 2}}) ==
        std::vector<std::int64_t>{7, 6, 5, 4});
  CHECK(tokens_of(dictionary, ids, {{0, 0}, {1, 1}}) == std::vector<std::int64_t>{5});  // a stored zero is none
  CHECK(tokens_of(dictionary, ids, {{0, 3}, {1, 2}, {2, 1}}, {.length = 2}) == std::vector<std::int64_t>{4, 5});
  CHECK(tokens_of(dictionary, ids, {}).empty());
}

TEST_CASE("V2 puts <cls> first and <eos> last, within its length") {
  const auto dictionary = small_dictionary(true);
  CHECK(dictionary.version == "V2");
  const std::vector<std::string> ids = {"ENSG00000000001", "ENSG00000000002", "ENSG00000000003"};
  CHECK(tokens_of(dictionary, ids, {{0, 3}, {1, 2}, {2, 1}}) == std::vector<std::int64_t>{2, 4, 5, 6, 3});
  CHECK(tokens_of(dictionary, ids, {{0, 3}, {1, 2}, {2, 1}}, {.length = 3}) == std::vector<std::int64_t>{2, 4, 3});
  CHECK(tokens_of(dictionary, ids, {}) == std::vector<std::int64_t>{2, 3});
  CHECK(RankEncoder(dictionary, match_tokens(named(ids), dictionary, "")).length() == 4096);
  CHECK(RankEncoder(small_dictionary(), match_tokens(named(ids), dictionary, "")).length() == 2048);
  CHECK(contains(sentence_of<UsageError>([&] { tokens_of(dictionary, ids, {}, {.length = 2}); }),
                 "length: found 2, expected at least 3"));
}

TEST_CASE("columns of one gene are summed: repeats, versions, old ids") {
  const auto dictionary = small_dictionary();
  const std::vector<std::string> ids = {"ENSG00000000001.4", "ENSG00000000002", "ENSG00000000009", "ENSG00000000002.11"};
  // Gene 1: 2 + 3 over 1; gene 2: 4 + 5 over 2.
  CHECK(tokens_of(dictionary, ids, {{0, 2}, {1, 4}, {2, 3}, {3, 5}}) == std::vector<std::int64_t>{4, 5});
  CHECK(tokens_of(dictionary, ids, {{0, 1}, {1, 4}, {2, 3}, {3, 5}}) == std::vector<std::int64_t>{5, 4});
  const TokenColumns columns = match_tokens(named(ids), dictionary, "test");
  CHECK(columns.n_known == 4);
  CHECK(columns.n_genes == 2);
  CHECK(columns.n_versions == 2);
  CHECK(columns.n_replaced == 1);
  CHECK(columns.n_summed == 2);
  // One cell after another with the same scratch: nothing of the first is left.
  const RankEncoder encoder(dictionary, columns);
  RankScratch scratch;
  PackedTokens out;
  encoder.append(one_row({{0, 2}, {1, 4}, {2, 3}}).row(0), 10, scratch, out);
  encoder.append(one_row({{1, 4}, {2, 3}}).row(0), 10, scratch, out);
  CHECK(out.tokens == std::vector<std::int64_t>{4, 5, 4, 5});
}

TEST_CASE("the order of many genes is that of a stable sort, whatever their spread and the number of threads") {
  for (const bool equal : {false, true}) {
    const int n_genes = 3000;
    const auto dictionary = many_genes(n_genes, equal);
    const CsrBlock cells = random_cells(23, n_genes, equal);
    const RankEncoder encoder(dictionary, match_tokens(named(dictionary.ids), dictionary, "test"), {.length = 700});
    std::vector<double> sizes;
    PackedTokens expected;
    for (std::int64_t i = 0; i < cells.n_rows(); ++i) {
      const CsrRow row = cells.row(i);
      double size = 0;
      for (const float x : row.values) size += static_cast<double>(x);
      sizes.push_back(size);
      std::vector<std::pair<double, std::int64_t>> order;
      for (std::size_t k = 0; k < row.genes.size(); ++k)
        order.emplace_back(-(static_cast<double>(row.values[k]) * (1 / size) * 10'000 * (1 / dictionary.medians[row.genes[k]])),
                           row.genes[k] + 2);
      std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      for (std::size_t k = 0; k < std::min<std::size_t>(700, order.size()); ++k) expected.tokens.push_back(order[k].second);
      expected.offsets.push_back(static_cast<std::int64_t>(expected.tokens.size()));
    }
    for (const int threads : {1, 3, 50}) {
      RankWorkspace workspace;
      PackedTokens out;
      append_rank_tokens(encoder, cells, sizes, threads, workspace, out);
      CHECK((out.tokens == expected.tokens));
      CHECK(out.offsets == expected.offsets);
    }
  }
}

TEST_CASE("real cells get the tokens of the published rule, with the published dictionaries") {
  const auto shared = shared_data();
  if (!shared) return;
  const TempFolder truth;
  const int status = std::system(
      (".venv/bin/python -W ignore tests/encode/make_rank_tokens_truth.py " + shared->string() + " " + truth.path().string())
          .c_str());
  if (WEXITSTATUS(status) == 3 || WEXITSTATUS(status) == 127) {
    std::cout << "skipped: no anndata\n";
    return;
  }
  REQUIRE(status == 0);
  const std::map<std::string, std::string> files = {{"aml", "aml-van-galen/aml.h5ad"}, {"covid", "covid-combat/covid.h5ad"}};
  for (const char* version : {"v1_gc30M", "v2_gc104M"}) {
    const TokenDictionary dictionary = read_token_dictionary(*shared / "geneformer" / version);
    for (const auto& [name, file] : files) {
      CAPTURE(name);
      CAPTURE(version);
      const auto source = open_source(*shared / file);
      const RankEncoder encoder(dictionary, match_tokens(source->head().genes, dictionary, file));
      CsrBlock block;
      REQUIRE(source->read_block(400, block));
      std::vector<double> sizes;
      for (std::int64_t i = 0; i < block.n_rows(); ++i) {
        sizes.push_back(0);
        for (const float x : block.row(i).values) sizes.back() += static_cast<double>(x);
      }
      RankWorkspace workspace;
      PackedTokens out;
      append_rank_tokens(encoder, block, sizes, 2, workspace, out);
      const std::string stem = name + "_" + version;
      CHECK((out.offsets == numbers_in(truth / (stem + ".ends"))));
      CHECK((out.tokens == numbers_in(truth / (stem + ".tokens"))));
      CHECK(out.tokens.size() > 100'000);
    }
  }
}

TEST_CASE("what cannot be ranked is refused in one sentence") {
  const auto dictionary = small_dictionary();
  const std::vector<std::string> ids = {"ENSG00000000001", "ENSG00000000002"};
  CHECK(
      contains(sentence_of<DataError>([&] { tokens_of(dictionary, ids, {{0, 1}, {1, -0.5F}}); }), "found a negative value (-0.5"));
  const RankEncoder encoder(dictionary, match_tokens(named(ids), dictionary, "test"));
  RankScratch scratch;
  for (const double size : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()})
    CHECK(contains(sentence_of<DataError>([&] { encoder.rank(one_row({{0, 1}}).row(0), size, scratch); }), "found a cell of size"));
}
