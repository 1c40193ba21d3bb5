// The program: a verb, its words, one catch.

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/version.h>
#include <cellverdict/cli/arguments.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/train/classifier.h>

#include <cstdio>
#include <new>

namespace {

using namespace cellverdict;

void dispatch(const std::string& name, std::vector<std::string> words) {
  if (name == "version" || name == "--version") return print_result("cellverdict " + std::string(version()) + ", LibTorch " + (torch_version().empty() ? "none" : torch_version()) + "\n");
  if (name == "help" || name == "--help" || name == "-h") {
    if (words.empty()) return print_result(overview());
    if (words[0] == "--markdown") return print_result(manual_markdown());
    return dispatch(words[0], {"--help"});
  }
  std::vector<std::string> names = {"help", "version"};
  for (const auto& verb : verbs()) {
    if (name == verb.name) return verb.run(words);
    names.emplace_back(verb.name);
  }
  throw UsageError({.where = "cellverdict", .found = "'" + name + "'", .expected = "a verb", .advice = suggestion(name, names)});
}

int fail(const std::string& name, const std::string& what, int exit_code) {
  std::fprintf(stderr, "cellverdict%s: error: %s\n", name.empty() ? "" : (" " + name).c_str(), what.c_str());
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  try {
    if (name.empty()) {
      std::fputs(overview().c_str(), stderr);
      return 2;
    }
    dispatch(name, {argv + 2, argv + argc});
    return 0;
  } catch (const HelpRequested& help) {
    print_result(help.text);
    return 0;
  } catch (const Error& error) {
    return fail(name, error.what(), error.exit_code());
  } catch (const std::bad_alloc&) {
    return fail(name, "the machine's memory is used up; give a smaller --memory or fewer cells.", 1);
  } catch (const std::exception& error) {
    return fail(name, std::string("a bug in cellverdict: ") + error.what(), 70);
  }
}
