#include <cellverdict/simulate/truth.h>

#include <cellverdict/base/atomic_file.h>

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Value& value) {
  if (const auto* b = std::get_if<bool>(&value.data)) return *b;
  if (const auto* i = std::get_if<std::int64_t>(&value.data)) return *i;
  if (const auto* d = std::get_if<double>(&value.data)) return *d;
  if (const auto* s = std::get_if<std::string>(&value.data)) return *s;
  throw InternalError({.where = "truth.json", .found = value.kind(), .expected = "an option of a simple type", .advice = ""});
}

std::string cell_type_text(const StudyPlan& plan, const Program& program) {
  return program.cell_type < 0 ? "all" : plan.cell_types[program.cell_type];
}

std::string truth_cells_text(const TruthContents& truth) {
  std::string text = "cell\tlibrary\tcell_type\tlow_quality\texpected_counts\texpected_mito_share\tn_genes\tn_counts\n";
  const auto per_library = static_cast<std::size_t>(truth.options.n_cells);
  for (std::size_t c = 0; c < truth.cells.size(); ++c) {
    const auto& cell = truth.cells[c];
    const auto& library = truth.plan.libraries[c / per_library];
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\t{}\t{:.6g}\t{:.6g}\t{}\t{}\n",
                   barcode(static_cast<std::int64_t>(c % per_library)), library.name, truth.plan.cell_types[cell.cell_type],
                   cell.low_quality, cell.depth, cell.mito_share, cell.n_genes, cell.n_counts);
  }
  return text;
}

Json library_json(const TruthContents& truth, std::size_t l) {
  const auto& library = truth.plan.libraries[l];
  Json out = {{"name", library.name},
              {"donor", library.donor},
              {truth.plan.label_name, truth.plan.label(library)},
              {"batch", library.batch}};
  if (library.day) out["day"] = *library.day;
  if (!library.replicate.empty()) out["replicate"] = library.replicate;
  out["composition"] = library.composition;
  const auto n_cells = static_cast<std::size_t>(truth.options.n_cells);
  std::int64_t n_genes = 0, n_counts = 0, n_low = 0;
  for (const auto& cell : truth.cells.subspan(l * n_cells, n_cells)) {
    n_genes += cell.n_genes;
    n_counts += cell.n_counts;
    n_low += cell.low_quality;
  }
  out["n_cells"] = n_cells;
  out["n_low_quality"] = n_low;
  out["mean_genes"] = static_cast<double>(n_genes) / static_cast<double>(n_cells);
  out["mean_counts"] = static_cast<double>(n_counts) / static_cast<double>(n_cells);
  return out;
}

std::string truth_json_text(const TruthContents& truth) {
  Json out;
  out["made_by"] = "cellverdict simulate";
  out["seed"] = truth.seed;
  for (const auto& [name, value] : simulate_options().write(truth.options))
    if (name != "output") out["options"][name] = json_of(value);  // where it lies is no property of the study
  out["model"] =
      "share_g proportional to exp(b_g + sum of the log fold changes of the programs that apply); "
      "count_g ~ negative binomial with mean depth * share_g and variance fano * mean";
  out["n_cells"] = truth.cells.size();
  out["n_genes"] = truth.plan.genes.size();
  out["libraries"] = Json::array();
  for (std::size_t l = 0; l < truth.plan.libraries.size(); ++l) out["libraries"].push_back(library_json(truth, l));
  out["programs"] = Json::array();
  for (const auto& program : truth.plan.programs)
    out["programs"].push_back({{"program", program_name(program.kind)},
                               {"level", program.level},
                               {"cell_type", cell_type_text(truth.plan, program)},
                               {"n_genes", program.effects.size()}});
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string truth_genes_text(const StudyPlan& plan) {
  std::string text = "gene_id\tsymbol\tprogram\tlevel\tcell_type\tlog_fold_change\n";
  for (const auto& program : plan.programs)
    for (const auto& [gene, change] : program.effects)
      fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\t{}\t{}\t{}\n", plan.genes.ids[gene], plan.genes.symbols[gene],
                     program_name(program.kind), program.level, cell_type_text(plan, program), change);
  return text;
}

void write_truth(const std::filesystem::path& folder, const TruthContents& truth) {
  write_file(folder / "truth_genes.tsv", truth_genes_text(truth.plan));
  write_file(folder / "truth_cells.tsv", truth_cells_text(truth));
  write_file(folder / "truth.json", truth_json_text(truth));
}

}  // namespace cellverdict
