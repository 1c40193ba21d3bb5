#include <cellverdict/io/pickle_text.h>

#include <charconv>

namespace cellverdict {

namespace {

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18 & 0x07));
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

}  // namespace

std::optional<std::uint32_t> pickle_digits(std::string_view text, int base) {
  std::uint32_t out = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<std::string> unescape_pickle_text(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool is_short = line.substr(i, 2) == "\\u", is_long = line.substr(i, 2) == "\\U";
    if (!is_short && !is_long) {
      append_utf8(out, static_cast<unsigned char>(line[i]));
      continue;
    }
    const std::size_t n = is_short ? 4 : 8;
    if (i + 2 + n > line.size()) return std::nullopt;
    const auto c = pickle_digits(line.substr(i + 2, n), 16);
    if (!c) return std::nullopt;
    append_utf8(out, *c);
    i += 1 + n;
  }
  return out;
}

std::optional<std::string> unquote_pickle_string(std::string_view line) {
  if (line.size() < 2 || line.front() != line.back() || (line.front() != '\'' && line.front() != '"')) return std::nullopt;
  line = line.substr(1, line.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      out += line[i];
      continue;
    }
    if (++i == line.size()) return std::nullopt;
    constexpr std::string_view kLetters = "abfnrtv\\'\"", kMeant = "\a\b\f\n\r\t\v\\'\"";
    if (const auto place = kLetters.find(line[i]); place != std::string_view::npos) {
      out += kMeant[place];
      continue;
    }
    const bool hex = line[i] == 'x';
    const auto c = hex ? pickle_digits(line.substr(i + 1, 2), 16) : pickle_digits(line.substr(i, 3), 8);
    if (!c || *c > 0xFF) return std::nullopt;
    out += static_cast<char>(*c);
    i += 2;
  }
  return out;
}

}  // namespace cellverdict
