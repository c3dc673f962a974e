#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Renewal, deployment and rotation; the server that must serve the new certificate is openssl s_server.
. "$(dirname "$0")/lib.sh"

server=
stop()
{
    [ -z "$server" ] || kill "$server" 2>/dev/null
    server=
}
at_end stop

serial_of()
{
    openssl x509 -in "$1" -noout -serial
}

key_of()
{
    openssl x509 -in "$1" -noout -pubkey
}

now=2026-06-01T00:00:00Z
ok cg -C ca --at $now init --no-passphrase
ok cg -C ca --at $now issue broker localhost --san dns:localhost --san ip:127.0.0.1 --policy-oid 1.3.6.1.4.1.99999.1 --org Example
ok cg -C ca --at $now issue client quick --lifetime 8d
ok cg -C ca --at $now issue client gone
ok cg -C ca --at $now revoke gone

# ---- due at 2/3 of life, at 1/2 for short lives, up to 1/20 later ----
ok cg -C ca --at 2026-06-04T00:00:00Z renew --all --due
says "Nothing is due"
ok cg -C ca --at 2026-06-06T00:00:00Z renew --all --due
says '"quick"'
grep -q localhost err && fail "the broker's was renewed too early"
ok cg -C ca --at 2026-07-30T00:00:00Z -v renew localhost --due
says "not due"
before=$(serial_of ca/live/localhost/cert.pem)
before_key=$(key_of ca/live/localhost/cert.pem)
ok cg -C ca --at 2026-08-05T00:00:00Z -n renew --all --due
[ "$before" = "$(serial_of ca/live/localhost/cert.pem)" ] || fail "a dry run renewed"
ok cg -C ca --at 2026-08-05T00:00:00Z renew --all --due
says '"localhost", generation 2, new key'
[ "$before" != "$(serial_of ca/live/localhost/cert.pem)" ] || fail "not renewed"
[ "$before_key" != "$(key_of ca/live/localhost/cert.pem)" ] || fail "the key is the old one"
openssl x509 -in ca/live/localhost/cert.pem -noout -text -nameopt RFC2253 >cert.txt
for what in "DNS:localhost, IP Address:127.0.0.1" "TLS Web Server Authentication" "1.3.6.1.4.1.99999.1" "O=Example" "Nov  2 23:59:59 2026"; do
    grep -q "$what" cert.txt || { cat cert.txt; fail "the renewed certificate lacks $what"; }
done
[ "$(cat ca/archive/localhost/0001/cert.pem)" != "$(cat ca/live/localhost/cert.pem)" ] || fail "generation 1 was lost"
consistent ca
ok cg -C ca --at 2026-08-06T00:00:00Z renew localhost --reuse-key
[ "$(key_of ca/archive/localhost/0002/cert.pem)" = "$(key_of ca/live/localhost/cert.pem)" ] || fail "--reuse-key made a new key"
ok cg -C ca --at $now issue client both --both-purposes --san dns:both.lan
ok cg -C ca --at 2026-08-06T00:00:00Z renew both
openssl x509 -in ca/live/both/cert.pem -noout -ext extendedKeyUsage | grep -q "Server Authentication, .*Client" ||
    fail "renewed for one purpose alone"
expect 1 cg -C ca --at 2026-08-06T00:00:00Z renew gone
says "revoked"
expect 1 cg -C ca renew nobody
expect 64 cg -C ca renew
expect 64 cg -C ca renew --all localhost
for type in p384 rsa3072 ed25519; do
    ok cg -C ca issue client "like-$type" --key-type $type
    ok cg -C ca renew "like-$type"
    [ "$(openssl pkey -in "ca/archive/like-$type/0001/privkey.pem" -noout -text | head -1)" = \
        "$(openssl pkey -in "ca/live/like-$type/privkey.pem" -noout -text | head -1)" ] || fail "$type: another kind of key"
done

# ---- a CA near its end: said once a run, with the date ----
ok cg -C old --at $now init --no-passphrase --lifetime 100d
for name in a b; do
    ok cg -C old --at $now issue client $name --lifetime 30d
    says_not "shortened"
done
seq -f 'dev%g' 1 20 >devices
ok cg -C old --at 2026-08-25T00:00:00Z issue client --batch devices
[ "$(grep -c "20 certificates are shortened: the CA itself ends at 2026-09-0[89].*init" err)" = 1 ] || fail "the batch"
ok cg -C old --at 2026-08-25T00:00:00Z issue client c
says "1 certificate is shortened"
ok cg -C old --at 2026-08-25T00:00:00Z renew a b
[ "$(grep -c "2 certificates are shortened" err)" = 1 ] || fail "renew"

