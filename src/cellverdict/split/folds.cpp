#include <cellverdict/split/folds.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/split/groups.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

namespace cellverdict {

namespace {

constexpr std::int32_t kAlwaysTraining = -1, kNowhere = -2;

// Which fold tests each cell.
struct FoldOfCells {
  std::vector<std::int32_t> of_cell;   // [cells] 0, 1, …, or one of the two above
  std::vector<std::string> held_out;   // [folds] the value, where a fold is one
  std::vector<std::int32_t> group;     // [cells]
  std::vector<std::string> names;      // of the groups
  std::vector<std::int32_t> of_group;  // [groups]
  std::int32_t n_folds = 0;
};

[[noreturn]] void refuse_few(const CvOptions& cv, std::int64_t n, const std::string& what) {
  throw DataError({.where = "[cv] folds = " + std::to_string(cv.folds),
                   .found = counted(n, what),
                   .expected = "at least as many as folds",
                   .advice = "lower folds, or choose scheme = 'leave-one-out'"});
}

// Groups into folds, largest first, each to the fold with fewest cells so far.
std::vector<std::int32_t> deal_by_size(std::vector<std::int32_t> groups, const std::vector<std::int64_t>& n_cells,
                                       std::int32_t n_folds) {
  std::stable_sort(groups.begin(), groups.end(), [&](auto a, auto b) { return n_cells[a] > n_cells[b]; });
  std::vector<std::int64_t> filled(static_cast<std::size_t>(n_folds));
  std::vector<std::int32_t> of_group(n_cells.size(), kAlwaysTraining);
  for (const std::int32_t g : groups) {
    const auto fold = std::min_element(filled.begin(), filled.end()) - filled.begin();
    of_group[g] = static_cast<std::int32_t>(fold);
    filled[fold] += n_cells[g];
  }
  return of_group;
}

// One stratum after the other is dealt round, the next beginning where the last ended: every fold has its share of each.
std::vector<std::int32_t> deal_by_class(const Groups& groups, std::int32_t n_folds, std::uint64_t seed) {
  std::vector<std::int32_t> of_group(groups.names.size(), kAlwaysTraining);
  std::int32_t next = 0;
  for (auto& stratum : strata_of(groups, std::vector<std::optional<Side>>(groups.names.size()), 2)) {
    Random random(seed, "cv/stratified-groups", stratum.name);
    random.shuffle(std::span(stratum.groups));
    for (const std::int32_t g : stratum.groups) of_group[g] = next++ % n_folds;
  }
  return of_group;
}

void deal_groups(const Groups& groups, const CvOptions& cv, const std::string& by, std::uint64_t seed, FoldOfCells& folds) {
  const auto n_groups = std::ssize(groups.names);
  const auto n_folds = static_cast<std::int32_t>(cv.folds);
  if (cv.scheme == "matched" || cv.scheme == "leave-one-out") {
    std::vector<std::int32_t> held_out = complete_groups(groups);
    if (cv.scheme == "leave-one-out") {
      held_out.resize(groups.names.size());
      std::iota(held_out.begin(), held_out.end(), 0);
    }
    if (held_out.size() < 2)
      throw DataError({.where = "[cv] scheme = '" + cv.scheme + "'",
                       .found = cv.scheme == "matched"
                                    ? counted(std::ssize(held_out), "value") + " of '" + by + "' with units of every class"
                                    : counted(std::ssize(held_out), "value") + " of '" + by + "'",
                       .expected = "at least two, each to be held out in turn",
                       .advice = "name another column in [cv] by or another scheme"});
    folds.of_group.assign(groups.names.size(), kAlwaysTraining);
    for (const std::int32_t g : held_out) {
      folds.of_group[g] = folds.n_folds++;
      folds.held_out.push_back(groups.names[g]);
    }
    return;
  }
  if (n_groups < cv.folds) refuse_few(cv, n_groups, "value");
  folds.n_folds = n_folds;
  if (cv.scheme == "stratified-group") {
    folds.of_group = deal_by_class(groups, n_folds, seed);
    return;
  }
  std::vector<std::int64_t> n_cells(groups.names.size());
  for (std::size_t i = 0; i < groups.group.size(); ++i)
    if (groups.group[i] >= 0) n_cells[groups.group[i]] += groups.cohort.n_cells_of(i);
  std::vector<std::int32_t> order(groups.names.size());
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, "cv/groups");
  random.shuffle(std::span(order));
  folds.of_group = deal_by_size(std::move(order), n_cells, n_folds);
}

// Cells without regard to who they are from, within each class.
FoldOfCells deal_cells(const Cohort& cohort, const CvOptions& cv, std::uint64_t seed) {
  FoldOfCells folds{.n_folds = static_cast<std::int32_t>(cv.folds)};
  folds.of_cell.resize(cohort.label.size());
  std::int64_t next = 0;
  for (std::size_t c = 0; c < cohort.classes.size(); ++c) {
    std::vector<std::int64_t> cells;
    for (std::size_t i = 0; i < cohort.label.size(); ++i)
      if (cohort.label[i] == static_cast<std::int32_t>(c)) cells.push_back(static_cast<std::int64_t>(i));
    if (std::ssize(cells) < cv.folds) refuse_few(cv, std::ssize(cells), "cell of class '" + cohort.classes[c] + "'");
    Random random(seed, "cv/cells", cohort.classes[c]);
    random.shuffle(std::span(cells));
    for (const std::int64_t i : cells) folds.of_cell[i] = static_cast<std::int32_t>(next++ % cv.folds);
  }
  return folds;
}

FoldOfCells deal(const Cohort& cohort, const CvOptions& cv, const std::string& by, std::uint64_t seed) {
  if (cv.scheme == "k-fold") return deal_cells(cohort, cv, seed);
  const Column& column = cohort.table->obs().column(by, "[cv] by");
  FoldOfCells folds;
  folds.names = distinct_values(column);
  folds.group = codes_of(column, folds.names);
  const Groups groups{cohort, folds.names, folds.group};
  check_whole_units(groups, by);
  // Of matched values only those with every class are held out; the others teach.
  if (const auto lonely = lonely_classes(groups, by); !lonely.empty() && cv.scheme != "matched")
    throw DataError({.where = "[cv] by = '" + by + "'",
                     .found = listed(lonely),
                     .expected = "every class in several",
                     .advice = "it cannot be tested by " + by +
                               ", for its fold would be taught without it: drop it in [data.classes], "
                               "or cross-validate by donor"});
  deal_groups(groups, cv, by, seed, folds);
  for (const std::int32_t g : folds.group) folds.of_cell.push_back(g < 0 ? kNowhere : folds.of_group[g]);
  return folds;
}

// Of the cells that are not tested: a random part within each class.
void draw_validation_cells(const Cohort& cohort, const SplitOptions& split, std::uint64_t seed, std::int32_t fold,
                           std::vector<Side>& sides) {
  for (std::size_t c = 0; c < cohort.classes.size(); ++c) {
    std::vector<std::int64_t> cells;
    for (std::size_t i = 0; i < sides.size(); ++i)
      if (sides[i] == Side::train && cohort.label[i] == static_cast<std::int32_t>(c)) cells.push_back(static_cast<std::int64_t>(i));
    SplitOptions drawn = split;
    drawn.test_fraction = 0;
    const Shares shares =
        shares_of(std::ssize(cells), drawn, "class '" + cohort.classes[c] + "' with " + counted(std::ssize(cells), "cell"));
    Random random(seed, "cv/validation-cells", cohort.classes[c], static_cast<std::uint64_t>(fold));
    random.shuffle(std::span(cells));
    for (std::int64_t k = 0; k < shares.validation; ++k) sides[cells[k]] = Side::validation;
  }
}

// Of the groups that are not tested: under `matched` the next one in turn, else a random part within each class.
void draw_validation_groups(const Cohort& cohort, const SplitOptions& split, const CvOptions& cv, std::uint64_t seed,
                            std::int32_t fold, const FoldOfCells& folds, std::vector<Side>& sides) {
  std::vector<std::optional<Side>> of_group(folds.names.size());
  for (std::size_t g = 0; g < of_group.size(); ++g)
    if (folds.of_group[g] == fold) of_group[g] = Side::test;
  if (cv.scheme == "matched" && folds.n_folds > 2) {
    const auto next = std::find(folds.of_group.begin(), folds.of_group.end(), (fold + 1) % folds.n_folds);
    of_group[next - folds.of_group.begin()] = Side::validation;
  } else {
    SplitOptions drawn = split;
    drawn.scheme = cv.scheme;
    drawn.test_fraction = 0;
    draw_groups({cohort, folds.names, folds.group}, drawn, seed, of_group);
  }
  for (std::size_t i = 0; i < sides.size(); ++i)
    if (folds.group[i] >= 0 && of_group[folds.group[i]] == Side::validation) sides[i] = Side::validation;
}

void refuse_lists(const SplitOptions& split) {
  for (const auto& [name, values] :
       {std::pair("train", &split.train), std::pair("validation", &split.validation), std::pair("test", &split.test)})
    if (!values->empty())
      throw UsageError({.where = "[split] " + std::string(name),
                        .found = "a list beside [cv] scheme",
                        .expected = "one or the other: cross-validation tests every unit once",
                        .advice = "remove the list, or set cv.scheme = 'none'"});
}

}  // namespace

