#pragma once
// Lets libFuzzer change JSON as JSON: a value somewhere in it becomes another, is doubled or goes, so that most of what is tried
// gets past the parser. Include it in one file of a target.

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t n, std::size_t most);

namespace cellverdict::fuzzing {

using FuzzedJson = nlohmann::ordered_json;

inline void gather(FuzzedJson& json, std::vector<FuzzedJson*>& all) {
  all.push_back(&json);
  if (json.is_structured())
    for (auto& child : json) gather(child, all);
}

inline FuzzedJson odd_value(std::minstd_rand& random) {
  switch (random() % 12) {
    case 0:
      return nullptr;
    case 1:
      return true;
    case 2:
      return -1;
    case 3:
      return INT64_MIN;
    case 4:
      return UINT64_MAX;
    case 5:
      return 1e300;
    case 6:
      return 0.5;
    case 7:
      return "";
    case 8:
      return "text";
    case 9:
      return FuzzedJson::array();
    case 10:
      return FuzzedJson::object();
    default:
      return static_cast<std::int64_t>(random() % 7);
  }
}

inline std::size_t mutate_json(std::uint8_t* bytes, std::size_t n, std::size_t most, unsigned seed) {
  std::minstd_rand random(seed);
  FuzzedJson json = FuzzedJson::parse(bytes, bytes + n, nullptr, false);
  if (json.is_discarded() || random() % 8 == 0) return LLVMFuzzerMutate(bytes, n, most);
  std::vector<FuzzedJson*> all;
  gather(json, all);
  FuzzedJson& chosen = *all[random() % all.size()];
  const unsigned kind = random() % 4;
  if (chosen.is_array() && !chosen.empty() && kind == 0) {
    chosen.push_back(FuzzedJson(chosen[random() % chosen.size()]));
  } else if (chosen.is_array() && !chosen.empty() && kind == 1) {
    chosen.erase(random() % chosen.size());
  } else if (chosen.is_object() && !chosen.empty() && kind == 0) {
    chosen.erase(std::next(chosen.begin(), static_cast<std::ptrdiff_t>(random() % chosen.size())));
  } else if (kind == 2) {
    chosen = FuzzedJson(*all[random() % all.size()]);
  } else {
    chosen = odd_value(random);
  }
  const std::string text = json.dump(-1, ' ', false, FuzzedJson::error_handler_t::replace);
  if (text.size() > most) return LLVMFuzzerMutate(bytes, n, most);
  std::copy(text.begin(), text.end(), bytes);
  return text.size();
}

}  // namespace cellverdict::fuzzing

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t n, std::size_t most, unsigned seed) {
  return cellverdict::fuzzing::mutate_json(bytes, n, most, seed);
}
