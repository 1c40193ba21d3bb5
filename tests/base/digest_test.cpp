#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <doctest/doctest.h>

#include <string>

#include "base/scratch_folder.h"

using namespace cellverdict;

TEST_CASE("SHA-256 gives the digests of FIPS 180-2") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a file has the digest of its bytes, however many blocks it takes") {
  const ScratchFolder folder;
  for (const std::size_t n : {std::size_t{0}, std::size_t{1} << 20, (std::size_t{2} << 20) + 17}) {
    std::string bytes(n, '\0');
    for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<char>(i * 31 % 251);
    write_file(folder / "file", bytes);
    CHECK(sha256_of_file(folder / "file") == sha256(bytes));
  }
}

TEST_CASE("what cannot be read has no digest") {
  const ScratchFolder folder;
  CHECK_THROWS_AS(sha256_of_file(folder / "missing"), InputError);
  CHECK_THROWS_AS(sha256_of_file(folder / "."), InputError);
}
