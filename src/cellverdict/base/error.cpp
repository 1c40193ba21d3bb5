#include <cellverdict/base/error.h>

namespace cellverdict {

namespace {

std::string sentence(const Complaint& c) {
  std::string text = c.where;
  if (!c.found.empty()) text += (text.empty() ? "found " : ": found ") + c.found;
  if (!c.expected.empty()) text += ", expected " + c.expected;
  if (!c.advice.empty()) text += "; " + c.advice;
  return text.ends_with('?') ? text : text + ".";
}

}  // namespace

Error::Error(Complaint complaint) : complaint_(std::move(complaint)), message_(sentence(complaint_)) {}

}  // namespace cellverdict
