# room(NAME FLOOR n [USES ...] [USES_PRIVATE ...] [ADMITS ...] [LINKS ...])
#   records one line of the table in Rooms.cmake and refuses an edge that is not downward.
# build_rooms()
#   makes, for each recorded room,
#     dynamigrate_<room>          the library (alias dynamigrate::<room>)
#     dynamigrate_<room>_testing  its test doubles, where src/<room>/testing holds any
#     <room>_tests                its tests, where src/<room>/tests holds any
#     linkcheck_<room>            proof that the room links with nothing but what its line names

function(room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "" "FLOOR" "USES;USES_PRIVATE;ADMITS;LINKS")
  if(NOT room_FLOOR MATCHES "^[0-9]+$" OR room_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "room(${name}): write room(NAME FLOOR n [USES ...] [USES_PRIVATE ...] "
                        "[ADMITS ...] [LINKS ...]) in cmake/Rooms.cmake")
  endif()
  get_property(rooms GLOBAL PROPERTY dynamigrate_rooms)
  foreach(used IN LISTS room_USES room_USES_PRIVATE)
    if(NOT used IN_LIST rooms)
      message(FATAL_ERROR "room '${name}' (floor ${room_FLOOR}) uses '${used}', which is no room "
                          "above its line in cmake/Rooms.cmake: add it there, or drop the edge")
    endif()
    get_property(floor GLOBAL PROPERTY dynamigrate_floor_${used})
    if(NOT floor LESS room_FLOOR)
      message(FATAL_ERROR "room '${name}' (floor ${room_FLOOR}) must not use room '${used}' (floor "
                          "${floor}): edges go to lower floors only; see cmake/Rooms.cmake")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY dynamigrate_rooms ${name})
  set_property(GLOBAL PROPERTY dynamigrate_floor_${name} ${room_FLOOR})
  set_property(GLOBAL PROPERTY dynamigrate_uses_${name} ${room_USES})
  set_property(GLOBAL PROPERTY dynamigrate_uses_private_${name} ${room_USES_PRIVATE})
  set_property(GLOBAL PROPERTY dynamigrate_links_${name} ${room_LINKS})
endfunction()

function(build_rooms)
  get_property(rooms GLOBAL PROPERTY dynamigrate_rooms)
  foreach(name IN LISTS rooms)
    add_room(${name})
  endforeach()
endfunction()

# A library needs a source; a room that is still all headers, or empty, gets this one.
function(placeholder_source name out)
  set(file ${PROJECT_BINARY_DIR}/placeholders/${name}.cpp)
  if(NOT EXISTS ${file})
    file(WRITE ${file} "namespace dynamigrate {}\n")
  endif()
  set(${out} ${file} PARENT_SCOPE)
endfunction()

