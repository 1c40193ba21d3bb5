// Escaping, number formats and tables of the page.

#include <cellverdict/report/html.h>
#include <fmt/format.h>

#include <cctype>
#include <cmath>

namespace cellverdict {

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  return out;
}

std::string escape_json_in_html(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      out += "\\u003c";  // `<` stands only inside strings of JSON, where this means the same
    else
      out += c;
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    unsigned group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += j <= n ? kDigits[group >> (18 - 6 * j) & 63u] : '=';
  }
  return out;
}

std::string escape_href(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '/' || c == '.' || c == '-' || c == '_')
      out += c;
    else
      out += fmt::format("%{:02X}", byte);
  }
  return out;
}

std::string fixed(double x, int decimals) {
  return std::isfinite(x) ? fmt::format("{:.{}f}", x, decimals) : "n/a";
}

std::string metric(const std::optional<double>& x) {
  return x ? fixed(*x, 3) : "n/a";
}

double rounded(double x) {
  return std::round(x * 1e6) / 1e6;
}

std::string file_name_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 128 && std::isalnum(byte) != 0)
      out += static_cast<char>(std::tolower(byte));
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "variant" : out;
}

Cell number_cell(std::string text) {
  Cell cell(std::move(text));
  cell.is_number = true;
  return cell;
}

Cell count_cell(std::int64_t n) {
  return number_cell(with_commas(n));
}

namespace {

std::string with_lines(std::string_view text) {
  std::string out = escape_html(text);
  for (std::size_t at = 0; (at = out.find('\n', at)) != std::string::npos; at += 4) out.replace(at, 1, "<br>");
  return out;
}

std::string css_attribute(std::string_view css) {
  return css.empty() ? std::string() : fmt::format(" class=\"{}\"", css);
}

}  // namespace

std::string html_of(const Table& table) {
  std::string out = "<div class=\"scroll\"><table" + css_attribute(table.css) + ">\n<caption><span>" + escape_html(table.caption);
  if (!table.banner.empty()) out += "<span class=\"banner\">" + escape_html(table.banner) + "</span>";
  out += "</span></caption>\n<thead><tr>";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const bool is_number = !table.rows.empty() && i < table.rows.front().size() && table.rows.front()[i].is_number;
    out += fmt::format("<th scope=\"col\"{}>{}</th>", is_number ? " class=\"num\"" : "", with_lines(table.columns[i]));
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Cell& cell = row[i];
      std::string css = cell.is_number ? "num" : "";
      if (cell.is_bad) css += css.empty() ? "bad" : " bad";
      const std::string text = with_lines(cell.text) + (cell.note.empty() ? "" : "<small>" + with_lines(cell.note) + "</small>");
      out += i == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", css_attribute(css), text)
                    : fmt::format("<td{}>{}</td>", css_attribute(css), text);
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string html_paragraph(std::string_view text, std::string_view css) {
  return text.empty() ? std::string() : fmt::format("<p{}>{}</p>\n", css_attribute(css), escape_html(text));
}

std::string html_list(const std::vector<std::string>& items, std::string_view css) {
  if (items.empty()) return {};
  std::string out = fmt::format("<ul{}>\n", css_attribute(css));
  for (const auto& item : items) out += "<li>" + escape_html(item) + "</li>\n";
  return out + "</ul>\n";
}

}  // namespace cellverdict
