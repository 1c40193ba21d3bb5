#pragma once
// "Did you mean …": the candidate a misspelt name most likely stands for.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cellverdict {

// The candidate with the smallest edit distance, if it is near enough to be a misspelling of `name`.
std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates);

// "did you mean 'donor_id'? known: a, b, c, … (12 in all)"; for the advice of an error.
std::string suggestion(std::string_view name, std::span<const std::string> candidates);

// "a, b, c, … (12 in all)": at most `most` names.
std::string listed(std::span<const std::string> names, std::size_t most = 8);

}  // namespace cellverdict
