// Pass 1, whole: every source is planned, read once and written as a shard; what is known of it all goes into the index.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/genes/mitochondrial.h>
#include <cellverdict/prepare/cell_plan.h>
#include <cellverdict/prepare/cell_records.h>
#include <cellverdict/prepare/draw.h>
#include <cellverdict/prepare/duplicates.h>
#include <cellverdict/prepare/normalise.h>
#include <cellverdict/prepare/part_write.h>
#include <cellverdict/prepare/read_cells.h>
#include <cellverdict/prepare/row_spool.h>
#include <cellverdict/prepare/shard_write.h>
#include <cellverdict/prepare/store.h>
#include <cellverdict/prepare/store_json.h>
#include <cellverdict/prepare/unit_sums.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

std::string name_of_drawing(const PrepareOptions& o) {
  return o.max_cells > 0 ? fmt::format("drawn (at most {} a unit, {} quality control)", with_commas(o.max_cells), o.draw)
                         : "drawn (all)";
}

struct QualityStep {
  QualityVerdict verdict;
  std::string name;
};

// In the order in which judge_quality asks.
std::vector<QualityStep> quality_steps(const PrepareOptions& o) {
  const std::string mads = o.mads > 0 ? fmt::format(" and within {} MADs of the unit's median", o.mads) : "";
  std::vector<QualityStep> steps = {
      {QualityVerdict::too_few_genes,
       (o.min_genes > 0 ? fmt::format("at least {} genes", with_commas(o.min_genes)) : "no lower bound of genes") + mads},
      {QualityVerdict::too_many_genes,
       (o.max_genes > 0 ? fmt::format("at most {} genes", with_commas(o.max_genes)) : "no upper bound of genes") + mads},
      {QualityVerdict::too_much_mito,
       (o.max_mito_percent < 100 ? fmt::format("at most {} % mitochondrial", o.max_mito_percent) : "no mitochondrial bound") +
           mads}};
  if (o.mads > 0) {
    steps.push_back({QualityVerdict::too_few_counts, fmt::format("counts not more than {} MADs below the unit's median", o.mads)});
    steps.push_back({QualityVerdict::too_many_counts, fmt::format("counts not more than {} MADs above the unit's median", o.mads)});
  }
  return steps;
}

class StoreWriter {
 public:
  StoreWriter(const RunContext& context, const StoreRequest& request, const StorePlace& place, FileDigests& digests)
      : context_(context), request_(request), place_(place), digests_(digests) {}

  StoreIndex write() {
    AtomicPath out(place_.folder);
    fs::create_directories(out.temporary());
    plan_ = plan_cells(context_, request_, out.temporary());
    index_.notes = plan_.notes;
    note_mitochondrial();
    const bool draw_before = request_.prepare.draw == "before";
    if (draw_before) drawn_ = draw_cells(context_.seed, request_.prepare.max_cells, plan_);

    {
      CellRecords records(out.temporary() / "records");
      std::vector<std::int32_t> units(plan_.units.size());
      std::iota(units.begin(), units.end(), 0);
      UnitSums sums(out.temporary() / "sums", units, plan_.genes.size());
      // Where a cell stays depends on cells not read yet, all are read before the first is written.
      if (draw_before && request_.prepare.mads == 0) {
        write_one_by_one(out.temporary(), records, sums);
      } else {
        digests_.begin(files());
        write_after_all_are_read(out.temporary(), records, sums);
      }
      finish(out.temporary(), records, sums);
    }
    write_index(out.temporary());
    out.commit();
    remove_parts(place_.parts);
    return std::move(index_);
  }

 private:
  std::vector<fs::path> files() const {
    std::vector<fs::path> paths;
    for (const auto& [path, stamp] : plan_.files) paths.push_back(path);
    return paths;
  }

  void note_mitochondrial() {
    mitochondrial_ = numbers_of(mitochondrial_genes(plan_.genes));
    const std::string rule = mitochondrial_rule(plan_.genes);
    if (rule == "Ensembl id")
      index_.notes.push_back("Mitochondrial genes are told by their Ensembl ids; no symbol starts with MT- or mt-.");
    if (rule.empty() && request_.prepare.max_mito_percent < 100)
      warn(
          "No gene symbol starts with MT- or mt- and no Ensembl id is one of a mitochondrial gene: the mitochondrial share of "
          "every "
          "cell counts as 0, so [prepare] max_mito_percent keeps all cells.");
  }

  CellReading reading(const std::string& when_interrupted) {
    return {.context = context_,
            .request = request_,
            .plan = plan_,
            .mitochondrial = mitochondrial_,
            .judge_later = request_.prepare.mads > 0,
            .when_interrupted = when_interrupted,
            .warn = [this](const std::string& note) { warn(note); }};
  }

