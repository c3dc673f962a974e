# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The tool is killed before every call that changes a file, one after the other; then the disk is full from every
# such call on. Each time the state must be the old or the new one, the next run must work, and nothing is lost.
# What the walks of crash*.sh share; sourced after lib.sh.
# Where a sample is asked for (test/sample), each walk stops at every fourth place.
unset CDPATH
first=1 stride=1
[ -z "${CG_SAMPLE-}" ] || { first=$((CG_SAMPLE % 4 + 1)) && stride=4; }

ok cg -C base init --no-passphrase
ok cg -C base issue client one
as_before base one
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
    passwd)
        # key and settings change together: the walk has just issued with what the settings name
        file=$(sed -n 's/.*"passphrase_file":[[:space:]]*"\(.*\)".*/\1/p' ca/certguard.json)
        openssl pkey -in ca/ca/key.pem -passin "file:$file" -noout || fail "key.pem does not open with the file of the settings"
        [ "$(stat -c %a ca/ca/key.pem)" = 600 ] || fail "mode of key.pem"
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
    at=$first stops=0
    while :; do
        rm -rf ca
        [ "$what" = init ] || cp -a "../${base:-base}" ca
        [ -z "${target-}" ] || { rm -rf "$target" && cp -a "$target.base" "$target"; }
        faulty "$fault" $at -C ca "$@"
        got=$?
        one_generation
        [ $got = "${end_code:-0}" ] && break
        [ $got = "$code" ] || fail "$what, $fault at call $at: expected exit $code, got $got"
        [ "$fault" = kill ] || grep -q "No space left.*Free disk space" err || fail "$what, $fault at $at: no clear message"
        if [ "$what" = init ] && [ ! -e ca/ca/cert.pem ] && [ ! -e ca/pending ]; then
            ok cg -C ca init --no-passphrase
        fi
        ok cg -C ca issue client probe
        consistent ca
        old_or_new "$what"
        brought_out
        stops=$((stops + 1))
        at=$((at + stride))
        [ $at -lt 400 ] || fail "$what does not come to an end"
    done
    consistent ca
    echo "$what, $fault: $stops places, from $first each $stride"
    [ $stops -gt $((9 / stride)) ] || fail "$what: the shim stopped it at $stops places"
}

# both FIRST SECOND: two functions at once; what either says is shown, and either can fail the test. No variable of this
# one's is set before the second begins, which would see it.
both()
{
    ("$1") &
    set -- "$2" $!
    ("$1") &
    set -- "$2" $!
    wait "$1"
    one=$?
    wait "$2"
    two=$?
    [ $one = 0 ] && [ $two = 0 ] || exit 1
}
