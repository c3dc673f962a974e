# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Counts the tests that a system passed, and lists those that it cannot run. For run and musl.

# not_here SYSTEM LOG: lines "TEST  REASON" from test/systems/skipped for this system, and from cmake's output in LOG
not_here() {
    awk -F '  +' -v on="$1" '!/^#/ && NF == 3 { pattern = $1; gsub(/[().]/, "\\\\&", pattern); gsub(/\*/, ".*", pattern)
        if (on ~ "^" pattern "$") print $2 "  " $3 }' test/systems/skipped
    sed -n 's/^-- left out: \([a-z0-9_]*\) (\(.*\))$/\1  \2/p' "$2"
}
# pattern_of LINES: turns the lines of not_here into a pattern for ctest -E; nothing if there are none
pattern_of() {
    printf '%s\n' "$1" | awk -F '  ' 'NF { printf "%s%s", sep, $1; sep = "|" }' | sed '/./{s/^/^(/; s/$/)$/;}'
}
# tally_tests LOG: "N of M" (passed of run) from ctest's output
tally_tests() {
    awk '/Test +#[0-9]+:/ { if (/\*\*\*Skipped|\(Disabled\)/) skipped++; else { all++; if (/   Passed/) passed++ } }
        END { printf "%d of %d", passed, all }' "$1"
}
# tally_walk LOG: the same from the output of test/systems/walk
tally_walk() {
    sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' "$1" | awk '{ print $1 " of " $1 + $2 }'
}
# passed_all TALLY: tests ran, and all passed. The exit code of ctest is also 0 if it found no test or skipped all.
passed_all() {
    [ "${1:-0 of 0}" != "0 of 0" ] && [ "${1% of *}" = "${1#* of }" ]
}
# skipped_here LINES [LOG...]: a list of the tests from not_here and of those that ctest skipped; "-" if there are none
skipped_here() {
    excluded=$1
    shift
    {
        printf '%s\n' "$excluded" | awk -F '  ' 'NF { print $1 " (" $2 ")" }'
        [ $# = 0 ] || cat "$@" | sed -n 's/.*Test *#[0-9]*: \([a-z0-9_]*\) .*\*\*\*Skipped.*/\1/p'
    } | paste -s -d ';' - | sed 's/;/, /g; s/^$/-/'
}
