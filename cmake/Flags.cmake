# Compiler and linker flags for every target: C11, warnings, hardening, sanitizers.
include(CheckCSourceCompiles)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

add_compile_definitions(_GNU_SOURCE)
if(CMAKE_SIZEOF_VOID_P EQUAL 4) # for files over 2 GiB; no function of the libraries that is called here uses off_t
    add_compile_definitions(_FILE_OFFSET_BITS=64)
endif()
# cg_use(compile|link GROUP FLAG...): adds the flags that this compiler accepts for this processor without a warning: gcc
# refuses -fcf-protection on ARM. The whole group is tried first, because each check runs the compiler. If the user's CFLAGS
# cause a warning, the check is without -Werror, which would make all flags fail.
function(cg_compiles result)
    check_c_source_compiles("int main(void) { return 0; }" ${result})
endfunction()
function(cg_accepts kind flags result)
    set(CMAKE_REQUIRED_FLAGS -Werror)
    cg_compiles(CG_QUIET_COMPILER)
    if(NOT CG_QUIET_COMPILER)
        set(CMAKE_REQUIRED_FLAGS "")
    endif()
    if(kind STREQUAL "link")
        set(CMAKE_REQUIRED_LINK_OPTIONS ${flags})
    else()
        set(CMAKE_REQUIRED_DEFINITIONS ${flags})
    endif()
    cg_compiles(${result})
endfunction()
function(cg_use kind group)
    set(flags ${ARGN})
    cg_accepts(${kind} "${flags}" CG_ACCEPTS_${group})
    if(NOT CG_ACCEPTS_${group})
        foreach(flag IN LISTS ARGN)
            string(MAKE_C_IDENTIFIER "CG_ACCEPTS${flag}" accepts)
            cg_accepts(${kind} ${flag} ${accepts})
            if(NOT ${accepts})
                list(REMOVE_ITEM flags ${flag})
                list(APPEND unsupported ${flag})
            endif()
        endforeach()
        if(unsupported AND NOT group STREQUAL "BRANCHES") # each of those is for one processor only
            list(JOIN unsupported " " unsupported)
            message(WARNING "${CMAKE_C_COMPILER} does not support these flags, so they are not used: ${unsupported}")
        endif()
    endif()
    cmake_language(CALL add_${kind}_options ${flags})
endfunction()

cg_use(compile WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
       -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wconversion -Wno-sign-conversion)
cg_use(compile HARDENING -fno-common -fstack-protector-strong -fstack-clash-protection)
cg_use(compile BRANCHES -fcf-protection -mbranch-protection=standard) # for amd64, for arm64
# eh-frame-hdr: the table that unwinders need; some gcc wrappers for musl do not request it.
# stack-size: for threads on musl, whose default is 128 KiB; glibc uses the limit of the shell.
cg_use(link LINKING -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--eh-frame-hdr -Wl,-z,stack-size=2097152)
if(CG_WERROR)
    add_compile_options(-Werror)
endif()
if(CG_SANITIZE)
    add_compile_options(-fsanitize=${CG_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${CG_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
    # Reproducible builds: the result does not depend on the folder.
    cg_accepts(compile -ffile-prefix-map=/here=. CG_ACCEPTS_PATHS) # the check needs a path without spaces
    if(CG_ACCEPTS_PATHS)
        add_compile_options(-ffile-prefix-map=${PROJECT_BINARY_DIR}=. -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
    else()
        message(WARNING "${CMAKE_C_COMPILER} does not support -ffile-prefix-map, so the binaries contain the path of this folder")
    endif()
endif()
if(CG_FUZZERS) # the fuzzer needs the coverage of the core, not only of the target
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(CG_COVERAGE)
    add_compile_options(--coverage -fprofile-update=atomic) # several threads update the counters
    add_link_options(--coverage)
endif()
