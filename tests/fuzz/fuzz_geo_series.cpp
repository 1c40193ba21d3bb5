// Series matrices: what is read has a row a sample and a column a probe, and as a source gives no zero and nothing missing.

#include <cellverdict/io/geo_source.h>

#include <cmath>

#include "line_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const MemoryFile file(bytes, n);
  geo_kind_of(file.path());  // throws nothing
  allow_refusal([&] { read_geo_series_outline(file.path()); });
  allow_refusal([&] {
    const GeoSeries series = read_geo_series(file.path());
    require(series.matrix.n_samples == series.outline.samples.n_rows());
    require(series.matrix.n_probes == static_cast<std::int64_t>(series.probes.size()));
    std::int64_t n_missing = 0;
    for (std::int64_t s = 0; s < series.matrix.n_samples; ++s)
      for (const float x : series.matrix.row(s)) n_missing += std::isnan(x) ? 1 : 0;
    require(n_missing == series.matrix.n_missing);
  });
  if (geo_kind_of(file.path()) != GeoKind::series_matrix) return 0;
  return allow_refusal([&] {
    const auto source = open_geo(file.path(), {});
    for (CsrBlock block; source->read_block(3, block);)
      for (std::size_t k = 0; k < block.indices.size(); ++k)
        require(block.indices[k] < source->head().genes.size() && block.values[k] != 0 && std::isfinite(block.values[k]));
  });
}
