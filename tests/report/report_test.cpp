// The page and the files beside it.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/html.h>
#include <cellverdict/report/render.h>
#include <doctest/doctest.h>
#include <report/example_evaluation.h>
#include <report/folder.h>

#include <nlohmann/json.hpp>

using namespace cellverdict;
namespace fs = std::filesystem;

namespace {

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++n;
  return n;
}

// From the heading of variant `number` to that of the next.
std::string section(const std::string& page, std::size_t number) {
  const auto from = page.find("<h2 id=\"variant-" + std::to_string(number) + "\"");
  REQUIRE(from != std::string::npos);
  return page.substr(from, page.find("</section>", from) - from);
}

std::string page_of(const ReportInput& input, const fs::path& folder, const ReportOptions& options = {.pictures = false}) {
  return read_file(write_report({}, input, folder, options).html);
}

const std::string kBanner(kOptimisticBanner);

}  // namespace

TEST_CASE("what must be read first stands before any number") {
  const TemporaryFolder folder("first");
  auto input = example::report();
  input.variants[0].evaluation.first_lines.push_back("A line of one evaluation.");
  const std::string page = page_of(input, folder.path);
  const auto first = page.find("One patient and one sister: what is told apart may be the person");
  REQUIRE(first != std::string::npos);
  CHECK(page.find("A line of one evaluation.") < page.find("Verdict</h2>"));
  CHECK(count_of(page, "One patient and one sister") == 2);  // here, and among the limits of the model card
  const std::string before = page.substr(page.find("<body>"), first - page.find("<body>"));
  for (const char digit : std::string("023456789")) CHECK(before.find(digit) == std::string::npos);  // 1: the <h1>
  CHECK(first < page.find("<table"));
  CHECK(page.find("For research. Not for diagnosis") != std::string::npos);
}

TEST_CASE("the sentence about the day stands right under the comparison, once for the variants that share it") {
  const TemporaryFolder folder("meaning");
  const std::string page = page_of(example::report(), folder.path);
  const auto table = page.find("All variants, on their test sides");
  const auto meaning = page.find("<div class=\"meaning\">");
  CHECK(table < meaning);
  CHECK(page.substr(table, meaning - table).find("<h") == std::string::npos);
  CHECK(page.find("mixed days, model A, mixed days, model B:</span> The day alone gets every test library wrong") !=
        std::string::npos);
  CHECK(page.find("inverted</small>") != std::string::npos);
  CHECK(page.find("AUC of<br>day alone<br>(libraries)") != std::string::npos);
}

TEST_CASE("every table and figure of an optimistic split bears the banner, and none of the others") {
  const TemporaryFolder folder("banner");
  auto input = example::report();
  CHECK(count_of(page_of(input, folder.path), kBanner) == 0);
  input.variants.push_back(example::random_cells_variant());
  const auto result = write_report({}, input, folder.path, {.pictures = false});
  const std::string page = read_file(result.html);
  for (std::size_t number = 1; number <= 4; ++number) CHECK(count_of(section(page, number), kBanner) == 0);
  const std::string optimistic = section(page, 5);
  const auto captions = count_of(optimistic, "<caption>");
  CHECK(captions >= 4);
  CHECK(count_of(optimistic, "<span class=\"banner\">" + kBanner + "</span></span></caption>") == captions);
  CHECK(page.find("All variants, on their test sides<span class=\"banner\">random cells, model A: " + kBanner) !=
        std::string::npos);
  std::size_t n_optimistic = 0;
  for (const auto& path : result.specs) {
    const auto subtitle = nlohmann::json::parse(read_file(path))["title"]["subtitle"];
    bool shows_it = path.parent_path().filename() == "random-cells-model-a" || path.parent_path().filename() == "figures";
    if (path.filename() == "roc_model_b.vl.json") shows_it = false;  // the optimistic variant is Model A
    CHECK_MESSAGE((subtitle.dump().find(kBanner) != std::string::npos) == shows_it, path);
    if (!shows_it) continue;
    CHECK(subtitle[0].get<std::string>().ends_with(kBanner));
    ++n_optimistic;
  }
  CHECK(n_optimistic == 3 + 2 + 9);
}

TEST_CASE("the comparison counts units and people, not results and joined names, and shows a covariate's AUC over units") {
  const TemporaryFolder folder("counts");
  auto input = example::report();
  input.variants.resize(1);
  Evaluation& e = input.variants[0].evaluation;
  for (auto& unit : e.units) unit.unit = "LIB07";  // one library, both classes
  for (auto& unit : e.split.units)
    if (unit.label == "Control") unit.donors = {unit.side == Side::unused ? "nobody" : "Smith, J", "sister"};
  e.split.units.push_back({"LIB99", {"left out"}, "Control", "4", Side::unused, 10});
  e.baselines[0].unit_auc = 0.125;
  e.baselines[0].cell_auc = 0.875;
  const std::string page = page_of(input, folder.path);
  CHECK(page.find("The evidence is 1 library on the smallest test side") != std::string::npos);
  CHECK(page.find("Donors by class: Control 2 donors, Patient 1 donor.") != std::string::npos);
  CHECK(page.find("of 2 called right: 1 library, each class of one on its own.") != std::string::npos);
  const auto table = page.find("All variants, on their test sides");
  const std::string comparison = page.substr(table, page.find("</table>", table) - table);
  CHECK(comparison.find("0.125") != std::string::npos);
  CHECK(comparison.find("0.875") == std::string::npos);
}

