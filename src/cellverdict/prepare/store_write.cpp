// Pass 1: every source is read once; cells are drawn and judged; what stays is written as shards, and summed per unit.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/random.h>
#include <cellverdict/genes/match.h>
#include <cellverdict/genes/mitochondrial.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/prepare/gene_overlap.h>
#include <cellverdict/prepare/normalise.h>
#include <cellverdict/prepare/quality.h>
#include <cellverdict/prepare/spool.h>
#include <cellverdict/prepare/store.h>
#include <cellverdict/prepare/store_json.h>
#include <cellverdict/prepare/value_state.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kBlockRows = 512;

enum Stage : std::size_t { in_files, labelled, drawn, enough_genes, few_enough_genes, low_mito, n_stages };

// A cell that may enter the store, before and after it is read.
struct Candidate {
  std::int32_t unit = -1;  // -1: left out by where, classes or a missing label
  std::uint64_t lot = 0;   // the smallest lots of a unit are drawn
  bool kept = false;
  float n_genes = 0, mito_percent = 0;
  double total = 0;
  std::int64_t spool_row = -1;
};

struct PlannedSource {
  SourceFile file;
  SourceHead head;  // obs with labels joined
  std::vector<Candidate> cells;
};

std::string stage_name(std::size_t stage, const PrepareOptions& o) {
  switch (stage) {
    case in_files:
      return "in the files";
    case labelled:
      return "chosen and labelled";
    case drawn:
      return o.max_cells > 0 ? fmt::format("drawn (at most {} a unit, {} quality control)", with_commas(o.max_cells), o.draw)
                             : "drawn (all)";
    case enough_genes:
      return o.min_genes > 0 ? fmt::format("at least {} genes", with_commas(o.min_genes)) : "no lower bound of genes";
    case few_enough_genes:
      return o.max_genes > 0 ? fmt::format("at most {} genes", with_commas(o.max_genes)) : "no upper bound of genes";
    default:
      return o.max_mito_percent < 100 ? fmt::format("at most {} % mitochondrial", o.max_mito_percent) : "no mitochondrial bound";
  }
}

class StoreWriter {
 public:
  StoreWriter(const RunContext& context, const StoreRequest& request, const fs::path& folder)
      : context_(context), request_(request), folder_(folder) {}

  StoreIndex write() {
    plan();
    AtomicPath out(folder_);
    fs::create_directories(out.temporary());
    if (request_.prepare.draw == "before") draw();
    sums_.assign(index_.flow.units.size(), GeneSums(genes_.size()));
    if (request_.prepare.draw == "before") {
      for (std::size_t s = 0; s < sources_.size(); ++s) {
        RowSpool spool(out.temporary() / ("spool" + std::to_string(s)));
        read_source(s, spool);
        write_shard(s, spool, out.temporary());
      }
    } else {
      std::vector<std::unique_ptr<RowSpool>> spools;
      for (std::size_t s = 0; s < sources_.size(); ++s) {
        spools.push_back(std::make_unique<RowSpool>(out.temporary() / ("spool" + std::to_string(s))));
        read_source(s, *spools.back());
      }
      draw();
      for (std::size_t s = 0; s < sources_.size(); ++s) {
        write_shard(s, *spools[s], out.temporary());
        spools[s].reset();
      }
    }
    finish(out.temporary());
    out.commit();
    return std::move(index_);
  }

