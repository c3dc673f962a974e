#!/bin/sh
# same.sh PROGRAM FILE: the program's output is what the file holds.
set -eu
if ! "$1" | diff -u "$2" -; then
    echo "same: $2 is not what $1 writes; build the target docs: cmake --build build/dev --target docs" >&2
    exit 1
fi
