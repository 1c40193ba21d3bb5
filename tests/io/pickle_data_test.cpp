#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/pickle_data.h>

#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <map>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

Pickle pickle_of(const std::string& bytes) {
  return read_pickle(std::as_bytes(std::span(bytes)), "a.pkl");
}

std::string error_of(const std::string& bytes) {
  return input_error([&] { pickle_of(bytes); });
}

// As Python's json.dumps writes it, so that the two can be compared as texts. Bytes are their numbers, sets are sorted lists.
std::string shown(PickleValue value) {
  switch (value.kind()) {
    case PickleKind::none:
      return "None";
    case PickleKind::boolean:
      return value.boolean() ? "True" : "False";
    case PickleKind::integer:
      return std::to_string(value.integer());
    case PickleKind::real: {
      char text[40];
      return {text, std::to_chars(text, text + sizeof(text), std::bit_cast<std::uint64_t>(value.real()), 16).ptr};
    }
    case PickleKind::text:
      return "'" + value.text() + "'";
    case PickleKind::bytes: {
      std::string out = "b";
      for (const char c : value.text()) out += "." + std::to_string(static_cast<unsigned char>(c));
      return out;
    }
    default:
      break;
  }
  std::vector<std::string> parts;
  for (std::int64_t i = 0; i < value.size(); ++i)
    parts.push_back(value.kind() == PickleKind::dict ? shown(value.key(i)) + ":" + shown(value.value(i)) : shown(value.item(i)));
  if (value.kind() == PickleKind::set) std::sort(parts.begin(), parts.end());
  std::string out = name_of(value.kind()) + "(";
  for (const auto& part : parts) out += part + ",";
  return out + ")";
}

}  // namespace

TEST_CASE("plain values of every protocol are read as Python reads them") {
  const TempFolder* folder = made_by("make_pickles.py");
  if (folder == nullptr) return;
  int n_files = 0;
  for (int protocol = 0; protocol <= 5; ++protocol)
    for (const auto& entry : std::filesystem::directory_iterator(*folder / ("protocol" + std::to_string(protocol)))) {
      if (entry.path().extension() != ".pkl") continue;
      CAPTURE(entry.path().string());
      const std::string expected = read_file(std::filesystem::path(entry.path()).replace_extension(".txt"));
      CHECK(shown(read_pickle(entry.path()).root()) == expected);
      ++n_files;
    }
  CHECK(n_files == 6 * 12);
}

TEST_CASE("a pickle that names a function or class is refused by that name, before anything else is done") {
  const TempFolder* folder = made_by("make_pickles.py");
  if (folder == nullptr) return;
  for (int protocol = 0; protocol <= 5; ++protocol) {
    const std::string error = input_error([&] { read_pickle(*folder / ("code" + std::to_string(protocol) + ".pkl")); });
    CAPTURE(error);
    CHECK((error.find("found the name of a function or class, posix.system,") != std::string::npos));
    CHECK(error.find('\n') == std::string::npos);
  }
  CHECK_FALSE(std::filesystem::exists(*folder / "ran"));
  CHECK(contains(input_error([&] { read_pickle(*folder / "counter.pkl"); }), "collections.Counter"));
  CHECK(contains(input_error([&] { read_pickle(*folder / "array.pkl"); }), "numpy._core.multiarray._reconstruct"));
  CHECK(contains(input_error([&] { read_pickle(*folder / "complex.pkl"); }), "found a value of numpy's type c8"));
  CHECK(contains(error_of("\x80\x02"
                          "cbuiltins\ngetattr\n."),
                 "builtins.getattr"));
  CHECK(contains(error_of("(S'id'\nios\nsystem\n."), "os.system"));
}

TEST_CASE("a cut pickle is refused wherever it is cut") {
  const TempFolder* folder = made_by("make_pickles.py");
  if (folder == nullptr) return;
  for (const char* name : {"protocol2/everything.pkl", "protocol4/everything.pkl"}) {
    const std::string whole = read_file(*folder / name);
    CHECK(error_of(whole).empty());
    for (std::size_t n = 0; n < whole.size(); ++n) {
      const std::string error = error_of(whole.substr(0, n));
      CHECK_FALSE(error.empty());
    }
    CHECK(contains(error_of(whole.substr(0, whole.size() - 5)), "in the middle, expected a whole one; copy or download it again"));
    CHECK(contains(error_of(whole + "x"), "found a damaged pickle (1 bytes after its end"));
  }
}