 private:
  // Heads of all sources: the gene space, the units, which cells may enter.
  void plan() {
    GeneOverlap overlap;
    RowChooser chooser(request_.data);
    for (const auto& file : list_sources(request_.data, request_.base)) {
      LabelledSource opened = open_labelled(file, open_options(context_, request_.data));
      PlannedSource planned{.file = file, .head = std::move(opened.head)};
      index_.notes.insert(index_.notes.end(), planned.head.notes.begin(), planned.head.notes.end());
      for (const std::string& column :
           {std::string("total_counts"), std::string("n_genes_by_counts"), std::string("pct_counts_mt")})
        if (planned.head.obs.find(column) != nullptr)
          index_.notes.push_back(file.name + ": the obs column '" + column + "' is replaced by what is measured here.");
      if (!request_.data.donor.empty())
        static_cast<void>(planned.head.obs.column(request_.data.donor, "[data] donor, source '" + file.name + "'"));
      const auto keep = chooser.keep(planned.head.obs, file.name, index_.notes);
      planned.cells.resize(keep.size());
      for (std::size_t i = 0; i < keep.size(); ++i) planned.cells[i].unit = keep[i] ? 0 : -1;
      overlap.add(file.name, planned.head.genes);
      planned.head.genes = {};
      sources_.push_back(std::move(planned));
    }
    chooser.check();
    genes_ = overlap.settle(request_.data.min_overlap, index_.notes);
    mitochondrial_ = mitochondrial_genes(genes_);
    const std::string rule = mitochondrial_rule(genes_);
    if (rule == "Ensembl id")
      index_.notes.push_back("Mitochondrial genes are told by their Ensembl ids; no symbol starts with MT- or mt-.");
    if (rule.empty() && request_.prepare.max_mito_percent < 100)
      warn(
          "No gene symbol starts with MT- or mt- and no Ensembl id is one of a mitochondrial gene: the mitochondrial share of "
          "every cell counts as 0, so [prepare] max_mito_percent "
          "keeps all cells.");
    name_units();
  }

  void name_units() {
    std::map<std::string, std::int32_t> units;
    for (auto& source : sources_) {
      const Column& column = source.head.obs.column(request_.data.unit, "[data] unit, source '" + source.file.name + "'");
      for (std::size_t i = 0; i < source.cells.size(); ++i) {
        const std::string unit = column.text(static_cast<std::int64_t>(i));
        if (unit.empty() && source.cells[i].unit >= 0)
          throw DataError({.where = source.file.name + " cell '" + source.head.obs.index.text(static_cast<std::int64_t>(i)) + "'",
                           .found = "no value of the unit column '" + request_.data.unit + "'",
                           .expected = "a unit for every cell",
                           .advice = "leave such cells out with [data] where"});
        if (!unit.empty()) units.emplace(unit, 0);
      }
    }
    std::vector<std::string> names;
    for (const auto& [name, number] : units) names.push_back(name);
    sort_labels(names);
    for (std::size_t u = 0; u < names.size(); ++u) units[names[u]] = static_cast<std::int32_t>(u);
    index_.flow.units = names;
    flow_.assign(n_stages, std::vector<std::int64_t>(names.size()));
    for (auto& source : sources_) {
      const Column& column = source.head.obs.column(request_.data.unit, "[data] unit");
      for (std::size_t i = 0; i < source.cells.size(); ++i) {
        const auto place = units.find(column.text(static_cast<std::int64_t>(i)));
        if (place == units.end()) continue;
        ++flow_[in_files][place->second];
        Candidate& cell = source.cells[i];
        if (cell.unit < 0) continue;
        cell.unit = place->second;
        cell.kept = true;
        ++flow_[labelled][cell.unit];
        // Depends on seed, unit, source and the cell's place in it alone: the same cells whatever else is in the study, and lots of
        // their own for the two files of one unit.
        cell.lot = Random(context_.seed, "draw cells", place->first + '\n' + source.file.name, i)();
      }
    }
  }

  // Of the cells still in, those with the smallest lots of their unit stay.
  void draw() {
    const auto most = static_cast<std::size_t>(request_.prepare.max_cells);
    std::vector<std::vector<Candidate*>> of_unit(index_.flow.units.size());
    for (auto& source : sources_)
      for (auto& cell : source.cells)
        if (cell.kept) of_unit[cell.unit].push_back(&cell);
    for (std::size_t u = 0; u < of_unit.size(); ++u) {
      auto& cells = of_unit[u];
      if (most > 0 && cells.size() > most) {
        std::stable_sort(cells.begin(), cells.end(), [](const Candidate* a, const Candidate* b) { return a->lot < b->lot; });
        for (std::size_t k = most; k < cells.size(); ++k) cells[k]->kept = false;
        cells.resize(most);
      }
      flow_[drawn][u] = static_cast<std::int64_t>(cells.size());
    }
  }

