#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Checks that ctest knows every test that SECURITY.md names: security.sh SECURITY.md BUILD
set -eu
. "$(dirname "$0")/../lib/harness.sh"
at_failure=continue
named=$(sed -n '/^## Guarantees/,/^## Limits/s/^|.*|\(.*\)|$/\1/p' "$1" | tr ',' '\n' | sed -n 's/.*`\([^`]*\)`.*/\1/p' | sort -u)
[ "$(echo "$named" | wc -l)" -ge 20 ] || fail "$1 has no table of guarantees and tests"
# "ctest -N" would overwrite the log of the ctest that runs this
known=$(find "$2" -name CTestTestfile.cmake -exec sed -n 's/^add_test(\(\[=\[\)\{0,1\}\([A-Za-z0-9_-]*\).*/\2/p' {} +)
for test in $named; do
    echo "$known" | grep -qx -- "$test" || fail "SECURITY.md names the test $test, which does not exist"
done
[ "$failures" = 0 ]
echo "$(echo "$named" | wc -l) tests, all exist"
