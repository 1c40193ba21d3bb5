#include <cellverdict/base/run_context.h>

#include <chrono>

namespace cellverdict {

namespace {
std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
}  // namespace

Stopwatch::Stopwatch() : start_ns_(now_ns()) {}

double Stopwatch::seconds() const {
  return static_cast<double>(now_ns() - start_ns_) * 1e-9;
}

std::string with_commas(std::int64_t n) {
  std::string digits = std::to_string(n);
  const std::size_t first = digits[0] == '-' ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) digits.insert(i -= 3, ",");
  return digits;
}

std::string counted(std::int64_t n, std::string_view noun) {
  std::string text = with_commas(n) + " ";
  text += noun;
  if (n != 1) {
    const bool vowel_before_y = text.size() > 1 && std::string_view("aeiou").find(text[text.size() - 2]) != std::string_view::npos;
    if (text.ends_with("y") && !vowel_before_y) {  // libraries, studies; but days
      text.replace(text.size() - 1, 1, "ies");
    } else if (text.ends_with("ss") || text.ends_with("ch") || text.ends_with("sh") || text.ends_with("x")) {
      text += "es";
    } else {
      text += "s";
    }
  }
  return text;
}

std::string plural_of(std::string_view noun) {
  return counted(2, noun).substr(2);
}

}  // namespace cellverdict
