#pragma once
// stages.json of a variant's folder: which stage was made from what.

#include <filesystem>
#include <string>

namespace cellverdict {

// "" when there is none.
std::string read_stage_key(const std::filesystem::path& folder, const std::string& stage);
void write_stage_key(const std::filesystem::path& folder, const std::string& stage, const std::string& key);

}  // namespace cellverdict
