#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/version.h>
#include <cellverdict/encode/bags.h>
#include <cellverdict/run/explain.h>
#include <cellverdict/run/explain_agreement.h>
#include <cellverdict/run/explain_sums.h>
#include <cellverdict/run/gene_sets.h>
#include <cellverdict/run/trained_run.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <numeric>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr double kMostRelativeDelta = 0.01;
constexpr double kMostRandomAgreement = 0.8;
constexpr const char* kNoType = "not annotated";

std::int32_t class_number(const std::vector<std::string>& classes, const std::string& name, const std::string& option) {
  const auto found = std::find(classes.begin(), classes.end(), name);
  if (found == classes.end())
    throw UsageError(
        {.where = option, .found = "'" + name + "'", .expected = "a class of the model", .advice = suggestion(name, classes)});
  return static_cast<std::int32_t>(found - classes.begin());
}

void check_choice(const std::string& option, const std::string& found, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), found) == known.end())
    throw UsageError(
        {.where = option, .found = "'" + found + "'", .expected = "one of the known words", .advice = suggestion(found, known)});
}

// A folder of other things is not replaced.
void check_out(const fs::path& out) {
  if (fs::exists(out) && (!fs::is_directory(out) || (!fs::is_empty(out) && !fs::exists(out / "explain.json"))))
    throw UsageError({.where = "--out " + out.string(),
                      .found = "something that no explanation wrote",
                      .expected = "a new folder, or one of an earlier `cellverdict explain`",
                      .advice = "name another folder"});
}

class Explainer {
 public:
  Explainer(const RunContext& context, const ExplainRequest& request)
      : context_(context),
        request_(request),
        run_(open_trained_run(context, request.run)),
        test_(run_.split.test()),
        train_(run_.split.train()) {
    if (card().model.kind != "bag")
      throw UsageError({.where = request.run.string(),
                        .found = "a model of kind '" + card().model.kind + "'",
                        .expected = "one of bags of cells",
                        .advice = "train one with [model] kind = \"bag\""});
    choose_target();
    name_types();
    for (std::int64_t r = 0; r < request.random_weights; ++r) {
      random_.push_back(with_random_weights(run_.classifier, card().train.seed + 1 + static_cast<std::uint64_t>(r)));
      random_sums_.emplace_back(ExplainedAxes{.genes = card().preparation.genes, .classes = classes(), .types = types_});
    }
    if (!request.gmt.empty()) sets_ = read_gene_sets(request.gmt);
  }

  ExplainResult explain() {
    AtomicPath out(request_.out);
    fs::create_directories(out.temporary());
    AttributionSums sums({.genes = card().preparation.genes, .classes = classes(), .types = types_});
    explain_units(sums, out.temporary() / "cells.tsv");
    describe(sums);
    compare_with_random(sums);
    const PseudobulkTest expression = pseudobulk_test(context_, train_, card().preparation, card().values, options_target());
    write_genes(sums, expression, out.temporary() / "genes.tsv");
    if (!sets_.empty()) write_file(out.temporary() / "sets.tsv", compare_with_sets());
    sums.write_units(out.temporary() / "attributions.h5ad");
    sums.write_types(out.temporary() / "attributions_by_type.h5ad");
    write_file(out.temporary() / "types.tsv", sums.types_as_tsv());
    write_file(out.temporary() / "explain.json", record());
    out.commit();
    return std::move(result_);
  }

 private:
  const ModelCard& card() const { return run_.classifier.card(); }
  const std::vector<std::string>& classes() const { return card().heads[0].classes; }
  std::int32_t options_target() const { return static_cast<std::int32_t>(options_.target_class); }

