#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/encode/cosine_search.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <mutex>

namespace cellverdict {

namespace {

#if defined(__x86_64__) && defined(__GNUC__)
#define CELLVERDICT_X86_TILES 1
#endif

[[gnu::always_inline]] inline void mark(const TileFloors& tile, std::uint8_t* __restrict by_row,
                                        std::uint8_t* __restrict by_column) {
  for (std::int64_t r = 0; r < tile.n_rows; ++r) {
    const float* __restrict products = tile.products + r * kPanelRows;
    const float floor = tile.of_rows[r];
    for (std::int64_t c = 0; c < kPanelRows; ++c) by_row[r * kPanelRows + c] = products[c] >= floor ? 1 : 0;
    if (by_column == nullptr) continue;
    for (std::int64_t c = 0; c < kPanelRows; ++c) by_column[r * kPanelRows + c] = products[c] >= tile.of_columns[c] ? 1 : 0;
  }
}

#ifdef CELLVERDICT_X86_TILES
[[gnu::target("avx2")]] void mark_avx2(const TileFloors& tile, std::uint8_t* by_row, std::uint8_t* by_column) {
  mark(tile, by_row, by_column);
}
#endif

// Cells [begin, end), both multiples of kPanelRows or the end of all.
struct Block {
  std::int64_t begin = 0, end = 0;
};

struct Tile {
  std::int64_t row = 0, column = 0;  // cells of its first product
  std::int64_t n_rows = 0;
  const float* products = nullptr;
};

// Calls look(tile) for all tiles of a × b; of those of a block with itself for the tiles on and above the diagonal.
template <class Look>
void each_tile(const RowPanels& panels, std::int64_t width, const Block& a, const Block& b, const Look& look) {
  std::vector<float> rows(static_cast<std::size_t>(kTileRows * width));
  alignas(64) std::array<float, static_cast<std::size_t>(kTileRows * kPanelRows)> products;
  for (std::int64_t row = a.begin; row < a.end; row += kTileRows) {
    const std::int64_t n_rows = std::min(kTileRows, a.end - row);
    for (std::int64_t r = 0; r < n_rows; ++r) {
      const float* const from = panels.panel((row + r) / kPanelRows) + (row + r) % kPanelRows;
      for (std::int64_t f = 0; f < width; ++f) rows[static_cast<std::size_t>(r * width + f)] = from[f * kPanelRows];
    }
    for (std::int64_t column = a.begin == b.begin ? row : b.begin; column < b.end; column += kPanelRows) {
      multiply_panel({.rows = rows.data(),
                      .n_rows = n_rows,
                      .n_features = width,
                      .panel = panels.panel(column / kPanelRows),
                      .products = products.data()});
      look(Tile{.row = row, .column = column, .n_rows = n_rows, .products = products.data()});
    }
  }
}

// Rounds of pairs of blocks, in which no block stands twice: threads that have different pairs of one round never meet. The first
// round has each block with itself; the others go as a tournament does.
std::vector<std::vector<std::pair<Block, Block>>> rounds_of(std::int64_t n, std::int64_t rows_a_block) {
  std::vector<Block> blocks;
  for (std::int64_t begin = 0; begin < n; begin += rows_a_block) blocks.push_back({begin, std::min(n, begin + rows_a_block)});
  std::vector<std::vector<std::pair<Block, Block>>> rounds(1);
  for (const Block& block : blocks) rounds[0].emplace_back(block, block);
  const std::int64_t seats = std::ssize(blocks) + std::ssize(blocks) % 2;
  for (std::int64_t round = 0; round + 1 < seats; ++round) {
    auto& pairs = rounds.emplace_back();
    for (std::int64_t k = 0; k < seats / 2; ++k) {
      const std::int64_t a = k == 0 ? seats - 1 : (round + k) % (seats - 1), b = (round - k + seats - 1) % (seats - 1);
      if (std::max(a, b) < std::ssize(blocks))
        pairs.emplace_back(blocks[static_cast<std::size_t>(std::min(a, b))], blocks[static_cast<std::size_t>(std::max(a, b))]);
    }
  }
  return rounds;
}

// Calls work(a, b) for every pair of blocks.
template <class Work>
void each_pair_of_blocks(const RunContext& context, std::int64_t n, const Work& work) {
  constexpr std::int64_t kMost = 1024, kBlocksAThread = 8;
  const std::int64_t wanted = n / (kBlocksAThread * std::max(1, context.threads));
  const auto rounds = rounds_of(n, std::clamp(wanted / kTileRows * kTileRows, kTileRows, kMost));
  std::int64_t done = 0;
  for (const auto& pairs : rounds) {
    std::atomic<std::int64_t> next = 0;
    parallel_for(context.threads, context.threads, [&](std::int64_t, std::int64_t) {
      for (std::int64_t p = next++; p < std::ssize(pairs); p = next++)
        work(pairs[static_cast<std::size_t>(p)].first, pairs[static_cast<std::size_t>(p)].second);
    });
    if (context.stopping())
      throw Interrupted({.where = "graph of cells", .found = "an interrupt", .expected = "", .advice = "run again to start over"});
    context.progress("graph of cells", ++done, std::ssize(rounds));
  }
}

RowPanels panels_of(const UnitRows& rows, int threads) {
  return {rows.n(), rows.width, threads, [&](std::int64_t row, float* out) { rows.write(row, out); }};
}

using Marks = std::array<std::uint8_t, static_cast<std::size_t>(kTileRows* kPanelRows)>;

}  // namespace

void mark_tile(const TileFloors& tile, std::uint8_t* by_row, std::uint8_t* by_column) {
#ifdef CELLVERDICT_X86_TILES
  if (__builtin_cpu_supports("avx2")) return mark_avx2(tile, by_row, by_column);
#endif
  mark(tile, by_row, by_column);
}

void UnitRows::write(std::int64_t row, float* out) const {
  const float* const from = values.data() + row * width;
  const double by = scale[static_cast<std::size_t>(row)];
  for (std::int64_t f = 0; f < width; ++f) out[f] = static_cast<float>(static_cast<double>(from[f]) * by);
}

UnitRows unit_rows(std::span<const float> latents, std::int64_t width, int threads) {
  if (width < 1 || std::ssize(latents) % width != 0)
    throw InternalError({.where = "graph of cells",
                         .found = std::to_string(latents.size()) + " numbers",
                         .expected = "rows of " + std::to_string(width),
                         .advice = ""});
  const std::int64_t n = std::ssize(latents) / width;
  UnitRows out{.values = latents, .width = width, .scale = std::vector<double>(static_cast<std::size_t>(n)), .n_zero = 0};
  std::atomic<std::int64_t> n_zero = 0, first_bad = n;
  parallel_for(n, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      double squares = 0;
      for (const float x : latents.subspan(static_cast<std::size_t>(i * width), static_cast<std::size_t>(width)))
        squares += static_cast<double>(x) * static_cast<double>(x);
      if (!std::isfinite(squares))
        for (std::int64_t seen = first_bad; i < seen && !first_bad.compare_exchange_weak(seen, i);) {
        }
      if (squares == 0) ++n_zero;
      out.scale[static_cast<std::size_t>(i)] = squares > 0 ? 1 / std::sqrt(squares) : 0;
    }
  });
  if (first_bad < n)
    throw DataError({.where = "graph of cells, cell " + std::to_string(first_bad),
                     .found = "a latent with a value that is not finite",
                     .expected = "numbers",
                     .advice = "look at the training of the autoencoder: it may have diverged"});
  out.n_zero = n_zero;
  return out;
}

