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

// Of models of this report; false when any is of another, trained before or since.
bool is_of(const fs::path& folder, const std::vector<ReportVariant>& variants) {
  const auto record = nlohmann::json::parse(read_file(folder / "explain.json"), nullptr, false);
  if (!record.is_object()) return false;
  std::vector<std::string> hashes;
  const auto add = [&](const nlohmann::json& of) {
    if (of.is_object() && of.contains("model_sha256") && of["model_sha256"].is_string()) hashes.push_back(of["model_sha256"]);
  };
  add(record);
  if (record.contains("explanations") && record["explanations"].is_array())
    for (const auto& part : record["explanations"]) add(part);
  return std::ranges::all_of(hashes, [&](const std::string& hash) {
    return std::ranges::any_of(variants, [&](const ReportVariant& variant) {
      return std::ranges::any_of(variant.model, [&](const auto& fact) { return fact.second.find(hash) != std::string::npos; });
    });
  });
}

std::string item(const std::string& link, const std::string& name, bool is_of_these) {
  return "<li><a href=\"" + escape_href(link) + "\">" + escape_html(name) + "</a>" +
         (is_of_these ? "" : " <span class=\"bad\">of an earlier model: explain the run again</span>") + "</li>\n";
}

}  // namespace

std::string explained_section(const PageInput& input) {
  const auto& variants = input.report.variants;
  std::set<fs::path> seen;
  std::string links;
  const auto add = [&](const fs::path& named, const std::string& name) {
    const fs::path folder = named.lexically_normal();
    if (!fs::exists(folder / "explain.html") || !fs::exists(folder / "explain.json") || !seen.insert(folder).second) return;
    links += item((folder / "explain.html").lexically_relative(input.folder).generic_string(), name, is_of(folder, variants));
  };
  add(input.folder / kFolder, variants.size() == 1 ? "Which genes and cells moved the net" : "All models side by side");
  for (const auto& variant : variants)
    if (!variant.figures.empty()) add(variant.figures.parent_path() / kFolder, variant.evaluation.name);
  return links.empty() ? "" : "<h2 id=\"explained\">Explanations</h2>\n<ul>\n" + links + "</ul>\n";
}

}  // namespace cellverdict
