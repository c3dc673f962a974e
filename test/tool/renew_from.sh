#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# renew --from: the steps of a device, and what it does with the answers that no honest broker gives.
unset CDPATH
. "$(dirname "$0")/lib.sh"
. "$here/renew_from_lib.sh"
start_peer
new_device device
cp -a device before

schema()
{
    python3 "$here/schema.py" "$here/../../docs/tool.schema.json" renew "$work/out" || fail "not as the schema says"
}

# unchanged: the current pair is still the first one
unchanged()
{
    for file in privkey.pem cert.pem chain.pem fullchain.pem; do
        cmp -s before/$file device/$file || fail "$file of the current pair changed"
    done
}

# ---- when
answers due 1-due "86400 0"
ok renew_from --due device
says "Not due: the certificate in device. Run the command again in 1d"
[ ! -e peer/request.der ] || fail "a request although nothing is due"
grep -q '^[0-9a-f]* dev1~renew$' peer/clients || fail "the client id"
ok renew_from -n device
answers due 1-due "0 0"
ok renew_from -n device
says "Would renew"
[ ! -e peer/request.der ] || fail "a dry run made a request"
[ ! -e device/.certguard/new/privkey.pem ] || fail "a dry run made a key"

# ---- the request
answers request 1-pending "3600 $(printf %064d 7)"
expect 75 renew_from --json --due device
schema
grep -q '"state":"waiting".*"request":"0*7"' out || fail "the result"
requested
cp request.pub first.pub
[ "$(stat -c %a device/.certguard/new/privkey.pem)" = 600 ] || fail "mode of the new key"
openssl pkey -in device/.certguard/new/privkey.pem -pubout | cmp -s - request.pub || fail "the key of the request"
openssl req -inform DER -in peer/request.der -noout -verify 2>verified || fail "the CSR is not signed by its key"
[ "$(openssl req -inform DER -in peer/request.der -noout -subject)" = "subject=" ] || fail "the CSR has a subject"
openssl req -inform DER -in peer/request.der -outform DER -out csr
tail -c +$(($(wc -c <csr) + 1)) peer/request.der >s
{ printf 'certguard renew v1\n' && openssl x509 -in device/cert.pem -outform DER | openssl dgst -sha256 -binary && cat csr; } >tbs
openssl x509 -in device/cert.pem -noout -pubkey >old.pub
openssl dgst -sha256 -verify old.pub -signature s tbs >verified || fail "the old key did not sign the request"
[ "$(wc -c <peer/request.der)" -le 1024 ] || fail "the request is larger than a packet"
expect 75 renew_from device
says "Waiting for the CA: the request for device. Run the command again in 1h"
requested
cmp -s request.pub first.pub || fail "another key, although the first is in new"
answers request 1-busy "5"
expect 75 renew_from device
says "busy.*1m"
answers request 1-refused "renewal_too_early requests are accepted from tomorrow on"
expect 1 renew_from device
says "renewal_too_early.*tomorrow"
says "in a day"
requested
cmp -s request.pub first.pub || fail "another key, although the refusal was not about the key"
# two requests for one certificate would let a broker replace, and so revoke, a certificate in use
for code in renewal_key_not_allowed renewal_key_not_new renewal_forked; do
    answers request 1-refused "$code no"
    expect 1 renew_from device
    case $code in *key*) says "delete device/.certguard/new/privkey.pem" ;; *) says_not delete ;; esac
    requested
    cmp -s request.pub first.pub || fail "$code: a second request for one certificate"
done
unchanged
# nor is a key replaced that cannot be read now
cp device/.certguard/new/privkey.pem kept.pem
truncate -s 70000 device/.certguard/new/privkey.pem
expect 1 renew_from device
says "new/privkey.pem: it cannot be read"
[ "$(wc -c <device/.certguard/new/privkey.pem)" = 70000 ] || fail "a key that cannot be read was replaced"
cp kept.pem device/.certguard/new/privkey.pem
unchanged

