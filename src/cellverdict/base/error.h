#pragma once
// What can go wrong, said in one clear sentence: where, what was found, what was expected, what to do.
// The library throws these and never prints, exits or aborts; `main` has the one catch and maps the kind to an exit code.

#include <stdexcept>
#include <string>

namespace cellverdict {

struct Complaint {
  std::string where;     // file and place in it: "matrix.mtx.gz line 12", "a.h5ad obs/donor", "experiment.toml [train] epochs"
  std::string found;     // what is there
  std::string expected;  // what should be there; may be empty when `found` says it all
  std::string advice;    // what to do; may be empty
};

// "WHERE: found FOUND, expected EXPECTED; ADVICE."
class Error : public std::exception {
 public:
  explicit Error(Complaint complaint);
  const char* what() const noexcept override { return message_.c_str(); }
  const Complaint& complaint() const { return complaint_; }
  // Exit code of the program when this error ends it.
  virtual int exit_code() const = 0;

 private:
  Complaint complaint_;
  std::string message_;
};

// The command line or the experiment file is wrong.
class UsageError : public Error {
 public:
  using Error::Error;
  int exit_code() const override { return 2; }
};

// A file is missing, unreadable or not what it should be.
class InputError : public Error {
 public:
  using Error::Error;
  int exit_code() const override { return 1; }
};

// The files are fine, but what was asked cannot be done with these data.
class DataError : public Error {
 public:
  using Error::Error;
  int exit_code() const override { return 1; }
};

// A bug in cellverdict.
class InternalError : public Error {
 public:
  using Error::Error;
  int exit_code() const override { return 70; }
};

// The user asked to stop (Ctrl-C); `advice` says how to go on.
class Interrupted : public Error {
 public:
  using Error::Error;
  int exit_code() const override { return 130; }
};

}  // namespace cellverdict
