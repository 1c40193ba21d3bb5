#pragma once
// The command line of one verb: its options, its help. The one place that knows the parsing library, which costs seconds to
// include.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

// Thrown by parse() when the user asked for help.
struct HelpRequested {
  std::string text;
};

class Arguments {
 public:
  // `examples`: whole commands, shown first in the help.
  Arguments(const std::string& verb, const std::string& one_line, const std::vector<std::string>& examples);
  ~Arguments();

  void positional(const std::string& name, std::vector<std::string>& out, const std::string& help);  // one or more
  void positional(const std::string& name, std::string& out, const std::string& help);
  void option(const std::string& names, std::string& out, const std::string& help);
  void option(const std::string& names, std::vector<std::string>& out, const std::string& help);  // may be given again
  void option(const std::string& names, std::int64_t& out, const std::string& help);
  void option(const std::string& names, double& out, const std::string& help);
  void flag(const std::string& names, bool& out, const std::string& help);
  // The heading that following options stand under in the help.
  void group(const std::string& name);
  // An option whose text is handed over as it is.
  void option(const std::string& names, std::function<void(const std::string&)> use, const std::string& help,
              const std::string& shown_default);

  // Throws UsageError or HelpRequested.
  void parse(const std::vector<std::string>& words);
  std::string help() const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace cellverdict
