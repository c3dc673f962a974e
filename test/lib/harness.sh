# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Base of every shell test: a scratch folder, failing, skipping, cleaning up and waiting. A test sources it first, before it
# changes the folder. Environment: CG_TEST_TMP (parent of the scratch folders), CG_KEEP (always keep them), CG_WAIT (longest
# wait in seconds), CG_PKI (the program built from pki.c).
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd) || exit 1 # the folder of the test
failures=0
at_failure=end # "end": the first failure ends the test. "continue": failures are counted, and the test fails at its end
end_commands=
public_folder=

# begin: makes $scratch and changes to it. If the test fails, the folder is kept.
begin() {
    scratch=$(mktemp -d "${CG_TEST_TMP:-/tmp}/$(basename "$0" .sh).XXXXXX") || exit 1
    trap end EXIT
    trap 'exit 1' INT TERM
    cd "$scratch" || exit 1
}
# public_scratch: makes $public_folder, a scratch folder in /tmp that other users can enter; kept or removed with $scratch
public_scratch() {
    public_folder=$(mktemp -d "/tmp/certguard-$(basename "$0" .sh).XXXXXX") && chmod 755 "$public_folder" || exit 1
}
# at_end COMMAND: runs it at the end of the test, the last one first; $status is the exit code of the test, see failed
at_end() {
    end_commands="$1
$end_commands"
}
# failed: true in a command of at_end if the test has failed
failed() {
    [ "$status" != 0 ] && [ "$status" != 77 ]
}
end() {
    status=$?
    trap - EXIT
    set +e
    [ ! -e "$scratch/.failed" ] || [ "$failures" != 0 ] || failures=1
    [ "$failures" = 0 ] || failed || status=1 # a test that failed was not skipped
    eval "$end_commands"
    if failed || [ -n "${CG_KEEP:-}" ]; then
        echo "kept: $scratch${public_folder:+ and $public_folder}" >&2
    else
        cd / && rm -rf "$scratch" ${public_folder:+"$public_folder"}
    fi
    exit "$status"
}

# show_failure: output after each failure; tests and libraries redefine it
show_failure() { :; }
fail() {
    echo "FAILED: $*" >&2
    [ -z "${scratch:-}" ] || : >"$scratch/.failed" # the count of a subshell is lost
    show_failure
    [ "$at_failure" = continue ] || exit 1
    failures=$((failures + 1))
}
skip() {
    echo "skipped: $*" >&2
    exit 77
}

# until_true COMMAND...: repeats it until it succeeds; fails after CG_WAIT seconds (60 by default)
until_true() {
    tries_=$((${CG_WAIT:-60} * 10))
    until "$@"; do
        tries_=$((tries_ - 1))
        [ "$tries_" -gt 0 ] || return 1
        sleep 0.1
    done
}
# wait_for FILE WORDS: waits until the file contains them
wait_for() {
    until_true grep -qs -- "$2" "$1"
}

# pki [--at SECONDS] LINE...: makes NAME.pem and NAME.key in this folder from each line "NAME: words" (pki_maker.h)
pki() {
    "${CG_PKI:?}" "$@" || exit 1
}
