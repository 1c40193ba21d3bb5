// The page of a patient space and its tables as files. Everything that comes from a file goes through escape_html.

#include <cellverdict/report/space_page.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <cellverdict/report/render.h>
#include <fmt/format.h>

#include <cmath>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// A table twice: for the page, and in full precision for others to read.
struct TwoForms {
  Table page;
  std::string file;  // name
  std::vector<std::vector<std::string>> rows;
};

std::string number_text(double x) {
  return std::isfinite(x) ? fmt::format("{:.6g}", x) : "";
}
std::string p_text(double p) {
  return p < 1e-4 ? fmt::format("{:.1e}", p) : fixed(p, 4);
}
std::string interval_text(const std::optional<Interval>& interval) {
  return interval ? fmt::format("{:.3f} to {:.3f}", interval->low, interval->high) : "n/a";
}
std::string end_text(const MaybeInterval& interval, double Interval::* end) {
  return interval.interval ? number_text(*interval.interval.*end) : "";
}

void add_row(TwoForms& table, std::vector<Cell> page, std::vector<std::string> file) {
  table.page.rows.push_back(std::move(page));
  table.rows.push_back(std::move(file));
}

TwoForms neighbour_table(const SpaceReport& report) {
  TwoForms out{.file = "neighbours.tsv",
               .rows = {{"table", "column", "n", "n_labels", "neighbours", "n_right", "accuracy", "low", "high",
                         "balanced_accuracy", "majority"}}};
  out.page = {.caption = "Leave-one-out: is the label that of the nearest others?",
              .columns = {"column", "table", plural_of(report.unit_noun), "labels", "accuracy", "95 % interval",
                          "balanced accuracy", "most frequent label"}};
  for (const auto& s : report.neighbours) {
    const double accuracy = static_cast<double>(s.n_right) / static_cast<double>(s.n);
    add_row(out,
            {s.column, s.table, count_cell(s.n), count_cell(s.n_labels), number_cell(fixed(accuracy, 3)),
             number_cell(interval_text(s.accuracy.interval)), number_cell(fixed(s.balanced_accuracy, 3)),
             number_cell(fixed(s.majority, 3))},
            {s.table, s.column, std::to_string(s.n), std::to_string(s.n_labels), std::to_string(s.n_neighbours),
             std::to_string(s.n_right), number_text(accuracy), end_text(s.accuracy, &Interval::low),
             end_text(s.accuracy, &Interval::high), number_text(s.balanced_accuracy), number_text(s.majority)});
  }
  return out;
}

TwoForms group_table(const SpaceReport& report) {
  TwoForms out{.file = "subgroups.tsv",
               .rows = {{"groups", "smallest", "agreement_between_starts", "agreement_between_samples", "within"}}};
  out.page = {.caption = "Subgroups by k-means: do other starts and other samples find the same?",
              .columns = {"groups", "smallest", "other starts", "samples of 80 %", "variance within"}};
  for (std::size_t i = 0; i < report.groups.counts.size(); ++i) {
    const auto& c = report.groups.counts[i];
    Cell groups = count_cell(c.n_groups);
    if (i == report.groups.chosen) groups.note = "shown";
    add_row(out,
            {groups, count_cell(c.smallest), number_cell(fixed(c.between_starts, 3)), number_cell(fixed(c.between_samples, 3)),
             number_cell(fixed(c.within, 3))},
            {std::to_string(c.n_groups), std::to_string(c.smallest), number_text(c.between_starts), number_text(c.between_samples),
             number_text(c.within)});
  }
  return out;
}

TwoForms association_table(const SpaceReport& report) {
  TwoForms out{.file = "associations.tsv", .rows = {{"column", "measure", "n", "strength", "p", "p_benjamini_hochberg"}}};
  out.page = {.caption = "What goes with the subgroups",
              .columns = {"column", "measure", plural_of(report.unit_noun), "strength", "p", "p, Benjamini & Hochberg"}};
  for (const auto& a : report.associations)
    add_row(out,
            {a.column, a.measure, count_cell(a.n), number_cell(fixed(a.strength, 3)), number_cell(p_text(a.p_value)),
             number_cell(p_text(a.adjusted))},
            {a.column, a.measure, std::to_string(a.n), number_text(a.strength), number_text(a.p_value), number_text(a.adjusted)});
  return out;
}

TwoForms difference_table(const SpaceReport& report) {
  TwoForms out{.file = "severity.tsv",
               .rows = {{"number", "test", "levels", "n", "medians", "share_second_above_first", "p", "p_bonferroni",
                         "p_benjamini_hochberg"}}};
  out.page = {.caption = "Numbers by " + report.severity,
              .columns = {"number", "medians", "P(second above first)", "p", "p, Bonferroni", "p, Benjamini & Hochberg", "test"}};
  for (const auto& d : report.differences) {
    std::string medians, levels, counts, values;
    for (std::size_t i = 0; i < d.levels.size(); ++i) {
      const char* comma = i == 0 ? "" : ", ";
      medians += fmt::format("{}{} {:.4g} ({})", comma, d.levels[i], d.median[i], d.n[i]);
      levels += comma + d.levels[i];
      counts += comma + std::to_string(d.n[i]);
      values += comma + number_text(d.median[i]);
    }
    add_row(out,
            {d.number, medians, number_cell(d.share ? fixed(*d.share, 3) : ""), number_cell(p_text(d.p_value)),
             number_cell(p_text(d.bonferroni)), number_cell(p_text(d.fdr)), d.test},
            {d.number, d.test, levels, counts, values, d.share ? number_text(*d.share) : "", number_text(d.p_value),
             number_text(d.bonferroni), number_text(d.fdr)});
  }
  return out;
}

