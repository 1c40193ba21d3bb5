#pragma once
// Inside of the reader of pickles: numbers and texts as protocol 0 writes them, in lines of letters.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cellverdict {

// A number in this base, all of the text; nothing when it is none.
std::optional<std::uint32_t> pickle_digits(std::string_view text, int base);
// Text is latin1 with \uXXXX and \UXXXXXXXX for all else; given as UTF-8.
std::optional<std::string> unescape_pickle_text(std::string_view line);
// A string of Python 2 is its repr: quotes, \x41, \101, \n ….
std::optional<std::string> unquote_pickle_string(std::string_view line);

}  // namespace cellverdict
