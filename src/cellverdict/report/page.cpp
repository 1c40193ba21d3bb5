// The page from top to bottom: question, what must be read first, the answer, verdicts, the comparison, figures over all variants,
// a section a variant, use and limits, how to run it again, the checklist. Fixed texts stand here; everything else is escaped.

#include <cellverdict/base/digest.h>
#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace cellverdict {

namespace {

constexpr std::size_t kManyVariants = 4;

// What the browser may do: run the two scripts below, known by their hash, show inline styles and data: images. No network.
std::string hash_source(const std::string& script) {
  const std::string hex = sha256(script);
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return "'sha256-" + base64(bytes) + "'";
}

std::string head_of(const PageInput& input) {
  std::string scripts = "'none'";
  if (!input.library.empty()) scripts = hash_source(input.library) + " " + hash_source(page_script());
  const std::string policy = "default-src 'none'; connect-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src " +
                             scripts + "; base-uri 'none'; form-action 'none'";
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n",
      policy, escape_html(input.report.title), page_style());
}

std::string top(const ReportInput& report) {
  std::string out = "<h1>" + escape_html(report.title) + "</h1>\n" + html_paragraph(report.question, "question");
  const auto lines = first_lines_of(report);
  if (!lines.empty()) {
    out += "<div class=\"first\" role=\"note\">\n";
    for (const auto& line : lines) out += html_paragraph(line);
    out += "</div>\n";
  }
  out += answers(report);
  out += html_paragraph("For research. Not for diagnosis, prognosis or the choice of a treatment.", "use");
  if (report.variants.size() > 1) {
    out += "<nav aria-label=\"Variants\">";
    for (std::size_t i = 0; i < report.variants.size(); ++i)
      out += fmt::format("<a href=\"#variant-{}\">{}</a> ", i + 1, escape_html(report.variants[i].evaluation.name));
    out +=
        "<a href=\"#use\">Intended use</a> <a href=\"#limits\">Limits</a> <a href=\"#card\">Model card</a> <a href=\"#again\">How "
        "to run it again</a> "
        "<a href=\"#tripod\">Reporting checklist</a></nav>\n";
  }
  return out;
}

std::string verdicts(const ReportInput& report) {
  std::string out = "<h2>Verdict</h2>\n<dl class=\"verdicts\">\n";
  for (const auto& variant : report.variants) {
    const Evaluation& e = variant.evaluation;
    out += "<dt>" + escape_html(e.name);
    if (const auto banner = banner_of(e); !banner.empty()) out += "<span class=\"banner\">" + escape_html(banner) + "</span>";
    out += "</dt><dd>" + escape_html(e.verdict) + "</dd>\n";
  }
  return out + "</dl>\n";
}

std::vector<std::string> covariates_of(const ReportInput& report) {
  std::vector<std::string> out;
  for (const auto& variant : report.variants)
    for (const auto& baseline : variant.evaluation.baselines)
      if (std::ranges::find(out, baseline.covariate) == out.end()) out.push_back(baseline.covariate);
  return out;
}

std::vector<Cell> compared(const ReportVariant& variant, const std::vector<std::string>& covariates) {
  const Evaluation& e = variant.evaluation;
  Cell name(e.name);
  if (e.split.optimistic) name.note = "optimistic", name.is_bad = true;
  std::vector<Cell> row = {name, split_in_words(e.split), heads_in_words(e)};
  if (e.heads.empty()) return row;
  const HeadResult& head = e.heads.front();
  Cell auc = number_cell(metric(head.cells.auc));
  if (head.cells.auc && *head.cells.auc < kInvertedBelow) auc.note = "inverted", auc.is_bad = true;
  row.insert(row.end(), {count_cell(n_test_units(e)), count_cell(head.cells.n), unit_auc_cell(e), auc,
                         number_cell(fixed(head.cells.accuracy, 3)), number_cell(fixed(head.cells.balanced_accuracy, 3)),
                         number_cell(fixed(head.cells.f1, 3)), number_cell(fixed(head.cells.loss, 3)),
                         number_cell(fixed(e.combined_loss, 3))});
  for (const auto& covariate : covariates) {
    const auto found = std::ranges::find(e.baselines, covariate, &CovariateBaseline::covariate);
    row.push_back(number_cell(found == e.baselines.end() ? "–" : metric(found->unit_auc)));
  }
  return row;
}

// Sentences that several variants share are said once, with all their names.
using NamedSentences = std::vector<std::pair<std::string, std::vector<std::string>>>;

void say(NamedSentences& sentences, const std::string& sentence, const std::string& name) {
  if (sentence.empty()) return;
  auto found = std::ranges::find(sentences, sentence, &NamedSentences::value_type::first);
  if (found == sentences.end()) found = sentences.insert(sentences.end(), {sentence, {}});
  if (std::ranges::find(found->second, name) == found->second.end()) found->second.push_back(name);
}

std::string html_of(const NamedSentences& sentences) {
  std::string out;
  for (const auto& [sentence, names] : sentences) {
    std::string who;
    for (const auto& name : names) who += (who.empty() ? "" : ", ") + name;
    out += "<p><span class=\"who\">" + escape_html(who) + ":</span> " + escape_html(sentence) + "</p>\n";
  }
  return out;
}

