// The search of similar cells within nearby clusters (encode/cosine_search.h).

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/base/random.h>
#include <cellverdict/encode/cosine_search.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <numeric>

namespace cellverdict {

namespace {

using Products = std::array<float, static_cast<std::size_t>(kTileRows* kPanelRows)>;

// Centres of unit length and who belongs to them.
struct Clusters {
  std::int64_t n = 0, width = 0;
  RowPanels centres;                // [n]
  std::vector<std::int64_t> first;  // [n + 1] of a cluster's places, whole panels each
  std::vector<std::int32_t> cell;   // [places]; -1: none
  RowPanels rows;                   // [places]
};

// Similarities of up to kTileRows rows [n_rows, width] with all centres, [n_rows, panels of centres · kPanelRows].
void look_at_centres(const RowPanels& centres, const float* rows, std::int64_t n_rows, std::int64_t width,
                     std::vector<float>& out) {
  const std::int64_t stride = centres.n_panels() * kPanelRows;
  out.resize(static_cast<std::size_t>(n_rows * stride));
  alignas(64) Products products;
  for (std::int64_t p = 0; p < centres.n_panels(); ++p) {
    multiply_panel({.rows = rows, .n_rows = n_rows, .n_features = width, .panel = centres.panel(p), .products = products.data()});
    for (std::int64_t r = 0; r < n_rows; ++r)
      std::copy_n(products.data() + r * kPanelRows, kPanelRows, out.data() + r * stride + p * kPanelRows);
  }
}

// The nearest centre of each of `cells`, of equally near ones the lower.
std::vector<std::int32_t> nearest_centres(const UnitRows& rows, std::span<const std::int64_t> cells, const RowPanels& centres,
                                          std::int64_t n_centres, int threads) {
  std::vector<std::int32_t> out(cells.size());
  parallel_for((std::ssize(cells) + kTileRows - 1) / kTileRows, threads, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> tile(static_cast<std::size_t>(kTileRows * rows.width)), similar;
    for (std::int64_t t = begin; t < end; ++t) {
      const std::int64_t first = t * kTileRows, n_rows = std::min(kTileRows, std::ssize(cells) - first);
      for (std::int64_t r = 0; r < n_rows; ++r)
        rows.write(cells[static_cast<std::size_t>(first + r)], tile.data() + r * rows.width);
      look_at_centres(centres, tile.data(), n_rows, rows.width, similar);
      for (std::int64_t r = 0; r < n_rows; ++r) {
        const float* const of_row = similar.data() + r * centres.n_panels() * kPanelRows;
        out[static_cast<std::size_t>(first + r)] = static_cast<std::int32_t>(std::max_element(of_row, of_row + n_centres) - of_row);
      }
    }
  });
  return out;
}

// Spherical k-means on a part of the cells: good centres need few rounds, for what they miss more clusters are looked through.
std::vector<float> fit_centres(const RunContext& context, const UnitRows& rows, std::int64_t n_centres) {
  constexpr std::int64_t kCellsACentre = 32;
  constexpr int kRounds = 6;
  Random random(context.seed, "clusters of cells");
  std::vector<std::int64_t> cells = sample_without_replacement(random, rows.n(), kCellsACentre * n_centres);
  random.shuffle(std::span(cells));
  const std::int64_t width = rows.width;
  std::vector<float> centres(static_cast<std::size_t>(n_centres * width));
  for (std::int64_t c = 0; c < n_centres; ++c) rows.write(cells[static_cast<std::size_t>(c)], centres.data() + c * width);
  for (int round = 0; round < kRounds; ++round) {
    const RowPanels panels(n_centres, width, context.threads,
                           [&](std::int64_t c, float* out) { std::copy_n(centres.data() + c * width, width, out); });
    const auto nearest = nearest_centres(rows, cells, panels, n_centres, context.threads);
    std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(n_centres));
    for (std::size_t k = 0; k < cells.size(); ++k) members[static_cast<std::size_t>(nearest[k])].push_back(cells[k]);
    parallel_for(n_centres, context.threads, [&](std::int64_t begin, std::int64_t end) {
      std::vector<float> row(static_cast<std::size_t>(width));
      std::vector<double> sum(static_cast<std::size_t>(width));
      for (std::int64_t c = begin; c < end; ++c) {
        std::fill(sum.begin(), sum.end(), 0);
        for (const std::int64_t cell : members[static_cast<std::size_t>(c)]) {
          rows.write(cell, row.data());
          for (std::size_t f = 0; f < sum.size(); ++f) sum[f] += static_cast<double>(row[f]);
        }
        const double length = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
        if (length > 0)  // else it keeps the centre it had
          std::transform(sum.begin(), sum.end(), centres.begin() + c * width,
                         [&](double x) { return static_cast<float>(x / length); });
      }
    });
  }
  return centres;
}

