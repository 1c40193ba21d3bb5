#include <cellverdict/io/hdf5_format.h>

#include <cellverdict/base/nearest.h>

#include <algorithm>
#include <fstream>
#include <string_view>

namespace cellverdict {

namespace {

bool is_group(const Hdf5Object& parent, const std::string& child) {
  return parent.has(child) && parent.open(child).is_group();
}

}  // namespace

bool is_hdf5(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  char head[8] = {};
  stream.read(head, sizeof(head));
  return stream.gcount() == sizeof(head) && std::string_view(head, sizeof(head)) == "\x89HDF\r\n\x1a\n";
}

std::vector<std::string> tenx_v2_genomes(const Hdf5Object& root) {
  std::vector<std::string> out = root.children();
  std::erase_if(out, [&](const std::string& name) {
    if (!is_group(root, name)) return true;
    const Hdf5Object group = root.open(name);
    return !group.has("barcodes") || !group.has("genes") || !group.has("indptr");
  });
  return out;
}

Hdf5Format hdf5_format(const Hdf5Object& root) {
  if (root.has_attribute("encoding-type")) return Hdf5Format::h5ad;  // also other kinds that its reader names
  if (root.has("matrix") && root.has("row_attrs") && root.has("col_attrs")) return Hdf5Format::loom;
  if (is_group(root, "matrix")) {
    const Hdf5Object matrix = root.open("matrix");
    if (matrix.has("features") || matrix.has("barcodes")) return Hdf5Format::tenx_v3;
  }
  if (root.has("X") || root.has("obs") || root.has("var")) return Hdf5Format::h5ad;
  return tenx_v2_genomes(root).empty() ? Hdf5Format::other : Hdf5Format::tenx_v2;
}

void refuse_hdf5(const Hdf5Object& root) {
  const auto names = root.children();
  root.refuse(names.empty() ? "an empty HDF5 file" : "an HDF5 file with " + listed(names),
              "an .h5ad file (obs, var, X) or a 10x Genomics matrix (matrix, or a group for each genome)");
}

}  // namespace cellverdict
