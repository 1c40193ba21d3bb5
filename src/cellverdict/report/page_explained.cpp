// Links from a report to the explanations that lie in its run's folders.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/report/page.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFolder = "explained";

// Of the model that the explanation says it is of; false when it is of another, trained before or since.
bool is_of(const fs::path& folder, const ReportVariant& variant) {
  const auto record = nlohmann::json::parse(read_file(folder / "explain.json"), nullptr, false);
  if (!record.is_object() || !record.contains("model_sha256")) return true;  // of several models, each with a record of its own
  const std::string hash = record.value("model_sha256", "");
  return std::ranges::any_of(variant.model, [&](const auto& fact) { return fact.second.find(hash) != std::string::npos; });
}

}  // namespace

std::string explained_section(const PageInput& input) {
  std::set<fs::path> seen;
  std::string links;
  const auto add = [&](const fs::path& folder, const ReportVariant& variant, bool of_variant) {
    if (!fs::exists(folder / "explain.html") || !fs::exists(folder / "explain.json") || !seen.insert(folder).second) return;
    const std::string link = escape_href((folder / "explain.html").lexically_relative(input.folder).generic_string());
    links += "<li><a href=\"" + link + "\">" +
             escape_html(of_variant ? variant.evaluation.name : "Which genes and cells moved the net") + "</a>" +
             (is_of(folder, variant) ? "" : " <span class=\"bad\">of an earlier model: explain the run again</span>") + "</li>\n";
  };
  const auto& variants = input.report.variants;
  if (variants.size() == 1) add((input.folder / kFolder).lexically_normal(), variants.front(), false);
  for (const auto& variant : variants)
    if (!variant.figures.empty()) add((variant.figures.parent_path() / kFolder).lexically_normal(), variant, variants.size() > 1);
  const fs::path whole = (input.folder / kFolder).lexically_normal();
  if (variants.size() > 1 && fs::exists(whole / "explain.html") && seen.insert(whole).second)
    links += "<li><a href=\"" + escape_href((fs::path(kFolder) / "explain.html").generic_string()) +
             "\">All models side by side</a></li>\n";
  return links.empty() ? "" : "<h2 id=\"explained\">Explanations</h2>\n<ul>\n" + links + "</ul>\n";
}

}  // namespace cellverdict
