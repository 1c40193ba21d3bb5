#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/genes/match.h>
#include <cellverdict/prepare/gene_overlap.h>

#include <fmt/format.h>

#include <algorithm>

namespace cellverdict {

void GeneOverlap::add(const std::string& source, const GeneList& genes) {
  sources_.push_back({source, genes.size() == 0 ? "" : genes.ids[0], genes.size(), naming_of(genes)});
  if (lists_.empty() || genes != lists_.back()) lists_.push_back(genes);
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