void search_all_pairs(const RunContext& context, const UnitRows& rows, NearestLists& lists) {
  const RowPanels panels = panels_of(rows, context.threads);
  const std::int64_t n = rows.n();
  each_pair_of_blocks(context, n, [&](const Block& a, const Block& b) {
    Marks by_row, by_column;
    each_tile(panels, rows.width, a, b, [&](const Tile& tile) {
      mark_tile({.products = tile.products,
                 .n_rows = tile.n_rows,
                 .of_rows = lists.floors() + tile.row,
                 .of_columns = lists.floors() + tile.column},
                by_row.data(), by_column.data());
      // Where a tile crosses the diagonal or the end of all cells, some of its products are of no pair.
      const bool whole = tile.column >= tile.row + tile.n_rows && tile.column + kPanelRows <= n;
      const auto pair = [&](std::int64_t i, std::int64_t j) { return whole || (i < j && j < n); };
      each_mark(by_row.data(), tile.n_rows, [&](std::int64_t r, std::int64_t c) {
        const std::int64_t i = tile.row + r, j = tile.column + c;
        if (pair(i, j)) lists.add(i, static_cast<std::int32_t>(j), tile.products[r * kPanelRows + c]);
      });
      each_mark(by_column.data(), tile.n_rows, [&](std::int64_t r, std::int64_t c) {
        const std::int64_t i = tile.row + r, j = tile.column + c;
        if (pair(i, j)) lists.add(j, static_cast<std::int32_t>(i), tile.products[r * kPanelRows + c]);
      });
    });
  });
}

