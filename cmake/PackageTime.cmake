# Read by cpack before it packs. The time that all files of the package have:
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
    execute_process(COMMAND git -C ${CMAKE_CURRENT_LIST_DIR} log -1 --format=%ct OUTPUT_VARIABLE time
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed AND time)
        set(ENV{SOURCE_DATE_EPOCH} ${time})
    endif()
endif()

# cpack asks them which libraries the package depends on, its OpenSSL among them; without them it would name none.
foreach(tool dpkg-shlibdeps file)
    find_program(found NAMES ${tool} NO_CACHE)
    if(CPACK_GENERATOR STREQUAL "DEB" AND NOT found)
        message(FATAL_ERROR "${tool} is missing, so the package would name no dependencies; install dpkg-dev and file")
    endif()
    unset(found)
endforeach()