function(add_room name)
  set(target dynamigrate_${name})
  set(room_dir ${PROJECT_SOURCE_DIR}/src/${name})
  get_property(uses GLOBAL PROPERTY dynamigrate_uses_${name})
  get_property(uses_private GLOBAL PROPERTY dynamigrate_uses_private_${name})
  get_property(links GLOBAL PROPERTY dynamigrate_links_${name})

  file(GLOB sources CONFIGURE_DEPENDS ${room_dir}/*.cpp)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${room_dir}/include/*.hpp)
  if(NOT sources)
    placeholder_source(${name} sources)
  endif()

  add_library(${target} STATIC ${sources})
  add_library(dynamigrate::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${room_dir}/include FILES ${headers})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${room_dir}/include>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${target} PUBLIC cxx_std_20)
  list(TRANSFORM uses PREPEND dynamigrate::)
  list(TRANSFORM uses_private PREPEND dynamigrate::)
  target_link_libraries(${target} PUBLIC ${uses} ${links}
                                  PRIVATE ${uses_private} $<BUILD_INTERFACE:dynamigrate_warnings>)

  add_room_linkcheck(${name})
  if(DYNAMIGRATE_TESTS)
    add_room_testing(${name})
    add_room_tests(${name})
  endif()
endfunction()

# An executable made of the whole archive: a call to a room that the line does not name, declared
# privately to get past the include directories, has no definition here.
function(add_room_linkcheck name)
  file(WRITE ${PROJECT_BINARY_DIR}/linkcheck/main.cpp.in "int main() {}\n")
  configure_file(${PROJECT_BINARY_DIR}/linkcheck/main.cpp.in ${PROJECT_BINARY_DIR}/linkcheck/main.cpp
                 COPYONLY)
  add_executable(linkcheck_${name} EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/linkcheck/main.cpp)
  target_link_libraries(linkcheck_${name}
                        PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,dynamigrate_${name}>)
  set_target_properties(linkcheck_${name} PROPERTIES
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/linkcheck)
  if(NOT TARGET linkcheck)
    add_custom_target(linkcheck)
  endif()
  add_dependencies(linkcheck linkcheck_${name})
endfunction()

# Every room that `name` reaches, itself included.
function(room_closure name out)
  set(reached ${name})
  get_property(uses GLOBAL PROPERTY dynamigrate_uses_${name})
  get_property(uses_private GLOBAL PROPERTY dynamigrate_uses_private_${name})
  foreach(used IN LISTS uses uses_private)
    room_closure(${used} below)
    list(APPEND reached ${below})
  endforeach()
  list(REMOVE_DUPLICATES reached)
  set(${out} ${reached} PARENT_SCOPE)
endfunction()

# The test doubles of `name` and of every room below it.
function(room_testing_targets name out)
  room_closure(${name} reached)
  set(found)
  foreach(below IN LISTS reached)
    if(TARGET dynamigrate_${below}_testing)
      list(APPEND found dynamigrate_${below}_testing)
    endif()
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

function(add_room_testing name)
  set(testing_dir ${PROJECT_SOURCE_DIR}/src/${name}/testing)
  file(GLOB sources CONFIGURE_DEPENDS ${testing_dir}/*.cpp)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${testing_dir}/include/*.hpp)
  if(NOT sources AND NOT headers)
    return()
  endif()
  if(NOT sources)
    placeholder_source(${name}_testing sources)
  endif()
  room_testing_targets(${name} below)
  add_library(dynamigrate_${name}_testing STATIC ${sources})
  target_include_directories(dynamigrate_${name}_testing PUBLIC ${testing_dir}/include)
  target_link_libraries(dynamigrate_${name}_testing PUBLIC dynamigrate::${name} ${below} GTest::gmock
                                                    PRIVATE dynamigrate_warnings)
endfunction()

function(add_room_tests name)
  set(tests_dir ${PROJECT_SOURCE_DIR}/src/${name}/tests)
  file(GLOB tests CONFIGURE_DEPENDS ${tests_dir}/*_test.cpp)
  file(GLOB others CONFIGURE_DEPENDS ${tests_dir}/*.cpp)
  if(NOT tests)
    return()
  endif()
  room_testing_targets(${name} testing)
  add_executable(${name}_tests ${others})
  target_link_libraries(${name}_tests PRIVATE dynamigrate::${name} ${testing} GTest::gmock_main
                                              dynamigrate_warnings)
  target_compile_definitions(${name}_tests PRIVATE DYNAMIGRATE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name}_tests PROPERTIES
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name}_tests COMMAND ${name}_tests)
  set(limit 120)
  if(DYNAMIGRATE_SANITIZE)
    set(limit 900)
  endif()
  set_tests_properties(${name}_tests PROPERTIES LABELS unit TIMEOUT ${limit})
  if(EXISTS /dev/shm)  # journals sync after each page: in memory, a test does not wait for the disk
    set_tests_properties(${name}_tests PROPERTIES ENVIRONMENT TMPDIR=/dev/shm)
  endif()
endfunction()
