#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/genes/match.h>
#include <cellverdict/prepare/gene_overlap.h>

#include <fmt/format.h>

#include <algorithm>

namespace cellverdict {

void GeneOverlap::add(const std::string& source, const GeneList& genes) {
  if (lists_.empty() || genes != lists_.back()) lists_.push_back(genes);
  sources_.push_back({source, genes.size() == 0 ? "" : genes.ids[0], genes.size(), naming_of(genes), lists_.size() - 1});
}

GeneList GeneOverlap::settle(double least, std::vector<std::string>& notes) const {
  GeneList shared = shared_genes(lists_);
  const auto smallest =
      std::min_element(sources_.begin(), sources_.end(), [](const Source& a, const Source& b) { return a.n_genes < b.n_genes; });
  const double share = static_cast<double>(shared.size()) / static_cast<double>(std::max<std::int64_t>(smallest->n_genes, 1));
  if (shared.size() == 0 || share < least) refuse(*smallest, shared.size(), least);
  for (const Source& source : sources_)
    if (const auto dropped = source.n_genes - shared.size(); dropped > 0)
      notes.push_back(fmt::format("{}: {} of {} not in every source and left out.", source.name, counted(dropped, "gene"),
                                  with_commas(source.n_genes)));
  if (sources_.size() > 1)
    notes.push_back(fmt::format("The {} sources share {}, {:.0f} % of the smallest one's ({}).", sources_.size(),
                                counted(shared.size(), "gene"), 100 * share, smallest->name));
  return shared;
}

GeneList GeneOverlap::settle_union(double least, std::vector<std::string>& notes) const {
  for (std::size_t s = 1; s < sources_.size(); ++s) {
    const std::int64_t n_shared = match_ids(genes_of(s), lists_[0]).n_matched;
    const Source& smaller = sources_[s].n_genes < sources_[0].n_genes ? sources_[s] : sources_[0];
    if (static_cast<double>(n_shared) < least * static_cast<double>(smaller.n_genes) || n_shared == 0)
      refuse(smaller, n_shared, least);
  }
  GeneList all = all_genes(lists_);
  for (const Source& source : sources_)
    if (const auto missing = all.size() - source.n_genes; missing > 0)
      notes.push_back(fmt::format("{}: {} of {} not measured in it and counted as 0.", source.name, counted(missing, "gene"),
                                  with_commas(all.size())));
  return all;
}

void GeneOverlap::settle_panel(const GeneList& panel, double least, std::vector<std::string>& notes) const {
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    const GeneMatch match = match_genes(genes_of(s), panel);
    const double share = static_cast<double>(match.n_matched) / static_cast<double>(panel.size());
    if (match.n_matched == 0 || share < least)
      throw DataError({.where = "genes of source '" + sources_[s].name + "'",
                       .found = fmt::format("{} of the panel's {}, {:.0f} %; it has {} such as {}, the panel {} such as {}",
                                            with_commas(match.n_matched), with_commas(panel.size()), 100 * share,
                                            gene_naming_name(sources_[s].naming), sources_[s].example,
                                            gene_naming_name(naming_of(panel)), panel.ids[0]),
                       .expected = fmt::format("at least {:.0f} %", 100 * least),
                       .advice =
                           "leave the source out, name a table of Ensembl ids and symbols in [data] gene_map, or lower [data] "
                           "min_overlap knowingly"});
    const std::int64_t dropped = sources_[s].n_genes - match.n_matched, missing = panel.size() - match.n_matched;
    if (missing > 0)
      notes.push_back(fmt::format("{}: {} of the panel's {} not measured in it and counted as 0; {} of its own not in the panel.",
                                  sources_[s].name, counted(missing, "gene"), with_commas(panel.size()), with_commas(dropped)));
  }
}

void GeneOverlap::refuse(const Source& smallest, std::int64_t n_shared, double least) const {
  const auto other = std::find_if(sources_.begin(), sources_.end(), [&](const Source& s) { return s.naming != smallest.naming; });
  std::string found = n_shared == 0
                          ? std::string("no gene id that all of them have")
                          : fmt::format("{} that all of them have, {:.0f} % of those of '{}' ({})", counted(n_shared, "gene id"),
                                        100 * static_cast<double>(n_shared) / static_cast<double>(smallest.n_genes), smallest.name,
                                        with_commas(smallest.n_genes));
  if (other != sources_.end())
    found += fmt::format(": '{}' has {} such as {}, '{}' has {} such as {}", smallest.name, gene_naming_name(smallest.naming),
                         smallest.example, other->name, gene_naming_name(other->naming), other->example);
  throw DataError({.where = "genes of the sources",
                   .found = std::move(found),
                   .expected = least > 0 ? fmt::format("at least {:.0f} %", 100 * least) : "one gene space",
                   .advice = other == sources_.end()
                                 ? "leave out the sources that do not fit, or lower [data] min_overlap knowingly"
                                 : "name a table of Ensembl ids and symbols in [data] gene_map, for example the features.tsv of "
                                   "the one with Ensembl ids"});
}

}  // namespace cellverdict
