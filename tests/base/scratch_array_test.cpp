#include <cellverdict/base/scratch_array.h>

#include <doctest/doctest.h>

#include <filesystem>
#include <optional>

#include "scratch_folder.h"

using namespace cellverdict;

TEST_CASE("an array in a scratch file keeps what is put into it, and what is changed, wherever it is moved") {
  const ScratchFolder scratch;
  const std::filesystem::path folder = (scratch / "file").parent_path();
  std::optional<ScratchArray<std::int64_t>> array;
  array.emplace(folder);
  const std::int64_t n = 200'000;  // more than are held before they are written
  for (std::int64_t i = 0; i < n; ++i) array->push_back(3 * i);
  CHECK(array->size() == n);
  const auto values = array->open();
  REQUIRE(std::ssize(values) == n);
  for (std::int64_t i = 0; i < n; ++i) REQUIRE(values[i] == 3 * i);
  values[7] = -1;
  const ScratchArray<std::int64_t> moved = std::move(*array);
  array.reset();
  CHECK(values[7] == -1);
  CHECK(moved.size() == n);
}

TEST_CASE("an array in a scratch file begins with zeros, may be empty, and leaves no file behind") {
  const ScratchFolder scratch;
  const std::filesystem::path folder = (scratch / "file").parent_path();
  ScratchArray<double> zeros(folder, 1000), none(folder), nought(folder, 0);
  for (const double x : zeros.open()) CHECK(x == 0);
  CHECK(none.open().empty());
  CHECK(nought.open().empty());
  CHECK(scratch.n_entries() == 0);
  CHECK_THROWS(ScratchArray<double>(folder / "nowhere"));
}
