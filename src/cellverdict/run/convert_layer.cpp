// A matrix from one file as a new layer of a copy of another: the counts somebody lost, put back beside everything else.

#include <cellverdict/run/convert.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/genes/match.h>
#include <cellverdict/io/h5ad_copy.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/open_source.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kBlockRows = 1024;

struct UserFile {
  Frame obs;
  GeneList genes;
};

UserFile read_user_file(const fs::path& path) {
  const Hdf5Object root = Hdf5Object::open_file(path);
  UserFile out;
  if (!root.has("obs") || !root.has("var")) root.refuse("an HDF5 file without obs and var", "an .h5ad file");
  std::vector<std::string> notes;
  out.obs = read_h5ad_index(root.open("obs"));
  out.genes = read_h5ad_genes(root.open("var"), notes);
  return out;
}

// For each cell of the source its row in the user's file, -1: not there. All of the user's must be found, once each.
std::vector<std::int64_t> match_cells(const SourceHead& head, const UserFile& user, const ConvertRequest& request) {
  std::unordered_map<std::string_view, std::int64_t> rows;
  for (std::int64_t i = 0; i < user.obs.n_rows(); ++i)
    if (!rows.emplace(user.obs.index[i], i).second)
      throw InputError({.where = request.write_into.string() + " obs",
                        .found = "cell '" + std::string(user.obs.index[i]) + "' twice",
                        .expected = "distinct names, by which cells are matched"});
  std::vector<std::int64_t> row_of(static_cast<std::size_t>(head.n_cells), -1);
  std::vector<bool> found(static_cast<std::size_t>(user.obs.n_rows()));
  for (std::int64_t i = 0; i < head.n_cells; ++i) {
    const auto place = rows.find(head.obs.index[i]);
    if (place == rows.end()) continue;
    if (found[place->second])
      throw InputError({.where = head.path.string(),
                        .found = "cell '" + std::string(head.obs.index[i]) + "' twice",
                        .expected = "distinct names, by which cells are matched"});
    found[place->second] = true;
    row_of[i] = place->second;
  }
  const auto missing = std::find(found.begin(), found.end(), false);
  if (missing == found.end()) return row_of;
  const auto n = std::count(found.begin(), found.end(), false);
  throw InputError({.where = request.write_into.string(),
                    .found = counted(n, "cell") + " of " + with_commas(user.obs.n_rows()) + " (such as '" +
                             std::string(user.obs.index[missing - found.begin()]) + "') that " + request.input.string() +
                             " does not have",
                    .expected = "every cell there, by name",
                    .advice = "compare the names of both: a suffix such as -1 may be missing in one"});
}

// For each gene of the source its column in the user's file. All of the user's must be found.
std::vector<std::int32_t> match_columns(const SourceHead& head, const UserFile& user, const ConvertRequest& request) {
  const GeneMatch match = match_genes(head.genes, user.genes);
  if (match.n_matched == user.genes.size()) return match.target;
  std::vector<bool> found(static_cast<std::size_t>(user.genes.size()));
  for (const std::int32_t gene : match.target)
    if (gene >= 0) found[gene] = true;
  const auto missing = std::find(found.begin(), found.end(), false) - found.begin();
  throw InputError({.where = request.write_into.string(),
                    .found = counted(user.genes.size() - match.n_matched, "gene") + " of " + with_commas(user.genes.size()) +
                             " (such as '" + user.genes.ids[missing] + "') that " + request.input.string() + " does not have",
                    .expected = "every gene there, by id or symbol"});
}

// Calls use(row of the user's file, its genes, their values) for every cell that is wanted; genes ascending.
template <class Use>
void for_each_row(const RunContext& context, CellSource& source, const std::vector<std::int64_t>& row_of,
                  const std::vector<std::int32_t>& column, const char* stage, const Use& use) {
  source.rewind();
  CsrBlock mapped;
  for (CsrBlock block; source.read_block(kBlockRows, block);) {
    if (context.stopping())
      throw Interrupted(
          {.where = "converting", .found = "an interrupt", .expected = "", .advice = "nothing was written; run again"});
    for (std::int64_t i = 0; i < block.n_rows(); ++i) {
      const std::int64_t row = row_of[block.first_row + i];
      if (row < 0) continue;
      mapped.clear();
      const CsrRow cell = block.row(i);
      for (std::size_t k = 0; k < cell.genes.size(); ++k)
        if (column[cell.genes[k]] >= 0) mapped.push(column[cell.genes[k]], cell.values[k]);
      mapped.sort_from(0);
      use(row, mapped);
    }
    context.progress(stage, block.first_row + block.n_rows(), source.head().n_cells);
  }
}

}  // namespace

ConvertResult convert_into_layer(const RunContext& context, const ConvertRequest& request) {
  if (!request.output.filename().string().ends_with(".h5ad"))
    throw UsageError({.where = request.output.string(), .found = "no .h5ad", .expected = "a name ending in .h5ad for the copy"});
  if (!request.where.empty())
    throw UsageError(
        {.where = "--where", .found = "a choice of cells", .expected = "none with --write-into, which takes the file's own cells"});
  const UserFile user = read_user_file(request.write_into);
  const auto source = open_source(request.input, {.memory_bytes = context.memory_bytes / 4,
                                                  .threads = context.threads,
                                                  .layer = request.layer,
                                                  .genome = request.genome,
                                                  .genes_are = request.genes_are,
                                                  .hold_column = hold_no_column});
  const SourceHead& head = source->head();
  const auto row_of = match_cells(head, user, request);
  const auto column = match_columns(head, user, request);
  ConvertResult result{.from = head.format,
                       .to = "h5ad, layer " + request.as,
                       .n_cells = user.obs.n_rows(),
                       .n_genes = user.genes.size(),
                       .n_left_out = head.n_cells - user.obs.n_rows(),
                       .notes = head.notes};
  if (const auto n = head.genes.size() - user.genes.size(); n > 0)
    result.lost.push_back(counted(n, "gene") + " that " + request.write_into.filename().string() + " does not have");
  std::vector<std::int64_t> counts(static_cast<std::size_t>(user.obs.n_rows()));
  for_each_row(context, *source, row_of, column, "count", [&](std::int64_t row, const CsrBlock& cell) {
    counts[row] = static_cast<std::int64_t>(cell.indices.size());
    result.n_nonzero += counts[row];
  });
  H5adCopy copy(request.write_into, request.output);
  {
    H5adLayer layer(copy, request.as, counts);
    for_each_row(context, *source, row_of, column, "write",
                 [&](std::int64_t row, const CsrBlock& cell) { layer.write_row(row, cell.indices, cell.values); });
    layer.finish();
  }
  copy.commit();
  return result;
}

}  // namespace cellverdict
