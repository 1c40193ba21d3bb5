// Runs render_figures.py. The specs are the product and the pictures a convenience: whatever goes wrong here becomes one sentence
// in the note and never an error.

#include <cellverdict/report/render.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves declaring it to the program

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr int kNoVlConvert = 3;  // exit code of render_figures.py
constexpr const char* kAdvice = "; `pip install vl-convert-python`, or name an interpreter that has it in CELLVERDICT_PYTHON.";

std::string setting(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

struct Finished {
  int exit_code = 0;     // -1: it did not start or was killed
  std::string messages;  // what it wrote
};

Finished run_and_wait(std::vector<std::string> arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {-1, std::strerror(errno)};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int status = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  Finished out;
  if (status != 0) {
    ::close(ends[0]);
    return {-1, std::strerror(status)};
  }
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t n = ::read(ends[0], buffer.data(), buffer.size());
    if (n > 0)
      out.messages.append(buffer.data(), static_cast<std::size_t>(n));
    else if (n == 0 || errno != EINTR)
      break;
  }
  ::close(ends[0]);
  int ended = 0;
  while (::waitpid(child, &ended, 0) < 0 && errno == EINTR) {
  }
  out.exit_code = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  return out;
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

fs::path share_folder() {
  return setting("CELLVERDICT_SHARE", CELLVERDICT_DEFAULT_SHARE);
}

RenderResult render_figures(const std::vector<fs::path>& specs) {
  if (specs.empty()) return {};
  const std::string skipped = "PNG and SVG were skipped: ";
  const std::string python = setting("CELLVERDICT_PYTHON", CELLVERDICT_DEFAULT_PYTHON);
  const fs::path script = share_folder() / "render_figures.py";
  if (!fs::exists(script)) return {.note = skipped + script.string() + " is missing; name its folder in CELLVERDICT_SHARE."};
  if (python.empty() || (python.find('/') != std::string::npos && ::access(python.c_str(), X_OK) != 0))
    return {.note = skipped + "no Python interpreter" + (python.empty() ? "" : " at " + python) + kAdvice};
  std::vector<std::string> arguments = {python, script.string()};
  for (const auto& spec : specs) arguments.push_back(spec.string());
  const Finished run = run_and_wait(std::move(arguments));
  if (run.exit_code == kNoVlConvert) return {.note = skipped + python + " has no vl-convert" + kAdvice};
  if (run.exit_code != 0)
    return {.note = skipped + python + " failed (" +
                    (run.messages.empty() ? "exit code " + std::to_string(run.exit_code) : last_line(run.messages)) + ")."};
  RenderResult out;
  for (const auto& spec : specs) {
    const std::string stem = spec.string().substr(0, spec.string().size() - std::string_view(".vl.json").size());
    out.pictures.emplace_back(stem + ".png");
    out.pictures.emplace_back(stem + ".svg");
  }
  return out;
}

}  // namespace cellverdict
