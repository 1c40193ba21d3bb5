#include <cellverdict/io/open_source.h>
#include <cellverdict/io/tar_list.h>
#include <cellverdict/io/text_lines.h>

#include <doctest/doctest.h>

#include <cstdio>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

struct Member {
  std::string name, content;
  char kind = '0';
  std::string size = {};  // octal, when it lies about the content
};

std::string octal(std::int64_t number, int width) {
  char text[32];
  std::snprintf(text, sizeof(text), "%0*llo", width, static_cast<long long>(number));
  return text;
}

std::string tar_of(const std::vector<Member>& members) {
  std::string out;
  for (const auto& member : members) {
    std::string head(512, '\0');
    const auto put = [&](std::size_t at, const std::string& text) { head.replace(at, text.size(), text); };
    put(0, member.name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, member.size.empty() ? octal(static_cast<std::int64_t>(member.content.size()), 11) : member.size);
    put(136, octal(0, 11));
    put(148, "        ");
    put(156, std::string(1, member.kind));
    if (member.kind == '2' || member.kind == '1') put(157, "/etc/passwd");
    put(257, std::string("ustar\00000", 8));
    int sum = 0;
    for (const char c : head) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + std::string("\0 ", 2));
    out += head + member.content + std::string((512 - member.content.size() % 512) % 512, '\0');
  }
  return out + std::string(1024, '\0');
}

std::vector<Member> triple(const std::string& prefix) {
  return {{prefix + "matrix.mtx", "%%MatrixMarket matrix coordinate integer general\n2 1 1\n2 1 7\n"},
          {prefix + "barcodes.tsv", "AA\n"},
          {prefix + "features.tsv", "G1\tA\nG2\tB\n"}};
}

std::string error_of(const std::vector<Member>& members) {
  const TempFolder folder;
  folder.write("x.tar", tar_of(members));
  return input_error([&] { read_all(*open_source(folder / "x.tar"), 10); });
}

}  // namespace

TEST_CASE("members of an archive lie where the list says") {
  const TempFolder folder;
  const auto tar =
      folder.write("x.tar", tar_of({{"./one.txt", "first\nsecond\n"}, {"empty", ""}, {"dir/two.txt", std::string(5000, 'x')}}));
  CHECK(is_tar(tar));
  const FileList list = list_tar(tar);
  REQUIRE(list.files.size() == 3);
  TextLines lines(list.files.at("one.txt"));
  std::string_view line;
  CHECK(lines.next(line));
  CHECK(lines.next(line));
  CHECK(line == "second");
  CHECK_FALSE(lines.next(line));
  TextLines two(list.files.at("dir/two.txt"));
  CHECK(two.next(line));
  CHECK(line.size() == 5000);
  CHECK(contains(input_error([&] { two.refuse("x"); }), "x.tar/dir/two.txt line 1: found x"));
  CHECK(contains(input_error([&] { TextLines(list.files.at("empty")); }), "x.tar/empty: found an empty file"));
}

TEST_CASE("an archive that is one matrix goes by its own name, and names that lead out of it lead nowhere") {
  const TempFolder folder;
  folder.write("study.tar", tar_of(triple("")));
  const auto source = open_source(folder / "study.tar");
  CHECK(source->head().name == "study");
  CHECK(source_name(folder / "study.tar") == "study");
  CHECK(find_sources(folder / "study.tar") == std::vector<std::filesystem::path>{folder / "study.tar"});
  CHECK(read_all(*source, 10).values == std::vector<float>{7});
  std::vector<Member> hostile = triple("../../GSM1_");
  hostile.push_back({"/etc/GSM2_matrix.mtx", "", '2'});
  folder.write("out.tar", tar_of(hostile));
  CHECK(read_all(*open_source(folder / "out.tar"), 10).values == std::vector<float>{7});
  CHECK_FALSE(std::filesystem::exists(folder.path().parent_path().parent_path() / "GSM1_matrix.mtx"));
}

TEST_CASE("archives that are damaged, compressed or hold nothing are refused in one sentence") {
  CHECK(contains(error_of({{"notes.txt", "x"}}), "found no single-cell data in this archive (notes.txt)"));
  CHECK(contains(error_of({{"GSM1.tar.gz", "x"}}), "unpack the archives in it"));
  CHECK(contains(error_of({{"matrix.mtx", "", '2'}}), "found an archive without files"));
  CHECK(contains(error_of({{"GSM1_matrix.mtx", "", '0', "77777777777"}}), "expected a whole archive"));
  std::vector<Member> absurd = triple("GSM1_");
  absurd.push_back({"GSM1.txt", "", '0', std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12)});
  CHECK_FALSE(error_of(absurd).empty());
  const TempFolder folder;
  const std::string whole = tar_of(triple("GSM1_"));
  for (const std::size_t size : {std::size_t{600}, std::size_t{512 + 100}, std::size_t{1024 + 512 + 2}}) {
    folder.write("cut.tar", whole.substr(0, size));
    CHECK_FALSE(input_error([&] { read_all(*open_source(folder / "cut.tar"), 10); }).empty());
  }
  folder.write("text.tar", std::string(2000, 'x'));
  CHECK(contains(input_error([&] { open_source(folder / "text.tar"); }), "expected a tar archive"));
  folder.write("empty.tar", "");
  CHECK_FALSE(input_error([&] { open_source(folder / "empty.tar"); }).empty());
  folder.write("GSE1_RAW.tar.gz", "x");
  CHECK(contains(input_error([&] { open_source(folder / "GSE1_RAW.tar.gz"); }), "take the compression off with gunzip"));
  CHECK(contains(input_error([&] { open_source(folder / "GSE1_RAW.tar.gz/GSM1_"); }), "found a compressed tar archive"));
  CHECK(contains(input_error([&] { open_source(folder / "GSE1_RAW.tar"); }), "found nothing at this path"));
}
