# What the report room needs at run time, put together once in build/share/cellverdict: the script that draws pictures and the
# JavaScript of the interactive figures. Both come from vl-convert; without it the build goes on and the pages are static.
if(NOT CELLVERDICT_PYTHON)
  if(EXISTS "${CMAKE_SOURCE_DIR}/.venv/bin/python")
    set(CELLVERDICT_PYTHON "${CMAKE_SOURCE_DIR}/.venv/bin/python")
  else()
    find_program(CELLVERDICT_PYTHON NAMES python3)
  endif()
endif()

if(TARGET cellverdict_report)
  set(_share "${CMAKE_BINARY_DIR}/share/cellverdict")
  set(_report "${CMAKE_SOURCE_DIR}/src/cellverdict/report")
  configure_file("${_report}/render_figures.py" "${_share}/render_figures.py" COPYONLY)
  target_compile_definitions(cellverdict_report PRIVATE
    CELLVERDICT_DEFAULT_PYTHON="${CELLVERDICT_PYTHON}" CELLVERDICT_DEFAULT_SHARE="${_share}")

  set(_status 1)
  if(CELLVERDICT_PYTHON)
    execute_process(COMMAND "${CELLVERDICT_PYTHON}" -c "import vl_convert" RESULT_VARIABLE _status OUTPUT_QUIET ERROR_QUIET)
  endif()
  if(_status EQUAL 0)
    add_custom_command(OUTPUT "${_share}/figures.js"
      COMMAND "${CELLVERDICT_PYTHON}" "${_report}/make_bundle.py" "${_share}/figures.js"
      DEPENDS "${_report}/make_bundle.py" COMMENT "Bundling the JavaScript of the report's figures" VERBATIM)
    add_custom_target(cellverdict_report_bundle DEPENDS "${_share}/figures.js")
    add_dependencies(cellverdict_report cellverdict_report_bundle)
  else()
    message(STATUS "No vl-convert: reports will hold tables and no drawn figures")
  endif()
endif()
