include(${CMAKE_CURRENT_LIST_DIR}/ThirdParty.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/dynamigrateTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/Plugins.cmake)
