#!/bin/sh
# TLS-PSK listeners: denied unless the policy allows them, on that listener alone; a certificate is no way around.
. "$(dirname "$0")/lib.sh"
begin
make_pki
psk=$(free_port)
tls=$(free_port)
key=0123456789abcdef0123456789abcdef
printf 'gate:%s\n' "$key" >psk.txt

# broker_with SECTIONS: one PSK listener, one with certificates
broker_with() {
    stop_broker
    rm -f events.jsonl
    put_policy "$1"
    {
        plugin_lines
        printf 'listener %s 127.0.0.1\npsk_hint plant\npsk_file %s/psk.txt\n' "$psk" "$scratch"
        tls_listener "$tls" "require_certificate true\n"
    } >broker.conf
    start_broker
}
# expect_psk TITLE in|out PORT TLS-VERSION KEY
expect_psk() {
    if timeout 20 mosquitto_pub -h 127.0.0.1 -p "$3" -i psk-client --psk-identity gate --psk "$5" --tls-version "$4" \
        -t test -m hello >client.out 2>client.err; then got=in; else got=out; fi
    if [ "$got" = "$2" ]; then echo "ok: $1"; else fail "$1: expected $2, got $got: $(cat client.err)"; fi
}

broker_with ''
for version in tlsv1.2 tlsv1.3; do
    expect_psk "a pre-shared key is refused by default, $version" out "$psk" "$version" "$key"
done
expect_event "with its reason" "handshake_rejected\tpsk_not_allowed\t$psk" event reason listener
expect "the other listener is as it was" in dev1 "$tls" x
expect "a certificate does not help where the broker has none" out dev1 "$psk" x

broker_with ", \"listeners\": [{\"port\": $psk, \"tls\": {\"psk\": \"allow\"}}]"
# Mosquitto from 2.0.21 on speaks no TLS 1.3 with pre-shared keys, with or without a plugin.
allowed=tlsv1.2
! "$mosquitto" -h | grep -q 'version 2\.0\.11' || allowed='tlsv1.2 tlsv1.3'
for version in $allowed; do
    expect_psk "a pre-shared key where the policy allows it, $version" in "$psk" "$version" "$key"
    expect_psk "a wrong key is refused, $version" out "$psk" "$version" "${key%?}0"
    expect_event "with its reason" "handshake_rejected\tpsk_unknown\t$psk\t.*psk_file" event reason listener fix
    rm -f events.jsonl
done
expect_psk "the listener with certificates takes no pre-shared key, TLS 1.2" out "$tls" tlsv1.2 "$key"
expect_psk "the listener with certificates takes no pre-shared key, TLS 1.3" out "$tls" tlsv1.3 "$key"
expect "a good certificate on the other listener" in dev1 "$tls" x

broker_with ', "tls": {"psk": "allow"}'
expect "no certificate and no key is still refused" out none "$tls" x
expect_event "with its reason" "handshake_rejected\tno_certificate\t$tls" event reason listener

# What no pre-shared key can use is told: not refused, for clients with certificates may need the list.
warnings() {
    grep -c '"event":"configuration_warning".*pre-shared' events.jsonl
}
broker_with ", \"tls\": {\"ciphers\": \"ECDHE-ECDSA-AES128-GCM-SHA256\"}, \"listeners\": [{\"port\": $psk, \"tls\": {\"psk\": \"allow\"}}]"
expect_event "a list without ciphers for pre-shared keys" "configuration_warning	$psk	.*ECDHE-PSK-CHACHA20-POLY1305" event listener fix
[ "$(warnings)" = 1 ] || fail "told $(warnings) times"
expect "is used as it is, and clients with certificates are served" in dev1 "$tls" x
for list in ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-PSK-CHACHA20-POLY1305 ''; do
    ciphers=${list:+", \"tls\": {\"ciphers\": \"$list\"}"}
    broker_with "$ciphers, \"listeners\": [{\"port\": $psk, \"tls\": {\"psk\": \"allow\"}}]"
    expect_psk "ciphers '$list'" in "$psk" tlsv1.2 "$key"
    [ "$(warnings)" = 0 ] || fail "ciphers '$list': a warning that is wrong"
done

# A bridge, to the broker's own listener: its section alone decides, and messages flow.
bridge_with() { # MEMBERS of the bridge section
    broker_with ", \"listeners\": [{\"port\": $psk, \"tls\": {\"psk\": \"allow\"}}], \"bridge\": {$1}"
    stop_broker
    rm -f events.jsonl
    printf 'connection away\naddress 127.0.0.1:%s\nbridge_identity gate\nbridge_psk %s\nbridge_tls_version tlsv1.2\n' "$psk" "$key" >>broker.conf
    printf 'topic up out 0\nrestart_timeout 1\nnotifications false\n' >>broker.conf
    start_broker
}
bridge_with ''
expect_event "a bridge with a pre-shared key is refused by default" "handshake_rejected\t.*\tbridge" event reason role
! grep -q ' as .*\.away ' broker.log || fail "the bridge connected"
bridge_with '"tls": {"psk": "allow"}'
wait_for broker.log ' as .*\.away ' || fail "the bridge does not connect where its section allows the key"
grep -q '"role":"bridge"' events.jsonl && fail "a bridge that is allowed is refused too"

# A change of the policy ends or reports the sessions that the last one allowed.
broker_with ", \"listeners\": [{\"port\": $psk, \"tls\": {\"psk\": \"allow\"}}]"
mosquitto_sub -h 127.0.0.1 -p "$psk" -i live --psk-identity gate --psk "$key" -t none -W 30 >/dev/null 2>&1 &
live=$!
wait_for broker.log ' as live ' || fail "the live session did not connect"
printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "events.jsonl", "burst": 1000}, "sessions": "report",
    "admin": [{"sha256": "%s"}]}\n' "$(sha256 dev1)" >policy.new
mv policy.new policy.json
expect_event "or is reported, as the policy says" "session_audited\tpsk_not_allowed\tlive" event reason client_id
topic='$CONTROL/certguard/v1'
client dev1 "$tls" asks rr -V 5 -q 1 -t "$topic" -e "$topic/response" -W 15 \
    -m '{"commands":[{"command":"explain_session","client_id":"live"}]}'
grep -q '"reason":"psk_not_allowed"' client.out || fail "the reported session is not explained: $(cat client.out client.err)"
! grep -q '"until"' client.out || fail "a session without a certificate has an end: $(cat client.out)"
printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "events.jsonl", "burst": 1000}}\n' >policy.new
mv policy.new policy.json
expect_event "a live session ends when its policy allows no pre-shared keys any more" "session_ended\tpsk_not_allowed\tlive" \
    event reason client_id
kill "$live" 2>/dev/null
wait "$live" 2>/dev/null
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"
