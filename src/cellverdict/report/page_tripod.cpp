// Where each item of the reporting guideline TRIPOD+AI (Collins et al., BMJ 2024;385:e078378) stands on this page, in words of our
// own. Much of it only the authors of a study know: the table says so instead of guessing.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>

#include <algorithm>
#include <string_view>

namespace cellverdict {

namespace {

struct Item {
  std::string_view number, asks, where;
};

constexpr std::string_view kNot = "not reported by this program: the authors must add it";

constexpr Item kItems[] = {
    {"1", "title: names development or evaluation of a prediction model", "title of the page, as the experiment file gives it"},
    {"2", "abstract", kNot},
    {"3a", "the clinical context, and models there are", kNot},
    {"3b", "for whom, for what and for which users", "Intended use; the clinical pathway is not reported"},
    {"3c", "known inequalities in health", kNot},
    {"4", "objectives", "the question under the title"},
    {"5a", "sources of data", "How to run it again: files and hashes; their origin is not reported"},
    {"5b", "dates of recruitment and follow-up", kNot},
    {"6a", "setting, number and places of centres", kNot},
    {"6b", "who was eligible", "Cohort flow, for cells; for people not reported"},
    {"6c", "treatments received", kNot},
    {"7", "preparation and quality control of data", "Cohort flow, Genes, quality figures, the experiment file"},
    {"8a", "the outcome: definition and time", "the label's column and classes; how it was diagnosed is not reported"},
    {"8b, 8c", "who assessed the outcome, and blinding", kNot},
    {"9a, 9b", "predictors: choice and definition", "Genes"},
    {"9c", "who assessed predictors", "not applicable: counts of a sequencer"},
    {"10", "sample size and why", "units, donors and cells of each side; no calculation was made beforehand"},
    {"11", "missing data", "cells without a label, unit or donor are refused; absent genes: see Genes"},
    {"12a", "which data served for what", "The split, table and drawing"},
    {"12b", "how predictors were handled", "Genes, the experiment file"},
    {"12c", "kind of model, how built, tuned and internally validated", "The split, Folds, learning curves, the experiment file"},
    {"12d", "differences between clusters", "Folds, Subgroups, What goes with the label"},
    {"12e", "measures of performance", "How sure is this, reliability, net benefit, Beside simple models"},
    {"12f", "updating of the model", "not applicable: nothing was updated"},
    {"12g", "how predictions were made", "How probabilities became calls"},
    {"13", "imbalance of classes", "units of each class in The split; weights in the experiment file"},
    {"14", "fairness", "Subgroups, for the columns that [evaluate] subgroups names; of others nothing is known"},
    {"15", "output of the model, and thresholds", "How probabilities became calls"},
    {"16", "differences between training and evaluation data", "The split, What goes with the label"},
    {"17", "ethical approval", kNot},
    {"18a, 18b", "funding and interests", kNot},
    {"18c, 18d", "protocol and registration", kNot},
    {"18e", "access to data", kNot},
    {"18f", "access to code", "How to run it again: command, version, seed and hashes"},
    {"19", "involvement of patients and public", kNot},
    {"20a", "flow of participants", "Cohort flow, The split"},
    {"20b", "characteristics of participants", "What goes with the label, for recorded columns; a table of people is not reported"},
    {"20c", "development against evaluation data", "The split"},
    {"21", "participants and outcomes in each analysis", "The split, and the caption of every table"},
    {"22", "the full model", "the model folder of the run, not this page; its hashes stand in the Model card"},
    {"23a", "performance with intervals", "How sure is this, What a call would mean elsewhere"},
    {"23b", "performance between clusters", "Folds, Subgroups"},
    {"24", "results of updating", "not applicable: nothing was updated"},
    {"25", "interpretation", "the answer, Verdict, Beside simple models; fairness is not discussed"},
    {"26", "limitations", "What this cannot show"},
    {"27a", "poor or absent input when used", "a file that lacks too many of the model's genes is refused"},
    {"27b", "what users must know and do", "Intended use"},
    {"27c", "next steps", kNot},
};

}  // namespace

std::string tripod_section() {
  Table table{
      .caption = "TRIPOD+AI, in our own short words", .columns = {"item", "asks for", "where it stands here"}, .css = "evidence"};
  for (const auto& item : kItems) table.rows.push_back({std::string(item.number), std::string(item.asks), std::string(item.where)});
  const auto n_not = std::ranges::count_if(kItems, [](const Item& item) { return item.where == kNot; });
  return "<h2 id=\"tripod\">Reporting checklist</h2>\n" +
         html_paragraph("Of the " + std::to_string(std::size(kItems)) + " rows below " + std::to_string(n_not) +
                        " are for the authors of the study alone. TRIPOD+AI: Collins et al., BMJ 2024;385:e078378.") +
         "<details><summary>TRIPOD+AI, item by item</summary>\n" + html_of(table) + "</details>\n";
}

}  // namespace cellverdict
