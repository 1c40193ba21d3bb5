#include <cellverdict/io/hdf5_filters.h>

#include <doctest/doctest.h>

#include <random>

using namespace cellverdict;

TEST_CASE("no bytes lead the unpacker out of its bounds") {
  using Kind = Hdf5Filter::Kind;
  std::mt19937 random(5);
  Hdf5Unpacker unpacker;
  const std::vector<Hdf5Filter> all = {{Kind::deflate},    {Kind::lzf},        {Kind::fletcher32},   {Kind::shuffle, 4},
                                       {Kind::shuffle, 3}, {Kind::shuffle, 0}, {Kind::shuffle, 1000}};
  int refused = 0, taken = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<Hdf5Filter> filters;
    for (auto n = random() % 5; n > 0; --n) filters.push_back(all[random() % all.size()]);
    if (!Hdf5Unpacker::can_unpack(filters)) continue;
    std::vector<std::uint8_t> packed(random() % 64), out(random() % 64);
    for (auto& byte : packed) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : random() % 8);
    (unpacker.unpack(filters, random() % 8 == 0 ? static_cast<std::uint32_t>(random()) : 0, packed, out) ? refused : taken) += 1;
  }
  CHECK(refused > 1000);
  CHECK(taken > 10);  // a chunk of the right size whose filters were all skipped, or that was shuffled alone
}
