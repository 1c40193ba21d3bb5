#include <cellverdict/io/hdf5_chunks.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

constexpr std::int64_t kLarge = std::int64_t{1} << 28;

// The files of make_chunks.py, made once; null when there is no h5py.
const TempFolder* made() {
  static const std::unique_ptr<TempFolder> folder = []() -> std::unique_ptr<TempFolder> {
    auto made_folder = std::make_unique<TempFolder>();
    const auto status = run_script("make_chunks.py", made_folder->path().string());
    if (!status) return nullptr;
    REQUIRE(*status == 0);
    return made_folder;
  }();
  return folder.get();
}

struct How {
  std::int64_t rows_a_time = 1 << 20;
  std::int64_t memory_bytes = kLarge;
  int threads = 1;
};

template <class T>
std::vector<T> read(const Hdf5Object& root, const std::string& name, const How& how) {
  Hdf5Chunks chunks(root.open(name), how.memory_bytes);
  const std::int64_t width = chunks.object().shape().size() == 2 ? chunks.object().shape()[1] : 1;
  std::vector<T> out(static_cast<std::size_t>(chunks.rows() * width), T{-99});
  for (std::int64_t first = 0; first < chunks.rows(); first += how.rows_a_time) {
    const std::int64_t count = std::min(how.rows_a_time, chunks.rows() - first);
    read_ranges({{&chunks, first, count, out.data() + first * width}}, how.threads);
  }
  return out;
}

template <class T>
std::vector<T> expected(std::size_t n) {
  std::vector<T> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<T>(i * 7 % 100);
  return out;
}

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

std::string error_of(const std::string& file, const std::string& name, int threads) {
  return input_error([&] {
    const Hdf5Object root = Hdf5Object::open_file(*made() / file);
    read<float>(root, name, {.threads = threads});
  });
}

}  // namespace

TEST_CASE("every layout, filter, type and byte order gives the same numbers, by any pieces, threads and memory") {
  if (made() == nullptr) return;
  for (const char* file : {"old.h5", "latest.h5", "userblock.h5"}) {
    const Hdf5Object root = Hdf5Object::open_file(*made() / file);
    for (const auto& name : root.children()) {
      CAPTURE(std::string(file));
      CAPTURE(name);
      const bool is_matrix = root.open(name).shape().size() == 2;
      const auto wanted = expected<float>(is_matrix ? 70 * 45 : 5000);
      CHECK(read<float>(root, name, {}) == wanted);
      CHECK(read<float>(root, name, {.threads = 4}) == wanted);
      CHECK(read<float>(root, name, {.rows_a_time = is_matrix ? 7 : 331, .threads = 4}) == wanted);
      CHECK(read<float>(root, name, {.rows_a_time = is_matrix ? 16 : 768, .memory_bytes = 1, .threads = 4}) == wanted);
      if (root.open(name).kind() == Hdf5Kind::whole)
        CHECK(read<std::int32_t>(root, name, {.rows_a_time = 1000, .threads = 4}) == expected<std::int32_t>(wanted.size()));
    }
  }
}

TEST_CASE("numbers are converted as libhdf5 converts them") {
  if (made() == nullptr) return;
  const Hdf5Object root = Hdf5Object::open_file(*made() / "extremes.h5");
  const auto names = root.children();
  CHECK(names.size() == 20);
  for (const auto& name : names) {
    CAPTURE(name);
    const Hdf5Object dataset = root.open(name);
    std::vector<float> by_libhdf5(static_cast<std::size_t>(dataset.rows()));
    dataset.read(0, dataset.rows(), by_libhdf5.data());
    auto found = read<float>(root, name, {.threads = 2});
    for (std::size_t i = 0; i < found.size(); ++i)  // what kind of NaN it is has no meaning
      if (std::isnan(found[i]) && std::isnan(by_libhdf5[i])) found[i] = by_libhdf5[i] = 0;
    CHECK(same_bytes(found, by_libhdf5));
    if (dataset.kind() != Hdf5Kind::whole) continue;
    auto whole_by_libhdf5 = dataset.read_all<std::int32_t>();
    for (auto& number : whole_by_libhdf5)  // libhdf5 1.10 wraps this one type, and only in this byte order
      if (name == "whole >u4" && number < 0) number = std::numeric_limits<std::int32_t>::max();
    CHECK(read<std::int32_t>(root, name, {}) == whole_by_libhdf5);
  }
}

