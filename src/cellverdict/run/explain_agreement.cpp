#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/run/explain_agreement.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <unordered_map>

namespace cellverdict {

namespace {

constexpr std::int64_t kMostFirst = 100;  // genes

// From 0; equal values have the mean of theirs.
std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t k = begin; k < end; ++k) ranks[order[k]] = static_cast<double>(begin + end - 1) / 2;
    begin = end;
  }
  return ranks;
}

// Gene ids in the order of a genes.tsv.
std::vector<std::string> ranked_ids(const std::filesystem::path& file) {
  std::istringstream text(read_file(file));
  std::string line;
  std::getline(text, line);
  if (!line.starts_with("rank\tgene_id\t"))
    throw InputError({.where = file.string(),
                      .found = "another first line than 'rank, gene_id, …'",
                      .expected = "the genes.tsv of an explanation",
                      .advice = "name a folder that `cellverdict explain` wrote"});
  std::vector<std::string> ids;
  while (std::getline(text, line)) {
    const std::size_t begin = line.find('\t') + 1;
    ids.push_back(line.substr(begin, line.find('\t', begin) - begin));
  }
  return ids;
}

}  // namespace

double rank_correlation(std::span<const double> first, std::span<const double> second) {
  const std::vector<double> a = ranks_of(first), b = ranks_of(second);
  const double mean = (static_cast<double>(a.size()) - 1) / 2;
  double both = 0, a_squared = 0, b_squared = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    both += (a[k] - mean) * (b[k] - mean);
    a_squared += (a[k] - mean) * (a[k] - mean);
    b_squared += (b[k] - mean) * (b[k] - mean);
  }
  return a_squared > 0 && b_squared > 0 ? both / std::sqrt(a_squared * b_squared) : 0;
}

void check_explanation(const std::filesystem::path& folder) {
  ranked_ids(folder / "genes.tsv");
}

std::int64_t first_genes_of(std::int64_t n_genes) {
  return std::min(kMostFirst, std::max<std::int64_t>(1, n_genes / 10));
}

ExplanationAgreement agreement_of(const std::vector<std::string>& here, const std::vector<std::string>& there,
                                  const std::string& folder) {
  std::unordered_map<std::string, double> place;
  for (std::size_t r = 0; r < there.size(); ++r) place.emplace(there[r], static_cast<double>(r));
  std::vector<double> here_rank, there_rank;
  for (std::size_t r = 0; r < here.size(); ++r) {
    const auto found = place.find(here[r]);
    if (found == place.end()) continue;
    here_rank.push_back(static_cast<double>(r));
    there_rank.push_back(found->second);
  }
  if (here_rank.empty())
    throw InputError({.where = folder,
                      .found = "no gene of this model",
                      .expected = "an explanation of the same genes",
                      .advice = "compare explanations of the same genes"});
  ExplanationAgreement out{.folder = folder, .n_genes = std::ssize(here_rank), .n_first = 0};
  out.n_first = first_genes_of(out.n_genes);
  out.correlation = rank_correlation(here_rank, there_rank);
  const std::vector<double> a = ranks_of(here_rank), b = ranks_of(there_rank);  // among shared genes
  double n_both = 0;
  for (std::size_t k = 0; k < a.size(); ++k)
    n_both += a[k] < static_cast<double>(out.n_first) && b[k] < static_cast<double>(out.n_first);
  out.jaccard = n_both / (2 * static_cast<double>(out.n_first) - n_both);
  return out;
}

ExplanationAgreement agreement_with(const GeneList& genes, const std::vector<std::size_t>& order,
                                    const std::filesystem::path& folder) {
  std::vector<std::string> here;
  for (const std::size_t g : order) here.push_back(genes.ids[g]);
  return agreement_of(here, ranked_ids(folder / "genes.tsv"), folder.string());
}

}  // namespace cellverdict
