#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The whole walk of a CA, with openssl and GnuTLS's certtool as judges of every certificate and CRL.
. "$(dirname "$0")/lib.sh"

printf 'correct horse battery\n' >pass
printf 'short\n' >short

# verify CA PURPOSE NAME: strictly, with the CRLs of the whole path
verify()
{
    cat "$1/chain.pem" >untrusted.pem
    set -- "$1" "$2" "$3" ""
    [ -s untrusted.pem ] && set -- "$1" "$2" "$3" "-untrusted untrusted.pem"
    # shellcheck disable=SC2086 # two words
    openssl verify -x509_strict -crl_check_all -CAfile "$1/ca.pem" -CRLfile "$1/crl.pem" $4 -purpose "$2" \
        ${at:+-attime "$at"} "$1/live/$3/cert.pem" >out 2>err
}

text()
{
    openssl x509 -in "$1" -noout -text >cert.txt || fail "$1"
}

has()
{
    grep -q -- "$1" cert.txt || { cat cert.txt; fail "the certificate lacks \"$1\""; }
}

# ---- a CA with passphrase ----
expect 1 cg -C home init </dev/null
says "no terminal"
expect 1 cg -C home init --passphrase-file short
says "at least 8"
ok cg -C home init --name "Home CA" --passphrase-file pass
[ "$(stat -c %a home)" = 700 ] || fail "the folder is open"
[ "$(stat -c %a home/ca/key.pem)" = 600 ] || fail "the CA key is open"
openssl asn1parse -in home/ca/key.pem | grep -q scrypt || fail "the CA key is not sealed with scrypt"
openssl pkey -in home/ca/key.pem -passin file:pass -noout || fail "openssl cannot open the CA key"
text home/ca.pem
has "CA:TRUE, pathlen:1"
has "Certificate Sign, CRL Sign"
expect 1 cg -C home init --no-passphrase
says "already contains a CA"
chmod 644 pass
expect 1 cg -C home issue client sensor1 --passphrase-file pass
says "pass"
chmod 600 pass
ok cg -C home issue client sensor1 --passphrase-file pass
cg -q -C home issue client sensor2 --passphrase-fd 3 3<pass || fail "--passphrase-fd"
printf 'wrong one\n' >wrong
expect 1 cg -C home issue client sensor3 --passphrase-file wrong
says "the passphrase is wrong"
chmod 644 home/ca/key.pem
expect 1 cg -C home issue client sensor3 --passphrase-file pass
says "chmod"
chmod 600 home/ca/key.pem

# ---- every key type: made, verified, read by certtool ----
for type in p256 p384 rsa3072 ed25519; do
    ok cg -C "ca-$type" init --no-passphrase --key-type $type
    says "not encrypted"
    ok cg -C "ca-$type" issue broker broker.lan --san dns:broker.lan --san ip:192.0.2.1 --san ip:2001:db8::1 --key-type $type
    ok cg -C "ca-$type" issue client sensor1 --san uri:urn:dev:sensor1 --san email:a@example.org --key-type $type
    ok cg -C "ca-$type" issue bridge bridge1 --key-type $type
    verify "ca-$type" sslserver broker.lan || fail "$type: broker"
    verify "ca-$type" sslclient sensor1 || fail "$type: client"
    verify "ca-$type" sslclient bridge1 || fail "$type: bridge"
    # one purpose each
    verify "ca-$type" sslclient broker.lan && fail "$type: the broker's certificate passes as a client's"
    verify "ca-$type" sslserver sensor1 && fail "$type: a client's certificate passes as the broker's"
    certtool --verify --load-ca-certificate "ca-$type/ca.pem" --load-crl "ca-$type/crl.pem" \
        --infile "ca-$type/live/broker.lan/fullchain.pem" >out 2>&1 || fail "$type: certtool"
    certtool --crl-info --infile "ca-$type/crl.pem" >out 2>&1 || fail "$type: certtool and the CRL"
