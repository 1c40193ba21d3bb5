#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/cli/arguments.h>

#include <CLI/CLI.hpp>

#include <algorithm>

namespace cellverdict {

struct Arguments::Parser {
  CLI::App app;
  std::string verb, examples, group = "Options";
  std::vector<std::string> names;  // long options, for suggestions
};

Arguments::Arguments(const std::string& verb, const std::string& one_line, const std::vector<std::string>& examples)
    : parser_(std::make_unique<Parser>()) {
  parser_->verb = verb;
  for (const auto& example : examples) parser_->examples += "  " + example + "\n";
  parser_->app.description(one_line);
  parser_->app.name("cellverdict " + verb);
  const auto formatter = parser_->app.get_formatter();
  formatter->column_width(34);
  for (const auto& [theirs, ours] : {std::pair("REQUIRED", ""), std::pair("OPTIONS", "options"), std::pair("Positionals", "What")})
    formatter->label(theirs, ours);
  parser_->app.set_help_flag("-h,--help", "this help");
}

Arguments::~Arguments() = default;

namespace {

template <class Parser, class T>
void add(Parser& parser, const std::string& names, T& out, const std::string& help) {
  parser.app.add_option(names, out, help)->capture_default_str()->group(parser.group);
  parser.names.push_back(names);
}

}  // namespace

namespace {

// The library's words in ours: "FILE is required", "Could not convert: --threads = many", "--out: 1 required TEXT missing".
Complaint complaint_about(const CLI::ParseError& failure, const std::string& advice) {
  const std::string said = failure.what();
  const auto before = [&](const std::string& mark) { return said.substr(0, said.find(mark)); };
  if (failure.get_name() == "RequiredError" && said.ends_with(" is required"))
    return {.where = before(" is required"), .found = "nothing", .expected = "what is to be worked on", .advice = advice};
  if (failure.get_name() == "ConversionError" && said.starts_with("Could not convert: ") && said.find(" = ") != std::string::npos)
    return {.where = before(" = ").substr(19),
            .found = "'" + said.substr(said.find(" = ") + 3) + "'",
            .expected = "a number",
            .advice = advice};
  if (failure.get_name() == "ArgumentMismatch" && said.find(": ") != std::string::npos)
    return {.where = before(": "), .found = "no value after it", .expected = "one", .advice = advice};
  return {.where = "", .found = said, .expected = "", .advice = advice};
}

}  // namespace

void Arguments::positional(const std::string& name, std::vector<std::string>& out, const std::string& help) {
  parser_->app.add_option(name, out, help)->required()->group("What");
}
void Arguments::positional(const std::string& name, std::string& out, const std::string& help) {
  parser_->app.add_option(name, out, help)->required()->group("What");
}
void Arguments::option(const std::string& names, std::string& out, const std::string& help) {
  add(*parser_, names, out, help);
}
void Arguments::option(const std::string& names, std::int64_t& out, const std::string& help) {
  add(*parser_, names, out, help);
}
void Arguments::option(const std::string& names, double& out, const std::string& help) {
  add(*parser_, names, out, help);
}
void Arguments::option(const std::string& names, std::vector<std::string>& out, const std::string& help) {
  parser_->app.add_option(names, out, help)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(parser_->group);
  parser_->names.push_back(names);
}
void Arguments::option(const std::string& names, std::function<void(const std::string&)> use, const std::string& help,
                       const std::string& shown_default) {
  auto* option = parser_->app.add_option_function<std::string>(names, use, help)->group(parser_->group);
  const bool text = shown_default.starts_with('"');
  option->type_name(text ? "TEXT" : "NUMBER");
  option->default_str(text ? shown_default.substr(1, shown_default.size() - 2) : shown_default);
  parser_->names.push_back(names);
}
void Arguments::flag(const std::string& names, bool& out, const std::string& help) {
  parser_->app.add_flag(names, out, help)->group(parser_->group);
  parser_->names.push_back(names);
}
void Arguments::group(const std::string& name) {
  parser_->group = name;
}

std::string Arguments::help() const {
  std::string text = parser_->app.help();
  if (parser_->examples.empty()) return text;
  return "Examples:\n" + parser_->examples + "\n" + text;
}

void Arguments::parse(const std::vector<std::string>& words) {
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // as the library wants them
  try {
    parser_->app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    throw HelpRequested{help()};
  } catch (const CLI::ExtrasError&) {
    const auto extras = parser_->app.remaining();
    std::vector<std::string> known;
    for (const auto& names : parser_->names) known.push_back(names.substr(0, names.find(',')));
    const std::string first = extras.empty() ? "" : extras.front();
    throw UsageError({.where = "",
                      .found = "'" + first + "'",
                      .expected = "an option or argument of this verb",
                      .advice = suggestion(first, known)});
  } catch (const CLI::ParseError& failure) {
    throw UsageError(complaint_about(failure, "`cellverdict help " + parser_->verb + "` shows how it is used"));
  }
}

}  // namespace cellverdict
