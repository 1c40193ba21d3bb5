#pragma once
// What a part depends on, but for the contents of its source's files: two sources of equal key and equal files leave the same
// shard, records and sums to the byte.

#include <cellverdict/base/digest.h>
#include <cellverdict/prepare/cell_plan.h>

#include <string>
#include <vector>

namespace cellverdict {

struct PartKey {
  std::string request;  // SHA-256 of the options and labels, and of which cells enter and of which unit they are
  std::string genes;    // SHA-256 of the genes of the plan

  std::string name() const;  // of the folder of such a part
};

// The units of a source by their numbers in the plan, in this order: parts count them from 0.
std::vector<std::int32_t> units_of(const PlannedSource& source, std::size_t n_units);

// [sources] The cells must have been drawn.
std::vector<PartKey> make_part_keys(const StoreRequest& request, const CellPlan& plan, FileDigests& digests);

}  // namespace cellverdict
