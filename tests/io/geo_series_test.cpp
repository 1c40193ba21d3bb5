#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/geo_source.h>
#include <cellverdict/io/open_source.h>

#include <doctest/doctest.h>

#include "geo_files.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

std::string error_of(const std::string& text) {
  const TempFolder folder;
  const auto file = folder.write("GSE1_series_matrix.txt", text);
  return input_error([&] { open_source(file); });
}

float value(const std::string& text) {
  float x = 0;
  const char* const after = read_value(text.data(), text.data() + text.size(), x);
  REQUIRE(after != nullptr);
  return x;
}

bool is_number(const std::string& text) {
  float x = 0;
  return read_value(text.data(), text.data() + text.size(), x) != nullptr;
}

std::string text_of(const Frame& frame, const std::string& column, std::int64_t row) {
  REQUIRE(frame.find(column) != nullptr);
  return frame.find(column)->text(row);
}

}  // namespace

TEST_CASE("series matrices are what pandas reads of them, whatever the threads") {
  const auto data = shared_data();
  if (!data) return;
  std::vector<std::filesystem::path> files = {*data / "leukemia-bulk/GSE48558_first4577probes_series_matrix.txt.gz"};
  for (const char* name : {"GSE42872", "GSE22-GPL59", "GSE23"})
    files.push_back(*data / "platforms" / (std::string(name) + "_series_matrix.txt.gz"));
  const auto truth = geo_truth("series", files);
  if (!truth) return;
  for (const auto& file : files)
    for (const int threads : {1, 3}) {
      INFO(file, " with threads ", threads);
      const GeoSeries series = read_geo_series(file, threads);
      const auto& expected = truth->at(file.filename().string());
      check_values(series, expected);
      std::vector<std::string> titles;
      for (std::int64_t i = 0; i < series.matrix.n_samples; ++i) titles.push_back(text_of(series.outline.samples, "title", i));
      CHECK(text_digest(titles) == expected.at("titles").get<std::string>());
    }
}

TEST_CASE("numbers are rounded once from the exact decimal") {
  CHECK(value("5.635546695") == 5.635546695F);
  CHECK(value("-3.415\t1") == -3.415F);
  CHECK(value(".338") == .338F);
  CHECK(value("12.") == 12);
  CHECK(value("1e-05") == 1e-05F);
  CHECK(value("+2.5E2") == 250);
  CHECK(value("\"7.25\"") == 7.25F);
  CHECK(value("123456789012345678901234567890") == 123456789012345678901234567890.F);
  CHECK(value("0.1234567890123456789012345") == 0.1234567890123456789F);
  CHECK(value("1e-320") == 0);
  for (const char* missing : {"", "NA", "null", "NaN", "\"\"", "\t5"}) CHECK(std::isnan(value(missing)));
  for (const char* wrong : {"x", "1,5", "5.1.2", "-", ".", "inf", "1e999", "5 6", "--1"}) CHECK_FALSE(is_number(wrong));
}

TEST_CASE("a small series gives samples, characteristics by key, and values with what is missing") {
  const TempFolder folder;
  const GeoSeries series = read_geo_series(folder.write("a.txt", small_series()));
  const GeoStudy& study = series.outline.study;
  CHECK(study.accession == "GSE1");
  CHECK(study.title == "A small study");
  CHECK(study.submitted == "Jul 05 2013");
  CHECK(study.updated == "Jul 26 2018");
  CHECK(study.types == std::vector<std::string>{"Expression profiling by array"});
  const Frame& samples = series.outline.samples;
  CHECK(samples.index.texts() == std::vector<std::string>{"GSM1", "GSM2"});
  CHECK(text_of(samples, "source_name", 1) == "marrow");
  CHECK(series.outline.characteristics == std::vector<std::string>{"disease", "age", "karyotype"});
  CHECK(text_of(samples, "disease", 0) == "AML");
  CHECK(samples.find("disease")->missing(1));
  CHECK(samples.find("age")->kind == Column::Kind::text);  // 007 is no number
  CHECK(text_of(samples, "age", 1) == "007");
  CHECK(text_of(samples, "karyotype", 1) == "46,XX: x");
  CHECK(series.probes.texts() == std::vector<std::string>{"1007_s_at", "1053_at", "117_at"});
  CHECK(series.matrix.row(0)[0] == 5.25F);
  CHECK(std::isnan(series.matrix.row(0)[1]));
  CHECK(series.matrix.row(1)[1] == 0.001F);
  CHECK(series.matrix.n_missing == 1);
}

