#include <cellverdict/io/text_table.h>

#include <cellverdict/io/text_lines.h>
#include <cellverdict/io/utf8.h>

namespace cellverdict {

namespace {

constexpr std::size_t kMostColumns = 64;

std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"')
        fields.back() += line[i++];
      else
        quoted = !quoted;
    } else if (c == separator && !quoted) {
      if (fields.size() == kMostColumns) break;
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

char separator_of(std::string_view line) {
  for (const char c : {'\t', ',', ';'})
    if (line.find(c) != std::string_view::npos) return c;
  return '\t';
}

}  // namespace

TextTable read_text_table(const std::filesystem::path& file) {
  TextLines lines(file);
  TextTable table;
  char separator = 0;
  for (std::string_view line; lines.next(line);) {
    if (lines.number() == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line.empty() || (line.starts_with('#') && table.rows.empty())) continue;
    if (const auto place = first_foreign_byte(line)) lines.refuse(foreign_text(line, *place), "UTF-8", "save the table as UTF-8");
    if (separator == 0) separator = separator_of(line);
    table.rows.push_back(split(line, separator));
    table.lines.push_back(lines.number());
  }
  return table;
}

}  // namespace cellverdict