# ---- no answer: due by this machine's clock
answers request
answers due
ok renew_from --due device
says "gave no answer"
expect 1 renew_from --due --at +25d device
says "gave no answer"
answers due 1-due "9 9 9" 2-due "-1 0" 3-due "x" 4-due "" 5-due "99999999999999999999 0" 6-due "0" 7-issued x 8-refused "a b"
expect 1 renew_from --due --at +25d device
answers due 1-due "0 0"

# ---- answers that no honest broker gives: the current pair stays, and the next good answer is taken
# refuses WHAT WORDS
refuses()
{
    expect 1 renew_from device
    says "$2"
    unchanged
    [ ! -e device/.certguard/new/fullchain.pem ] || fail "$1: it was kept"
}
requested
for field in "extendedKeyUsage=serverAuth" "basicConstraints=critical,CA:TRUE" "subjectAltName=URI:urn:dev:2"; do
    { grep -v "^${field%%=*}=" client.ext && echo "$field"; } >other.ext
    ext=other.ext certify request.pub wrong.pem
    deliver wrong.pem
    refuses "$field" "cannot replace the current one"
done
subject=/CN=dev2 certify request.pub wrong.pem
deliver wrong.pem
refuses "another subject" "another subject"
by=other certify request.pub wrong.pem
deliver wrong.pem other.pem
refuses "another CA" "does not verify to an anchor"
certify request.pub right.pem
deliver right.pem root.pem
refuses "a chain without the issuing CA" "does not verify to an anchor"
deliver right.pem sub.pem sub.pem sub.pem sub.pem sub.pem
refuses "a chain of five" "more than 4"
answers chain-1 1-chain-1 rubbish
refuses "a malformed chain" "malformed chain"
head -c 3000000 /dev/zero >giant
answers chain-1 1-chain-1 @giant
refuses "a giant chain" "did not send the chain"
answers request 1-issued @giant 2-refused "renewal_denied no"
refuses "a giant certificate" renewal_denied
printf 'a\nb\033[31m' >rough
answers request 1-refused @rough
expect 1 renew_from device
! grep -q "$(printf '\033')" err || fail "a control character of the broker reached the terminal"
head -c 399 /dev/zero | tr '\0' 9 >digits
answers request 1-pending @digits 2-busy @digits 3-refused "renewal_denied no"
refuses "numbers out of range" renewal_denied
# certificates of other keys, and broken ones, answer another request: the right one follows
certify device.pub old-key.pem
openssl x509 -in old-key.pem -outform DER -out old-key.der
openssl x509 -in plain.pem -outform DER -out plain.der
deliver right.pem
cp leaf.der right.der && cp leaf.der tail.der && echo x >>tail.der
answers request 1-issued @old-key.der 2-issued @plain.der 3-issued @tail.der 4-pending "3600 x"
expect 75 renew_from device
says "Waiting"
unchanged

# ---- the new certificate: not accepted, then accepted
openssl x509 -in right.pem -outform DER | openssl dgst -sha256 -r | cut -c 1-64 >peer/denied
deliver right.pem sub.pem plain.pem
expect 75 renew_from device
says "does not accept the new certificate yet"
says "denied the connection"
unchanged
cmp -s before/ca.pem device/ca.pem || fail "ca.pem changed"
[ -e device/.certguard/new/fullchain.pem ] || fail "the new certificate was not kept"

expect 75 renew_from --due device
answers due 1-due "86400 0"
expect 75 renew_from --due --json device
schema
grep -q '"state":"unused"' out || fail "not due, and the new one is not accepted"
rm peer/denied
chmod 640 device/privkey.pem
rm peer/clients
ok renew_from --due device
says "Renewed the certificate in device"
cmp -s right.pem device/cert.pem || fail "not the new certificate"
cmp -s sub.pem device/chain.pem || fail "the chain has more than leads to the anchor"
[ "$(wc -l <peer/clients)" = 1 ] || fail "more connections than one with the new certificate"
a_pair device
[ -L device/privkey.pem ] && [ "$(stat -L -c %a device/privkey.pem)" = 640 ] || fail "mode of the key"
[ -z "$(ls device/.certguard/new)" ] || fail "the files in new are still there"
ok renew_from --due device
[ "$(find device/.certguard -name 0\* | wc -l)" = 1 ] || fail "the previous pair is still there"

