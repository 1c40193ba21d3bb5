#pragma once
// The page itself, as text. What a reader must know stands before any number; every table says how many cells and units it rests
// on.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/report.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct PageInput {
  const ReportInput& report;
  std::vector<Figure> overview;
  std::vector<std::vector<Figure>> variants;  // one list a variant
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
std::string variant_section(PageState& state, std::size_t index);
// "genotype + day (× 0.3)".
std::string heads_in_words(const Evaluation& evaluation);
// "matched by day".
std::string split_in_words(const SplitSummary& split);

std::string page_style();
std::string page_script();

}  // namespace cellverdict