done
text ca-p256/live/broker.lan/cert.pem
has "DNS:broker.lan, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1"
has "CA:FALSE"
has "TLS Web Server Authentication$"
has "Version: 3"
text ca-rsa3072/live/broker.lan/cert.pem
has "Digital Signature, Key Encipherment"

# ---- a root can vouch for a later one: who trusts the old root alone accepts what the new CA issues ----
printf 'authorityKeyIdentifier = keyid\n' >cross.ext
for kind in "" --intermediate; do
    for ca in old new; do
        rm -rf "$ca"
        # shellcheck disable=SC2086 # a word or none
        ok cg -C $ca init --no-passphrase --name "$ca" $kind
    done
    ok cg -C new issue broker broker.lan
    key=old/ca/key.pem
    [ -z "$kind" ] || key=old/root/key.pem
    ok openssl x509 -in new/ca.pem -CA old/ca.pem -CAkey $key -set_serial 0x77 -days 365 -extfile cross.ext -out cross.pem
    cat new/chain.pem cross.pem >sent.pem
    ok openssl verify -x509_strict -purpose sslserver -CAfile old/ca.pem -untrusted sent.pem new/live/broker.lan/cert.pem
    cat new/live/broker.lan/cert.pem sent.pem >chain.pem
    ok certtool --verify --load-ca-certificate old/ca.pem --infile chain.pem
done

# ---- with an intermediate, under name constraints ----
ok cg -C plant init --no-passphrase --name Plant --org Example --intermediate --permit-dns plant.lan --permit-ip 10.1.2.3/8
text plant/ca.pem
has "CA:TRUE, pathlen:2"
has "Name Constraints: critical"
has "DNS:plant.lan"
has "IP:10.0.0.0/255.0.0.0" # RFC 5280 4.2.1.10: a network, without bits of a host
text plant/ca/cert.pem
has "CA:TRUE, pathlen:0"
ok cg -C plant issue broker b1.plant.lan --san ip:10.1.2.3
ok cg -C plant issue broker b2 --san dns:b2.plant.lan --san ip:10.1.2.3
verify plant sslserver b2 || fail "broker of the intermediate"
expect 1 cg -C plant issue broker b3 --san dns:b3.example.org
says "name_constraints"
expect 1 cg -C plant issue broker b3 --san dns:b3.plant.lan --san ip:192.0.2.1
says "name_constraints"
[ ! -e plant/live/b3 ] || fail "a refused certificate was written"
mv plant/root/key.pem root-key.pem
ok cg -C plant issue broker b3.plant.lan
ok cg -C plant revoke b2
verify plant sslserver b2 && fail "revoked, but verifies"
grep -q revoked err || fail "not refused as revoked"
expect 1 cg -C plant crl --root
mv root-key.pem plant/root/key.pem
ok cg -C plant crl --root
verify plant sslserver b3.plant.lan || fail "after the root's new CRL"

for network in 10.0.0.0/33 10.0.0.0/-1 fd00::/129; do
    expect 64 cg -C refused init --no-passphrase --permit-ip $network
    says "expected a network"
done

# ---- names are checked before anything happens ----
for san in broker.lan dns:192.0.2.1 ip:broker.lan uri:sensor 'uri:urn:a<b' email:nobody "dns:a b" dns:-a.lan uri: dns:; do
    expect 64 cg -C ca-p256 issue broker refused --san "$san"
done
says "host name"
for name in "a b" ../x .x -x "a/b" ""; do
    expect 64 cg -C ca-p256 issue client "$name"
done
expect 1 cg -C ca-p256 issue broker under_score
says "--san"
expect 1 cg -C ca-p256 issue client refused --country x1
says "not issued: .*name_country"
[ "$(grep -c refused ca-p256/index.txt)" = 0 ] && [ "$(cut -f4 ca-p256/index.txt | wc -l)" = 3 ] || fail "a refused name left a line in the index"

