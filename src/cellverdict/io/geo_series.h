#pragma once
// Reads the series matrix of a study as GEO gives it: a header of the study, a header of its samples with one column each, and the
// table of values, probes × samples. Plain or gzip, fields quoted or not, LF or CRLF. The values are what the submitter made of
// them; nothing is done to them here. Source: NCBI GEO, "SOFT submission instructions" and the series matrix files themselves.
// Must never: take a cut file for a whole one; guess the type of a label.

#include <cellverdict/io/geo_study.h>
#include <cellverdict/io/geo_values.h>

#include <filesystem>

namespace cellverdict {

struct GeoSeries {
  GeoOutline outline;
  Names probes;        // [n_probes]
  ProbeMatrix matrix;  // [samples, n_probes]; rows in the order of outline.samples
};

// Throws InputError naming file and line: a truncated gzip, a table that is cut, a ragged line, a value that is no number, a sample
// or probe twice, a series without a table of values (RNA-seq, most of the time).
GeoSeries read_geo_series(const std::filesystem::path& path, int threads = 1);

// The headers alone. A series without a table is no error here.
GeoOutline read_geo_series_outline(const std::filesystem::path& path);

// The sentence for a series without values.
[[noreturn]] void refuse_without_values(const std::filesystem::path& path, const GeoOutline& outline);
// Throws InputError for a probe twice.
void check_probes(const std::filesystem::path& path, const Names& probes);

}  // namespace cellverdict
