#include <cellverdict/run/gene_sets.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/stats/enrichment.h>
#include <cellverdict/stats/rank_tests.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>
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

KnownSets known_sets(const std::vector<GeneSet>& sets, const GeneList& genes) {
  std::unordered_multimap<std::string, std::size_t> places;
  for (std::size_t g = 0; g < genes.ids.size(); ++g) {
    places.emplace(upper(genes.ids[g]), g);
    if (genes.symbols[g] != genes.ids[g]) places.emplace(upper(genes.symbols[g]), g);
  }
  KnownSets out;
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
    out.names.push_back(set.name);
    out.members.emplace_back(members.begin(), members.end());
  }
  return out;
}

std::vector<ExplainedSet> test_gene_sets(const KnownSets& sets, const std::vector<bool>& top) {
  const auto n_top = std::count(top.begin(), top.end(), true);
  std::vector<ExplainedSet> out;
  for (std::size_t s = 0; s < sets.names.size(); ++s) {
    const auto& members = sets.members[s];
    const auto n_both = std::count_if(members.begin(), members.end(), [&](std::size_t g) { return top[g]; });
    const std::int64_t n_set = std::ssize(members);
    const FisherExact test = fisher_exact({.both = n_both,
                                           .only_chosen = n_top - n_both,
                                           .only_marked = n_set - n_both,
                                           .neither = std::ssize(top) - n_top - n_set + n_both});
    out.push_back({.name = sets.names[s],
                   .n_genes = n_set,
                   .n_top = n_both,
                   .odds_ratio = test.odds_ratio,
                   .p_value = test.greater,
                   .p_adjusted = 1});
  }
  adjust_together(out);
  return out;
}

void adjust_together(std::vector<ExplainedSet>& sets) {
  std::vector<double> p_values;
  for (const auto& set : sets) p_values.push_back(set.p_value);
  const auto adjusted = benjamini_hochberg(p_values);
  for (std::size_t s = 0; s < adjusted.size(); ++s) sets[s].p_adjusted = adjusted[s];
  std::stable_sort(sets.begin(), sets.end(), [](const ExplainedSet& a, const ExplainedSet& b) { return a.p_value < b.p_value; });
}

std::vector<EnrichedSet> test_enriched_sets(const KnownSets& sets, const GeneList& genes, std::span<const double> values,
                                            std::uint64_t seed) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
  std::vector<double> descending;
  std::vector<std::int64_t> place(values.size());
  for (std::size_t r = 0; r < order.size(); ++r) {
    descending.push_back(values[order[r]]);
    place[order[r]] = static_cast<std::int64_t>(r);
  }
  std::vector<std::vector<std::int64_t>> places;
  std::vector<EnrichedSet> out;
  for (std::size_t s = 0; s < sets.names.size(); ++s) {
    const std::int64_t n = std::ssize(sets.members[s]);
    if (n < kLeastEnriched || 2 * n > std::ssize(values)) continue;
    std::vector<std::int64_t> of_set;
    for (const std::size_t g : sets.members[s]) of_set.push_back(place[g]);
    std::sort(of_set.begin(), of_set.end());
    places.push_back(std::move(of_set));
    out.push_back({.name = sets.names[s], .n_genes = n});
  }
  const auto tests = test_enrichment(descending, places, {.seed = seed});
  std::vector<double> p_values;
  for (const auto& test : tests) p_values.push_back(test.p_value);
  const auto adjusted = benjamini_hochberg(p_values);
  for (std::size_t s = 0; s < out.size(); ++s) {
    out[s].score = tests[s].score;
    out[s].normalised = tests[s].normalised;
    out[s].p_value = tests[s].p_value;
    out[s].p_adjusted = adjusted[s];
    for (std::int64_t k = 0; k < tests[s].n_first; ++k) {
      const std::int64_t n = std::ssize(places[s]);
      const std::int64_t at = places[s][static_cast<std::size_t>(tests[s].score >= 0 ? k : n - 1 - k)];
      out[s].leading.push_back(genes.symbols[order[static_cast<std::size_t>(at)]]);
    }
  }
  const auto size = [](const EnrichedSet& set) { return std::isnan(set.normalised) ? 0 : std::abs(set.normalised); };
  std::stable_sort(out.begin(), out.end(), [&](const EnrichedSet& a, const EnrichedSet& b) {
    return a.p_value != b.p_value ? a.p_value < b.p_value : size(a) > size(b);
  });
  return out;
}

}  // namespace cellverdict
