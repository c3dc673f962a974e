# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What every shell test stands on: a scratch folder, how it fails and skips, what is done at its end, and how it waits.
# Sourced first, in the folder that the test was called in. In the environment may be: CG_TEST_TMP (where scratch folders are
# made), CG_KEEP (they stay in any case), CG_WAIT (seconds that a wait lasts), CG_PKI (the program of pki.c).
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd) || exit 1 # the folder of the test
failures=0
at_failure=end # the first failure ends the test; "continue": it is counted, and the test fails at its end
end_commands=
public_folder=

# begin: from here on the test runs in $scratch, which stays where the test fails
begin() {
    scratch=$(mktemp -d "${CG_TEST_TMP:-/tmp}/$(basename "$0" .sh).XXXXXX") || exit 1
    trap end EXIT
    trap 'exit 1' INT TERM
    cd "$scratch" || exit 1
}
# public_scratch: $public_folder, a folder where another user gets, wherever this test runs; it stays and goes with $scratch
public_scratch() {
    public_folder=$(mktemp -d "/tmp/certguard-$(basename "$0" .sh).XXXXXX") && chmod 755 "$public_folder" || exit 1
}
# at_end COMMAND: is done at the end, what was named last first; $status is what the test ends with, see failed
at_end() {
    end_commands="$1
$end_commands"
}
# failed: whether the test that ends has failed
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

# show_failure: what a test shows of each failure; it or what stands between may have its own
show_failure() { :; }
fail() {
    echo "FAILED: $*" >&2
    [ -z "${scratch:-}" ] || : >"$scratch/.failed" # a subshell's count would be lost with it
    show_failure
    [ "$at_failure" = continue ] || exit 1
    failures=$((failures + 1))
}
skip() {
    echo "skipped: $*" >&2
    exit 77
}

# until_true COMMAND...: waits for it, at most 60 s, or CG_WAIT seconds
until_true() {
    tries_=$((${CG_WAIT:-60} * 10))
    until "$@"; do
        tries_=$((tries_ - 1))
        [ "$tries_" -gt 0 ] || return 1
        sleep 0.1
    done
}
# wait_for FILE WORDS
wait_for() {
    until_true grep -qs -- "$2" "$1"
}

# pki [--at SECONDS] LINE...: makes NAME.pem and NAME.key, here, of each "NAME: words" (pki_maker.h); it may refer to what is here
pki() {
    "${CG_PKI:?}" "$@" || exit 1
}
