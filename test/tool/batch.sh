#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Many certificates from one file: all of them good, restartable, killed anywhere without a loss.
. "$(dirname "$0")/lib.sh"

ok cg -C base init --no-passphrase
seq -f 'dev%04g' 1 300 >devices
echo '# a comment, and a blank line' >>devices
echo >>devices
echo 'gateway dns:gateway.lan uri:urn:dev:gateway' >>devices

cp -a base ca
ok cg -C ca --json issue client --batch devices
says '"issued":301,"skipped":0,"failed":0'
[ "$(grep -c . ca/index.txt)" = 301 ] || fail "index.txt has another number of lines"
cut -f4 ca/index.txt | sort | uniq -d | grep . && fail "a serial number occurs twice"
openssl verify -x509_strict -crl_check_all -CAfile ca/ca.pem -CRLfile ca/crl.pem -purpose sslclient ca/live/*/cert.pem \
    >verified 2>&1 || fail "one does not verify: $(grep -v OK verified)"
[ "$(grep -c 'OK$' verified)" = 301 ] || fail "not all were verified"
openssl x509 -in ca/live/gateway/cert.pem -noout -text | grep -q "DNS:gateway.lan, URI:urn:dev:gateway" || fail "SANs of the line"
[ "$(cat ca/live/*/privkey.pem | sort | uniq -d | grep -vc -- ---)" -le 1 ] || fail "two have the same key"
ok cg -C ca --json issue client --batch devices
says '"issued":0,"skipped":301'
printf 'new1\nnew1\n../x\nnew2 dns:-\nnew3\n' >bad
expect 1 cg -C ca --json issue client --batch bad
says '"issued":2,"skipped":0,"failed":3'
says "line 2: the name is repeated"
[ -e ca/live/new3 ] || fail "a bad line kept the good ones away"
printf 'nul1\nnul2\0dns:evil.lan\nnul3\n' >nul
expect 1 cg -C ca issue client --batch nul
says "line 2 contains a NUL byte"
[ ! -e ca/live/nul1 ] || fail "a file that is not text was used"
expect 64 cg -C ca issue client x --batch devices
expect 64 cg -C ca issue client --batch devices --san dns:all.lan
says "cannot be used with --batch"
expect 64 cg -C ca issue client --batch devices --batch bad
says "given twice"
expect 64 cg -C ca issue client --batch - --passphrase-fd 0
mkfifo pipe
expect 1 cg -C ca issue client --batch pipe
says "it is a pipe. .*--batch -"
printf '\357\273\277marked\r\nsecond\r\n' | "$CERTGUARD" -C ca issue client --batch - >out 2>err ||
    fail "standard input, with the byte order mark of another system"
[ -e ca/live/marked ] && [ -e ca/live/second ] || fail "not all names of standard input"
echo policy >one
ok cg -C ca issue client --batch one --policy-oid 1.3.6.1.4.1.99999.1
openssl x509 -in ca/live/policy/cert.pem -noout -text | grep -q "Policy: 1.3.6.1.4.1.99999.1" || fail "the policy was left out"
ok cg -C ca -n issue client --batch devices

# a revocation gets through while a batch goes on, and what it revoked stays so
rm -rf ca
cp -a base ca
ok cg -C ca issue client lost
head -20 devices >few
seq -f 'slow%03g' 1 200 >slow
"$CERTGUARD" -C ca issue client --batch slow --key-type rsa4096 >batch.out 2>batch.err </dev/null &
batch=$!
begun()
{
    grep -q ' issue$' ca/lock && [ -e ca/stage ]
}
until_true begun || fail "the batch did not begin"
ok cg -C ca --wait 600 revoke lost
kill -0 $batch || fail "the batch ended first: $(cat batch.out batch.err)"
kill $batch
wait $batch
ok cg -C ca issue client --batch few --key-type p256
consistent ca

# a second run goes on where the first was killed; nothing is half there
if [ -n "${FAULT_SHIM-}" ]; then
    for at in 5 50 120 180 200 210 215 220 225 230 240 250 260 270 280 290; do
        rm -rf ca
        cp -a base ca
        LD_PRELOAD=$FAULT_SHIM CG_FAULT=kill CG_FAULT_AT=$at "$CERTGUARD" -C ca issue client --batch few >out 2>err </dev/null
        code=$?
        [ $code = 137 ] || [ $code = 0 ] || fail "killed at call $at: exit $code"
        ok cg -C ca issue client --batch few
        [ "$(grep -c . ca/index.txt)" = 20 ] || fail "killed at $at: $(grep -c . ca/index.txt) of 20 in the index"
    done
    consistent ca
fi
echo "done"