  void choose_target() {
    const std::string positive = card().positive.empty() ? classes().back() : card().positive;
    result_.class_name = request_.class_name.empty() ? positive : request_.class_name;
    options_.target_class = class_number(classes(), result_.class_name, "--class");
    result_.against = request_.against;
    if (request_.against.empty() && classes().size() == 2) result_.against = classes()[1 - options_.target_class];
    if (request_.target == "difference" && result_.against.empty())
      throw UsageError({.where = "--target difference",
                        .found = counted(std::ssize(classes()), "class"),
                        .expected = "the class whose logit is taken away",
                        .advice = "name it with --against"});
    if (!result_.against.empty()) options_.against_class = class_number(classes(), result_.against, "--against");
    if (!result_.against.empty() && options_.against_class == options_.target_class)
      throw UsageError({.where = "--against",
                        .found = "'" + result_.against + "', the class that is explained",
                        .expected = "another class",
                        .advice = ""});
    options_.target = request_.target == "difference" ? "logit-difference" : request_.target;
    options_.steps = static_cast<int>(request_.steps);
    options_.keep_matrix = false;
    options_.magnitude = true;
  }

  // Types of the cells of both sides; the list is that of the test side.
  void name_types() {
    if (request_.cell_type.empty()) {
      types_ = {"all"};
      type_.assign(static_cast<std::size_t>(test_.n_cells()), 0);
      train_type_.assign(static_cast<std::size_t>(train_.n_cells()), 0);
      return;
    }
    const auto name_of = [](const Column& column, std::int64_t i) { return column.missing(i) ? kNoType : column.text(i); };
    const Column here = test_.column(request_.cell_type, "--cell-type"), there = train_.column(request_.cell_type, "--cell-type");
    std::map<std::string, std::int32_t> number;
    for (std::int64_t i = 0; i < here.size(); ++i) number.try_emplace(name_of(here, i));
    if (std::ssize(number) > kMostNamedValues)
      throw UsageError({.where = "--cell-type " + request_.cell_type,
                        .found = with_commas(std::ssize(number)) + " values",
                        .expected = "names of at most " + with_commas(kMostNamedValues) + " types",
                        .advice = "name another obs column"});
    for (const auto& [name, code] : number) types_.push_back(name);
    sort_labels(types_);
    for (std::size_t k = 0; k < types_.size(); ++k) number[types_[k]] = static_cast<std::int32_t>(k);
    for (std::int64_t i = 0; i < here.size(); ++i) type_.push_back(number.at(name_of(here, i)));
    for (std::int64_t i = 0; i < there.size(); ++i) {
      const auto found = number.find(name_of(there, i));
      train_type_.push_back(found == number.end() ? -1 : found->second);
    }
  }

  std::vector<float> baseline_profiles() {
    if (request_.baseline == "zero") return {};
    std::vector<bool> counts(classes().size());
    for (std::size_t c = 0; c < counts.size(); ++c)
      counts[c] = result_.against.empty() ? static_cast<std::int64_t>(c) != options_.target_class
                                          : static_cast<std::int64_t>(c) == options_.against_class;
    MeanProfiles profiles = mean_profiles(train_, card().preparation, counts, train_type_, std::ssize(types_));
    for (std::size_t k = 0; k < types_.size(); ++k)
      if (profiles.n_cells[k] == 0)
        warn("'" + types_[k] +
             "': no training cell of the other class is of this type; its cells are compared with the mean of "
             "all.");
    return std::move(profiles.values);
  }

