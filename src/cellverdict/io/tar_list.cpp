#include <cellverdict/io/tar_list.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <fstream>
#include <memory>
#include <string_view>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostMembers = 1'000'000;

[[noreturn]] void refuse(const fs::path& file, std::string found, std::string expected, std::string advice = {}) {
  throw InputError({file.string(), std::move(found), std::move(expected), std::move(advice)});
}

std::string reason_of(archive* reader) {
  const char* reason = archive_error_string(reader);
  return reason != nullptr ? reason : "damage";
}

// "a/b" of "./a/b"; archives made with `tar cf x.tar .` have such names.
std::string plain_name(std::string name) {
  while (name.starts_with("./")) name.erase(0, 2);
  return name;
}

}  // namespace

bool is_tar(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::array<char, 512> head{};
  stream.read(head.data(), head.size());
  return stream.gcount() == static_cast<std::streamsize>(head.size()) && std::string_view(head.data() + 257, 5) == "ustar";
}

FileList list_tar(const fs::path& file) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), &archive_read_free);
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_filename(reader.get(), file.c_str(), 64 << 10) != ARCHIVE_OK)
    refuse(file, reason_of(reader.get()), "a tar archive");
  const auto n_bytes = static_cast<std::int64_t>(fs::file_size(file));
  FileList list{file, {}};
  for (archive_entry* entry = nullptr;;) {
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    const std::string after = list.files.empty() ? "" : " after " + counted(static_cast<std::int64_t>(list.files.size()), "member");
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
      refuse(file, "a damaged archive" + after + " (" + reason_of(reader.get()) + ")", "a tar archive",
             "copy or download it again");
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr ||
        archive_entry_sparse_count(entry) > 0)
      continue;
    const std::int64_t offset = archive_filter_bytes(reader.get(), 0), size = archive_entry_size(entry);
    if (offset < 0 || size < 0 || offset > n_bytes || size > n_bytes - offset)
      refuse(file,
             "member " + std::string(name) + " of " + with_commas(size) + " bytes where the file ends after " +
                 with_commas(n_bytes - offset),
             "a whole archive", "copy or download it again");
    if (list.files.size() == kMostMembers) refuse(file, "more than " + with_commas(kMostMembers) + " members", "a series of GEO");
    const std::string plain = plain_name(name);
    // A name given twice: the last one counts, as for `tar x`.
    list.files.insert_or_assign(plain, InputBytes(file / plain, file, offset, size));
  }
  if (list.files.empty()) refuse(file, "an archive without files", "the files of a series");
  return list;
}

}  // namespace cellverdict
