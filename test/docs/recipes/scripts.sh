# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Sourced by a hidden block of docs/recipes.md: its two scripts with input that is damaged, missing or of another certificate. They
# fail, the files in use stay as they are, and nothing else remains in the folder. Needs $scripts, their folder.
# shellcheck shell=sh disable=SC2154

unset CDPATH
content() { # FOLDER: names and checksums
    (cd "$1" && find . -type f | sort | xargs sha256sum)
}
# keeps FOLDER COMMAND...: it fails and changes nothing in the folder
keeps() {
    (set -eu
        before=$(content "$1")
        at=$1
        shift
        ! "$@" 2>/dev/null || { echo "does not fail: $*" >&2; exit 1; }
        [ "$(content "$at")" = "$before" ] || { echo "$*: changes $at: $(content "$at")" >&2; exit 1; })
}
gives() { # FILE...: broker-certificate accepts them
    "$scripts/broker-certificate" "$@"
    openssl x509 -in "$folder/broker/fullchain.pem" -noout -pubkey >x509.pub
    openssl pkey -in "$folder/broker/privkey.pem" -pubout | cmp - x509.pub
    [ "$(grep -c BEGIN "$folder/broker/fullchain.pem")" = 2 ]
    [ "$(find "$folder/broker" -type f | wc -l)" = 2 ]
    [ -z "$(find "$folder/broker" -type f ! -perm 600)" ]
}

mkdir ~/scripts
cd ~/scripts
"$CG_PKI" "root: ca" "issuing: ca issuer=root" "one: server issuer=issuing key=rsa2048" "two: server issuer=issuing" \
    "crl: crl issuer=root number=1 days=0..7"
cat one.pem issuing.pem >chain.pem
openssl pkcs8 -topk8 -in two.key -passout pass:secret -out encrypted.key
openssl ec -in two.key -out sec1.key 2>/dev/null
: >empty
head -n 3 one.key >half.key
head -n $(($(wc -l <chain.pem) - 3)) chain.pem >half.pem

gives one.key chain.pem
for wrong in missing "one.key missing" "chain.pem missing.key" one.key chain.pem empty "two.key chain.pem" "one.key issuing.pem one.pem" \
    "encrypted.key two.pem issuing.pem" "half.key chain.pem" "one.key half.pem" "one.key chain.pem missing.pem"; do
    # shellcheck disable=SC2086
    keeps "$folder/broker" "$scripts/broker-certificate" $wrong
done
(openssl ecparam -name prime256v1 && cat sec1.key two.pem issuing.pem) >ec.pem
gives ec.pem
sed 's/$/\r/' one.key chain.pem >crlf.pem
gives crlf.pem
# two at once: key and certificate are of one of them
for name in one two one two; do
    "$scripts/broker-certificate" $name.key $name.pem issuing.pem &
done
wait
gives "$folder/broker/privkey.pem" "$folder/broker/fullchain.pem"

to=$folder/crl/root.crl web=$HOME/web/pki.lan url=http://pki.lan/root.crl
mkdir -p "$web"
openssl crl -in crl.pem -outform DER -out "$web/root.crl"
"$scripts/fetch-crl" $url "$to"
cmp "$to" "$web/root.crl"
cp crl.pem "$web/root.crl"
"$scripts/fetch-crl" $url "$to"
cmp "$to" crl.pem
for wrong in empty chain.pem; do
    cp $wrong "$web/root.crl"
    keeps "$folder/crl" "$scripts/fetch-crl" $url "$to"
done
echo "<html>Sign in</html>" >"$web/root.crl"
keeps "$folder/crl" "$scripts/fetch-crl" $url "$to"
head -c 150 crl.pem >"$web/root.crl"
keeps "$folder/crl" "$scripts/fetch-crl" $url "$to"
rm "$web/root.crl"
keeps "$folder/crl" "$scripts/fetch-crl" $url "$to"
cd ~
