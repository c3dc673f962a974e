# Read by cpack before it makes the package. Sets the time of all files in the package.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
    execute_process(COMMAND git -C ${CMAKE_CURRENT_LIST_DIR} log -1 --format=%ct OUTPUT_VARIABLE time
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed AND time)
        set(ENV{SOURCE_DATE_EPOCH} ${time})
    endif()
endif()

# cpack uses these tools to find the libraries that the package depends on. Without them it would silently name none.
foreach(tool dpkg-shlibdeps file)
    find_program(found NAMES ${tool} NO_CACHE)
    if(CPACK_GENERATOR STREQUAL "DEB" AND NOT found)
        message(FATAL_ERROR "cannot find ${tool}, which determines the dependencies of the package. Install dpkg-dev and file.")
    endif()
    unset(found)
endforeach()