# ---- a whole run, with a hook that first fails
answers due 1-due "0 0"
answers request 1-pending "60 x"
expect 75 renew_from device
issues
expect 1 renew_from --hook 'echo "$CERTGUARD_FOLDER" >'"$work/hooked; exit 3" device
says "the hook failed: exit code 3"
grep -qx "$work/device" hooked || fail "the folder of the hook"
a_pair device
answers due 1-due "86400 0"
rm hooked
ok renew_from --due --hook "echo again >$work/hooked" device
grep -q again hooked || fail "a hook that failed did not run again"
rm hooked
ok renew_from --due --hook "echo again >$work/hooked" device
[ ! -e hooked ] || fail "a hook ran without a change"

# ---- what an administrator put there is newer than new
answers due 1-due "0 0"
answers request 1-pending "60 x"
expect 75 renew_from device
issues
openssl x509 -in next.pem -outform DER | openssl dgst -sha256 -r | cut -c 1-64 >peer/denied
expect 75 renew_from device
rm peer/denied
sleep 1 # the dates of certificates are seconds
rm -r device/.certguard/current && rm -f device/*.pem && rm -rf given && new_device given && cp given/* device
answers request 1-pending "60 x"
expect 75 renew_from device
says "Waiting"
cmp -s given/cert.pem device/cert.pem || fail "an older certificate replaced the one that was put there"
[ ! -e device/.certguard/new/fullchain.pem ] || fail "the older certificate is still there"

# ---- trust anchors
pki "root2: ca cn=Root2 days=-9..900" "root3: ca cn=Root3 days=-9..900" "leaf: issuer=root" "gone: ca cn=Gone days=-9..-1"
new_root root2 root by-root
new_root root3 root2 by-root2
new_root other root by-sub sub.key
new_root other root by-other other.key
new_root leaf root not-a-root
new_root gone root ended
drop_root root root2.key drop-own
drop_root root2 root.key drop2
drop_root root2 sub.key drop2-by-sub
anchors()
{
    rm -rf peer/anchor-*
    n=0
    for file in "$@"; do
        n=$((n + 1))
        answers anchor-$n 1-anchor-$n "@$file"
    done
    answers due 1-due "86400 $n"
}
held()
{
    openssl storeutl -noout -text -certs device/ca.pem | sed -n 's/.*Subject: *CN *= *//p' | tr '\n' ' '
}
cp by-root cut && truncate -s -1 cut
anchors by-sub by-other not-a-root ended rough cut by-root2
ok renew_from --due device
[ "$(held)" = "Root " ] || fail "an anchor that no held root signed: $(held)"
anchors by-sub by-root by-root2 by-root drop-own drop2-by-sub
ok renew_from --due --json device
schema
grep -q '"anchors_added":2,"anchors_removed":0' out || fail "the counts of anchors"
[ "$(held)" = "Root Root2 Root3 " ] || fail "the anchors: $(held)"
anchors drop2 by-root
ok renew_from --due device
says "0 added, 1 removed"
[ "$(held)" = "Root Root3 " ] || fail "a dropped anchor: $(held)"
ok renew_from --due device
[ "$(held)" = "Root Root3 " ] || fail "a dropped anchor came back: $(held)"
cp device/.certguard/dropped dropped
echo 00 >device/.certguard/dropped
expect 1 renew_from --due device
says "it is damaged"
cp dropped device/.certguard/dropped
answers due 1-due "86400 0"

# ---- files that another user of the folder could have planted, and files that are missing
mkdir outside
echo secret >outside/file
for name in lock new dropped; do
    rm -rf saved && mv device/.certguard/$name saved
    ln -s "$work/outside/file" device/.certguard/$name
    expect 1 renew_from --due device
    [ "$(cat outside/file)" = secret ] || fail "$name: a link led out of the folder"
    rm device/.certguard/$name && mv saved device/.certguard/$name
