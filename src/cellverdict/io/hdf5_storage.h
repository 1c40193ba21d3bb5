#pragma once
// How a numeric dataset lies in its file, and the bytes of its chunks as they are stored. The last place before the bytes are
// unpacked by hdf5_filters that speaks to libhdf5: call it from one thread.
// libhdf5 1.10 finds the place of a chunk by going through all chunks before it (H5Dget_chunk_info_by_coord as by index), three
// seconds for 8,000 chunks; H5Dread_chunk looks it up, and copies at the speed of memory.

#include <cellverdict/io/hdf5_filters.h>
#include <cellverdict/io/hdf5_numbers.h>
#include <cellverdict/io/hdf5_object.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct Hdf5Storage {
  // other: compact, a filter or a number that is not undone here. libhdf5 reads these itself.
  enum class Layout { contiguous, chunked, other };
  Layout layout = Layout::other;
  std::optional<std::string> missing_filter;  // name of one that libhdf5 lacks too; a chunk may be stored without it all the same
  Hdf5Number number;
  // contiguous
  int descriptor = -1;  // of the open file; libhdf5 closes it
  std::int64_t offset = 0;
  // chunked
  std::int64_t chunk_rows = 0, chunk_columns = 1;
  std::vector<Hdf5Filter> filters;
  std::vector<std::uint8_t> fill;  // one element, where nothing was stored
};

// Of a vector or matrix; throws InputError when its description is damaged.
Hdf5Storage describe_storage(const Hdf5Object& dataset);

struct Hdf5StoredChunk {
  std::vector<std::uint8_t> bytes;
  std::uint32_t skipped = 0;  // filters that were not applied to it
  bool absent = false;        // never written: all elements are the fill value
};

// The chunk whose first element is at (row, column), into `chunk`. Gives what is wrong with it, or nothing.
std::optional<std::string> read_stored_chunk(const Hdf5Object& dataset, std::int64_t row, std::int64_t column,
                                             Hdf5StoredChunk& chunk);

}  // namespace cellverdict
