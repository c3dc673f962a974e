#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A device renews its certificate with `certguard renew --from`: through a broker that binds client ids to certificates, while its
# own session is connected, over a restart of the broker, with an intermediate and a new root.
# The CA is a program of the tests, see renewal_answer.c.
. "$(dirname "$0")/lib.sh"
begin
at_failure=end
spool=$scratch/spool
pki "ca: ca days=-40..30" "sub: ca issuer=ca days=-40..30" "root2: ca cn=Root2 days=-1..900" \
    "server: server issuer=ca days=-1..20 cn=localhost san=dns:localhost,ip:127.0.0.1,ip:::1" \
    "dev1: issuer=sub cn=dev1 days=-25..5 san=dns:dev1"
port=$(free_port)

# the statement that the present root vouches for the next one
openssl x509 -in root2.pem -outform DER >r.der
{ printf 'certguard root v1\n' && openssl x509 -in ca.pem -outform DER | openssl dgst -sha256 -binary && cat r.der; } >tbs
openssl dgst -sha256 -sign ca.key -out s tbs && cat r.der s >root2.statement

put_policy ", \"renewal\": {\"spool\": \"$spool\", \"statements\": [\"$scratch/root2.statement\"]},
    \"identity\": {\"username\": \"cn\", \"authenticates\": true, \"client_id\": \"equal\", \"one_client\": true}"
{
    printf 'acl_file %s\n' "$scratch/acl"
    plugin_lines false
    tls_listener "$port" "require_certificate true\n"
} >broker.conf
printf 'user dev1\ntopic write $CONTROL/certguard/v1/renew\ntopic readwrite home/#\n' >acl
chmod 600 acl
start_broker

mkdir device
cp dev1.key device/privkey.pem && chmod 600 device/privkey.pem
cat dev1.pem sub.pem >device/fullchain.pem
cp ca.pem device/ca.pem

# renew CODE: the run must end so
renew() {
    "$CG_TOOL" renew --from "localhost:$port" --due --json device >renew.out 2>renew.err
    code=$?
    [ "$code" = "$1" ] || fail "$2: expected exit $1, got $code: $(cat renew.out renew.err)"
}
# sends: the device's own client, with the files of the folder
sends() {
    mosquitto_pub -h localhost -p "$port" -i dev1 --cafile device/ca.pem --cert device/fullchain.pem --key device/privkey.pem \
        -t home/dev1 -m x -q 1 2>pub.err
}
sends || fail "the device cannot connect: $(cat pub.err)"
mosquitto_sub -h localhost -p "$port" -i dev1 --cafile device/ca.pem --cert device/fullchain.pem --key device/privkey.pem \
    -t home/x >session.out 2>&1 &
session=$!
at_end "kill $session 2>/dev/null"
connected() {
    [ "$(grep -c 'New client connected.* as dev1 ' broker.log)" = 2 ]
}
CG_WAIT=20 until_true connected || fail "the session of the device"

renew 75 "a request"
grep -q '"state":"waiting".*"anchors_added":1' renew.out || fail "the first run: $(cat renew.out)"
id=$(sed -n 's/.*"request":"\([0-9a-f]*\)".*/\1/p' renew.out)
[ -f "$spool/requests/$id.json" ] || fail "no request $id in the spool"
grep -c BEGIN device/ca.pem | grep -qx 2 || fail "the new root is not in ca.pem"
kill -0 $session || fail "the device's own session has ended"
! grep -q "Client dev1 already connected" broker.log || fail "the device's own session was taken over"
renew 75 "still waiting"
grep -q "$id" renew.out || fail "another request: $(cat renew.out)"

"${CG_RENEWAL_ANSWER:?}" "$spool" sub chain sub >/dev/null || fail "the CA"
kill $session
stop_broker
start_broker
renewed() {
    "$CG_TOOL" renew --from "localhost:$port" --due --json device >renew.out 2>renew.err
}
CG_WAIT=20 until_true renewed || fail "not renewed: $(cat renew.out renew.err)"
grep -q '"state":"renewed"' renew.out || fail "the result: $(cat renew.out)"
! openssl x509 -in device/cert.pem -noout -pubkey | cmp -s - dev1.pub || fail "the old key"
openssl verify -CAfile device/ca.pem -untrusted device/chain.pem -purpose sslclient device/cert.pem >verify 2>&1 ||
    fail "the new pair: $(cat verify)"
[ "$(stat -L -c %a device/privkey.pem)" = 600 ] || fail "mode of the key"
sends || fail "the device cannot connect with its new certificate: $(cat pub.err)"
expect_event "delivered" "renewal_delivered\t$id" event renewal
expect_event "confirmed" "renewal_confirmed\t$id" event renewal
renew 0 "not due"
grep -q '"state":"not_due"' renew.out || fail "after the renewal: $(cat renew.out)"

stop_broker
[ "$failures" = 0 ]
