#include <cellverdict/prepare/cell_plan.h>

#include <cellverdict/base/error.h>
#include <cellverdict/prepare/gene_overlap.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// A source and its columns that are looked at, in pieces.
struct OpenedPieces {
  LabelledSource source;
  std::vector<std::pair<std::string, PieceReader>> columns;

  void open(const std::vector<std::string>& names) {
    columns.clear();
    for (const auto& name : names) columns.emplace_back(name, PieceReader(source.pieces(name)));
  }
  Frame read(std::int64_t first, std::int64_t count) const {
    Frame rows;
    rows.index = source.head.cell_names(first, count);
    for (const auto& [name, reader] : columns) rows.set(name, source.here(name, reader.read(first, count)));
    return rows;
  }
};

// What the plan takes from some rows of the obs of one source.
struct SourceCells {
  std::vector<bool> keep;
  Column units;
};

SourceCells look_at(const StoreRequest& request, const std::string& name, Frame& obs, RowChooser& chooser) {
  const DataOptions& data = request.data;
  if (!data.donor.empty()) static_cast<void>(obs.column(data.donor, "[data] donor, source '" + name + "'"));
  static_cast<void>(obs.column(data.unit, "[data] unit, source '" + name + "'"));
  SourceCells cells;
  cells.keep = chooser.keep(obs, name);
  cells.units = as_text_column(obs.column(data.unit, "[data] unit"));
  return cells;
}

// Looks whether names of cells repeat, by a hash of 64 bits each: of a hundred million names two differ and are taken for one with
// a chance of three in ten thousand, and then a note counts one too many.
class NameWatch {
 public:
  explicit NameWatch(const fs::path& scratch) : hashes_(scratch) {}

  void see(const Names& names) {
    for (const std::string_view name : names) hashes_.push_back(std::hash<std::string_view>()(name));
  }
  // Names that another before them has.
  std::int64_t n_repeated() {
    constexpr std::int64_t kAtATime = std::int64_t{1} << 20;
    const std::span<const std::uint64_t> all = hashes_.open();
    const auto n_parts = static_cast<std::uint64_t>((std::ssize(all) + kAtATime - 1) / kAtATime);
    std::int64_t n = 0;
    std::vector<std::uint64_t> part;
    for (std::uint64_t p = 0; p < n_parts; ++p) {
      part.clear();
      for (const std::uint64_t hash : all)
        if ((hash >> 32) * n_parts >> 32 == p) part.push_back(hash);
      std::sort(part.begin(), part.end());
      n += std::ssize(part) - (std::unique(part.begin(), part.end()) - part.begin());
    }
    return n;
  }

 private:
  ScratchArray<std::uint64_t> hashes_;
};

class Planner {
 public:
  Planner(const RunContext& context, const StoreRequest& request, const fs::path& scratch) : context_(context), request_(request) {
    plan_.scratch = scratch;
    plan_.cell_units = std::make_unique<ScratchArray<std::int32_t>>(scratch);
  }

  CellPlan make() {
    GeneOverlap overlap;
    RowChooser chooser(request_.data);
    for (const auto& file : list_sources(request_.data, request_.base)) {
      overlap.add(file.name, add_source(file, chooser));
    }
    chooser.check();
    settle_genes(overlap);
    number_units();
    return std::move(plan_);
  }

 private:
  void settle_genes(const GeneOverlap& overlap) {
    const DataOptions& data = request_.data;
    if (!data.panel.empty()) {
      const fs::path file = fs::path(data.panel).is_absolute() ? fs::path(data.panel) : request_.base / data.panel;
      plan_.genes = read_panel(file);
      plan_.by_symbol = true;
      overlap.settle_panel(plan_.genes, data.min_overlap, plan_.notes);
    } else {
      plan_.genes = data.gene_space == "union" ? overlap.settle_union(data.min_overlap, plan_.notes)
                                               : overlap.settle(data.min_overlap, plan_.notes);
    }
    if (request_.prepare.library_size == "all")
      plan_.notes.push_back("Counts, detected genes and mitochondrial share of a cell are over all genes of its file.");
  }