Clusters make_clusters(const RunContext& context, const UnitRows& rows, std::int64_t n_centres) {
  const std::vector<float> centres = fit_centres(context, rows, n_centres);
  const std::int64_t width = rows.width;
  RowPanels panels(n_centres, width, context.threads,
                   [&](std::int64_t c, float* out) { std::copy_n(centres.data() + c * width, width, out); });
  std::vector<std::int64_t> all(static_cast<std::size_t>(rows.n()));
  std::iota(all.begin(), all.end(), 0);
  const auto nearest = nearest_centres(rows, all, panels, n_centres, context.threads);
  std::vector<std::int64_t> first(static_cast<std::size_t>(n_centres + 1));
  for (const std::int32_t c : nearest) ++first[static_cast<std::size_t>(c + 1)];
  for (std::size_t c = 1; c < first.size(); ++c) first[c] = first[c - 1] + (first[c] + kPanelRows - 1) / kPanelRows * kPanelRows;
  std::vector<std::int32_t> cell(static_cast<std::size_t>(first.back()), -1);
  std::vector<std::int64_t> next = first;
  for (const std::int64_t i : all)
    cell[static_cast<std::size_t>(next[static_cast<std::size_t>(nearest[i])]++)] = static_cast<std::int32_t>(i);
  RowPanels placed(first.back(), width, context.threads, [&](std::int64_t place, float* out) {
    const std::int32_t i = cell[static_cast<std::size_t>(place)];
    if (i < 0)
      std::fill_n(out, width, 0.0F);
    else
      rows.write(i, out);
  });
  return {.n = n_centres,
          .width = width,
          .centres = std::move(panels),
          .first = std::move(first),
          .cell = std::move(cell),
          .rows = std::move(placed)};
}

// Offers the cells of one cluster to the lists `list[r]` of up to kTileRows rows, which belong to the cells `self[r]`.
struct Asking {
  const float* rows = nullptr;  // [n, width]
  std::span<const std::int64_t> self, list;
};
void ask_cluster(const Clusters& clusters, std::int64_t c, const Asking& asking, NearestLists& lists) {
  alignas(64) Products products;
  std::array<std::uint8_t, static_cast<std::size_t>(kTileRows * kPanelRows)> marks;
  std::array<float, static_cast<std::size_t>(kTileRows)> floors;
  const std::int64_t n_rows = std::ssize(asking.self);
  for (std::int64_t place = clusters.first[static_cast<std::size_t>(c)]; place < clusters.first[static_cast<std::size_t>(c + 1)];
       place += kPanelRows) {
    multiply_panel({.rows = asking.rows,
                    .n_rows = n_rows,
                    .n_features = clusters.width,
                    .panel = clusters.rows.panel(place / kPanelRows),
                    .products = products.data()});
    for (std::int64_t r = 0; r < n_rows; ++r)
      floors[static_cast<std::size_t>(r)] = lists.floors()[asking.list[static_cast<std::size_t>(r)]];
    mark_tile({.products = products.data(), .n_rows = n_rows, .of_rows = floors.data()}, marks.data(), nullptr);
    each_mark(marks.data(), n_rows, [&](std::int64_t r, std::int64_t column) {
      const std::int32_t other = clusters.cell[static_cast<std::size_t>(place + column)];
      if (other >= 0 && other != asking.self[static_cast<std::size_t>(r)])
        lists.add(asking.list[static_cast<std::size_t>(r)], other, products[static_cast<std::size_t>(r * kPanelRows + column)]);
    });
  }
}

// Clusters in the order in which a cell looks at them.
std::vector<std::int32_t> nearest_first(const float* similar, std::int64_t n_clusters, std::int64_t wanted) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(n_clusters));
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(order.begin(), order.begin() + wanted, order.end(),
                    [&](std::int32_t a, std::int32_t b) { return similar[a] != similar[b] ? similar[a] > similar[b] : a < b; });
  order.resize(static_cast<std::size_t>(wanted));
  return order;
}

// The cluster of each cell.
std::vector<std::int32_t> clusters_of_cells(const Clusters& clusters, std::int64_t n_cells) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(n_cells));
  for (std::int64_t c = 0; c < clusters.n; ++c)
    for (std::int64_t place = clusters.first[static_cast<std::size_t>(c)]; place < clusters.first[static_cast<std::size_t>(c + 1)];
         ++place)
      if (clusters.cell[static_cast<std::size_t>(place)] >= 0)
        out[static_cast<std::size_t>(clusters.cell[static_cast<std::size_t>(place)])] = static_cast<std::int32_t>(c);
  return out;
}

