#include <cellverdict/base/error.h>
#include <cellverdict/encode/minibatches.h>
#include <cellverdict/evaluate/unit_rows.h>

#include <cmath>
#include <map>

namespace cellverdict {

namespace {
constexpr double kPseudoCount = 0.5;  // a cell type that a unit lacks has no logarithm
}

UnitRows unit_rows(const CellView& view, std::int64_t n_features) {
  UnitRows rows{.n_features = n_features};
  std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> entry;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    const auto [found, is_new] = entry.try_emplace({view.unit_number(i), view.label(i)}, static_cast<std::int32_t>(entry.size()));
    if (is_new) {
      rows.unit.push_back(view.unit_number(i));
      rows.label.push_back(view.label(i));
    }
    rows.of_cell.push_back(found->second);
  }
  rows.values.assign(static_cast<std::size_t>(rows.size() * n_features), 0);
  return rows;
}

void standardise(TwoSides& sides) {
  UnitRows& train = sides.train;
  for (std::int64_t f = 0; f < train.n_features; ++f) {
    double sum = 0, squares = 0;
    for (std::int64_t u = 0; u < train.size(); ++u) sum += train.at(u, f);
    const double mean = sum / static_cast<double>(train.size());
    for (std::int64_t u = 0; u < train.size(); ++u) squares += (train.at(u, f) - mean) * (train.at(u, f) - mean);
    const double sd = std::sqrt(squares / static_cast<double>(train.size()));
    for (UnitRows* rows : {&sides.train, &sides.asked})
      for (std::int64_t u = 0; u < rows->size(); ++u) rows->at(u, f) = sd > 1e-12 ? (rows->at(u, f) - mean) / sd : 0;
  }
}

UnitRows shares_of_groups(const CellView& view, const std::vector<Grouping>& groupings) {
  std::int64_t n_features = 0;
  for (const auto& grouping : groupings) n_features += grouping.n_values;
  UnitRows rows = unit_rows(view, n_features);
  std::vector<double> n_cells(static_cast<std::size_t>(rows.size()));
  for (const std::int32_t u : rows.of_cell) ++n_cells[u];
  std::int64_t first = 0;
  for (const auto& [code, n_values] : groupings) {
    for (std::size_t i = 0; i < code.size(); ++i)
      if (code[i] >= 0) rows.at(rows.of_cell[i], first + code[i]) += 1 / n_cells[rows.of_cell[i]];
    first += n_values;
  }
  return rows;
}

void to_log_ratios(UnitRows& rows) {
  std::vector<double> n_cells(static_cast<std::size_t>(rows.size()));
  for (const std::int32_t u : rows.of_cell) ++n_cells[u];
  for (std::int64_t u = 0; u < rows.size(); ++u) {
    double sum = 0;
    for (std::int64_t f = 0; f < rows.n_features; ++f) {
      rows.at(u, f) = std::log(rows.at(u, f) * n_cells[u] + kPseudoCount);
      sum += rows.at(u, f);
    }
    for (std::int64_t f = 0; f < rows.n_features; ++f) rows.at(u, f) -= sum / static_cast<double>(rows.n_features);
  }
}

UnitRows pseudobulk_rows(const CellView& view, const Preparation& preparation, const UnitProfiles* profiles) {
  UnitRows rows = unit_rows(view, preparation.genes.size());
  const auto column = preparation_columns(preparation, view.genes());
  if (profiles != nullptr) {
    for (std::int64_t u = 0; u < rows.size(); ++u) {
      const std::int32_t unit = rows.unit[u];
      const double all = profiles->total(unit);
      for (std::size_t g = 0; g < column.size(); ++g)
        if (column[g] >= 0 && all > 0)
          rows.at(u, column[g]) =
              std::log1p(static_cast<double>(profiles->count(unit, static_cast<std::int64_t>(g))) * preparation.target_sum / all);
    }
    return rows;
  }
  std::vector<double> total(static_cast<std::size_t>(rows.size()));
  CsrBlock cell;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    cell.clear();
    view.append_counts(i, cell);
    const std::int32_t u = rows.of_cell[i];
    total[u] += view.total(i);
    for (std::size_t k = 0; k < cell.indices.size(); ++k)
      if (const std::int32_t g = column[cell.indices[k]]; g >= 0) rows.at(u, g) += static_cast<double>(cell.values[k]);
  }
  for (std::int64_t u = 0; u < rows.size(); ++u)
    for (std::int64_t g = 0; g < rows.n_features; ++g)
      rows.at(u, g) = total[u] > 0 ? std::log1p(rows.at(u, g) * preparation.target_sum / total[u]) : 0;
  return rows;
}

UnitRows embedding_rows(const CellView& view, const UnitEmbedding& embedding) {
  UnitRows rows = unit_rows(view, embedding.n_dimensions);
  for (std::int64_t u = 0; u < rows.size(); ++u) {
    const auto mean = embedding.mean.find({rows.unit[u], rows.label[u]});
    if (mean == embedding.mean.end())
      throw InternalError(
          {.where = "embedding " + embedding.name, .found = "no mean of a unit", .expected = "one each", .advice = ""});
    std::copy(mean->second.begin(), mean->second.end(), rows.values.begin() + u * rows.n_features);
  }
  return rows;
}

}  // namespace cellverdict
