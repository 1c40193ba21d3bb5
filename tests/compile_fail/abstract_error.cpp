// must not compile: abstract.*cellverdict::Error
// Every error has a kind, and with it an exit code; there is no plain one to throw.
#include <cellverdict/base/error.h>

void refuse() {
#ifndef CONTROL
  throw cellverdict::Error(cellverdict::Complaint{});
#endif
}
