#include <cellverdict/run/explain_overview.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/version.h>
#include <cellverdict/report/explain_page.h>
#include <cellverdict/run/explain_agreement.h>
#include <cellverdict/run/explain_files.h>
#include <cellverdict/run/explain_types.h>
#include <cellverdict/run/gene_sets.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

std::string name_of(const ExplainResult& result, bool many_models, bool many_classes) {
  if (many_models && many_classes) return result.model + " · " + result.class_name;
  return many_models ? result.model : result.class_name;
}

// Of classes that several models were explained for.
std::vector<ConsensusGene> consensus_of(const std::vector<ExplainResult>& results) {
  struct Seen {
    ConsensusGene gene;
    std::vector<double> ranks;
  };
  std::map<std::string, std::map<std::string, Seen>> classes;
  std::map<std::string, std::int64_t> n_models;
  for (const auto& result : results) {
    if (result.n_in_class == 0) continue;  // as of a fold that tests one unit: it shows what speaks against the class at best
    ++n_models[result.class_name];
    const std::int64_t n_first = first_genes_of(result.n_genes);
    for (std::size_t r = 0; r < result.genes.size(); ++r) {
      const ExplainedGene& gene = result.genes[r];
      Seen& seen = classes[result.class_name][gene.id];
      if (seen.ranks.empty()) seen.gene = {.class_name = result.class_name, .id = gene.id, .symbol = gene.symbol};
      seen.ranks.push_back(static_cast<double>(r) + 1);
      seen.gene.n_first += static_cast<std::int64_t>(r) < n_first ? 1 : 0;
      seen.gene.attribution += std::isnan(gene.in_class) ? gene.attribution : gene.in_class;
    }
  }
  std::vector<ConsensusGene> out;
  for (auto& [class_name, genes] : classes) {
    if (n_models[class_name] < 2) continue;
    for (auto& [id, seen] : genes) {
      std::sort(seen.ranks.begin(), seen.ranks.end());
      const std::size_t n = seen.ranks.size();
      seen.gene.n_models = static_cast<std::int64_t>(n);
      seen.gene.attribution /= static_cast<double>(n);
      seen.gene.median_rank = (seen.ranks[(n - 1) / 2] + seen.ranks[n / 2]) / 2;
      seen.gene.best_rank = seen.ranks.front();
      seen.gene.worst_rank = seen.ranks.back();
      out.push_back(std::move(seen.gene));
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const ConsensusGene& a, const ConsensusGene& b) {
    return a.n_first != b.n_first ? a.n_first > b.n_first : a.median_rank < b.median_rank;
  });
  return out;
}

std::string consensus_as_tsv(const std::vector<ConsensusGene>& genes) {
  std::string tsv = "class\tgene_id\tgene_symbol\tn_models\tn_among_first\tmedian_rank\tbest_rank\tworst_rank\tattribution\n";
  for (const auto& gene : genes)
    tsv += fmt::format("{}\t{}\t{}\t{}\t{}\t{:g}\t{:g}\t{:g}\t{:.9g}\n", gene.class_name, gene.id, gene.symbol, gene.n_models,
                       gene.n_first, gene.median_rank, gene.best_rank, gene.worst_rank, gene.attribution);
  return tsv;
}

// Types of cells over all folds: each unit explained by the net that never saw it. Nothing where units were explained by several
// nets, or where types were found anew for each net.
std::vector<ExplainResult> pooled_folds(const std::vector<ExplainResult>& results) {
  std::map<std::string, std::vector<const ExplainResult*>> classes;
  for (const auto& result : results) classes[result.class_name].push_back(&result);
  std::vector<ExplainResult> out;
  for (const auto& [class_name, parts] : classes) {
    ExplainResult whole{.class_name = class_name, .types_how = parts.front()->types_how};
    std::set<std::string> units;
    bool can = parts.size() > 1;
    std::map<std::string, ExplainedType> types;
    for (const ExplainResult* part : parts) {
      for (const auto& unit : part->units) can = can && units.insert(unit).second;
      for (const ExplainedType& type : part->types) {
        can = can && type.markers.empty();
        ExplainedType& all = types[type.name];
        all.name = type.name;
        all.n_cells += type.n_cells;
        all.values.resize(whole.units.size(), std::numeric_limits<double>::quiet_NaN());
        all.values.insert(all.values.end(), type.values.begin(), type.values.end());
        if (part->n_in_class == 0) continue;
        all.contribution += type.contribution * static_cast<double>(part->n_in_class);
        all.attention += type.attention * static_cast<double>(part->n_in_class);
      }
      whole.units.insert(whole.units.end(), part->units.begin(), part->units.end());
      whole.is_in_class.insert(whole.is_in_class.end(), part->is_in_class.begin(), part->is_in_class.end());
      whole.n_units += part->n_units;
      whole.n_in_class += part->n_in_class;
    }
    if (!can || types.size() < 2) continue;
    for (auto& [name, type] : types) {
      type.values.resize(whole.units.size(), std::numeric_limits<double>::quiet_NaN());
      type.contribution /= static_cast<double>(whole.n_in_class);
      type.attention /= static_cast<double>(whole.n_in_class);
      whole.types.push_back(std::move(type));
    }
    compare_types(whole.is_in_class, whole.types);
    out.push_back(std::move(whole));
  }
  return out;
}

