// must compile
// The compiler and the include path of these tests work.
#include <cellverdict/base/error.h>

void refuse() {
  throw cellverdict::InputError({.where = "a.h5ad", .found = "nothing", .expected = "cells", .advice = ""});
}
