#pragma once
// The members of a tar archive (GEO's GSE…_RAW.tar) and where their bytes lie in it. Nothing is unpacked: a member of an archive
// that is not compressed lies in one piece, and is read there. Must never: write anything under a name that the archive gives, or
// trust a size that the file does not have.

#include <cellverdict/io/tenx_files.h>

#include <filesystem>

namespace cellverdict {

// True when the first block of the file is a tar header.
bool is_tar(const std::filesystem::path& file);

// The regular files of the archive. Throws InputError for a damaged or truncated archive and for one with too many members.
FileList list_tar(const std::filesystem::path& file);

}  // namespace cellverdict
