#include <cellverdict/run/space_input.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/h5ad_obsm.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/text_table.h>
#include <cellverdict/run/patients_file.h>
#include <cellverdict/run/shared_cells.h>
#include <cellverdict/run/trained_run.h>
#include <cellverdict/table/row_filter.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// Below a run folder of several models: that of the first in the order of names.
std::vector<fs::path> patients_below(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory() && fs::exists(entry.path() / kPatientsFile)) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

fs::path file_of(const fs::path& input) {
  if (!fs::is_directory(input)) return input;
  const fs::path file = input / kPatientsFile;
  if (fs::exists(file)) return file;
  if (const auto below = patients_below(input); !below.empty())
    throw UsageError({.where = input.string(),
                      .found = counted(std::ssize(below), "folder") + " with patients.h5ad, each of a model of its own",
                      .expected = "one of them: embeddings of different models share no space",
                      .advice = "name " + below.front().string()});
  throw InputError({.where = input.string(),
                    .found = "no patients.h5ad",
                    .expected = "the run folder of a model that embeds units, or an .h5ad file with one row a unit",
                    .advice = "name the .h5ad file itself"});
}

// uns of the file: name → text.
std::map<std::string, std::string> words_of(const fs::path& file) {
  std::map<std::string, std::string> words;
  const Hdf5Object root = Hdf5Object::open_file(file);
  if (!root.has("uns")) return words;
  const Hdf5Object uns = root.open("uns");
  for (const auto& name : uns.children()) {
    const Hdf5Object item = uns.open(name);
    if (item.is_group() || item.kind() != Hdf5Kind::text) continue;
    if (const Names text = item.read_text(); text.size() == 1) words[name] = text.text(0);
  }
  return words;
}

std::string choose_embedding(const fs::path& file, const std::string& wanted, std::vector<std::string>& notes) {
  if (!wanted.empty()) return wanted;
  const auto names = list_h5ad_embeddings(Hdf5Object::open_file(file));
  if (std::ranges::find(names, "X_patient") != names.end()) return "X_patient";
  if (names.size() == 1) return names.front();
  notes.push_back(names.empty() ? "There is no embedding in obsm; X is looked at."
                                : "Of several embeddings none was named and none is X_patient; X is looked at.");
  return "X";
}

// All rows of the file, [rows, n_features].
struct Matrix {
  std::vector<double> values;
  std::int64_t n_features = 0;
};

Matrix read_x(const RunContext& context, const fs::path& file) {
  const auto source = open_h5ad(file, {.memory_bytes = context.memory_bytes, .threads = context.threads, .layer = "X"});
  Matrix out{.n_features = static_cast<std::int64_t>(source->head().genes.size())};
  const std::int64_t n = source->head().n_cells;
  if (n * out.n_features * 8 > context.memory_bytes)
    throw DataError({.where = file.string() + " X",
                     .found = counted(n, "row") + " of " + counted(out.n_features, "feature"),
                     .expected = "a table of units that fits in --memory",
                     .advice = "look at an embedding in obsm, or give more --memory"});
  out.values.resize(static_cast<std::size_t>(n * out.n_features));
  CsrBlock block;
  for (std::int64_t row = 0; source->read_block(1024, block); row += block.n_rows())
    for (std::int64_t r = 0; r < block.n_rows(); ++r)
      for (std::int64_t k = block.indptr[r]; k < block.indptr[r + 1]; ++k)
        out.values[static_cast<std::size_t>((row + r) * out.n_features + block.indices[k])] = static_cast<double>(block.values[k]);
  return out;
}

SpaceTable read_table(const RunContext& context, const SpaceInput& input, const std::string& name) {
  Matrix all;
  if (name == "X") {
    all = read_x(context, input.file);
  } else {
    const Embedding embedding = read_h5ad_obsm(input.file, name);
    all = {.values = {embedding.values.begin(), embedding.values.end()}, .n_features = embedding.n_dimensions};
  }
  SpaceTable out{.name = name, .n_features = all.n_features};
  for (const std::int64_t row : input.rows)
    for (std::int64_t f = 0; f < all.n_features; ++f) {
      out.values.push_back(all.values[static_cast<std::size_t>(row * all.n_features + f)]);
      if (!std::isfinite(out.values.back()))
        throw DataError({.where = input.file.string() + " " + name + ", row " + std::to_string(row),
                         .found = "a value that is not a number",
                         .expected = "numbers for every unit",
                         .advice = "leave such units out with --where"});
    }
  return out;
}

