#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A file of another format than the one that is wanted: check, lint and the policy's loader (which is the plugin's) name it, and
# the command that they print makes of it what is wanted. And a CA folder of somebody else's is not one without a CA.
. "$(dirname "$0")/lib.sh"

ok cg -q -C ca init --no-passphrase --name Home
ok cg -q -C ca issue broker b.lan
ok cg -q -C ca crl
pair=ca/live/b.lan
openssl x509 -in $pair/cert.pem -trustout -out trusted
openssl crl2pkcs7 -nocrl -certfile $pair/cert.pem -out "p7 with a blank"
openssl crl2pkcs7 -nocrl -certfile $pair/cert.pem -outform DER -out p7.der
openssl pkcs12 -export -in $pair/cert.pem -inkey $pair/privkey.pem -passout pass:x -out p12 || fail "no PKCS#12"
iconv -f UTF-8 -t UTF-16 $pair/cert.pem >utf16
{ printf '\376\377' && iconv -f UTF-8 -t UTF-16BE $pair/cert.pem; } >utf16be
openssl pkey -in $pair/privkey.pem -outform DER -out key.der
iconv -f UTF-8 -t UTF-16 $pair/privkey.pem >key.utf16
openssl pkey -in $pair/privkey.pem -pubout -out key.pub
openssl req -new -key $pair/privkey.pem -subj /CN=b.lan -out csr
openssl req -in csr -outform DER -out csr.der
cp $pair/cert.pem key.cert
cp ca/crl.pem key.crl
chmod 600 trusted p7* p12 utf* key.* csr*

policy() # CHAIN KEY
{
    printf '{"trust": {"anchors": "ca/ca.pem"}, "credential": {"chain": "%s", "key": "%s"}}\n' "$1" "$2" >policy.json
    printf 'listener 8883 127.0.0.1\ncertfile %s\nkeyfile %s\nplugin %s\nplugin_opt_policy policy.json\n' "$pair/fullchain.pem" \
        "$pair/privkey.pem" mosquitto_certguard.so >broker.conf
    expect 3 cg doctor --config broker.conf --user "$(id -un)"
}
# convert: does what was printed, into "new"
convert()
{
    command_=$(cat out err | sed -n 's/.*[Cc]onvert it[:( ]*\(.*\) NEW[,)]* and name NEW.*/\1 new/p' | head -n 1)
    [ -n "$command_" ] || fail "nothing to convert it"
    case $command_ in *pkcs12*) command_="$command_ -passin pass:x" ;; esac
    rm -f new
    (umask 077 && sh -c "$command_" >/dev/null 2>&1) || fail "cannot be done: $command_"
}

# certificates FILE WORDS
certificates()
{
    expect 1 cg check --purpose server --trust ca/ca.pem "$1"
    says "expected certificates, found $2"
    expect 1 cg check --purpose server --trust "$1" $pair/fullchain.pem
    says "expected certificates, found $2"
    policy "$1" $pair/privkey.pem
    says "policy_invalid"
    says "expected certificates, found $2"
}
for row in "trusted:a certificate with trust settings" "p7 with a blank:a PKCS#7 bundle" "p7.der:a PKCS#7 bundle in DER" \
    "p12:a PKCS#12 file" "utf16:text in UTF-16" "utf16be:text in UTF-16"; do
    certificates "${row%%:*}" "${row#*:}"
    convert
    ok cg check --purpose server --trust ca/ca.pem new
    policy new $pair/privkey.pem
    says_not policy_invalid
done
for row in csr csr.der; do
    certificates $row "a request for a certificate (CSR)"
    says "on the CA's machine"
    expect 1 cg lint $row
    says "found a request for a certificate"
done
for row in p7.der p12 utf16; do
    expect 1 cg lint $row
    says "expected certificates, found "
done

# key FILE WORDS
key()
{
    policy $pair/fullchain.pem "$1"
    says "expected a private key in PEM, found $2"
}
for row in "key.der:a private key in DER" "key.utf16:text in UTF-16" "p12:a PKCS#12 file"; do
    key "${row%%:*}" "${row#*:}"
    convert
    policy $pair/fullchain.pem new
    says_not policy_invalid
done
key key.pub "a public key. Name the file with the private key"
key key.cert "a certificate. Name the file with its key"
key key.crl "a CRL"

# ---- a CA of somebody else's ----

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$work"
    for folder in ca ca/ca; do
        chmod 755 ca
        chmod 700 $folder
        cp "$CERTGUARD" ./certguard 2>/dev/null
        chmod 755 certguard
        if setpriv --reuid 65534 --clear-groups test -x "$work/certguard"; then # wherever this test runs
            expect 1 setpriv --reuid 65534 --clear-groups ./certguard -C ca list
            says "has no access. Run it as the owner of the CA: sudo -u root certguard -C"
            says_not "there is no CA"
        fi
    done
fi
expect 1 cg -C nowhere list
says "there is no CA in"
echo "done"
