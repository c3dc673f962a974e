#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Keys that this CA certifies, and those that it never does: compromised ones in every encoding, the CA's own, keys that do
# not fit the certificate, requests that prove nothing, weak keys.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip "no python3"

# csr NAME KEY [OPTIONS...]: a request for a key that is there
csr()
{
    name=$1 key=$2
    shift 2
    openssl req -new -key "$key" -subj "/CN=$name" -out "$name.csr" "$@" 2>req.err || fail "openssl req: $(cat req.err)"
}

# refused WORDS COMMAND...: and nothing is written
refused()
{
    words=$1
    shift
    lines=$(grep -c . ca/index.txt)
    expect 1 cg -C ca "$@"
    says "$words"
    [ "$lines" = "$(grep -c . ca/index.txt)" ] || fail "it was issued all the same: $*"
}

ok cg -C ca init --no-passphrase --intermediate

# ---- a request in DER, with its own subject, names and folder ----
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out gadget.pem 2>/dev/null
csr gadget gadget.pem
openssl req -in gadget.csr -outform DER -out gadget.der
mkdir etc
ok cg -C ca sign gadget.der --as broker --cn "The gadget" --org Plant --san dns:device.lan --policy-oid 1.3.6.1.4.1.99999.1 --to etc
says "Deployed to"
openssl x509 -in ca/live/gadget/cert.pem -noout -pubkey | cmp - "$(openssl pkey -in gadget.pem -pubout -out gadget.pub && echo gadget.pub)" ||
    fail "another key was certified"
openssl x509 -in etc/fullchain.pem -noout -subject -nameopt RFC2253 | grep -qx 'subject=CN=The gadget,O=Plant' ||
    fail "the subject is not the one of the options"
openssl x509 -in etc/cert.pem -noout -text 2>/dev/null | grep -q 1.3.6.1.4.1.99999.1 ||
    openssl x509 -in etc/fullchain.pem -noout -text | grep -q 1.3.6.1.4.1.99999.1 || fail "the policy is missing"
[ ! -e etc/privkey.pem ] || fail "a key was deployed"
cat gadget.der gadget.der >twice.der
refused "expected a certificate signing request in PEM or DER" sign twice.der --name twice
head -c 100 gadget.der >half.der
refused "expected a certificate signing request in PEM or DER" sign half.der --name half

# ---- compromised: of a key made here, and of one whose request came from outside ----
ok cg -C ca issue client here --key-type rsa3072
cp ca/live/here/privkey.pem here.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out outside.pem 2>/dev/null
csr outside outside.pem
ok cg -C ca sign outside.csr
csr twin outside.pem
ok cg -C ca sign twin.csr
openssl genpkey -algorithm ED25519 -out ed.pem
csr ed ed.pem
ok cg -C ca sign ed.csr
csr lost outside.pem
for name in here outside ed; do
    ok cg -C ca revoke $name --reason keyCompromise
done
refused "revoked as compromised" sign outside.csr
refused "revoked as compromised" sign lost.csr --name another
refused "revoked as compromised" sign ed.csr
refused "revoked as compromised" renew twin
# the same keys in other clothes
csr psk here.pem
refused "revoked as compromised" sign psk.csr
openssl req -new -key here.pem -sigopt rsa_padding_mode:pss -subj /CN=pss -out pss.csr 2>/dev/null &&
    refused "revoked as compromised" sign pss.csr
openssl ec -in outside.pem -conv_form compressed -out compressed.pem 2>/dev/null
csr compressed compressed.pem
refused "revoked as compromised" sign compressed.csr
# what was revoked for another reason may keep its key
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out kept.pem 2>/dev/null
csr kept kept.pem
ok cg -C ca sign kept.csr
ok cg -C ca revoke kept --reason superseded
ok cg -C ca sign kept.csr
# a new key for the name is a new life
ok cg -C ca issue client here
ok cg -C ca renew here --reuse-key
ok cg -C ca revoke here --reason keyCompromise
ok cg -C ca issue client here
# a key that renewals keep, compromised elsewhere: not certified again, and the way on is said
ok cg -C ca issue client pinned --reuse-key
csr pinned2 ca/live/pinned/privkey.pem
ok cg -C ca sign pinned2.csr
ok cg -C ca revoke pinned2 --reason keyCompromise
refused "revoked as compromised.*renew pinned --new-key" renew pinned
ok cg -C ca renew pinned --new-key
ok cg -C ca renew pinned
says "new key"
# the archive that knows the keys is gone: said, and the rest goes on
mv ca/archive/ed away
ok cg -C ca issue client other
says "cannot be recognized; restore archive/"
mv away ca/archive/ed