// Numbers of a table by unit; units that it lacks are missing.
std::vector<NamedNumbers> read_values(const fs::path& file, const Frame& obs, std::vector<std::string>& notes) {
  const TextTable table = read_text_table(file);
  if (table.rows.size() < 2 || table.rows.front().size() < 2)
    throw InputError({.where = file.string(),
                      .found = "no table",
                      .expected = "a header, unit names in the first column, numbers beside",
                      .advice = ""});
  std::map<std::string, std::size_t, std::less<>> row_of;
  for (std::size_t r = 1; r < table.rows.size(); ++r)
    if (!row_of.emplace(table.rows[r].front(), r).second)
      throw InputError({.where = file.string() + " line " + std::to_string(table.lines[r]),
                        .found = "unit '" + table.rows[r].front() + "' again",
                        .expected = "each unit once",
                        .advice = ""});
  std::vector<NamedNumbers> out;
  std::int64_t n_without = 0;
  for (std::int64_t u = 0; u < obs.n_rows(); ++u) n_without += row_of.contains(obs.index[u]) ? 0 : 1;
  for (std::size_t c = 1; c < table.rows.front().size(); ++c) {
    NamedNumbers column{.name = table.rows.front()[c]};
    bool numbers = true;
    for (std::int64_t u = 0; u < obs.n_rows(); ++u) {
      const auto found = row_of.find(obs.index[u]);
      const std::string text = found == row_of.end() || c >= table.rows[found->second].size() ? "" : table.rows[found->second][c];
      const auto number = parse_number(text);
      numbers = numbers && (number || text.empty());
      column.values.push_back(number.value_or(std::nan("")));
    }
    if (numbers)
      out.push_back(std::move(column));
    else
      notes.push_back("Column '" + column.name + "' of " + file.filename().string() + " holds text and was not compared.");
  }
  if (n_without == obs.n_rows())
    throw InputError({.where = file.string(),
                      .found = "none of the units",
                      .expected = "unit names in the first column, such as '" + obs.index.text(0) + "'",
                      .advice = ""});
  if (n_without > 0) notes.push_back(file.filename().string() + " has no row for " + counted(n_without, "unit") + ".");
  return out;
}

// Rows of a table of units that a model was taught: of a run folder those of the training and validation side.
struct Taught {
  fs::path file;
  std::string name;
  Frame obs;
  std::vector<std::int64_t> rows;  // of the file
};

Taught read_taught(const fs::path& trained_on) {
  Taught out{.file = file_of(trained_on),
             .name = trained_on.filename().empty() ? trained_on.parent_path().filename().string() : trained_on.filename().string()};
  const Hdf5Object root = Hdf5Object::open_file(out.file);
  std::vector<std::string> ignored;
  const Frame all = read_h5ad_frame(root.open("obs"), ignored);
  const Column* side = fs::is_directory(trained_on) ? all.find("split") : nullptr;
  for (std::int64_t u = 0; u < all.n_rows(); ++u)
    if (side == nullptr || side->text(u) == "train" || side->text(u) == "validation") out.rows.push_back(u);
  out.obs = all.select(out.rows);
  return out;
}

// Units of `input` whose embedding is that of a taught unit, number by number.
std::int64_t count_same_places(const Taught& taught, const SpaceInput& input) {
  const auto names = list_h5ad_embeddings(Hdf5Object::open_file(taught.file));
  if (input.embedding.name == "X" || std::ranges::find(names, input.embedding.name) == names.end()) return 0;
  const Embedding other = read_h5ad_obsm(taught.file, input.embedding.name);
  if (other.n_dimensions != input.embedding.n_features) return 0;
  std::set<std::vector<float>> rows;
  for (const std::int64_t u : taught.rows)
    rows.emplace(other.values.begin() + u * other.n_dimensions, other.values.begin() + (u + 1) * other.n_dimensions);
  std::int64_t n_same = 0;
  for (std::int64_t u = 0; u < input.obs.n_rows(); ++u) {
    const auto begin = input.embedding.values.begin() + u * other.n_dimensions;
    std::vector<float> row;
    std::transform(begin, begin + other.n_dimensions, std::back_inserter(row), [](double x) { return static_cast<float>(x); });
    n_same += rows.contains(row) ? 1 : 0;
  }
  return n_same;
}

// Cells of these units among the cells that the model was taught, whatever they are called there. False where there are no cells to
// compare.
bool check_cells(const RunContext& context, const SpaceRequest& request, const SpaceInput& input,
                 std::vector<std::string>& warnings, std::vector<std::string>& notes) {
  if (!fs::is_directory(request.trained_on) || !fs::is_directory(request.input)) return false;
  const RunCells there = open_run_cells(context, request.trained_on), here = open_run_cells(context, request.input);
  std::vector<CellView> taught = {there.split.train()}, asked = {here.split.train(), here.split.test()};
  if (const auto validation = there.split.validation()) taught.emplace_back(*validation);
  if (const auto validation = here.split.validation()) asked.emplace_back(*validation);
  std::set<std::string> units;
  const Column* named = input.obs.find(here.experiment.data.unit);
  for (std::int64_t u = 0; u < input.obs.n_rows(); ++u) units.insert(named != nullptr ? named->text(u) : input.obs.index.text(u));
  const SharedCells found = find_shared_cells(context, asked, units, taught);
  if (found.n_shared > 0)
    warnings.push_back(with_commas(found.n_shared) + " of " + counted(found.n_looked_at, "cell") + " of these, in " +
                       counted(std::ssize(found.units), request.unit_noun) + " (" + listed(found.units, 6) +
                       "), have the very counts of cells that the model was taught: they are not new to it.");
  if (found.n_shared == 0 && found.n_looked_at > 0)
    notes.push_back("None of " + counted(found.n_looked_at, "cell") +
                    " has the counts of a cell that the model was taught (compared by " + counted(found.n_genes, "gene") + ").");
  return found.n_looked_at > 0;
}