TEST_CASE("names from files cannot enter the page as markup") {
  const TemporaryFolder folder("escape"), no_library("empty");
  auto input = example::report();
  const std::string evil = "</script><b id=evil onclick='x'>&\"";
  input.title = input.question = input.experiment = evil;
  input.first_lines = {evil};
  input.provenance = {{evil, evil}};
  auto& variant = input.variants[0];
  variant.genes_note = {evil};
  variant.flow.units[0] = variant.flow.stages[0].name = evil;
  auto& e = variant.evaluation;
  e.name = e.verdict = e.positive = e.classes[1] = e.split.classes[1] = e.threshold_source = e.split.scheme = e.split.by = evil;
  e.warnings = {evil};
  e.answer = evil;
  e.permutations = {{.model = evil, .statistic = evil, .within = evil, .deals = {0.5}, .p_value = 0.5, .n_distinct = evil},
                    {.model = evil, .why_not = evil}};
  e.confounding = {{.column = evil, .one_class_values = {{evil, evil, 2}}, .nested = "", .warning = evil}};
  e.folds = {{.held_out = evil, .threshold_source = evil, .temperature_source = evil}, {}};
  e.metrics = {{.metric = evil, .why_not = evil}, {.metric = "auc", .interval = Interval{.method = evil}}};
  e.rivals = {{.name = evil, .how = evil, .difference = {.why_not = evil}, .sentence = evil}};
  e.split.notes = {evil};
  e.split.units[0].unit = e.split.units[0].stratum = evil;
  e.split.units[0].donors = {evil};
  e.units[0].unit = e.units[0].donor = e.units[0].stratum = e.units[0].predicted = evil;
  e.heads[0].label = e.heads[0].classes[0] = evil;
  e.baselines[0].covariate = e.baselines[0].sentence = e.baselines[0].rules[0].value = evil;
  const std::string page = page_of(input, folder.path);
  CHECK(count_of(page, "id=evil") > 30);
  CHECK(count_of(page, "<b id") == 0);
  const Setting share("CELLVERDICT_SHARE", no_library.path.string());
  const std::string plain = page_of(input, folder.path);
  CHECK(count_of(plain, "<script") == 0);
  CHECK(count_of(plain, "</script") == 0);
}

TEST_CASE("without an interpreter the page is written, and one sentence says why there are no pictures") {
  const TemporaryFolder folder("nopython");
  fs::create_directories(folder.path / "figures");
  write_file(folder.path / "figures" / "roc_by_variant.png", "of an earlier report");
  const Setting python("CELLVERDICT_PYTHON", "/nowhere/python");
  const auto result = write_report({}, example::report(), folder.path, {});
  CHECK(result.pictures.empty());
  CHECK(result.note.find("PNG and SVG were skipped: no Python interpreter at /nowhere/python") == 0);
  CHECK(read_file(result.html).find(escape_html(result.note)) != std::string::npos);
  CHECK(result.specs.size() == 33);
  CHECK_FALSE(fs::exists(folder.path / "figures" / "roc_by_variant.png"));
}

TEST_CASE("an interpreter without vl-convert, or one that fails, is said to be so") {
  const TemporaryFolder folder("failing");
  const auto note_with = [&](const std::string& program) {
    write_file(folder.path / "python", "#!/bin/sh\n" + program + "\n");
    fs::permissions(folder.path / "python", fs::perms::owner_all);
    const Setting python("CELLVERDICT_PYTHON", (folder.path / "python").string());
    return render_figures({folder.path / "a.vl.json"}).note;
  };
  CHECK(note_with("exit 3").find("has no vl-convert; `pip install vl-convert-python`") != std::string::npos);
  CHECK(note_with("echo first; echo last words. >&2; exit 1").find("failed (last words).") != std::string::npos);
  CHECK(note_with("kill -9 $$").find("PNG and SVG were skipped") == 0);
  CHECK(note_with("exit 0").empty());
}