TEST_CASE("chunks never written are their fill value") {
  if (made() == nullptr) return;
  const Hdf5Object root = Hdf5Object::open_file(*made() / "absent.h5");
  for (const auto& name : root.children()) {
    CAPTURE(name);
    std::vector<float> wanted(5000, name.starts_with("five") ? 5.0F : 0.0F);
    if (!name.ends_with("nothing") && !name.ends_with("contiguous"))
      for (std::size_t i = 1000; i < 1800; ++i) wanted[i] = static_cast<float>(i * 7 % 100);
    CHECK(read<float>(root, name, {}) == wanted);
    CHECK(read<float>(root, name, {.rows_a_time = 500, .threads = 4}) == wanted);
  }
}

TEST_CASE("ranges may go back, repeat and be read together with others") {
  if (made() == nullptr) return;
  const Hdf5Object root = Hdf5Object::open_file(*made() / "old.h5");
  Hdf5Chunks first(root.open("gzip <f4"), kLarge), second(root.open("lzf <i8"), kLarge);
  const auto wanted = expected<float>(5000);
  std::vector<float> out(5000);
  std::vector<std::int32_t> whole(5000);
  for (const auto& [from, count] :
       std::vector<std::pair<int, int>>{{900, 300}, {1200, 100}, {100, 700}, {1000, 10}, {0, 5000}, {10, 0}}) {
    read_ranges({{&first, from, count, out.data()}, {&second, from, count, whole.data()}}, 3);
    for (int i = 0; i < count; ++i) {
      REQUIRE(out[i] == wanted[from + i]);
      REQUIRE(whole[i] == static_cast<std::int32_t>(wanted[from + i]));
    }
  }
  CHECK(contains(input_error([&] { read_ranges({{&first, 4000, 1001, out.data()}}, 2); }), "found too few values, expected 5001"));
}

TEST_CASE("a damaged chunk is refused with its place, whatever the threads") {
  if (made() == nullptr) return;
  const std::string place = "x: found elements 768 to 1,535 that ";
  struct Case {
    std::string name, said;
  };
  for (const auto& [name, said] : std::vector<Case>{{"damaged_gzip", "hold damaged gzip"},
                                                    {"damaged_shuffle", "hold damaged gzip"},
                                                    {"damaged_sum", "hold a checksum that does not match"},
                                                    {"damaged_lzf", "hold damaged lzf"},
                                                    {"short_gzip", "hold 100 bytes in place of 3,072"},
                                                    {"long_gzip", "hold more than 3,072 bytes"},
                                                    {"short_sum", "hold 3 bytes in place of 3,076"},
                                                    {"huge_stored", "claim 80,000 bytes"}}) {
    CAPTURE(name);
    const std::string said_by_one = error_of(name + ".h5", "x", 1);
    CHECK(contains(said_by_one, place + said + "; the file is damaged; copy or download it again."));
    CHECK(error_of(name + ".h5", "x", 4) == said_by_one);
  }
}

TEST_CASE("a filter that nobody has is named") {
  if (made() == nullptr) return;
  CHECK(contains(error_of("foreign.h5", "x32001", 2),
                 "x32001: found values packed with blosc (HDF5 filter 32001), which is not installed, "
                 "expected gzip, lzf or no compression; write the file again with"));
  CHECK(contains(error_of("foreign.h5", "x32999", 2), "packed with HDF5 filter 32999, which is not installed"));
}

TEST_CASE("values in another file are refused") {
  if (made() == nullptr) return;
  for (const char* name : {"external", "virtual"})
    CHECK(contains(error_of("elsewhere.h5", name, 1), std::string(name) + ": found values that lie in another file"));
}

TEST_CASE("a file that shrinks while it is read is refused") {
  if (made() == nullptr) return;
  for (const char* name : {"contiguous <f4", "gzip <f4"}) {
    CAPTURE(std::string(name));
    std::filesystem::copy_file(*made() / "old.h5", *made() / "shrunk.h5", std::filesystem::copy_options::overwrite_existing);
    const Hdf5Object root = Hdf5Object::open_file(*made() / "shrunk.h5");
    Hdf5Chunks chunks(root.open(name), kLarge);
    std::filesystem::resize_file(*made() / "shrunk.h5", 4096);
    std::vector<float> out(5000);
    CHECK(contains(input_error([&] { read_ranges({{&chunks, 0, 5000, out.data()}}, 2); }), "the file is damaged"));
  }
}
