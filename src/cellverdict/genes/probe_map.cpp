#include <cellverdict/genes/probe_map.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

namespace cellverdict {

namespace {

constexpr std::array<std::pair<const char*, MultiGene>, 3> kShared = {
    {{"drop", MultiGene::drop}, {"first", MultiGene::first}, {"all", MultiGene::all}}};
constexpr std::array<std::pair<const char*, ProbeSummary>, 4> kSummaries = {{{"mean", ProbeSummary::mean},
                                                                             {"median", ProbeSummary::median},
                                                                             {"max-mean", ProbeSummary::max_mean},
                                                                             {"max-variance", ProbeSummary::max_variance}}};

template <class Choices>
auto choice_named(const Choices& choices, const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const auto& [known, choice] : choices) {
    if (known == name) return choice;
    names.emplace_back(known);
  }
  throw UsageError({.where = where, .found = "'" + name + "'", .expected = "one of: " + listed(names), .advice = ""});
}

double median_of_values(std::vector<float>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (static_cast<double>(*std::max_element(values.begin(), middle)) + *middle) / 2;
}

void add_notes(ProbeMap& map, const ProbeGenes& annotation, MultiGene shared, std::vector<std::string>& unknown) {
  const std::string of_all = " of " + with_commas(map.n_columns);
  if (map.n_unknown > 0)
    map.notes.push_back(counted(map.n_unknown, "probe") + of_all + " not in " + annotation.source +
                        ", left out: " + listed(unknown, 5));
  if (map.n_geneless > 0)
    map.notes.push_back(counted(map.n_geneless, "probe") + of_all + " without a gene in " + annotation.source + ", left out");
  if (map.n_shared > 0)
    map.notes.push_back(counted(map.n_shared, "probe") + of_all + " of several genes" +
                        (shared == MultiGene::drop    ? ", left out"
                         : shared == MultiGene::first ? ", taken for the first"
                                                      : ", taken for each"));
  map.notes.push_back(counted(map.n_used, "probe") + " for " + counted(map.n_genes(), "gene"));
}

}  // namespace

MultiGene multi_gene_named(const std::string& name, const std::string& where) {
  return choice_named(kShared, name, where);
}

ProbeSummary probe_summary_named(const std::string& name, const std::string& where) {
  return choice_named(kSummaries, name, where);
}

std::string probe_summary_name(ProbeSummary summary) {
  return std::find_if(kSummaries.begin(), kSummaries.end(), [&](const auto& x) { return x.second == summary; })->first;
}

ProbeMap make_probe_map(const Names& columns, const ProbeGenes& annotation, MultiGene shared) {
  std::unordered_map<std::string_view, std::int64_t> rows;
  for (std::int64_t i = 0; i < std::ssize(annotation.starts) - 1; ++i) rows.emplace(annotation.probes[i], i);
  ProbeMap map;
  map.n_columns = static_cast<std::int64_t>(columns.size());
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<std::vector<std::int32_t>> probes;
  std::vector<std::string> unknown;
  for (std::int64_t column = 0; column < map.n_columns; ++column) {
    const auto row = rows.find(columns[column]);
    if (row == rows.end()) {
      ++map.n_unknown;
      unknown.push_back(columns.text(column));
      continue;
    }
    const std::int64_t begin = annotation.starts[row->second], end = annotation.starts[row->second + 1];
    if (begin == end) {
      ++map.n_geneless;
      continue;
    }
    map.n_shared += end - begin > 1 ? 1 : 0;
    if (end - begin > 1 && shared == MultiGene::drop) continue;
    ++map.n_used;
    for (std::int64_t g = begin; g < (shared == MultiGene::all ? end : begin + 1); ++g) {
      const auto [place, added] = places.emplace(annotation.genes[g], probes.size());
      if (added) {
        map.genes.push_back(annotation.genes.text(g));
        probes.emplace_back();
      }
      auto& of_gene = probes[place->second];
      if (of_gene.empty() || of_gene.back() != column) of_gene.push_back(static_cast<std::int32_t>(column));
    }
  }
  if (map.n_unknown * 2 > map.n_columns)
    throw DataError({.where = annotation.source,
                     .found = with_commas(map.n_columns - map.n_unknown) + " of the matrix' " + counted(map.n_columns, "probe") +
                              " (it has, for example, " + listed(unknown, 3) + ")",
                     .expected = "the annotation of the same array",
                     .advice = "this is another platform: take the one that `cellverdict inspect` prints"});
  if (map.genes.empty())
    throw DataError({.where = annotation.source, .found = "no gene for any probe of the matrix", .expected = "genes"});
  for (const auto& of_gene : probes) {
    map.probes.insert(map.probes.end(), of_gene.begin(), of_gene.end());
    map.starts.push_back(std::ssize(map.probes));
  }
  add_notes(map, annotation, shared, unknown);
  return map;
}