  void read_source(std::size_t s, RowSpool& spool) {
    PlannedSource& planned = sources_[s];
    const Stopwatch watch;
    const auto opened = open_labelled(planned.file, open_options(context_, request_.data));
    if (opened.head.n_cells != planned.head.n_cells)
      throw InputError({.where = planned.head.path.string(),
                        .found = counted(opened.head.n_cells, "cell"),
                        .expected = with_commas(planned.head.n_cells) + ", as on first opening",
                        .advice = "the file was changed while being read: run again"});
    // By id alone, as the shared genes were found.
    const GeneList& own_genes = opened.head.genes;
    const bool same_genes = own_genes.ids == genes_.ids;
    const auto target = match_ids(own_genes, genes_).target;
    CsrBlock block, cell;
    ValueWatch values(planned.head.path.string(), request_.prepare.counts == "strict");
    while (opened.source->read_block(kBlockRows, block)) {
      if (const std::string note = values.see(block); !note.empty()) warn(note);
      for (std::int64_t i = 0; i < block.n_rows(); ++i) {
        Candidate& candidate = planned.cells[block.first_row + i];
        if (!candidate.kept) continue;
        cell.clear();
        const CsrRow counts = block.row(i);
        refuse_negative(counts, planned.head.path.string(), planned.head.obs.index[block.first_row + i], own_genes);
        for (std::size_t k = 0; k < counts.genes.size() && !same_genes; ++k)
          if (const std::int32_t g = target[counts.genes[k]]; g >= 0) cell.push(g, counts.values[k]);
        cell.sort_from(0);  // sources may list the genes in different orders
        judge(candidate, same_genes ? counts : CsrRow{cell.indices, cell.values}, spool);
      }
      context_.progress("read " + planned.file.name, block.first_row + block.n_rows(), planned.head.n_cells);
      if (context_.stopping())
        throw Interrupted({.where = "reading " + planned.file.name,
                           .found = "an interrupt",
                           .expected = "",
                           .advice = "nothing was left behind; run again to start over"});
    }
    spool.finish();
    take_state(s, values.state());
    context_.log(fmt::format("read      {:<24} {:>9} cells  {:>7} kept  {:>6} genes  {:.1f} s", planned.file.name,
                             with_commas(planned.head.n_cells), with_commas(spool.n_rows()), with_commas(genes_.size()),
                             watch.seconds()));
  }

  // Files in two states would teach the net the difference between files.
  void take_state(std::size_t s, ValueState state) {
    const bool normalised = state == ValueState::normalised;
    if (s > 0 && normalised != (index_.values == ValueState::normalised))
      throw DataError({.where = sources_[s].head.path.string(),
                       .found = "values that are " + value_state_name(state),
                       .expected = value_state_name(index_.values) + ", as in " + sources_[0].head.path.string(),
                       .advice = "give all sources as raw counts"});
    if (s == 0 || state != ValueState::counts) index_.values = state;
  }

  void judge(Candidate& cell, const CsrRow& counts, RowSpool& spool) {
    const CellQuality quality = measure_quality(counts, mitochondrial_);
    const QualityVerdict verdict = judge_quality(quality, request_.prepare);
    auto& flow = quality_flow_[cell.unit];
    flow.resize(3);
    flow[0] += verdict != QualityVerdict::too_few_genes;
    flow[1] += verdict != QualityVerdict::too_few_genes && verdict != QualityVerdict::too_many_genes;
    flow[2] += verdict == QualityVerdict::passes;
    cell.kept = verdict == QualityVerdict::passes;
    if (!cell.kept) return;
    cell.total = quality.total;
    cell.n_genes = static_cast<float>(quality.n_genes);
    cell.mito_percent = static_cast<float>(quality.mito_percent);
    cell.spool_row = spool.n_rows();
    spool.append(counts);
  }