  void explain_units(AttributionSums& sums, const fs::path& file) {
    const std::vector<float> profiles = baseline_profiles();
    const AttributionBaseline baseline{.profile = profiles};
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
      for (const std::int64_t i : cells) type.push_back(type_[i]);
      const Attribution attribution = explain_bag(context_, run_.classifier, bag.cells, type, baseline, options_);
      const std::vector<double> attention = attention_of(context_, run_.classifier, bag.cells);
      sums.add(bags.unit[b], bags.label[b], type, attribution, attention);
      for (std::size_t i = 0; i < cells.size(); ++i)
        table << test_.cell(cells[i]) << '\t' << bags.unit[b] << '\t' << classes()[test_.label(cells[i])] << '\t' << types_[type[i]]
              << fmt::format("\t{:.9g}\t{}\n", attribution.cell[i], attention.empty() ? "" : fmt::format("{:.9g}", attention[i]));
      for (std::size_t r = 0; r < random_.size(); ++r)
        random_sums_[r].add(bags.unit[b], bags.label[b], type,
                            explain_bag(context_, random_[r], bag.cells, type, baseline, options_), {});
      context_.progress("explain", b + 1, bags.n_bags());
    }
    table.close();
    if (!table)
      throw InputError({.where = file.string(), .found = std::strerror(errno), .expected = "to write it", .advice = "free space"});
  }

  void describe(const AttributionSums& sums) {
    result_.n_units = std::ssize(sums.units());
    result_.n_cells = sums.n_cells();
    result_.n_genes = card().preparation.genes.size();
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
  }

  void compare_with_random(const AttributionSums& sums) {
    const std::vector<double> own = sums.strength(options_target());
    double most = 0;
    for (const auto& random : random_sums_) {
      result_.random_agreement.push_back(rank_correlation(own, random.strength(options_target())));
      most = std::max(most, result_.random_agreement.back());
    }
    if (most > kMostRandomAgreement)
      warn(
          fmt::format("A net with fresh weights ranks the genes much alike (Spearman's correlation {:.2f}): this explanation says "
                      "more of the genes' expression than of what was learned.",
                      most));
  }

  void write_genes(const AttributionSums& sums, const PseudobulkTest& expression, const fs::path& file) {
    const GeneList& genes = card().preparation.genes;
    const std::vector<double> mean = sums.mean_attribution(-1), magnitude = sums.mean_magnitude(-1);
    // What speaks for a class is seen in its own units.
    const std::vector<double> strength = sums.strength(options_target());
    std::vector<std::size_t> order(static_cast<std::size_t>(genes.size()));
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return strength[a] > strength[b]; });
    std::string tsv = "rank\tgene_id\tgene_symbol\tattribution\tmagnitude";
    std::vector<std::vector<double>> of_class;
    for (std::size_t c = 0; c < classes().size(); ++c) {
      tsv += "\tattribution_in_" + classes()[c];
      of_class.push_back(sums.mean_attribution(static_cast<std::int32_t>(c)));
    }
    tsv += "\texpression_rank\tlog2_fold_change\tt\n";
    for (std::size_t r = 0; r < order.size(); ++r) {
      const std::size_t g = order[r];
      tsv += fmt::format("{}\t{}\t{}\t{:.9g}\t{:.9g}", r + 1, genes.ids[g], genes.symbols[g], mean[g], magnitude[g]);
      for (const auto& values : of_class) tsv += std::isnan(values[g]) ? "\t" : fmt::format("\t{:.9g}", values[g]);
      tsv += fmt::format("\t{}\t{:.6g}\t{}\n", expression.rank[g], expression.log2_fold_change[g],
                         std::isnan(expression.t[g]) ? "" : fmt::format("{:.6g}", expression.t[g]));
      result_.genes.push_back({.id = genes.ids[g],
                               .symbol = genes.symbols[g],
                               .attribution = mean[g],
                               .magnitude = magnitude[g],
                               .expression_rank = expression.rank[g]});
    }
    write_file(file, tsv);
    place_ = std::move(order);
    for (const auto& folder : request_.compare) result_.agreement.push_back(agreement_with(genes, place_, folder));
  }

  std::string compare_with_sets() {
    const GeneList& genes = card().preparation.genes;
    result_.n_top = std::min(request_.top, std::max<std::int64_t>(1, genes.size() / 10));
    std::vector<bool> top(static_cast<std::size_t>(genes.size()));
    for (std::int64_t r = 0; r < result_.n_top; ++r) top[place_[r]] = true;
    SetOverlaps overlaps = test_gene_sets(sets_, genes, top);
    if (overlaps.n_absent > 0)
      warn(fmt::format("{} of {} in {} without any gene of the model and left out.", overlaps.n_absent,
                       counted(std::ssize(sets_), "set"), request_.gmt.string()));
    result_.sets = std::move(overlaps.sets);
    std::string tsv = "set\tn_genes\tn_top\todds_ratio\tp_value\tp_adjusted\n";
    for (const auto& set : result_.sets)
      tsv += fmt::format("{}\t{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\n", set.name, set.n_genes, set.n_top, set.odds_ratio, set.p_value,
                         set.p_adjusted);
    return tsv;
  }

  std::string record() const {
    using Json = nlohmann::ordered_json;
    Json compared = Json::array();
    for (const auto& other : result_.agreement)
      compared.push_back({{"folder", other.folder},
                          {"n_genes", other.n_genes},
                          {"rank_correlation", other.correlation},
                          {"n_first", other.n_first},
                          {"jaccard", other.jaccard}});
    return Json{{"version", std::string(version())},
                {"run", request_.run.string()},
                {"model_sha256", card().weights_sha256},
                {"side", "test"},
                {"target", request_.target},
                {"class", result_.class_name},
                {"against", result_.against},
                {"baseline", request_.baseline},
                {"cell_type", request_.cell_type},
                {"cells_per_unit", request_.cells < 0 ? card().model.bag.cells : request_.cells},
                {"steps", request_.steps},
                {"n_units", result_.n_units},
                {"n_cells", result_.n_cells},
                {"n_genes", result_.n_genes},
                {"gmt", request_.gmt.string()},
                {"n_top", result_.n_top},
                {"background", "the model's genes"},
                {"relative_convergence_delta", {{"median", result_.median_delta}, {"worst", result_.worst_delta}}},
                {"random_weights_correlation", result_.random_agreement},
                {"compared", compared},
                {"warnings", result_.warnings}}
               .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
           "\n";
  }

  void warn(const std::string& text) {
    context_.warn(text);
    result_.warnings.push_back(text);
  }

  const RunContext& context_;
  const ExplainRequest& request_;
  TrainedRun run_;
  TestView test_;
  TrainView train_;
  AttributionOptions options_;
  std::vector<std::string> types_;
  std::vector<std::int32_t> type_, train_type_;  // [cells of the side]; -1: of no type of the test side
  std::vector<Classifier> random_;               // nets with fresh weights
  std::vector<AttributionSums> random_sums_;     // and what explains them
  std::vector<GeneSet> sets_;
  std::vector<std::size_t> place_;  // [genes] ranked, of the model's genes
  ExplainResult result_;
};

}  // namespace

ExplainResult explain_run(const RunContext& context, const ExplainRequest& request) {
  if (torch_version().empty())
    throw UsageError({.where = "explain",
                      .found = "a cellverdict built without LibTorch",
                      .expected = "one with it",
                      .advice = "build the preset `release`"});
  check_choice("--target", request.target, {"probability", "logit", "difference"});
  check_choice("--baseline", request.baseline, {"zero", "class-mean"});
  if (request.random_weights < 0 || request.random_weights > 100)
    throw UsageError({.where = "--random-weights",
                      .found = std::to_string(request.random_weights),
                      .expected = "0 to 100 nets",
                      .advice = "one is common"});
  if (request.top < 1)
    throw UsageError(
        {.where = "--top", .found = std::to_string(request.top), .expected = "at least 1", .advice = "100 are common"});
  if (request.cells < -1)
    throw UsageError(
        {.where = "--cells", .found = std::to_string(request.cells), .expected = "a number of cells", .advice = "0: all"});
  if (request.steps < 1 || request.steps > 10000)
    throw UsageError(
        {.where = "--steps", .found = std::to_string(request.steps), .expected = "1 to 10000", .advice = "50 are common"});
  check_out(request.out);
  return Explainer(context, request).explain();
}

}  // namespace cellverdict
