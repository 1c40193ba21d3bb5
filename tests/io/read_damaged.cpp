// Reads each file named on standard input as far as it goes, in a child process of its own with little memory and time, and says
// how it ended: one line a file, `PATH <tab> read|refused|crashed <tab> what`. For a crash, `what` is the signal and the innermost
// named function outside the C library with the library it is in, so that libhdf5's own crashes can be told from ours.

#include <cellverdict/base/error.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/open_source.h>

#include <dlfcn.h>
#include <execinfo.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <new>
#include <string>

using namespace cellverdict;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;  // it reserves terabytes of addresses, and has its own reports of crashes
#else
constexpr bool kSanitized = false;
#endif

namespace {

constexpr rlim_t kMemory = rlim_t{2} << 30, kSeconds = 5;
constexpr int kRefused = 1, kForeign = 3;
int report = -1;  // where the child says how it ended

void say(const char* text) {
  if (write(report, text, std::strlen(text)) < 0) _exit(kForeign);
}

bool holds(const char* text, const char* part) {
  return std::strstr(text, part) != nullptr;
}

// Not safe for every signal, but the process is lost anyway; an alarm ends it should this hang.
void on_crash(int signal) {
  alarm(5);
  void* frames[64];
  const int n = backtrace(frames, 64);
  const char* name = sigdescr_np(signal);  // strsignal would allocate
  say(name != nullptr ? name : "a signal");
  for (int i = 2; i < n; ++i) {  // after this function and the kernel's trampoline
    Dl_info info{};
    if (dladdr(static_cast<char*>(frames[i]) - 1, &info) == 0 || info.dli_fname == nullptr) continue;
    if (holds(info.dli_fname, "libc.so") || holds(info.dli_fname, "libpthread") || holds(info.dli_fname, "libgcc")) continue;
    if (holds(info.dli_fname, "libstdc++")) continue;
    if (info.dli_sname == nullptr && holds(info.dli_fname, "libhdf5")) continue;  // a static function: its caller has a name
    say(" in ");
    say(info.dli_sname != nullptr ? info.dli_sname : "?");
    say(" of ");
    const char* slash = std::strrchr(info.dli_fname, '/');
    say(slash != nullptr ? slash + 1 : info.dli_fname);
    break;
  }
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void limit(int what, rlim_t most) {
  const rlimit both{most, most + 1};
  setrlimit(what, &both);
}

void read_all(const std::string& path) {
  if (path.ends_with(".shard.h5ad")) {
    map_h5ad(path);
    return;
  }
  if (path.ends_with(".dense.h5ad")) {
    read_dense_h5ad(path);
    return;
  }
  for (const auto& found : find_sources(path)) {
    const auto source = open_source(found, {.genome = path.ends_with("v2.h5") ? "mm10" : ""});
    for (const auto& column : source->head().obs_columns) source->read_obs_column(column);
    CsrBlock block;
    for (int pass = 0; pass < 2; ++pass) {
      while (source->read_block(77, block)) {
      }
      source->rewind();
    }
  }
}

int child(const std::string& path) {
  if (!kSanitized) {
    limit(RLIMIT_AS, kMemory);
    static char stack[1 << 16];  // for a stack that ran over
    const stack_t other{stack, 0, sizeof(stack)};
    sigaltstack(&other, nullptr);
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU}) {
      struct sigaction action{};
      action.sa_handler = on_crash;
      action.sa_flags = SA_ONSTACK;
      sigaction(signal, &action, nullptr);
    }
  }
  limit(RLIMIT_CPU, kSeconds);
  limit(RLIMIT_CORE, 0);
  alarm(30);
  try {
    read_all(path);
    return 0;
  } catch (const InputError& error) {
    say(error.what());
    return kRefused;
  } catch (const std::bad_alloc&) {
    say("more memory than there is");
    return kForeign;
  } catch (const std::exception& error) {
    say("an exception that is no InputError: ");
    say(error.what());
    return kForeign;
  }
}

void read_one(const std::string& path) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    report = ends[1];
    std::_Exit(child(path));
  }
  close(ends[1]);
  std::string what;
  char piece[4096];
  for (ssize_t n = 0; (n = read(ends[0], piece, sizeof(piece))) > 0;) what.append(piece, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  for (char& c : what)
    if (c == '\n' || c == '\t') c = '\x01';  // no sentence has one: the script complains
  const bool ended = WIFEXITED(status);
  const char* how = ended && WEXITSTATUS(status) == 0 ? "read" : ended && WEXITSTATUS(status) == kRefused ? "refused" : "crashed";
  if (!ended && what.empty()) what = strsignal(WTERMSIG(status));
  if (ended && what.empty() && WEXITSTATUS(status) != 0) what = "exit " + std::to_string(WEXITSTATUS(status));
  std::cout << path << '\t' << how << '\t' << what << std::endl;
}

}  // namespace

int main() {
  void* frame = nullptr;
  backtrace(&frame, 1);  // loads what it needs now, not inside a handler
  for (std::string path; std::getline(std::cin, path);) read_one(path);
  return 0;
}
