#include <cellverdict/io/hdf5_lzf.h>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace cellverdict;

namespace {

// What `packed` unpacks to in `room` bytes; "refused" when it is damaged.
std::string unpacked(const std::vector<std::uint8_t>& packed, std::size_t room) {
  std::vector<std::uint8_t> out(room);
  const std::int64_t n = unpack_lzf(packed, out);
  return n < 0 ? "refused" : std::string(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n));
}

}  // namespace

TEST_CASE("runs and copies unpack, also a copy that overlaps itself") {
  CHECK(unpacked({2, 'a', 'b', 'c'}, 3) == "abc");
  CHECK(unpacked({2, 'a', 'b', 'c', 1 << 5, 2}, 6) == "abcabc");
  CHECK(unpacked({0, 'x', 7 << 5, 1, 0}, 20) == std::string(11, 'x'));
}

TEST_CASE("a damaged chunk is refused and never leaves its bounds") {
  CHECK(unpacked({2, 'a', 'b'}, 9) == "refused");             // a run beyond the input
  CHECK(unpacked({2, 'a', 'b', 'c'}, 2) == "refused");        // beyond the output
  CHECK(unpacked({0, 'a', 1 << 5, 1}, 9) == "refused");       // a copy from before the beginning
  CHECK(unpacked({0, 'a', 1 << 5}, 9) == "refused");          // a copy without a distance
  CHECK(unpacked({0, 'a', 7 << 5}, 9) == "refused");          // a long copy without its length
  CHECK(unpacked({0, 'a', 7 << 5, 255, 0}, 9) == "refused");  // a copy beyond the output
}
