#pragma once
// Tables of explanations as text.

#include <cellverdict/evaluate/explanation.h>

#include <string>
#include <vector>

namespace cellverdict {

// who: the name of the column that cell_type is written into; empty: left out.
std::string sets_as_tsv(const std::vector<ExplainedSet>& sets, const std::string& who);
std::string types_as_tsv(const std::vector<ExplainedType>& types);
std::string enriched_as_tsv(const std::vector<EnrichedSet>& sets);

}  // namespace cellverdict
