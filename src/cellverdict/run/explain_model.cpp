#include <cellverdict/run/explain_model.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/encode/bags.h>
#include <cellverdict/run/explain_agreement.h>
#include <cellverdict/run/explain_files.h>
#include <cellverdict/stats/rank_tests.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <numeric>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr double kMostRelativeDelta = 0.01;
constexpr double kMostRandomAgreement = 0.8;

std::int32_t class_number(const std::vector<std::string>& classes, const std::string& name, const std::string& option) {
  const auto found = std::find(classes.begin(), classes.end(), name);
  if (found == classes.end())
    throw UsageError(
        {.where = option, .found = "'" + name + "'", .expected = "a class of the model", .advice = suggestion(name, classes)});
  return static_cast<std::int32_t>(found - classes.begin());
}

std::vector<bool> first_of(const std::vector<double>& strength, std::int64_t n_top) {
  std::vector<std::size_t> order(strength.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return std::abs(strength[a]) > std::abs(strength[b]); });
  std::vector<bool> top(strength.size());
  for (std::int64_t r = 0; r < n_top; ++r) top[order[static_cast<std::size_t>(r)]] = true;
  return top;
}

}  // namespace

ModelExplainer::ModelExplainer(const RunContext& context, const ExplainRequest& request, const fs::path& folder,
                               const std::vector<GeneSet>& sets)
    : context_(context),
      request_(request),
      folder_(folder),
      run_(open_trained_run(context, folder)),
      test_(run_.split.test()),
      train_(run_.split.train()) {
  if (card().model.kind != "bag")
    throw UsageError({.where = folder.string(),
                      .found = "a model of kind '" + card().model.kind + "'",
                      .expected = "one of bags of cells",
                      .advice = "train one with [model] kind = \"bag\""});
  types_ = types_of_sides(context, request, train_, test_, card().preparation);
  for (std::int64_t r = 0; r < request.random_weights; ++r)
    random_.push_back(with_random_weights(run_.classifier, card().train.seed + 1 + static_cast<std::uint64_t>(r)));
  sets_ = known_sets(sets, genes());
}

ModelExplainer::Target ModelExplainer::choose_target(const std::string& class_name) const {
  Target target;
  target.explained = class_number(classes(), class_name, "--class");
  if (!request_.against.empty()) target.against = class_number(classes(), request_.against, "--against");
  if (request_.against.empty() && classes().size() == 2) target.against = 1 - target.explained;
  if (request_.target == "difference" && !target.against)
    throw UsageError({.where = "--target difference",
                      .found = counted(std::ssize(classes()), "class"),
                      .expected = "the class whose logit is taken away",
                      .advice = "name it with --against"});
  if (target.against == target.explained)
    throw UsageError({.where = "--against",
                      .found = "'" + request_.against + "', the class that is explained",
                      .expected = "another class",
                      .advice = ""});
  target.options = {.steps = static_cast<int>(request_.steps),
                    .target = request_.target == "difference" ? "logit-difference" : request_.target,
                    .target_class = target.explained,
                    .against_class = target.against.value_or(0),
                    .keep_matrix = false,
                    .magnitude = true};
  return target;
}

ExplainResult ModelExplainer::explain(const std::string& class_name, const std::string& model, const fs::path& folder) {
  result_ = {
      .folder = folder, .model = model, .model_sha256 = card().weights_sha256, .class_name = class_name, .types_how = types_.how};
  const Target target = choose_target(class_name);
  if (target.against) result_.against = classes()[static_cast<std::size_t>(*target.against)];
  const ExplainedBaseline baseline = make_baseline(request_, run_, types_, target.explained, target.against);
  result_.baseline = baseline.words;
  for (const auto& text : baseline.warnings) warn(text);
  AttributionSums sums({.genes = genes(), .classes = classes(), .types = types_.names}, folder, request_.per_unit_types);
  std::vector<GeneStrength> random(random_.size(), GeneStrength(genes().size(), target.explained));
  explain_units(target, baseline, sums, random, folder / "cells.tsv");
  describe(sums, target);
  expression_ = pseudobulk_test(context_, train_, card().preparation, card().values, target.explained);
  rank_genes(sums, target);
  compare_with_random(sums, target, random);
  describe_types(sums, target);
  compare_with_sets(sums, target);
  for (const auto& other : request_.compare) result_.agreement.push_back(agreement_with(genes(), order_, other));
  write_file(folder / "genes.tsv", genes_as_tsv(sums));
  sums.write_units(folder / "attributions.h5ad");
  sums.write_types(folder / "attributions_by_type.h5ad");
  if (request_.per_unit_types) sums.write_units_and_types(folder / "attributions_by_unit_and_type.h5ad");
  write_file(folder / "types.tsv", sums.types_as_tsv());
  write_file(folder / "units_by_type.tsv", sums.units_and_types_as_tsv());
  write_file(folder / "types_compared.tsv", types_as_tsv(result_.types));
  write_sets(folder);
  choose_pictured(sums, target);
  write_page(folder);
  write_file(folder / "explain.json", record());
  return std::move(result_);
}

