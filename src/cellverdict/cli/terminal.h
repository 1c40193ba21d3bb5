#pragma once
// What every verb shares: threads, memory, seed, how much to say; log and progress on stderr, the result on stdout.

#include <cellverdict/base/run_context.h>
#include <cellverdict/cli/arguments.h>

#include <string>

namespace cellverdict {

struct CommonOptions {
  std::int64_t threads = 0;  // 0: all this process may use
  std::string memory = "2GB";
  std::string seed;  // empty: the experiment's, else 42
  bool json = false, verbose = false, quiet = false;
};

void add_common_options(Arguments& arguments, CommonOptions& options);

// Lines on stderr prefixed "cellverdict VERB: "; a bar that is redrawn only on a terminal and only after two seconds; Ctrl-C and
// SIGTERM set `stop`. Throws UsageError for a memory or seed that cannot be read.
RunContext make_context(const std::string& verb, const CommonOptions& options);

// "512MB", "2 GB", "1048576" → bytes.
std::int64_t parse_bytes(const std::string& text);

// The result: to stdout, checked (a full disk is an error, a closed pipe is not).
void print_result(const std::string& text);

// "wall 12.3 s  CPU 20.1 s  peak memory 512 MB", to the context's log.
void log_resources(const RunContext& context, const Stopwatch& watch);

}  // namespace cellverdict
