// Tar archives: members lie inside the file, and whatever they hold is read or refused. The bytes are taken as members, whose
// headers are made around them, or as they are when the first is odd.

#include <cellverdict/io/tar_list.h>
#include <cellverdict/io/tenx_mex.h>
#include <cellverdict/io/text_lines.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

namespace {

// Gives every 512 bytes that begin like a header a checksum that holds, so that the fuzzer gets past it.
void mend_checksums(std::string& tar) {
  for (std::size_t at = 0; at + 512 <= tar.size(); at += 512) {
    if (std::memcmp(tar.data() + at + 257, "ustar", 5) != 0) continue;
    tar.replace(at + 148, 8, "        ");
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[at + i]);
    char text[8];
    std::snprintf(text, sizeof(text), "%06o", sum);
    tar.replace(at + 148, 7, text, 7);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  std::string tar(reinterpret_cast<const char*>(bytes), n);
  mend_checksums(tar);
  const MemoryFile file(reinterpret_cast<const std::uint8_t*>(tar.data()), tar.size());
  return allow_refusal([&] {
    const FileList list = list_tar(file.path());
    for (const auto& member : list.files) {
      const InputBytes& input = member.second;
      require(input.offset >= 0 && input.length >= 0);
      require(input.offset + input.length <= static_cast<std::int64_t>(tar.size()));
      allow_refusal([&] {
        TextLines lines(input);
        for (std::string_view line; lines.next(line);) {
        }
      });
    }
    for (const auto& library : tenx_libraries(list)) {
      if (library.hdf5) continue;
      allow_refusal([&] {
        const auto files = find_tenx_mex(list, library.address);
        require(files.has_value());
        const auto source = open_tenx_mex(*files, 1000);
        CsrBlock block;
        std::int64_t n_rows = 0;
        while (n_rows < 1000 && source->read_block(7, block)) n_rows += block.n_rows();
        require(n_rows == std::min<std::int64_t>(source->head().n_cells, n_rows));
      });
    }
  });
}
