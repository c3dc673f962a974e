#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Verbs that a person types again: the tool is killed before every call that changes a file, one after the other. The
# same command must then work, and leave what it leaves when nobody disturbs it.
unset CDPATH
. "$(dirname "$0")/lib.sh"
. "$here/crash_lib.sh"

ok cg -C base issue broker two.lan
ok cg -C base revoke one --reason keyCompromise
consistent base

# the index is lost
cp -a base lost
rm lost/index.txt
# something was issued while the clock was ahead
cp -a base ahead
ok cg -C ahead --at +400d issue client ahead
# one of several that are to be revoked is not in the index, and known by its file alone
cp -a base unlisted
ok cg -C unlisted issue client seven
mv unlisted/archive/seven/0001/cert.pem seven.pem
rm -r unlisted/archive/seven unlisted/live/seven
for file in index.txt journal.jsonl; do
    sed -i /seven/d unlisted/$file
done
ok cg -C unlisted issue client eight
# a CA that was made by hand
by_hand found
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=three -keyout three.key -out three.csr 2>/dev/null ||
    fail "openssl req"
printf 'four\nfive\n' >names
printf 'of the bundle\n' >p12pass

# again WHAT FOLDER ARGUMENTS...: FOLDER is what ca is a copy of, "" for none
again()
{
    what=$1
    from=$2
    shift 2
    work=$work/$what
    mkdir "$work"
    cd "$work" || exit 1
    at=$first stops=0
    while :; do
        rm -rf ca out.* etc
        [ -z "$from" ] || cp -a "../$from" ca
        faulty kill $at -C ca "$@"
        got=$?
        [ $got = 0 ] && break
        [ $got = 137 ] || fail "$what, kill at $at: expected exit 137, got $got"
        [ ! -e out.tar ] || tar -tf out.tar >/dev/null || fail "$what, kill at $at: half a backup"
        cg -C ca "$@" >out 2>err </dev/null
        [ $? -le 1 ] || fail "$what, kill at $at: the same command again" # 1: it was done already
        consistent ca
        "after_$what" || fail "$what, kill at $at: not as without it"
        stops=$((stops + 1))
        at=$((at + stride))
        [ $at -lt 400 ] || fail "$what does not come to an end"
    done
    consistent ca
    "after_$what" || fail "$what: not done"
    echo "$what: $stops places, from $first each $stride"
    [ $stops -gt $((2 / stride)) ] || fail "$what: the shim stopped it at $stops places"
}

after_restore() { [ "$(sort ca/index.txt)" = "$(sort ../base/index.txt)" ]; }
after_clock() { ok cg -C ca issue client now; }
after_import() { [ -e ca/ca/cert.pem ] && ok cg -C ca issue client new; }
after_sign() { [ -e ca/live/three/cert.pem ]; }
after_several() { [ "$(grep -c '^R.*archive/[tse].*/' ca/index.txt)" = 3 ] && cmp -s ../seven.pem ca/archive/seven/0001/cert.pem; }
after_batch() { [ -e ca/live/four/cert.pem ] && [ -e ca/live/five/privkey.pem ]; }
after_deploy() { cmp -s ca/live/two.lan/privkey.pem etc/privkey.pem && cmp -s ca/crl.pem etc/crl.pem; }
after_forget() { ! grep -qs elsewhere ca/deploy/two.lan.json; }
# made before the bundle was written: what is missing is told by the second run, and "openssl pkcs12" makes it
after_bundle() { [ -e ca/live/six/privkey.pem ] && { [ ! -e out.p12 ] || ok openssl pkcs12 -in out.p12 -passin file:../p12pass -nodes; }; }
# all of the first two generations, or nothing
after_prune()
{
    [ "$(ls ca/archive/seven/0001 ca/archive/seven/0002 | grep -c pem)" = 2 ] && [ -e ca/archive/seven/0003/privkey.pem ] &&
        [ "$(grep -c '"done":"pruned"' ca/journal.jsonl)" = 2 ]
}
after_backup() { tar -tf out.tar >/dev/null; }
after_unpack() { diff -r --no-dereference -x lock ../base ca; }

ok cg -C base backup base.tar
# three are due, of which two are due in one change
cp -a base many
ok cg -C many issue client --batch names --lifetime 90d
after_renew_all() { ok cg -C ca --at +66d renew --all --due && says "Nothing is due" && [ -e ca/archive/four/0002 ] && [ -e ca/archive/five/0002 ] && [ ! -e ca/archive/five/0003 ]; }

cp -a base targets
ok cg -C targets deploy two.lan --to "$work/elsewhere"

# generations that are old
cp -a base renewed
ok cg -C renewed issue client seven
for number in 2 3 4; do
    ok cg -C renewed renew seven
done

first_half()
{
    (again restore lost crl --restore-index) && (again clock ahead crl --at +0s) &&
        (again several unlisted revoke two.lan ../seven.pem eight) && (again sign base sign ../three.csr --name three) &&
        (again batch base issue client --batch ../names) && (again backup base backup out.tar) &&
        (again prune renewed prune --older-than 0d) && (again unpack "" restore ../base.tar)
}

second_half()
{
    (again import "" import ../found --no-passphrase) && (again renew_all many --at +66d renew --all --due) && (again deploy base deploy two.lan --to etc) &&
        (again forget targets deploy two.lan --forget "$work/elsewhere") &&
        (again bundle base issue client six --p12 out.p12 --p12-passphrase-file ../p12pass)
}

both first_half second_half
