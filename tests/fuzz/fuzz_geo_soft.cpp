// SOFT files: families, data sets, samples and annotations of platforms.

#include <cellverdict/io/geo_platform.h>
#include <cellverdict/io/geo_soft.h>

#include "line_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const MemoryFile file(bytes, n);
  allow_refusal([&] {
    SoftReader reader(file.path());
    for (SoftEntity entity; reader.next(entity);)
      for (std::size_t c = 0; c < entity.table.columns.size(); ++c)
        require(static_cast<std::int64_t>(entity.table.texts(c).size()) == entity.table.n_rows());
  });
  allow_refusal([&] { read_geo_soft_outline(file.path()); });
  allow_refusal([&] {
    const GeoPlatform platform = read_geo_platform(file.path());
    for (const auto* genes : {&platform.symbols, &platform.entrez, &platform.ensembl})
      if (*genes)
        require((*genes)->starts.size() == platform.probes.size() + 1 &&
                (*genes)->starts.back() == std::ssize((*genes)->genes.texts()));
  });
  return allow_refusal([&] {
    const GeoSeries series = read_geo_soft(file.path());
    require(series.matrix.n_samples == series.outline.samples.n_rows());
    require(series.matrix.n_probes == static_cast<std::int64_t>(series.probes.size()));
  });
}
