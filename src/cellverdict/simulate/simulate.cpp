#include <cellverdict/simulate/simulate.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/io/tenx_mex_write.h>
#include <cellverdict/simulate/cells.h>
#include <cellverdict/simulate/truth.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace cellverdict {

namespace {

namespace fs = std::filesystem;

void stop_if_asked(const RunContext& context) {
  if (context.stopping())
    throw Interrupted(
        {.where = "simulate", .found = "a request to stop", .expected = "", .advice = "run it again: nothing is kept"});
}

// Rows a block: 16 MB of a cell with 2,000 non-zeros, enough to keep the threads busy.
constexpr std::int64_t kBlockRows = 1024;

class Study {
 public:
  Study(const RunContext& context, const SimulateOptions& options)
      : context_(context), options_(options), plan_(make_plan(options, context.seed)), folder_(options.output) {}

  SimulatedCohort make() {
    const Stopwatch watch;
    survey();
    const bool as_10x = options_.format == "10x" || (options_.format == "auto" && options_.design == "lmna");
    SimulatedCohort result = summary();
    // The truth of older data must not stand beside newer: without truth.json the folder is seen to be unfinished.
    std::error_code ignored;
    fs::remove(result.truth, ignored);
    result.data = as_10x ? write_10x() : write_one_h5ad(result.n_nonzero);
    write_truth(folder_, {plan_, options_, context_.seed, cells_});
    context_.log(fmt::format("simulate  {} of {}, {} genes, {:.0f} genes and {:.0f} counts a cell, {:.1f} s",
                             counted(result.n_cells, "cell"), counted(result.n_libraries, "library"), with_commas(result.n_genes),
                             result.mean_genes, result.mean_counts, watch.seconds()));
    return result;
  }

 private:
  std::int64_t n_libraries() const { return static_cast<std::int64_t>(plan_.libraries.size()); }
  std::int64_t n_cells() const { return n_libraries() * options_.n_cells; }

  // First pass: what every cell is and how many genes it has.
  void survey() {
    for (std::size_t l = 0; l < plan_.libraries.size(); ++l) {
      const LibraryCells library(plan_, options_, context_.seed, l);
      for (std::int64_t first = 0; first < options_.n_cells; first += kBlockRows) {
        stop_if_asked(context_);
        const auto block = library.survey(first, std::min(first + kBlockRows, options_.n_cells), context_.threads);
        cells_.insert(cells_.end(), block.begin(), block.end());
        context_.progress("drawing cells", static_cast<std::int64_t>(cells_.size()), n_cells());
      }
    }
  }

  std::int64_t count_nonzero(std::int64_t first, std::int64_t n) const {
    return std::accumulate(cells_.begin() + first, cells_.begin() + first + n, std::int64_t{0},
                           [](std::int64_t sum, const CellTruth& cell) { return sum + cell.n_genes; });
  }

  SimulatedCohort summary() const {
    SimulatedCohort out;
    out.truth_genes = folder_ / "truth_genes.tsv";
    out.truth_cells = folder_ / "truth_cells.tsv";
    out.truth = folder_ / "truth.json";
    out.n_libraries = n_libraries();
    out.n_cells = n_cells();
    out.n_genes = plan_.genes.size();
    out.n_nonzero = count_nonzero(0, n_cells());
    std::int64_t n_counts = 0;
    for (const auto& cell : cells_) {
      out.n_low_quality += cell.low_quality;
      n_counts += cell.n_counts;
    }
    out.mean_genes = static_cast<double>(out.n_nonzero) / static_cast<double>(out.n_cells);
    out.mean_counts = static_cast<double>(n_counts) / static_cast<double>(out.n_cells);
    if (options_.design == "lmna")
      out.notes.push_back(
          "The lmna design has one patient and one unaffected sister: no analysis of it can tell the disease from the donor.");
    return out;
  }

  // Second pass: the cells of one library again, block by block.
  bool next_block(const LibraryCells& library, std::int64_t first_row, std::int64_t& next, CsrBlock& block) const {
    stop_if_asked(context_);
    if (next >= options_.n_cells) {
      block.clear();
      return false;
    }
    const std::int64_t last = std::min(next + kBlockRows, options_.n_cells);
    library.draw(next, last, context_.threads, block);
    block.first_row = first_row + next;
    next = last;
    context_.progress("writing cells", first_row + last, n_cells());
    return true;
  }

