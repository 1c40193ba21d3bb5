#pragma once
// Pass 1 of preparation, source by source: each is taken over from a part that is there, or read and left as one, and its files get
// a name in the store under way. The order of the sources is that of the study, so that sums are added in one order whatever was
// taken over: the store has the same bytes either way.

#include <cellverdict/prepare/part.h>
#include <cellverdict/prepare/part_key.h>
#include <cellverdict/prepare/read_cells.h>
#include <cellverdict/prepare/unit_sums.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct PartWriting {
  const CellReading& how;
  const StorePlace& place;
  FileDigests& digests;
  std::function<LabelledSource(std::size_t source)> open;
  std::filesystem::path folder;  // of the store under way
};

class PartWriter {
 public:
  // Looks for parts beside the store and in earlier ones; those that cannot be read are warned of.
  explicit PartWriter(const PartWriting& what);

  struct Done {
    ValueState values;
    std::int64_t n_rows;
  };
  // The next source: its cells behind `records`, its sums added to `sums`, its notes said.
  Done add(CellRecords& records, UnitSums& sums);

  // After the last source, says how many were taken over, if there was anything to take.
  void say() const;

 private:
  void find();
  std::optional<FoundPart> take(std::size_t s);
  FoundPart make(std::size_t s);
  Part fill(std::size_t s, const PartFiles& files);
  std::vector<std::string> inputs_of(std::size_t s);
  void put_into_store(std::size_t s, const FoundPart& found);

  PartWriting what_;
  std::vector<PartKey> keys_;                     // [sources]
  std::vector<std::vector<std::int32_t>> units_;  // [sources] numbers in the plan
  std::vector<bool> is_shared_;                   // [units of the plan] by several sources
  std::vector<FoundPart> found_;
  std::int64_t head_bytes_;
  std::size_t next_ = 0, n_taken_ = 0;
};

// Takes away what lies in `parts`, and what killed processes left there; what another process is writing stays.
void remove_parts(const std::filesystem::path& parts);

}  // namespace cellverdict
