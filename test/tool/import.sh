#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# CAs that were made by other means, with their own commands, are adopted: the tutorial's, one of `openssl ca` with an
# intermediate, one of easy-rsa. What cannot be adopted is refused with the reason and the way out.
. "$(dirname "$0")/lib.sh"

printf 'correct horse battery\n' >pass
printf 'wrong horse battery\n' >wrong

strict()
{
    set -- "$1" "$2" "$3" ""
    [ -s "$1/chain.pem" ] && set -- "$1" "$2" "$3" "-untrusted $1/chain.pem"
    # shellcheck disable=SC2086 # two words
    openssl verify -x509_strict -crl_check_all -CAfile "$1/ca.pem" -CRLfile "$1/crl.pem" $4 -purpose "$2" \
        "$1/live/$3/cert.pem" >out 2>err
}

number_of()
{
    openssl crl -in "$1" -noout -crlnumber | sed 's/.*=\(0x\)*//'
}

# works_on CA [PASSPHRASE OPTIONS...]: the verbs go on from what was adopted
works_on()
{
    ca=$1
    shift
    consistent "$ca"
    before=$(number_of "$ca/ca/crl.pem")
    ok cg -C "$ca" issue client fresh "$@"
    strict "$ca" sslclient fresh || fail "$ca: what was issued does not verify"
    ok cg -C "$ca" revoke fresh "$@"
    strict "$ca" sslclient fresh && fail "$ca: revoked, but verifies"
    ok cg -C "$ca" crl "$@"
    [ $((0x$(number_of "$ca/ca/crl.pem"))) = $((0x$before + 2)) ] || fail "$ca: CRL numbers do not count on"
    consistent "$ca"
}

# ---- the tutorial: RSA-1024 is refused, and says what to do; nothing is left that looks like a CA ----
cat >ca.cnf <<'END'
[req]
distinguished_name = dn
[dn]
[v3_ca]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
basicConstraints = critical,CA:true
[broker]
subjectAltName = DNS:broker.lan
basicConstraints = CA:FALSE
END
mkdir small mi
ok openssl req -new -x509 -newkey rsa:1024 -days 3650 -nodes -config ca.cnf -extensions v3_ca \
    -subj "/C=ES/O=Mi Casa /CN=Mi Casa CA" -keyout small/MiCA.key -out small/MiCA.crt
expect 1 cg -C adopted import small --no-passphrase
says "too small (RSA, 1024 bits)"
says "new CA"
[ ! -e adopted/ca ] || fail "a CA that cannot work was adopted"

# the same with a key that can be used: its certificate lacks keyUsage, so it is made anew with the same key
ok openssl req -new -x509 -newkey rsa:2048 -days 3650 -nodes -config ca.cnf -extensions v3_ca \
    -subj "/C=ES/O=Mi Casa /CN=Mi Casa CA" -keyout mi/MiCA.key -out mi/MiCA.crt
for name in broker "dev 1"; do
    ok openssl req -new -newkey rsa:2048 -nodes -config ca.cnf -subj "/CN=$name" -keyout "mi/$name.key" -out "mi/$name.csr"
done
ok openssl x509 -req -in mi/broker.csr -CA mi/MiCA.crt -CAkey mi/MiCA.key -CAcreateserial -days 3650 -extfile ca.cnf \
    -extensions broker -out mi/broker.crt
