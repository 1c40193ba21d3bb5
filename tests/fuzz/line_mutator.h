#pragma once
// Lets libFuzzer change text as lines of fields: a field becomes another or something odd, is doubled or goes, and so does a line,
// so that most of what is tried still looks like a table or an experiment. Include it in one file of a target.

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t n, std::size_t most);

namespace cellverdict::fuzzing {

// Pieces of `text` between separators, each with the separator behind it.
inline std::vector<std::string> pieces_of(std::string_view text, std::string_view separators) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size() - 1) + 1;
    pieces.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return pieces;
}

// One of them is replaced by another, doubled, moved or dropped.
inline void shuffle_pieces(std::vector<std::string>& pieces, std::minstd_rand& random) {
  const auto any = [&] { return pieces.begin() + static_cast<std::ptrdiff_t>(random() % pieces.size()); };
  switch (random() % 4) {
    case 0:
      *any() = std::string(*any());
      break;
    case 1:
      pieces.insert(any(), std::string(*any()));
      break;
    case 2:
      std::iter_swap(any(), any());
      break;
    default:
      pieces.erase(any());
  }
}

inline std::string odd_field(std::minstd_rand& random) {
  static constexpr std::array<std::string_view, 24> kOdd = {
      "",         "0",        "-1",   "1e400",      "nan", "NA",   "0x7f", "9223372036854775808",
      "1.5",      "\"",       "\"\"", "\"a\"\"b\"", "'x'", "path", "gene", "gene_name",
      "ENSG0001", "\xc3\xa4", "\xff", "\r",         "#",   "[",    "]",    "true"};
  return std::string(kOdd[random() % kOdd.size()]);
}

inline std::size_t mutate_lines(std::uint8_t* bytes, std::size_t n, std::size_t most, unsigned seed) {
  std::minstd_rand random(seed);
  if (n == 0 || random() % 4 == 0) return LLVMFuzzerMutate(bytes, n, most);
  std::vector<std::string> lines = pieces_of({reinterpret_cast<const char*>(bytes), n}, "\n");
  if (random() % 3 == 0) {
    shuffle_pieces(lines, random);
  } else {
    std::string& line = lines[random() % lines.size()];
    std::vector<std::string> fields = pieces_of(line, "\t,; =\n");
    if (random() % 2 == 0) {
      shuffle_pieces(fields, random);
    } else {
      std::string& field = fields[random() % fields.size()];
      field = odd_field(random) + field.back();
    }
    line.clear();
    for (const auto& field : fields) line += field;
  }
  std::string text;
  for (const auto& line : lines) text += line;
  if (text.empty() || text.size() > most) return LLVMFuzzerMutate(bytes, n, most);
  std::copy(text.begin(), text.end(), bytes);
  return text.size();
}

}  // namespace cellverdict::fuzzing

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t n, std::size_t most, unsigned seed) {
  return cellverdict::fuzzing::mutate_lines(bytes, n, most, seed);
}
