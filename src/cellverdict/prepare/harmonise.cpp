#include <cellverdict/prepare/harmonise.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/text_table.h>

#include <algorithm>

namespace cellverdict {

Column with_values_renamed(const Column& values, const std::function<std::string(const std::string&)>& called_here) {
  // A number of which there are a few is a word like others.
  Column column = values.kind == Column::Kind::text ? values : as_text_column(values);
  std::vector<std::string> names;
  for (const auto& level : column.levels) names.push_back(called_here(level));
  const Column renamed = make_text_column(names);  // codes of the old levels in the new ones
  for (auto& code : column.codes)
    if (code >= 0) code = renamed.codes[code];
  column.levels = renamed.levels;
  return column;
}

Harmonisation::Harmonisation(const std::filesystem::path& file) : file_(file.string()) {
  const TextTable table = read_text_table(file);
  const std::vector<std::string> header = table.rows.empty() ? std::vector<std::string>{} : table.rows[0];
  const auto place_of = [&](const char* name) { return std::find(header.begin(), header.end(), name) - header.begin(); };
  const auto column = place_of("column"), from = place_of("from"), to = place_of("to"), source = place_of("source");
  const auto n = std::ssize(header);
  if (column == n || from == n || to == n)
    throw InputError({.where = file_,
                      .found = header.empty() ? "nothing" : "columns " + listed(header),
                      .expected = "columns column, from and to (and source, if a row is for one source)",
                      .advice = "separate them by tabs or commas"});
  for (std::size_t row = 1; row < table.rows.size(); ++row) {
    const auto field = [&](std::ptrdiff_t place) {
      return place < std::ssize(table.rows[row]) ? table.rows[row][static_cast<std::size_t>(place)] : std::string();
    };
    const std::string where = file_ + " line " + std::to_string(table.lines[row]);
    if (field(column).empty() || field(from).empty())
      throw InputError({.where = where, .found = "no column or no value to look for", .expected = "both"});
    if (!words_[field(column)][field(source)].emplace(field(from), field(to)).second)
      throw InputError({.where = where,
                        .found = "'" + field(from) + "' of '" + field(column) + "' once more",
                        .expected = "one row for each value",
                        .advice = "take one of them away"});
  }
}

const Harmonisation::Words* Harmonisation::words_of(const std::string& column, const std::string& source) const {
  const auto of_column = words_.find(column);
  if (of_column == words_.end()) return nullptr;
  const auto words = of_column->second.find(source);
  return words == of_column->second.end() ? nullptr : &words->second;
}

std::vector<std::string> Harmonisation::columns(const std::string& source) const {
  std::vector<std::string> names;
  for (const auto& [column, sources] : words_)
    if (sources.contains(source) || sources.contains("")) names.push_back(column);
  return names;
}

Column Harmonisation::apply(const std::string& column, const std::string& source, const Column& values) const {
  const Words* const lists[] = {words_of(column, source), words_of(column, "")};
  return with_values_renamed(values, [&](const std::string& value) -> std::string {
    for (const char* any : {"", "*"})
      for (const Words* words : lists) {
        if (words == nullptr) continue;
        const auto found = words->find(*any == '*' ? std::string("*") : value);
        if (found != words->end()) return found->second;
      }
    return value;
  });
}

std::string Harmonisation::words_for(const std::string& source) const {
  std::string text;
  // With its length before it no word can be taken for another.
  const auto add = [&text](const std::string& word) { text += std::to_string(word.size()) + ':' + word; };
  for (const auto& column : columns(source))
    for (const std::string& of : {source, std::string()}) {
      const Words* const words = words_of(column, of);
      add(column);
      add(std::to_string(words == nullptr ? 0 : words->size()));
      if (words == nullptr) continue;
      for (const auto& [from, to] : *words) {
        add(from);
        add(to);
      }
    }
  return text;
}

void Harmonisation::check_sources(const std::vector<std::string>& sources) const {
  for (const auto& [column, of_sources] : words_)
    for (const auto& [source, words] : of_sources)
      if (!source.empty() && std::find(sources.begin(), sources.end(), source) == sources.end())
        throw UsageError({.where = file_,
                          .found = "source '" + source + "', which is none of the study's",
                          .expected = "",
                          .advice = suggestion(source, sources)});
}

}  // namespace cellverdict
