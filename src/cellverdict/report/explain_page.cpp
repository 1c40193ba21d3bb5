// The pages of explanations. Everything that comes from a file goes through escape_html.

#include <cellverdict/report/explain_page.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/page.h>
#include <cellverdict/report/render.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kGenes = 25, kSets = 20, kPairs = 60;
constexpr const char* kUse = "For research. Not for diagnosis, prognosis or the choice of a treatment.";

std::string small(double x) {
  if (!std::isfinite(x)) return std::isnan(x) ? "n/a" : "∞";
  return x != 0 && std::abs(x) < 1e-3 ? fmt::format("{:.2e}", x) : fmt::format("{:.3g}", x);
}
std::string p_text(double p) {
  return p < 1e-4 ? fmt::format("{:.1e}", p) : fixed(p, 4);
}

std::string head_of(const std::string& title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" "
      "href=\"data:,\">\n<title>{0}</title>\n<style>{1}</style>\n"
      "</head>\n<body>\n<main>\n<h1>{0}</h1>\n",
      escape_html(title), page_style());
}

std::string first_box(const std::vector<std::string>& warnings) {
  if (warnings.empty()) return {};
  std::string out = "<div class=\"first\" role=\"note\">\n";
  for (const auto& warning : warnings) out += html_paragraph(warning);
  return out + "</div>\n";
}

std::uint32_t width_of(const std::string& png) {
  std::uint32_t width = 0;
  for (std::size_t i = 16; i < 20 && png.size() >= 24; ++i) width = width << 8 | static_cast<unsigned char>(png[i]);
  return width;
}

std::string html_of(const Figure& figure) {
  std::string out = "<figure>";
  const std::string stem = "figures/" + figure.name;
  if (figure.png.empty())
    out += html_paragraph(figure.title + " (not drawn here)", "soft");
  else
    out += fmt::format(
        "<div class=\"plot\"><img alt=\"{}\" width=\"{}\" style=\"min-width:{}px;max-width:100%\" "
        "src=\"data:image/png;base64,{}\"></div>",
        escape_html(figure.description), width_of(figure.png) / 2, width_of(figure.png) / 3, base64(figure.png));
  out += "\n<figcaption>" + (figure.note.empty() ? "" : escape_html(figure.note) + "<br>");
  if (!figure.png.empty()) out += fmt::format("<a href=\"{0}.png\">PNG</a><a href=\"{0}.svg\">SVG</a>", stem);
  return out + fmt::format("<a href=\"{}.vl.json\">Vega-Lite</a></figcaption></figure>\n", stem);
}

std::string html_of(const std::vector<Figure>& figures, const std::string& name) {
  for (const auto& figure : figures)
    if (figure.name == name) return "<div class=\"figures\">\n" + html_of(figure) + "</div>\n";
  return {};
}

std::string what_of(const ExplainPage& page) {
  if (page.target == "difference")
    return "the difference of the logits of '" + page.result.class_name + "' and '" + page.result.against + "'";
  return "the " + page.target + " of '" + page.result.class_name + "'";
}

std::string trust(const ExplainPage& page) {
  const ExplainResult& r = page.result;
  std::vector<std::string> lines = {
      "An attribution says what moved this net, not what causes the disease.",
      fmt::format(
          "It is as good as the net: on these {} its {} tells {} from the others with AUC {:.2f}. Read the net's own report first.",
          plural_of(page.unit_noun), page.target, r.class_name, r.auc),
      "Compared with: " + r.baseline +
          ". Where cells are compared with their own type, a change in how many cells of a type there are "
          "moves no attribution.",
      fmt::format("Attributions should sum to the net's change from the baseline; they miss {:.2g} % of it in the median {} and "
                  "{:.2g} % at "
                  "worst, with {} steps.",
                  100 * r.median_delta, page.unit_noun, 100 * r.worst_delta, page.steps)};
  for (const double agreement : r.random_agreement)
    lines.push_back(
        fmt::format("A net with fresh weights, that learned nothing, ranks the genes with Spearman's correlation {:.2f} to "
                    "this one: the nearer to 1, the less of the ranking was learned.",
                    agreement));
  for (const auto& other : r.agreement)
    lines.push_back(
        fmt::format("The explanation in {}: Spearman's correlation of the ranks of {} shared genes {:.2f}; of the first {} "
                    "of each, the share of all that both have (Jaccard) is {:.2f}.",
                    other.folder, with_commas(other.n_genes), other.correlation, other.n_first, other.jaccard));
  lines.push_back("Types of cells: " + r.types_how + ".");
  return "<h2>How far to trust it</h2>\n" + html_list(lines);
}