const OptionTable<CvOptions>& cv_options() {
  static const auto table =
      OptionTable<CvOptions>("cv")
          .add("scheme", &CvOptions::scheme,
               "cross-validation: none (one split), whole groups, groups with every class in each fold, each group alone, cells "
               "(optimistic), or each value of `by` that has every class",
               one_of({"none", "group", "stratified-group", "leave-one-out", "k-fold", "matched"}))
          .add("by", &CvOptions::by, "obs column whose values stay together (default: donor); for matched: the one held out")
          .add("folds", &CvOptions::folds, "of group, stratified-group and k-fold", between(2, 1000));
  return table;
}

std::vector<Split> make_folds(const RunContext& context, std::shared_ptr<const Cohort> cohort, const SplitOptions& split,
                              const CvOptions& cv) {
  refuse_lists(split);
  const std::string by = cv.scheme == "k-fold" ? "" : cv.by.empty() ? cohort->roles.donor : cv.by;
  const FoldOfCells folds = deal(*cohort, cv, by, context.seed);
  std::vector<Split> out;
  for (std::int32_t fold = 0; fold < folds.n_folds; ++fold) {
    std::vector<Side> sides;
    for (const std::int32_t f : folds.of_cell) sides.push_back(f == kNowhere ? Side::unused : f == fold ? Side::test : Side::train);
    if (split.validation_fraction > 0) {
      if (cv.scheme == "k-fold") {
        draw_validation_cells(*cohort, split, context.seed, fold, sides);
      } else {
        draw_validation_groups(*cohort, split, cv, context.seed, fold, folds, sides);
      }
    }
    SplitSummary summary{.scheme = cv.scheme, .by = by, .optimistic = cv.scheme == "k-fold"};
    summary.fold = fold + 1;
    summary.n_folds = folds.n_folds;
    summary.held_out = folds.held_out.empty() ? "" : folds.held_out[fold];
    out.push_back(Split::of_sides(cohort, std::move(sides), std::move(summary)).only(split.where));
  }
  return out;
}

