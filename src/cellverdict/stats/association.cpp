#include <cellverdict/base/error.h>
#include <cellverdict/stats/association.h>

#include <boost/math/distributions/chi_squared.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace cellverdict {

namespace {

struct Margins {
  std::vector<std::int64_t> rows, columns;
  std::int64_t n_rows = 0, n_columns = 0;  // present
};

Margins margins_of(const ContingencyTable& table) {
  Margins out;
  out.rows.assign(static_cast<std::size_t>(table.n_rows), 0);
  out.columns.assign(static_cast<std::size_t>(table.n_columns), 0);
  for (std::size_t i = 0; i < table.counts.size(); ++i) {
    out.rows[i / out.columns.size()] += table.counts[i];
    out.columns[i % out.columns.size()] += table.counts[i];
  }
  const auto present = [](const std::vector<std::int64_t>& sums) {
    return std::count_if(sums.begin(), sums.end(), [](std::int64_t n) { return n > 0; });
  };
  out.n_rows = present(out.rows);
  out.n_columns = present(out.columns);
  return out;
}

}  // namespace

ContingencyTable contingency_table(const Groupings& groupings) {
  const auto& [a, b] = groupings;
  if (a.size() != b.size())
    throw InternalError({.where = "contingency table",
                         .found = std::to_string(a.size()) + " and " + std::to_string(b.size()) + " units",
                         .expected = "the same units",
                         .advice = ""});
  ContingencyTable table;
  for (std::size_t u = 0; u < a.size(); ++u) {
    if (a[u] < 0 || b[u] < 0) {
      ++table.n_missing;
      continue;
    }
    table.n_rows = std::max<std::int64_t>(table.n_rows, a[u] + std::int64_t{1});
    table.n_columns = std::max<std::int64_t>(table.n_columns, b[u] + std::int64_t{1});
    ++table.n;
  }
  table.counts.assign(static_cast<std::size_t>(table.n_rows * table.n_columns), 0);
  for (std::size_t u = 0; u < a.size(); ++u)
    if (a[u] >= 0 && b[u] >= 0) ++table.counts[static_cast<std::size_t>(a[u] * table.n_columns + b[u])];
  return table;
}

std::optional<ChiSquared> chi_squared(const ContingencyTable& table) {
  const Margins margins = margins_of(table);
  if (margins.n_rows < 2 || margins.n_columns < 2) return std::nullopt;
  ChiSquared out;
  out.least_expected = static_cast<double>(table.n);
  for (std::size_t i = 0; i < table.counts.size(); ++i) {
    const double expected = static_cast<double>(margins.rows[i / margins.columns.size()]) *
                            static_cast<double>(margins.columns[i % margins.columns.size()]) / static_cast<double>(table.n);
    if (expected == 0) continue;
    const double off = static_cast<double>(table.counts[i]) - expected;
    out.statistic += off * off / expected;
    out.least_expected = std::min(out.least_expected, expected);
  }
  out.degrees_of_freedom = (margins.n_rows - 1) * (margins.n_columns - 1);
  const boost::math::chi_squared distribution(static_cast<double>(out.degrees_of_freedom));
  out.p_value = boost::math::cdf(boost::math::complement(distribution, out.statistic));
  return out;
}

std::optional<CramersV> cramers_v(const ContingencyTable& table) {
  const auto chi = chi_squared(table);
  if (!chi) return std::nullopt;
  const Margins margins = margins_of(table);
  const double n = static_cast<double>(table.n), phi = chi->statistic / n;
  const double rows = static_cast<double>(margins.n_rows), columns = static_cast<double>(margins.n_columns);
  const double unbiased = std::max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1));
  const double fewer_rows = rows - (rows - 1) * (rows - 1) / (n - 1);
  const double fewer_columns = columns - (columns - 1) * (columns - 1) / (n - 1);
  const double room = std::min(fewer_rows, fewer_columns) - 1;
  // Every unit a level of its own leaves no room: such a table says nothing, whatever its plain V.
  return CramersV{.plain = std::sqrt(std::min(1.0, phi / (std::min(rows, columns) - 1))),
                  .corrected = room > 0 ? std::sqrt(std::min(1.0, unbiased / room)) : 0};
}

Nestedness nestedness(const Groupings& groupings) {
  const ContingencyTable table = contingency_table(groupings);
  Nestedness out;
  for (std::int64_t row = 0; row < table.n_rows; ++row) {
    std::int64_t n_units = 0, n_columns = 0;
    for (std::int64_t column = 0; column < table.n_columns; ++column) {
      const std::int64_t count = table.counts[static_cast<std::size_t>(row * table.n_columns + column)];
      n_units += count;
      n_columns += count > 0;
    }
    if (n_units == 0) continue;
    ++out.n_levels;
    if (n_columns > 1) {
      out.mixed.push_back(static_cast<std::int32_t>(row));
      continue;
    }
    ++out.n_pure;
    out.n_single += n_units == 1;
    out.n_units_pure += n_units;
  }
  return out;
}

double adjusted_rand_index(const ContingencyTable& table) {
  const Margins margins = margins_of(table);
  const auto pairs = [](const std::vector<std::int64_t>& counts) {
    double sum = 0;
    for (const std::int64_t n : counts) sum += static_cast<double>(n) * static_cast<double>(n - 1) / 2;
    return sum;
  };
  const double together = pairs(table.counts), rows = pairs(margins.rows), columns = pairs(margins.columns);
  const double all = static_cast<double>(table.n) * static_cast<double>(table.n - 1) / 2;
  const double by_chance = all > 0 ? rows * columns / all : 0, most = (rows + columns) / 2;
  return most == by_chance ? 1 : (together - by_chance) / (most - by_chance);
}

}  // namespace cellverdict