  // Gives its genes.
  GeneList add_source(const SourceFile& file, RowChooser& chooser) {
    OpenOptions options = open_options(context_, request_.data);
    options.hold_column = hold_no_column;
    options.in_pieces = true;
    OpenedPieces opened{.source = open_labelled(file, options), .columns = {}};
    SourceHead& head = opened.source.head;
    for (const auto& part : head.files) plan_.files.emplace_back(part, stamp_of(part));
    plan_.notes.insert(plan_.notes.end(), head.notes.begin(), head.notes.end());
    for (const std::string column : {"total_counts", "n_genes_by_counts", "pct_counts_mt"})
      if (std::find(head.obs_columns.begin(), head.obs_columns.end(), column) != head.obs_columns.end())
        plan_.notes.push_back(file.name + ": the obs column '" + column + "' is replaced by what is measured here.");
    opened.open(columns_asked_for(head));
    NameWatch names(plan_.scratch);
    for (std::int64_t first = 0; first < head.n_cells; first += kPieceRows) {
      Frame rows = opened.read(first, std::min(kPieceRows, head.n_cells - first));
      if (head.read_names) names.see(rows.index);
      add_cells(file, look_at_rows(opened, first, rows, chooser), rows);
    }
    if (const std::int64_t n = names.n_repeated(); n > 0)
      plan_.notes.push_back(file.name + ": " + counted(n, "cell name") + (n == 1 ? " repeats" : " repeat") + " another.");
    for (auto& note : chooser.end_source(file.name)) plan_.notes.push_back(std::move(note));
    plan_.sources.push_back({.file = file, .path = head.path, .files = head.files, .units = {}});
    n_cells_.push_back(head.n_cells);
    return std::move(head.genes);
  }

  // Those that decide which cells enter.
  std::vector<std::string> columns_asked_for(const SourceHead& head) const {
    const DataOptions& data = request_.data;
    std::vector<std::string> names = head.obs_columns;
    std::erase_if(names, [&](const std::string& column) {
      return column != data.label && column != data.unit && column != data.donor && data.where.find(column) == std::string::npos;
    });
    return names;
  }

  // Where something asked for is not there all columns are looked at, so that the complaint can name its neighbours.
  SourceCells look_at_rows(OpenedPieces& opened, std::int64_t first, Frame& rows, RowChooser& chooser) const {
    const std::string& name = opened.source.head.name;
    try {
      return look_at(request_, name, rows, chooser);
    } catch (const UsageError&) {
      const auto n_rows = rows.n_rows();
      opened.open(opened.source.head.obs_columns);
      rows = opened.read(first, n_rows);
      return look_at(request_, name, rows, chooser);
    }
  }

  void add_cells(const SourceFile& file, const SourceCells& cells, const Frame& rows) {
    const std::vector<std::int32_t> numbers = note_units(cells.units.levels);
    for (std::size_t i = 0; i < cells.keep.size(); ++i) {
      const std::int32_t level = cells.units.codes[i];
      if (level < 0 && cells.keep[i])
        throw DataError({.where = file.name + " cell '" + rows.index.text(static_cast<std::int64_t>(i)) + "'",
                         .found = "no value of the unit column '" + request_.data.unit + "'",
                         .expected = "a unit for every cell",
                         .advice = "leave such cells out with [data] where"});
      if (level >= 0) ++plan_.in_files[numbers[level]];
      if (cells.keep[i]) ++plan_.labelled[numbers[level]];
      plan_.cell_units->push_back(cells.keep[i] ? numbers[level] : kLeftOut);
    }
  }

  // Numbers in order of appearance; number_units puts them in order.
  std::vector<std::int32_t> note_units(const std::vector<std::string>& levels) {
    std::vector<std::int32_t> numbers;
    for (const auto& level : levels) {
      const auto [place, added] = numbers_.emplace(level, static_cast<std::int32_t>(numbers_.size()));
      numbers.push_back(place->second);
    }
    plan_.in_files.resize(numbers_.size());
    plan_.labelled.resize(numbers_.size());
    return numbers;
  }

  // Sorted, without those that no cell of any source has.
  void number_units() {
    for (const auto& [name, number] : numbers_)
      if (plan_.in_files[number] > 0) plan_.units.push_back(name);
    sort_labels(plan_.units);
    std::vector<std::int32_t> place(numbers_.size(), kLeftOut);
    std::vector<std::int64_t> in_files, labelled;
    for (std::size_t u = 0; u < plan_.units.size(); ++u) {
      const std::int32_t number = numbers_.at(plan_.units[u]);
      place[number] = static_cast<std::int32_t>(u);
      in_files.push_back(plan_.in_files[number]);
      labelled.push_back(plan_.labelled[number]);
    }
    plan_.in_files = std::move(in_files);
    plan_.labelled = std::move(labelled);
    std::span<std::int32_t> units = plan_.cell_units->open();
    for (auto& unit : units)
      if (unit >= 0) unit = place[unit];
    for (std::size_t s = 0; s < plan_.sources.size(); ++s) {
      plan_.sources[s].units = units.first(static_cast<std::size_t>(n_cells_[s]));
      units = units.subspan(static_cast<std::size_t>(n_cells_[s]));
    }
  }

  const RunContext& context_;
  const StoreRequest& request_;
  CellPlan plan_;
  std::map<std::string, std::int32_t> numbers_;
  std::vector<std::int64_t> n_cells_;  // [sources]
};

}  // namespace

CellPlan plan_cells(const RunContext& context, const StoreRequest& request, const fs::path& scratch) {
  return Planner(context, request, scratch).make();
}

}  // namespace cellverdict