ok openssl x509 -req -in "mi/dev 1.csr" -CA mi/MiCA.crt -CAkey mi/MiCA.key -CAcreateserial -days 3650 -out "mi/dev 1.crt"
chmod 644 mi/MiCA.key
cp -a mi mi.before
expect 1 cg -C mica import mi --no-passphrase
says "--renew-ca"
expect 1 cg -C mica import mi --renew-ca --passphrase-file nowhere
[ ! -e mica/ca ] || fail "adopted without a passphrase"
expect 3 cg -C mica -n --json import mi --renew-ca
grep -q '"certificates":2' out || fail "the dry run does not count"
grep -q '"id":"key_open_to_all"' out || fail "the grades do not name the open key"
[ ! -e mica/ca ] || fail "a dry run wrote"
ok cg -C mica import mi --renew-ca --passphrase-file pass
says 'replace.*broker.*--as broker'
diff -r mi mi.before || fail "import changed the source"
[ "$(openssl x509 -in mica/ca.pem -noout -pubkey)" = "$(openssl x509 -in mi/MiCA.crt -noout -pubkey)" ] || fail "another key"
openssl asn1parse -in mica/ca/key.pem | grep -q scrypt || fail "the adopted key is not sealed"
[ -e mica/live/dev_1/privkey.pem ] || fail "a name with a blank has no place"
openssl verify -x509_strict -CAfile mica/ca.pem mi/broker.crt >out 2>&1 || fail "the old certificate is cut off"
openssl verify -CAfile mi/MiCA.crt mica/live/broker/cert.pem >out 2>&1 || fail "those who trust the old root are cut off"
works_on mica --passphrase-file pass
expect 1 cg -C mica renew broker --passphrase-file pass
says "renew broker --as"
ok cg -C mica renew broker --as broker --passphrase-file pass
strict mica sslserver broker || fail "the renewed broker certificate"
ok cg -C mica renew dev_1 --as client --passphrase-file pass
strict mica sslclient dev_1 || fail "a version 1 certificate renewed"
expect 1 cg -C mica import mi --no-passphrase --renew-ca
says "already contains a CA"

# ---- CA and broker have one name: the broker's certificate is not taken for a second CA ----
mkdir same
ok openssl req -new -x509 -newkey rsa:2048 -days 3600 -nodes -config ca.cnf -extensions v3_ca -subj /CN=home \
    -keyout same/ca.key -out same/ca.crt
ok openssl req -new -newkey rsa:2048 -nodes -config ca.cnf -subj /CN=home -keyout same/server.key -out same/server.csr
ok openssl x509 -req -in same/server.csr -CA same/ca.crt -CAkey same/ca.key -set_serial 77 -days 3600 -out same/server.crt
ok cg -C onename import same --renew-ca --no-passphrase
[ "$(openssl x509 -in onename/ca.pem -noout -pubkey)" = "$(openssl x509 -in same/ca.crt -noout -pubkey)" ] || fail "another key"

# ---- openssl ca: root, intermediate with a sealed key, index, newcerts, crlnumber ----
mkdir -p oca/newcerts
: >oca/index.txt
echo 1F >oca/crlnumber
echo 1000 >oca/serial
cat >oca.cnf <<'END'
[ca]
default_ca = d
[d]
database = oca/index.txt
new_certs_dir = oca/newcerts
serial = oca/serial
crlnumber = oca/crlnumber
certificate = oca/issuing.crt
private_key = oca/issuing.key
default_md = sha256
default_days = 100
default_crl_days = 30
policy = p
crl_extensions = c
[p]
commonName = supplied
[c]
authorityKeyIdentifier = keyid
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[issuing]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = URI:urn:dev:1
END
ok openssl req -new -x509 -newkey rsa:2048 -nodes -config oca.cnf -extensions root -days 3650 -subj /CN=Root \
    -keyout root.key -out oca/root.crt
ok openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -passout file:pass -config oca.cnf -subj /CN=Issuing \
    -keyout oca/issuing.key -out issuing.csr
ok openssl x509 -req -in issuing.csr -CA oca/root.crt -CAkey root.key -set_serial 7 -days 1000 -extfile oca.cnf \
    -extensions issuing -out oca/issuing.crt
for name in a b c; do
    ok openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config oca.cnf -subj "/CN=$name" \
        -keyout "oca/$name.key" -out "$name.csr"
    ok openssl ca -batch -config oca.cnf -passin file:pass -extensions client -in "$name.csr" -out "oca/$name.crt"
