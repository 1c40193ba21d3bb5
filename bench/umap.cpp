// Draws a table of float32 in a file by UMAP and prints seconds as JSON lines for bench/umap_row.py; writes the places beside it.
//
//   bench_umap TABLE ROWS FEATURES THREADS RUNS OUT

#include <cellverdict/stats/umap.h>

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

namespace {

double wall() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) + static_cast<double>(usage.ru_utime.tv_usec) * 1e-6;
}

}  // namespace

int main(int count, char** words) {
  if (count != 7) return 2;
  const std::int64_t n = std::atoll(words[2]), n_features = std::atoll(words[3]);
  std::vector<float> table(static_cast<std::size_t>(n * n_features));
  std::ifstream in(words[1], std::ios::binary);
  if (!in.read(reinterpret_cast<char*>(table.data()), static_cast<std::streamsize>(table.size() * sizeof(float)))) return 1;
  const std::vector<double> values(table.begin(), table.end());
  cellverdict::Umap drawn;
  for (int run = 0; run < std::atoi(words[5]); ++run) {
    const double before = wall(), cpu_before = cpu();
    drawn = cellverdict::fit_umap({.values = values, .n_features = n_features}, {.threads = std::atoi(words[4])});
    std::printf("{\"seconds\": %.3f, \"cpu_seconds\": %.3f}\n", wall() - before, cpu() - cpu_before);
  }
  std::ofstream out(words[6], std::ios::binary);
  out.write(reinterpret_cast<const char*>(drawn.places.data()), static_cast<std::streamsize>(drawn.places.size() * sizeof(double)));
  return out.good() ? 0 : 1;
}
