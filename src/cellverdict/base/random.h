#pragma once
// Random streams that depend only on the seed and on what they are for, never on how many numbers something else drew:
// Random(seed, "subsample", "GSM8325046") is the same on every machine, thread count and resume.
// SplitMix64 seeding of xoshiro256++ (Blackman & Vigna 2019, https://prng.di.unimi.it).

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cellverdict {

class Random {
 public:
  using result_type = std::uint64_t;

  explicit Random(std::uint64_t seed, std::string_view purpose = {}, std::string_view item = {}, std::uint64_t number = 0);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }

  result_type operator()() {
    const std::uint64_t result = rotate(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  // Uniform in [0, 1), 53 bits.
  double uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }
  // Uniform in [0, bound), unbiased (Lemire 2019). bound > 0.
  std::uint64_t below(std::uint64_t bound);

  // Fisher–Yates.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  static std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  std::array<std::uint64_t, 4> state_;
};

// `count` distinct numbers of [0, n), ascending; all of them when count >= n.
std::vector<std::int64_t> sample_without_replacement(Random& random, std::int64_t n, std::int64_t count);

// SplitMix64's finaliser: a well-mixed 64-bit hash of a 64-bit number.
constexpr std::uint64_t mix_bits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace cellverdict