# every type of RFC 5280 4.2.1.6 that a person can type
ok cg -C ca-p256 issue client every --san dns:a.lan --san ip:192.0.2.7 --san ip:fd00::7 --san uri:urn:x:1 \
    --san email:a@b.lan --san 'dirname:CN=one\, two,O=Größe' --san rid:1.3.6.1.4.1.99999.7 \
    --san other:1.3.6.1.4.1.99999.8=Gerät
text ca-p256/live/every/cert.pem
has "DNS:a.lan, IP Address:192.0.2.7, IP Address:FD00:0:0:0:0:0:0:7, URI:urn:x:1, email:a@b.lan, DirName:"
has "Registered ID:1.3.6.1.4.1.99999.7"
openssl asn1parse -in ca-p256/live/every/cert.pem >out
openssl x509 -in ca-p256/live/every/cert.pem -noout -ext subjectAltName -nameopt RFC2253 >out
certtool -i --infile ca-p256/live/every/cert.pem >out
says "directoryName: CN=one.*two,O="
verify ca-p256 sslclient every || fail "every type of SAN"
for san in dirname: dirname:CN= dirname:CN=a, dirname:XX=a rid:1 rid:x other:1.2.3 other:1.2.3= other:=x; do
    expect 64 cg -C ca-p256 issue client refused --san "$san"
    says "expected"
done

# ---- certificate policies ----
ok cg -C ca-p256 issue broker policy.lan --policy-oid 1.3.6.1.4.1.99999.1 --cps https://example.org/cps --policy-text "Für Geräte"
text ca-p256/live/policy.lan/cert.pem
has "Policy: 1.3.6.1.4.1.99999.1"
has "CPS: https://example.org/cps"
has "Explicit Text"
verify ca-p256 sslserver policy.lan || fail "with policies"
expect 64 cg -C ca-p256 issue broker refused.lan --policy-oid 1.3.5 --cps http://localhost/
says "https"

# ---- requests of devices ----
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout dev.key -out dev.csr -subj /CN=dev7 \
    -addext "subjectAltName=URI:urn:dev:7" -addext "basicConstraints=CA:TRUE" 2>/dev/null || fail "openssl req"
ok cg -C ca-p256 sign dev.csr
says "CA:TRUE"
text ca-p256/live/dev7/cert.pem
has "CA:FALSE"
grep -q urn:dev:7 cert.txt && fail "a SAN was copied from the request unasked"
verify ca-p256 sslclient dev7 || fail "signed request"
[ ! -e ca-p256/live/dev7/privkey.pem ] || fail "a key that is not here has a link"
ok cg -C ca-p256 sign dev.csr --name dev8 --accept-names
text ca-p256/live/dev8/cert.pem
has "URI:urn:dev:7"
sed 's/^M/N/' dev.csr >bad.csr
expect 1 cg -C ca-p256 sign bad.csr --name dev9
openssl req -in dev.csr -outform DER -out dev.der
head -c -1 dev.der >bad.der
last=$(tail -c 1 dev.der | od -An -tu1)
# shellcheck disable=SC2059 # an octet
printf "\\$(printf %03o $((last ^ 1)))" >>bad.der
openssl req -in bad.der -inform DER -out bad.csr
expect 1 cg -C ca-p256 sign bad.csr --name dev9
says "not signed by its own key"
openssl req -new -key dev.key -out bad.csr -subj /CN=dev9 -addext "subjectAltName=DNS:-a.lan" || fail "openssl req"
expect 1 cg -C ca-p256 sign bad.csr --accept-names
says "invalid SAN in the request: dns:-a.lan is not a host name"

