#include <cellverdict/io/utf8.h>

#include <fmt/format.h>

namespace cellverdict {

namespace {

unsigned char byte_at(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
}

bool continues(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

// Length of the character that begins at `i`; 0 when none does. Table 3-7 of the Unicode standard: no overlong forms, no halves of
// surrogate pairs, nothing above U+10FFFF.
std::size_t character_length(std::string_view text, std::size_t i) {
  const unsigned char first = byte_at(text, i), second = byte_at(text, i + 1);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !continues(second)) return 0;
  if (first < 0xE0) return 2;
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || !continues(byte_at(text, i + 2))) return 0;
  if (first < 0xF0) return 3;
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F) || !continues(byte_at(text, i + 3))) return 0;
  return 4;
}

}  // namespace

std::optional<std::size_t> first_foreign_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text, i);
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

std::string foreign_text(std::string_view text, std::size_t place) {
  // The word around it, in plain letters: the message itself must be readable.
  constexpr std::string_view kEnds = " \t\r\n,;\"";
  constexpr std::size_t kMost = 20;
  std::size_t begin = place, end = place + 1;
  while (begin > 0 && place - begin < kMost && kEnds.find(text[begin - 1]) == std::string_view::npos) --begin;
  while (end < text.size() && end - place < kMost && kEnds.find(text[end]) == std::string_view::npos) ++end;
  std::string word(text.substr(begin, end - begin));
  for (char& c : word)
    if (c < ' ' || c > '~') c = '?';
  return fmt::format("text that is not UTF-8 ('{}', byte 0x{:02X})", word, byte_at(text, place));
}

}  // namespace cellverdict
