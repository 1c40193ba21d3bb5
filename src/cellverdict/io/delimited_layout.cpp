#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/genes/recognise.h>
#include <cellverdict/io/delimited_layout.h>
#include <cellverdict/io/gene_columns.h>
#include <cellverdict/io/utf8.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>

namespace cellverdict {

namespace {

constexpr std::size_t kProbedLines = 20, kProbedBytes = std::size_t{32} << 20;

// Leading columns so called hold no values, though they may hold numbers.
constexpr std::array<std::string_view, 46> kAnnotations = {
    "geneid",       "gene",   "genename",  "genesymbol",  "symbol",      "ensemblid",  "ensemblgeneid", "entrezid",
    "entrezgeneid", "id",     "name",      "chr",         "chrom",       "chromosome", "seqnames",      "start",
    "end",          "strand", "length",    "width",       "description", "biotype",    "genebiotype",   "genetype",
    "cell",         "cellid", "barcode",   "sample",      "sampleid",    "library",    "donor",         "donorid",
    "batch",        "day",    "label",     "cluster",     "celltype",    "condition",  "disease",       "sex",
    "age",          "group",  "ncountrna", "nfeaturerna", "totalcounts", "percentmt"};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

struct Line {
  std::int64_t number = 0;
  std::vector<std::string> fields;
};

Line split(const std::string& text, std::int64_t number, char separator) {
  Line line{.number = number};
  LineFields fields(text, separator);
  for (std::string_view field; fields.next(field);) line.fields.emplace_back(field);
  return line;
}

struct FirstLines {
  std::vector<std::string> texts;
  std::vector<std::int64_t> numbers;
};

// The header and some lines below; comments (featureCounts writes one) and blank lines above the header are passed over.
FirstLines read_first_lines(TextLines& lines) {
  FirstLines out;
  std::size_t bytes = 0;
  std::string_view line;
  lines.rewind();
  while (out.texts.size() <= kProbedLines && (out.texts.size() < 2 || bytes < kProbedBytes) && lines.next(line)) {
    if (out.texts.empty() && lines.number() == 1) {
      if (line.starts_with("\xff\xfe") || line.starts_with("\xfe\xff"))
        lines.refuse("UTF-16 text", "UTF-8", "save the table as CSV UTF-8");
      if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    }
    if (line.find('\0') != std::string_view::npos) lines.refuse("bytes that are no text", "a table of text");
    if (out.texts.empty() && (trimmed(line).empty() || line.starts_with('#'))) continue;
    bytes += line.size();
    out.texts.emplace_back(line);
    out.numbers.push_back(lines.number());
  }
  lines.rewind();
  return out;
}

// The separator that gives header and first line the same number of fields, or the header one less.
std::optional<char> find_separator(const FirstLines& first) {
  for (const char separator : {'\t', ',', ';', ' '}) {
    const std::size_t header = split(first.texts[0], 0, separator).fields.size(),
                      body = split(first.texts[1], 0, separator).fields.size();
    if (body >= 2 && (header == body || header + 1 == body)) return separator;
  }
  return std::nullopt;
}

[[noreturn]] void refuse_ragged(const TextLines& lines, const FirstLines& first) {
  std::size_t header = 1, body = 1;
  for (const char separator : {'\t', ',', ';', ' '})
    if (const std::size_t n = split(first.texts[1], 0, separator).fields.size(); n > body) {
      body = n;
      header = split(first.texts[0], 0, separator).fields.size();
    }
  throw InputError(
      {.where = lines.path().string() + " line " + std::to_string(first.numbers[1]),
       .found = counted(static_cast<std::int64_t>(body), "field") + " below a header of " + std::to_string(header),
       .expected = "a table of numbers with a name before each line, separated by tabs, commas, semicolons or spaces"});
}

bool all_of_column(const std::vector<Line>& body, std::size_t column, const std::function<bool(const std::string&)>& holds) {
  return std::all_of(body.begin(), body.end(),
                     [&](const Line& line) { return column < line.fields.size() && holds(line.fields[column]); });
}

void assign_roles(DelimitedLayout& layout, const std::vector<Line>& body) {
  layout.roles.assign(layout.headers.size(), FieldRole::value);
  layout.roles[0] = FieldRole::names;
  bool leading = true;
  for (std::size_t i = 1; i < layout.roles.size(); ++i) {
    const bool named =
        leading && std::find(kAnnotations.begin(), kAnnotations.end(), plain_word(layout.headers[i])) != kAnnotations.end();
    // A column that is text in every line is no column of values; one that is only missing stays, to be refused with its line.
    const bool text = all_of_column(body, i, [](const std::string& x) { return !value_of_field(x); }) &&
                      !all_of_column(body, i, [](const std::string& x) { return is_missing_field(x); });
    if (named || text) {
      layout.roles[i] = FieldRole::annotation;
    } else {
      leading = false;
    }
  }
  // What a separator at the end of every line makes.
  if (layout.headers.back().empty() &&
      all_of_column(body, layout.headers.size() - 1, [](const std::string& x) { return x.empty(); }))
    layout.roles.back() = FieldRole::blank;
}

void check_layout(const DelimitedLayout& layout, const TextLines& lines, const std::vector<Line>& body) {
  const auto refuse = [&](std::int64_t line, std::string found, std::string expected, std::string advice) {
    throw InputError(
        {lines.path().string() + " line " + std::to_string(line), std::move(found), std::move(expected), std::move(advice)});
  };
  const auto n_values = std::count(layout.roles.begin(), layout.roles.end(), FieldRole::value);
  if (n_values == 0) {
    const bool comma = layout.separator == ';' && body[0].fields.size() > 1 && body[0].fields[1].find(',') != std::string::npos;
    refuse(body[0].number, comma ? "decimal commas ('" + body[0].fields[1] + "')" : "no column of numbers", "a table of numbers",
           comma ? "write the numbers with points" : "");
  }
  const auto numeric = [](const std::string& x) { return value_of_field(x).has_value(); };
  const bool numbers_alone = std::all_of(layout.headers.begin() + 1, layout.headers.end(), numeric) && layout.corner;
  if (numbers_alone && (looks_like_gene(layout.headers[0]) || (numeric(layout.headers[0]) && numeric(body[0].fields[0]))))
    refuse(layout.header_line, "numbers where names should stand",
           "a header with the names of the columns, and a name before each line", "add both names to the file");
}

}  // namespace

bool LineFields::next(std::string_view& field) {
  if (ended_) return false;
  if (!rest_.empty() && rest_.front() == '"') return quoted(field);
  const std::size_t stop = rest_.find(separator_);
  field = rest_.substr(0, stop);
  ended_ = stop == std::string_view::npos;
  if (!ended_) rest_.remove_prefix(stop + 1);
  return true;
}

bool LineFields::quoted(std::string_view& field) {
  unquoted_.clear();
  std::size_t at = 1;
  for (;;) {
    const std::size_t quote = rest_.find('"', at);
    if (quote == std::string_view::npos) {
      damaged_ = ended_ = true;
      return false;
    }
    unquoted_.append(rest_.substr(at, quote - at));
    at = quote + 1;
    if (at >= rest_.size() || rest_[at] != '"') break;
    unquoted_ += '"';
    ++at;
  }
  ended_ = at >= rest_.size();
  if (!ended_ && rest_[at] != separator_) {
    damaged_ = ended_ = true;
    return false;
  }
  if (!ended_) rest_.remove_prefix(at + 1);
  field = unquoted_;
  return true;
}

std::optional<float> value_of_field(std::string_view field) {
  field = trimmed(field);
  if (!field.empty() && field.size() <= 7) {  // most values are small whole numbers, exact in a float
    std::int32_t whole = 0;
    std::size_t i = 0;
    for (; i < field.size() && field[i] >= '0' && field[i] <= '9'; ++i) whole = whole * 10 + (field[i] - '0');
    if (i == field.size()) return static_cast<float>(whole);
  }
  if (field.starts_with('+')) field.remove_prefix(1);
  double value = 0;
  const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (field.empty() || failure != std::errc() || end != field.data() + field.size() || !std::isfinite(static_cast<float>(value)))
    return std::nullopt;
  return static_cast<float>(value);
}

bool is_missing_field(std::string_view field) {
  const std::string word = plain_word(std::string(field));
  return word.empty() || word == "na" || word == "nan" || word == "null" || word == "none" || word == "inf";
}

std::string DelimitedLayout::separator_name() const {
  return separator == '\t' ? "tab" : separator == ',' ? "comma" : separator == ';' ? "semicolon" : "space";
}

DelimitedLayout read_layout(TextLines& lines) {
  const FirstLines first = read_first_lines(lines);
  if (first.texts.size() < 2)
    throw InputError({.where = lines.path().string(),
                      .found = first.texts.empty() ? "no line with anything in it" : "a single line",
                      .expected = "a header and a line of numbers for each gene or cell"});
  const auto separator = find_separator(first);
  if (!separator) refuse_ragged(lines, first);
  DelimitedLayout layout{.separator = *separator, .header_line = first.numbers[0]};
  layout.headers = split(first.texts[0], 0, *separator).fields;
  std::vector<Line> body;
  for (std::size_t i = 1; i < first.texts.size(); ++i) body.push_back(split(first.texts[i], first.numbers[i], *separator));
  if (body.size() > 1 && first.texts.back().empty()) body.pop_back();
  layout.corner = layout.headers.size() == body[0].fields.size();
  if (!layout.corner) layout.headers.insert(layout.headers.begin(), "");
  for (auto& header : layout.headers) {
    if (const auto place = first_foreign_byte(header))
      throw InputError({.where = lines.path().string() + " line " + std::to_string(layout.header_line),
                        .found = foreign_text(header, *place),
                        .expected = "UTF-8",
                        .advice = "save the table as CSV UTF-8"});
    header = std::string(trimmed(header));
  }
  assign_roles(layout, body);
  check_layout(layout, lines, body);
  return layout;
}

}  // namespace cellverdict