std::string gene_table(const ExplainPage& page) {
  const ExplainResult& r = page.result;
  Table table{.caption = "The first genes, by the size of their mean attribution in " + r.class_name,
              .columns = {"gene", "rank", "attribution\nin " + r.class_name, "in all\nothers", "mean\nmagnitude",
                          "rank by differential\nexpression", "log2 fold\nchange"}};
  for (std::size_t g = 0; g < std::min(kGenes, r.genes.size()); ++g) {
    const ExplainedGene& gene = r.genes[g];
    Cell name(gene.symbol);
    if (gene.id != gene.symbol) name.note = gene.id;
    table.rows.push_back({name, count_cell(static_cast<std::int64_t>(g) + 1), number_cell(small(gene.in_class)),
                          number_cell(small(gene.elsewhere)), number_cell(small(gene.magnitude)), count_cell(gene.expression_rank),
                          number_cell(fixed(gene.log2_fold_change, 2))});
  }
  return html_of(table) +
         html_paragraph("Above 0: speaks for " + r.class_name +
                            ". The rank by differential expression and the fold change are those of pseudobulks of "
                            "training units (Welch's t), which know nothing of the net. All genes: genes.tsv.",
                        "soft");
}

std::string type_table(const ExplainPage& page) {
  const ExplainResult& r = page.result;
  if (r.types.size() < 2) return {};
  Table table{.caption = "Types of cells",
              .columns = {"type", plural_of(page.unit_noun) + " of\n" + r.class_name, "others", "cells",
                          "median attribution\nin " + r.class_name, "in others", "P(" + r.class_name + "\nabove other)",
                          "p, rank sum\n(Benjamini & Hochberg)", "sum, mean\n" + page.unit_noun, "attention"}};
  const bool has_attention = std::ranges::any_of(r.types, [](const auto& type) { return type.attention != 0; });
  for (const auto& type : r.types) {
    Cell name(type.name);
    name.note = type.markers;
    const bool both = type.n_in_class > 0 && type.n_elsewhere > 0;
    table.rows.push_back({name, count_cell(type.n_in_class), count_cell(type.n_elsewhere), count_cell(type.n_cells),
                          number_cell(small(type.median)), number_cell(small(type.elsewhere_median)),
                          number_cell(both ? fixed(type.share, 2) : "n/a"), number_cell(both ? p_text(type.p_adjusted) : "n/a"),
                          number_cell(small(type.contribution)), number_cell(has_attention ? fixed(type.attention, 3) : "n/a")});
  }
  return html_of(table) +
         html_paragraph("The tests compare what a net that was taught the label says of held-out " + plural_of(page.unit_noun) +
                            ": they ask whether it uses a type, not whether the type is diseased. Sum: over the cells of a mean " +
                            page.unit_noun + " of " + r.class_name + "; all types together make its change.",
                        "soft");
}

