# Compiler and linker flags for every target: C11, warnings, hardening, sanitizers.
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
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
                    -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wconversion
                    -Wno-sign-conversion -fno-common -fstack-protector-strong)
if(CG_WERROR)
    add_compile_options(-Werror)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fstack-clash-protection -fcf-protection)
endif()
add_link_options(-Wl,-z,relro,-z,now -Wl,-z,noexecstack)
if(CG_SANITIZE)
    add_compile_options(-fsanitize=${CG_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${CG_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
    # The same source makes the same bytes in whichever folder it is built.
    add_compile_options(-ffile-prefix-map=${PROJECT_BINARY_DIR}=. -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
endif()
if(CG_FUZZERS) # the fuzzer must see its way through the core, not only through the target
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(CG_COVERAGE)
    add_compile_options(--coverage -fprofile-update=atomic) # several threads count
    add_link_options(--coverage)
endif()