done
answers due 1-due "0 0"
rm -f device/.certguard/new/privkey.pem
ln -s "$work/outside/file" device/.certguard/new/privkey.pem
expect 75 renew_from device
[ "$(cat outside/file)" = secret ] && [ ! -L device/.certguard/new/privkey.pem ] || fail "the key was written through a link"
rm device/.certguard/new/privkey.pem && mkfifo device/.certguard/new/privkey.pem
expect 75 renew_from device
echo broken >device/.certguard/new/privkey.pem
expect 75 renew_from device
for name in privkey.pem ca.pem; do
    mv device/$name saved
    expect 1 renew_from device
    says "device/$name"
    mkfifo device/$name
    expect 1 renew_from device
    rm device/$name && mv saved device/$name
done
cp -a device broken
cp plain.key broken/privkey.pem
expect 1 renew_from broken
says "is not the key of the certificate"
openssl pkey -in plain.key -aes256 -passout pass:x -out encrypted
cp encrypted broken/privkey.pem
expect 1 renew_from broken
says "the key is encrypted"
expect 1 renew_from nowhere

# ---- one run at a time; a broker that is not there
flock device/.certguard/lock sleep 5 &
sleep 0.5
expect 75 renew_from device
says "another run"
wait $!
expect 1 cg renew --from 127.0.0.1:1 --timeout 2s device
says "cannot connect"

# ---- other keys
for key in "RSA rsa_keygen_bits:2048" "EC ec_paramgen_curve:P-384" ED25519; do
    rm -rf device
    new_device device
    # shellcheck disable=SC2086
    set -- $key
    openssl genpkey -algorithm "$1" ${2:+-pkeyopt "$2"} -out device/privkey.pem 2>err
    openssl pkey -in device/privkey.pem -pubout -out device.pub
    certify device.pub device/cert.pem
    rm device/fullchain.pem # not every device has it
    answers request 1-pending "60 x"
    expect 75 renew_from device
    issues
    ok renew_from device
    a_pair device
    openssl pkey -in device/privkey.pem -noout -text | head -1 >key.type
    openssl pkey -pubin -in device.pub -noout -text | head -1 | sed 's/Public/Private/' | cut -c 1-12 | grep -qf - key.type ||
        [ "$1" = RSA ] || fail "another type of key: $(cat key.type)"
done

# ---- wrong usage
expect 64 renew_from
expect 64 renew_from one two
expect 64 renew_from --all
expect 64 renew_from --reuse-key device
expect 64 cg renew --id x one
expect 64 cg renew --from '' device
expect 64 renew_from --timeout 0s device

# ---- a date of the broker's certificate may also mean that the clock of the device is wrong
[ ! -s peer.err ] || fail "the peer: $(cat peer.err)"
first_port=$port
mv peer first
start_peer ended
expect 1 renew_from device
says "expired.*Check the clock"
rm -rf peer
mv first peer
port=$first_port

# ---- root, in the folder of another user: with that user's rights, and its files stay that user's
if [ "$(id -u)" = 0 ] && id nobody >out 2>err; then
    public_scratch
    cd "$public_folder" || exit 1
    cp -a "$work"/*.pem "$work"/*.key "$work"/*.pub "$work"/*.der "$work/client.ext" .
    ln -s "$work/peer" peer
    new_device owned
    chown -R nobody owned && chmod 711 owned
    echo secret >secret && chmod 600 secret
    answers request 1-pending "60 x"
    expect 75 renew_from owned
    issues
    ok renew_from owned
    a_pair owned
    [ "$(find owned ! -user nobody)" = "" ] || fail "files of root in another user's folder: $(find owned ! -user nobody)"
    rm owned/ca.pem && ln -s "$public_folder/secret" owned/ca.pem
    expect 1 renew_from owned
    chmod 700 "$public_folder"
    expect 1 renew_from owned
    says "cannot reach it by this path"
    cd "$work" || exit 1
fi
[ ! -s peer.err ] || fail "the peer: $(cat peer.err)"
