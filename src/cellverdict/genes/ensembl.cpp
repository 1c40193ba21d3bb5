#include <cellverdict/genes/ensembl.h>

#include <algorithm>

namespace cellverdict {

namespace {

constexpr std::string_view kOnY = "_PAR_Y";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t digits_from(std::string_view name, std::size_t begin) {
  std::size_t end = begin;
  while (end < name.size() && is_digit(name[end])) ++end;
  return end;
}

// Length of "ENSG00000141510"; 0 where the name does not begin so.
std::size_t stable_part(std::string_view name) {
  constexpr std::size_t kLetters = 3, kFewestDigits = 6;
  if (!name.starts_with("ENS")) return 0;
  std::size_t letters = kLetters;
  while (letters < name.size() && name[letters] >= 'A' && name[letters] <= 'Z') ++letters;
  const std::size_t end = digits_from(name, letters);
  return letters > kLetters && end - letters >= kFewestDigits ? end : 0;
}

// Length of ".17" or ".5_2" at the beginning of what follows the stable part; 0: none.
std::size_t version_part(std::string_view rest) {
  if (!rest.starts_with('.')) return 0;
  std::size_t end = digits_from(rest, 1);
  if (end == 1) return 0;
  if (end < rest.size() && rest[end] == '_')
    if (const std::size_t lifted = digits_from(rest, end + 1); lifted > end + 1) end = lifted;
  return end;
}

}  // namespace

bool looks_like_ensembl(std::string_view name) {
  const std::size_t stable = stable_part(name);
  if (stable == 0) return false;
  const std::string_view rest = name.substr(stable);
  const std::string_view after = rest.substr(version_part(rest));
  return after.empty() || after == kOnY;
}

bool mostly_ensembl(const std::vector<std::string>& names) {
  return 2 * std::count_if(names.begin(), names.end(), looks_like_ensembl) > static_cast<std::ptrdiff_t>(names.size());
}

std::string without_version(std::string_view name) {
  if (!looks_like_ensembl(name)) return std::string(name);
  const std::size_t stable = stable_part(name);
  const std::string_view rest = name.substr(stable);
  return std::string(name.substr(0, stable)) + std::string(rest.substr(version_part(rest)));
}

}  // namespace cellverdict
