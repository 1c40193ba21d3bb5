#include <cellverdict/io/sample_sheet.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/utf8.h>

#include <algorithm>
#include <map>
#include <set>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kLargestSheet = std::uintmax_t{256} << 20;

struct Record {
  std::int64_t line = 0;  // where it begins
  std::vector<std::string> fields;
};

[[noreturn]] void refuse(const fs::path& file, std::int64_t line, std::string found, std::string expected,
                         std::string advice = {}) {
  throw InputError({file.string() + (line > 0 ? " line " + std::to_string(line) : ""), std::move(found), std::move(expected),
                    std::move(advice)});
}

// Splits delimited text into records; fields in quotes may hold separators, line ends and doubled quotes (RFC 4180).
class Splitter {
 public:
  Splitter(const fs::path& file, std::string_view text, char separator) : file_(file), text_(text), separator_(separator) {}

  bool next(Record& record) {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n")) end_line();  // blank lines
    if (at_ == text_.size()) return false;
    record.line = line_;
    record.fields.clear();
    for (;;) {
      record.fields.push_back(text_[at_ < text_.size() ? at_ : 0] == '"' && at_ < text_.size() ? quoted() : plain());
      if (at_ == text_.size()) return true;
      if (text_[at_] != separator_) break;
      ++at_;
    }
    end_line();
    return true;
  }

 private:
  bool at_line_end() const { return at_ == text_.size() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n"; }

  void end_line() {
    at_ += text_[at_] == '\r' ? 2 : 1;
    ++line_;
  }

  std::string plain() {
    const std::size_t begin = at_;
    while (!at_line_end() && text_[at_] != separator_) {
      if (text_[at_] == '"')
        refuse(file_, line_, "a quote inside a field", "quotes around the whole field", "double the quotes inside");
      if (text_[at_] == '\r' || text_[at_] == '\0')
        refuse(file_, line_, "a byte that is no text", "plain text in UTF-8 with LF or CRLF lines",
               "save the sheet as CSV (UTF-8)");
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string quoted() {
    const std::int64_t opened = line_;
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] == '"') {
        ++at_;
        if (at_ == text_.size() || text_[at_] != '"') {
          if (!at_line_end() && text_[at_] != separator_)
            refuse(file_, line_, "text after a closing quote", "a separator or the end of the line");
          return out;
        }
      }
      out += text_[at_];
    }
    refuse(file_, opened, "a quote that is never closed", "a closing quote");
  }

  const fs::path& file_;
  std::string_view text_;
  char separator_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

void check_header(const fs::path& file, const Record& header) {
  std::set<std::string> seen;
  for (const auto& name : header.fields) {
    if (name.empty()) refuse(file, header.line, "a column without a name", "a name for every column");
    if (!seen.insert(name).second) refuse(file, header.line, "column '" + name + "' twice", "distinct columns", "rename one");
  }
  if (seen.contains("path") || seen.contains("prefix")) return;
  const bool semicolons = header.fields.size() == 1 && header.fields[0].find(';') != std::string::npos;
  refuse(file, header.line, "columns " + listed(header.fields), "a column path or prefix",
         semicolons ? "separate the columns by commas or tabs, not semicolons"
                    : "name the file or folder of each row in it; if this is to be a matrix, numbers must stand in every column "
                      "but those of names");
}

std::string field_of(const Record& header, const Record& row, const std::string& name) {
  const auto place = std::find(header.fields.begin(), header.fields.end(), name);
  return place == header.fields.end() ? "" : row.fields[place - header.fields.begin()];
}

// Takes one row into the sheet; `seen` maps the names and paths so far to their lines.
void add_row(SampleSheet& sheet, const Record& header, const Record& row, std::map<std::string, std::int64_t>& seen) {
  const auto& file = sheet.file;
  if (row.fields.size() != header.fields.size())
    refuse(file, row.line, counted(static_cast<std::int64_t>(row.fields.size()), "field"),
           std::to_string(header.fields.size()) + ", as in the header");
  const std::string path = field_of(header, row, "path"), prefix = field_of(header, row, "prefix");
  if (path.empty() == prefix.empty())
    refuse(file, row.line, path.empty() ? "neither a path nor a prefix" : "both a path and a prefix", "one of them");
  const std::string& name = row.fields.front();
  if (name.empty()) refuse(file, row.line, "an empty " + header.fields.front(), "a name for the row");
  if (const auto [place, added] = seen.emplace("name " + name, row.line); !added)
    refuse(file, row.line, header.fields.front() + " '" + name + "' again, first in line " + std::to_string(place->second),
           "distinct values in the first column");
  // A prefix keeps its last character, so only a path may be tidied.
  const fs::path resolved = path.empty() ? file.parent_path() / prefix : (file.parent_path() / path).lexically_normal();
  if (const auto [place, added] = seen.emplace("path " + resolved.string(), row.line); !added)
    refuse(file, row.line, "'" + (path.empty() ? prefix : path) + "' again, first in line " + std::to_string(place->second),
           "every file or folder once");
  sheet.paths.push_back(resolved);
  sheet.labels.index.push_back(name);
}

}  // namespace

SampleSheet read_sample_sheet(const fs::path& file) {
  std::error_code failure;
  if (const auto bytes = fs::file_size(file, failure); !failure && bytes > kLargestSheet)
    refuse(file, 0, "a file of " + with_commas(static_cast<std::int64_t>(bytes)) + " bytes", "a sample sheet");
  const std::string whole = read_file(file);
  std::string_view text = whole;
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    refuse(file, 0, "UTF-16 text", "UTF-8", "save the sheet as CSV (UTF-8)");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (const auto place = first_foreign_byte(text))
    refuse(file, 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(*place), '\n'), foreign_text(text, *place),
           "UTF-8", "save the sheet as CSV UTF-8");
  const std::string_view first_line = text.substr(0, text.find('\n'));
  const char separator = first_line.find('\t') != std::string_view::npos ? '\t' : ',';
  Splitter splitter(file, text, separator);
  Record header, row;
  if (!splitter.next(header)) refuse(file, 0, "an empty file", "a header and one row per library or donor");
  check_header(file, header);
  SampleSheet sheet;
  sheet.file = file;
  std::map<std::string, std::int64_t> seen;
  std::vector<std::vector<std::string>> columns(header.fields.size());
  while (splitter.next(row)) {
    add_row(sheet, header, row, seen);
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].push_back(row.fields[i]);
  }
  if (sheet.paths.empty()) refuse(file, 0, "a header and no rows", "one row per library or donor");
  // Labels stay text: "007" and "7" are different donors.
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (header.fields[i] != "path" && header.fields[i] != "prefix")
      sheet.labels.set(header.fields[i], make_text_column(columns[i]));
  return sheet;
}

}  // namespace cellverdict