done
ok openssl ca -config oca.cnf -passin file:pass -revoke oca/b.crt -crl_reason keyCompromise
ok openssl ca -config oca.cnf -passin file:pass -gencrl -out oca/issuing.crl
ok openssl ca -config oca.cnf -passin file:pass -gencrl -out oca/issuing.crl
# one that the index alone knows
rm oca/newcerts/1002.pem oca/c.crt
printf '%044d\n' 0 | tr 0 f >oca/crlnumber
expect 1 cg -C oca2 -n import oca --passphrase-file pass
says "at most 20 bytes"
rm oca/crlnumber # the CRL itself says what its number was
expect 1 cg -C oca2 import oca --passphrase-file wrong
says "passphrase is wrong"
mv oca/root.crt root.crt
expect 1 cg -C oca2 import oca --passphrase-file pass
says "self-signed certificate is not in the folder"
mv root.crt oca/
ok cg -C oca2 import oca --passphrase-file pass
says "root's CRL is missing"
grep -q "^[a-z]*  *a " out || fail "no grade of what is in use"
grep -q "^[a-z]*  *b " out && fail "a grade of what is revoked"
ok cg -C oca2 list --all
says "^b .*revoked.*1001 *keyCompromise"
says "^c .*valid .*1002"
[ "$(number_of oca2/ca/crl.pem)" = 21 ] || fail "the CRL number went back: $(number_of oca2/ca/crl.pem)"
[ "$(openssl pkey -in oca/a.key)" = "$(openssl pkey -in oca2/live/a/privkey.pem)" ] ||
    fail "the key of a name was not taken along"
cp root.key oca2/root/key.pem
ok cg -C oca2 crl --root
strict oca2 sslclient a || fail "a certificate of the old CA"
strict oca2 sslclient b && fail "what the old CA revoked verifies"
# a device that is called as another one's number
ok cg -C oca2 issue client 1002 --passphrase-file pass
ok cg -C oca2 revoke 1002 --passphrase-file pass
ok cg -C oca2 list
says "^c .*valid .*1002"
ok cg -C oca2 revoke 0x1002 --passphrase-file pass
openssl crl -in oca2/crl.der -inform DER -noout -text | grep -q "Serial Number: 1002" || fail "c is not on the CRL"
ok cg -C oca2 issue client fresh --passphrase-file pass
strict oca2 sslclient fresh || fail "what was issued does not verify"

# ---- as step-ca leaves it: both keys sealed, the root's maybe by another passphrase; it stays sealed ----
mkdir -p step/certs step/secrets
printf 'horse of the root\n' >rootpass
ok openssl req -new -x509 -newkey rsa:2048 -nodes -config oca.cnf -extensions root -days 3650 -subj "/CN=Step Root" \
    -keyout step.root -out step/certs/root_ca.crt
ok openssl req -new -newkey rsa:2048 -nodes -config oca.cnf -subj "/CN=Step Issuing" -keyout step.issuing -out step.csr
ok openssl x509 -req -in step.csr -CA step/certs/root_ca.crt -CAkey step.root -set_serial 7 -days 1000 -extfile oca.cnf \
    -extensions issuing -out step/certs/intermediate_ca.crt
ok openssl rsa -in step.issuing -traditional -aes256 -passout file:pass -out step/secrets/intermediate_ca_key
for case in same other; do
    [ $case = same ] && key=pass || key=rootpass
    ok openssl rsa -in step.root -traditional -aes256 -passout file:$key -out step/secrets/root_ca_key
    for how in "--passphrase-file pass" "--passphrase-file pass --no-passphrase"; do
        rm -rf stepped
        # shellcheck disable=SC2086 # several words
        ok cg -C stepped import step $how
        [ "$(stat -c %a stepped/root/key.pem)" = 600 ] || fail "$case: the root's key is open"
        openssl pkey -in stepped/root/key.pem -passin pass:wrong -noout 2>/dev/null && fail "$case: the root's key is not sealed"
        ok openssl pkey -in stepped/root/key.pem -passin file:$key -noout
        ok cg -C stepped crl --root --passphrase-file $key
        [ "$(openssl x509 -in stepped/ca/cert.pem -noout -subject -nameopt RFC2253)" = "subject=CN=Step Issuing" ] || fail "$case: another CA issues"
    done
