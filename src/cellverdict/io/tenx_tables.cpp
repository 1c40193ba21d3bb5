#include <cellverdict/io/tenx_tables.h>

#include <cellverdict/base/error.h>
#include <cellverdict/io/text_lines.h>
#include <cellverdict/io/utf8.h>

#include <string_view>
#include <unordered_map>

namespace cellverdict {

namespace {

// The field before the first tab, which is taken off `line`.
std::string_view take_field(std::string_view& line) {
  const std::size_t tab = line.find('\t');
  const std::string_view field = line.substr(0, tab);
  line = tab == std::string_view::npos ? std::string_view() : line.substr(tab + 1);
  return field;
}

void refuse_foreign(const TextLines& lines, std::string_view line) {
  if (const auto place = first_foreign_byte(line)) lines.refuse(foreign_text(line, *place), "UTF-8", "save the file as UTF-8");
}

[[noreturn]] void refuse_repeated(const std::filesystem::path& file, const std::string& what, std::int64_t first,
                                  std::int64_t second, const std::string& expected) {
  throw InputError({.where = file.string() + " line " + std::to_string(second),
                    .found = what + " again, first in line " + std::to_string(first),
                    .expected = expected});
}

}  // namespace

TenxBarcodes read_tenx_barcodes(const std::filesystem::path& file, std::int64_t most) {
  TextLines lines(file);
  TenxBarcodes out;
  for (std::string_view line; lines.next(line);) {
    ++out.n_lines;
    if (out.n_lines > most) continue;
    refuse_foreign(lines, line);
    out.extra_columns |= line.find('\t') != std::string_view::npos;
    const std::string_view barcode = take_field(line);
    if (barcode.empty()) lines.refuse("an empty line", "a barcode");
    out.barcodes.emplace_back(barcode);
  }
  return out;
}

TenxFeatures read_tenx_features(const std::filesystem::path& file, std::int64_t most) {
  TextLines lines(file);
  TenxFeatures out;
  for (std::string_view line; lines.next(line);) {
    ++out.n_lines;
    if (out.n_lines > most) continue;
    refuse_foreign(lines, line);
    const std::string_view id = take_field(line), symbol = take_field(line), type = take_field(line);
    if (id.empty()) lines.refuse("a line without a gene id", "id, symbol and type separated by tabs");
    out.version_3 |= !type.empty();
    if (!type.empty() && type != "Gene Expression") {
      ++out.dropped[std::string(type)];
      out.gene_of_row.push_back(-1);
      continue;
    }
    out.gene_of_row.push_back(static_cast<std::int32_t>(out.genes.ids.size()));
    out.genes.ids.emplace_back(id);
    out.genes.symbols.emplace_back(symbol.empty() ? id : symbol);
    out.line_of_gene.push_back(lines.number());
  }
  return out;
}

void refuse_repeated_barcodes(const std::filesystem::path& file, const TenxBarcodes& barcodes) {
  std::unordered_map<std::string_view, std::int64_t> seen;
  std::int64_t number = 0;
  for (const auto& barcode : barcodes.barcodes)
    if (const auto [place, added] = seen.emplace(barcode, ++number); !added)
      refuse_repeated(file, "barcode " + barcode, place->second, number, "distinct barcodes");
}

void refuse_repeated_ids(const std::filesystem::path& file, const TenxFeatures& features) {
  std::unordered_map<std::string_view, std::int64_t> seen;
  for (std::size_t i = 0; i < features.genes.ids.size(); ++i) {
    const std::int64_t line = features.line_of_gene[i];
    if (const auto [place, added] = seen.emplace(features.genes.ids[i], line); !added)
      refuse_repeated(file, "gene id " + features.genes.ids[i], place->second, line, "distinct ids (symbols may repeat)");
  }
}

}  // namespace cellverdict
