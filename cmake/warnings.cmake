add_library(cellverdict_warnings INTERFACE)
target_compile_options(cellverdict_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers  # designated initialisers name what they set
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # GCC 12 warns falsely on std::string::insert
if(CELLVERDICT_WERROR)
  target_compile_options(cellverdict_warnings INTERFACE -Werror)
endif()