void ModelExplainer::explain_units(const Target& target, const ExplainedBaseline& profiles, AttributionSums& sums,
                                   std::vector<GeneStrength>& random, const fs::path& file) {
  const AttributionBaseline baseline{.profile = profiles.profiles};
  const PreparedCells prepared(test_, card().preparation, 0);
  const Bags bags = bags_of(test_);
  const std::int64_t n_cells = request_.cells < 0 ? card().model.bag.cells : request_.cells;
  std::ofstream table(file, std::ios::binary);
  table << "cell\tunit\tlabel\tcell_type\tattribution\tattention\n";
  for (std::int64_t b = 0; b < bags.n_bags(); ++b) {
    if (context_.stopping())
      throw Interrupted(
          {.where = "explaining", .found = "an interrupt", .expected = "", .advice = "nothing was written; run again"});
    const auto cells = sample_bag(bags, b, n_cells, card().train.seed, 0);
    PackedBags bag;
    bag.append(prepared, b, cells);
    std::vector<std::int32_t> type;
    for (const std::int64_t i : cells) type.push_back(types_.test[i]);
    const Attribution attribution = explain_bag(context_, run_.classifier, bag.cells, type, baseline, target.options);
    const std::vector<double> attention = attention_of(context_, run_.classifier, bag.cells);
    sums.add(bags.unit[b], bags.label[b], type, attribution, attention);
    for (std::size_t i = 0; i < cells.size(); ++i)
      table << test_.cell(cells[i]) << '\t' << bags.unit[b] << '\t' << classes()[test_.label(cells[i])] << '\t'
            << types_.names[type[i]]
            << fmt::format("\t{:.9g}\t{}\n", attribution.cell[i], attention.empty() ? "" : fmt::format("{:.9g}", attention[i]));
    for (std::size_t r = 0; r < random_.size(); ++r)
      random[r].add(bags.label[b], explain_bag(context_, random_[r], bag.cells, type, baseline, target.options), std::ssize(cells));
    context_.progress("explain", b + 1, bags.n_bags());
  }
  table.close();
  if (!table)
    throw InputError({.where = file.string(), .found = std::strerror(errno), .expected = "to write it", .advice = "free space"});
}

void ModelExplainer::describe(const AttributionSums& sums, const Target& target) {
  result_.n_units = std::ssize(sums.units());
  result_.n_in_class = sums.n_units(target.explained);
  result_.n_cells = sums.n_cells();
  result_.n_genes = genes().size();
  std::vector<double> deltas = sums.relative_deltas();
  std::sort(deltas.begin(), deltas.end());
  result_.median_delta = deltas[deltas.size() / 2];
  result_.worst_delta = deltas.back();
  const auto n_over = std::count_if(deltas.begin(), deltas.end(), [](double d) { return !(d <= kMostRelativeDelta); });
  if (n_over > 0)
    warn(
        fmt::format("The attributions of {} of {} miss more than 1 % of what they should sum to (the worst {:.1f} %): give more "
                    "--steps than {}.",
                    n_over, counted(result_.n_units, "unit"), 100 * result_.worst_delta, request_.steps));
  warn_if_nothing_was_learned(sums, target);
  if (result_.n_in_class == 0)
    warn("No unit of the test side is of class '" + result_.class_name + "': genes are ranked by all units.");
}

