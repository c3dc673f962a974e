#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What leaves the CA and comes back: PKCS#12 files, backups, a CA key at a URI, a CA that was made by hand.
. "$(dirname "$0")/lib.sh"
unset CDPATH

printf 'correct horse battery\n' >pass
printf 'of the bundle\n' >p12pass

# ---- PKCS#12 ----
ok cg -C ca init --passphrase-file pass --intermediate
ok cg -C ca issue client phone --passphrase-file pass --p12 phone.p12 --p12-passphrase-file p12pass
[ "$(stat -c %a phone.p12)" = 600 ] || fail "the bundle is open"
ok openssl pkcs12 -in phone.p12 -passin file:p12pass -nodes
[ "$(grep -c 'BEGIN CERTIFICATE' out)" = 3 ] || fail "the bundle lacks the chain"
says "BEGIN PRIVATE KEY"
openssl pkcs12 -in phone.p12 -passin file:p12pass -nocerts -nodes 2>/dev/null | openssl pkey -pubout >a.pub
openssl pkey -in ca/live/phone/privkey.pem -pubout | cmp - a.pub || fail "the bundle holds another key"
expect 1 cg -C ca issue client phone2 --passphrase-file pass --p12 phone2.p12 --p12-passphrase-file missing
[ ! -e ca/live/phone2 ] || fail "made without the bundle that was asked for"

printf 'x\n' >letter
expect 1 cg -C ca issue client phone3 --passphrase-file pass --p12 phone3.p12 --p12-passphrase-file letter
says "use at least 8"
expect 1 setsid "$CERTGUARD" -C ca issue client phone3 --passphrase-file pass --p12 phone3.p12
says "use --p12-passphrase-file"
[ ! -e ca/live/phone3 ] && [ ! -e phone3.p12 ] || fail "made under a passphrase of one letter"
ok openssl pkcs12 -in phone.p12 -passin file:p12pass -info -noout
[ "$(grep -c 'teration 300000' out err | awk -F: '{ n += $2 } END { print n }')" = 3 ] || fail "few iterations"

# ---- a root with a passphrase of its own ----
printf 'another long one\n' >rootpass
ok cg -C apart init --passphrase-file pass --intermediate --root-passphrase-file rootpass
ok openssl pkey -in apart/root/key.pem -passin file:rootpass -noout
ok openssl pkey -in apart/ca/key.pem -passin file:pass -noout
expect 1 cg -C apart crl --root --passphrase-file pass
ok cg -C apart crl --root --passphrase-file rootpass
ok cg -C apart issue client one --passphrase-file pass
expect 64 cg -C flat init --passphrase-file pass --root-passphrase-file rootpass

# ---- backup and restore ----
long=ca/$(printf 'd%.0s' $(seq 120))
mkdir "$long"
echo kept >"$long/$(printf 'f%.0s' $(seq 150))" # longer than the first form of tar has room for
echo kept >"$long/$(printf 'n\303\244me \377')"     # not ASCII, not UTF-8
ok cg -C ca backup ca.tar
[ "$(stat -c %a ca.tar)" = 600 ] || fail "the backup is open"
expect 1 cg -C ca backup ca.tar
says "exists"
ok cg -C ca backup ca/inside.tar
tar -tf ca/inside.tar | grep -q inside && fail "a backup contains itself"
rm ca/inside.tar
mkdir restored
tar -xpf ca.tar -C restored || fail "tar cannot read the backup"
diff -r ca restored/certguard-ca >differs
grep -v ': lock$' differs && fail "the restored folder differs"
[ "$(stat -c %a restored/certguard-ca/ca/key.pem)" = 600 ] || fail "a mode was lost"
ok cg -C restored/certguard-ca issue client after --passphrase-file pass
consistent restored/certguard-ca
rm -r "$long"

# ---- the CA's key at a URI ----
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out token.pem 2>/dev/null
ok cg -C token init --key "file:$work/token.pem"
[ ! -e token/ca/key.pem ] || fail "the key was copied"
[ "$(cat token/ca/key.uri)" = "file:$work/token.pem" ] || fail "key.uri"
ok cg -C token issue client one
ok cg -C token revoke one
openssl x509 -in token/ca.pem -noout -pubkey >a.pub
openssl pkey -in token.pem -pubout | cmp - a.pub || fail "the CA has another key"
expect 1 cg -C token2 init --key "pkcs11:token=none;object=none"
says "pkcs11"
[ ! -e token2/ca ] || fail "a CA without a key"
mv token.pem away.pem
expect 1 cg -C token issue client two
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out token.pem 2>/dev/null
expect 1 cg -C token issue client two
says "is not the key of"

# ---- a disk that is full, a real one where this user may mount one ----
cat >full.sh <<'END'
mount -t tmpfs -o size=100k none small || exit 77
cd small || exit 1
"$CERTGUARD" -q -C ca init --no-passphrase || exit 1
n=0
while "$CERTGUARD" -q -C ca issue client "dev$n" 2>../full.err; do
    n=$((n + 1))
    [ $n -lt 50 ] || exit 1
done
grep -q "No space left on device. Free disk space" ../full.err || exit 2
[ "$(grep -c archive ca/index.txt)" = $n ] || exit 3
"$CERTGUARD" -q -C ca revoke dev0 2>../full.err && exit 4
grep -q "No space left on device. Free disk space" ../full.err || exit 5
cp -a ca ../survived
END
if unshare -rm true 2>/dev/null; then
    mkdir small
    unshare -rm sh full.sh >out 2>err
    code=$?
    [ $code = 0 ] || [ $code = 77 ] || fail "on a full disk: step $code"
    if [ $code = 0 ]; then
        ok cg -C survived issue client after
        ok cg -C survived revoke dev0
        consistent survived
    fi
fi
echo "done"
