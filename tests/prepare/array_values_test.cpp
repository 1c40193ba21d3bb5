#include <cellverdict/base/error.h>
#include <cellverdict/io/geo_source.h>
#include <cellverdict/io/open_source.h>
#include <cellverdict/prepare/annotations.h>
#include <cellverdict/prepare/array_values.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "io/temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

ArrayScale scale_of(const std::filesystem::path& file) {
  const auto source = open_source(file);
  CsrBlock rows;
  source->read_block(100, rows);
  return judge_array_values(rows, source->head().genes.size()).scale;
}

}  // namespace

TEST_CASE("real arrays are told apart: RMA, MAS5, MAS4, log ratios, counts") {
  const auto data = shared_data();
  if (!data) return;
  CHECK(scale_of(*data / "platforms/GSE42872_series_matrix.txt.gz") == ArrayScale::log2_normalised);
  CHECK(scale_of(*data / "leukemia-bulk/GSE48558_first4577probes_series_matrix.txt.gz") == ArrayScale::log2);
  CHECK(scale_of(*data / "platforms/GDS507.soft.gz") == ArrayScale::mas5);
  CHECK(scale_of(*data / "platforms/GSE23_series_matrix.txt.gz") == ArrayScale::log_ratios);
  CHECK(scale_of(*data / "leukemia-bulk/armstrong_mll_72.expr.tsv.gz") == ArrayScale::linear_negative);
  CHECK(scale_of(*data / "leukemia-bulk/golub/Golub_Merge.expr.tsv.gz") == ArrayScale::linear_negative);
  CHECK(scale_of(*data / "leukemia-bulk/rnaseq-gse26530/raw_counts_GSE26530.csv.gz") == ArrayScale::counts);
  CHECK(scale_of(*data / "leukemia-bulk/leukemia_mile60_gse13159subset.expr.tsv.gz") == ArrayScale::log2);
}

TEST_CASE("a logarithm has a floor, and says how many values were below") {
  std::vector<float> values = {8, 0, -3, std::numeric_limits<float>::quiet_NaN(), 16};
  CHECK(log2_with_floor(values, 4).n_floored == 2);
  CHECK(values[0] == 3);
  CHECK(values[1] == 2);
  CHECK(values[2] == 2);
  CHECK(std::isnan(values[3]));
  CHECK(values[4] == 4);
  CHECK_THROWS_AS(log2_with_floor(values, 0), UsageError);
}

TEST_CASE("tables of annotations are joined by the column that has the names") {
  const auto data = shared_data();
  if (!data) return;
  const auto bulk = *data / "leukemia-bulk";
  const auto joined = [&](const char* matrix, const char* table) {
    return Annotations(bulk / table).join(open_source(bulk / matrix)->head());
  };
  const auto armstrong = joined("armstrong_mll_72.expr.tsv.gz", "armstrong_mll_72.labels.csv");
  CHECK(armstrong.n_found == 72);
  REQUIRE(armstrong.columns.size() == 1);
  CHECK(armstrong.columns[0].second.levels.size() == 3);
  CHECK(joined("yeoh_ALL_galgo.expr.tsv.gz", "yeoh_ALL_galgo.labels.csv").n_found == 233);
  const auto counts = joined("rnaseq-gse26530/raw_counts_GSE26530.csv.gz", "rnaseq-gse26530/metadata_GSE26530.csv");
  CHECK(counts.n_found == 36);
  CHECK(counts.note == "metadata_GSE26530.csv: 36 of 36 samples found by column 'external_id'");
}

TEST_CASE("annotations stay text, NA is missing, and a sample in two rows is refused") {
  const TempFolder folder;
  const auto matrix = open_source(folder.write("a.tsv", "gene\tS1\tS2\tS3\nACTB\t1\t2\t3\nGAPDH\t4\t5\t6\n"));
  const auto table = [&](const std::string& text) { return Annotations(folder.write("b.csv", text)).join(matrix->head()); };
  const auto found = table("name,grade,class\nS3,007,ALL\nS1,NA,AML\nS9,1,MLL\n");
  CHECK(found.n_found == 2);
  CHECK(found.note == "b.csv: 2 of 3 samples found by column 'name'; 1 row of none of them");
  REQUIRE(found.columns.size() == 3);
  CHECK(found.columns[1].second.kind == Column::Kind::text);
  CHECK(found.columns[1].second.text(2) == "007");
  CHECK(found.columns[1].second.missing(0));
  CHECK(found.columns[2].second.text(0) == "AML");
  CHECK(found.columns[2].second.missing(1));
  CHECK(table("name\nX\n").n_found == 0);
  CHECK(contains(input_error([&] { table("name,class\nS1,a\nS1,b\n"); }), "b.csv line 3: found 'S1' again, first in line 2"));
  CHECK(contains(input_error([&] { table("name,class\nS1\n"); }), "line 2: found 1 field, expected 2"));
}
