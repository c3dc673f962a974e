#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# certguard requests with a real broker: over the control topic, and in the spool. A device asks with openssl and mosquitto_rr, the CA
# signs, the device uses its new certificate, and the CA records that it was used.
. "$(dirname "$0")/lib.sh"
begin
spool=$scratch/spool
topic='$CONTROL/certguard/v1/renew'
export CERTGUARD_DIR="$scratch/home"
certguard --at=-20d init --no-passphrase --intermediate
for name in dev1 dev2 dev3; do
    certguard --at=-20d issue client $name --lifetime 30d
done
certguard issue broker broker --san dns:localhost --san ip:127.0.0.1
certguard issue client signer
for name in dev1 dev2 dev3 signer; do
    cp "home/live/$name/fullchain.pem" "$name.pem"
    cp "home/live/$name/privkey.pem" "$name.key"
done
cp home/ca.pem ca.pem
cp home/live/broker/fullchain.pem server.pem
cp home/live/broker/privkey.pem server.key
port=$(free_port)
put_policy ", \"renewal\": {\"spool\": \"$spool\", \"signers\": [{\"sha256\": \"$(sha256 signer)\"}]}"
{
    plugin_lines
    tls_listener "$port" "require_certificate true\n"
} >broker.conf
start_broker

# ask NAME NEW: a request, or with NEW "" a question; its kind is in $kind
ask() {
    payload=
    if [ -n "$2" ]; then
        [ -f "$2.key" ] || openssl ecparam -name prime256v1 -genkey -noout -out "$2.key"
        "$CG_REQUEST" raw "$1.pem" "$1.key" "$2.key" "$2.request" || fail "no request"
        payload=$(openssl base64 -A <"$2.request")
    fi
    timeout 30 mosquitto_rr -h 127.0.0.1 -p "$port" -i "$1" --cafile ca.pem --cert "$1.pem" --key "$1.key" -q 1 -t "$topic" \
        -e "answers/$1" -m "$payload" -N -F '%t\n%p' -W 20 >answer 2>ask.err
    kind=$(sed -n '1s,.*/renew/,,p' answer)
    sed 1d answer >payload
}
# asks TITLE CODE WORDS ARGUMENTS: the verb
asks() {
    title=$1 code=$2 words=$3
    shift 3
    timeout 60 "$CG_TOOL" requests "$@" >out 2>err </dev/null
    got=$?
    if [ "$got" = "$code" ] && grep -q -- "$words" out err; then echo "ok: $title"; else
        fail "$title: exit $got, no '$words' in: $(cat out err)"; fi
}
# issued NAME NEW: within some seconds
issued() {
    sleep 2
    ask "$1" "$2"
    [ "$kind" = issued ]
}
over="--broker 127.0.0.1:$port --as signer"

asks "nothing waits" 0 'No request waits' $over
ask dev1 new1
[ "$kind" = pending ] || fail "dev1: $kind $(cat payload ask.err)"
ask dev2 new2
asks "only signers are answered" 1 '"signers"' --broker "127.0.0.1:$port" --as dev2
asks "over the control topic" 0 'dev1 .*waiting' $over
asks "a dry run" 0 'Would sign the request of "dev1"' $over -n --sign dev1
asks "one is signed" 0 'Signed the request of "dev1"' $over --sign dev1
until_true issued dev1 new1 || fail "dev1 gets no certificate: $kind $(cat payload)"
openssl x509 -inform DER -in payload -out new1.pem 2>ask.err || fail "no certificate"
cmp -s new1.pem home/live/dev1/cert.pem || fail "another certificate than the live one"
asks "again" 0 'Nothing was to be signed' $over --sign dev1
cat home/chain.pem >>new1.pem
ask new1 ''
[ "$kind" = due ] || fail "the new certificate does not work: $kind $(cat ask.err)"
recorded() {
    "$CG_TOOL" requests $over --sign --all >out 2>err
    grep -q confirmed home/archive/dev1/0002/renewal.json
}
until_true recorded || fail "the use was not recorded: $(cat out err)"
grep -q 'Signed the request of "dev2"' out err || "$CG_TOOL" requests $over >out 2>err
forgotten() {
    [ "$(find "$spool/requests" -name '*.json' | wc -l)" = 1 ]
}
until_true forgotten || fail "the plugin keeps what is done: $(ls "$spool/requests")"
ask dev3 new3
asks "one is refused" 0 'Refused the request of "dev3"' $over --refuse dev3 --reason "not this one"
refused() {
    sleep 2
    ask dev3 new3
    [ "$kind" = refused ] && grep -q 'renewal_denied' payload
}
until_true refused || fail "dev3: $kind $(cat payload)"
before=$(ls -i "$spool"/requests/*.answer)
asks "a refusal is no news in the next run" 0 'Nothing was to be signed' $over --sign --all
[ "$before" = "$(ls -i "$spool"/requests/*.answer)" ] || fail "the same answers were delivered again"
stop_broker
[ "$failures" = 0 ]
