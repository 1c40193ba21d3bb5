#pragma once
// A part: what a source that was read leaves of itself, so that it need not be read again. Its shard, what was measured of its
// cells, the sums of its units, and a page that says what it was made from. While a store is under way each part is a folder of
// its own beside it, whole or not there; in a finished store its files stand beside the shard:
//
//   store/000_A.part.json   the page
//   store/000_A.cells       48 bytes for each cell judged, of which the shard knows only those that stayed
//   store/000_A.sums        only where a unit is in another source too: otherwise statistics.h5ad has the sums of its units
//
// Nothing in a part depends on the other sources of the study but what its key says. Never taken without a look: damage_of.

#include <cellverdict/prepare/value_state.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

struct PartUnit {
  std::string name;
  std::string sums;  // SHA-256 of Σ x, Σ x² and the numbers of x > 0
};

struct Part {
  std::string request;              // SHA-256 of what was asked of it: options, labels, the cells drawn
  std::string genes;                // SHA-256 of the genes it was brought to
  std::vector<std::string> inputs;  // SHA-256 of its files
  std::string source;               // its name
  std::string path;                 // as its notes name it; empty without notes
  std::vector<PartUnit> units;      // in the order of the study's; records and sums count them from 0
  std::int64_t n_cells = 0;         // records
  std::string cells;                // SHA-256 of the records
  std::int64_t n_rows = 0;          // of the shard; 0: there is none
  std::int64_t shard_bytes = 0;
  ValueState values = ValueState::counts;
  std::vector<std::string> notes;  // of reading it
};
std::string part_to_json(const Part& part);
// Throws InputError naming `where`.
Part part_from_json(const std::string& text, const std::string& where);

// "000_A": how the files of source s of a store begin.
std::string shard_stem(std::size_t s, std::string source);

struct PartFiles {
  std::filesystem::path page, cells, sums, shard;
  std::filesystem::path statistics;  // has the sums where there is no file of them
};
PartFiles files_in_parts(const std::filesystem::path& folder);
PartFiles files_in_store(const std::filesystem::path& store, const std::string& stem);

struct FoundPart {
  Part part;
  PartFiles files;
};

// The sums of the units of a part, one unit in memory at a time.
class PartSums {
 public:
  // Throws InputError for files that are not there or of another shape.
  PartSums(const FoundPart& found, std::int64_t n_genes);
  ~PartSums();
  PartSums(const PartSums&) = delete;
  PartSums& operator=(const PartSums&) = delete;

  // [3, genes] of its unit.
  const std::vector<double>& of(std::size_t unit);
  static std::string digest(const std::vector<double>& sums);

 private:
  struct Statistics;
  const FoundPart& found_;
  std::int64_t n_genes_;
  std::vector<double> sums_;
  std::unique_ptr<Statistics> statistics_;
};

// What is wrong with the files of a part; empty when nothing is. Reads all but the shard, of which the size must be right.
std::string damage_of(const FoundPart& found, std::int64_t n_genes);

// Another name for the file, a copy where the file system has no two names for one file. Throws InputError.
void give_another_name(const std::filesystem::path& file, const std::filesystem::path& name);

}  // namespace cellverdict
