# Every compiler and linker flag of the project, in one place.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(BW_SANITIZE "" CACHE STRING "address (with undefined) or thread; empty: none")
# On in the presets of sanitizers and Clang; off where a user builds, whose compiler may know more warnings than ours.
option(BW_WERROR "Warnings are errors" OFF)
option(BW_FUZZ "Build the libFuzzer targets (Clang only)" OFF)
option(BW_BENCH "Build the Google Benchmark targets" OFF)
set(BW_UNITY_BATCH "" CACHE STRING "Sources compiled as one: a number, 0 for a whole folder, empty for none")

add_library(bw_flags INTERFACE)
target_include_directories(bw_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_options(bw_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  # Kahan sums need strict binary64: no fused multiply-add behind our back.
  -ffp-contract=off
  -fno-omit-frame-pointer
  # Nothing in the binary says where it was built.
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(BW_WERROR)
  target_compile_options(bw_flags INTERFACE -Werror)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(bw_flags INTERFACE -march=x86-64-v2 -mtune=generic)
endif()
if(NOT BW_UNITY_BATCH STREQUAL "" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A source compiled as part of another looks like a header to this warning.
  target_compile_options(bw_flags INTERFACE -Wno-subobject-linkage)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(bw_flags INTERFACE -Wthread-safety -Werror=thread-safety)
endif()
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(bw_flags INTERFACE BW_DCHECKS)
endif()
if(BW_SANITIZE STREQUAL "address")
  target_compile_options(bw_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  target_link_options(bw_flags INTERFACE -fsanitize=address,undefined)
elseif(BW_SANITIZE STREQUAL "thread")
  target_compile_options(bw_flags INTERFACE -fsanitize=thread)
  target_link_options(bw_flags INTERFACE -fsanitize=thread)
endif()
if(BW_FUZZ)
  target_compile_options(bw_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
  target_link_options(bw_flags INTERFACE -fsanitize=address,undefined)
endif()

find_program(BW_CCACHE ccache)
if(BW_CCACHE)
  # Paths relative to the checkout, so that two checkouts share what they compile.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=time_macros,include_file_mtime,include_file_ctime ${BW_CCACHE})
endif()
find_program(BW_MOLD mold)
if(BW_MOLD AND NOT BW_FUZZ)
  target_link_options(bw_flags INTERFACE -fuse-ld=mold)
endif()