// There is little to explain in a net that cannot tell the class.
void ModelExplainer::warn_if_nothing_was_learned(const AttributionSums& sums, const Target& target) {
  std::vector<double> inside, elsewhere;
  for (const auto& unit : sums.units()) (unit.label == target.explained ? inside : elsewhere).push_back(unit.value);
  const auto test = rank_sum(inside, elsewhere);
  if (!test) return;
  result_.auc = test->share;
  constexpr double kLevel = 0.05;
  if (test->p_value >= kLevel || test->share < 0.5)
    warn(fmt::format(
        "On the units of the test side this net is not shown to tell '{}' from the others (AUC {:.2f}, rank sum p {:.2g}): "
        "what moved it may mean nothing.",
        result_.class_name, test->share, test->p_value));
}

void ModelExplainer::rank_genes(const AttributionSums& sums, const Target& target) {
  const std::vector<double> mean = sums.mean_attribution(-1), magnitude = sums.mean_magnitude(-1),
                            inside = sums.mean_attribution(target.explained), elsewhere = sums.mean_elsewhere(target.explained);
  // What speaks for a class is seen in its own units.
  const std::vector<double> strength = sums.strength(target.explained);
  order_.resize(static_cast<std::size_t>(genes().size()));
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) { return strength[a] > strength[b]; });
  for (const std::size_t g : order_)
    result_.genes.push_back({.id = genes().ids[g],
                             .symbol = genes().symbols[g],
                             .attribution = mean[g],
                             .magnitude = magnitude[g],
                             .in_class = inside[g],
                             .elsewhere = elsewhere[g],
                             .log2_fold_change = expression_.log2_fold_change[g],
                             .expression_rank = expression_.rank[g]});
}

void ModelExplainer::compare_with_random(const AttributionSums& sums, const Target& target,
                                         const std::vector<GeneStrength>& random) {
  const std::vector<double> own = sums.strength(target.explained);
  double most = 0;
  for (const auto& one : random) {
    result_.random_agreement.push_back(rank_correlation(own, one.strength()));
    most = std::max(most, result_.random_agreement.back());
  }
  if (most > kMostRandomAgreement)
    warn(
        fmt::format("A net with fresh weights ranks the genes much alike (Spearman's correlation {:.2f}): this explanation says "
                    "more of the genes' expression than of what was learned.",
                    most));
}

void ModelExplainer::describe_types(const AttributionSums& sums, const Target& target) {
  for (const auto& unit : sums.units()) {
    result_.units.push_back(unit.unit);
    result_.is_in_class.push_back(unit.label == target.explained);
  }
  for (std::size_t k = 0; k < types_.names.size(); ++k) {
    ExplainedType type{.name = types_.names[k], .markers = types_.markers[k]};
    type.values.assign(sums.units().size(), std::numeric_limits<double>::quiet_NaN());
    for (const auto& pair : sums.units_and_types()) {
      if (pair.type != k) continue;
      type.values[pair.unit] = pair.mean();
      type.n_cells += pair.n_cells;
      if (!result_.is_in_class[pair.unit]) continue;
      type.contribution += pair.attribution / static_cast<double>(result_.n_in_class);
      type.attention += pair.attention / static_cast<double>(result_.n_in_class);
    }
    if (type.n_cells > 0) result_.types.push_back(std::move(type));
  }
  compare_types(result_.is_in_class, result_.types);
}

void ModelExplainer::compare_with_sets(const AttributionSums& sums, const Target& target) {
  if (request_.gmt.empty()) return;
  result_.n_top = std::min(request_.top, std::max<std::int64_t>(1, genes().size() / 10));
  if (sets_.n_absent > 0)
    warn(fmt::format("{} of {} without any gene of the model and left out.", sets_.n_absent,
                     counted(std::ssize(sets_.names) + sets_.n_absent, "set")));
  const std::vector<double> values = sums.signed_strength(target.explained);
  result_.sets = test_gene_sets(sets_, first_of(values, result_.n_top));
  result_.enriched = test_enriched_sets(sets_, genes(), values, context_.seed);
  if (types_.names.size() < 2) return;
  for (std::size_t k = 0; k < types_.names.size(); ++k) {
    const std::vector<double> of_type = sums.mean_of_type(k, target.explained);
    if (of_type.empty()) continue;
    for (ExplainedSet& set : test_gene_sets(sets_, first_of(of_type, result_.n_top))) {
      set.cell_type = types_.names[k];
      result_.sets_by_type.push_back(std::move(set));
    }
  }
  adjust_together(result_.sets_by_type);
}

void ModelExplainer::warn(const std::string& text) {
  context_.warn((result_.model.empty() ? "" : result_.model + ": ") + text);
  result_.warnings.push_back(text);
}

}  // namespace cellverdict
