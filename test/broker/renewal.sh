#!/bin/sh
# Renewal over MQTT with openssl and mosquitto_rr alone: question, spool file, answer of the CA, new certificate, confirmation.
# The CA is a program of this test, see renewal_answer.c.
. "$(dirname "$0")/lib.sh"
begin
spool=$scratch/spool
topic='$CONTROL/certguard/v1/renew'
pki "ca: ca days=-40..30" "server: server issuer=ca days=-1..20 cn=localhost san=dns:localhost,ip:127.0.0.1,ip:::1" \
    "dev1: issuer=ca days=-25..5 san=uri:urn:plant:dev1"
port=$(free_port)
put_policy ", \"renewal\": {\"spool\": \"$spool\"}"
{
    plugin_lines
    tls_listener "$port" "require_certificate true\n"
} >broker.conf
start_broker

# new_key NAME: a CSR without names
new_key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
    openssl req -new -key "$1.key" -subj / -outform DER -out "$1.csr"
}
# request NAME NEW: CSR || S, signed with NAME's key
request() {
    { printf 'certguard renew v1\n'; openssl x509 -in "$1.pem" -outform DER | openssl dgst -sha256 -binary; cat "$2.csr"; } >tbs
    openssl dgst -sha256 -sign "$1.key" -out sig tbs
    cat "$2.csr" sig
}
# ask NAME PAYLOAD [ARGUMENTS]: the answer is in answer: its kind in the first line, and the payload
ask() {
    name=$1 payload=$2
    shift 2
    rm -f answer
    timeout 30 mosquitto_rr -h 127.0.0.1 -p "$port" -i "$name" --cafile ca.pem --cert "$name.pem" --key "$name.key" \
        -q 1 -t "$topic" -e "answers/$name" -m "$payload" -N -F '%t\n%p' -W 20 "$@" >answer 2>ask.err
}
kind() {
    sed -n '1s,.*/renew/,,p' answer
}
text() {
    sed 1d answer
}
# expect_answer TITLE PATTERN: of "KIND PAYLOAD"
expect_answer() {
    if printf '%s %s' "$(kind)" "$(text | tr -d '\0')" | grep -aqE "$2"; then
        echo "ok: $1"
    else
        fail "$1: expected $2, got $(kind) $(text | head -c 300 | od -c | head -n 5); $(cat ask.err)"
    fi
}

ask dev1 ''
expect_answer "due now" '^due 0 0$'
new_key new1
ask dev1 "$(request dev1 new1 | openssl base64 -A)"
expect_answer "it waits" '^pending 60 [0-9a-f]{64}$'
id=$(text | cut -d' ' -f2)
[ -f "$spool/requests/$id.json" ] || fail "no file $id.json"
expect_event "requested" "renewal_requested\t$id" event renewal
"$CG_RENEWAL_ANSWER" "$spool" ca >/dev/null || fail "answer"
issued() {
    ask dev1 "$(request dev1 new1 | openssl base64 -A)"
    [ "$(kind)" = issued ]
}
sleep 3
issued || { sleep 3 && issued; }
expect_answer "issued" '^issued '
# the answer ends with a line feed of mosquitto_rr's format only with -N absent
sed 1d answer >new1.der
openssl x509 -inform DER -in new1.der -out new1.pem || fail "no certificate"
ask dev1 'chain 1'
expect_answer "no chain" '^chain/1 $'
ask new1 '' -i dev1
expect_answer "not due" '^due [1-9][0-9]+ 0$'
expect_event "delivered" "renewal_delivered\t$id" event renewal
expect_event "confirmed" "renewal_confirmed\t$id" event renewal
until_true test -f "$spool/requests/$id.done" || fail "no $id.done"
rm "$spool/answers/$id.json"
gone() {
    [ ! -e "$spool/requests/$id.json" ] && [ ! -e "$spool/requests/$id.done" ]
}
until_true gone || fail "the plugin does not remove its files"
stop_broker
[ "$failures" = 0 ]
