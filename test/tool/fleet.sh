#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A fleet before a change: who would be refused by a new policy, a new CA, or later, as table, JSON and exit code.
. "$(dirname "$0")/lib.sh"

json() # the value of a count
{
    sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p" out | tail -n 1
}
counts() # CHECKED REFUSED
{
    [ "$(json checked)" = "$1" ] || fail "expected $1 checked, got $(json checked)"
    [ "$(json refused)" = "$2" ] || fail "expected $2 refused, got $(json refused)"
}

ok cg -q -C ca init --no-passphrase --name "Fleet CA" --intermediate
ok cg -q -C ca issue broker broker --san dns:broker.lan
for n in 1 2 3; do ok cg -q -C ca issue client "dev$n"; done
ok cg -q -C ca issue client short --lifetime 20d
ok cg -q -C ca issue client stolen
ok cg -q -C ca revoke stolen
as_before ca dev2
as_before ca dev3
ok cg -q -C ca renew dev3
[ "$(readlink ca/live/dev1)" = ../archive/dev1/0001 ] || fail "live/dev1 is no link to its generation"
[ "$(readlink ca/live/dev3/current)" = ../../archive/dev3/0002 ] || fail "the earlier form of live/dev3 is not used on"
ok cg -q -C ca crl

# ---- what was issued and is in use: as it is, later, under a new policy, under another CA ----
ok cg -C ca --json check --issued
counts 5 0
[ "$(json revoked)" = 1 ] && [ "$(json superseded)" = 1 ] || fail "revoked and replaced ones are not told"
expect 3 cg -C ca check --issued --at +30d
says '^short  *refused expired '
says '5 certificates checked as of .*: 1 refused, 4 accepted'
says '1 expired: '
expect 3 cg -C ca --json check --issued --at +100d
counts 5 2 # the broker's lifetime is 90 days
says '"reasons":{"expired":2}'
ok cg -C ca -v check --issued
[ "$(grep -c ' ok ' out)" = 5 ] || fail "-v does not show the others"
cat >policy.json <<POLICY
{"trust": {"anchors": "$work/ca/ca.pem", "intermediates": "$work/ca/chain.pem", "crls": "$work/ca/crl.pem"},
 "client": {"max_lifetime": "30d"}}
POLICY
expect 3 cg -C ca --json check --issued --policy policy.json
counts 5 3
says '"name":"dev1".*"decision":"reject","reason":"lifetime_too_long"'
sed -i 's/"30d"}/"30d", "rules": {"lifetime_too_long": "audit"}}/' policy.json
ok cg -C ca --json check --issued --policy policy.json
[ "$(json audited)" = 3 ] || fail "audited ones are not counted"
ok cg -q -C other init --no-passphrase --name "Other CA"
expect 3 cg -C ca --json check --issued --trust other/ca.pem
counts 5 5
ok cg -C ca --json check --issued --trust other/ca.pem --trust ca/ca.pem
counts 5 0

# ---- a folder: chains as they are sent, keys and CA certificates passed over, links to folders not followed ----
expect 3 cg --json check ca/live --trust ca/ca.pem --crl ca/crl.pem --untrusted ca/chain.pem
counts 6 1
says '"name":"stolen/fullchain.pem".*"revoked"'
mkdir -p flat/below
for n in 1 2 3; do cp ca/live/dev$n/fullchain.pem flat/below/dev$n.pem; done
openssl x509 -in ca/live/broker/cert.pem -outform DER -out flat/broker.der
cp ca/live/dev1/privkey.pem ca/ca.pem ca/crl.pem flat/
echo 'not a certificate' >flat/readme.txt
ln -s .. flat/below/up
ok cg --json check flat --trust ca/ca.pem --untrusted ca/chain.pem
counts 4 0
expect 3 cg --json check flat --trust ca/ca.pem --purpose server --untrusted ca/chain.pem
counts 4 3

# ---- a chain that many files have helps none without it, and no certificate with another signature ----
mkdir mixed
forge() # FROM TO: the last byte of the certificate, which is in the signature, is another one
{
    openssl x509 -in "$1" -outform DER -out forged.der || fail "openssl x509"
    size=$(wc -c <forged.der)
    byte=$(tail -c 1 forged.der | od -An -tu1)
    # shellcheck disable=SC2059 # the byte
    { head -c $((size - 1)) forged.der && printf "\\$(printf %03o $(((byte + 1) % 256)))"; } >"$2.der"
    openssl x509 -in "$2.der" -inform DER -out "$2"
    rm "$2.der"
}
cp ca/live/dev1/fullchain.pem mixed/1.pem
cp ca/live/dev2/cert.pem mixed/2.pem
forge ca/live/dev2/cert.pem mixed/3.pem
cat ca/chain.pem >>mixed/3.pem
cp ca/live/dev3/fullchain.pem mixed/4.pem
forge ca/chain.pem chain.forged
cat ca/live/dev2/cert.pem chain.forged >mixed/5.pem
cat ca/live/dev2/cert.pem chain.forged >mixed/6.pem
cp ca/live/short/fullchain.pem mixed/7.pem
expect 3 cg -v --json check mixed --trust ca/ca.pem
counts 7 4
for verdict in 1:ok 2:untrusted 3:bad_signature 4:ok 5:bad_signature 6:bad_signature 7:ok; do
    says "\"name\":\"${verdict%:*}.pem\".*\"reason\":\"${verdict#*:}\""
done

# ---- what can't be read is told, and is no clean bill ----
echo '-----BEGIN CERTIFICATE-----' >flat/half.pem
expect 1 cg --json check flat --trust ca/ca.pem --untrusted ca/chain.pem
counts 4 0
[ "$(json unreadable)" = 1 ] || fail "the broken file is not counted"
says 'flat/half.pem'
rm -f ca/archive/dev1/0001/fullchain.pem
expect 1 cg -C ca --json check --issued
counts 4 0
says_not '"error"'
rm ca/live/dev1
expect 1 cg -C ca check --issued
says 'certificate of "dev1" is in use: ca/live/dev1 is missing'
mkdir ca/live/dev1
cp ca/archive/dev1/0001/cert.pem ca/live/dev1 # a copy that follows links
expect 1 cg -C ca check --issued
says 'ca/live/dev1 is not a link .* ln -s ../archive/dev1/0001 ca/live/dev1'
expect 1 cg check nowhere --trust ca/ca.pem
mkdir -p deep/1/2/3/4/5/6/7/8/9
expect 1 cg check deep --trust ca/ca.pem
says 'levels of folders'
expect 64 cg check flat
expect 64 cg -C ca check --issued flat
expect 64 cg -C ca check --issued ca/ca.pem
expect 1 cg -C nowhere check --issued

# ---- many: in constant order, one line each ----
seq -f 'many%04g' 1 400 >names
ok cg -q -C many init --no-passphrase
ok cg -q -C many issue client --batch names --lifetime 30d
expect 3 cg -C many --json check --issued --at +31d
counts 400 400
sed -n 's/.*"name":"\([^"]*\)".*/\1/p' out | cmp -s - names || fail "the order is not that of the index"
echo "done"