// Units and studies a model was trained on must not be looked at as if it had never seen them.
void check_absent(const RunContext& context, const SpaceRequest& request, const SpaceInput& input,
                  std::vector<std::string>& warnings, std::vector<std::string>& notes) {
  const Taught taught = read_taught(request.trained_on);
  const Frame& obs = taught.obs;
  const std::string& name = taught.name;
  std::set<std::string, std::less<>> trained;
  for (std::int64_t u = 0; u < obs.n_rows(); ++u) trained.emplace(obs.index[u]);
  std::int64_t n_here = 0;
  for (std::int64_t u = 0; u < input.obs.n_rows(); ++u) n_here += trained.contains(input.obs.index[u]) ? 1 : 0;
  if (n_here > 0)
    warnings.push_back("The model was trained on " + counted(n_here, request.unit_noun) + " of these (" + name +
                       "): what is found here is not of new ones.");
  if (const Column* studies = request.study.empty() ? nullptr : obs.find(request.study)) {
    std::set<std::string> there, both;
    for (std::int64_t u = 0; u < obs.n_rows(); ++u) there.insert(studies->text(u));
    const Column& here = input.obs.column(request.study, "--study");
    for (std::int64_t u = 0; u < input.obs.n_rows(); ++u)
      if (!here.missing(u) && there.contains(here.text(u))) both.insert(here.text(u));
    if (!both.empty())
      warnings.push_back("The model was trained on units of " + request.study + " " +
                         listed(std::vector<std::string>(both.begin(), both.end()), 6) + ": they are not new to it.");
  } else if (!request.study.empty()) {
    notes.push_back(name + " has no column '" + request.study + "': that its studies are others was not checked.");
  }
  const std::int64_t n_same = count_same_places(taught, input);
  if (n_same > 0)
    warnings.push_back(counted(n_same, request.unit_noun) + " lie exactly where one of " + name +
                       " lies: the same cells under another name?");
  const bool cells = check_cells(context, request, input, warnings, notes);
  if (n_here == 0 && n_same == 0)
    notes.push_back(std::string("None of the names and none of the embeddings is in ") + name + "." +
                    (cells ? "" : " Cells were not compared: that takes two run folders."));
}

}  // namespace

SpaceRequest with_defaults(SpaceRequest request) {
  if (!fs::is_directory(request.input)) return request;
  const auto words = words_of(file_of(request.input));
  const auto word = [&](const char* name) {
    const auto found = words.find(name);
    return found == words.end() ? std::string() : found->second;
  };
  if (request.out.empty()) request.out = request.input / "space";
  if (request.colour.empty())
    for (const char* name : {"label", "study", "split"})
      if (!word(name).empty()) request.colour.push_back(word(name));
  if (request.person.empty() && word("donor") != word("unit")) request.person = word("donor");
  if (request.beside.empty() && request.embedding.empty() && !word("embedding").empty()) request.beside = "X_pseudobulk";
  if (request.unit_noun == "unit" && !word("unit").empty()) request.unit_noun = word("unit");
  return request;
}

SpaceInput read_space(const RunContext& context, const SpaceRequest& request) {
  SpaceInput out{.file = file_of(request.input)};
  const Hdf5Object root = Hdf5Object::open_file(out.file);
  if (!root.has("obs")) root.refuse("an HDF5 file without obs", "an .h5ad file");
  Frame all = read_h5ad_frame(root.open("obs"), out.notes);
  out.n_file_rows = all.n_rows();
  const auto kept =
      request.where.empty() ? std::vector<bool>(static_cast<std::size_t>(all.n_rows()), true) : matching_rows(all, request.where);
  for (std::int64_t r = 0; r < all.n_rows(); ++r)
    if (kept[static_cast<std::size_t>(r)]) out.rows.push_back(r);
  out.obs = all.select(out.rows);
  if (std::ssize(out.rows) < 4)
    throw DataError({.where = out.file.string(),
                     .found = counted(std::ssize(out.rows), "row"),
                     .expected = "at least four",
                     .advice = request.where.empty() ? "" : "look at --where"});
  if (std::ssize(out.rows) < out.n_file_rows)
    out.notes.push_back(with_commas(out.n_file_rows - std::ssize(out.rows)) + " of " + counted(out.n_file_rows, "row") +
                        " left out by --where.");
  out.embedding = read_table(context, out, choose_embedding(out.file, request.embedding, out.notes));
  if (!request.beside.empty()) out.beside = read_table(context, out, request.beside);
  if (!request.values.empty()) out.values = read_values(request.values, out.obs, out.notes);
  if (!request.trained_on.empty()) check_absent(context, request, out, out.warnings, out.notes);
  return out;
}

}  // namespace cellverdict
