#pragma once
// The page, figures and tables of a patient space: what neighbours, label means, groups and rank tests say of units and their
// annotations.

#include <cellverdict/evaluate/space.h>
#include <cellverdict/report/figures.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

// A column units are coloured by: labels, or numbers where `labels.levels` is empty.
struct SpaceColour {
  SpaceLabels labels;
  NamedNumbers numbers;
  std::vector<std::string> shown;  // of the levels; the others are drawn grey
  std::string note;                // how they were chosen
};

struct SpaceReport {
  std::string source;  // file name
  std::string unit_noun = "unit";
  std::int64_t n_units = 0;
  std::vector<std::string> warnings;  // before any number
  std::vector<std::string> notes;
  std::vector<std::string> unit_names;
  std::vector<SpaceTable> tables;  // the embedding first
  std::vector<SpaceColour> colours;
  std::vector<NeighbourScore> neighbours;
  std::vector<LabelSimilarity> similarities;
  StableGroups groups;  // without counts: not asked for
  std::vector<SpaceAssociation> associations;
  std::string severity, response;  // columns
  std::vector<LevelDifference> differences;
  std::vector<NamedNumbers> numbers;  // what was compared
  SpaceLabels severity_labels;
  std::vector<ResponseScore> responses;
};

std::vector<Figure> space_figures(const SpaceReport& report);
// A page that needs no network. Figures hold their drawn pictures, or none.
std::string space_page(const SpaceReport& report, const std::vector<Figure>& figures);

struct SpaceFiles {
  std::vector<std::filesystem::path> written;
  std::string note;  // why there are no pictures
};
// space.html, a table of every kind of result (.tsv) and figures/ in `folder`.
SpaceFiles write_space_report(const SpaceReport& report, const std::filesystem::path& folder);

}  // namespace cellverdict
