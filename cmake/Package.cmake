# `cmake --install` : the program, the libraries, and find_package(dynamigrate) for users' own
# programs, which link dynamigrate::cli and call dynamigrate::cli::main.
get_property(rooms GLOBAL PROPERTY dynamigrate_rooms)
list(TRANSFORM rooms PREPEND dynamigrate_)
install(TARGETS ${rooms} EXPORT dynamigrate
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dynamigrate)
install(EXPORT dynamigrate NAMESPACE dynamigrate:: FILE dynamigrateTargets.cmake
        DESTINATION ${package_dir})
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/dynamigrateConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/dynamigrateConfigVersion.cmake cmake/ThirdParty.cmake
              cmake/dynamigrateConfig.cmake
        DESTINATION ${package_dir})
