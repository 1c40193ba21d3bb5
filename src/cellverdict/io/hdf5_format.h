#pragma once
// Which of the formats built on HDF5 a file is, by what is in it and not by its name.

#include <cellverdict/io/hdf5_object.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

enum class Hdf5Format { h5ad, tenx_v3, tenx_v2, loom, other };

// True when the file begins like HDF5, whatever is in it.
bool is_hdf5(const std::filesystem::path& file);

Hdf5Format hdf5_format(const Hdf5Object& root);
// The groups of a version 2 matrix file, one for each genome.
std::vector<std::string> tenx_v2_genomes(const Hdf5Object& root);

// For what is none of these: says what is in it.
[[noreturn]] void refuse_hdf5(const Hdf5Object& root);

}  // namespace cellverdict
