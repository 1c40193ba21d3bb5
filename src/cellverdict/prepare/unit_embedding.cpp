#include <cellverdict/prepare/unit_embedding.h>

#include <cellverdict/base/error.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/h5ad_obsm.h>
#include <cellverdict/prepare/store.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kBlockBytes = std::int64_t{8} << 20;

void refuse_other_formats(const fs::path& path) {
  if (path.extension() == ".h5ad") return;
  throw UsageError({.where = "[evaluate] embedding, source " + path.string(),
                    .found = "no .h5ad file",
                    .expected = "sources with an obsm",
                    .advice = "`cellverdict convert` writes .h5ad; put the embedding into its obsm"});
}

// Place of each of the store's cells of a source among the rows of its file; both are in the order of the file.
std::vector<std::int64_t> file_rows_of(const SourceHead& head, const Names& kept, const std::string& ending,
                                       const fs::path& shard) {
  std::vector<std::string_view> names;
  for (std::int64_t i = 0; i < head.n_cells; ++i) names.push_back(head.obs.index[i]);
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    throw DataError({.where = head.path.string(),
                     .found = "two cells called '" + std::string(*twice) + "'",
                     .expected = "names that tell the cells apart, to find each one's row of the embedding",
                     .advice = "make them unique (in scanpy: adata.obs_names_make_unique())"});
  std::vector<std::int64_t> rows;
  std::int64_t at = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    std::string_view name = kept[static_cast<std::int64_t>(i)];
    if (name.ends_with(ending)) name.remove_suffix(ending.size());
    while (at < head.n_cells && head.obs.index[at] != name) ++at;
    if (at == head.n_cells)
      throw InputError({.where = head.path.string(),
                        .found = "no cell '" + std::string(name) + "' where " + shard.string() + " has it",
                        .expected = "the file that the store was made of",
                        .advice = "run the experiment again"});
    rows.push_back(head.file_rows.empty() ? at : head.file_rows[static_cast<std::size_t>(at)]);
    ++at;
  }
  return rows;
}

struct Sums {
  UnitEmbedding& out;
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> n_cells;
};

// Adds the cells of one shard, which are rows [first, first + rows.size()) of the cohort.
void add_source(const fs::path& file, const std::vector<std::int64_t>& rows, const Cohort& cohort, std::int64_t first, Sums& sums) {
  std::size_t next = 0;
  read_h5ad_obsm_rows(file, sums.out.name, kBlockBytes, [&](const EmbeddingBlock& block) {
    for (; next < rows.size() && rows[next] < block.first_row + block.n_rows; ++next) {
      const float* const values = block.values.data() + (rows[next] - block.first_row) * block.n_dimensions;
      const std::int64_t cell = first + static_cast<std::int64_t>(next);
      const std::pair key(cohort.unit[cell], cohort.label[cell]);
      auto& sum = sums.out.mean[key];
      sum.resize(static_cast<std::size_t>(block.n_dimensions));
      for (std::int64_t d = 0; d < block.n_dimensions; ++d) {
        if (!std::isfinite(values[d]))
          throw DataError({.where = file.string() + " obsm/" + sums.out.name + " row " + std::to_string(rows[next]),
                           .found = "a value that is no number",
                           .expected = "numbers for every cell that is looked at",
                           .advice = "compute the embedding for all cells, or leave these out with [data] where"});
        sum[static_cast<std::size_t>(d)] += static_cast<double>(values[d]);
      }
      ++sums.n_cells[key];
    }
  });
}

}  // namespace

std::int64_t check_embedding(const RunContext& context, const EmbeddingRequest& request) {
  static_cast<void>(context);
  std::int64_t width = 0;
  fs::path first;
  for (const auto& source : list_sources(request.data, request.base)) {
    refuse_other_formats(source.path);
    const std::int64_t own = h5ad_obsm_width(source.path, request.name);
    if (width == 0) {
      width = own;
      first = source.path;
    }
    if (own != width)
      throw DataError({.where = source.path.string() + " obsm/" + request.name,
                       .found = counted(own, "dimension"),
                       .expected = with_commas(width) + ", as in " + first.string(),
                       .advice = "embed all sources with one model"});
  }
  return width;
}

UnitEmbedding read_unit_embedding(const RunContext& context, const EmbeddingRequest& request, const Cohort& cohort) {
  UnitEmbedding out{.name = request.name, .n_dimensions = check_embedding(context, request)};
  Sums sums{out, {}};
  const auto sources = list_sources(request.data, request.base);
  OpenOptions options = open_options(context, request.data);
  options.hold_column = [](const std::string&) { return false; };
  std::int64_t first = 0;
  for (const auto& shard : read_store_index(request.store).shards) {
    const auto s = static_cast<std::size_t>(std::strtoull(shard.c_str(), nullptr, 10));  // "003_name.h5ad" is of source 3
    if (s >= sources.size())
      throw InputError({.where = (request.store / shard).string(),
                        .found = "a shard of source " + std::to_string(s + 1),
                        .expected = counted(std::ssize(sources), "source"),
                        .advice = "run the experiment again"});
    const Names kept = read_h5ad_index(Hdf5Object::open_file(request.store / shard).open("obs")).index;
    const LabelledSource opened = open_labelled(sources[s], options);
    const auto rows = file_rows_of(opened.head, kept, sources.size() > 1 ? "-" + sources[s].name : "", request.store / shard);
    add_source(sources[s].path, rows, cohort, first, sums);
    first += std::ssize(rows);
  }
  for (auto& [key, sum] : out.mean)
    for (double& x : sum) x /= static_cast<double>(sums.n_cells.at(key));
  return out;
}

}  // namespace cellverdict
