#include <cellverdict/base/random.h>

#include <algorithm>
#include <numeric>

namespace cellverdict {

namespace {

// FNV-1a, with a terminator so that ("ab", "c") and ("a", "bc") differ.
std::uint64_t absorb(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash ^ 0xff) * 0x100000001b3ULL;
}

}  // namespace

Random::Random(std::uint64_t seed, std::string_view purpose, std::string_view item, std::uint64_t number) {
  std::uint64_t x = absorb(absorb(0xcbf29ce484222325ULL ^ mix_bits(seed), purpose), item);
  x = mix_bits(x) ^ mix_bits(number + 1);
  for (auto& word : state_) word = mix_bits(x += 0x9e3779b97f4a7c15ULL);
}

std::uint64_t Random::below(std::uint64_t bound) {
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>((*this)()) * bound;
  auto low = static_cast<std::uint64_t>(product);
  if (low < bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    while (low < threshold) {
      product = static_cast<Wide>((*this)()) * bound;
      low = static_cast<std::uint64_t>(product);
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

std::vector<std::int64_t> sample_without_replacement(Random& random, std::int64_t n, std::int64_t count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  if (count >= n) return all;
  for (std::int64_t i = 0; i < count; ++i)
    std::swap(all[i], all[i + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n - i)))]);
  all.resize(static_cast<std::size_t>(count));
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace cellverdict
