#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# test/lib/harness.sh: a test that fails in any way ends with 1 and keeps its folder; any other test removes it.
. "$(dirname "$0")/../../lib/harness.sh"
at_failure=continue
show_failure() { cat out; }
begin
mkdir lib tests made
cp "$here/../../lib/harness.sh" lib/

# ends STATUS removed|kept WORDS LINES [VARIABLE=VALUE]: a test with these lines ends in this way, and prints WORDS
ends() {
    printf '. "$(dirname "$0")/../lib/harness.sh"\n%b\n' "$4" >tests/inner.sh
    env CG_TEST_TMP="$scratch/made" ${5:+"$5"} sh tests/inner.sh >out 2>&1
    got=$?
    [ $got = "$1" ] || fail "exit code $got, expected $1: $4"
    grep -q -- "$3" out || fail "the output does not contain \"$3\": $4"
    left=$(ls made)
    case $2$left in
    removed | kept?*) ;;
    *) fail "expected the folder to be $2, found \"$left\": $4" ;;
    esac
    rm -rf made
    mkdir made
}
ends 0 removed here 'begin\necho here'
ends 0 kept 'kept: ' 'begin' CG_KEEP=1
ends 1 kept 'FAILED: one' 'begin\nfail one\nfail two'
! grep -q two out || fail "the test continues after a failure"
ends 1 kept 'FAILED: two' 'at_failure=continue\nbegin\nfail one\nfail two\ntrue'
ends 1 kept 'FAILED: one' 'at_failure=anything\nbegin\nfail one\nfail two'
ends 1 kept 'FAILED: one' 'begin\n(fail one) || exit 1'
ends 1 kept 'shown' 'show_failure() { echo shown; }\nbegin\nfail one'
ends 1 kept 'FAILED: one' 'at_failure=continue\nbegin\n(fail one)\necho word | while read -r _; do fail two; done'
ends 1 kept 'FAILED: one' 'begin\necho word | while read -r _; do fail one; done'
ends 1 kept 'FAILED: one' 'at_failure=continue\nbegin\nfail one\nskip nothing here'
ends 3 kept 'kept: ' 'set -e\nbegin\n(exit 3)'
ends 1 kept 'kept: ' 'begin\nkill -TERM $$\nsleep 9'
ends 77 removed 'skipped: nothing here' 'begin\nskip nothing here'
ends 77 removed 'skipped: nothing here' 'skip nothing here'
ends 0 removed '^second first 0$' 'at_end '"'"'echo first $status'"'"'\nat_end '"'"'printf "second "'"'"'\nbegin'
ends 1 kept '^failed$' 'at_failure=continue\nat_end "failed && echo failed"\nbegin\nfail one'
ends 0 removed '/tmp/' 'begin\npublic_scratch\necho $public_folder'
[ ! -e "$(cat out)" ] || fail "the public folder is not removed"
ends 0 removed '^in time$' 'begin\n(sleep 0.2; echo word >file) &\nwait_for file word && echo in time'
ends 0 removed '^never$' 'begin\nwait_for file word || echo never' CG_WAIT=1