  fs::path write_one_h5ad(std::int64_t n_nonzero) const {
    const fs::path path = folder_ / "cohort.h5ad";
    std::size_t l = 0;
    std::int64_t next = 0;
    std::unique_ptr<LibraryCells> library;
    H5adContents contents;
    contents.obs = obs();
    contents.var.index = plan_.genes.ids;
    contents.var.set("gene_symbols", make_text_column(plan_.genes.symbols));
    contents.n_nonzero = n_nonzero;
    contents.notes = {{"made_by", "cellverdict simulate"}, {"seed", std::to_string(context_.seed)}};
    contents.next_block = [&](CsrBlock& block) {
      for (; l < plan_.libraries.size(); ++l, next = 0, library.reset()) {
        if (!library) library = std::make_unique<LibraryCells>(plan_, options_, context_.seed, l);
        if (next_block(*library, static_cast<std::int64_t>(l) * options_.n_cells, next, block)) return true;
      }
      block.clear();
      return false;
    };
    write_h5ad(path, contents);
    return path;
  }

  fs::path write_10x() const {
    for (std::size_t l = 0; l < plan_.libraries.size(); ++l) {
      const LibraryCells library(plan_, options_, context_.seed, l);
      const std::int64_t first_row = static_cast<std::int64_t>(l) * options_.n_cells;
      std::int64_t next = 0;
      TenxMexContents contents;
      contents.genes = plan_.genes;
      for (std::int64_t c = 0; c < options_.n_cells; ++c) contents.barcodes.push_back(barcode(c));
      contents.n_nonzero = count_nonzero(first_row, options_.n_cells);
      contents.next_block = [&](CsrBlock& block) {
        const bool more = next_block(library, first_row, next, block);
        block.first_row -= more ? first_row : 0;
        return more;
      };
      write_tenx_mex(folder_ / plan_.libraries[l].name, contents);
    }
    const fs::path sheet = folder_ / "samples.csv";
    write_file(sheet, sample_sheet());
    return sheet;
  }

  std::string sample_sheet() const {
    const bool with_batch = options_.design != "lmna";  // there each library is its own batch: the column would say nothing new
    const auto& first = plan_.libraries.front();
    std::string text = "library,path,donor," + plan_.label_name + (with_batch ? ",batch" : "") + (first.day ? ",day" : "") +
                       (first.replicate.empty() ? "" : ",replicate") + "\n";
    for (const auto& library : plan_.libraries)
      text += library.name + "," + library.name + "," + library.donor + "," + plan_.label(library) +
              (with_batch ? "," + library.batch : "") + (library.day ? "," + day_text(*library.day) : "") +
              (library.replicate.empty() ? "" : "," + library.replicate) + "\n";
    return text;
  }

  // A column that is the same for all cells of a library.
  Column library_column(const std::function<std::string(const SimulatedLibrary&)>& value) const {
    std::vector<std::string> levels;
    for (const auto& library : plan_.libraries) levels.push_back(value(library));
    const Column by_library = make_text_column(levels);
    Column column;
    column.levels = by_library.levels;
    for (const std::int32_t code : by_library.codes)
      column.codes.insert(column.codes.end(), static_cast<std::size_t>(options_.n_cells), code);
    return column;
  }

  Frame obs() const {
    Frame obs;
    for (const auto& library : plan_.libraries)
      for (std::int64_t c = 0; c < options_.n_cells; ++c) obs.index.push_back(library.name + "_" + barcode(c));
    Column types;
    types.levels = plan_.cell_types;
    for (const auto& cell : cells_) types.codes.push_back(cell.cell_type);
    obs.set("cell_type", std::move(types));
    obs.set("donor", library_column([](const SimulatedLibrary& library) { return library.donor; }));
    obs.set("library", library_column([](const SimulatedLibrary& library) { return library.name; }));
    obs.set(plan_.label_name, library_column([&](const SimulatedLibrary& library) { return plan_.label(library); }));
    obs.set("batch", library_column([](const SimulatedLibrary& library) { return library.batch; }));
    if (plan_.libraries.front().day) {
      std::vector<double> days;
      for (const auto& library : plan_.libraries) days.insert(days.end(), static_cast<std::size_t>(options_.n_cells), *library.day);
      obs.set("day", make_number_column(std::move(days)));
    }
    if (!plan_.libraries.front().replicate.empty())
      obs.set("replicate", library_column([](const SimulatedLibrary& library) { return library.replicate; }));
    return obs;
  }

  const RunContext& context_;
  const SimulateOptions& options_;
  StudyPlan plan_;
  fs::path folder_;
  std::vector<CellTruth> cells_;  // library by library
};

}  // namespace

SimulatedCohort simulate_cohort(const RunContext& context, const SimulateOptions& options) {
  const fs::path folder(options.output);
  if (options.output.empty() || folder.extension() == ".h5ad" || (fs::exists(folder) && !fs::is_directory(folder)))
    throw UsageError({.where = "[simulate] output",
                      .found = "'" + options.output + "'",
                      .expected = "a folder",
                      .advice = "name a folder; the file in it is called cohort.h5ad"});
  return Study(context, options).make();
}

}  // namespace cellverdict
