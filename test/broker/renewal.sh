#!/bin/sh
# Renewal over MQTT with openssl and mosquitto_rr alone: question, file in the spool, answer of the CA, new certificate,
# confirmation; what is refused; and a spool that is hostile, full, or belongs to a broker that was killed. The CA is a program of
# this test, see renewal_answer.c.
# shellcheck disable=SC2016 # $CONTROL is no variable
. "$(dirname "$0")/lib.sh"
begin
spool=$scratch/spool
topic='$CONTROL/certguard/v1/renew'
due="days=-25..5"
pki "ca: ca days=-40..30" "old: ca days=-40..30" "next: ca days=-1..300" "sub: ca issuer=ca days=-20..29" \
    "server: server issuer=ca days=-1..20 cn=localhost san=dns:localhost,ip:127.0.0.1,ip:::1" \
    "dev1: issuer=ca $due" "dev2: issuer=ca $due" "dev3: issuer=ca $due" "dev4: issuer=ca $due" "dev5: issuer=ca $due" \
    "dev6: issuer=ca $due" "dev7: issuer=ca $due" "ws: issuer=ca $due" "early: issuer=ca days=-1..20" \
    "moved: issuer=old days=-1..20" "wrong1: issuer=ca $due" "wrong2: issuer=ca $due" "wrong3: issuer=ca $due"
cat ca.pem old.pem >anchors.pem
mv anchors.pem ca.pem
port=$(free_port)
wsport=$(free_port)
renewal() {
    put_policy ", \"renewal\": {\"spool\": \"${1:-$spool}\"${2:-}}"
}
renewal
{
    plugin_lines
    tls_listener "$port" "require_certificate true\n"
    tls_listener "$wsport" "require_certificate true\nprotocol websockets\n"
} >broker.conf
start_broker

# --- a device ---

# new_key NAME [SUBJECT [ALGORITHM]]: a key and a CSR
new_key() {
    openssl genpkey -algorithm "${3:-EC}" -pkeyopt "${4:-ec_paramgen_curve:P-256}" -out "$1.key" 2>/dev/null
    openssl req -new -key "$1.key" -subj "${2:-/}" -outform DER -out "$1.csr"
}
# request NAME NEW: CSR || S in base64, S with NAME's key
request() {
    {
        printf 'certguard renew v1\n'
        openssl x509 -in "$1.pem" -outform DER | openssl dgst -sha256 -binary
        cat "$2.csr"
    } >tbs
    openssl dgst -sha256 -sign "$1.key" -out sig tbs
    cat "$2.csr" sig | openssl base64 -A
}
# ask NAME PAYLOAD [ARGUMENTS]: the answer's topic is the first line of the file answer, the rest its payload
ask() {
    name=$1 payload=$2
    shift 2
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
    if printf '%s %s' "$(kind)" "$(text | tr -d '\0')" | grep -aqE "$2"; then echo "ok: $1"; else
        fail "$1: expected $2, got $(kind) $(text | head -c 200 | tr -d '\0'); $(cat ask.err)"; fi
}
# is_issued NAME NEW: it has the CA's answer
is_issued() {
    ask "$1" "$(request "$1" "$2")" && [ "$(kind)" = issued ]
}
sign() {
    "$CG_RENEWAL_ANSWER" "$spool" "$@" >signed || fail "renewal_answer $*"
}
take_certificate() {
    text | openssl x509 -inform DER -out "$1.pem" || fail "no certificate in the answer"
}

# --- the conversation ---

ask dev1 ''
expect_answer "it is due" '^due 0 0$'
new_key new1
ask dev1 "$(request dev1 new1)"
expect_answer "it waits" '^pending 60 [0-9a-f]{64}$'
id=$(text | cut -d' ' -f2)
[ -f "$spool/requests/$id.json" ] || fail "no file $id.json"
expect_event "it is reported" "renewal_requested\tCN=dev1\t$id" event cert.subject renewal
sign sub chain sub
is_issued dev1 new1 || fail "no certificate"
take_certificate new1
openssl pkey -in new1.key -pubout >want
openssl x509 -in new1.pem -noout -pubkey >got
cmp -s want got || fail "the certificate is for another key"
ask dev1 'chain 1'
expect_answer "chain 1" '^chain/1 .'
text | openssl x509 -inform DER >>new1.pem || fail "chain 1 is no certificate"
ask dev1 'chain 2'
expect_answer "chain 2 is empty" '^chain/2 $'
expect_event "the delivery is reported" "renewal_delivered\t$id" event renewal
[ ! -e "$spool/requests/$id.done" ] || fail "confirmed too early"
ask new1 ''
expect_answer "the new one is not due" '^due [1-9][0-9]+ 0$'
expect_event "the use is reported" "renewal_confirmed\t$id" event renewal
until_true test -f "$spool/requests/$id.done" || fail "no $id.done"
rm "$spool/answers/$id.json"
gone() {
    [ ! -e "$spool/requests/$id.json" ] && [ ! -e "$spool/requests/$id.done" ]
}
until_true gone || fail "the files stay after the CA has recorded the use"

