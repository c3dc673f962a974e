#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What test/systems counts as passed:  tally.sh SOURCE_DIR
set -u
unset CDPATH
. "$(dirname "$0")/../../lib/harness.sh"
. "$1/test/systems/tally.sh"
begin
at_failure=continue

# of TALLY yes|no FUNCTION LINES: what the function makes of them, and whether that is a pass
of() {
    printf '%b' "$4" >"$scratch/log"
    tally=$("$3" "$scratch/log")
    if passed_all "$tally"; then pass=yes; else pass=no; fi
    [ "$tally $pass" = "$1 $2" ] || fail "$(printf '%s, pass: %s, not %s, %s of:\n%b' "$tally" "$pass" "$1" "$2" "$4")"
}
passed=' 1/3 Test  #1: unit_a ......   Passed    0.00 sec\n'
skipped=' 2/3 Test #12: unit_b ......***Skipped   0.00 sec\n'
of "1 of 1" yes tally_tests "$passed$skipped"
of "1 of 2" no tally_tests "$passed 3/3 Test  #3: unit_c ......***Failed    0.00 sec\n"
of "1 of 2" no tally_tests "$passed 3/3 Test  #3: unit_c ......***Timeout 400.00 sec\n"
of "0 of 1" no tally_tests "Could not find executable\n 1/1 Test  #3: unit_c ......***Not Run   0.00 sec\n"
of "0 of 0" no tally_tests "$skipped"
of "0 of 0" no tally_tests "No tests were found!!!\n"
of "46 of 46" yes tally_walk "ok: x\n46 passed, 0 failed, 0 skipped\n"
of "45 of 46" no tally_walk "45 passed, 1 failed, 0 skipped\n"
of "0 of 0" no tally_walk "0 passed, 0 failed, 0 skipped\n"
of "" no tally_walk "ok: x\nKilled\n"
of "0 of 10" no tally_walk "0 passed, 10 failed, 0 skipped\n"
