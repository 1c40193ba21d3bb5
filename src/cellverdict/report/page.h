#pragma once
// The page itself, as text. What a reader must know stands before any number; every table says how many cells and units it rests
// on.

#include <cellverdict/report/comparison.h>
#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>
#include <cellverdict/report/report.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct PageInput {
  const ReportInput& report;
  std::vector<Figure> overview;
  std::vector<std::vector<Figure>> variants;  // one list a variant
  Comparison comparison;                      // of the variants
  std::vector<Figure> side_by_side;           // its figures
  std::vector<Figure> ablation;               // of trainings with several seeds
  std::vector<Figure> lineage;                // of named sets, over all variants
  std::vector<std::vector<Figure>> sweeps;    // one list a variant
  std::filesystem::path folder;               // where report.html will stand; links are relative to it
  std::string library;                        // the JavaScript that draws the figures; empty when there is none
  std::string pictures_note;
};

std::string make_page(const PageInput& input);

// Hands out ids, so that every figure of the page finds its spec.
struct PageState {
  const PageInput& input;
  int n_figures = 0;
};
std::string html_of(PageState& state, const std::vector<Figure>& figures);
// Two models under every split, the models of one split, ROC curves and differences; empty where nothing stands beside anything.
std::string compare_section(PageState& state);
// Means over seeds of the training, with their figures; empty where each variant was trained once.
std::string ablation_section(PageState& state);
// Named sets of cells: all variants, zero-shot beside direct; empty where no set was asked for.
std::string lineage_section(PageState& state);
// Of one variant, with its simple models.
std::string sets_table(const Evaluation& evaluation, const std::string& unit_noun);
// What a sweep tried, with its figures; empty without one.
std::string sweep_section(PageState& state, std::size_t index);
std::string variant_section(PageState& state, std::size_t index);
// Links to what `cellverdict explain` wrote into the run's folders; empty without any.
std::string explained_section(const PageInput& input);
// "shown", "not shown", "cannot be said".
std::string answer_kind(const Evaluation& evaluation);
// One sentence a variant; empty when none was given.
std::string answers(const ReportInput& report);
// Of the AUC over units, with its interval.
Cell unit_auc_cell(const Evaluation& evaluation);
// That units of one donor are not independent, where several are of one; else empty.
std::string donors_behind(const Evaluation& evaluation, const std::string& unit_noun);
// Each with its heading; empty where the evaluation holds nothing of it.
std::string certainty_table(const Evaluation& evaluation, const std::string& unit_noun);
std::string rival_table(const Evaluation& evaluation, const std::string& unit_noun);
// Seconds and memory, a line a variant; empty where none is known.
std::string resources_section(const ReportInput& report);
std::string samplings_table(const Evaluation& evaluation, const std::string& unit_noun);
std::string fold_table(const Evaluation& evaluation, const std::string& unit_noun);

// PPV and NPV at given prevalences; units called wrong; shares right by subgroup. Each may be empty.
std::string predictive_table(const Evaluation& evaluation, const std::string& unit_noun);
std::string failure_table(const Evaluation& evaluation, const std::string& unit_noun);
std::string subgroup_table(const Evaluation& evaluation, const std::string& unit_noun);
// The negative control with its figures, whose names begin with kControlFigure; empty where none was asked for.
std::string negative_control(PageState& state, const Evaluation& evaluation, const std::vector<Figure>& figures);
// A pipeline's part of it in words.
std::string permutation_words(const PermutationResult& result, const std::string& unit_noun);
std::string intended_use(const ReportInput& report);
// Of the first variant, which has a head.
std::vector<std::string> intended_uses(const ReportInput& report);
std::vector<std::string> uses_out_of_scope(const ReportInput& report);

// What must be read before any number, of all variants; a line that not every variant has is said of those that have it.
std::vector<std::string> first_lines_of(const ReportInput& report);
std::vector<std::string> limits_of(const ReportInput& report);
std::string limits_section(const ReportInput& report);

// The model card from the facts of the page. Empty without a variant.
struct CardSection {
  std::string heading;
  std::vector<std::string> lines;
};
std::vector<CardSection> model_card(const ReportInput& report);
std::string model_card_section(const ReportInput& report);
std::string model_card_markdown(const ReportInput& report);

// Where each item of TRIPOD+AI stands.
std::string tripod_section();

// Whether the split's column tells more of the test units than their donors do.
bool shows_stratum(const Evaluation& evaluation);

// The audit of recorded columns, once for all variants that share it; empty without one.
std::string confounding_section(const ReportInput& report);

// "genotype + day (× 0.3)".
std::string heads_in_words(const Evaluation& evaluation);
// "matched by day".
std::string split_in_words(const SplitSummary& split);

std::string page_style();
std::string page_script();

}  // namespace cellverdict
