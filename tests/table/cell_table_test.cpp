#include <cellverdict/base/error.h>
#include <cellverdict/table/cell_table.h>
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace cellverdict;

namespace {

const GeneList kGenes = {{"g0", "g1", "g2", "g3"}, {"G0", "G1", "G2", "G3"}};

Frame cells(std::int64_t n) {
  Frame frame;
  for (std::int64_t i = 0; i < n; ++i) frame.index.push_back("c" + std::to_string(i));
  return frame;
}

CsrBlock block(const std::vector<std::vector<std::pair<int, float>>>& rows) {
  CsrBlock out;
  for (const auto& row : rows) {
    for (const auto& [gene, value] : row) out.push(gene, value);
    out.end_row();
  }
  return out;
}

// 16-bit counts, as a store keeps them.
CsrShard narrow_shard(std::vector<std::int64_t> indptr, std::vector<std::int32_t> indices, std::vector<std::uint16_t> values) {
  struct Arrays {
    std::vector<std::int64_t> indptr;
    std::vector<std::int32_t> indices;
    std::vector<std::uint16_t> values;
  };
  const auto owned = std::make_shared<const Arrays>(Arrays{std::move(indptr), std::move(indices), std::move(values)});
  return {
      .indptr = owned->indptr, .indices = owned->indices, .values = std::span<const std::uint16_t>(owned->values), .keep = owned};
}

std::string row_text(const CellTable& table, std::int64_t row) {
  CsrBlock out;
  table.append_row(row, out);
  REQUIRE(out.n_rows() == 1);
  std::string text;
  for (std::size_t i = 0; i < out.indices.size(); ++i)
    text += std::to_string(out.indices[i]) + "=" + std::to_string(static_cast<int>(out.values[i])) + " ";
  return text;
}

}  // namespace

TEST_CASE("rows are found across shards of either width, empty rows and empty shards included") {
  std::vector<CsrShard> shards;
  shards.push_back(make_shard(CsrBlock{}));
  shards.push_back(make_shard(block({{{0, 1}, {3, 2}}, {}})));
  shards.push_back(make_shard(CsrBlock{}));
  shards.push_back(narrow_shard({0, 1, 1, 3}, {2, 0, 1}, {65535, 7, 8}));
  shards.push_back(make_shard(block({{{1, 70000}}})));
  const CellTable table(kGenes, cells(6), {3, 0, 65535, 0, 15, 70000}, shards);
  shards.clear();  // the table keeps what it needs
  CHECK(table.n_cells() == 6);
  CHECK(table.n_genes() == 4);
  CHECK(table.n_nonzero() == 6);
  CHECK(row_text(table, 0) == "0=1 3=2 ");
  CHECK(row_text(table, 1).empty());
  CHECK(row_text(table, 2) == "2=65535 ");
  CHECK(row_text(table, 3).empty());
  CHECK(row_text(table, 4) == "0=7 1=8 ");
  CHECK(row_text(table, 5) == "1=70000 ");
  CHECK(table.total(5) == 70000);
  CHECK(table.obs().index[4] == "c4");
}

TEST_CASE("appended rows follow one another in the order asked for") {
  const CellTable table(kGenes, cells(3), {1, 2, 5},
                        {make_shard(block({{{0, 1}}})), narrow_shard({0, 1, 3}, {1, 2, 3}, {2, 3, 2})});
  CsrBlock out;
  for (const std::int64_t row : {2, 0, 2, 1}) table.append_row(row, out);
  CHECK(out.indptr == std::vector<std::int64_t>{0, 2, 3, 5, 6});
  CHECK(out.indices == std::vector<std::int32_t>{2, 3, 0, 2, 3, 1});
  CHECK(out.values == std::vector<float>{3, 2, 1, 3, 2, 2});
  CHECK(out.row(1).genes.size() == 1);
  CHECK(out.row(3).values[0] == 2);
}

TEST_CASE("a table without cells is a table") {
  const CellTable table(kGenes, {}, {}, {});
  CHECK(table.n_cells() == 0);
  CHECK(table.n_nonzero() == 0);
}

TEST_CASE("rows, totals and annotations that do not agree are a bug in the caller") {
  const auto shard = make_shard(block({{{0, 1}}, {{1, 1}}}));
  CHECK_NOTHROW(CellTable(kGenes, cells(2), {1, 1}, {shard}));
  CHECK_THROWS_WITH_AS(CellTable(kGenes, cells(3), {1, 1, 1}, {shard}),
                       "CellTable: found 2 matrix rows and 3 totals, expected 3 of each.", InternalError);
  CHECK_THROWS_AS(CellTable(kGenes, cells(2), {1}, {shard}), InternalError);
  CHECK_THROWS_AS(CellTable(kGenes, cells(2), {1, 1}, {}), InternalError);
}

TEST_CASE("a shard whose arrays do not fit is refused before a row is read beyond their end") {
  const auto table_of = [](CsrShard shard) { return CellTable(kGenes, cells(1), {1}, {std::move(shard)}); };
  CHECK_NOTHROW(table_of(narrow_shard({0, 1}, {2}, {1})));
  CHECK_THROWS_AS(table_of(narrow_shard({0, 2}, {2}, {1})), InternalError);
  CHECK_THROWS_AS(table_of(narrow_shard({0, 1}, {2}, {1, 1})), InternalError);
  CHECK_THROWS_AS(table_of(narrow_shard({0, 1}, {2}, {})), InternalError);
  CHECK_THROWS_AS(table_of(narrow_shard({1, 0}, {2}, {1})), InternalError);
  CHECK_THROWS_AS(table_of(narrow_shard({}, {}, {})), InternalError);
}

TEST_CASE("a cleared block is as new") {
  CsrBlock out = block({{{0, 1}}, {{1, 1}}});
  out.clear();
  CHECK(out.n_rows() == 0);
  CHECK(out.indices.empty());
  out.end_row();
  CHECK(out.row(0).genes.empty());
}