  void write_shard(std::size_t s, const RowSpool& spool, const fs::path& folder) {
    const PlannedSource& planned = sources_[s];
    std::vector<std::int64_t> rows;
    std::int64_t n_nonzero = 0;
    for (std::size_t i = 0; i < planned.cells.size(); ++i)
      if (planned.cells[i].kept) {
        rows.push_back(static_cast<std::int64_t>(i));
        n_nonzero += spool.n_nonzero(planned.cells[i].spool_row);
      }
    if (rows.empty()) {
      index_.notes.push_back(planned.file.name + ": no cell is left.");
      return;
    }
    std::stable_sort(rows.begin(), rows.end(), [&](auto a, auto b) { return planned.cells[a].unit < planned.cells[b].unit; });

    H5adContents contents{.obs = shard_obs(planned, rows), .n_nonzero = n_nonzero, .whole_16_bit = spool.fits_16_bit()};
    contents.var.index = genes_.ids;
    contents.var.set("gene_symbols", make_text_column(genes_.symbols));
    std::size_t next = 0;
    CsrBlock values;
    contents.next_block = [&](CsrBlock& block) {
      block.clear();
      block.first_row = static_cast<std::int64_t>(next);
      for (; next < rows.size() && block.n_rows() < kBlockRows; ++next) {
        const Candidate& cell = planned.cells[rows[next]];
        const CsrRow row = spool.row(cell.spool_row);
        block.indices.insert(block.indices.end(), row.genes.begin(), row.genes.end());
        block.values.insert(block.values.end(), row.values.begin(), row.values.end());
        block.end_row();
        values.values.assign(row.values.begin(), row.values.end());
        normalise_values(values.values, cell.total, request_.prepare.target_sum, request_.prepare.log1p);
        sums_[cell.unit].add({row.genes, values.values});
      }
      return block.n_rows() > 0;
    };
    std::string name = planned.file.name;
    for (char& c : name)
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') c = '_';
    index_.shards.push_back(fmt::format("{:03}_{}.h5ad", s, name));
    write_h5ad(folder / index_.shards.back(), contents);
  }

  Frame shard_obs(const PlannedSource& planned, const std::vector<std::int64_t>& rows) const {
    Frame obs = planned.head.obs.select(rows);
    if (sources_.size() > 1) {
      Names cells;
      for (const std::string_view cell : obs.index) cells.push_back(std::string(cell) + "-" + planned.file.name);
      obs.index = std::move(cells);
    }
    std::vector<double> totals, n_genes, mito;
    for (const std::int64_t row : rows) {
      totals.push_back(planned.cells[row].total);
      n_genes.push_back(planned.cells[row].n_genes);
      mito.push_back(planned.cells[row].mito_percent);
    }
    obs.set("total_counts", make_number_column(std::move(totals)));
    obs.set("n_genes_by_counts", make_number_column(std::move(n_genes)));
    obs.set("pct_counts_mt", make_number_column(std::move(mito)));
    return obs;
  }

  // Statistics of units, and the index.
  void finish(const fs::path& folder) {
    if (index_.shards.empty())
      throw DataError(
          {.where = "[prepare]",
           .found = "no cell that passes quality control",
           .expected = "cells to learn from",
           .advice = "look at the files with `cellverdict inspect` and loosen min_genes, max_genes or max_mito_percent"});
    StoreFlow& flow = index_.flow;
    for (std::size_t u = 0; u < flow.units.size(); ++u)
      if (const auto found = quality_flow_.find(static_cast<std::int32_t>(u)); found != quality_flow_.end())
        for (std::size_t k = 0; k < 3; ++k) flow_[enough_genes + k][u] = found->second[k];
    std::vector<std::size_t> order = {in_files, labelled, drawn, enough_genes, few_enough_genes, low_mito};
    if (request_.prepare.draw == "after") order = {in_files, labelled, enough_genes, few_enough_genes, low_mito, drawn};
    for (const std::size_t stage : order) {
      flow.stages.push_back(stage_name(stage, request_.prepare));
      flow.n_cells.push_back(flow_[stage]);
    }
    index_.normalisation = normalisation_name(request_.prepare);
    write_unit_sums(folder / "statistics.h5ad", {index_.normalisation, flow.units, std::move(sums_)}, genes_);
    for (const auto& note : index_.notes)
      if (std::find(warned_.begin(), warned_.end(), note) == warned_.end()) context_.log("note      " + note);
    // Hashed anew: what was read is what is written down.
    FileDigests digests;
    StoreKey key = make_store_key(context_, request_, digests);
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
  const fs::path folder_;
  std::vector<PlannedSource> sources_;
  GeneList genes_;
  std::vector<bool> mitochondrial_;
  std::vector<GeneSums> sums_;                                      // [units]
  std::vector<std::vector<std::int64_t>> flow_;                     // [stages][units]
  std::map<std::int32_t, std::vector<std::int64_t>> quality_flow_;  // unit → cells left after each threshold
  std::vector<std::string> warned_;                                 // of the notes, those said at once
  StoreIndex index_;
};

}  // namespace

StoreIndex write_store(const RunContext& context, const StoreRequest& request, const fs::path& folder) {
  return StoreWriter(context, request, folder).write();
}

}  // namespace cellverdict
