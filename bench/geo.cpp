// Reads a file of GEO and says what was read: called by geo.py beside pandas and GEOparse.

#include <cellverdict/io/geo_soft.h>

#include <cmath>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "bench_geo series|soft FILE THREADS\n";
    return 2;
  }
  try {
    const cellverdict::GeoSeries series = std::string(argv[1]) == "soft"
                                              ? cellverdict::read_geo_soft(argv[2])
                                              : cellverdict::read_geo_series(argv[2], std::atoi(argv[3]));
    double sum = 0;
    for (std::int64_t s = 0; s < series.matrix.n_samples; ++s)
      for (const float x : series.matrix.row(s)) sum += std::isnan(x) ? 0 : x;
    std::cout.precision(12);
    std::cout << series.matrix.n_samples << ' ' << series.matrix.n_probes << ' ' << series.matrix.n_missing << ' ' << sum << '\n';
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
