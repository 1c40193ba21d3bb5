#pragma once
// Explanations of several models or classes held against each other: pairs, genes that several agree on, one page over all.

#include <cellverdict/run/explain.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

// folders: [results] below `out`, where explain.html, agreement.tsv, consensus.tsv, sets.tsv and explain.json go. Fills the
// summary's pairs.
void write_overview(const RunContext& context, const ExplainRequest& request, const std::string& unit_noun,
                    const std::vector<std::filesystem::path>& folders, const std::filesystem::path& out, ExplainSummary& summary);

}  // namespace cellverdict