FoldedTest join_tests(const std::vector<Split>& folds, const std::string& where) {
  std::vector<std::int64_t> rows, ends;
  for (const auto& fold : folds) {
    const auto mine = where.empty() ? fold.rows(Side::test) : fold.test_rows(where);
    rows.insert(rows.end(), mine.begin(), mine.end());
    ends.push_back(std::ssize(rows));
  }
  return {TestView(folds.front().cohort_, std::move(rows)), std::move(ends)};
}

SplitSummary summary_of_folds(const std::vector<Split>& folds) {
  SplitSummary all = folds.front().summary();
  all.units.clear();
  all.notes.clear();
  all.fold = 0;
  all.held_out.clear();
  std::set<std::string> tested;
  for (const auto& fold : folds)
    for (const auto& unit : fold.summary().units)
      if (unit.side == Side::test) {
        tested.insert(unit.unit);
        const auto known = std::find_if(all.units.begin(), all.units.end(),
                                        [&](const SplitUnit& u) { return u.unit == unit.unit && u.label == unit.label; });
        if (known == all.units.end()) {
          all.units.push_back(unit);
        } else {
          known->n_cells += unit.n_cells;  // cells dealt without regard to units
        }
      }
  for (const auto& unit : folds.front().summary().units)
    if (!tested.contains(unit.unit)) {
      all.units.push_back(unit);
      if (all.units.back().side == Side::validation) all.units.back().side = Side::train;
    }
  std::sort(all.units.begin(), all.units.end(), [&](const SplitUnit& a, const SplitUnit& b) {
    return std::tie(a.side, a.label, a.unit) < std::tie(b.side, b.label, b.unit);
  });
  for (const auto& fold : folds) {
    all.has_validation = all.has_validation && fold.summary().has_validation;
    for (const auto& note : fold.summary().notes)
      if (std::find(all.notes.begin(), all.notes.end(), note) == all.notes.end()) all.notes.push_back(note);
  }
  return all;
}

}  // namespace cellverdict
