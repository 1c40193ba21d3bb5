// Figures first, then their pictures, then the page that holds them all. The page is written last, so that it exists only when
// everything it speaks of does.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/ablation.h>
#include <cellverdict/report/comparison.h>
#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>
#include <cellverdict/report/lineage.h>
#include <cellverdict/report/page.h>
#include <cellverdict/report/render.h>
#include <cellverdict/report/report.h>

#include <set>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

fs::path beside(const Figure& figure, const char* suffix) {
  return figure.folder / (figure.name + suffix);
}

// A folder for every variant that was given none, named after it; equal names get a number.
void give_folders(ReportInput& input, const fs::path& folder) {
  std::set<std::string> taken;
  for (auto& variant : input.variants) {
    if (!variant.figures.empty()) continue;
    const std::string wanted = file_name_of(variant.evaluation.name);
    std::string name = wanted;
    for (int i = 2; !taken.insert(name).second; ++i) name = wanted + "-" + std::to_string(i);
    variant.figures = folder / "figures" / name;
  }
}

std::vector<Figure*> all_figures(PageInput& page) {
  std::vector<Figure*> out;
  for (auto& figure : page.overview) out.push_back(&figure);
  for (auto& figure : page.side_by_side) out.push_back(&figure);
  for (auto& figure : page.ablation) out.push_back(&figure);
  for (auto& figure : page.lineage) out.push_back(&figure);
  for (auto* lists : {&page.variants, &page.sweeps})
    for (auto& figures : *lists)
      for (auto& figure : figures) out.push_back(&figure);
  return out;
}

void write_specs(const std::vector<Figure*>& figures, ReportResult& result) {
  for (const Figure* figure : figures) {
    // Pictures of an earlier report must not stand beside a newer spec.
    std::error_code ignored;
    for (const char* suffix : {".png", ".svg"}) fs::remove(beside(*figure, suffix), ignored);
    write_file(beside(*figure, ".vl.json"), figure->spec);
    result.specs.push_back(beside(*figure, ".vl.json"));
  }
}

// Its path, empty where there is no table; one of an earlier report must not stand there then.
fs::path write_table(const fs::path& file, const std::string& table) {
  std::error_code ignored;
  if (table.empty()) {
    fs::remove(file, ignored);
    return {};
  }
  write_file(file, table);
  return file;
}

}  // namespace

ReportResult write_report(const RunContext& context, const ReportInput& given, const fs::path& folder,
                          const ReportOptions& options) {
  const Stopwatch watch;
  ReportInput input = given;
  give_folders(input, folder);
  PageInput page{.report = input, .overview = overview_figures(input), .folder = folder};
  page.comparison = compare_variants(input);
  page.side_by_side = compare_figures(input, page.comparison);
  page.ablation = ablation_figures(input);
  page.lineage = lineage_figures(input);
  for (auto* figures : {&page.overview, &page.side_by_side, &page.ablation, &page.lineage})
    for (auto& figure : *figures) figure.folder = folder / "figures";
  for (const auto& variant : input.variants) {
    auto figures = split_figures(variant, input.unit_noun);
    for (auto& figure : test_figures(variant, input.unit_noun)) figures.push_back(std::move(figure));
    for (auto& figure : unit_figures(variant, input.unit_noun)) figures.push_back(std::move(figure));
    for (auto& figure : control_figures(variant, input.unit_noun)) figures.push_back(std::move(figure));
    for (auto& figure : curve_figures(variant)) figures.push_back(std::move(figure));
    for (auto& figure : set_figures(variant)) figures.push_back(std::move(figure));
    page.variants.push_back(std::move(figures));
    page.sweeps.push_back(sweep_figures(variant));
  }
  const auto figures = all_figures(page);
  ReportResult result;
  write_specs(figures, result);
  if (options.pictures) {
    RenderResult rendered = render_figures(result.specs);
    result.pictures = std::move(rendered.pictures);
    result.note = std::move(rendered.note);
  } else {
    result.note = "PNG and SVG were not asked for.";
  }
  if (!result.pictures.empty())
    for (Figure* figure : figures) figure->png = read_file(beside(*figure, ".png"));
  page.pictures_note = result.note;
  if (const fs::path library = share_folder() / "figures.js"; fs::exists(library)) page.library = read_file(library);
  result.comparison =
      write_table(folder / "comparison.tsv", page.comparison.is_empty() ? "" : comparison_tsv(input, page.comparison));
  result.ablation = write_table(folder / "ablation.tsv", page.ablation.empty() ? "" : ablation_tsv(input));
  write_table(folder / "named_sets.tsv", lineage_table_tsv(input));
  write_table(folder / "zero_shot.tsv", zero_shot_tsv(input));
  result.card = folder / "model-card.md";
  write_file(result.card, model_card_markdown(input));
  result.html = folder / "report.html";
  write_file(result.html, make_page(page));
  context.log("report      " + counted(static_cast<std::int64_t>(input.variants.size()), "variant") + "  " +
              counted(static_cast<std::int64_t>(figures.size()), "figure") + "  " + fixed(watch.seconds(), 1) + " s");
  if (!result.note.empty() && options.pictures) context.warn(result.note);
  return result;
}

}  // namespace cellverdict
