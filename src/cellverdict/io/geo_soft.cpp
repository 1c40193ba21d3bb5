#include <cellverdict/io/geo_soft.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <limits>
#include <tuple>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kLongestLine = std::int64_t{1} << 30;

bool same_letters(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool ends_with_word(std::string_view line, std::string_view word) {
  line = geo_text(line);
  return line.size() >= word.size() && same_letters(line.substr(line.size() - word.size()), word);
}

// "!Sample_title = x" without its mark.
std::pair<std::string, std::string> field_of(std::string_view line) {
  line.remove_prefix(1);
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return {std::string(geo_text(line)), ""};
  return {std::string(geo_text(line.substr(0, equals))), std::string(geo_text(line.substr(equals + 1)))};
}

}  // namespace

std::string_view SoftTable::row(std::int64_t i) const {
  std::string_view line =
      std::string_view(text).substr(static_cast<std::size_t>(starts[i]), static_cast<std::size_t>(starts[i + 1] - starts[i]));
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<std::size_t> SoftTable::find(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (same_letters(columns[i], column)) return i;
  return std::nullopt;
}

Names SoftTable::texts(std::size_t column) const {
  Names out;
  for (std::int64_t i = 0; i < n_rows(); ++i) {
    std::string_view rest = row(i);
    bool there = true;
    for (std::size_t c = 0; c < column && there; ++c) {
      const std::size_t tab = rest.find('\t');
      there = tab != std::string_view::npos;
      if (there) rest.remove_prefix(tab + 1);
    }
    out.push_back(there ? geo_text(rest.substr(0, rest.find('\t'))) : std::string_view());
  }
  return out;
}

std::vector<std::vector<float>> SoftTable::numbers(const std::vector<std::size_t>& ascending, const std::string& file) const {
  constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::vector<float>> out(ascending.size());
  for (auto& column : out) column.reserve(static_cast<std::size_t>(n_rows()));
  for (std::int64_t i = 0; i < n_rows(); ++i) {
    const std::string_view line = row(i);
    const char *p = line.data(), *const end = p + line.size();
    std::size_t at = 0;
    for (std::size_t k = 0; k < ascending.size(); ++k) {
      while (p != nullptr && at < ascending[k]) {
        p = p == end ? nullptr : static_cast<const char*>(std::memchr(p, '\t', static_cast<std::size_t>(end - p)));
        if (p != nullptr) ++p;
        ++at;
      }
      float value = kMissing;
      if (p != nullptr && (p = read_value(p, end, value)) == nullptr)
        throw InputError({.where = file + " line " + std::to_string(first_line + i),
                          .found = "a value in column " + std::to_string(ascending[k] + 1) + " ('" + columns[ascending[k]] +
                                   "') that is no number",
                          .expected = "a number, or nothing, NA or null",
                          .advice = ""});
      out[k].push_back(value);
    }
  }
  return out;
}

std::string SoftEntity::field(std::string_view wanted) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& x) { return same_letters(x.first, wanted); });
  return found == fields.end() ? "" : found->second;
}

SoftReader::SoftReader(const fs::path& path) : lines_(InputBytes(path), kLongestLine) {
  if (geo_kind_of(path) == GeoKind::html) refuse_html(path);
}

bool SoftReader::next(SoftEntity& entity, bool with_text) {
  entity = {};
  std::string_view line;
  while (pending_.empty() && !ended_) {
    ended_ = !lines_.next(line);
    if (ended_) break;
    if (lines_.number() == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (geo_text(line).empty()) continue;
    if (!line.starts_with('^'))
      lines_.refuse("'" + std::string(line.substr(0, 40)) + "'", "a line that begins an entity, such as ^SAMPLE = GSM1");
    pending_ = line;
  }
  if (ended_) return false;
  std::tie(entity.kind, entity.name) = field_of(pending_);
  std::transform(entity.kind.begin(), entity.kind.end(), entity.kind.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  pending_.clear();
  while (!(ended_ = !lines_.next(line))) {
    if (line.starts_with('^')) {
      pending_ = line;
      return true;
    }
    if (line.starts_with('!') && ends_with_word(line, "_table_begin")) {
      read_table(entity, with_text);
    } else if (line.starts_with('!')) {
      entity.fields.push_back(field_of(line));
    } else if (line.starts_with('#')) {
      entity.columns.push_back(field_of(line));
    } else if (!geo_text(line).empty()) {
      lines_.refuse("'" + std::string(line.substr(0, 40)) + "' outside of a table", "a line that begins with !, # or ^");
    }
  }
  ended_ = true;
  pending_.clear();
  return true;
}

void SoftReader::read_table(SoftEntity& entity, bool with_text) {
  entity.has_table = true;
  SoftTable& table = entity.table = {};
  std::string_view line;
  std::vector<std::string_view> parts;
  bool header = true;
  while (lines_.next(line)) {
    if (line.starts_with('!') && ends_with_word(line, "_table_end")) return;
    if (header) {
      split_tabs(line, parts);
      for (const auto part : parts) table.columns.emplace_back(geo_text(part));
      while (table.columns.size() > 1 && table.columns.back().empty()) table.columns.pop_back();
      table.first_line = lines_.number() + 1;
      header = false;
      continue;
    }
    if (with_text) {
      table.text += line;
      table.text += '\n';
    }
    table.starts.push_back(with_text ? std::ssize(table.text) : 0);
  }
  throw InputError(
      {.where = lines_.path().string(),
       .found = "the end of the file within the table of " + entity.name + ", after line " + std::to_string(lines_.number()),
       .expected = "its end (!" + entity.kind + "_table_end)",
       .advice = "the file is truncated: download it again"});
}

}  // namespace cellverdict