  // A source is opened anew each time it is gone through: what was decided for its cells must be about the same cells.
  LabelledSource open(std::size_t s) const {
    OpenOptions options = open_options(context_, request_.data);
    options.hold_column = hold_no_column;
    options.in_pieces = true;
    LabelledSource opened = open_labelled(plan_.sources[s].file, options);
    const std::int64_t n_planned = std::ssize(plan_.sources[s].units);
    if (opened.head.n_cells != n_planned)
      throw InputError({.where = plan_.sources[s].path.string(),
                        .found = counted(opened.head.n_cells, "cell"),
                        .expected = with_commas(n_planned) + ", as on first opening",
                        .advice = "the file was changed while being read: run again"});
    return opened;
  }

  void write_one_by_one(const fs::path& folder, CellRecords& records, UnitSums& sums) {
    const CellReading how = reading("the sources that are done are kept: run again to go on with the others");
    PartWriter parts(
        {.how = how, .place = place_, .digests = digests_, .open = [this](std::size_t s) { return open(s); }, .folder = folder});
    for (std::size_t s = 0; s < plan_.sources.size(); ++s) {
      const PartWriter::Done done = parts.add(records, sums);
      take_state(s, done.values);
      note_shard(s, done.n_rows);
    }
    parts.say();
  }

  void write_after_all_are_read(const fs::path& folder, CellRecords& records, UnitSums& sums) {
    const CellReading how = reading("nothing was left behind; run again to start over");
    std::vector<std::optional<RowSpool>> spools(plan_.sources.size());
    for (std::size_t s = 0; s < plan_.sources.size(); ++s) {
      spools[s].emplace(folder / ("spool" + std::to_string(s)), plan_.genes.size());
      take_state(s, read_cells(how, s, open(s), records, *spools[s]));
      source_ends_.push_back(records.size());
    }
    records.open();
    if (request_.prepare.mads > 0) judge_by_mads(records, std::ssize(plan_.units), request_.prepare);
    if (request_.prepare.draw == "after") draw_after(records);
    for (std::size_t s = 0; s < plan_.sources.size(); ++s) {
      write(s, folder, open(s), *spools[s], records, sums);
      spools[s].reset();
    }
  }

  // Files in two states would teach the net the difference between files.
  void take_state(std::size_t s, ValueState state) {
    const bool normalised = state == ValueState::normalised;
    if (s > 0 && normalised != (index_.values == ValueState::normalised))
      throw DataError({.where = plan_.sources[s].path.string(),
                       .found = "values that are " + value_state_name(state),
                       .expected = value_state_name(index_.values) + ", as in " + plan_.sources[0].path.string(),
                       .advice = "give all sources as raw counts"});
    if (s == 0 || state != ValueState::counts) index_.values = state;
  }

  // Of the cells that passed quality control, those with the smallest lots of their unit stay.
  void draw_after(CellRecords& records) {
    const std::int64_t most = request_.prepare.max_cells;
    drawn_.assign(plan_.units.size(), 0);
    records.each_unit(std::ssize(plan_.units), [&](std::int32_t unit, std::span<const std::int64_t> numbers) {
      const auto lot = [&](std::int64_t i) {
        const auto s = std::upper_bound(source_ends_.begin(), source_ends_.end(), i) - source_ends_.begin();
        return lot_of_cell(context_.seed, plan_.units[unit], plan_.sources[s].file.name, records[i].cell);
      };
      ScratchArray<std::uint64_t> lots(plan_.scratch);
      for (const auto i : numbers)
        if (records[i].kept) lots.push_back(lot(i));
      drawn_[unit] = lots.size();
      if (most == 0 || lots.size() <= most) return;
      drawn_[unit] = most;
      const std::uint64_t greatest = greatest_lot_drawn(lots.open(), most);
      for (const auto i : numbers) records[i].kept = records[i].kept && lot(i) <= greatest;
    });
  }

  void write(std::size_t s, const fs::path& folder, const LabelledSource& opened, RowSpool& spool, CellRecords& records,
             UnitSums& sums) {
    spool.open();
    records.open();
    note_shard(s, write_shard({.context = context_, .request = request_, .plan = plan_, .source = s, .opened = opened},
                              folder / shard_name(s), spool, records, sums));
  }

  std::string shard_name(std::size_t s) const { return shard_stem(s, plan_.sources[s].file.name) + ".h5ad"; }

