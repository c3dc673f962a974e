#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The tool is killed before every call that changes a file, one after the other; then the disk is full from every
# such call on. Each time the state must be the old or the new one, the next run must work, and nothing is lost.
. "$(dirname "$0")/lib.sh"

ok cg -C base init --no-passphrase
ok cg -C base issue client one
consistent base

# faulty FAULT N COMMAND...
faulty()
{
    fault=$1
    at=$2
    shift 2
    LD_PRELOAD=$FAULT_SHIM CG_FAULT=$fault CG_FAULT_AT=$at "$CERTGUARD" "$@" >out 2>err </dev/null
}

# the faults that the file "switch" names
switched()
{
    LD_PRELOAD=$FAULT_SHIM CG_FAULT_SWITCH=switch "$CERTGUARD" "$@"
}

# old_or_new WHAT: the state after the next run, by what each verb is to change
old_or_new()
{
    case $1 in
    issue)
        grep -q archive/new/0001 ca/index.txt && [ ! -d ca/live/new ] && fail "new is in the index but not live"
        grep -q archive/new/0001 ca/index.txt || [ ! -e ca/live/new ] || fail "new is live but not in the index"
        ;;
    revoke)
        lines=$(grep -c '^R.*archive/one/' ca/index.txt)
        noted=$(grep -c '"name":"one".*"done":"revoked"' ca/journal.jsonl)
        [ "$lines" = "$noted" ] || fail "index and journal differ about the revocation"
        ;;
    crl)
        number=$(openssl crl -in ca/crl.pem -noout -crlnumber | sed 's/.*0x//')
        [ "$(printf %02X $((0x$number + 1)))" = "$(cat ca/crlnumber)" ] || fail "crlnumber and the CRL differ"
        ;;
    esac
}

# what a reader of the target finds, at this moment: all of one generation
one_generation()
{
    [ -n "${target-}" ] || return 0
    for generation in ca/archive/two.lan/*; do
        cmp -s "$generation/privkey.pem" "$target/privkey.pem" && break
    done
    for file in privkey.pem cert.pem chain.pem fullchain.pem; do
        cmp -s "$generation/$file" "$target/$file" || fail "$what, $fault at $at: the target's $file is not of its generation"
    done
}

# the next run of the timer brings out what is live, and no rotation without its proof
brought_out()
{
    [ -n "${target-}" ] || return 0
    ok cg -C ca renew --all --due
    expect 1 cg -C ca needs-renewal --all
    cmp -s ca/live/two.lan/privkey.pem "$target/privkey.pem" || fail "$what, $fault at $at: what is live is not deployed"
    [ "$what" != rotate ] || cmp -s ca/archive/two.lan/0001/cert.pem "$target/cert.pem" ||
        fail "rotate, $fault at $at: a new certificate stays without its proof"
    one_generation
}

# walk WHAT FAULT CODE ARGUMENTS...: CODE is how a run ends that meets the fault. In a folder of its own, so that
# several walk at once.
walk()
{
    what=$1
    fault=$2
    code=$3
    shift 3
    work=$work/$what-$fault
    mkdir "$work"
    cd "$work" || exit 1
    [ "$what" = init ] || known=../${base:-base}
    at=1
    while :; do
        rm -rf ca
        [ "$what" = init ] || cp -a "../${base:-base}" ca
        [ -z "${target-}" ] || { rm -rf "$target" && cp -a "$target.base" "$target"; }
        faulty "$fault" $at -C ca "$@"
        got=$?
        one_generation
        [ $got = "${end_code:-0}" ] && break
        [ $got = "$code" ] || fail "$what, $fault at call $at: expected exit $code, got $got"
        [ "$fault" = kill ] || grep -q "No space left.*free some space" err || fail "$what, $fault at $at: no clear message"
        if [ "$what" = init ] && [ ! -e ca/ca/cert.pem ] && [ ! -e ca/pending ]; then
            ok cg -C ca init --no-passphrase
        fi
        ok cg -C ca issue client probe
        consistent ca
        old_or_new "$what"
        brought_out
        at=$((at + 1))
        [ $at -lt 400 ] || fail "$what does not come to an end"
    done
    consistent ca
    echo "$what, $fault: $((at - 1)) places"
    [ $at -gt 10 ] || fail "$what: the shim saw only $((at - 1)) calls"
}

# both FIRST SECOND: two functions at once; what either says is shown, and either can fail the test
both()
{
    ("$1") &
    first=$!
    ("$2") &
    second=$!
    wait $first
    one=$?
    wait $second
    two=$?
    [ $one = 0 ] && [ $two = 0 ] || { trap - EXIT; exit 1; }
}

# A name with a target that comes to links in this very run, and one that has them. Nothing serves it, so rotate ends by
# going back.
deployed()
{
    cp -a base base-deployed
    base=base-deployed
    target=$work/etc
    ok cg -C $base issue broker two.lan --to "$target"
    mv etc etc.base
    (plain etc.base && walk deploy kill 137 renew two.lan) &&
        (end_code=1 && walk rotate kill 137 rotate two.lan --connect 127.0.0.1:1 --timeout 1) &&
        (walk renew ENOSPC 1 renew two.lan) &&
        (mv etc.base etc && ok cg -C $base renew two.lan && mv etc etc.base && walk rollback kill 137 deploy two.lan --rollback)
}

# as earlier versions left it
plain()
{
    for file in privkey.pem cert.pem chain.pem fullchain.pem; do
        cp --remove-destination "$(readlink -f "$1/$file")" "$1/$file"
    done
    rm -r "$1/.certguard"
}

first_half()
{
    (walk init kill 137 init --no-passphrase) && (walk issue kill 137 issue client new) &&
        (walk revoke kill 137 revoke one) && (walk crl kill 137 crl) && (walk renew kill 137 renew one) &&
        (walk init ENOSPC 1 init --no-passphrase)
}

second_half()
{
    (deployed) &&
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
        grep -q "Read-only file system; the file system is read-only" err || fail "$verb, read-only: no clear message"
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
    while ! grep -q renew ca/lock; do sleep 0.1; done
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
