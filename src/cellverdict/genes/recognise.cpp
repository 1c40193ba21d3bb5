#include <cellverdict/genes/recognise.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace cellverdict {

namespace {

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Upper case, so that a mouse's Gapdh is met by GAPDH.
std::string upper(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// Genes of every tissue, and the first of the alphabet: a table that is read from its top shows those first. Sorted.
constexpr std::array<std::string_view, 62> kKnown = {
    "A1BG",  "A1CF",     "A2M",    "A2ML1",  "A4GALT", "A4GNT",  "AAAS",  "AACS",  "AADAC", "AAGAB", "AAK1",  "AAMP", "AARS",
    "AARS1", "AARS2",    "AASDH",  "ABAT",   "ABCA1",  "ABCA2",  "ACTB",  "ACTG1", "APOE",  "B2M",   "CD14",  "CD19", "CD3D",
    "CD3E",  "CD4",      "CD8A",   "EEF1A1", "EGFR",   "ENO1",   "FTH1",  "FTL",   "FOXP3", "GAPDH", "GATA1", "GNLY", "HBB",
    "HPRT1", "HSP90AB1", "KRAS",   "LDHA",   "LYZ",    "MALAT1", "MKI67", "MS4A1", "MYC",   "NEAT1", "NKG7",  "PGK1", "PPIA",
    "PTPRC", "S100A8",   "S100A9", "TBP",    "TMSB4X", "TP53",   "TUBB",  "UBB",   "VIM",   "XIST"};

// "RPL13A" after "RPL": a digit or P (the stalk proteins RPLP0) goes on.
bool family(const std::string& name, std::string_view stem) {
  return name.size() > stem.size() && name.starts_with(stem) && (is_digit(name[stem.size()]) || name[stem.size()] == 'P');
}

// Clones and predicted genes, which annotations hold by the thousand: AC012345.1, AL627309.5, RP11-34P13.7, LINC00115, Gm1992,
// 0610007P14Rik.
bool is_clone(std::string_view name) {
  if (name.size() >= 8 && name[0] == 'A' && (name[1] == 'C' || name[1] == 'L' || name[1] == 'P') && all_digits(name.substr(2, 6)))
    return true;
  if (name.starts_with("LINC") && all_digits(name.substr(4))) return true;
  if (name.starts_with("Gm") && all_digits(name.substr(2))) return true;
  if (name.size() > 10 && name.ends_with("Rik") && is_digit(name[0])) return true;
  return name.starts_with("RP11-") && name.size() > 8;
}

}  // namespace

bool looks_like_gene(std::string_view name) {
  if (looks_like_ensembl(name) || is_clone(name)) return true;
  if (name.size() < 2 || name.size() > 16) return false;
  const std::string text = upper(name);
  for (const std::string_view stem : {"MT-", "HLA-", "H2-"})
    if (text.starts_with(stem) && text.size() > stem.size()) return true;
  return family(text, "RPL") || family(text, "RPS") || std::find(kKnown.begin(), kKnown.end(), text) != kKnown.end();
}

bool looks_like_barcode(std::string_view name) {
  std::size_t longest = 0, run = 0;
  for (const char c : name) {
    run = c == 'A' || c == 'C' || c == 'G' || c == 'T' || c == 'N' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest >= 10;
}

}  // namespace cellverdict