// Every set against every explanation is one family of tests.
std::vector<ExplainedSet> all_sets(const std::vector<ExplainResult>& results, const std::vector<std::string>& names) {
  std::vector<ExplainedSet> out;
  for (std::size_t i = 0; i < results.size(); ++i)
    for (ExplainedSet set : results[i].sets) {
      set.cell_type = names[i];
      out.push_back(std::move(set));
    }
  adjust_together(out);
  return out;
}

}  // namespace

void write_overview(const RunContext& context, const ExplainRequest& request, const std::string& unit_noun,
                    const std::vector<fs::path>& folders, const fs::path& out, ExplainSummary& summary) {
  const auto& results = summary.results;
  const bool many_models =
      std::any_of(results.begin(), results.end(), [&](const auto& r) { return r.model != results.front().model; });
  const bool many_classes = request.class_name == kEveryClass;
  ExplainOverview overview{.results = results, .pairs = summary.pairs};
  for (std::size_t i = 0; i < results.size(); ++i) {
    overview.names.push_back(name_of(results[i], many_models, many_classes));
    overview.links.push_back((folders[i] / "explain.html").generic_string());
  }
  std::string tsv = "first\tsecond\tn_genes\trank_correlation\tn_first\tjaccard\n";
  using Json = nlohmann::ordered_json;
  Json pairs = Json::array(), parts = Json::array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    parts.push_back({{"folder", folders[i].generic_string()},
                     {"model", results[i].model},
                     {"class", results[i].class_name},
                     {"model_sha256", results[i].model_sha256}});
    std::vector<std::string> ids;
    for (const auto& gene : results[i].genes) ids.push_back(gene.id);
    for (std::size_t j = i + 1; j < results.size(); ++j) {
      std::vector<std::string> others;
      for (const auto& gene : results[j].genes) others.push_back(gene.id);
      const ExplanationAgreement agreement = agreement_of(ids, others, overview.names[j]);
      summary.pairs.push_back({.first = i, .second = j, .agreement = agreement});
      tsv += fmt::format("{}\t{}\t{}\t{:.6g}\t{}\t{:.6g}\n", overview.names[i], overview.names[j], agreement.n_genes,
                         agreement.correlation, agreement.n_first, agreement.jaccard);
      pairs.push_back({{"first", overview.names[i]},
                       {"second", overview.names[j]},
                       {"n_genes", agreement.n_genes},
                       {"rank_correlation", agreement.correlation},
                       {"n_first", agreement.n_first},
                       {"jaccard", agreement.jaccard}});
    }
  }
  overview.consensus = consensus_of(results);
  overview.pooled = pooled_folds(results);
  overview.unit_noun = unit_noun;
  for (const auto& whole : overview.pooled)
    write_file(
        out / (overview.pooled.size() > 1 ? "types_compared_" + file_name_of(whole.class_name) + ".tsv" : "types_compared.tsv"),
        types_as_tsv(whole.types));
  if (!request.gmt.empty()) {
    overview.sets = all_sets(results, overview.names);
    write_file(out / "sets.tsv", sets_as_tsv(overview.sets, "explanation"));
  }
  overview.source = fs::absolute(request.run / "").lexically_normal().parent_path().filename().string();
  for (std::size_t i = 0; i < results.size(); ++i)
    for (const auto& text : results[i].warnings) summary.warnings.push_back(overview.names[i] + ": " + text);
  overview.warnings = summary.warnings;
  write_file(out / "agreement.tsv", tsv);
  if (!overview.consensus.empty()) write_file(out / "consensus.tsv", consensus_as_tsv(overview.consensus));
  const ExplainFiles files = write_explain_overview(overview, out, request.pictures);
  if (!files.note.empty()) summary.pictures_note = files.note;
  write_file(out / "explain.json", Json{{"version", std::string(version())},
                                        {"run", request.run.string()},
                                        {"unit", unit_noun},
                                        {"explanations", parts},
                                        {"agreement", pairs}}
                                           .dump(2, ' ', false, Json::error_handler_t::replace) +
                                       "\n");
  context.log("explained   " + counted(std::ssize(results), "explanation") + " side by side");
}

}  // namespace cellverdict
