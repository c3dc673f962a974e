#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The tool is killed before every call that changes a file of the CA, and the disk is full from every such call on; then a
# file system that is read-only, and twenty runs at once.
unset CDPATH
. "$(dirname "$0")/lib.sh"
. "$here/crash_lib.sh"

first_half()
{
    (walk init kill 137 init --no-passphrase) && (walk issue kill 137 issue client new) &&
        (walk revoke kill 137 revoke one) && (walk crl kill 137 crl) && (walk renew kill 137 renew one) &&
        (walk init ENOSPC 1 init --no-passphrase)
}

# from a passphrase to another one, which the settings name
printf 'correct horse battery\n' >oldpass
printf 'another staple horse\n' >newpass
cp -a base sealed
ok cg -C sealed passwd --new-passphrase-file oldpass

second_half()
{
    (base=sealed && walk passwd kill 137 passwd --new-passphrase-file ../newpass) &&
        (walk config kill 137 config crl_lifetime 14d) &&
        (walk issue ENOSPC 1 issue client new) && (walk revoke ENOSPC 1 revoke one) &&
        (walk crl ENOSPC 1 crl) && (read_only_and_at_once)
}

read_only_and_at_once()
{
    work=$work/at-once
    mkdir "$work"
    cd "$work" || exit 1
    # what is pending counts as done when it is on the disk, not before
    cp -a ../base ca
    echo "syncfs 5" >switch
    expect 1 switched -C ca issue client new
    says "write to the disk"
    [ -e ca/pending ] || fail "what could not be written to the disk counts as done"
    rm switch
    ok cg -C ca crl
    [ -e ca/live/new ] || fail "what was pending is not done"
    consistent ca

    # random numbers that repeat give no serial number twice
    echo "RAND_bytes 4" >switch
    for name in first second; do
        ok switched -C ca issue client $name
    done
    grep -q "5A5A5A5A.*archive/first/" ca/index.txt || fail "the numbers of the test were not taken"
    consistent ca

    # a file system that is read-only from the start
    for verb in "issue client new" "revoke one" crl; do
        rm -rf ca
        cp -a ../base ca
        # shellcheck disable=SC2086 # the words of the verb
        faulty EROFS 1 -C ca $verb && fail "$verb on a read-only file system ended with 0"
        grep -q "Read-only file system. Mount the file system writable" err || fail "$verb, read-only: no clear message"
        diff -r ../base ca || fail "$verb changed something on a read-only file system"
    done

    # twenty at once: every one gets in, none is lost
    rm -rf ca
    cp -a ../base ca
    i=0
    while [ $i -lt 20 ]; do
        "$CERTGUARD" -C ca --wait 60 -q issue client "many$i" >/dev/null 2>"err$i" </dev/null &
        pids="${pids-} $!"
        i=$((i + 1))
    done
    for pid in $pids; do
        wait "$pid" || fail "one of twenty at once failed: $(cat err*)"
    done
    [ "$(grep -c archive/many ca/index.txt)" = 20 ] || fail "entries were lost: $(grep -c archive/many ca/index.txt) of 20"
    consistent ca
    echo "twenty at once: 20 entries"

    # who finds the lock taken says who has it, ends with 75 and changes nothing; by default it waits
    (flock 9 && printf '4711 renew\n' >&9 && exec sleep 5) 9>ca/lock &
    wait_for ca/lock renew || fail "the other run did not begin"
    before=$(cat ca/index.txt)
    expect 75 cg -C ca --wait 0 issue client late
    says "another run of certguard (process 4711, renew)"
    [ "$before" = "$(cat ca/index.txt)" ] || fail "the locked run changed the index"
    expect 75 cg -C ca --wait 2 issue client late
    says "Waiting for another run of certguard (process 4711, renew)"
    ok cg -C ca issue client late
    wait
}

both first_half second_half
