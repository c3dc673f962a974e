#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What every shell test relies on: one that fails ends with 1 and its folder stays, in whichever way it fails; else it goes.
. "$(dirname "$0")/../../lib/harness.sh"
at_failure=continue
show_failure() { cat out; }
begin
mkdir lib tests made
cp "$here/../../lib/harness.sh" lib/

# ends STATUS gone|kept WORDS LINES [VARIABLE=VALUE]: a test of these lines
ends() {
    printf '. "$(dirname "$0")/../lib/harness.sh"\n%b\n' "$4" >tests/inner.sh
    env CG_TEST_TMP="$scratch/made" ${5:+"$5"} sh tests/inner.sh >out 2>&1
    got=$?
    [ $got = "$1" ] || fail "it ends with $got: $4"
    grep -q -- "$3" out || fail "nothing of \"$3\" is said: $4"
    left=$(ls made)
    case $2$left in
    gone | kept?*) ;;
    *) fail "it is not $2, there is \"$left\": $4" ;;
    esac
    rm -rf made
    mkdir made
}
ends 0 gone here 'begin\necho here'
ends 0 kept 'kept: ' 'begin' CG_KEEP=1
ends 1 kept 'FAILED: one' 'begin\nfail one\nfail two'
! grep -q two out || fail "it goes on behind a failure"
ends 1 kept 'FAILED: two' 'at_failure=continue\nbegin\nfail one\nfail two\ntrue'
ends 1 kept 'FAILED: one' 'at_failure=anything\nbegin\nfail one\nfail two'
ends 1 kept 'FAILED: one' 'begin\n(fail one) || exit 1'
ends 1 kept 'shown' 'show_failure() { echo shown; }\nbegin\nfail one'
ends 1 kept 'FAILED: one' 'at_failure=continue\nbegin\n(fail one)\necho word | while read -r _; do fail two; done'
ends 1 kept 'FAILED: one' 'begin\necho word | while read -r _; do fail one; done'
ends 1 kept 'FAILED: one' 'at_failure=continue\nbegin\nfail one\nskip nothing here'
ends 3 kept 'kept: ' 'set -e\nbegin\n(exit 3)'
ends 1 kept 'kept: ' 'begin\nkill -TERM $$\nsleep 9'
ends 77 gone 'skipped: nothing here' 'begin\nskip nothing here'
ends 77 gone 'skipped: nothing here' 'skip nothing here'
ends 0 gone '^second first 0$' 'at_end '"'"'echo first $status'"'"'\nat_end '"'"'printf "second "'"'"'\nbegin'
ends 1 kept '^failed$' 'at_failure=continue\nat_end "failed && echo failed"\nbegin\nfail one'
ends 0 gone '/tmp/' 'begin\npublic_scratch\necho $public_folder'
[ ! -e "$(cat out)" ] || fail "the folder beside stays"
ends 0 gone '^in time$' 'begin\n(sleep 0.2; echo word >file) &\nwait_for file word && echo in time'
ends 0 gone '^never$' 'begin\nwait_for file word || echo never' CG_WAIT=1
