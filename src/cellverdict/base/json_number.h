#pragma once
// Whole numbers out of JSON. The library itself cuts a fraction off, wraps what is too large, and leaves what happens to 1e300
// undefined; here these are refused, with the library's own exception for a wrong type, which every reader of a file turns into
// its sentence. Knows no header of the library: `Json` is whichever of its types the reader uses.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace cellverdict {

template <class T, class Json>
T whole_number(const Json& json, T least = std::numeric_limits<T>::min()) {
  const bool small = json.is_number_unsigned() ? json.template get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)
                                               : json.is_number_integer();
  const std::int64_t value = small ? json.template get<std::int64_t>() : 0;
  if (!small || value < least || value > std::numeric_limits<T>::max())
    throw Json::type_error::create(302, "type must be a whole number in range, but is " + json.dump().substr(0, 40), &json);
  return static_cast<T>(value);
}

template <class T, class Json>
std::vector<T> whole_numbers(const Json& json, T least = std::numeric_limits<T>::min()) {
  if (!json.is_array())
    throw Json::type_error::create(302, std::string("type must be a list of whole numbers, but is ") + json.type_name(), &json);
  std::vector<T> out;
  for (const auto& item : json) out.push_back(whole_number<T>(item, least));
  return out;
}

}  // namespace cellverdict