Table overlap_table(const std::string& caption, const std::vector<ExplainedSet>& sets, const std::string& who) {
  Table table{.caption = caption, .columns = {"set"}};
  if (!who.empty()) table.columns.push_back(who);
  for (const char* name : {"genes\nin the model", "among the\nfirst", "odds\nratio", "p, Fisher", "p, Benjamini\n& Hochberg"})
    table.columns.emplace_back(name);
  for (std::size_t s = 0; s < std::min(kSets, sets.size()); ++s) {
    const auto& set = sets[s];
    std::vector<Cell> row = {set.name};
    if (!who.empty()) row.emplace_back(set.cell_type);
    for (Cell cell : {count_cell(set.n_genes), count_cell(set.n_top), number_cell(small(set.odds_ratio)),
                      number_cell(p_text(set.p_value)), number_cell(p_text(set.p_adjusted))})
      row.push_back(std::move(cell));
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string set_tables(const ExplainPage& page) {
  const ExplainResult& r = page.result;
  if (r.sets.empty() && r.enriched.empty()) return {};
  std::string out = "<h2>Known sets of genes</h2>\n";
  if (!r.sets.empty())
    out += html_of(overlap_table(fmt::format("Overlap with the first {} genes; the background is the {} genes of the model",
                                             r.n_top, with_commas(r.n_genes)),
                                 r.sets, ""));
  if (!r.sets_by_type.empty())
    out += html_of(
        overlap_table(fmt::format("The same with the first {} genes within each type of cells", r.n_top), r.sets_by_type, "type"));
  if (!r.enriched.empty()) {
    Table table{
        .caption = "Enrichment along the ranking by signed attribution (preranked, genes permuted)",
        .columns = {"set", "genes\nin the model", "score", "normalised\nscore", "p", "p, Benjamini\n& Hochberg", "leading genes"}};
    for (std::size_t s = 0; s < std::min(kSets, r.enriched.size()); ++s) {
      const auto& set = r.enriched[s];
      std::string leading;
      for (std::size_t k = 0; k < std::min<std::size_t>(5, set.leading.size()); ++k)
        leading += (k == 0 ? "" : ", ") + set.leading[k];
      table.rows.push_back({set.name, count_cell(set.n_genes), number_cell(fixed(set.score, 2)),
                            number_cell(fixed(set.normalised, 2)), number_cell(p_text(set.p_value)),
                            number_cell(p_text(set.p_adjusted)), leading});
    }
    out += html_of(table);
  }
  return out +
         html_paragraph("Score above 0: the set's genes speak for " + r.class_name +
                            ", below 0 against it. Both tests take genes for independent; genes of a set go together, so read the "
                            "p-values as an order and not as proof.",
                        "soft");
}

ExplainFiles write_page(std::vector<Figure>& figures, const fs::path& folder, bool pictures) {
  ExplainFiles out;
  std::vector<fs::path> specs;
  for (auto& figure : figures) {
    figure.folder = folder / "figures";
    specs.push_back(figure.folder / (figure.name + ".vl.json"));
    write_file(specs.back(), figure.spec);
  }
  if (!pictures || specs.empty()) return out;
  const RenderResult rendered = render_figures(specs);
  out.note = rendered.note;
  if (!rendered.pictures.empty())
    for (auto& figure : figures) figure.png = read_file(figure.folder / (figure.name + ".png"));
  return out;
}

std::string consensus_table(const ExplainOverview& overview) {
  if (overview.consensus.empty()) return {};
  Table table{.caption = "Genes that several models agree on",
              .columns = {"gene", "class", "among the\nfirst of", "median\nrank", "best", "worst", "mean\nattribution"}};
  for (std::size_t g = 0; g < std::min<std::size_t>(30, overview.consensus.size()); ++g) {
    const auto& gene = overview.consensus[g];
    Cell name(gene.symbol);
    if (gene.id != gene.symbol) name.note = gene.id;
    table.rows.push_back({name, gene.class_name, number_cell(fmt::format("{} of {}", gene.n_first, gene.n_models)),
                          number_cell(fmt::format("{:g}", gene.median_rank)), number_cell(fmt::format("{:g}", gene.best_rank)),
                          number_cell(fmt::format("{:g}", gene.worst_rank)), number_cell(small(gene.attribution))});
  }
  return html_of(table);
}

std::string pair_table(const ExplainOverview& overview) {
  Table table{.caption = "Every two explanations (all: agreement.tsv)",
              .columns = {"one", "other", "shared\ngenes", "Spearman's correlation\nof ranks", "first genes\nof each", "Jaccard"}};
  const auto& results = overview.results;
  const bool many_models = results.front().model != results.back().model;
  for (const auto& pair : overview.pairs) {
    if (many_models && results[pair.first].class_name != results[pair.second].class_name) continue;
    if (table.rows.size() == kPairs) break;
    table.rows.push_back({overview.names[pair.first], overview.names[pair.second], count_cell(pair.agreement.n_genes),
                          number_cell(fixed(pair.agreement.correlation, 3)), count_cell(pair.agreement.n_first),
                          number_cell(fixed(pair.agreement.jaccard, 3))});
  }
  return table.rows.empty() ? "" : html_of(table);
}

}  // namespace

std::string explain_page(const ExplainPage& page, const std::vector<Figure>& figures) {
  const ExplainResult& r = page.result;
  std::string out = head_of("Why this net says '" + r.class_name + "'" + (r.model.empty() ? "" : " · " + r.model));
  out += html_paragraph(fmt::format("What moved {} for {} held out of training ({} of {}, {} in all), {} genes. Run: {}.",
                                    what_of(page), counted(r.n_units, page.unit_noun), r.n_in_class, r.class_name,
                                    counted(r.n_cells, "cell"), with_commas(r.n_genes), page.source),
                        "question");
  out += first_box(r.warnings) + html_paragraph(kUse, "use");
  out += "<h2>Genes</h2>\n" + gene_table(page);
  if (r.types.size() > 1)
    out += "<h2>Types of cells</h2>\n" + html_of(figures, "types") + type_table(page) + html_of(figures, "genes_in_types") +
           html_of(figures, "genes_by_type");
  else
    out += html_of(figures, "genes_in_types");
  return out + set_tables(page) + trust(page) + "</main>\n</body>\n</html>\n";
}

std::string overview_page(const ExplainOverview& overview, const std::vector<Figure>& figures) {
  std::string out = head_of("Explanations side by side");
  out += html_paragraph(
      fmt::format("{} of the models in {}.", counted(std::ssize(overview.results), "explanation"), overview.source), "question");
  out += first_box(overview.warnings) + html_paragraph(kUse, "use");
  out += "<h2>Pages</h2>\n<ul>\n";
  for (std::size_t i = 0; i < overview.results.size(); ++i) {
    const auto& r = overview.results[i];
    std::string first;
    for (std::size_t g = 0; g < std::min<std::size_t>(5, r.genes.size()); ++g) first += (g == 0 ? "" : ", ") + r.genes[g].symbol;
    out += fmt::format("<li><a href=\"{}\">{}</a>: {}</li>\n", escape_href(overview.links[i]), escape_html(overview.names[i]),
                       escape_html(first));
  }
  out += "</ul>\n";
  if (!overview.consensus.empty())
    out += "<h2>Genes</h2>\n" + consensus_table(overview) +
           html_paragraph("By how many models have the gene among their first, then by its median rank. All genes: consensus.tsv.",
                          "soft");
  for (const auto& whole : overview.pooled)
    out += "<h2>Types of cells, all folds: " + escape_html(whole.class_name) + "</h2>\n" +
           html_of(figures, "types-" + file_name_of(whole.class_name)) +
           type_table({.result = whole, .unit_noun = overview.unit_noun}) +
           html_paragraph(
               "Each " + overview.unit_noun +
                   " is explained by the net of the fold that never saw it; nets of different folds move by different amounts.",
               "soft");
  out += "<h2>Agreement</h2>\n" + html_of(figures, "agreement") + pair_table(overview) +
         html_paragraph(
             "Folds differ in the units they were taught and are explained for, and in their seed; training seeds in the seed "
             "alone. What only one of them says is no finding.",
             "soft");
  if (!overview.sets.empty())
    out += "<h2>Known sets of genes</h2>\n" +
           html_of(
               overlap_table("Overlap with the first genes, all explanations corrected together; the background is a model's genes",
                             overview.sets, "explanation"));
  return out + "</main>\n</body>\n</html>\n";
}

ExplainFiles write_explain_page(const ExplainPage& page, const fs::path& folder, bool pictures) {
  auto figures = explain_figures(page);
  const ExplainFiles out = write_page(figures, folder, pictures);
  write_file(folder / "explain.html", explain_page(page, figures));
  return out;
}

ExplainFiles write_explain_overview(const ExplainOverview& overview, const fs::path& folder, bool pictures) {
  auto figures = side_by_side_figures(overview);
  const ExplainFiles out = write_page(figures, folder, pictures);
  write_file(folder / "explain.html", overview_page(overview, figures));
  return out;
}

}  // namespace cellverdict