ProbeMoments::ProbeMoments(std::int64_t n_probes)
    : mean_(static_cast<std::size_t>(n_probes)),
      squares_(static_cast<std::size_t>(n_probes)),
      n_(static_cast<std::size_t>(n_probes)) {}

void ProbeMoments::add(std::span<const float> sample) {
  for (std::size_t p = 0; p < sample.size(); ++p) {
    const double x = sample[p];
    if (std::isnan(x)) continue;
    const double step = x - mean_[p];
    mean_[p] += step / static_cast<double>(++n_[p]);
    squares_[p] += step * (x - mean_[p]);
  }
}

double ProbeMoments::mean(std::int64_t probe) const {
  const auto p = static_cast<std::size_t>(probe);
  return n_[p] > 0 ? mean_[p] : std::nan("");
}

double ProbeMoments::variance(std::int64_t probe) const {
  const auto p = static_cast<std::size_t>(probe);
  return n_[p] > 1 ? squares_[p] / static_cast<double>(n_[p] - 1) : std::nan("");
}

FittedProbes choose_probes(const ProbeMap& map, const ProbeMoments& training, ProbeSummary summary) {
  FittedProbes fitted{.summary = summary, .chosen = {}};
  if (summary == ProbeSummary::mean || summary == ProbeSummary::median) return fitted;
  for (std::int64_t g = 0; g < map.n_genes(); ++g) {
    const auto probes = map.probes_of(g);
    std::int32_t best = probes[0];
    double most = std::nan("");
    for (const std::int32_t probe : probes) {
      const double x = summary == ProbeSummary::max_mean ? training.mean(probe) : training.variance(probe);
      if (std::isnan(x) || x <= most) continue;
      best = probe;
      most = x;
    }
    fitted.chosen.push_back(best);
  }
  return fitted;
}

void apply_probes(const ProbeMap& map, const FittedProbes& fitted, std::span<const float> sample, std::span<float> genes) {
  if (std::ssize(sample) != map.n_columns || std::ssize(genes) != map.n_genes())
    throw InternalError(
        {.where = "apply_probes", .found = std::to_string(sample.size()) + " probes", .expected = std::to_string(map.n_columns)});
  std::vector<float> values;
  for (std::int64_t g = 0; g < map.n_genes(); ++g) {
    float& out = genes[static_cast<std::size_t>(g)];
    if (!fitted.chosen.empty()) {
      out = sample[static_cast<std::size_t>(fitted.chosen[static_cast<std::size_t>(g)])];
      continue;
    }
    values.clear();
    double sum = 0;
    for (const std::int32_t probe : map.probes_of(g)) {
      const float x = sample[static_cast<std::size_t>(probe)];
      if (std::isnan(x)) continue;
      values.push_back(x);
      sum += x;
    }
    if (values.empty())
      out = std::numeric_limits<float>::quiet_NaN();
    else
      out = static_cast<float>(fitted.summary == ProbeSummary::mean ? sum / static_cast<double>(values.size())
                                                                    : median_of_values(values));
  }
}

}  // namespace cellverdict
