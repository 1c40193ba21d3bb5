// must not compile: no matching function for call to .*InputError.*const char
// An error says where, what was found and what was expected; a bare sentence is not enough.
#include <cellverdict/base/error.h>

void refuse() {
#ifndef CONTROL
  throw cellverdict::InputError("something is wrong");
#endif
}
