#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/confounding.h>
#include <cellverdict/stats/association.h>
#include <cellverdict/stats/permutation.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>

namespace cellverdict {

namespace {

constexpr std::int64_t kDeals = 999;
constexpr std::uint64_t kSeed = 42;  // of the deals: the same cohort is warned of in the same words

// One observation a unit and class.
struct Units {
  std::vector<std::int32_t> label, unit, donor;  // [n]; donor -1: cells of several
  std::vector<std::int32_t> of_cell;             // [cells]

  std::int64_t size() const { return std::ssize(label); }
};

Units units_of(const Cohort& cohort) {
  Units units;
  std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> number;
  for (std::size_t i = 0; i < cohort.label.size(); ++i) {
    const auto [found, is_new] = number.try_emplace({cohort.unit[i], cohort.label[i]}, static_cast<std::int32_t>(number.size()));
    if (is_new) {
      units.label.push_back(cohort.label[i]);
      units.unit.push_back(cohort.unit[i]);
      units.donor.push_back(cohort.donor[i]);
    }
    if (units.donor[found->second] != cohort.donor[i]) units.donor[found->second] = -1;
    units.of_cell.push_back(found->second);
  }
  return units;
}

// The value of every unit; -1 where no cell has one. Nothing where cells of one unit differ: a property of cells.
struct UnitValues {
  std::vector<std::int32_t> code;  // [units] into names
  std::vector<std::string> names;  // of the values that units have, sorted
};
std::optional<UnitValues> values_of(const Column& column, const Units& units) {
  std::vector<std::int64_t> first(static_cast<std::size_t>(units.size()), -1);  // cell that gave the value
  const bool is_text = column.kind == Column::Kind::text;
  for (std::size_t i = 0; i < units.of_cell.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (column.missing(row)) continue;
    std::int64_t& known = first[units.of_cell[i]];
    if (known < 0) known = row;
    if (is_text ? column.codes[known] != column.codes[i] : column.numbers[known] != column.numbers[i]) return std::nullopt;
  }
  UnitValues out;
  std::map<std::string, std::int32_t> code;
  for (const std::int64_t row : first)
    if (row >= 0 && code.try_emplace(column.text(row), 0).second) out.names.push_back(column.text(row));
  sort_labels(out.names);
  for (std::size_t k = 0; k < out.names.size(); ++k) code[out.names[k]] = static_cast<std::int32_t>(k);
  for (const std::int64_t row : first) out.code.push_back(row < 0 ? -1 : code[column.text(row)]);
  return out;
}

// Does each value belong to one of `owner`, and each of them to one value?
bool names_again(const std::vector<std::int32_t>& code, const std::vector<std::int32_t>& owner) {
  std::set<std::int32_t> values, owners;
  std::set<std::pair<std::int32_t, std::int32_t>> pairs;
  for (std::size_t u = 0; u < code.size(); ++u) {
    if (code[u] < 0 || owner[u] < 0) return false;
    values.insert(code[u]);
    owners.insert(owner[u]);
    pairs.insert({code[u], owner[u]});
  }
  return values.size() == owners.size() && pairs.size() == values.size();
}

double statistic_of(std::span<const std::int32_t> value, std::span<const std::int32_t> label) {
  const auto found = chi_squared(contingency_table({.a = value, .b = label}));
  return found ? found->statistic : 0;
}

// Expected counts are far too small for the chi-squared distribution in studies of a dozen units, so labels are dealt anew.
double permuted_p(std::vector<std::int32_t> value, std::vector<std::int32_t> label) {
  for (std::size_t u = value.size(); u-- > 0;) {
    if (value[u] >= 0) continue;
    value.erase(value.begin() + static_cast<std::ptrdiff_t>(u));
    label.erase(label.begin() + static_cast<std::ptrdiff_t>(u));
  }
  std::vector<double> deals;
  for (std::int64_t d = 0; d < kDeals; ++d)
    deals.push_back(statistic_of(value, permuted_labels({.label = label, .stratum = {}}, kSeed, static_cast<std::uint64_t>(d))));
  return permutation_test(statistic_of(value, label), deals).p_value;
}

std::vector<OneClassValue> one_class_values(const UnitValues& values, const Units& units, const std::vector<std::string>& classes) {
  std::vector<std::set<std::int32_t>> seen(values.names.size());
  std::vector<std::int64_t> n(values.names.size());
  for (std::size_t u = 0; u < values.code.size(); ++u)
    if (values.code[u] >= 0) {
      seen[values.code[u]].insert(units.label[u]);
      ++n[values.code[u]];
    }
  std::vector<OneClassValue> out;
  for (std::size_t k = 0; k < seen.size(); ++k)
    if (seen[k].size() == 1) out.push_back({values.names[k], classes[*seen[k].begin()], n[k]});
  return out;
}

bool has_one_class_a_value(const ConfoundingRow& row) {
  return row.n_values >= 2 && std::ssize(row.one_class_values) == row.n_values && 2 * row.n_values <= row.n_units;
}

bool goes_with_label(const ConfoundingRow& row) {
  return row.v && row.p && *row.v >= kConfoundedFrom && *row.p < kConfoundedBelow;
}

// "disease_ontology_term_id" beside "disease", or the very names of the classes in another column.
bool says_label_again(const std::string& column, const UnitValues& values, const Cohort& cohort, const Units& units) {
  if (!names_again(values.code, units.label)) return false;
  return column.starts_with(cohort.roles.label + "_") || values.names == cohort.classes;
}

std::string warning_of(const ConfoundingRow& row, const CohortRoles& roles) {
  const std::string units = counted(row.n_units, "unit");
  if (has_one_class_a_value(row))
    return fmt::format(
        "Every value of '{}' has units of one class only ({}): the two cannot be told apart in these data. If it says {} in other "
        "words, name it in [evaluate] same_as_label.",
        row.column, units, roles.label);
  if (goes_with_label(row))
    return fmt::format("'{}' goes with {} (Cramér's V {:.2f}, p = {:.3f}, {}): a model may read it instead of the {}.", row.column,
                       roles.label, *row.v, *row.p, units, roles.label);
  std::string values;
  for (const auto& one : row.one_class_values)
    if (one.n_units >= kSeveralUnits)
      values += fmt::format("{}{} ({}, all {})", values.empty() ? "" : ", ", one.value, counted(one.n_units, "unit"), one.label);
  if (values.empty()) return {};
  return fmt::format("Values of '{}' with units of one class only: {}. There the {} and the class cannot be told apart.",
                     row.column, values, row.column);
}

std::optional<ConfoundingRow> audit(const std::string& name, const Column& column, const Cohort& cohort, const Units& units,
                                    bool is_label) {
  const auto values = values_of(column, units);
  if (!values || values->names.size() < 2) return std::nullopt;
  ConfoundingRow row{.column = name, .n_values = std::ssize(values->names)};
  row.n_units = std::ranges::count_if(values->code, [](std::int32_t code) { return code >= 0; });
  if (is_label || says_label_again(name, *values, cohort, units))
    row.nested = "label";
  else if (names_again(values->code, units.unit))
    row.nested = "unit";
  else if (names_again(values->code, units.donor))
    row.nested = "donor";
  else if (row.n_values == row.n_units || row.n_values > std::max(kFewValues, row.n_units / 2))
    return std::nullopt;
  if (!row.nested.empty()) return row;
  if (const auto v = cramers_v(contingency_table({.a = values->code, .b = units.label}))) {
    row.v = v->corrected;
    row.p = permuted_p(values->code, units.label);
  }
  row.one_class_values = one_class_values(*values, units, cohort.classes);
  row.warning = warning_of(row, cohort.roles);
  return row;
}

}  // namespace

bool may_explain_label(const ConfoundingRow& row) {
  return row.nested.empty() && (has_one_class_a_value(row) || goes_with_label(row));
}

std::vector<ConfoundingRow> audit_confounding(const Cohort& cohort, const std::vector<std::string>& same_as_label) {
  const Units units = units_of(cohort);
  const Frame& obs = cohort.table->obs();
  std::vector<ConfoundingRow> rows;
  for (std::size_t c = 0; c < obs.columns.size(); ++c) {
    const std::string& name = obs.names[c];
    if (name == cohort.roles.label || name == cohort.roles.unit || name == cohort.roles.donor) continue;
    const bool is_label = std::ranges::find(same_as_label, name) != same_as_label.end();
    if (auto row = audit(name, obs.columns[c], cohort, units, is_label)) rows.push_back(*std::move(row));
  }
  return rows;
}

}  // namespace cellverdict