# ---- --reuse-key: the key of the certificate and no other ----
cp ca/live/other/privkey.pem right.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out strange.pem 2>/dev/null
cp strange.pem ca/archive/other/0001/privkey.pem
lines=$(grep -c . ca/index.txt)
expect 1 cg -C ca renew other --reuse-key
says "is not the key of the current certificate"
says "renew other --new-key"
[ "$lines" = "$(grep -c . ca/index.txt)" ] || fail "a strange key was certified"
printf 'half' >ca/archive/other/0001/privkey.pem
expect 1 cg -C ca renew other --reuse-key
says "archive/other/0001\|live/other/privkey.pem"
cp right.pem ca/archive/other/0001/privkey.pem
ok cg -C ca renew other --reuse-key

# ---- the CA's own keys ----
csr root ca/root/key.pem
csr issuing ca/ca/key.pem
refused "key of the CA itself" sign root.csr
refused "key of the CA itself" sign issuing.csr --as broker

# ---- requests that prove nothing, or cannot be read ----
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out device.pem 2>/dev/null
csr device device.pem
openssl req -in device.csr -outform DER -out device.der
python3 - <<'PY' 2>/dev/null || fail "python3"
import base64
der = bytearray(open("device.der", "rb").read())
def write(name, data):
    text = base64.encodebytes(bytes(data)).decode()
    open(name, "w").write("-----BEGIN CERTIFICATE REQUEST-----\n" + text + "-----END CERTIFICATE REQUEST-----\n")
flipped = bytearray(der)
flipped[-1] ^= 1                                # the signature
write("flipped.csr", flipped)
other = der.replace(b"device", b"devils")       # what it signs
write("renamed.csr", other)
write("short.csr", der[:-8])
write("empty.csr", b"")
PY
for broken in flipped renamed; do
    refused "not signed by its own key" sign $broken.csr --name $broken
done
for broken in short empty; do
    refused "expected a certificate signing request" sign $broken.csr --name $broken
done
cp device.pem key.csr
refused "expected a certificate signing request" sign key.csr --name key
ok cg -C ca sign device.csr

# ---- weak keys ----
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out weak.pem 2>/dev/null
csr weak weak.pem
refused "not issued: .*weak_key\|not issued: .*key" sign weak.csr
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime192v1 -out small.pem 2>/dev/null &&
    csr small small.pem && refused "not issued" sign small.csr
# RSA 2048, for devices that support no other key: the plugin accepts it, with a word of warning; not for a CA
for kind in broker client; do
    ok cg -C ca issue $kind rsa-$kind.lan --key-type rsa2048
    says "secure until 2030"
    openssl x509 -in ca/live/rsa-$kind.lan/cert.pem -noout -text | grep -q 'Public-Key: (2048 bit)' || fail "not RSA 2048"
    purpose=$([ $kind = broker ] && echo server || echo client)
    ok cg check --purpose "$purpose" --trust ca/ca.pem --crl ca/crl.pem ca/live/rsa-$kind.lan/fullchain.pem
    says "accept ok"
    ok cg lint ca/live/rsa-$kind.lan/cert.pem
done
ok cg -C ca renew rsa-client.lan
openssl x509 -in ca/live/rsa-client.lan/cert.pem -noout -text | grep -q 'Public-Key: (2048 bit)' || fail "renewed with a larger key"
expect 64 cg -C weak init --no-passphrase --key-type rsa2048
consistent ca

# ---- adopted: what was revoked as compromised stays known ----
mkdir old
cp ca/ca.pem old/root.pem
cp ca/ca/cert.pem old/ca.pem
cp ca/ca/key.pem old/ca.key
cp ca/archive/outside/0001/cert.pem old/outside.pem
cp ca/archive/twin/0001/cert.pem old/twin.pem
cp ca/ca/crl.pem old/crl.pem
ok cg -C adopted import old --no-passphrase
says "replace .*twin .*revoked as compromised"
expect 1 cg -C adopted sign lost.csr --name again
says "revoked as compromised"
echo "done"
