#include <cellverdict/base/random.h>
#include <cellverdict/encode/balance.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cellverdict {

namespace {

using Members = std::vector<std::vector<std::int64_t>>;  // bags of each class or pair

Members members_of(const std::vector<std::int64_t>& bags, const BagClasses& classes) {
  Members members(static_cast<std::size_t>(classes.n_classes));
  for (const std::int64_t b : bags)
    if (classes.of_bag[b] >= 0) members[classes.of_bag[b]].push_back(b);
  return members;
}

// `n` draws from the bags: whole turns, then some of them without replacement.
void draw(std::vector<std::int64_t> bags, std::int64_t n, Random& random, std::vector<std::int64_t>& out) {
  if (bags.empty()) return;
  const auto size = static_cast<std::int64_t>(bags.size());
  for (std::int64_t turn = 0; turn < n / size; ++turn) out.insert(out.end(), bags.begin(), bags.end());
  for (const std::int64_t i : sample_without_replacement(random, size, n % size)) out.push_back(bags[i]);
}

std::int64_t size_of(const std::vector<std::int64_t>& bags) {
  return static_cast<std::int64_t>(bags.size());
}

std::int64_t most(const Members& members) {
  std::int64_t n = 0;
  for (const auto& bags : members) n = std::max(n, size_of(bags));
  return n;
}

std::int64_t fewest(const Members& members) {
  std::int64_t n = most(members);
  for (const auto& bags : members)
    if (!bags.empty()) n = std::min(n, size_of(bags));
  return n;
}

std::vector<std::int64_t> equal_classes(const Members& members, std::int64_t n_each, Random& random) {
  std::vector<std::int64_t> draws;
  for (const auto& bags : members) draw(bags, n_each, random, draws);
  return draws;
}

// All of the bags, and of the rarer classes more with replacement.
std::vector<std::int64_t> published_oversample(const Members& members, Random& random) {
  std::vector<std::int64_t> draws;
  const std::int64_t n_each = most(members);
  for (const auto& bags : members) {
    draws.insert(draws.end(), bags.begin(), bags.end());
    for (std::int64_t n = size_of(bags); !bags.empty() && n < n_each; ++n)
      draws.push_back(bags[random.below(static_cast<std::uint64_t>(bags.size()))]);
  }
  return draws;
}

// Whole numbers that add up to `total`, each within one of total · share.
std::vector<std::int64_t> whole_shares(const std::vector<double>& share, std::int64_t total) {
  std::vector<std::int64_t> n(share.size());
  std::vector<std::size_t> order(share.size());
  std::iota(order.begin(), order.end(), 0);
  const auto rest = [&](std::size_t i) { return share[i] * static_cast<double>(total) - static_cast<double>(n[i]); };
  for (std::size_t i = 0; i < n.size(); ++i) n[i] = static_cast<std::int64_t>(share[i] * static_cast<double>(total));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rest(a) > rest(b); });
  std::int64_t missing = total - std::accumulate(n.begin(), n.end(), std::int64_t{0});
  for (const std::size_t i : order)
    if (missing > 0 && share[i] > 0) ++n[i], --missing;
  return n;
}

std::vector<std::int64_t> equal_pairs(const std::vector<std::int64_t>& bags, const BagClasses& disease, const BagClasses& tissue,
                                      Random& random) {
  Members pairs(static_cast<std::size_t>(disease.n_classes * tissue.n_classes));
  for (const std::int64_t b : bags) pairs[disease.of_bag[b] * tissue.n_classes + tissue.of_bag[b]].push_back(b);
  std::vector<double> observed;
  for (const auto& pair : pairs) observed.push_back(pair.empty() ? 0 : 1);
  const auto share = equal_marginals(observed, disease.n_classes, tissue.n_classes);
  // As many as oversampling the disease alone would show.
  const Members by_disease = members_of(bags, disease);
  const auto n_seen = std::count_if(by_disease.begin(), by_disease.end(), [](const auto& m) { return !m.empty(); });
  const auto n = whole_shares(share, most(by_disease) * n_seen);
  std::vector<std::int64_t> draws;
  for (std::size_t p = 0; p < pairs.size(); ++p) draw(pairs[p], n[p], random, draws);
  return draws;
}

std::vector<double> shares_of(const std::vector<std::int64_t>& draws, const BagClasses& classes) {
  std::vector<double> share(static_cast<std::size_t>(classes.n_classes));
  double n = 0;
  for (const std::int64_t b : draws)
    if (classes.of_bag[b] >= 0) ++share[classes.of_bag[b]], ++n;
  for (double& s : share) s /= std::max(n, 1.0);
  return share;
}

double farthest(const std::vector<double>& share, const Members& members) {
  const auto n_seen = std::count_if(members.begin(), members.end(), [](const auto& m) { return !m.empty(); });
  double off = 0;
  for (std::size_t c = 0; c < share.size(); ++c)
    if (!members[c].empty()) off = std::max(off, std::abs(share[c] - 1.0 / static_cast<double>(n_seen)));
  return off;
}

void scale_lines(std::vector<double>& w, std::int64_t n_lines, std::int64_t line_step, std::int64_t n_along,
                 std::int64_t along_step) {
  std::vector<double> sum(static_cast<std::size_t>(n_lines));
  for (std::int64_t l = 0; l < n_lines; ++l)
    for (std::int64_t a = 0; a < n_along; ++a) sum[l] += w[l * line_step + a * along_step];
  const auto n_seen = static_cast<double>(std::count_if(sum.begin(), sum.end(), [](double s) { return s > 0; }));
  for (std::int64_t l = 0; l < n_lines; ++l)
    for (std::int64_t a = 0; a < n_along; ++a)
      if (sum[l] > 0) w[l * line_step + a * along_step] /= sum[l] * n_seen;
}

}  // namespace

