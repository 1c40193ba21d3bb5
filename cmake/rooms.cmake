# The rooms in the data's order, and who may use whom. A room sees the third-party headers and libraries it is given here and
# no others, so `#include <torch/torch.h>` outside nets, train and explain does not compile; include lines between rooms are
# checked against this list by tests/house.

# Reads the arguments of add_room, its caller.
function(add_room_library target)
  add_library(${target} STATIC ${ARGN})
  target_include_directories(${target} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_include_directories(${target} SYSTEM PRIVATE ${ARG_INCLUDES})
  target_link_libraries(${target} PRIVATE cellverdict_warnings fmt::fmt ${ARG_LIBRARIES} PUBLIC Threads::Threads)
  foreach(used ${ARG_USES})
    get_property(needs_torch GLOBAL PROPERTY CELLVERDICT_TORCH_ROOMS)
    if(NOT TARGET cellverdict_${used} AND NOT TARGET cellverdict_${used}_without_torch)
      continue()
    elseif(target MATCHES "_without_torch$" AND used IN_LIST needs_torch)
      continue()
    elseif(NOT TARGET cellverdict_${used}_without_torch)
      target_link_libraries(${target} PUBLIC cellverdict_${used})
    elseif(NOT TARGET cellverdict_${used})
      target_link_libraries(${target} PUBLIC cellverdict_${used}_without_torch)
    else()  # the program that links in the end decides
      target_link_libraries(${target} PUBLIC
        $<IF:$<BOOL:$<TARGET_PROPERTY:WITHOUT_TORCH>>,cellverdict_${used}_without_torch,cellverdict_${used}>)
    endif()
  endforeach()
endfunction()

# add_room(NAME USES rooms… LIBRARIES targets… INCLUDES folders… [TORCH [TORCH_FREE files…]])
# TORCH_FREE files of a torch room are built without LibTorch too, beside its without_torch.cpp, and never joined with the others.
# They make the room's other half, cellverdict_NAME_without_torch, for a program with the property WITHOUT_TORCH.
function(add_room name)
  cmake_parse_arguments(ARG "TORCH" "" "USES;LIBRARIES;INCLUDES;TORCH_FREE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/cellverdict/${name}/*.cpp")
  set(without_torch ${sources})
  list(FILTER without_torch INCLUDE REGEX "/without_torch\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/(main|without_torch)\\.cpp$")
  if(without_torch)
    list(TRANSFORM ARG_TORCH_FREE PREPEND "${CMAKE_SOURCE_DIR}/src/cellverdict/${name}/" OUTPUT_VARIABLE torch_free)
    add_room_library(cellverdict_${name}_without_torch ${without_torch} ${torch_free})
  endif()
  if(NOT sources OR (ARG_TORCH AND NOT CELLVERDICT_TORCH))
    return()
  endif()
  add_room_library(cellverdict_${name} ${sources})
  if(ARG_TORCH)
    set_property(GLOBAL APPEND PROPERTY CELLVERDICT_TORCH_ROOMS ${name})
    # One translation unit a room: torch/torch.h costs 30 s an includer, a joined file pays it once.
    # PRIVATE: whoever uses the room links LibTorch and sees none of its headers.
    target_link_libraries(cellverdict_${name} PRIVATE cellverdict_torch)
    # The wheel brings another fmt among its headers than the one we link.
    target_compile_definitions(cellverdict_${name} PRIVATE FMT_HEADER_ONLY)
    set_target_properties(cellverdict_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0 JOB_POOL_COMPILE torch)
    foreach(file ${ARG_TORCH_FREE})
      set_source_files_properties("${CMAKE_SOURCE_DIR}/src/cellverdict/${name}/${file}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endforeach()
  endif()
endfunction()

add_room(base     LIBRARIES OpenSSL::Crypto)
set_source_files_properties("${CMAKE_SOURCE_DIR}/src/cellverdict/base/version.cpp" PROPERTIES COMPILE_DEFINITIONS CELLVERDICT_VERSION="${PROJECT_VERSION}")
add_room(table    USES base)
add_room(sparse   USES base table)
add_room(genes    USES base table)
add_room(io       USES base table genes LIBRARIES cellverdict_hdf5 cellverdict_isal cellverdict_libdeflate LibArchive::LibArchive
                  INCLUDES ${NLOHMANN_INCLUDE_DIR})
add_room(split    USES base table)
add_room(prepare  USES base table genes io split INCLUDES ${NLOHMANN_INCLUDE_DIR})
add_room(stats    USES base INCLUDES ${BOOST_INCLUDE_DIR})
add_room(encode   USES base table genes split prepare stats)
add_room(nets     USES base table sparse TORCH TORCH_FREE attention_products.cpp attention_rows.cpp int8_products.cpp)
add_room(train    USES base table genes sparse split prepare encode stats io nets INCLUDES ${NLOHMANN_INCLUDE_DIR}
                  TORCH TORCH_FREE options.cpp bag_options.cpp bert_options.cpp latent_options.cpp model_card.cpp
                  bert_config_file.cpp)
add_room(explain  USES base table sparse split prepare encode nets train TORCH)
add_room(evaluate USES base table split prepare encode stats INCLUDES ${NLOHMANN_INCLUDE_DIR})
add_room(simulate USES base table io INCLUDES ${NLOHMANN_INCLUDE_DIR} ${BOOST_INCLUDE_DIR})
add_room(report   USES base table split stats evaluate io INCLUDES ${NLOHMANN_INCLUDE_DIR})
include(report_bundle)
add_room(run      USES base table genes io split prepare encode stats train explain evaluate report simulate
                  INCLUDES ${NLOHMANN_INCLUDE_DIR} ${TOMLPLUSPLUS_INCLUDE_DIR})
add_room(cli      USES base table genes io split prepare stats train evaluate report simulate run
                  INCLUDES ${NLOHMANN_INCLUDE_DIR} ${CLI11_INCLUDE_DIR})

# Two halves of one program: opening LibTorch takes a quarter of a second, so the half that is called does without it and hands
# the verbs that compute over to the other.
add_executable(cellverdict "${CMAKE_SOURCE_DIR}/src/cellverdict/cli/main.cpp")
set_target_properties(cellverdict PROPERTIES WITHOUT_TORCH ON)
target_link_libraries(cellverdict PRIVATE cellverdict_cli cellverdict_warnings)
if(CELLVERDICT_TORCH)
  add_executable(cellverdict-torch "${CMAKE_SOURCE_DIR}/src/cellverdict/cli/main.cpp")
  target_link_libraries(cellverdict-torch PRIVATE cellverdict_cli cellverdict_warnings)
  add_dependencies(cellverdict cellverdict-torch)
endif()
