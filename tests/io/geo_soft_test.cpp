#include <cellverdict/io/geo_source.h>
#include <cellverdict/io/open_source.h>

#include <doctest/doctest.h>

#include "geo_files.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// A family as GEO gives it: a platform, three samples of it, one of them with its probes in another order and one missing.
std::string small_family() {
  return "^DATABASE = GeoMiame\n!Database_name = Gene Expression Omnibus (GEO)\n"
         "^SERIES = GSE7\n!Series_title = A family\n!Series_geo_accession = GSE7\n!Series_submission_date = Mar 01 2010\n"
         "!Series_sample_id = GSM1\n!Series_sample_id = GSM2\n!Series_sample_id = GSM3\n!Series_platform_id = GPL5\n"
         "^PLATFORM = GPL5\n!Platform_title = An array\n#ID = id\n#SYMBOL = gene\n!platform_table_begin\nID\tSYMBOL\np1\tA\np2\tB\n"
         "p3\tA /// B\n!platform_table_end\n"
         "^SAMPLE = GSM1\n!Sample_title = first\n!Sample_geo_accession = GSM1\n!Sample_characteristics_ch1 = disease: AML\n"
         "!Sample_characteristics_ch1 = age: 30\n!Sample_platform_id = GPL5\n#ID_REF =\n#VALUE = log2\n#CALL = "
         "call\n!sample_table_begin\n"
         "ID_REF\tVALUE\tCALL\np1\t1.5\tP\np2\t2\tA\np3\t-3\tP\n!sample_table_end\n"
         "^SAMPLE = GSM2\n!Sample_title = second\n!Sample_geo_accession = GSM2\n!Sample_characteristics_ch1 = age: 40\n"
         "!Sample_platform_id = "
         "GPL5\n#ID_REF =\n#VALUE = log2\n#CALL = "
         "call\n!sample_table_begin\nID_REF\tVALUE\tCALL\np1\t4\tP\np2\tnull\tA\np3\t6\tP\n!sample_table_end\n"
         "^SAMPLE = GSM3\n!Sample_title = third\n!Sample_geo_accession = GSM3\n!Sample_platform_id = GPL5\n#ID_REF =\n#VALUE = "
         "log2\n!sample_table_begin\n"
         "ID_REF\tVALUE\np1\t7\np2\t8\np3\t9\n!sample_table_end\n";
}

std::string error_of(const std::string& text) {
  const TempFolder folder;
  const auto file = folder.write("GSE7_family.soft", text);
  return input_error([&] { open_source(file); });
}

}  // namespace

TEST_CASE("tables of SOFT files are what GEOparse reads of them") {
  const auto data = shared_data();
  if (!data) return;
  const std::vector<std::filesystem::path> files = {*data / "platforms/GDS507.soft.gz", *data / "platforms/GSM11805.txt.gz"};
  const auto truth = geo_truth("soft", files);
  if (!truth) return;
  for (const auto& file : files) {
    INFO(file);
    check_values(read_geo_soft(file), truth->at(file.filename().string()));
  }
}

TEST_CASE("a family is what GEOparse reads of it") {
  const TempFolder folder;
  const auto file = folder.write("GSE7_family.soft", small_family());
  const auto truth = geo_truth("family", {file});
  if (!truth) return;
  const GeoSeries series = read_geo_soft(file);
  const auto& expected = truth->at("GSE7_family.soft");
  check_values(series, expected);
  CHECK(series.outline.study.platforms == expected.at("platforms").get<std::vector<std::string>>());
}

TEST_CASE("the groups of a data set become columns of its samples") {
  const auto data = shared_data();
  if (!data) return;
  const GeoOutline outline = read_geo_outline(*data / "platforms/GDS507.soft.gz");
  CHECK(outline.study.accession == "GDS507");
  CHECK(outline.study.updated == "Mar 04 2004");
  CHECK(outline.characteristics == std::vector<std::string>{"disease state", "individual"});
  CHECK(outline.samples.index.text(0) == "GSM11815");
  CHECK(outline.samples.find("disease state")->text(0) == "RCC");
  CHECK(outline.samples.find("individual")->text(2) == "001");
  CHECK(outline.samples.find("title")->text(0) == "C035 Renal Clear Cell Carcinoma U133B");
}