namespace {

// Scales the weights so that every class adds up to the same: the smallest or the largest sum there is.
void weigh_equally(const BagClasses& classes, bool to_smallest, std::vector<double>& weight) {
  std::vector<double> sum(static_cast<std::size_t>(classes.n_classes));
  for (std::size_t b = 0; b < weight.size(); ++b)
    if (classes.of_bag[b] >= 0) sum[classes.of_bag[b]] += weight[b];
  double goal = *std::max_element(sum.begin(), sum.end());
  for (const double s : sum)
    if (to_smallest && s > 0) goal = std::min(goal, s);
  for (std::size_t b = 0; b < weight.size(); ++b)
    if (classes.of_bag[b] >= 0 && weight[b] > 0) weight[b] *= goal / sum[classes.of_bag[b]];
}

}  // namespace

std::vector<double> expected_draws(const BalanceOptions& options, const BagClasses& disease, const BagClasses& tissue) {
  const bool by_tissue = options.kind.ends_with("tissue"), by_disease = options.kind.find("disease") != std::string::npos;
  std::vector<double> weight(disease.of_bag.size(), 1);
  for (std::size_t b = 0; b < weight.size(); ++b)
    if ((by_disease && disease.of_bag[b] < 0) || (by_tissue && tissue.of_bag[b] < 0)) weight[b] = 0;
  if (std::all_of(weight.begin(), weight.end(), [](double w) { return w == 0; })) return weight;
  if (by_disease) weigh_equally(disease, options.kind == "downsample-disease", weight);
  if (!by_tissue) return weight;
  if (!by_disease || options.as_published_code) {
    weigh_equally(tissue, false, weight);
    return weight;
  }
  // Both: as many draws as oversampling diseases alone, in the shares of the pairs.
  const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
  std::vector<double> n(static_cast<std::size_t>(disease.n_classes * tissue.n_classes));
  const auto pair_of = [&](std::size_t b) { return disease.of_bag[b] * tissue.n_classes + tissue.of_bag[b]; };
  for (std::size_t b = 0; b < weight.size(); ++b)
    if (weight[b] > 0) ++n[pair_of(b)];
  std::vector<double> observed;
  for (const double bags : n) observed.push_back(bags > 0 ? 1 : 0);
  const auto share = equal_marginals(observed, disease.n_classes, tissue.n_classes);
  for (std::size_t b = 0; b < weight.size(); ++b)
    if (weight[b] > 0) weight[b] = total * share[pair_of(b)] / n[pair_of(b)];
  return weight;
}

std::vector<double> equal_marginals(const std::vector<double>& observed, std::int64_t n_rows, std::int64_t n_columns) {
  constexpr int kMostTurns = 10000;
  constexpr double kStill = 1e-12;
  std::vector<double> w = observed;
  for (int turn = 0; turn < kMostTurns; ++turn) {
    const std::vector<double> before = w;
    scale_lines(w, n_columns, 1, n_rows, n_columns);
    scale_lines(w, n_rows, n_columns, n_columns, 1);
    double moved = 0;
    for (std::size_t i = 0; i < w.size(); ++i) moved = std::max(moved, std::abs(w[i] - before[i]));
    if (moved < kStill) break;
  }
  return w;
}

BalancedBags balance_bags(const BalanceOptions& options, const BagClasses& disease, const BagClasses& tissue, std::uint64_t seed,
                          int epoch) {
  const bool by_tissue = options.kind.ends_with("tissue"), by_disease = options.kind.find("disease") != std::string::npos;
  Random random(seed, "balance bags", {}, static_cast<std::uint64_t>(epoch));
  BalancedBags out;
  std::vector<std::int64_t> bags;
  for (std::size_t b = 0; b < disease.of_bag.size(); ++b) {
    const bool known = (!by_disease || disease.of_bag[b] >= 0) && (!by_tissue || tissue.of_bag[b] >= 0);
    if (known) bags.push_back(static_cast<std::int64_t>(b));
    out.n_left_out += !known;
  }
  if (!by_tissue && !by_disease) {
    out.draws = bags;
  } else if (options.kind == "downsample-disease") {
    const Members members = members_of(bags, disease);
    out.draws = equal_classes(members, fewest(members), random);
  } else if (!(by_tissue && by_disease)) {
    const Members members = members_of(bags, by_disease ? disease : tissue);
    out.draws = options.as_published_code ? published_oversample(members, random) : equal_classes(members, most(members), random);
  } else if (options.as_published_code) {
    out.draws = published_oversample(members_of(published_oversample(members_of(bags, disease), random), tissue), random);
  } else {
    out.draws = equal_pairs(bags, disease, tissue, random);
  }
  std::sort(out.draws.begin(), out.draws.end());
  out.disease = shares_of(out.draws, disease);
  if (tissue.n_classes > 0) out.tissue = shares_of(out.draws, tissue);
  if (by_disease) out.most_off = farthest(out.disease, members_of(bags, disease));
  if (by_tissue) out.most_off = std::max(out.most_off, farthest(out.tissue, members_of(bags, tissue)));
  return out;
}

}  // namespace cellverdict