TEST_CASE("pictures stand beside their specs when vl-convert is there") {
  const TemporaryFolder folder("pictures");
  auto input = example::report();
  input.variants.resize(1);
  const auto result = write_report({}, input, folder.path, {});
  if (result.pictures.empty()) {
    MESSAGE("skipped: " << result.note);
    return;
  }
  CHECK(result.note.empty());
  REQUIRE(result.pictures.size() == 2 * result.specs.size());
  for (const auto& picture : result.pictures) {
    const std::string bytes = read_file(picture);
    CHECK(bytes.starts_with(picture.extension() == ".png" ? "\x89PNG" : "<svg"));
  }
  const std::string page = read_file(result.html);
  CHECK(page.find("href=\"figures/mixed-days-model-a/roc.png\"") != std::string::npos);
}

TEST_CASE("the pictures stand in the page where the library that draws the figures is missing") {
  const TemporaryFolder folder("static"), share_without_library("share");
  fs::copy_file(share_folder() / "render_figures.py", share_without_library.path / "render_figures.py");
  const Setting share("CELLVERDICT_SHARE", share_without_library.path.string());
  auto input = example::report();
  input.variants.resize(1);
  const auto result = write_report({}, input, folder.path, {});
  if (result.pictures.empty()) {
    MESSAGE("skipped: " << result.note);
    return;
  }
  const std::string page = read_file(result.html);
  CHECK(count_of(page, "<img alt=") == result.specs.size());
  CHECK(count_of(page, " width=\"0\"") == 0);
  CHECK(page.find("The figures are not interactive") != std::string::npos);
  CHECK(page.find("script-src 'none'") != std::string::npos);
}

TEST_CASE("the page allows no network and loads nothing") {
  const TemporaryFolder folder("policy");
  const std::string page = page_of(example::report(), folder.path);
  CHECK(page.find("default-src 'none'; connect-src 'none'; img-src data:;") != std::string::npos);
  CHECK(page.find("unsafe-eval") == std::string::npos);
  CHECK(count_of(page, "script-src 'unsafe-inline'") == 0);
  CHECK(count_of(page, "<script src") == 0);
  CHECK(count_of(page, "<link") == count_of(page, "<link rel=\"icon\" href=\"data:,\">"));
  CHECK(count_of(page, "href=\"http") == 0);
}

TEST_CASE("the same input gives the same bytes wherever the report stands") {
  const TemporaryFolder one("one"), two("two");
  CHECK(page_of(example::report(), one.path) == page_of(example::report(), two.path));
}

TEST_CASE("variants of the same name get folders of their own, and a given folder is used") {
  const TemporaryFolder folder("folders");
  auto input = example::report();
  input.variants[1].evaluation.name = input.variants[0].evaluation.name;
  input.variants[2].figures = folder.path / "elsewhere" / "my figures";
  const std::string page = page_of(input, folder.path);
  CHECK(fs::exists(folder.path / "figures" / "mixed-days-model-a" / "roc.vl.json"));
  CHECK(fs::exists(folder.path / "figures" / "mixed-days-model-a-2" / "roc.vl.json"));
  CHECK(fs::exists(folder.path / "elsewhere" / "my figures" / "roc.vl.json"));
  CHECK(page.find("href=\"elsewhere/my%20figures/roc.vl.json\"") != std::string::npos);
}

TEST_CASE("a report of nothing, or of a variant nothing is known of, is still a page") {
  const TemporaryFolder folder("empty_report");
  CHECK(page_of({}, folder.path).find("</html>") != std::string::npos);
  ReportInput input;
  input.variants.resize(1);
  CHECK(page_of(input, folder.path).find("</html>") != std::string::npos);
}

TEST_CASE("pieces of the page: base64, file names, plurals, numbers") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(file_name_of("Day-matched t19/v0: Model A!") == "day-matched-t19-v0-model-a");
  CHECK(file_name_of("../..") == "variant");
  CHECK(plural_of("library") == "libraries");
  CHECK(metric(std::nullopt) == "n/a");
  CHECK(metric(0.8714999) == "0.871");
  CHECK(fixed(1.0 / 0.0, 3) == "n/a");
  CHECK(escape_json_in_html("\"</script>\"") == "\"\\u003c/script>\"");
}

TEST_CASE("the page links to the explanations in its run's folders, and says when one is of an earlier model") {
  const TemporaryFolder folder("explained");
  auto input = example::report();
  CHECK(page_of(input, folder.path).find("explain.html") == std::string::npos);
  input.variants[0].model = {{"weights", "SHA-256 abc123"}};
  input.variants[0].figures = folder.path / "first" / "figures";
  write_file(folder.path / "first" / "explained" / "explain.html", "page");
  write_file(folder.path / "first" / "explained" / "explain.json", R"({"model_sha256": "abc123"})");
  const std::string page = page_of(input, folder.path);
  CHECK(page.find("href=\"first/explained/explain.html\"") != std::string::npos);
  CHECK(page.find("of an earlier model") == std::string::npos);
  write_file(folder.path / "first" / "explained" / "explain.json", R"({"explanations": [{"model_sha256": "another"}]})");
  CHECK(page_of(input, folder.path).find("of an earlier model") != std::string::npos);
}
