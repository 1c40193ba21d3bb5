#pragma once
// Text in HDF5 files, of fixed or variable length, within a budget of memory: many strings may point at the same few bytes of the
// file, so its size alone bounds nothing.

#include <cellverdict/table/names.h>

#include <cstdint>
#include <optional>
#include <string>

namespace cellverdict {

struct Hdf5TextPlace {
  std::int64_t from = 0;   // an open dataset or attribute
  std::int64_t type = 0;   // its type, text
  std::int64_t count = 0;  // of its elements
  bool attribute = false;
  std::int64_t budget = 0;  // bytes
  std::string field;        // of a compound dataset; empty: the elements themselves are text
  // The elements asked for, of a dataset of one dimension; n_wanted -1: all.
  std::int64_t first = 0, n_wanted = -1;

  std::int64_t end() const { return n_wanted < 0 ? count : first + n_wanted; }
};

struct Hdf5Text {
  Names texts;
  std::optional<std::string> problem;  // why libhdf5 cannot read it, or that the budget does not hold it
};
Hdf5Text read_hdf5_text(const Hdf5TextPlace& place);

}  // namespace cellverdict
