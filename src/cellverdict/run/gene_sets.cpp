#include <cellverdict/run/gene_sets.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/stats/rank_tests.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <unordered_map>

namespace cellverdict {

namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find('\t', begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return fields;
}

std::string upper(std::string name) {
  for (char& letter : name) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return name;
}

}  // namespace

std::vector<GeneSet> read_gene_sets(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  std::vector<GeneSet> sets;
  std::int64_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const auto fields = fields_of(line);
    GeneSet set{.name = fields[0], .genes = {}};
    for (std::size_t k = 2; k < fields.size(); ++k)
      if (!fields[k].empty()) set.genes.push_back(fields[k]);
    if (set.genes.empty())
      throw InputError({.where = file.string() + " line " + std::to_string(number),
                        .found = "no gene",
                        .expected = "name, description and genes, divided by tabs",
                        .advice = "give a file in GMT format"});
    sets.push_back(std::move(set));
  }
  if (sets.empty())
    throw InputError(
        {.where = file.string(), .found = "no line", .expected = "sets of genes", .advice = "give a file in GMT format"});
  return sets;
}

SetOverlaps test_gene_sets(const std::vector<GeneSet>& sets, const GeneList& genes, const std::vector<bool>& top) {
  std::unordered_multimap<std::string, std::size_t> places;
  for (std::size_t g = 0; g < genes.ids.size(); ++g) {
    places.emplace(upper(genes.ids[g]), g);
    if (genes.symbols[g] != genes.ids[g]) places.emplace(upper(genes.symbols[g]), g);
  }
  const auto n_top = std::count(top.begin(), top.end(), true);
  SetOverlaps out;
  std::vector<double> p_values;
  for (const auto& set : sets) {
    std::set<std::size_t> members;
    for (const auto& gene : set.genes) {
      const auto [begin, end] = places.equal_range(upper(gene));
      for (auto at = begin; at != end; ++at) members.insert(at->second);
    }
    if (members.empty()) {
      ++out.n_absent;
      continue;
    }
    const auto n_both = std::count_if(members.begin(), members.end(), [&](std::size_t g) { return top[g]; });
    const std::int64_t n_set = std::ssize(members);
    const FisherExact test = fisher_exact({.both = n_both,
                                           .only_chosen = n_top - n_both,
                                           .only_marked = n_set - n_both,
                                           .neither = genes.size() - n_top - n_set + n_both});
    out.sets.push_back(
        {.name = set.name, .n_genes = n_set, .n_top = n_both, .odds_ratio = test.odds_ratio, .p_value = test.greater});
    p_values.push_back(test.greater);
  }
  const auto adjusted = benjamini_hochberg(p_values);
  for (std::size_t s = 0; s < adjusted.size(); ++s) out.sets[s].p_adjusted = adjusted[s];
  std::stable_sort(out.sets.begin(), out.sets.end(),
                   [](const ExplainedSet& a, const ExplainedSet& b) { return a.p_value < b.p_value; });
  return out;
}

}  // namespace cellverdict
