#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/file_write.h>
#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "scratch_folder.h"

using namespace cellverdict;

TEST_CASE("bytes are written at their place, and a failure leaves the reason") {
  const ScratchFolder folder;
  const auto path = folder / "a";
  write_file(path, "0123456789");
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  CHECK(write_all_at(file, 3, "abc", 3));
  CHECK(write_all_at(file, 0, nullptr, 0));
  ::close(file);
  CHECK(read_file(path) == "012abc6789");
  const int closed = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  CHECK_FALSE(write_all_at(closed, 0, "x", 1));
  CHECK(errno == EBADF);
  ::close(closed);
  errno = ENOSPC;
  CHECK_THROWS_WITH_AS(refuse_unwritten("out/a"),
                       "out/a: found No space left on device, expected to write it; free space or choose another folder.",
                       InputError);
}
