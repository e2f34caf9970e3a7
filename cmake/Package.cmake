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
              cmake/dynamigrateConfig.cmake cmake/Plugins.cmake
        DESTINATION ${package_dir})

# pkg-config --cflags --libs dynamigrate
set(pc_rooms)
foreach(room IN LISTS rooms)  # from the highest floor down
  string(PREPEND pc_rooms "-l${room} ")
endforeach()
set(pc_libraries "-lrocksdb -lyaml-cpp -ljq -lcurl -lzstd -lz -ldeflate -lspdlog -lfmt -lcrypto -lsimdjson")
set(pc_flags "$<JOIN:$<TARGET_PROPERTY:simdjson::simdjson,INTERFACE_COMPILE_OPTIONS>, >")
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/dynamigrate.pc.in ${PROJECT_BINARY_DIR}/dynamigrate.pc.in @ONLY)
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/dynamigrate.pc INPUT ${PROJECT_BINARY_DIR}/dynamigrate.pc.in)
install(FILES ${PROJECT_BINARY_DIR}/dynamigrate.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
