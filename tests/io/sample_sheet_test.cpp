#include <cellverdict/io/sample_sheet.h>

#include <doctest/doctest.h>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

std::string error_of(const std::string& text) {
  const TempFolder folder;
  const auto file = folder.write("samples.csv", text);
  return input_error([&] { read_sample_sheet(file); });
}

}  // namespace

TEST_CASE("a sheet gives one row per library, with paths beside it and labels as text") {
  const TempFolder folder;
  const auto file =
      folder.write("samples.csv",
                   "\xef\xbb\xbflibrary,path,donor,note\r\nL1,mex/a,007,\"old, \"\"frozen\"\"\nsample\"\r\n\r\nL2,./b.h5ad,7,\r\n");
  const SampleSheet sheet = read_sample_sheet(file);
  CHECK(sheet.paths == std::vector<std::filesystem::path>{folder / "mex/a", folder / "b.h5ad"});
  CHECK(sheet.labels.index == std::vector<std::string>{"L1", "L2"});
  CHECK(sheet.labels.names == std::vector<std::string>{"library", "donor", "note"});
  CHECK(sheet.labels.find("donor")->text(0) == "007");
  CHECK(sheet.labels.find("donor")->text(1) == "7");
  CHECK(sheet.labels.find("note")->text(0) == "old, \"frozen\"\nsample");
  CHECK(sheet.labels.find("note")->missing(1));
}

TEST_CASE("tabs separate as well, and a prefix keeps its end") {
  const TempFolder folder;
  const auto file = folder.write("samples.tsv", "library\tprefix\tpath\nL1\tmex/GSM1_\t\nL2\t\tmex/\n");
  const SampleSheet sheet = read_sample_sheet(file);
  CHECK(sheet.paths[0] == folder / "mex/GSM1_");
  CHECK(sheet.labels.names == std::vector<std::string>{"library"});
}

TEST_CASE("a sheet that cannot be meant is refused at its line") {
  CHECK(contains(error_of(""), "found an empty file"));
  CHECK(contains(error_of("library,path\n"), "found a header and no rows"));
  CHECK(contains(error_of("library,file\na,b\n"), "line 1: found columns library, file, expected a column path or prefix"));
  CHECK(contains(error_of("library;path\na;b\n"), "not semicolons"));
  CHECK(contains(error_of("library,path,path\na,b,c\n"), "line 1: found column 'path' twice"));
  CHECK(contains(error_of("library,,path\na,b,c\n"), "line 1: found a column without a name"));
  CHECK(contains(error_of("library,path\na,b\n\nc\n"), "line 4: found 1 field, expected 2"));
  CHECK(contains(error_of("library,path\na,b,c\n"), "line 2: found 3 fields, expected 2"));
  CHECK(contains(error_of("library,path\na,b\na,c\n"), "line 3: found library 'a' again, first in line 2"));
  CHECK(contains(error_of("library,path\na,x/b\nc,x/./b\n"), "line 3: found 'x/./b' again, first in line 2"));
  CHECK(contains(error_of("library,path\na,\n"), "line 2: found neither a path nor a prefix"));
  CHECK(contains(error_of("library,path,prefix\na,b,c\n"), "line 2: found both a path and a prefix"));
  CHECK(contains(error_of("library,path\n,b\n"), "line 2: found an empty library"));
  CHECK(contains(error_of("library,path\n\"a,b\n"), "line 2: found a quote that is never closed"));
  CHECK(contains(error_of("library,path\n\"a\"x,b\n"), "line 2: found text after a closing quote"));
  CHECK(contains(error_of("library,path\na\"x,b\n"), "line 2: found a quote inside a field"));
  CHECK(contains(error_of(std::string("\xff\xfe"
                                      "l\0i\0",
                                      6)),
                 "found UTF-16 text"));
  CHECK(contains(error_of(std::string("library,path\na\0,b\n", 18)), "line 2: found a byte that is no text"));
  CHECK(contains(input_error([] { read_sample_sheet("no/such/sheet.csv"); }), "found nothing at this path"));
}

TEST_CASE("the real sheets are read") {
  const auto shared = shared_data();
  if (!shared) return;
  const SampleSheet covid = read_sample_sheet(*shared / "covid-combat/samples.csv");
  CHECK(covid.paths.size() == 6);
  CHECK(std::filesystem::is_directory(covid.paths[0]));
  const SampleSheet kang = read_sample_sheet(*shared / "ifnb-kang/samples.csv");
  CHECK(kang.paths[0].filename() == "GSM000001_ctrl101_");
  CHECK(kang.labels.find("donor_id")->text(1) == "107");
}