# ---- revocation ----
ok cg -C ca-p256 --json revoke sensor1 --reason keyCompromise
grep -q '"crl_number":"02"' out || fail "the result names the CRL"
verify ca-p256 sslclient sensor1 && fail "revoked, but verifies"
openssl crl -in ca-p256/crl.der -inform DER -noout -text | grep -q "Key Compromise" || fail "crl.der lacks the reason"
ok cg -C ca-p256 revoke sensor1
says "already"
serial=$(openssl x509 -in ca-p256/live/bridge1/cert.pem -noout -serial | sed 's/serial=//; s/../&:/g; s/:$//')
ok cg -C ca-p256 revoke "$serial"
grep -q '"name":"bridge1".*"done":"revoked"' ca-p256/journal.jsonl || fail "the journal does not name what was revoked by number"
expect 1 cg -C ca-p256 revoke nobody
says "list"
ok cg -C ca-p256 issue client sensor1
verify ca-p256 sslclient sensor1 || fail "a new certificate after a revocation"
ok cg -C ca-p256 list --revoked
says keyCompromise
ok cg -C ca-p256 list --expiring 1d
says "No certificate ends within 1 day. See all with: certguard -C ca-p256 list"
ok env CERTGUARD_DIR=ca-p256 "$CERTGUARD" list --expiring 2d
says "No certificate ends within 2 days. See all with: certguard list"

# ---- dry run: nothing changes ----
cp -a ca-p256 before
ok cg -C ca-p256 -n issue client dry
ok cg -C ca-p256 -n revoke broker.lan
ok cg -C ca-p256 -n crl
ok cg -C nothing -n init --no-passphrase
[ ! -e nothing ] || fail "a dry run made a folder"
diff -r before ca-p256 || fail "a dry run changed something"
rm -rf before

# ---- openssl ca goes on from our folder ----
cat >ca.cnf <<END
[ca]
default_ca = d
[d]
database = ca-p256/index.txt
certificate = ca-p256/ca/cert.pem
private_key = ca-p256/ca/key.pem
crlnumber = ca-p256/crlnumber
new_certs_dir = .
rand_serial = yes
default_md = sha256
default_days = 30
default_crl_days = 7
policy = p
crl_extensions = c
[p]
commonName = supplied
[c]
authorityKeyIdentifier = keyid
END
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout o.key -out o.csr -subj /CN=other 2>/dev/null
openssl ca -batch -config ca.cnf -in o.csr -out other.pem >out 2>&1 || fail "openssl ca does not go on"
openssl ca -config ca.cnf -updatedb >out 2>&1 || fail "openssl ca -updatedb"
openssl ca -config ca.cnf -revoke other.pem -crl_reason superseded >out 2>&1 || fail "openssl ca -revoke"
openssl ca -config ca.cnf -gencrl -out o.crl >out 2>&1 || fail "openssl ca -gencrl"
ok cg -C ca-p256 list --all
says "other .*superseded"
ok cg -C ca-p256 crl
openssl crl -in ca-p256/crl.pem -noout -text >out
[ "$(grep -c "Serial Number" out)" = 3 ] || fail "our CRL lacks what openssl ca revoked"

grep -q "Authority Key Identifier" out || fail "our CRL does not name the key that signed it"

# ---- a CRL names a certificate until 30 days after its end, and the number goes up to 20 octets ----
listed() # COUNT TIME
{
    ok cg -C kept --at "$2" crl
    openssl crl -in kept/crl.pem -noout -text >out
    [ "$(grep -c "Serial Number" out)" = "$1" ] || fail "at $2: $(grep -c "Serial Number" out) on the CRL, not $1"
}
ok cg -C kept --at 2026-01-01T00:00:00Z init --no-passphrase
ok cg -C kept --at 2026-01-01T12:00:00Z issue client brief --lifetime 10d
ok cg -C kept --at 2026-01-02T00:00:00Z revoke brief
listed 1 2026-01-02T00:00:01Z
listed 1 2026-02-10T11:00:00Z
listed 0 2026-02-10T13:00:00Z
echo 007fffffffffffffffffffffffffffffffffffffff >kept/crlnumber
ok cg -C kept --at 2026-02-11T00:00:00Z crl
openssl crl -in kept/crl.pem -noout -crlnumber | grep -qi '=0x7f*$' || fail "the highest number: $(openssl crl -in kept/crl.pem -noout -crlnumber)"
expect 1 cg -C kept --at 2026-02-11T00:00:01Z crl
says "CRL numbers end at 20 bytes"