TEST_CASE("line ends, quotes and the order of the columns change nothing") {
  const TempFolder folder;
  std::string windows;
  for (const char c : small_series()) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  std::string bare = small_series();
  std::erase(bare, '"');
  const GeoSeries plain = read_geo_series(folder.write("a.txt", small_series()));
  for (const auto& text : {windows, bare, "\xef\xbb\xbf" + small_series(), small_series().substr(0, small_series().size() - 1)}) {
    const GeoSeries other = read_geo_series(folder.write("b.txt", text));
    CHECK(other.probes == plain.probes);
    CHECK(other.outline.samples.names == plain.outline.samples.names);
    for (std::int64_t s = 0; s < 2; ++s) CHECK(values_digest(other.matrix.row(s)) == values_digest(plain.matrix.row(s)));
  }
  const GeoSeries swapped = read_geo_series(
      folder.write("d.txt", replaced(small_series(), "\"ID_REF\"\t\"GSM1\"\t\"GSM2\"", "\"ID_REF\"\t\"GSM2\"\t\"GSM1\"")));
  CHECK(swapped.outline.samples.index.texts() == std::vector<std::string>{"GSM2", "GSM1"});
  CHECK(text_of(swapped.outline.samples, "title", 0) == "two");
  CHECK(swapped.matrix.row(0)[0] == 5.25F);
}

TEST_CASE("as a source, a sample is an observation, and a probe without a value in some sample is left out and said") {
  const TempFolder folder;
  const auto file = folder.write("GSE1_series_matrix.txt", small_series());
  CHECK(source_name(file) == "GSE1");
  const auto source = open_source(file);
  CHECK(source->head().name == "GSE1");
  CHECK(source->head().n_cells == 2);
  CHECK(source->head().genes.ids == std::vector<std::string>{"1007_s_at", "117_at"});
  CHECK(contains(source->head().notes.back(), "1 probe of 3 left out, because a sample has no value of it"));
  const CsrBlock rows = read_all(*source, 1);
  CHECK(rows.indices == std::vector<std::int32_t>{0, 0, 1});  // a zero is no entry
  CHECK(rows.values == std::vector<float>{5.25F, -1, .5F});
  const auto valueless = folder.write(
      "b.txt", replaced(replaced(replaced(small_series(), "\t5.25\t-1", "\t\t-1"), "\t0\t.5", "\tNA\t.5"), "\t\t1e-3", "\t\t2"));
  CHECK(open_source(valueless)->head().n_cells == 1);
  CHECK(contains(open_source(valueless)->head().notes.back(), "1 sample without any value left out: GSM1"));
}

TEST_CASE("many probes and samples lie where they should, beyond a panel and a tile") {
  const TempFolder folder;
  constexpr int kSamples = 37, kProbes = 2100;
  std::string text = "!Series_geo_accession\t\"GSE1\"\n!series_matrix_table_begin\nID_REF";
  for (int s = 0; s < kSamples; ++s) text += "\tS" + std::to_string(s);
  for (int p = 0; p < kProbes; ++p) {
    text += "\np" + std::to_string(p);
    for (int s = 0; s < kSamples; ++s) text += "\t" + std::to_string(p) + "." + std::to_string(100 + s);
  }
  const auto file = folder.write("a.txt", text + "\n!series_matrix_table_end\n");
  for (const int threads : {1, 2, 5}) {
    const GeoSeries series = read_geo_series(file, threads);
    REQUIRE(series.matrix.n_probes == kProbes);
    bool same = true;
    for (int s = 0; s < kSamples; ++s)
      for (int p = 0; p < kProbes; ++p)
        same = same && series.matrix.row(s)[static_cast<std::size_t>(p)] ==
                           static_cast<float>(std::stod(std::to_string(p) + "." + std::to_string(100 + s)));
    CHECK(same);
    CHECK(series.probes.text(2099) == "p2099");
  }
}

