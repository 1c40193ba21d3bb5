#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/cli/terminal.h>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace cellverdict {

namespace {

// Written by the signal handler; nothing else in the program is global.
std::atomic<bool> interrupted{false};

void on_interrupt(int signal) {
  interrupted = true;
  // A second one ends the program the ordinary way.
  std::signal(signal, SIG_DFL);
}

class Screen {
 public:
  Screen(std::string verb, bool quiet, bool verbose)
      : verb_(std::move(verb)), quiet_(quiet), verbose_(verbose), terminal_(::isatty(STDERR_FILENO) == 1) {
    const char* no_color = std::getenv("NO_COLOR");
    colour_ = terminal_ && (no_color == nullptr || *no_color == 0);
  }
  void log(std::string_view line) {
    if (quiet_) return;
    clear_bar();
    print(line, "");
  }
  void warn(std::string_view line) {
    clear_bar();
    print("warning: " + std::string(line), "\033[33m");
  }
  void progress(std::string_view stage, std::int64_t done, std::int64_t total) {
    if (quiet_ || (!terminal_ && !verbose_)) return;
    if (stage != stage_) {
      stage_ = stage;
      watch_ = Stopwatch();
      last_drawn_ = 0;
    }
    const double seconds = watch_.seconds();
    const double first = terminal_ ? 2 : 10, pause = terminal_ ? 0.2 : 10;  // a log gets whole lines, and seldom
    if (seconds < first || seconds - last_drawn_ < pause) return;
    last_drawn_ = seconds;
    const double rate = static_cast<double>(done) / seconds;
    std::string line = fmt::format("{}  {}", stage, with_commas(done));
    if (total > 0)
      line += fmt::format(" of {} ({:.0f} %)  {:.0f} s left", with_commas(total),
                          100.0 * static_cast<double>(done) / static_cast<double>(total),
                          static_cast<double>(total - done) / std::max(rate, 1e-9));
    if (!terminal_) return print(line, "");
    say(fmt::format("\r\033[Kcellverdict {}: {}", verb_, line));
    drawn_ = true;
  }

 private:
  // A log that nobody can read any more is no reason to stop the work: failure to write is not looked at.
  static void say(const std::string& text) { std::fputs(text.c_str(), stderr); }
  void clear_bar() {
    if (drawn_) say("\r\033[K");
    drawn_ = false;
  }
  void print(std::string_view text, const char* colour) {
    // Every line of a table gets the prefix of its command.
    std::size_t begin = 0;
    while (begin <= text.size()) {
      auto end = text.find('\n', begin);
      if (end == std::string_view::npos) end = text.size();
      if (end > begin || end < text.size() || begin == 0)
        say(fmt::format("{}cellverdict {}: {}{}\n", colour_ ? colour : "", verb_, text.substr(begin, end - begin),
                        colour_ && *colour ? "\033[0m" : ""));
      begin = end + 1;
    }
  }

  std::string verb_, stage_;
  bool quiet_, verbose_, terminal_, colour_ = false, drawn_ = false;
  Stopwatch watch_;
  double last_drawn_ = 0;
};

}  // namespace

void add_common_options(Arguments& arguments, CommonOptions& options) {
  arguments.group("Every verb");
  arguments.option("--threads,-t", options.threads, "threads; 0: all this process may use");
  arguments.option("--memory", options.memory, "budget for caches and blocks, for example 512MB");
  arguments.option("--seed", options.seed, "the seed of everything random (default: the experiment's, else 42)");
  arguments.flag("--json", options.json, "the result as JSON");
  arguments.flag("-q,--quiet", options.quiet, "say nothing but warnings and errors");
  arguments.flag("-v,--verbose", options.verbose, "progress in a log too, not only on a terminal");
}

std::int64_t parse_bytes(const std::string& text) {
  std::string unit;
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  for (const char* c = end; c < text.data() + text.size(); ++c)
    if (*c != ' ') unit += static_cast<char>(std::toupper(static_cast<unsigned char>(*c)));
  double factor = 0;
  if (unit.empty() || unit == "B") factor = 1;
  if (unit == "KB" || unit == "K" || unit == "KIB") factor = 1024.0;
  if (unit == "MB" || unit == "M" || unit == "MIB") factor = 1024.0 * 1024;
  if (unit == "GB" || unit == "G" || unit == "GIB") factor = 1024.0 * 1024 * 1024;
  if (failure != std::errc() || factor == 0 || !(number * factor >= 16 * 1024.0 * 1024) || number * factor > 1e16)
    throw UsageError({.where = "--memory",
                      .found = "'" + text + "'",
                      .expected = "at least 16MB, such as 512MB or 2GB",
                      .advice = "give a number and a unit"});
  return static_cast<std::int64_t>(number * factor);
}

RunContext make_context(const std::string& verb, const CommonOptions& options) {
  const auto screen = std::make_shared<Screen>(verb, options.quiet, options.verbose);
  RunContext context;
  context.log = [screen](std::string_view line) { screen->log(line); };
  context.warn = [screen](std::string_view line) { screen->warn(line); };
  context.progress = [screen](std::string_view stage, std::int64_t done, std::int64_t total) {
    screen->progress(stage, done, total);
  };
  if (options.threads < 0)
    throw UsageError(
        {.where = "--threads", .found = std::to_string(options.threads), .expected = "0 or more", .advice = "0 uses all"});
  context.threads = options.threads == 0 ? available_threads() : static_cast<int>(std::min<std::int64_t>(options.threads, 1024));
  context.memory_bytes = parse_bytes(options.memory);
  if (!options.seed.empty()) {
    const auto [end, failure] = std::from_chars(options.seed.data(), options.seed.data() + options.seed.size(), context.seed);
    if (failure != std::errc() || end != options.seed.data() + options.seed.size())
      throw UsageError({.where = "--seed",
                        .found = "'" + options.seed + "'",
                        .expected = "a whole number of zero or more",
                        .advice = "for example --seed 42"});
  }
  interrupted = false;
  context.stop = &interrupted;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  return context;
}

void print_result(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) != 0 && errno != EPIPE)
    throw InputError({.where = "standard output",
                      .found = std::strerror(errno),
                      .expected = "to write the result",
                      .advice = "free space where it is redirected to"});
}

void log_resources(const RunContext& context, const Stopwatch& watch) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  context.log(fmt::format("done      wall {:.1f} s  CPU {:.1f} s  peak memory {} MB", watch.seconds(),
                          seconds(usage.ru_utime) + seconds(usage.ru_stime), with_commas(usage.ru_maxrss / 1024)));
}

}  // namespace cellverdict
