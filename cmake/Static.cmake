# Programs without any shared library, for hosts that have nothing else of this project. They take archives alone, and of
# these only the objects that they use. A sanitizer or a build of shared libraries has no such programs: they are linked
# like all others there, and so are they where an archive is missing.
find_library(PIKA_BOOST_JSON_ARCHIVE libboost_json.a)
find_library(PIKA_CRYPTO_ARCHIVE libcrypto.a)
set(PIKA_STATIC OFF)
if(PIKA_BOOST_JSON_ARCHIVE AND PIKA_CRYPTO_ARCHIVE AND NOT PIKA_SANITIZE AND NOT PIKA_FUZZ AND NOT BUILD_SHARED_LIBS)
  set(PIKA_STATIC ON)
endif()

# pika_link_static(<program> <libraries>): these and the archives that they stand on.
function(pika_link_static name)
  # Debian has no archive of fmt.
  target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/static_fmt.cpp)
  target_link_options(${name} PRIVATE -static -Wl,--gc-sections)
  set(archives "")
  foreach(use IN LISTS ARGN ITEMS gitx proc)
    add_dependencies(${name} lib-${use})
    target_include_directories(${name} PRIVATE $<TARGET_PROPERTY:lib-${use},INCLUDE_DIRECTORIES>)
    list(APPEND archives $<TARGET_FILE:lib-${use}>)
  endforeach()
  target_link_libraries(${name} PRIVATE -Wl,--start-group ${archives} ${PIKA_BOOST_JSON_ARCHIVE} ${PIKA_CRYPTO_ARCHIVE}
    -Wl,--end-group)
endfunction()
