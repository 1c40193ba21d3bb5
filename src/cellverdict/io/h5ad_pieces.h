#pragma once
// The annotations of an .h5ad file piece by piece, in every encoding that io/h5ad_frame.h reads whole: what a file of any number of
// cells is prepared with. Nothing here holds one value a cell; a chunk of the file is held whole, however large.

#include <cellverdict/io/hdf5_object.h>
#include <cellverdict/table/column_pieces.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace cellverdict {

// How many rows a frame has, from its head alone.
std::int64_t h5ad_frame_rows(const Hdf5Object& frame);

// The names of rows [first, first + count). Rows without names are numbered from 0.
std::function<Names(std::int64_t first, std::int64_t count)> h5ad_names(const Hdf5Object& frame);

// The same for a dataset of texts.
std::function<Names(std::int64_t first, std::int64_t count)> h5_names(Hdf5Object texts);

// One column of a frame; nothing when its encoding is not read. Throws InputError for a damaged one.
std::optional<ColumnPieces> open_h5ad_pieces(const Hdf5Object& frame, const std::string& name, std::int64_t n_rows);

}  // namespace cellverdict