done
mkdir step/db
: >step/db/000000.vlog
ok cg -C stepped3 import step --passphrase-file pass
says "cannot read this database of step-ca"
cp step/secrets/intermediate_ca_key step/secrets/z_ca_key
mv step/secrets/root_ca_key step/secrets/a_root
ok cg -C stepped2 import step --passphrase-file pass --ca step/certs/intermediate_ca.crt
ok openssl pkey -in stepped2/root/key.pem -passin file:rootpass -noout
ok cg -C stepped2 crl --root --passphrase-file rootpass
works_on stepped2 --passphrase-file pass

# ---- no revocation is lost with the database: whose it is, by any name, and what says that there was one ----
cp -a oca plain
rm -f plain/issuing.crl # so that the database alone knows what is revoked
number_is_kept()
{
    [ "$(openssl crl -in "$1/ca/crl.pem" -noout -text | grep -c 'Serial Number: 1001')" = 1 ] || fail "$1: b is good again"
}
# the issuing CA in a folder of its own, its certificate also where the root keeps what it issued
mkdir -p tiers/newcerts tiers/sub
cp -a plain/. tiers/sub
mv tiers/sub/root.crt tiers/
cp oca/issuing.crt tiers/newcerts/07.pem
end=$(openssl x509 -in oca/issuing.crt -noout -enddate | sed 's/.*=//')
printf 'V\t%s\t\t07\tunknown\t/CN=Issuing\n' "$(date -u -d "$end" +%y%m%d%H%M%SZ)" >tiers/index.txt
echo 40 >tiers/sub/crlnumber
echo 02 >tiers/crlnumber
ok cg -C tiered import tiers --passphrase-file pass
number_is_kept tiered
grep -q Issuing tiered/index.txt && fail "the root's database was taken too"
[ "$(number_of tiered/ca/crl.pem)" = 40 ] || fail "the CRL number of another CA: $(number_of tiered/ca/crl.pem)"
# other names and folders
for place in db/index db/index.txt database/index; do
    rm -rf named
    cp -a plain named
    mkdir -p "named/${place%/*}"
    mv named/index.txt "named/$place"
    rm -rf "named-ca"
    ok cg -C named-ca import named --passphrase-file pass
    number_is_kept named-ca
done
# two of them: revoked in one is revoked
cp -a plain twice
mkdir twice/copy
sed 's/^R\(\t[^\t]*\t\)[^\t]*/V\1/' twice/index.txt >twice/copy/index.txt
ok cg -C twice-ca import twice --passphrase-file pass
number_is_kept twice-ca
# lost: only its traces are left
for trace in index.txt.attr index.txt.old crlnumber; do
    rm -rf lost
    cp -a plain lost
    rm -f lost/index.txt* lost/crlnumber*
    echo 1F >"lost/$trace"
    expect 1 cg -C lost-ca import lost --passphrase-file pass
    says "$trace exists, but the CA.s database index.txt is missing"
    [ ! -e lost-ca/ca ] || fail "adopted without what was revoked"
done
rm -f "lost/$trace"
: >lost/index.txt.attr
: >lost/index.txt
ok cg -C lost-ca import lost --passphrase-file pass
ok cg -C ours init --no-passphrase
ok cg -C ours issue client a
ok cg -C ours revoke a
rm ours/index.txt ours/index.txt.attr ours/crlnumber
expect 1 cg -C ours-again import ours --no-passphrase
says "crl --restore-index"
ok cg -C ours crl --restore-index
ok cg -C ours-again import ours --no-passphrase
grep -q '^R' ours-again/index.txt || fail "what was revoked is good again"
# the root's CRL is over, and its key is there
cp -a oca over
cp root.key over/root.key
ok openssl pkey -in oca/issuing.key -passin file:pass -out over/issuing.key
cat >over.cnf <<'END'
[ca]
default_ca = d
[d]
database = over.index
certificate = oca/root.crt
private_key = root.key
default_md = sha256
crlnumber = over.number
END
printf 'R\t350101000000Z\t240101000000Z,keyCompromise\t0B\tunknown\t/CN=Earlier\n' >over.index
echo 33 >over.number
ok openssl ca -config over.cnf -gencrl -crl_lastupdate 20240101000000Z -crl_nextupdate 20240201000000Z -out over/root.crl
ok cg -C over-ca import over --passphrase-file pass
[ $((0x$(number_of over-ca/root/crl.pem))) -gt $((0x33)) ] || fail "the root's CRL number: $(number_of over-ca/root/crl.pem)"
openssl crl -in over-ca/root/crl.pem -noout -text | grep -q 'Serial Number: 0B' || fail "what the root revoked is good again"
strict over-ca sslclient a || fail "the root's CRL that is over was taken"