namespace {

// The best edges while they are being found.
struct EdgeList {
  std::int64_t most = 0;
  float floor = -2;
  std::vector<Edge> edges;

  void add(const Edge& edge) {
    edges.push_back(edge);
    if (std::ssize(edges) >= 2 * most + 1024) cut();
  }
  void cut() {
    if (std::ssize(edges) <= most) return;
    const auto before = [](const Edge& a, const Edge& b) { return a.before(b); };
    std::nth_element(edges.begin(), edges.begin() + (most - 1), edges.end(), before);
    floor = std::max(floor, similarity_of(edges[static_cast<std::size_t>(most - 1)].key));
    edges.resize(static_cast<std::size_t>(most));
  }
};

}  // namespace

TopEdges search_top_pairs(const RunContext& context, const UnitRows& rows, std::int64_t most, float threshold) {
  const RowPanels panels = panels_of(rows, context.threads);
  const std::int64_t n = rows.n();
  TopEdges out{.edges = {}, .similar = std::vector<std::int64_t>(static_cast<std::size_t>(n))};
  EdgeList best{.most = most, .floor = threshold};
  std::mutex one_at_a_time;
  std::array<float, static_cast<std::size_t>(kTileRows)> thresholds;
  thresholds.fill(threshold);
  each_pair_of_blocks(context, n, [&](const Block& a, const Block& b) {
    EdgeList found{.most = most};
    {
      const std::lock_guard lock(one_at_a_time);
      found.floor = best.floor;
    }
    Marks marks;
    each_tile(panels, rows.width, a, b, [&](const Tile& tile) {
      mark_tile({.products = tile.products, .n_rows = tile.n_rows, .of_rows = thresholds.data()}, marks.data(), nullptr);
      each_mark(marks.data(), tile.n_rows, [&](std::int64_t r, std::int64_t c) {
        const std::int64_t i = tile.row + r, j = tile.column + c;
        if (i >= j || j >= n) return;
        ++out.similar[static_cast<std::size_t>(i)];
        ++out.similar[static_cast<std::size_t>(j)];
        const float similarity = tile.products[r * kPanelRows + c];
        if (similarity >= found.floor)
          found.add({.key = neighbour_key(similarity, static_cast<std::int32_t>(i)), .other = static_cast<std::int32_t>(j)});
      });
    });
    const std::lock_guard lock(one_at_a_time);
    for (const Edge& edge : found.edges)
      if (similarity_of(edge.key) >= best.floor) best.add(edge);
    best.cut();
  });
  best.cut();
  std::sort(best.edges.begin(), best.edges.end(), [](const Edge& a, const Edge& b) { return a.before(b); });
  out.edges = std::move(best.edges);
  return out;
}

}  // namespace cellverdict
