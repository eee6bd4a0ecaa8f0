# The engine as a library for other programs:
#
#   cmake --install build/release --component jerichoci --prefix DIR
#
# puts libjerichoci's archives, its public headers (and those of the libraries they name) and a package config below
# DIR, for find_package(jerichoci) and the target jerichoci::jerichoci. examples/jerichoci/ is such a program.
include(CMakePackageConfigHelpers)
set(PIKA_INSTALLED base proc json gitx jerichoci)
set(_config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/jerichoci)

foreach(name IN LISTS PIKA_INSTALLED)
  set_target_properties(lib-${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(lib-${name} INTERFACE cxx_std_23)
  install(TARGETS lib-${name} EXPORT jerichoci
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT jerichoci
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT jerichoci)
  install(DIRECTORY libs/${name}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT jerichoci
    FILES_MATCHING PATTERN "*.hpp" PATTERN testing EXCLUDE)
endforeach()
install(EXPORT jerichoci NAMESPACE jerichoci:: FILE jerichoci-targets.cmake DESTINATION ${_config_folder}
  COMPONENT jerichoci)
configure_package_config_file(cmake/jerichoci-config.cmake.in jerichoci-config.cmake INSTALL_DESTINATION ${_config_folder}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change what programs see.
write_basic_package_version_file(jerichoci-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/jerichoci-config.cmake ${PROJECT_BINARY_DIR}/jerichoci-config-version.cmake
  DESTINATION ${_config_folder} COMPONENT jerichoci)
