#include <cellverdict/base/error.h>

namespace cellverdict {

namespace {

// What stands in a damaged file is quoted as it is, and must neither break the line nor speak to the terminal.
std::string escaped(const std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string sentence(const Complaint& c) {
  std::string text = c.where;
  if (!c.found.empty()) text += (text.empty() ? "found " : ": found ") + c.found;
  if (!c.expected.empty()) text += ", expected " + c.expected;
  if (!c.advice.empty()) text += "; " + c.advice;
  return escaped(text.ends_with('?') ? text : text + ".");
}

}  // namespace

Error::Error(Complaint complaint) : complaint_(std::move(complaint)), message_(sentence(complaint_)) {}

}  // namespace cellverdict