std::string comparison(const ReportInput& report) {
  const auto covariates = covariates_of(report);
  Table table{.caption = "All variants, on their test sides",
              .banner = banner_of(report),
              .columns = {"variant", "split", "model heads", "test " + plural_of(report.unit_noun), "test cells",
                          "AUC (" + plural_of(report.unit_noun) + ")\n95 % interval", "AUC\n(cells)", "accuracy",
                          "balanced\naccuracy", "F1", "label\nloss", "combined\nloss"},
              .css = "compare"};
  for (const auto& covariate : covariates)
    table.columns.push_back("AUC of\n" + covariate + " alone\n(" + plural_of(report.unit_noun) + ")");
  for (const auto& variant : report.variants) table.rows.push_back(compared(variant, covariates));
  std::string out = "<h2>Comparison</h2>\n" + cellverdict::html_of(table);
  NamedSentences meanings, warnings;
  for (const auto& variant : report.variants) {
    for (const auto& baseline : variant.evaluation.baselines) say(meanings, baseline.sentence, variant.evaluation.name);
    for (const auto& warning : variant.evaluation.warnings) say(warnings, warning, variant.evaluation.name);
  }
  if (!meanings.empty()) out += "<div class=\"meaning\">\n" + html_of(meanings) + "</div>\n";
  out += html_paragraph(
      "Metrics are over cells of the test side, but the AUC with an interval and that of a covariate alone are over its " +
          plural_of(report.unit_noun) +
          ". Loss is the mean negative natural logarithm of the probability given to the truth. "
          "Cells of one " +
          report.unit_noun + " are not independent: the evidence is the number of " + plural_of(report.unit_noun) + ".",
      "soft");
  if (!warnings.empty()) out += "<h3>Warnings</h3>\n<div class=\"warnings\">\n" + html_of(warnings) + "</div>\n";
  return out;
}

std::string again(const ReportInput& report) {
  std::string out = "<h2 id=\"again\">How to run it again</h2>\n";
  Table table{.caption = "What this was made from", .columns = {"what", "value"}, .css = "facts"};
  for (const auto& [name, value] : report.provenance) table.rows.push_back({name, value});
  if (!table.rows.empty()) out += cellverdict::html_of(table);
  if (!report.experiment.empty())
    out += "<details><summary>The experiment file, with every option in effect</summary>\n<pre>" + escape_html(report.experiment) +
           "</pre></details>\n";
  return out;
}

// A PNG and not the SVG stands in the page: text in an SVG is set anew with the reader's fonts and may be cut off.
std::uint32_t png_width(const std::string& png) {
  std::uint32_t width = 0;
  if (png.size() < 24) return width;
  for (std::size_t i = 16; i < 20; ++i) width = width << 8 | static_cast<unsigned char>(png[i]);
  return width;
}

}  // namespace

std::string heads_in_words(const Evaluation& evaluation) {
  std::string out;
  for (std::size_t i = 0; i < evaluation.heads.size(); ++i) {
    const auto& head = evaluation.heads[i];
    out += (i == 0 ? "" : " + ") + head.label + (i == 0 && head.weight == 1 ? "" : fmt::format(" (× {:g})", head.weight));
  }
  return out;
}

std::string split_in_words(const SplitSummary& split) {
  return split.scheme + (split.by.empty() ? "" : " by " + split.by);
}

std::string html_of(PageState& state, const std::vector<Figure>& figures) {
  if (figures.empty()) return {};
  std::string out = "<div class=\"figures\">\n";
  for (const Figure& figure : figures) {
    const std::string id = "plot-" + std::to_string(++state.n_figures);
    const std::string stem = escape_href((figure.folder / figure.name).lexically_relative(state.input.folder).generic_string());
    out += fmt::format("<figure><div class=\"plot\" id=\"{}\">", id);
    // Pictures weigh more than all else: they stand in the page only where nothing can draw the figure.
    if (!figure.png.empty() && state.input.library.empty())
      out += fmt::format("<img alt=\"{}\" width=\"{}\" src=\"data:image/png;base64,{}\">", escape_html(figure.description),
                         png_width(figure.png) / 2, base64(figure.png));
    else
      out += html_paragraph(figure.description + " (Not drawn here.)", "soft");
    out += "</div>\n<figcaption>" + (figure.note.empty() ? "" : escape_html(figure.note) + "<br>");
    if (!figure.png.empty()) out += fmt::format("<a href=\"{0}.png\">PNG</a><a href=\"{0}.svg\">SVG</a>", stem);
    out += fmt::format("<a href=\"{}.vl.json\">Vega-Lite</a></figcaption></figure>\n", stem);
    if (!state.input.library.empty())
      out += fmt::format("<script type=\"application/json\" data-plot=\"{}\" data-name=\"{}\">{}</script>\n", id,
                         escape_html(figure.name), escape_json_in_html(figure.spec));
  }
  return out + "</div>\n";
}

std::string make_page(const PageInput& input) {
  PageState state{input};
  const ReportInput& report = input.report;
  std::string out = head_of(input) + "<body>\n<main>\n" + top(report);
  // The sentences of many variants would push the tables out of sight.
  const bool many = report.variants.size() > kManyVariants;
  out += many ? compare_section(state) + comparison(report) + verdicts(report)
              : verdicts(report) + compare_section(state) + comparison(report);
  out += lineage_section(state) + ablation_section(state);
  out += confounding_section(report);
  out += "<h2>All variants in figures</h2>\n" + html_of(state, input.overview);
  for (std::size_t i = 0; i < report.variants.size(); ++i) out += variant_section(state, i);
  out += explained_section(input);
  out += intended_use(report) + limits_section(report) + model_card_section(report) + resources_section(report) + again(report) +
         tripod_section();
  out += "<footer>" + html_paragraph(input.pictures_note, "soft");
  if (input.library.empty())
    out += html_paragraph("The figures are not interactive: the JavaScript that draws them is not in this build.", "soft");
  out += html_paragraph("This page is one file and needs no network. Figures link to their files beside it, where these were kept.",
                        "soft") +
         "</footer>\n</main>\n";
  if (!input.library.empty()) out += "<script>" + input.library + "</script>\n<script>" + page_script() + "</script>\n";
  return out + "</body>\n</html>\n";
}

}  // namespace cellverdict
