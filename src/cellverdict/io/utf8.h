#pragma once
// Text that comes in must be UTF-8: names and labels go out again as JSON, h5ad and HTML, which hold nothing else. Every reader of
// text asks here. Must never: guess an encoding and convert, which would make two donors of one or one of two.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cellverdict {

// Where the first byte stands that is not UTF-8; nothing when all of it is.
std::optional<std::size_t> first_foreign_byte(std::string_view text);

// "text that is not UTF-8 ('M?ller', byte 0xFC)": for an error about the byte at `place`.
std::string foreign_text(std::string_view text, std::size_t place);

}  // namespace cellverdict
