# dynamigrate_add_plugin(NAME SOURCES... [DIRECTORY dir])
#   builds NAME.so, a migration as a plug-in: NAME is <version>[_slug], as of every file in the
#   migrations directory. DIRECTORY: where it is put; by default `migrations` beside the CMakeLists.txt.
#   Its code comes from the program that loads it, so that nothing is linked.
# dynamigrate_load_plugins(TARGET)
#   lets a program of one's own, which links dynamigrate::cli, load plug-ins: it exports what they use.

set(dynamigrate_plugin_rooms base json dynamodb expressions layers backfill migrate)

function(dynamigrate_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 plugin "" "DIRECTORY" "")
  if(NOT plugin_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "dynamigrate_add_plugin(${name}): name its sources")
  endif()
  if(NOT plugin_DIRECTORY)
    set(plugin_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/migrations)
  endif()
  add_library(${name} MODULE ${plugin_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX .so
                        LIBRARY_OUTPUT_DIRECTORY ${plugin_DIRECTORY}
                        CXX_EXTENSIONS OFF)
  target_compile_features(${name} PRIVATE cxx_std_20)
  foreach(room IN LISTS dynamigrate_plugin_rooms ITEMS aws http)
    target_include_directories(${name} PRIVATE
      $<TARGET_PROPERTY:dynamigrate::${room},INTERFACE_INCLUDE_DIRECTORIES>)
  endforeach()
  target_link_libraries(${name} PRIVATE fmt::fmt simdjson::simdjson)
endfunction()

function(dynamigrate_load_plugins target)
  set(archives)
  foreach(room IN LISTS dynamigrate_plugin_rooms)
    list(APPEND archives $<TARGET_FILE:dynamigrate::${room}>)
  endforeach()
  set_target_properties(${target} PROPERTIES ENABLE_EXPORTS ON)
  target_link_options(${target} PRIVATE LINKER:--whole-archive ${archives} LINKER:--no-whole-archive)
endfunction()
