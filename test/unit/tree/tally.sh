#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Tests the functions that count passed tests in test/systems/tally.sh:  tally.sh SOURCE_DIR
set -u
unset CDPATH
. "$(dirname "$0")/../../lib/harness.sh"
. "$1/test/systems/tally.sh"
begin
at_failure=continue

# counts TALLY yes|no FUNCTION LINES: the function returns the tally for these lines, and whether it is a pass
counts() {
    printf '%b' "$4" >"$scratch/log"
    tally=$("$3" "$scratch/log")
    if passed_all "$tally"; then pass=yes; else pass=no; fi
    [ "$tally $pass" = "$1 $2" ] || fail "$(printf 'expected "%s", pass: %s; got "%s", pass: %s, for:\n%b' "$1" "$2" "$tally" "$pass" "$4")"
}
passed=' 1/3 Test  #1: unit_a ......   Passed    0.00 sec\n'
skipped=' 2/3 Test #12: unit_b ......***Skipped   0.00 sec\n'
counts "1 of 1" yes tally_tests "$passed$skipped"
counts "1 of 2" no tally_tests "$passed 3/3 Test  #3: unit_c ......***Failed    0.00 sec\n"
counts "1 of 2" no tally_tests "$passed 3/3 Test  #3: unit_c ......***Timeout 400.00 sec\n"
counts "0 of 1" no tally_tests "Could not find executable\n 1/1 Test  #3: unit_c ......***Not Run   0.00 sec\n"
counts "0 of 0" no tally_tests "$skipped"
counts "0 of 0" no tally_tests "No tests were found!!!\n"
counts "46 of 46" yes tally_walk "ok: x\n46 passed, 0 failed, 0 skipped\n"
counts "45 of 46" no tally_walk "45 passed, 1 failed, 0 skipped\n"
counts "0 of 0" no tally_walk "0 passed, 0 failed, 0 skipped\n"
counts "" no tally_walk "ok: x\nKilled\n"
counts "0 of 10" no tally_walk "0 passed, 10 failed, 0 skipped\n"