TEST_CASE("what is no pickle is refused in one sentence") {
  CHECK(contains(error_of(""), "a.pkl: found an empty file, expected a pickle of Python"));
  CHECK(contains(error_of("{\"a\": 1}"), "found something else"));
  CHECK(contains(error_of("<html>"), "expected a pickle of Python; check the path"));
  CHECK(contains(error_of("version https://git-lfs.github.com/spec/v1\n"), "found something else"));
  CHECK(contains(error_of(std::string("\x1f\x8b\x08\0\0", 5)), "found something else"));
  CHECK(contains(error_of("\x80\x09."), "found a damaged pickle (protocol 9"));
  CHECK(contains(error_of("\x80\x04\xff."), "no operation of pickles (0xFF)"));
  CHECK(contains(error_of("\x80\x04."), "an operation without its values"));
  CHECK(contains(error_of("\x80\x04Kau."), "an operation without its mark"));
  CHECK(contains(error_of("\x80\x04](KaKau."), "items for something that is no dict"));
  CHECK(contains(error_of("\x80\x04h\x07."), "a reference to a value that was not kept"));
  CHECK(contains(error_of(std::string("\x80\x04\x8c\x02\xff\xff.", 7)), "text that is not UTF-8"));
  CHECK(contains(error_of("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f."), "in the middle"));
  CHECK(contains(error_of("\x80\x04"
                          "B\xff\xff\xff\xff."),
                 "in the middle"));
  CHECK(contains(error_of("\x80\x02\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x01."), "more than 64 bits"));
  CHECK(contains(input_error([] { read_pickle(std::filesystem::path("none.pkl")); }), "found nothing at this path"));
}

TEST_CASE("a pickle takes no more than its limits, however deep or folded it is") {
  CHECK(error_of("\x80\x02" + std::string(100'000, ']') + std::string(99'999, 'a') + ".").empty());  // a list in a list in a list
  CHECK(contains(error_of("\x80\x02" + std::string(2'000'000, '(') + "."), "an operation without its values"));
  const auto small = [](const std::string& bytes) {
    return input_error([&] { read_pickle(std::as_bytes(std::span(bytes)), "a.pkl", {.n_bytes = 1000, .n_values = 20}); });
  };
  CHECK(contains(small("\x80\x02" + std::string(30, ']') + "."), "found a pickle of more than 20 values"));
  CHECK(contains(small(std::string(1001, ']')), "found a pickle of 1,001 bytes, expected at most 1,000"));
  CHECK(contains(error_of(std::string("\x80\x02]r\xff\xff\xff\x7f.", 8)), "under a number larger than the file"));
  // One long text, and a call that copies it, again and again.
  std::string copies = "\x80\x02X";
  const std::uint32_t length = 1 << 20;
  copies.append(reinterpret_cast<const char*>(&length), 4);
  copies += std::string(length, 'x') +
            "q\x01"
            "0c_codecs\nencode\nq\x02"
            "0(h\x01U\x06latin1tq\x03"
            "0";
  for (int i = 0; i < 100; ++i) copies += "h\x02h\x03R0";
  CHECK(contains(error_of(copies + "N."), "unfolds to more than four times its size"));
}

TEST_CASE("Geneformer's published dictionaries read as the tables beside them") {
  const auto shared = shared_data();
  if (!shared) return;
  int n_files = 0;
  for (const char* version : {"v1_gc30M", "v2_gc104M"})
    for (const auto& entry : std::filesystem::directory_iterator(*shared / "geneformer" / version)) {
      if (entry.path().extension() != ".pkl") continue;
      CAPTURE(entry.path().string());
      std::map<std::string, std::string> expected;
      std::ifstream table(std::filesystem::path(entry.path()).replace_extension(".tsv"));
      for (std::string line; std::getline(table, line);)
        expected[line.substr(0, line.find('\t'))] = line.substr(line.find('\t') + 1);
      const Pickle pickle = read_pickle(entry.path());
      const PickleValue dict = pickle.root();
      REQUIRE(dict.kind() == PickleKind::dict);
      CHECK(dict.size() == static_cast<std::int64_t>(expected.size()));
      std::int64_t n_different = 0;
      for (std::int64_t i = 0; i < dict.size(); ++i) {
        const std::string& text = expected[dict.key(i).text()];
        const PickleValue value = dict.value(i);
        const bool same = value.kind() == PickleKind::text      ? value.text() == text
                          : value.kind() == PickleKind::integer ? std::to_string(value.integer()) == text
                                                                : value.real() == std::stod(text);
        n_different += same ? 0 : 1;
      }
      CHECK(n_different == 0);
      ++n_files;
    }
  CHECK(n_files == 8);
}
