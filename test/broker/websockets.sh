#!/bin/sh
# Websocket listeners, spoken to by hand: a client of TLS that upgrades its HTTP connection and sends a CONNECT in a
# masked frame (RFC 6455). They are TLS listeners like others: the same policy, identity, events and deadline.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "other: ca" "stranger: issuer=other san=uri:urn:plant:dev1"
mqtt=$(free_port)
tls=$(free_port)
plain=$(free_port)

# broker_with SECTIONS: a 2.0 broker whose listeners are all websockets does not start, so there is another one
broker_with() {
    stop_broker
    rm -f events.jsonl
    put_policy "$1"
    {
        plugin_lines
        tls_listener "$mqtt" "require_certificate true\n"
        tls_listener "$tls" "require_certificate false\nprotocol websockets\n"
        printf 'listener %s 127.0.0.1\nprotocol websockets\n' "$plain"
    } >broker.conf
    start_broker
}

hex() {
    od -An -tx1 "$1" | tr -d ' \n'
}
clean_session='\0000' # the flags of its CONNECT, masked
kept_session='\0002'
# await WORDS SHOW: until the answer, as SHOW shows it, has the words; false when the connection is over or nothing comes
await() {
    until_true over_or_shows "$1" "$2" && "$2" ws.raw | grep -q "$1"
}
over_or_shows() {
    [ -e ws.over ] || "$2" ws.raw | grep -q "$1"
}
# The two messages of the client, with time for the answer to the first; ends when the answer to the second is there.
speak() {
    printf 'GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    printf 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'
    printf 'Sec-WebSocket-Protocol: mqtt\r\n\r\n'
    await '101 Switching' cat || return
    # FIN and binary; mask 01 02 03 04; CONNECT of MQTT 3.1.1, keep alive 60 s, client id ws-1
    printf '\202\222\001\002\003\004'
    printf '\021\022\003\000\114\123\127\120\005%b\003\070\001\006\164\167\054\063' "$clean_session"
    await 82042002 hex
}
# ws NAME|none [s_client options]: CONNACK's code in client.out, "none" when none came
ws() {
    name=$1
    shift
    case $name in
    none) set -- -CAfile ca.pem "$@" ;;
    *) set -- -CAfile ca.pem -cert "$name.pem" -key "$name.key" "$@" ;;
    esac
    talk openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$tls" "$@"
}
# talk COMMAND...: speaks to its input, CONNACK's code from its output
talk() {
    rm -f ws.over
    : >ws.raw
    speak | {
        timeout 20 "$@" >ws.raw 2>ws.err
        : >ws.over
    }
    hex ws.raw | sed -n 's/.*82042002\(....\).*/\1/p' >client.out
    [ -s client.out ] || echo none >client.out
}
# expect_ws TITLE CONNACK NAME [s_client options]
expect_ws() {
    title=$1 want=$2
    shift 2
    ws "$@"
    if [ "$(cat client.out)" = "$want" ]; then echo "ok: $title"; else fail "$title: expected $want, got $(cat client.out): $(cat ws.err)"; fi
}

broker_with ', "identity": {"username": "cn", "authenticates": true}'
for version in -tls1_2 -tls1_3; do
    expect_ws "a good certificate, $version" 0000 dev1 "$version"
    expect_ws "a stranger, $version" none stranger "$version"
    expect_ws "no certificate, $version" none none "$version"
done
expect_log "the certificate names the client" "as ws-1 (.* u'dev1')"
expect_event "a stranger is told" "handshake_rejected\tuntrusted\tCN=stranger\t$tls" event reason cert.subject listener
expect_event "no certificate is told" "handshake_rejected\tno_certificate\t127.0.0.1:[0-9]*\t$tls" event reason peer listener

broker_with ''
clean_session=$kept_session
expect_ws "a client that leaves a session behind" 0000 dev1
expect "its id stays its own" out dev2 "$mqtt" ws-1
expect_event "with its reason" "connect_denied\tclient_id_taken\tws-1" event reason client_id
expect_ws "and lets it in again, to its session" 0100 dev1
clean_session='\0000'

broker_with ', "identity": {"username": "cn", "authenticates": true, "client_id": "equal"}'
expect_ws "another client id than the name" 0005 dev1
expect_event "is denied with its reason" "connect_denied\tclient_id_mismatch\tws-1" event reason client_id

broker_with ', "client": {"certificate": "optional"}'
expect_ws "no certificate where it is optional" 0000 none
expect_ws "a stranger where it is optional" none stranger

broker_with ', "client": {"rules": {"no_certificate": "audit"}}'
expect_ws "no certificate where the rule is only audited" 0000 none
expect_event "is told" "handshake_audited\tno_certificate\t$tls" event reason listener

broker_with ''
talk "$CG_TCP" "$plain"
if [ "$(cat client.out)" = 0005 ]; then echo "ok: websockets without TLS are plain, and denied"; else
    fail "websockets without TLS: '$(cat client.out)'"; fi
expect_event "with its reason" "connect_denied\tplain_listener\tws-1" event reason client_id

broker_with ', "tls": {"handshake_timeout": "500ms"}'
sleep 5 | "$CG_TCP" "$tls" >/dev/null 2>&1 &
stalled=$!
expect_event "a peer that says nothing is cut off" "handshake_rejected\thandshake_timeout\t$tls" event reason listener
kill "$stalled" 2>/dev/null
wait "$stalled" 2>/dev/null
expect_ws "and a good certificate comes in" 0000 dev1
stop_broker
# libwebsockets ends with memory of OpenSSL's configuration still its own, which a sanitizer tells
[ "$broker_status" = 0 ] || [ -n "${CG_MOSQUITTO_WRAPPER:-}" ] || fail "the broker ended with $broker_status"
