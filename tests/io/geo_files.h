#pragma once
// Small files of GEO written by the tests, and what pandas and GEOparse read of files.

#include <cellverdict/base/digest.h>
#include <cellverdict/io/geo_series.h>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "temp_folder.h"

namespace cellverdict::testing {

// Two samples, three probes.
inline std::string small_series() {
  return "!Series_title\t\"A small study\"\n!Series_geo_accession\t\"GSE1\"\n!Series_submission_date\t\"Jul 05 2013\"\n"
         "!Series_last_update_date\t\"Jul 26 2018\"\n!Series_type\t\"Expression profiling by "
         "array\"\n!Series_platform_id\t\"GPL96\"\n"
         "\n"
         "!Sample_title\t\"one\"\t\"two\"\n!Sample_geo_accession\t\"GSM1\"\t\"GSM2\"\n"
         "!Sample_source_name_ch1\t\"blood\"\t\"marrow\"\n"
         "!Sample_characteristics_ch1\t\"disease: AML\"\t\"age: 007\"\n!Sample_characteristics_ch1\t\"age: 61\"\t\"karyotype: "
         "46,XX: x\"\n"
         "!Sample_platform_id\t\"GPL96\"\t\"GPL96\"\n"
         "!series_matrix_table_begin\n\"ID_REF\"\t\"GSM1\"\t\"GSM2\"\n"
         "\"1007_s_at\"\t5.25\t-1\n1053_at\t\t1e-3\n117_at\t0\t.5\n!series_matrix_table_end\n";
}

inline std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

inline std::string text_digest(const std::vector<std::string>& texts) {
  std::string all;
  for (std::size_t i = 0; i < texts.size(); ++i) all += (i > 0 ? "\n" : "") + texts[i];
  return sha256(all);
}

// The bits of the values, all NaN alike.
inline std::string values_digest(std::span<const float> values) {
  std::string bytes;
  for (const float x : values) {
    const std::uint32_t bits = std::isnan(x) ? 0x7FC00000U : std::bit_cast<std::uint32_t>(x);
    bytes.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
  }
  return sha256(bytes);
}

// What tests/io/geo_truth.py says of files; nothing when a library is not there.
inline std::optional<nlohmann::json> geo_truth(const std::string& mode, const std::vector<std::filesystem::path>& files) {
  const TempFolder folder;
  std::string arguments = mode;
  for (const auto& file : files) arguments += " '" + file.string() + "'";
  const auto status = run_script("geo_truth.py", arguments + " > '" + (folder / "truth.json").string() + "'");
  if (!status) return std::nullopt;
  if (*status == 3 << 8) {
    std::cout << "skipped: no pandas or no GEOparse\n";
    return std::nullopt;
  }
  REQUIRE(*status == 0);
  std::ifstream stream(folder / "truth.json");
  return nlohmann::json::parse(stream);
}

// Of a matrix that was read.
inline void check_values(const GeoSeries& series, const nlohmann::json& truth) {
  CHECK(series.matrix.n_probes == truth.at("n_probes").get<std::int64_t>());
  CHECK(text_digest(series.probes.texts()) == truth.at("probes").get<std::string>());
  CHECK(series.matrix.n_missing == truth.at("n_missing").get<std::int64_t>());
  REQUIRE(series.outline.samples.n_rows() == std::ssize(truth.at("samples")));
  for (std::int64_t s = 0; s < series.matrix.n_samples; ++s) {
    INFO(series.outline.samples.index.text(s));
    CHECK(values_digest(series.matrix.row(s)) == truth.at("samples").at(series.outline.samples.index.text(s)).get<std::string>());
  }
}

}  // namespace cellverdict::testing