new_key new2
for version in mqttv311 mqttv5; do
    for qos in 0 1 2; do
        ask dev2 '' -V $version -q $qos
        expect_answer "$version, QoS $qos" '^due 0 0$'
    done
done
ask dev2 "$(request dev2 new2)" -V mqttv311 -q 2
expect_answer "a request with MQTT 3.1.1 and QoS 2" '^pending '

# --- the broker restarts between question and answer ---

stop_broker
sign ca
start_broker
until_true test -s events.jsonl
is_issued dev2 new2
expect_answer "the answer after a restart" '^issued '
new_key new3
stop_broker
start_broker
ask dev2 "$(request dev2 new2)" -V mqttv311 -q 0
expect_answer "and again with QoS 0" '^issued '

# --- refused ---

new_key evil /CN=evil
ask wrong1 "$(request wrong1 evil)"
expect_answer "other names" '^refused renewal_names_differ '
ask wrong1 '0garbage'
expect_answer "garbage" '^refused renewal_malformed '
ask wrong1 'M!'
expect_answer "garbage in base64" '^refused renewal_malformed '
ask wrong1 "$(request wrong1 evil)"
expect_answer "the fourth within a minute" '^busy [0-9]+$'
ask wrong2 "$(request dev3 new3)"
expect_answer "a request of another device" '^refused renewal_bad_signature '
openssl req -new -key wrong2.key -subj / -outform DER -out same.csr
ask wrong2 "$(request wrong2 same)"
expect_answer "the old key" '^refused renewal_key_not_new '
new_key weak / RSA rsa_keygen_bits:1024
ask wrong2 "$(request wrong2 weak)"
expect_answer "a weak key" '^refused renewal_key_not_allowed '
new_key soon
ask early "$(request early soon)"
expect_answer "before half of the lifetime" '^refused renewal_too_early '
expect_event "it is reported" "renewal_refused\trenewal_too_early\tCN=early" event reason cert.subject
ask early 'anything else' -W 2
[ ! -s answer ] || fail "an answer to an unknown question: $(cat answer)"
head -c 30000 /dev/zero | tr '\0' 'M' >giant
ask early "$(cat giant)" -W 2
[ ! -s answer ] || fail "an answer to a giant question: $(cat answer)"
ask dev3 "$(request dev3 new3)"
expect_answer "the owner's request" '^pending '
sign ca refuse renewal_denied
refused() {
    ask dev3 "$(request dev3 new3)" && [ "$(kind)" = refused ]
}
refused || { sleep 2 && refused; }
expect_answer "refused by the CA" '^refused renewal_denied .*refused by the test'

# --- websockets; the answer is pushed ---