TEST_CASE("what is no whole series matrix is refused in one sentence") {
  const std::string series = small_series();
  const std::size_t table = series.find("\"1007_s_at\"");
  const std::string header = series.substr(0, table);
  CHECK(contains(error_of(header + "!series_matrix_table_end\n"), "found a series without a table of values"));
  CHECK(
      contains(error_of(series.substr(0, series.find("!series_matrix_table_begin"))), "found a series without a table of values"));
  CHECK(contains(
      error_of(replaced(series, "!series_matrix_table_end\n", "")),
      "found the end of the file within the table, after line 18, expected !series_matrix_table_end; the file is truncated"));
  CHECK(contains(error_of(replaced(series, "\t0\t.5\n", "\t0\n")), "line 18: found 1 value, expected 2, one a sample"));
  CHECK(contains(error_of(replaced(series, "\t0\t.5\n", "\t0\t1\t2\n")), "line 18: found 3 values, expected 2"));
  CHECK(contains(error_of(replaced(series, "\t0\t.5", "\t0\tabc")), "line 18: found 'abc' in column 3, expected a number"));
  CHECK(contains(error_of(replaced(series, "117_at", "1007_s_at")), "probe '1007_s_at' twice (as probe 1 and 3)"));
  CHECK(contains(error_of(replaced(series, "\"GSM1\"\t\"GSM2\"\n!Sample_source", "\"GSM1\"\t\"GSM1\"\n!Sample_source")),
                 "sample GSM1 twice (as sample 1 and 2)"));
  CHECK(contains(error_of(replaced(series, "\"ID_REF\"\t\"GSM1\"", "\"ID_REF\"\t\"GSM9\"")),
                 "a column 'GSM9' that no sample of the header"));
  CHECK(contains(error_of(replaced(series, "\t\"one\"\t\"two\"", "\t\"one\"")),
                 "found 2 values of Sample_geo_accession, expected 1"));
  CHECK(contains(error_of(replaced(series, "\"disease: AML\"", "\"disease: \xfc\"")), "not UTF-8"));
  CHECK(contains(error_of("<!DOCTYPE html>\n<html><head><title>404</title></head></html>\n"),
                 "found a web page (HTML) in place of the data"));
  CHECK(contains(error_of("\n<HTML>\n"), "found a web page"));
  CHECK(
      contains(error_of(replaced(replaced(series, "5.25\t-1", "\t-1"), "0\t.5", "1\t")), "no probe with a value in every sample"));
}

TEST_CASE("a truncated gzip is refused, not taken for a short series") {
  const auto data = shared_data();
  if (!data) return;
  const std::string sentence = input_error([&] { open_source(*data / "leukemia-bulk/GSE48558_truncated_series_matrix.txt.gz"); });
  CHECK(contains(sentence, "found a truncated gzip stream after line"));
}

TEST_CASE("the samples go into a CSV that spreadsheets read") {
  const TempFolder folder;
  const GeoOutline outline =
      read_geo_outline(folder.write("a.txt", replaced(small_series(), "\"one\"", "\"the \"\"first\"\", one\"")));
  write_geo_samples(outline, folder / "samples.csv");
  const std::string text = read_file(folder / "samples.csv");
  CHECK(contains(text, "geo_accession,title,source_name,platform,disease,age,karyotype\nGSM1,"));
  CHECK(contains(text, "GSM2,two,marrow,GPL96,,007,\"46,XX: x\"\n"));
}