  void note_shard(std::size_t s, std::int64_t n_rows) {
    if (n_rows > 0) {
      index_.shards.push_back(shard_name(s));
    } else {
      index_.notes.push_back(plan_.sources[s].file.name + ": no cell is left.");
    }
  }

  // Statistics of units, and how many cells each step left.
  void finish(const fs::path& folder, CellRecords& records, const UnitSums& sums) {
    if (index_.shards.empty()) {
      remove_parts(place_.parts);  // of no use to anybody
      throw DataError(
          {.where = "[prepare]",
           .found = "no cell that passes quality control",
           .expected = "cells to learn from",
           .advice = "look at the files with `cellverdict inspect` and loosen min_genes, max_genes or max_mito_percent"});
    }
    records.open();
    const auto n_units = std::ssize(plan_.units);
    const PrepareOptions& options = request_.prepare;
    StoreFlow& flow = index_.flow;
    flow.units = plan_.units;
    const auto add = [&](const std::string& stage, std::vector<std::int64_t> n_cells) {
      flow.stages.push_back(stage);
      flow.n_cells.push_back(std::move(n_cells));
    };
    add("in the files", plan_.in_files);
    add("chosen and labelled", plan_.labelled);
    if (options.draw == "before") add(name_of_drawing(options), drawn_);
    std::vector<QualityVerdict> order;
    for (const auto& step : quality_steps(options)) order.push_back(step.verdict);
    auto passing = count_passing(records, n_units, order);
    for (const auto& step : quality_steps(options))
      add(step.name, std::move(passing[flow.stages.size() - (options.draw == "before" ? 3 : 2)]));
    if (options.draw == "after") add(name_of_drawing(options), drawn_);
    warn_of_small_units(flow);
    index_.quality = summarise_quality(records, plan_.units);
    if (const std::string leakage = say_duplicates(find_duplicates(records), plan_.units); !leakage.empty()) warn(leakage);
    index_.normalisation = normalisation_name(options);
    write_unit_sums(folder / "statistics.h5ad",
                    {.units = plan_.units,
                     .n_cells = flow.n_cells.back(),
                     .sum = sums.sum(),
                     .sum_squares = sums.sum_squares(),
                     .n_positive = sums.n_positive()},
                    plan_.genes);
  }

  // Units that vanish, and those that hang on a single cell.
  void warn_of_small_units(const StoreFlow& flow) {
    std::vector<std::string> none, one;
    for (std::size_t u = 0; u < flow.units.size(); ++u) {
      if (plan_.labelled[u] == 0) continue;
      if (flow.n_cells.back()[u] == 0) none.push_back("'" + flow.units[u] + "'");
      if (flow.n_cells.back()[u] == 1) one.push_back("'" + flow.units[u] + "'");
    }
    if (!none.empty())
      warn("No cell passes quality control of " + counted(std::ssize(none), "unit") + ": " + listed(none) + " on no side.");
    if (!one.empty()) warn("A single cell is left of " + counted(std::ssize(one), "unit") + ": " + listed(one) + ".");
  }

  void write_index(const fs::path& folder) {
    for (const auto& note : index_.notes)
      if (std::find(warned_.begin(), warned_.end(), note) == warned_.end()) context_.log("note      " + note);
    // What was read is what is written down.
    for (const auto& [path, stamp] : plan_.files)
      if (stamp_of(path) != stamp) refuse_changed(path.string());
    StoreKey key = make_store_key(context_, request_, files(), digests_);
    index_.key = std::move(key.key);
    index_.inputs = std::move(key.inputs);
    write_file(folder / "store.json", store_index_to_json(index_));
  }

  void warn(const std::string& note) {
    context_.warn(note);
    warned_.push_back(note);
    index_.notes.push_back(note);
  }

  const RunContext& context_;
  const StoreRequest& request_;
  const StorePlace& place_;
  FileDigests& digests_;
  CellPlan plan_;
  std::vector<std::int32_t> mitochondrial_;
  std::vector<std::int64_t> drawn_;        // [units] cells
  std::vector<std::int64_t> source_ends_;  // [sources] where the records of each end
  std::vector<std::string> warned_;        // of the notes, those said at once
  StoreIndex index_;
};

}  // namespace

StoreIndex write_store(const RunContext& context, const StoreRequest& request, const StorePlace& place, FileDigests& digests) {
  return StoreWriter(context, request, place, digests).write();
}

StoreIndex write_store(const RunContext& context, const StoreRequest& request, const fs::path& folder) {
  FileDigests digests;
  return write_store(context, request, {.folder = folder, .parts = folder.string() + ".parts", .earlier = {folder}}, digests);
}

}  // namespace cellverdict