# ---- the end of 2049: UTCTime on one side, GeneralizedTime on the other ----
ok cg -C late --at 2049-12-25T00:00:00Z init --no-passphrase
ok cg -C late --at 2049-12-31T12:00:00Z issue broker broker.lan
ok cg -C late --at 2049-12-31T12:00:00Z issue client gone
ok cg -C late --at 2049-12-31T23:59:00Z revoke gone
openssl asn1parse -in late/live/broker.lan/cert.pem >out
grep -q "UTCTIME *:491231115500Z" out || fail "notBefore is not UTCTime"
grep -q "GENERALIZEDTIME *:20500331115959Z" out || fail "notAfter is not GeneralizedTime"
openssl asn1parse -in late/crl.pem >out
grep -q "GENERALIZEDTIME *:20500107235900Z" out || fail "nextUpdate is not GeneralizedTime"
at=$(date -u -d 2050-01-02 +%s)
verify late sslserver broker.lan || fail "in 2050"
verify late sslclient gone && fail "in 2050: revoked, but verifies"
at=
ok cg -C late --at 2050-01-02T00:00:00Z list --all
says 2050-03-31

# ---- never beyond the issuer ----
ok cg -C short-ca init --no-passphrase --lifetime 30d
ok cg -C short-ca issue client long --lifetime 365d
says "1 certificate is shortened: the CA itself ends at"
verify short-ca sslclient long || fail "cut to the issuer's end"

ok cg -C young --at 2026-01-01T12:00:00Z init --no-passphrase
ok cg -C young --at 2026-01-01T11:57:00Z issue client early # the CA is valid from 11:55 on
[ "$(openssl x509 -in young/live/early/cert.pem -noout -startdate)" = "$(openssl x509 -in young/ca.pem -noout -startdate)" ] ||
    fail "valid before the CA is"

# ---- lines of the index and the journal that others wrote ----
ok cg -C lines init --no-passphrase
printf 'V\t991231235959Z\t\t0A\tunknown\t/CN=last-century\n' >>lines/index.txt
printf 'R\t361122011807Z\t251125011844Z,CAkeyTime,20250101000000Z\t0B\tunknown\t/CN=crl_CA_compromise\n' >>lines/index.txt
ok cg -C lines list --all
says "^last-century .*expired .*1999-12-31"
says "^crl_CA_compromise .*revoked .*CACompromise"
cp lines/index.txt index.kept
printf 'X\t361231235959Z\t\t0C\tunknown\t/CN=x\n' >>lines/index.txt
expect 1 cg -C lines list --all
says "line 3: not an index line"
cp index.kept lines/index.txt
printf '{"name":"cut short by a pow' >>lines/journal.jsonl
ok cg -C lines issue client whole
grep -q pow lines/journal.jsonl && fail "what was cut short stands in the journal"
grep -q '^{"name":"whole".*}$' lines/journal.jsonl || fail "the journal has no line of its own for what was issued"

# ---- numbers never repeat, and are large ----
cat ./*/index.txt | cut -f4 | sort | uniq -d | grep . && fail "a serial number occurs twice"
awk -F'\t' 'length($4) != 40 { exit 1 }' late/index.txt || fail "a serial number is short"

# ---- wrong use ----
expect 64 cg
expect 64 cg isue
says 'did you mean "issue"'
expect 64 cg -C ca-p256 issue client
expect 64 cg -C ca-p256 issue sensor x
expect 64 cg -C ca-p256 issue client x --lifetme 3d
says "did you mean --lifetime"
for lifetime in soon 0 0d -1d 101y 1000000000y; do
    expect 64 cg -C ca-p256 issue client x --lifetime $lifetime
done
expect 1 cg -C nowhere list
says "init"
# command lines that are shown can be pasted
expect 1 cg -C "no where's" list
says "certguard -C 'no where'..'s' init"
ok cg -C ca-p256 issue broker short --san dns:short
says "warning: .*san_single_label"
for verb in $(cg --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p'); do
    ok cg "$verb" --help
    says Examples
done
echo "done"
