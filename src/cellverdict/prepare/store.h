#pragma once
// The store: raw counts of the cells that passed quality control, every gene of the cohort, one .h5ad shard per source (rows
// in the order of the file; opens in scanpy), the sums that every fold's statistics are made from, and an index. Pass 1 of
// preparation writes it, pass 2 reads it in place. Never in it: scaled values, or anything fitted.
//
//   store/000_GSM8325046.h5ad …   counts
//   store/statistics.h5ad         units × genes: X = Σ x, layers sum_squares and n_positive; obs n_cells
//   store/store.json              the key, the cohort's flow, the shards in order, notes
//   store/000_GSM8325046.cells …  what a store of more or fewer sources takes over; see part.h

#include <cellverdict/base/digest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/prepare/options.h>
#include <cellverdict/prepare/sources.h>
#include <cellverdict/prepare/value_state.h>
#include <cellverdict/split/cohort.h>
#include <cellverdict/table/quality_summary.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct StoreRequest {
  DataOptions data;
  PrepareOptions prepare;
  std::filesystem::path base;  // relative paths of [data] start here
};

struct StoreFlow {  // cells of each unit left after each step
  std::vector<std::string> units;
  std::vector<std::string> stages;
  std::vector<std::vector<std::int64_t>> n_cells;  // [stages][units]
};

struct StoreIndex {
  std::string key;                         // of everything the store depends on
  std::string normalisation;               // of the sums
  ValueState values = ValueState::counts;  // of the files, alike in all
  std::vector<std::string> shards;
  StoreFlow flow;
  QualitySummary quality;                                   // of the cells judged, and of those that passed; may have no units
  std::vector<std::string> notes;                           // what was dropped or assumed
  std::vector<std::pair<std::string, std::string>> inputs;  // path → SHA-256
};

struct StoreKey {
  std::string key;                                          // of the request, the seed and the contents of all input files
  std::vector<std::pair<std::string, std::string>> inputs;  // path → SHA-256
};
// Every file that is read; opens each source.
std::vector<std::filesystem::path> input_files(const RunContext& context, const StoreRequest& request);
// `files`: the input_files of the request.
StoreKey make_store_key(const RunContext& context, const StoreRequest& request, const std::vector<std::filesystem::path>& files,
                        FileDigests& digests);

struct StorePlace {
  std::filesystem::path folder;                // becomes the store
  std::filesystem::path parts;                 // sources that are done while others are not: kept by a failure, empty in the end
  std::vector<std::filesystem::path> earlier;  // stores to take sources over from
};

// Reads the counts of every source once and writes the store (whole or not at all). A source that an interrupted writing was done
// with, or an earlier store has, is not read again: the bytes are those of writing all from nothing. (With [prepare] mads, or
// draw = "after", where a cell stays depends on all the others: then all are read.) Memory: some blocks of rows, however
// many cells there are; all else waits in scratch files beside `folder`. Sources that are neither .h5ad nor 10x HDF5 hold the names
// of their cells and a few bytes for each.
// Throws InputError (damaged, changed while it was read) and DataError (no cell left, no shared gene, values that are no counts).
// Digests that are not known yet are made meanwhile.
StoreIndex write_store(const RunContext& context, const StoreRequest& request, const StorePlace& place, FileDigests& digests);
// With its parts in "FOLDER.parts", and taking over from the store that is there.
StoreIndex write_store(const RunContext& context, const StoreRequest& request, const std::filesystem::path& folder);

// Whether the folder has a store, and one whose index was written by a version with another format: it can only be made anew.
bool is_of_other_format(const std::filesystem::path& folder);

// Only the index; throws InputError when there is none.
StoreIndex read_store_index(const std::filesystem::path& folder);

// Maps the shards. `request` gives the roles of the columns.
Cohort read_store(const std::filesystem::path& folder, const DataOptions& data);

}  // namespace cellverdict