// Of up to kTileRows sampled cells, whose true neighbours are found among all: shares[s, p] of them lie in the p clusters that cell
// s looks at first. [cells, clusters + 1]; all 0 for a cell without neighbours.
void share_by_probes(const UnitRows& rows, const Clusters& clusters, const ClusteredOptions& options,
                     std::span<const std::int64_t> sample, std::span<const std::int32_t> cluster_of, double* shares) {
  const std::int64_t n = std::ssize(sample), n_shares = clusters.n + 1;
  std::vector<float> tile(static_cast<std::size_t>(n * rows.width)), similar;
  std::vector<std::int64_t> places(static_cast<std::size_t>(n));
  std::iota(places.begin(), places.end(), 0);
  for (std::int64_t r = 0; r < n; ++r) rows.write(sample[static_cast<std::size_t>(r)], tile.data() + r * rows.width);
  NearestLists lists({.n_lists = n, .n_others = rows.n() - 1, .cap = options.cap, .threshold = options.threshold});
  for (std::int64_t c = 0; c < clusters.n; ++c)
    ask_cluster(clusters, c, {.rows = tile.data(), .self = sample, .list = places}, lists);
  lists.finish(NearestLists::Order::by_similarity, 1);
  look_at_centres(clusters.centres, tile.data(), n, rows.width, similar);
  std::vector<std::int32_t> rank(static_cast<std::size_t>(clusters.n));
  for (std::int64_t r = 0; r < n; ++r) {
    const auto order = nearest_first(similar.data() + r * clusters.centres.n_panels() * kPanelRows, clusters.n, clusters.n);
    for (std::size_t k = 0; k < order.size(); ++k) rank[static_cast<std::size_t>(order[k])] = static_cast<std::int32_t>(k);
    double* const of_cell = shares + r * n_shares;
    const auto truth = lists.list(r);
    for (const std::uint64_t key : truth)
      of_cell[rank[static_cast<std::size_t>(cluster_of[static_cast<std::size_t>(cell_of(key))])] + 1] +=
          1 / static_cast<double>(truth.size());
    std::partial_sum(of_cell, of_cell + n_shares, of_cell);
  }
}

struct Probes {
  std::int64_t n = 0;
  double recall = 1;
};

// How many clusters a cell must look at.
Probes choose_probes(const RunContext& context, const UnitRows& rows, const Clusters& clusters, const ClusteredOptions& options) {
  constexpr std::int64_t kSample = 400;
  Random random(context.seed, "cells to measure recall");
  const auto sample = sample_without_replacement(random, rows.n(), kSample);
  const std::int64_t n = std::ssize(sample), n_shares = clusters.n + 1;
  const auto cluster_of = clusters_of_cells(clusters, rows.n());
  std::vector<double> shares(static_cast<std::size_t>(n * n_shares));
  parallel_for((n + kTileRows - 1) / kTileRows, context.threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t first = begin * kTileRows; first < std::min(n, end * kTileRows); first += kTileRows)
      share_by_probes(
          rows, clusters, options,
          std::span(sample).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(std::min(kTileRows, n - first))),
          cluster_of, shares.data() + first * n_shares);
  });
  for (std::int64_t p = 1; p < clusters.n; ++p) {
    double sum = 0, squares = 0, n_asked = 0;
    for (std::int64_t s = 0; s < n; ++s) {
      if (shares[static_cast<std::size_t>(s * n_shares + clusters.n)] == 0) continue;
      const double share = shares[static_cast<std::size_t>(s * n_shares + p)];
      sum += share;
      squares += share * share;
      ++n_asked;
    }
    const double mean = sum / std::max(1.0, n_asked), variance = std::max(0.0, squares / std::max(1.0, n_asked) - mean * mean);
    if (mean - 2 * std::sqrt(variance / std::max(1.0, n_asked)) >= options.recall) return {.n = p, .recall = std::min(1.0, mean)};
  }
  return {.n = clusters.n, .recall = 1};
}

