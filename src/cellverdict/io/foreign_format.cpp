#include <cellverdict/io/foreign_format.h>

#include <cellverdict/base/error.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <string>
#include <string_view>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

struct Foreign {
  std::string_view begins;  // of the file; empty: whatever
  std::string_view named;   // end of its name, in small letters; empty: whatever
  const char *found, *advice;
};

constexpr const char* kFromZarr = "write it as .h5ad: anndata.read_zarr(PATH).write_h5ad(\"data.h5ad\")";
constexpr const char* kFromR =
    "in R write the counts as a 10x folder (DropletUtils::write10xCounts) or as .h5ad (zellkonverter::writeH5AD)";
constexpr const char* kFromPandas = "write it as .h5ad with anndata";
constexpr const char* kPartOfTenx = "name the folder it lies in, or its matrix.mtx";

constexpr std::array kForeign = {
    Foreign{"version https://git-lfs", "", "a Git-LFS pointer in place of the file", "fetch it with `git lfs pull`"},
    Foreign{"PK\x03\x04", ".xlsx", "an Excel workbook", "save the table as .csv"},
    Foreign{"PK\x03\x04", ".zarr.zip", "a zipped Zarr store", kFromZarr},
    Foreign{"PK\x03\x04", "", "a zip archive", "unpack it and name what is in it"},
    Foreign{"", ".rds", "an object of R", kFromR},
    Foreign{"", ".rda", "objects of R", kFromR},
    Foreign{"", ".rdata", "objects of R", kFromR},
    Foreign{"", ".h5seurat", "a Seurat object", kFromR},
    Foreign{"PAR1", "", "a Parquet table", kFromPandas},
    Foreign{"ARROW1", "", "an Arrow table", kFromPandas},
    Foreign{"", ".arrow", "an Arrow table", kFromPandas},
    Foreign{"", ".pkl", "a Python pickle", kFromPandas},
    Foreign{"", ".pickle", "a Python pickle", kFromPandas},
    Foreign{"", ".json", "a JSON file", "name the file with the measurements"},
    Foreign{"%PDF", "", "a PDF", "name the file with the measurements"},
    Foreign{"", "barcodes.tsv", "the cells of a 10x matrix alone", kPartOfTenx},
    Foreign{"", "barcodes.tsv.gz", "the cells of a 10x matrix alone", kPartOfTenx},
    Foreign{"", "features.tsv", "the genes of a 10x matrix alone", kPartOfTenx},
    Foreign{"", "features.tsv.gz", "the genes of a 10x matrix alone", kPartOfTenx},
    Foreign{"", "genes.tsv", "the genes of a 10x matrix alone", kPartOfTenx},
    Foreign{"", "genes.tsv.gz", "the genes of a 10x matrix alone", kPartOfTenx},
};

[[noreturn]] void refuse(const fs::path& path, const char* found, const char* advice) {
  throw InputError({.where = path.string(), .found = found, .expected = "an .h5ad file or a 10x matrix", .advice = advice});
}

}  // namespace

void refuse_foreign(const fs::path& path) {
  if (fs::is_directory(path)) {
    for (const char* mark : {".zgroup", ".zattrs", ".zmetadata", "zarr.json"})
      if (fs::exists(path / mark)) refuse(path, "a Zarr store", kFromZarr);
    return;
  }
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::ifstream stream(path, std::ios::binary);
  std::array<char, 32> bytes{};
  stream.read(bytes.data(), bytes.size());
  const std::string_view head(bytes.data(), static_cast<std::size_t>(stream.gcount()));
  for (const auto& known : kForeign)
    if (head.starts_with(known.begins) && name.ends_with(known.named)) refuse(path, known.found, known.advice);
}

}  // namespace cellverdict
