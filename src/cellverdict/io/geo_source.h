#pragma once
// A study of GEO as a source like any other: an observation is a sample, a gene is a probe, the values are as they are. Opened by
// io/open_source, which knows such files by their first bytes.
// Must never: give a missing value as zero. A probe that lacks a value in some sample is left out, counted and said.

#include <cellverdict/io/geo_soft.h>
#include <cellverdict/io/open_options.h>
#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <memory>

namespace cellverdict {

// A series matrix, or SOFT with values of samples. `options.layer` chooses among the platforms of a SOFT family. Holds the matrix
// whole, whatever the memory. Throws InputError for what the readers refuse, and where no probe has a value in every sample.
std::unique_ptr<CellSource> open_geo(const std::filesystem::path& path, const OpenOptions& options);

// Its study and samples, without the values. Throws InputError for a file that is no series matrix and no SOFT with samples.
GeoOutline read_geo_outline(const std::filesystem::path& path);

// Writes the samples as a CSV, a line each: geo_accession first, then their columns. Whole or not at all.
void write_geo_samples(const GeoOutline& outline, const std::filesystem::path& file);

}  // namespace cellverdict
