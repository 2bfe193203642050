# bw_library(FOLDER [DEPS folder ...] [LIBS target ...] [EXCLUDE pattern ...])
#
# One static library for a top-level folder, bw_FOLDER, from every .cc below it that is neither a test nor a benchmark. DEPS
# are other folders, along the arrows of docs/architecture.md; LIBS are foreign libraries, not handed on.
function(bw_library folder)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")
  foreach(pattern IN LISTS ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${pattern}")
  endforeach()
  add_library(bw_${folder} STATIC ${sources})
  bw_apply_unity(bw_${folder})
  target_link_libraries(bw_${folder} PUBLIC bw_flags PRIVATE ${ARG_LIBS})
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(bw_${folder} PUBLIC bw_${dep})
  endforeach()
endfunction()

function(bw_apply_unity target)
  if(NOT BW_UNITY_BATCH STREQUAL "")
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${BW_UNITY_BATCH})
  endif()
endfunction()
