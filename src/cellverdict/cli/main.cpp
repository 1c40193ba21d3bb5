// The program: a verb, its words, one catch.

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/version.h>
#include <cellverdict/cli/arguments.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/train/classifier.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <string_view>
#include <thread>

namespace {

using namespace cellverdict;

// The name of the verb is given back for messages: empty for one that is unknown.
std::string known_verb(const std::string& name) {
  for (const auto& verb : verbs())
    if (name == verb.name) return name;
  return {};
}

void dispatch(const std::string& name, std::vector<std::string> words) {
  if (name == "version" || name == "--version")
    return print_result("cellverdict " + std::string(version()) + ", LibTorch " +
                        (torch_version().empty() ? "none" : torch_version()) + "\n");
  if (name == "help" || name == "--help" || name == "-h") {
    if (words.empty()) return print_result(overview());
    if (words[0] == "--markdown") return print_result(manual_markdown());
    if (words[0] == "help" || words[0].starts_with('-')) return print_result(overview());
    if (words[0] == "experiment") return print_result(experiment_help());
    return dispatch(words[0], {"--help"});
  }
  std::vector<std::string> names = {"help", "version"};
  for (const auto& verb : verbs()) {
    if (name == verb.name) try {
        return verb.run(words);
      } catch (const HelpRequested& help) {
        return print_result(help.text);
      }
    names.emplace_back(verb.name);
  }
  throw UsageError({.where = "", .found = "'" + name + "'", .expected = "a verb", .advice = suggestion(name, names)});
}

int fail(const std::string& name, const std::string& what, int exit_code) {
  std::fprintf(stderr, "cellverdict%s: error: %s\n", name.empty() ? "" : (" " + name).c_str(), what.c_str());
  return exit_code;
}

// Whether no other process has work for the cores just now, as the system counts them ("running/all" of /proc/loadavg).
bool cores_are_free() {
  for (int look = 0; look < 3; ++look) {
    std::string one, five, fifteen;
    int n_running = 2;  // where there is no such file
    std::ifstream("/proc/loadavg") >> one >> five >> fifteen >> n_running;
    if (n_running > 1) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Opening LibTorch takes a quarter of a second: the verbs that need it are done by the program's other half, which lies beside
// this one. It returns where there is none, and in the other half itself.
//
// LibTorch's worker threads spin while they wait for each other; on a machine that others use too, they spin away the very time the
// slowest of them needs (measured beside one other busy process: 38 to 71 s against 5.4 s). Some microseconds of it pay: an epoch
// takes 0.40 s, without any spinning 0.52 s, and beside a busy process 0.79 s against 0.67 s. Ten times as much gains another
// twentieth where nobody else wants the cores. OpenMP reads the number of rounds when it is loaded, before main, so it is set here.
// It changes no result.
void hand_over(const std::string& name, int argc, char** argv) {
  constexpr std::array kWithLibTorch = {"run", "train", "evaluate", "explain", "predict", "version", "--version"};
  if (std::find(kWithLibTorch.begin(), kWithLibTorch.end(), name) == kWithLibTorch.end() || !torch_version().empty()) return;
  if (std::find_if(argv, argv + argc, [](const char* word) { return std::string_view(word) == "--help"; }) != argv + argc) return;
  std::error_code none;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", none);
  if (none) return;
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", cores_are_free() ? "10000" : "1000", 0);
  ::execv((here.parent_path() / "cellverdict-torch").c_str(), argv);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs(overview().c_str(), stderr);
    return 2;
  }
  hand_over(argv[1], argc, argv);
  std::signal(SIGXFSZ, SIG_IGN);  // under `ulimit -f` a write then fails like on a full disk, and is said
  const std::string name = known_verb(argv[1]);
  try {
    dispatch(argv[1], {argv + 2, argv + argc});
    return 0;
  } catch (const Error& error) {
    return fail(name, error.what(), error.exit_code());
  } catch (const std::bad_alloc&) {
    return fail(name, "the machine's memory is used up; give a smaller --memory or fewer cells.", 1);
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(name, error.path1().string() + ": found " + error.code().message() + "; check the path and its permissions.", 1);
  } catch (const std::exception& error) {
    return fail(name, std::string("a bug in cellverdict: ") + error.what(), 70);
  }
}
