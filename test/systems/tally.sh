# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What a system cannot run, and what it passed of the rest; for run and musl.

# not_here SYSTEM LOG: lines "TEST  REASON" of test/systems/skipped for this system, and what cmake left out by its output
not_here() {
    awk -F '  +' -v on="$1" '!/^#/ && NF == 3 { pattern = $1; gsub(/[().]/, "\\\\&", pattern); gsub(/\*/, ".*", pattern)
        if (on ~ "^" pattern "$") print $2 "  " $3 }' test/systems/skipped
    sed -n 's/^-- left out: \([a-z0-9_]*\) (\(.*\))$/\1  \2/p' "$2"
}
# pattern_of LINES: of not_here, as ctest -E wants it; nothing for nothing
pattern_of() {
    printf '%s\n' "$1" | awk -F '  ' 'NF { printf "%s%s", sep, $1; sep = "|" }' | sed '/./{s/^/^(/; s/$/)$/;}'
}
# tally_tests LOG: "passed of run" in ctest's output
tally_tests() {
    awk '/Test +#[0-9]+:/ { if (/\*\*\*Skipped|\(Disabled\)/) skipped++; else { all++; if (/   Passed/) passed++ } }
        END { printf "%d of %d", passed, all }' "$1"
}
tally_walk() {
    sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' "$1" | awk '{ print $1 " of " $1 + $2 }'
}
# passed_all TALLY: ctest ends well too where it found no test, or skipped them all
passed_all() {
    [ "${1:-0 of 0}" != "0 of 0" ] && [ "${1% of *}" = "${1#* of }" ]
}
# skipped_here LINES [LOG...]: what not_here told and what ctest skipped, for people; "-" for nothing
skipped_here() {
    told=$1
    shift
    {
        printf '%s\n' "$told" | awk -F '  ' 'NF { print $1 " (" $2 ")" }'
        [ $# = 0 ] || cat "$@" | sed -n 's/.*Test *#[0-9]*: \([a-z0-9_]*\) .*\*\*\*Skipped.*/\1/p'
    } | paste -s -d ';' - | sed 's/;/, /g; s/^$/-/'
}
