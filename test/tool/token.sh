#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The CA's key in a PKCS#11 token (SoftHSM), by a provider where there is one, else by the engine. The key never leaves
# the token; the PIN comes by the ways of a passphrase. Skipped where there is no such token.
. "$(dirname "$0")/lib.sh"

export SOFTHSM2_CONF="$work/softhsm2.conf"
for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
    [ -e "$module" ] && export PKCS11_MODULE_PATH="$module"
done
command -v softhsm2-util >/dev/null && [ -n "${PKCS11_MODULE_PATH-}" ] || skip "no softhsm2"
[ -n "$(ls /usr/lib/*/engines-3/pkcs11.so /usr/lib/*/ossl-modules/pkcs11.so 2>/dev/null)" ] ||
    skip "OpenSSL has neither a provider nor an engine for PKCS#11"

mkdir tokens
echo "directories.tokendir = $work/tokens" >softhsm2.conf
printf '87654321\n' >pin
printf '11111111\n' >wrong
ok softhsm2-util --init-token --free --label plant --so-pin 12345678 --pin 87654321
put()
{
    ok softhsm2-util --import "$1" --token plant --label "$2" --id "$3" --pin 87654321
}
ok openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.pem
ok openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small.pem
put ca.pem ca 01
put small.pem small 02

ok cg -C ca init --name Token --key "pkcs11:token=plant;object=ca" --passphrase-file pin
[ "$(cat ca/ca/key.uri)" = "pkcs11:token=plant;object=ca" ] || fail "key.uri"
[ ! -e ca/ca/key.pem ] || fail "the key was copied"
[ "$(openssl x509 -in ca/ca.pem -noout -pubkey)" = "$(openssl pkey -in ca.pem -pubout)" ] || fail "another key"
ok cg -C ca issue broker broker.lan --passphrase-file pin
seq -f 'dev%g' 1 20 >devices
ok cg -C ca issue client --batch devices --passphrase-file pin
ok cg -C ca revoke dev20 --passphrase-file pin
openssl verify -x509_strict -crl_check_all -CAfile ca/ca.pem -CRLfile ca/crl.pem ca/live/*/cert.pem >out 2>err
[ "$(grep -c 'OK$' out)" = 20 ] || fail "not all verify"
consistent ca

# with an intermediate: the token issues, the root's key is a file that can be taken away
# under a passphrase of its own, never the PIN
printf 'correct horse battery\n' >rootpass
expect 1 cg -C two init --intermediate --key "pkcs11:token=plant;object=ca" --passphrase-file pin
says "use --root-passphrase-file"
[ ! -e two/ca ] || fail "half a CA"
ok cg -C two init --intermediate --key "pkcs11:token=plant;object=ca" --passphrase-file pin --root-passphrase-file rootpass
openssl pkey -in two/root/key.pem -passin file:pin -noout 2>err && fail "the PIN opens the root's key"
ok openssl pkey -in two/root/key.pem -passin file:rootpass -noout
ok cg -C two crl --root --passphrase-file rootpass
ok cg -C two issue client one --passphrase-file pin

# adopted with the key in the token
mkdir by-hand
cp ca/ca.pem by-hand/root.crt
cp ca/live/dev1/cert.pem by-hand/dev1.crt
ok cg -C adopted import by-hand --key "pkcs11:token=plant;object=ca" --passphrase-file pin
[ -e adopted/ca/key.uri ] && [ ! -e adopted/ca/key.pem ] || fail "the key did not stay in the token"
ok cg -C adopted issue client new --passphrase-file pin
consistent adopted

# a wrong PIN, no PIN, no such key, a key too small, a PIN where everybody sees it
expect 1 cg -C ca issue client x --passphrase-file wrong
says "PIN is wrong"
[ ! -e ca/live/x ] || fail "issued with a wrong PIN"
expect 1 cg -C none init --key "pkcs11:token=plant;object=nothing" --passphrase-file pin
says "no such key"
expect 1 cg -C none init --key "pkcs11:token=plant;object=small" --passphrase-file pin
says "too few for a CA"
expect 1 cg -C none init --key "pkcs11:token=plant;object=ca;pin-value=87654321"
says "every user of this machine can see a PIN"
[ ! -e none/ca ] || fail "a CA without a key"
echo "done"