TEST_CASE("probes in another order are brought to that of the first sample; what a sample lacks is missing") {
  const TempFolder folder;
  const auto file =
      folder.write("a.soft", replaced(small_family(), "ID_REF\tVALUE\np1\t7\np2\t8\np3\t9", "ID_REF\tVALUE\np4\t1\np3\t9\np1\t7"));
  const GeoSeries series = read_geo_soft(file);
  CHECK(series.probes.texts() == std::vector<std::string>{"p1", "p2", "p3", "p4"});
  CHECK(series.matrix.row(2)[0] == 7);
  CHECK(std::isnan(series.matrix.row(2)[1]));
  CHECK(series.matrix.row(2)[2] == 9);
  CHECK(series.matrix.row(2)[3] == 1);
  CHECK(series.matrix.n_missing == 4);
  const auto source = open_source(file);
  CHECK(source->head().genes.ids == std::vector<std::string>{"p1", "p3"});
  CHECK(source->head().obs.find("age")->text(1) == "40");
  CHECK(source->head().obs.find("disease")->missing(1));
}

TEST_CASE("of several platforms one is chosen by name, never silently") {
  const std::string two = replaced(small_family(), "!Sample_geo_accession = GSM3\n!Sample_platform_id = GPL5",
                                   "!Sample_geo_accession = GSM3\n!Sample_platform_id = GPL6");
  CHECK(contains(error_of(two), "found 2 platforms (GPL5: 2 samples, GPL6: 1 sample), expected samples of one"));
  const TempFolder folder;
  const auto file = folder.write("a.soft", two);
  CHECK(open_source(file, {.layer = "GPL6"})->head().n_cells == 1);
  CHECK(open_source(file, {.layer = "GPL5"})->head().n_cells == 2);
  CHECK_THROWS_AS(open_source(file, {.layer = "GPL7"}), UsageError);
  CHECK(read_geo_outline(file).samples.n_rows() == 3);
}

TEST_CASE("samples without a table are left out and said; a family without any has no values") {
  const std::string table = "!sample_table_begin\nID_REF\tVALUE\np1\t7\np2\t8\np3\t9\n!sample_table_end\n";
  const TempFolder folder;
  const auto source = open_source(folder.write("a.soft", replaced(small_family(), table, "")));
  CHECK(source->head().n_cells == 2);
  bool said = false;
  for (const auto& note : source->head().notes)
    said = said || note == "1 sample without a table of values (column VALUE) left out: GSM3";
  CHECK(said);
  CHECK(contains(error_of("^SAMPLE = GSM3\n!Sample_title = third\n"), "found a series without a table of values"));
}

TEST_CASE("what is no whole SOFT file is refused in one sentence") {
  const std::string family = small_family();
  CHECK(contains(error_of(family.substr(0, family.size() - 25)), "found the end of the file within the table of GSM3"));
  CHECK(contains(error_of(replaced(family, "p1\t1.5", "p1\tx1.5")), "('VALUE') that is no number"));
  CHECK(contains(error_of(replaced(family, "p2\t2\tA", "p1\t2\tA")), "a probe twice in the table of GSM1"));
  CHECK(
      contains(error_of(replaced(family, "ID_REF\tVALUE\tCALL", "PROBE\tVALUE\tCALL")), "expected ID_REF, which names the probes"));
  CHECK(contains(error_of(replaced(family, "GSM2\n!Sample_char", "GSM1\n!Sample_char")), "sample GSM1 twice"));
  CHECK(contains(error_of("^PLATFORM = GPL5\n!platform_table_begin\nID\tSYMBOL\np1\tA\n!platform_table_end\n"),
                 "found the annotation of a platform, expected measurements"));
  CHECK(contains(error_of("^DATABASE = Geo\n!Database_name = Geo\n"), "found no sample"));
  CHECK(contains(error_of("^SAMPLE = GSM1\nhello\n"), "line 2: found 'hello' outside of a table"));
}