// The cells of one cluster, up to 256 of them at a time, look through their clusters: their own first.
void search_members(const UnitRows& rows, const Clusters& clusters, std::int64_t own, std::int64_t n_probed, NearestLists& lists) {
  constexpr std::int64_t kTogether = 256;
  std::vector<std::int64_t> members;
  for (std::int64_t place = clusters.first[static_cast<std::size_t>(own)];
       place < clusters.first[static_cast<std::size_t>(own + 1)]; ++place)
    if (clusters.cell[static_cast<std::size_t>(place)] >= 0) members.push_back(clusters.cell[static_cast<std::size_t>(place)]);
  const std::int64_t width = rows.width;
  for (std::int64_t begin = 0; begin < std::ssize(members); begin += kTogether) {
    const auto cells = std::span(members).subspan(static_cast<std::size_t>(begin),
                                                  static_cast<std::size_t>(std::min(kTogether, std::ssize(members) - begin)));
    std::vector<float> table(static_cast<std::size_t>(std::ssize(cells) * width)), similar,
        tile(static_cast<std::size_t>(kTileRows * width));
    std::vector<std::vector<std::int64_t>> asked_by(static_cast<std::size_t>(clusters.n));  // rows of the table
    for (std::int64_t first = 0; first < std::ssize(cells); first += kTileRows) {
      const std::int64_t n_rows = std::min(kTileRows, std::ssize(cells) - first);
      for (std::int64_t r = first; r < first + n_rows; ++r)
        rows.write(cells[static_cast<std::size_t>(r)], table.data() + r * width);
      look_at_centres(clusters.centres, table.data() + first * width, n_rows, width, similar);
      for (std::int64_t r = 0; r < n_rows; ++r)
        for (const std::int32_t c :
             nearest_first(similar.data() + r * clusters.centres.n_panels() * kPanelRows, clusters.n, n_probed))
          asked_by[static_cast<std::size_t>(c)].push_back(first + r);
    }
    const auto ask = [&](std::int64_t c) {
      const auto& asking = asked_by[static_cast<std::size_t>(c)];
      for (std::int64_t k = 0; k < std::ssize(asking); k += kTileRows) {
        std::vector<std::int64_t> self;
        for (std::int64_t r = k; r < std::min(k + kTileRows, std::ssize(asking)); ++r) {
          std::copy_n(table.data() + asking[static_cast<std::size_t>(r)] * width, width, tile.data() + std::ssize(self) * width);
          self.push_back(cells[static_cast<std::size_t>(asking[static_cast<std::size_t>(r)])]);
        }
        ask_cluster(clusters, c, {.rows = tile.data(), .self = self, .list = self}, lists);
      }
    };
    ask(own);
    for (std::int64_t c = 0; c < clusters.n; ++c)
      if (c != own) ask(c);
  }
}

// What one end found is offered to the other.
void offer_back(NearestLists& lists, int threads) {
  lists.finish(NearestLists::Order::by_cell, threads);
  struct Offer {
    std::int32_t to, from;
    float similarity;
  };
  std::vector<Offer> offers;
  for (std::int64_t i = 0; i < lists.n_cells(); ++i)
    for (const std::uint64_t key : lists.list(i)) {
      const auto theirs = lists.list(cell_of(key));
      const auto at =
          std::lower_bound(theirs.begin(), theirs.end(), i, [](std::uint64_t a, std::int64_t cell) { return cell_of(a) < cell; });
      if (at == theirs.end() || cell_of(*at) != i)
        offers.push_back({cell_of(key), static_cast<std::int32_t>(i), similarity_of(key)});
    }
  for (const Offer& offer : offers)
    if (offer.similarity >= lists.floors()[offer.to]) lists.add(offer.to, offer.from, offer.similarity);
}

}  // namespace

ClusteredSearch search_clusters(const RunContext& context, const UnitRows& rows, const ClusteredOptions& options,
                                NearestLists& lists) {
  constexpr double kClustersByRoot = 2, kWorthClusters = 0.25;  // a pair of all pairs is looked at once, and here from both ends
  constexpr std::int64_t kFewest = 2000;
  const std::int64_t n_clusters = static_cast<std::int64_t>(kClustersByRoot * std::sqrt(static_cast<double>(rows.n())));
  ClusteredSearch out{.n_clusters = n_clusters};
  if (rows.n() >= kFewest) {
    const Clusters clusters = make_clusters(context, rows, n_clusters);
    const Probes probes = choose_probes(context, rows, clusters, options);
    if (static_cast<double>(probes.n) <= kWorthClusters * static_cast<double>(n_clusters)) {
      std::atomic<std::int64_t> next = 0;
      parallel_for(context.threads, context.threads, [&](std::int64_t, std::int64_t) {
        for (std::int64_t c = next++; c < n_clusters && !context.stopping(); c = next++)
          search_members(rows, clusters, c, probes.n, lists);
      });
      if (context.stopping())
        throw Interrupted(
            {.where = "graph of cells", .found = "an interrupt", .expected = "", .advice = "run again to start over"});
      offer_back(lists, context.threads);
      out.recall = probes.recall;
      out.n_probed = probes.n;
      return out;
    }
  }
  search_all_pairs(context, rows, lists);
  out.all_pairs = true;
  return out;
}

}  // namespace cellverdict
