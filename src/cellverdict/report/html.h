#pragma once
// Pieces of the page and the way numbers and names are written in it. Every text that comes from a file or a person goes through
// escape_html; nothing else may put such a text into the page.

#include <cellverdict/base/run_context.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cellverdict {

std::string escape_html(std::string_view text);
// For a <script type="application/json">: no `<` is left in it, so that no text can end the element.
std::string escape_json_in_html(std::string_view json);
std::string base64(std::string_view bytes);
// Of a relative path, so that a name with a space or a hash is still a link.
std::string escape_href(std::string_view path);

// "0.871"; "n/a" when not finite.
std::string fixed(double x, int decimals);
// A metric between 0 and 1 in three decimals, "n/a" when there is none.
std::string metric(const std::optional<double>& x);
// Six decimals at most: what a figure can show.
double rounded(double x);
// Lower-case letters, digits and dashes: a name for files. Never empty.
std::string file_name_of(std::string_view name);

struct Cell {
  std::string text;
  std::string note;        // small, after the text: "inverted"
  bool is_number = false;  // right aligned
  bool is_bad = false;     // wants attention
  Cell() = default;
  Cell(std::string t) : text(std::move(t)) {}  // NOLINT(google-explicit-constructor): rows are lists of texts
  Cell(const char* t) : text(t) {}             // NOLINT(google-explicit-constructor)
};
Cell number_cell(std::string text);
Cell count_cell(std::int64_t n);

struct Table {
  std::string caption, banner;  // the banner stands in the caption
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
  std::string css;  // class of the table; one of the style sheet's
};
// Lines in a cell ("\n") become lines in the page.
std::string html_of(const Table& table);
std::string html_paragraph(std::string_view text, std::string_view css = {});
// Empty when there are no items.
std::string html_list(const std::vector<std::string>& items, std::string_view css = {});

}  // namespace cellverdict