byte() {
    # shellcheck disable=SC2059
    printf "\\$(printf %03o "$1")"
}
# packet TYPE FILE: an MQTT packet in a frame whose mask is zero, in one write: 2.1.2 cannot read a frame in pieces
packet() {
    frame "$1" "$2" >frame
    cat frame
}
frame() {
    size=$(wc -c <"$2")
    if [ "$size" -lt 120 ]; then
        byte 130 && byte $((size + 2 + 128)) && printf '\0\0\0\0' && byte "$1" && byte "$size"
    else
        byte 130 && byte 254 && byte $(((size + 3) / 256)) && byte $(((size + 3) % 256)) && printf '\0\0\0\0'
        byte "$1" && byte $((size % 128 + 128)) && byte $((size / 128))
    fi
    cat "$2"
}
# says WORDS: until the peer has
says() {
    until_true grep -aqs "$1" ws.raw
}
speak() {
    printf 'GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    printf 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'
    printf 'Sec-WebSocket-Protocol: mqtt\r\n\r\n'
    says '101 Switching' || return
    printf '\0\004MQTT\004\002\0\074\0\002ws' >connect
    packet 16 connect
    sleep 1
    { byte 0 && byte ${#topic} && printf %s "$topic" && request ws newws; } >publish
    packet 48 publish
    says renew/pending || return
    sign ca
    says renew/issued
}
new_key newws
: >ws.raw
speak | timeout 30 openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$wsport" -CAfile ca.pem -cert ws.pem \
    -key ws.key >ws.raw 2>ws.err
if grep -aqs renew/issued ws.raw; then echo "ok: over websockets, pushed to the session that asked"; else
    fail "websockets: $(tr -cd '[:print:]' <ws.raw) $(cat ws.err)"; fi

# --- a CA that is replaced, and statements about roots ---

{ printf 'certguard root v1\n'; openssl x509 -in old.pem -outform DER | openssl dgst -sha256 -binary
  openssl x509 -in next.pem -outform DER; } >tbs
openssl dgst -sha256 -sign old.key -out sig tbs
{ openssl x509 -in next.pem -outform DER; cat sig; } >next.statement
new_key newmoved
renewal "$spool" ", \"statements\": [\"next.statement\"], \"move_from\": [{\"sha256\": \"$(sha256 old)\"}]"
expect_event "the policy with statements is loaded" "snapshot_loaded\t2" event snapshot
ask moved ''
expect_answer "one statement" '^due [0-9]+ 1$'
ask moved 'anchor 1'
text | cmp -s - next.statement || fail "anchor 1 differs from the file"
ask moved 'anchor 2'
expect_answer "anchor 2 is empty" '^anchor/2 $'
ask moved "$(request moved newmoved)"
expect_answer "a moved CA opens the window" '^pending '

# --- hostile files in the CA's folder ---

new_key new4
ask dev4 "$(request dev4 new4)"
id=$(text | cut -d' ' -f2)
rm -f "$spool/answers/$id.json"
ln -s /etc/passwd "$spool/answers/$id.json"
expect_event "a symbolic link is reported" "configuration_warning\t.*symbolic link" event detail
rm "$spool/answers/$id.json" && mkfifo "$spool/answers/$id.json"
expect_event "a FIFO is reported" "configuration_warning\t.*not a file" event detail
mkfifo "$spool/answers/../answers/evil name" "$spool/answers/$id.json.new"
ask dev4 ''
expect_answer "the broker serves" '^due 0 1$'
rm "$spool/answers/$id.json"
sign ca only "$id"
is_issued dev4 new4
expect_answer "the answer after hostile files" '^issued '

# --- another spool, none, and two brokers on one ---

renewal "$scratch/other" && mkdir -p other/answers
expect_event "another spool" "snapshot_loaded\t3" event snapshot
new_key new5
ask dev5 "$(request dev5 new5)"
expect_answer "goes to the other spool" '^pending '
[ -f "other/requests/$(text | cut -d' ' -f2).json" ] || fail "no file in the other spool"
put_policy ''
expect_event "renewal is off" "snapshot_loaded\t4" event snapshot
ask dev5 '' -W 2
[ ! -s answer ] || fail "an answer while renewal is off: $(cat answer)"
renewal
expect_event "renewal is on again" "snapshot_loaded\t5" event snapshot
first=$broker_pid first_port=$port
port=$(free_port)
sed "s/^listener $first_port /listener $port /; s/^listener $wsport /listener $(free_port) /" broker.conf >second.conf
# shellcheck disable=SC2086
${CG_MOSQUITTO_WRAPPER:-} "$mosquitto" -c second.conf >second.log 2>&1 &
second=$!
until_true grep -qs 'another broker uses it' second.log || fail "two brokers on one spool: no message"
ask dev6 "$(request dev6 new5)"
expect_answer "the second one keeps nothing" '^busy 60$'
kill "$second" && wait "$second" 2>/dev/null
port=$first_port
kill -0 "$first" || fail "the first broker ended"
stop_broker

# --- a full disk, and kills ---

[ -n "${CG_FAULT_SHIM:-}" ] || { [ "$failures" = 0 ] && exit 0; exit 1; }
new_key new6
new_key new7
CG_MOSQUITTO_WRAPPER="env LD_PRELOAD=$CG_FAULT_SHIM CG_FAULT_SWITCH=$scratch/switch"
start_broker
until_true test -e "$spool/requests/lock"
ask dev6 ''
echo "write 28 /spool/" >switch
ask dev6 "$(request dev6 new6)"
expect_answer "a full disk" '^busy 60$'
expect_event "it is reported" "configuration_warning\t.*Free disk space" event detail
rm switch
ask dev6 "$(request dev6 new6)"
expect_answer "and with room again" '^pending '
stop_broker

killed=0 at=1 stride=1
[ -z "${CG_SAMPLE-}" ] || stride=4
while [ $at -lt 60 ]; do
    rm -rf "$spool"
    CG_MOSQUITTO_WRAPPER="env LD_PRELOAD=$CG_FAULT_SHIM CG_FAULT=kill CG_FAULT_AT=$at"
    launch_broker
    tries=0
    while [ $tries -lt 100 ] && kill -0 "$broker_pid" 2>/dev/null && ! grep -q ' running$' broker.log; do
        tries=$((tries + 1)) && sleep 0.1
    done
    ask dev7 "$(request dev7 new7)" -W 5
    said=$(kind)
    alive=no
    kill -0 "$broker_pid" 2>/dev/null && alive=yes
    kill -9 "$broker_pid" 2>/dev/null
    wait "$broker_pid" 2>/dev/null
    [ "$said" != pending ] || [ -n "$(find "$spool/requests" -name '*.json' -not -name '.*')" ] ||
        fail "killed at call $at: pending, but there is no file"
    CG_MOSQUITTO_WRAPPER=
    start_broker
    ask dev7 "$(request dev7 new7)"
    [ "$(kind)" = pending ] || fail "killed at call $at: then $(cat answer)"
    [ -z "$(find "$spool/requests" -name '.?*')" ] || fail "killed at call $at: a temporary file stays"
    stop_broker
    [ $alive = no ] || [ "$said" != pending ] || break
    killed=$((killed + 1)) at=$((at + stride))
done
echo "killed at $killed calls"
[ $killed -gt 4 ] || fail "the broker was killed at $killed calls only"
[ "$failures" = 0 ]
