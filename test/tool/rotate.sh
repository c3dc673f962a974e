#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# rotate decides, whatever ends it: signals, a kill, another run that came in between. No broker serves anything here.
. "$(dirname "$0")/lib.sh"
unset CDPATH

ok cg -C ca init --no-passphrase
ok cg -C ca issue broker b --san dns:localhost
ok cg -C ca issue client one
ok cg -C ca issue client two

# ---- what has nothing that could be proven ----
expect 1 cg -C ca rotate b
says "is not deployed"
ok cg -C ca deploy one --to client
expect 1 cg -C ca rotate one
says "not a broker's certificate"
expect 64 cg -C ca rotate b --timeout 0
expect 64 cg -C ca rotate b --timeout 3601
[ ! -e ca/archive/b/0002 ] || fail "made before it was looked at"
[ ! -e ca/archive/one/0002 ] || fail "made for a client"
ok cg -C ca deploy b --to etc --connect 127.0.0.1:1

# holds GENERATION: deployed and live
holds()
{
    cmp -s "ca/archive/b/$1/privkey.pem" etc/privkey.pem || fail "the folder does not hold generation $1"
    [ "$(readlink ca/live/b)" = "../archive/b/$1" ] || fail "generation $1 is not live"
}

# start GENERATION: a rotation to it that waits for its proof. A shell starts what is in the background with SIGINT ignored.
start()
{
    env --default-signal=INT "$CERTGUARD" -C ca rotate b --timeout 300 >rotate.out 2>rotate.err </dev/null &
    rotation=$!
    until_true cmp -s "ca/archive/b/$1/privkey.pem" etc/privkey.pem ||
        fail "the new generation is not deployed: $(cat rotate.err)"
}

# ended CODE WORDS
ended()
{
    wait $rotation
    got=$?
    [ $got = "$1" ] || fail "rotate ended with $got: $(cat rotate.err)"
    grep -q "$2" rotate.err || fail "expected the words \"$2\": $(cat rotate.err)"
}

# ---- signals, and other runs in between ----
start 0002
expect 75 cg -C ca --wait 1 rotate b
says "another run is rotating"
expect 75 cg -C ca deploy b
says "another run is rotating"
expect 1 cg -C ca needs-renewal b
expect 75 cg -C ca renew b
says "another run is rotating"
says_not "Nothing is due"
expect 75 cg -C ca renew b two
says '"two", generation 2'
ok cg -C ca renew --all --due
says 'Another run is rotating "b" now'
ok cg -C ca revoke one
cmp etc/crl.pem ca/crl.pem || fail "revoke did not get through"
kill -INT $rotation
ended 1 "generation 1 of .* was restored"
holds 0001
number=2
for signal in TERM HUP; do
    number=$((number + 1))
    start "000$number"
    kill -$signal $rotation
    ended 1 "generation 1 of .* was restored"
    holds 0001
done
consistent ca

# ---- a killed one is due, and undone by the next run ----
start 0005
kill -KILL $rotation
wait $rotation
ok cg -C ca needs-renewal b
ok cg -C ca renew --all --due
holds 0001
expect 1 cg -C ca needs-renewal b
start 0006
kill -KILL $rotation
wait $rotation
ok cg -C ca deploy b
holds 0001
expect 1 cg -C ca rotate b --timeout 1
says "generation 1 of .* was restored"
holds 0001
consistent ca

# ---- revoked while it waits: there is nothing to go back to, and it says so ----
start 0008
ok cg -C ca revoke b
kill -TERM $rotation
ended 1 "stays live: .* is revoked"
holds 0008
expect 1 cg -C ca needs-renewal b
consistent ca

# ---- another user's CA: whoever runs it, the lock is the owner's, and one that cannot be looked at may be held ----
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    public_scratch
    home=$public_folder
    as_user()
    {
        setpriv --reuid 64321 --regid 64321 --clear-groups env HOME=/nowhere "$@"
    }
    cp "$CERTGUARD" "$home/certguard" && chmod 755 "$home/certguard"
    mkdir "$home/ca" "$home/etc" && chown 64321:64321 "$home/ca" "$home/etc"
    cd "$home" || exit 1
    ok as_user ./certguard -C ca init --no-passphrase
    ok as_user ./certguard -C ca issue broker b --san dns:localhost --to etc
    "$CERTGUARD" -C ca rotate b --timeout 300 --connect 127.0.0.1:1 >"$work/rotate.out" 2>"$work/rotate.err" </dev/null &
    rotation=$!
    until_true cmp -s ca/archive/b/0002/cert.pem etc/cert.pem ||
        fail "the new generation is not deployed: $(cat "$work/rotate.err")"
    [ "$(stat -c %u ca/rotate ca/rotate/b.lock | sort -u)" = 64321 ] || fail "the lock is not the owner's"
    expect 75 as_user ./certguard -C ca renew b
    says "another run is rotating"
    [ "$(readlink ca/live/b)" = ../archive/b/0002 ] || fail "taken back while it waits"
    kill -TERM $rotation
    wait $rotation
    chown root ca/rotate/b.lock
    chmod 600 ca/rotate/b.lock
    expect 1 as_user ./certguard -C ca renew --all --due
    says "cannot determine whether another run is rotating"
    rm ca/rotate/b.lock
    ok as_user ./certguard -C ca renew --all --due
    consistent ca
    cd "$work" || exit 1
fi
echo "done"
