#include <cellverdict/io/geo_platform.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/gene_columns.h>
#include <cellverdict/io/geo_soft.h>
#include <cellverdict/io/utf8.h>

#include <algorithm>
#include <array>
#include <initializer_list>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// As plain_word has them, in order of preference.
constexpr std::array<std::string_view, 7> kSymbols = {"genesymbol", "symbol",     "genesymbols", "ilmngene",
                                                      "genename",   "hgncsymbol", "orf"};
constexpr std::array<std::string_view, 5> kEntrez = {"entrezgeneid", "geneid", "entrezid", "entrezgene", "locuslinkid"};
constexpr std::array<std::string_view, 4> kEnsembl = {"ensemblgeneid", "ensemblid", "ensembl", "ensemblgene"};
constexpr std::string_view kAssignment = "geneassignment";

// Texts between a separator, without spaces around them; empty ones and "---" are none.
std::vector<std::string_view> parts_of(std::string_view cell, std::string_view separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t stop = cell.find(separator);
    parts.push_back(geo_text(cell.substr(0, stop)));
    if (stop == std::string_view::npos) return parts;
    cell.remove_prefix(stop + separator.size());
  }
}

bool is_none(std::string_view gene) {
  return gene.empty() || gene == "---" || gene == "NA" || gene == "null";
}

// The `field`-th of the texts that "//" separates, or the whole text (-1).
std::vector<std::string_view> genes_in(std::string_view cell, int field) {
  std::vector<std::string_view> genes;
  for (std::string_view part : parts_of(cell, "///")) {
    if (field >= 0) {
      const auto fields = parts_of(part, "//");
      part = std::ssize(fields) > field ? fields[static_cast<std::size_t>(field)] : std::string_view();
    }
    if (!is_none(part) && std::find(genes.begin(), genes.end(), part) == genes.end()) genes.push_back(part);
  }
  return genes;
}

ProbeGenes genes_of(const SoftTable& table, const GeoPlatform& platform, std::size_t column, int field, const std::string& file) {
  ProbeGenes out;
  out.source = (platform.accession.empty() ? file : platform.accession) + ", column " + table.columns[column];
  out.probes = platform.probes;
  const Names cells = table.texts(column);
  for (std::int64_t i = 0; i < table.n_rows(); ++i) {
    if (const auto place = first_foreign_byte(cells[i]))
      throw InputError({.where = file + " line " + std::to_string(table.first_line + i),
                        .found = foreign_text(cells[i], *place),
                        .expected = "UTF-8",
                        .advice = "save the table as UTF-8"});
    for (const auto gene : genes_in(cells[i], field)) out.genes.push_back(gene);
    out.starts.push_back(static_cast<std::int64_t>(out.genes.size()));
  }
  return out;
}

template <class Wanted>
std::optional<std::size_t> find_column(const SoftTable& table, const Wanted& wanted) {
  for (const auto word : wanted)
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      if (plain_word(table.columns[c]) == word) return c;
  return std::nullopt;
}

// A plain table: comments (#) above a header.
SoftTable read_plain_table(const fs::path& path) {
  TextLines lines{InputBytes(path)};
  SoftTable table;
  for (std::string_view line; lines.next(line);) {
    if (lines.number() == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (geo_text(line).empty() || (table.columns.empty() && line.starts_with('#'))) continue;
    if (table.columns.empty()) {
      std::vector<std::string_view> parts;
      split_tabs(line, parts);
      for (const auto part : parts) table.columns.emplace_back(geo_text(part));
      table.first_line = lines.number() + 1;
      continue;
    }
    table.text += line;
    table.text += '\n';
    table.starts.push_back(std::ssize(table.text));
  }
  return table;
}

SoftTable read_table(const fs::path& path, GeoPlatform& platform) {
  const GeoKind kind = geo_kind_of(path);
  if (kind == GeoKind::html) refuse_html(path);
  if (kind == GeoKind::none) return read_plain_table(path);
  if (kind == GeoKind::soft || kind == GeoKind::annotation) {
    SoftReader reader(path);
    for (SoftEntity entity; reader.next(entity);) {
      const bool annotation = entity.kind == "ANNOTATION";
      if (!entity.has_table || (!annotation && entity.kind != "PLATFORM")) continue;
      platform.accession = annotation ? entity.field("Annotation_platform") : entity.name;
      platform.title = entity.field(annotation ? "Annotation_platform_title" : "Platform_title");
      return std::move(entity.table);
    }
  }
  throw InputError({.where = path.string(),
                    .found = "no table of a platform",
                    .expected = "a GPL in SOFT, a .annot, or a table with a header and a column of probes",
                    .advice = "GEO gives it as GPL96.annot.gz or, by \"Download full table\", as GPL96-57554.txt"});
}

}  // namespace

GeoPlatform read_geo_platform(const fs::path& path) {
  GeoPlatform platform;
  const SoftTable table = read_table(path, platform);
  platform.columns = table.columns;
  const auto id =
      find_column(table, std::initializer_list<std::string_view>{"id", "probeid", "probesetid", "idref", "probe", "probeset"});
  platform.probes = table.texts(id.value_or(0));
  if (platform.probes.empty())
    throw InputError({.where = path.string(), .found = "a table without lines", .expected = "a line for each probe"});
  check_probes(path, platform.probes);
  const std::string file = path.filename().string();
  const auto take = [&](std::optional<std::size_t> column, int field, std::optional<ProbeGenes>& genes, std::string& name) {
    if (!column || genes) return;
    ProbeGenes found = genes_of(table, platform, *column, field, file);
    if (found.genes.empty()) return;
    genes = std::move(found);
    name = table.columns[*column];
  };
  take(find_column(table, kSymbols), -1, platform.symbols, platform.symbol_column);
  take(find_column(table, kEntrez), -1, platform.entrez, platform.entrez_column);
  take(find_column(table, kEnsembl), -1, platform.ensembl, platform.ensembl_column);
  const auto assignment = find_column(table, std::initializer_list<std::string_view>{kAssignment});
  take(assignment, 1, platform.symbols, platform.symbol_column);
  take(assignment, 4, platform.entrez, platform.entrez_column);
  if (!platform.symbols && !platform.entrez && !platform.ensembl)
    throw InputError({.where = path.string(),
                      .found = "no column of genes among " + listed(table.columns, 20),
                      .expected = "Gene Symbol, ENTREZ_GENE_ID, Ensembl or gene_assignment",
                      .advice = ""});
  return platform;
}

}  // namespace cellverdict
