# pika_library(), pika_app() and pika_test(): every target of the tree is made by one of these.
include(${CMAKE_CURRENT_LIST_DIR}/Layers.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/Static.cmake)

# Stops the configure step when <name> uses a library the table does not allow.
function(_pika_check_layers name)
  set(found FALSE)
  foreach(line IN LISTS PIKA_LAYERS)
    string(REGEX MATCH "^([a-z0-9-]+):(.*)$" _ "${line}")
    if(CMAKE_MATCH_1 STREQUAL name)
      set(found TRUE)
      string(STRIP "${CMAKE_MATCH_2}" allowed)
      separate_arguments(allowed)
      foreach(use IN LISTS ARGN)
        if(NOT use IN_LIST allowed)
          message(FATAL_ERROR "layers: ${name} may not use ${use}; allowed: ${allowed}. The table is cmake/Layers.cmake.")
        endif()
      endforeach()
    endif()
  endforeach()
  if(NOT found)
    message(FATAL_ERROR "layers: ${name} has no line in cmake/Layers.cmake")
  endif()
endfunction()

# pika_library(<name> USES <libraries> EXTERNAL <public third-party targets> PRIVATE <private ones>)
# Sources are src/**.cpp, headers include/, unit tests tests/*_test.cpp (one doctest program).
function(pika_library name)
  cmake_parse_arguments(A "" "" "USES;EXTERNAL;PRIVATE;TEST_USES" ${ARGN})
  _pika_check_layers(${name} ${A_USES})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/*.cpp)
  add_library(lib-${name} ${sources})
  add_library(pika::${name} ALIAS lib-${name})
  set_target_properties(lib-${name} PROPERTIES OUTPUT_NAME pika_${name})
  target_include_directories(lib-${name} PRIVATE src PUBLIC
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(lib-${name} PRIVATE $<BUILD_INTERFACE:pika-flags> ${A_PRIVATE})
  target_link_libraries(lib-${name} PUBLIC ${A_EXTERNAL})
  foreach(use IN LISTS A_USES)
    target_link_libraries(lib-${name} PUBLIC pika::${use})
  endforeach()
  file(GLOB tests CONFIGURE_DEPENDS tests/*_test.cpp)
  if(tests AND PIKA_TESTS)
    file(GLOB helpers CONFIGURE_DEPENDS tests/*_support.cpp)
    add_executable(${name}-test ${tests} ${helpers})
    target_include_directories(${name}-test PRIVATE src tests)
    target_compile_definitions(${name}-test PRIVATE PIKA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name}-test PRIVATE pika-flags lib-${name} test-main ${A_PRIVATE})
    foreach(use IN LISTS A_TEST_USES)
      target_link_libraries(${name}-test PRIVATE pika::${use})
    endforeach()
    add_test(NAME ${name} COMMAND ${name}-test)
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 600)
  endif()
endfunction()

# pika_app(<name> USES <libraries> [STATIC]): apps/<name>/main.cpp, installed into bin/ of the build folder. STATIC: one
# file that runs on any host of its kind (cmake/Static.cmake).
function(pika_app name)
  cmake_parse_arguments(A "STATIC" "" "USES;EXTERNAL" ${ARGN})
  _pika_check_layers(app-${name} ${A_USES})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  target_link_libraries(${name} PRIVATE pika-flags ${A_EXTERNAL})
  target_compile_definitions(${name} PRIVATE PIKA_VERSION="${PROJECT_VERSION}")
  if(A_STATIC AND PIKA_STATIC)
    pika_link_static(${name} ${A_USES})
  else()
    foreach(use IN LISTS A_USES)
      target_link_libraries(${name} PRIVATE pika::${use})
    endforeach()
  endif()
  install(TARGETS ${name} RUNTIME)
endfunction()

# pika_fuzzer(<name> SOURCE <file> USES <libraries>): a libFuzzer program under the `fuzz` preset;
# elsewhere the same source runs over its committed corpus (fuzz/corpus/<name>/) as a unit test.
function(pika_fuzzer name)
  cmake_parse_arguments(A "" "SOURCE" "USES" ${ARGN})
  if(NOT PIKA_TESTS)
    return()
  endif()
  add_executable(fuzz-${name} ${A_SOURCE})
  target_link_libraries(fuzz-${name} PRIVATE pika-flags)
  foreach(use IN LISTS A_USES)
    target_link_libraries(fuzz-${name} PRIVATE pika::${use})
  endforeach()
  if(PIKA_FUZZ)
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers fuzz-${name})
  else()
    target_sources(fuzz-${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/harness/corpus_main.cpp)
  endif()
  add_test(NAME corpus-${name} COMMAND fuzz-${name} -runs=0 ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
  set_tests_properties(corpus-${name} PROPERTIES LABELS unit)
endfunction()

# pika_embed(<target> <symbol> <file>): the bytes of <file> as a C string symbol pair
# (<symbol>, <symbol>_size), so that one program holds all it serves.
function(pika_embed target symbol file)
  get_filename_component(path ${file} ABSOLUTE)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embed_${symbol}.S)
  file(CONFIGURE OUTPUT ${out} CONTENT [[
.section .rodata
.global @symbol@
.global @symbol@_size
.balign 8
@symbol@:
.incbin "@path@"
@symbol@_end:
.byte 0
.balign 8
@symbol@_size:
.quad @symbol@_end - @symbol@
.section .note.GNU-stack,"",%progbits
]] @ONLY)
  set_property(SOURCE ${out} APPEND PROPERTY OBJECT_DEPENDS ${path})
  target_sources(${target} PRIVATE ${out})
endfunction()
