#include <cellverdict/base/version.h>

namespace cellverdict {

std::string_view version() {
  return CELLVERDICT_VERSION;
}

}  // namespace cellverdict
