# Build tools that make a rebuild quick; each is used when it is there and never required.
find_program(CELLVERDICT_CCACHE ccache)
if(CELLVERDICT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CELLVERDICT_CCACHE}")
endif()

find_program(CELLVERDICT_MOLD mold)
if(CELLVERDICT_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
endif()