# two CAs side by side: the person chooses
mkdir two
cp -a oca/root.crt two/
cp root.key two/root.key
ok openssl req -new -x509 -newkey rsa:2048 -nodes -config oca.cnf -extensions root -days 3650 -subj /CN=Other \
    -keyout two/other.key -out two/other.crt
expect 1 cg -C chosen import two --no-passphrase
says "--ca FILE"
ok cg -C chosen import two --no-passphrase --ca two/other.crt
[ "$(openssl x509 -in chosen/ca.pem -noout -subject -nameopt RFC2253)" = "subject=CN=Other" ] || fail "the other CA was adopted"
works_on chosen

# ---- nothing there, or nothing that can be read ----
mkdir empty
expect 1 cg -C none import empty
says "cannot find a CA with its private key"
expect 1 cg -C none import nowhere
says "nowhere"
printf 'V\tnonsense\n' >two/index.txt
expect 1 cg -C none import two --no-passphrase --ca two/other.crt
says "two/index.txt, line 1"
[ ! -e none/ca ] || fail "half a CA"

# ---- killed in between: the next run does it all, or all was done ----
if [ -n "${FAULT_SHIM-}" ]; then
    for at in 1 12 25 40 50 60 70 75 80 85 90 95 100 105; do
        rm -rf killed
        LD_PRELOAD=$FAULT_SHIM CG_FAULT=kill CG_FAULT_AT=$at "$CERTGUARD" -C killed import mi --renew-ca --no-passphrase \
            >out 2>err </dev/null
        "$CERTGUARD" -C killed import mi --renew-ca --no-passphrase >out 2>err </dev/null ||
            grep -q "already contains a CA" err || fail "killed at call $at: the next run cannot"
        [ "$(grep -c archive killed/index.txt)" = 2 ] || fail "killed at call $at: not all was adopted"
    done
    ok cg -C killed issue client fresh
    consistent killed
fi

# ---- certificates of which only index.txt knows: their names and dates come back if it is lost ----
ok cg -C made init --no-passphrase
ok cg -C made issue client lone
mkdir -p numbers/private
cp made/ca/cert.pem numbers/cacert.pem
cp made/ca/key.pem numbers/private/cakey.pem
sed 's/archive.lone.0001/unknown/' made/index.txt >numbers/index.txt
ok cg -C by-number import numbers --no-passphrase
cp by-number/index.txt lone.txt
rm by-number/index.txt
ok cg -C by-number crl --restore-index
cmp -s lone.txt by-number/index.txt || fail "$(diff lone.txt by-number/index.txt)"
ok cg -C by-number revoke lone

# ---- easy-rsa ----
easyrsa=/usr/share/easy-rsa/easyrsa
if [ -x $easyrsa ]; then
    export EASYRSA_BATCH=1 EASYRSA_PKI="$work/pki"
    ok $easyrsa init-pki
    ok env EASYRSA_REQ_CN=Easy $easyrsa build-ca nopass
    ok $easyrsa --subject-alt-name=DNS:broker.lan build-server-full broker.lan nopass
    ok $easyrsa build-client-full one nopass
    ok $easyrsa build-client-full two nopass
    ok $easyrsa revoke two
    ok $easyrsa gen-crl
    ok cg -C easy import pki --renew-ca --no-passphrase
    strict easy sslserver broker.lan || fail "easy-rsa: the broker's certificate"
    strict easy sslclient two && fail "easy-rsa: revoked, but verifies"
    works_on easy
fi
echo "done"