Cell auc_cell(const ResponseScore& score) {
  if (!score.auc) return {score.auc_note};
  Cell cell = number_cell(fixed(score.auc->estimate, 3));
  cell.note = score.auc_note;
  return cell;
}

TwoForms response_table(const SpaceReport& report) {
  TwoForms out{.file = "response.tsv",
               .rows = {{"method", "n", "n_right", "accuracy", "low", "high", "balanced_accuracy", "auc", "auc_low", "auc_high",
                         "auc_note"}}};
  out.page = {
      .caption = "Can " + report.response + " be told? Each person left out in turn",
      .columns = {"method", "accuracy", "95 % interval", "balanced accuracy", "AUC over pairs", "95 % interval, approximate"}};
  for (const auto& r : report.responses) {
    const double accuracy = r.n > 0 ? static_cast<double>(r.n_right) / static_cast<double>(r.n) : std::nan("");
    add_row(out,
            {r.method, number_cell(fixed(accuracy, 3)), number_cell(interval_text(r.accuracy.interval)),
             number_cell(fixed(r.balanced_accuracy, 3)), auc_cell(r), number_cell(r.auc ? interval_text(r.auc) : "")},
            {r.method, std::to_string(r.n), std::to_string(r.n_right), number_text(accuracy), end_text(r.accuracy, &Interval::low),
             end_text(r.accuracy, &Interval::high), number_text(r.balanced_accuracy), r.auc ? number_text(r.auc->estimate) : "",
             r.auc ? number_text(r.auc->low) : "", r.auc ? number_text(r.auc->high) : "", r.auc_note});
  }
  return out;
}

std::string similarity_tsv(const SpaceReport& report) {
  std::string out = "column\tlabel\twith\tn_label\tn_with\tcosine\tmean_taken_off\n";
  for (const auto& s : report.similarities)
    for (std::size_t i = 0; i < s.labels.size(); ++i)
      for (std::size_t j = 0; j < s.labels.size(); ++j)
        out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", s.column, s.labels[i], s.labels[j], s.counts[i], s.counts[j],
                           number_text(s.cosine[i * s.labels.size() + j]), s.centred ? "yes" : "no");
  return out;
}

std::string tsv_of(const TwoForms& table) {
  std::string out;
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : "\t") + row[i];
    out += "\n";
  }
  return out;
}

std::vector<TwoForms> tables_of(const SpaceReport& report) {
  std::vector<TwoForms> out;
  for (auto make : {neighbour_table, difference_table, response_table, group_table, association_table})
    if (TwoForms table = make(report); table.rows.size() > 1) out.push_back(std::move(table));
  return out;
}

}  // namespace

std::string space_page(const SpaceReport& report, const std::vector<Figure>& figures) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" "
      "href=\"data:,\">\n<title>{0}</title>\n<style>{1}</style>\n"
      "</head>\n<body>\n<main>\n<h1>{0}</h1>\n",
      escape_html("The space of " + counted(report.n_units, report.unit_noun)), page_style());
  out += html_paragraph(
      "How " + plural_of(report.unit_noun) + " lie in " + report.tables.front().name + " of " + report.source + ".", "question");
  if (!report.warnings.empty()) {
    out += "<div class=\"first\" role=\"note\">\n";
    for (const auto& warning : report.warnings) out += html_paragraph(warning);
    out += "</div>\n";
  }
  out += html_paragraph("For research. Not for diagnosis, prognosis or the choice of a treatment.", "use");
  for (const auto& table : tables_of(report)) out += html_of(table.page);
  for (const auto& figure : figures) {
    if (!figure.png.empty())
      out += fmt::format("<figure><img style=\"max-width:100%\" alt=\"{}\" src=\"data:image/png;base64,{}\"></figure>\n",
                         escape_html(figure.description), base64(figure.png));
    else
      out += html_paragraph(figure.title + ": figures/" + figure.name + ".vl.json", "soft");
    out += html_paragraph(figure.note, "soft");
  }
  out += html_list(report.notes, "soft");
  return out + "</main>\n</body>\n</html>\n";
}

SpaceFiles write_space_report(const SpaceReport& report, const fs::path& folder) {
  SpaceFiles out;
  auto figures = space_figures(report);
  std::vector<fs::path> specs;
  for (auto& figure : figures) {
    figure.folder = folder / "figures";
    std::error_code ignored;
    for (const char* suffix : {".png", ".svg"}) fs::remove(figure.folder / (figure.name + suffix), ignored);  // of an earlier page
    specs.push_back(figure.folder / (figure.name + ".vl.json"));
    write_file(specs.back(), figure.spec);
  }
  const RenderResult rendered = render_figures(specs);
  out.note = rendered.note;
  if (!rendered.pictures.empty())
    for (auto& figure : figures) figure.png = read_file(figure.folder / (figure.name + ".png"));
  out.written = rendered.pictures;
  for (const auto& table : tables_of(report)) {
    out.written.push_back(folder / table.file);
    write_file(out.written.back(), tsv_of(table));
  }
  if (!report.similarities.empty()) {
    out.written.push_back(folder / "similarity.tsv");
    write_file(out.written.back(), similarity_tsv(report));
  }
  out.written.push_back(folder / "space.html");
  write_file(out.written.back(), space_page(report, figures));
  return out;
}

}  // namespace cellverdict
