#pragma once
// LibTorch's own errors end at the door of this room: what comes out of it is an Error of ours, in one sentence.

#include <cellverdict/base/error.h>

#include <c10/util/Exception.h>

#include <string>
#include <string_view>

namespace cellverdict {

[[noreturn]] inline void refuse_torch(const c10::Error& error, const std::string& doing) {
  const std::string whole = error.what_without_backtrace();
  const std::string reason = whole.substr(0, whole.find('\n'));
  for (const std::string_view memory : {"allocate memory", "not enough memory", "out of memory", "size calculation overflowed"})
    if (reason.find(memory) != std::string::npos)
      throw DataError({.where = doing,
                       .found = "a net or batch that the machine's memory does not hold",
                       .expected = "",
                       .advice = "give [model] a smaller width or depth, or [train] a smaller batch_size"});
  throw InternalError({.where = doing, .found = "LibTorch's '" + reason + "'", .expected = "", .advice = "please report it"});
}

// What `work` gives; `doing` says for errors what it was: "training".
template <class Work>
auto through_torch_door(const std::string& doing, const Work& work) {
  try {
    return work();
  } catch (const c10::Error& error) {
    refuse_torch(error, doing);
  }
}

}  // namespace cellverdict
