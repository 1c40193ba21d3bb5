# The interpreter that has the project's wheels: for LibTorch, for tests that take their truth from Python, for the house
# checks. Looked up anew at every configuration, so making .venv later is enough; set CELLVERDICT_PYTHON to use another.
set(CELLVERDICT_PYTHON "" CACHE FILEPATH "Interpreter to use; empty: .venv's, else python3")
if(NOT CELLVERDICT_PYTHON AND SKBUILD)  # `pip install .`: the environment that it installs into
  set(CELLVERDICT_PYTHON "${Python_EXECUTABLE}")
elseif(NOT CELLVERDICT_PYTHON)
  if(EXISTS "${CMAKE_SOURCE_DIR}/.venv/bin/python")
    set(CELLVERDICT_PYTHON "${CMAKE_SOURCE_DIR}/.venv/bin/python")
  else()
    find_program(CELLVERDICT_SYSTEM_PYTHON NAMES python3 REQUIRED)
    set(CELLVERDICT_PYTHON "${CELLVERDICT_SYSTEM_PYTHON}")
  endif()
endif()
