#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# If a build fails, test/build prints the compiler's messages without command lines. Tested with each installed compiler.
set -eu
unset CDPATH
. "$(dirname "$0")/../../lib/harness.sh"
begin
show_failure() { cat out; }

cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(broken LANGUAGES C)
add_compile_options(-Wall -Werror)
add_library(broken STATIC good.c worse.c bad.c)
END
echo 'int good; int warning_error(void); int warning_error(void) { return good; }' >good.c
printf 'int bad(void);\nint bad(void)\n{\n    int not_used_here;\n    return 0;\n}\n' >bad.c
printf 'int worse(void);\nint worse(void)\n{\n    return no_such_name;\n}\n' >worse.c

for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    cmake -S . -B $compiler -G Ninja -DCMAKE_C_COMPILER=$compiler >out 2>&1 || fail "cmake with $compiler"
    if sh "$CG_SOURCE_DIR/test/build" $compiler -- -k 0 -v >out 2>&1; then fail "$compiler: a failing build passed"; fi
    for text in 'bad\.c:4:.*not_used_here' 'worse\.c:4:.*no_such_name' '^ .*return no_such_name' "$compiler/build.log"; do
        grep -q "$text" out || fail "$compiler: the output does not contain $text"
    done
    if grep -q -e ' -c ' -e ' -Wall ' out; then fail "$compiler: the output contains a command line"; fi
done

echo 'int bad(void); int bad(void) { return 0; }' | tee bad.c | sed 's/bad/worse/g' >worse.c
for compiler in gcc clang; do
    [ ! -d $compiler ] || sh "$CG_SOURCE_DIR/test/build" $compiler >out 2>&1 || fail "$compiler: a valid build failed"
    [ ! -s out ] || fail "$compiler: a valid build prints something"
done
# an error of Ninja itself
if sh "$CG_SOURCE_DIR/test/build" gcc --target nothing >out 2>&1; then fail "an unknown target was built"; fi
grep -q "unknown target 'nothing'" out || fail "the output does not name the unknown target"
