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
if(CMAKE_SIZEOF_VOID_P EQUAL 4) # files over 2 GiB; no library that is used here has off_t in what is called
    add_compile_definitions(_FILE_OFFSET_BITS=64)
endif()
# cg_use(compile|link GROUP FLAG...): those that this compiler takes for this processor without a word: gcc refuses
# -fcf-protection on ARM. The whole group first, since each question is a run of the compiler. Where the user's own CFLAGS
# make it say something, its exit status alone tells: -Werror would answer for them, and no flag would be taken.
function(cg_compiles result)
    check_c_source_compiles("int main(void) { return 0; }" ${result})
endfunction()
function(cg_takes kind flags result)
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
    cg_takes(${kind} "${flags}" CG_TAKES_${group})
    if(NOT CG_TAKES_${group})
        foreach(flag IN LISTS ARGN)
            string(MAKE_C_IDENTIFIER "CG_TAKES${flag}" takes)
            cg_takes(${kind} ${flag} ${takes})
            if(NOT ${takes})
                list(REMOVE_ITEM flags ${flag})
                list(APPEND left ${flag})
            endif()
        endforeach()
        if(left AND NOT group STREQUAL "BRANCHES") # those are of one processor each
            list(JOIN left " " left)
            message(WARNING "${CMAKE_C_COMPILER} does not take these flags, and what is built goes without: ${left}")
        endif()
    endif()
    cmake_language(CALL add_${kind}_options ${flags})
endfunction()

cg_use(compile WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
       -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wconversion -Wno-sign-conversion)
cg_use(compile HARDENING -fno-common -fstack-protector-strong -fstack-clash-protection)
cg_use(compile BRANCHES -fcf-protection -mbranch-protection=standard) # one of them: amd64's, arm64's
# eh-frame-hdr: without that table no unwinder finds its way, and some wrappers of gcc for musl leave it out.
# stack-size: what a program's threads get on musl, 128 KiB where nothing is said; glibc goes by the limit of the shell.
cg_use(link LINKING -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--eh-frame-hdr -Wl,-z,stack-size=2097152)
if(CG_WERROR)
    add_compile_options(-Werror)
endif()
if(CG_SANITIZE)
    add_compile_options(-fsanitize=${CG_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${CG_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
    # The same source makes the same bytes in whichever folder it is built.
    cg_takes(compile -ffile-prefix-map=/here=. CG_TAKES_PATHS) # asked with a path that has no blank
    if(CG_TAKES_PATHS)
        add_compile_options(-ffile-prefix-map=${PROJECT_BINARY_DIR}=. -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
    else()
        message(WARNING "${CMAKE_C_COMPILER} does not take -ffile-prefix-map: what is built has this folder's name in it")
    endif()
endif()
if(CG_FUZZERS) # the fuzzer must see its way through the core, not only through the target
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(CG_COVERAGE)
    add_compile_options(--coverage -fprofile-update=atomic) # several threads count
    add_link_options(--coverage)
endif()