# ---- deploy: owner and mode, remembered ----
ok cg -C ca issue broker b --san dns:localhost --san ip:127.0.0.1
ok cg -C ca deploy b --to etc --mode 0640
[ "$(stat -Lc %a etc/privkey.pem)" = 640 ] || fail "mode of the key"
[ "$(stat -Lc %a etc/fullchain.pem)" = 644 ] || fail "mode of the chain"
cmp etc/fullchain.pem ca/live/b/fullchain.pem || fail "deployed something else"
cmp etc/crl.pem ca/crl.pem || fail "the CRL is not deployed"
expect 64 cg -C ca deploy b --mode 0644
says "must not read"
expect 1 cg -C ca deploy b --owner nobody-by-that-name
says "this machine has no user"
expect 1 cg -C ca deploy quick
says "--to"
ok cg -C ca revoke like-p384
cmp etc/crl.pem ca/crl.pem || fail "revoke did not deploy the CRL"
ok cg -C ca renew b
cmp etc/cert.pem ca/live/b/cert.pem || fail "renew did not deploy"
[ "$(stat -Lc %a etc/privkey.pem)" = 640 ] || fail "the mode did not survive the renewal"
ok cg -C ca deploy b --rollback
cmp etc/cert.pem ca/archive/b/0001/cert.pem || fail "rollback did not deploy the old one"
expect 1 cg -C ca deploy b --rollback
says "no earlier generation"
consistent ca

# ---- issue and deploy in one ----
ok cg -C ca issue broker c --san dns:localhost --to etc-c --mode 0400
says "Deployed to"
[ "$(stat -Lc %a etc-c/privkey.pem)" = 400 ] || fail "mode of the key that issue deploys"
ok cg -C ca renew c
cmp etc-c/cert.pem ca/live/c/cert.pem || fail "issue --to was not remembered"
expect 1 cg -C ca issue broker d --san dns:localhost --owner nobody-by-that-name --to etc-d
says "this machine has no user"
expect 1 cg -C ca issue broker d --san dns:localhost --group root
says "--to FOLDER"
[ ! -e ca/live/d ] || fail "issued before the place was looked at"
ok cg -C ca -n issue broker d --san dns:localhost --to etc-d
[ ! -e etc-d ] || fail "a dry run deployed"

# ---- what a killed run did not deploy, the next one does; what is right stays untouched ----
cp ca/archive/c/0001/cert.pem etc-c/cert.pem
ok cg -C ca renew --all --due
cmp etc-c/cert.pem ca/live/c/cert.pem || fail "renew did not end what was begun"
echo old >etc-c/crl.pem
ok cg -C ca crl --refresh-if 50%
says "not due"
cmp etc-c/crl.pem ca/crl.pem || fail "crl did not end what was begun"
touch -d 2001-01-01 etc-c/crl.pem etc-c/cert.pem
ok cg -C ca crl --refresh-if 50%
ok cg -C ca renew --all --due
[ "$(stat -Lc %y etc-c/crl.pem etc-c/cert.pem | grep -c ^2001)" = 2 ] || fail "a file that is right was written again"
# a folder that is gone does not keep the others from the CRL
mv etc-c etc-gone
ok cg -C ca issue client lost
expect 1 cg -C ca revoke lost
says "revoked, and the new CRL was written"
says "deploy c --forget .*/etc-c"
cmp etc/crl.pem ca/crl.pem || fail "the other broker did not get the CRL"
mv etc-gone etc-c
ok cg -C ca crl --refresh-if 50%
cmp etc-c/crl.pem ca/crl.pem || fail "the folder that came back did not get the CRL"

# ---- rotate: served, or back ----
. "$here/../lib/ports.sh"
port=$(free_port)
answers()
{
    openssl s_client -connect "127.0.0.1:$port" </dev/null >/dev/null 2>&1
}
serve()
{
    stop
    openssl s_server -accept "127.0.0.1:$port" -cert "$1/cert.pem" -key "$1/privkey.pem" -quiet >/dev/null 2>&1 </dev/null &
    server=$!
    # it must have read the files before they change
    until_true answers || fail "no server on port $port"
}

expect 1 cg -C ca rotate b --connect 127.0.0.1:1 --timeout 1
says "generation 1 of .* was restored"
cmp etc/cert.pem ca/archive/b/0001/cert.pem || fail "the old certificate did not go back"
serve etc
expect 1 cg -C ca rotate b --connect "127.0.0.1:$port" --timeout 1
says "generation 1 of .* was restored"
cmp etc/privkey.pem ca/archive/b/0001/privkey.pem || fail "the old key did not go back"
consistent ca

# a server that takes up what is deployed, as the plugin does
old=$(cat etc/cert.pem)
(
    while [ "$old" = "$(cat etc/cert.pem)" ]; do sleep 0.1; done
    kill $server
    exec openssl s_server -accept "127.0.0.1:$port" -cert etc/cert.pem -key etc/privkey.pem -quiet >/dev/null 2>&1 </dev/null
) &
second=$!
cg -C ca rotate b --connect "127.0.0.1:$port" --timeout 20 >out 2>err </dev/null
code=$?
kill $second 2>/dev/null
[ $code = 0 ] || fail "rotate did not see the new certificate served"
says "serves it"
cmp etc/cert.pem ca/live/b/cert.pem || fail "rotate did not deploy"
[ "$old" != "$(cat etc/cert.pem)" ] || fail "nothing was rotated"
consistent ca
echo "done"
