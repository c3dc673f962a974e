#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Checks that ctest knows every test that SECURITY.md names, that each threat has one, and that a test has the words after its name:
# security.sh SECURITY.md BUILD
set -eu
. "$(dirname "$0")/../lib/harness.sh"
at_failure=continue
begin
named=$(sed -n '/^## Guarantees/,/^## Limits/s/^|.*|\(.*\)|$/\1/p' "$1" | tr ',' '\n' | sed -n 's/.*`\([^`]*\)`.*/\1/p' | sort -u)
[ "$(echo "$named" | wc -l)" -ge 20 ] || fail "$1 has no table of guarantees and tests"
# "ctest -N" would overwrite the log of the ctest that runs this. Folders of other tests vanish while find looks at them.
find "$2" -name CTestTestfile.cmake -exec cat {} + >tests 2>find.err || [ -s tests ] || fail "$(cat find.err)"
known=$(sed -n 's/^add_test(\(\[=\[\)\{0,1\}\([A-Za-z0-9_-]*\).*/\2/p' tests)
for test in $named; do
    echo "$known" | grep -qx -- "$test" || fail "SECURITY.md names the test $test, which does not exist"
done

threats=$(sed -n '/^## Threats/,/^## Limits/s/^| .* | \(.*\) |$/\1/p' "$1" | sed 1d)
[ "$(echo "$threats" | wc -l)" -ge 20 ] || fail "$1 has no table of threats and tests"
labels=0
IFS='
'
for row in $threats; do
    case $row in *\`*\`*) ;; *) fail "a threat in $1 has no test: $row" ;; esac
    for words in $(echo "$row" | grep -o '`[^`]*` ([^)]*)'); do
        test=$(echo "$words" | cut -d'`' -f2)
        script=$(sed -n "s/^add_test(.*${test}[] ].*\"\([^\"]*\.sh\)\".*/\1/p" tests)
        for label in $(echo "$words" | sed 's/.*(\(.*\))$/\1/; s/, /\n/g'); do
            labels=$((labels + 1))
            [ -f "$script" ] && grep -qw -- "$label" "$script" || fail "SECURITY.md: the test $test has no \"$label\""
        done
    done
done
[ "$failures" = 0 ]
echo "$(echo "$named" | wc -l) tests, all exist, with $labels rows"
