#include <cellverdict/prepare/cell_plan.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/prepare/gene_overlap.h>

#include <algorithm>
#include <map>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// A source whose obs holds the columns that decide which cells enter; all of them when one that is asked for is not there, so that
// the complaint can name its neighbours.
LabelledSource open_for_plan(const RunContext& context, const StoreRequest& request, const SourceFile& file, bool all_columns) {
  const DataOptions& data = request.data;
  OpenOptions options = open_options(context, data);
  if (!all_columns)
    options.hold_column = [&](const std::string& column) {
      return column == data.label || column == data.unit || column == data.donor || data.where.find(column) != std::string::npos;
    };
  return open_labelled(file, options);
}

// What the plan takes from the obs of one source.
struct SourceCells {
  std::vector<bool> keep;
  Column units;
};

SourceCells look_at(const StoreRequest& request, const std::string& name, Frame& obs, RowChooser& chooser,
                    std::vector<std::string>& notes) {
  const DataOptions& data = request.data;
  if (!data.donor.empty()) static_cast<void>(obs.column(data.donor, "[data] donor, source '" + name + "'"));
  static_cast<void>(obs.column(data.unit, "[data] unit, source '" + name + "'"));
  SourceCells cells;
  cells.keep = chooser.keep(obs, name, notes);
  cells.units = as_text_column(obs.column(data.unit, "[data] unit"));
  return cells;
}

class Planner {
 public:
  Planner(const RunContext& context, const StoreRequest& request) : context_(context), request_(request) {}

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
    LabelledSource opened = open_for_plan(context_, request_, file, false);
    SourceHead& head = opened.head;
    for (const auto& part : head.files) plan_.files.emplace_back(part, stamp_of(part));
    plan_.notes.insert(plan_.notes.end(), head.notes.begin(), head.notes.end());
    for (const std::string column : {"total_counts", "n_genes_by_counts", "pct_counts_mt"})
      if (std::find(head.obs_columns.begin(), head.obs_columns.end(), column) != head.obs_columns.end())
        plan_.notes.push_back(file.name + ": the obs column '" + column + "' is replaced by what is measured here.");
    SourceCells cells;
    try {
      cells = look_at(request_, file.name, head.obs, chooser, plan_.notes);
    } catch (const UsageError&) {
      Frame all = open_for_plan(context_, request_, file, true).head.obs;
      cells = look_at(request_, file.name, all, chooser, plan_.notes);
    }
    PlannedSource planned{.file = file, .path = head.path, .files = head.files};
    planned.units.assign(cells.keep.size(), kLeftOut);
    const std::vector<std::int32_t> numbers = note_units(cells.units.levels);
    for (std::size_t i = 0; i < cells.keep.size(); ++i) {
      const std::int32_t level = cells.units.codes[i];
      if (level < 0) {
        if (!cells.keep[i]) continue;
        throw DataError({.where = file.name + " cell '" + head.obs.index.text(static_cast<std::int64_t>(i)) + "'",
                         .found = "no value of the unit column '" + request_.data.unit + "'",
                         .expected = "a unit for every cell",
                         .advice = "leave such cells out with [data] where"});
      }
      ++plan_.in_files[numbers[level]];
      if (!cells.keep[i]) continue;
      ++plan_.labelled[numbers[level]];
      planned.units[i] = numbers[level];
    }
    plan_.sources.push_back(std::move(planned));
    return std::move(head.genes);
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
    for (auto& source : plan_.sources)
      for (auto& unit : source.units)
        if (unit >= 0) unit = place[unit];
  }

  const RunContext& context_;
  const StoreRequest& request_;
  CellPlan plan_;
  std::map<std::string, std::int32_t> numbers_;
};

}  // namespace

CellPlan plan_cells(const RunContext& context, const StoreRequest& request) {
  return Planner(context, request).make();
}

std::uint64_t lot_of_cell(std::uint64_t seed, const std::string& unit, const std::string& source, std::int64_t cell) {
  return Random(seed, "draw cells", unit + '\n' + source, static_cast<std::uint64_t>(cell))();
}

std::uint64_t greatest_lot_drawn(std::vector<std::uint64_t> lots, std::int64_t most) {
  if (std::ssize(lots) <= most) return ~std::uint64_t{0};
  const auto last = lots.begin() + (most - 1);
  std::nth_element(lots.begin(), last, lots.end());
  return *last;
}

std::vector<std::int64_t> draw_cells(std::uint64_t seed, std::int64_t most, CellPlan& plan) {
  if (most == 0) return plan.labelled;
  // Unit by unit would read the plan once for each: all that must be drawn from are drawn from in one go.
  std::vector<std::vector<std::uint64_t>> lots(plan.units.size());
  const auto crowded = [&](std::int32_t unit) { return unit >= 0 && plan.labelled[unit] > most; };
  const auto each_crowded = [&](auto&& work) {
    for (auto& source : plan.sources)
      for (std::size_t i = 0; i < source.units.size(); ++i)
        if (crowded(source.units[i]))
          work(source.units[i], lot_of_cell(seed, plan.units[source.units[i]], source.file.name, static_cast<std::int64_t>(i)));
  };
  each_crowded([&](std::int32_t& unit, std::uint64_t lot) { lots[unit].push_back(lot); });
  std::vector<std::uint64_t> greatest;
  for (auto& unit : lots) greatest.push_back(greatest_lot_drawn(std::move(unit), most));
  each_crowded([&](std::int32_t& unit, std::uint64_t lot) {
    if (lot > greatest[unit]) unit = kLeftOut;
  });
  std::vector<std::int64_t> drawn;
  for (const auto n : plan.labelled) drawn.push_back(std::min(n, most));
  return drawn;
}

}  // namespace cellverdict
