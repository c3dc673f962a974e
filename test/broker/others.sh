#!/bin/sh
# Beside another plugin: its extended authentication (MQTT 5) is no way around the policy, and its own TLS is its own.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "other: ca" "stranger: issuer=other san=uri:urn:plant:dev1"
tls=$(free_port)
plain=$(free_port)
extended='-V 5 -D connect authentication-method TEST'

# broker_with SECTIONS [LINES-BEHIND-THE-PLUGIN]
broker_with() {
    stop_broker
    rm -f events.jsonl
    put_policy "$1"
    {
        plugin_lines
        printf '%b' "${2:-}"
        tls_listener "$tls" "require_certificate true\n"
        printf 'listener %s 127.0.0.1\n' "$plain"
    } >broker.conf
    start_broker
}
other="plugin $CG_OTHER_PLUGIN\n"
identity=', "identity": {"username": "cn", "client_id": "equal"}'

broker_with "$identity" "$other"
# shellcheck disable=SC2086 # words of options
{
    expect "extended authentication of a good client" in dev1 "$tls" dev1 $extended
    expect_log "is the other plugin's" 'other plugin: asked'
    expect_log "whose own TLS is left alone" 'other plugin: asked; its own TLS works'
    if grep -q 'its own TLS fails' broker.log; then fail "the other plugin's TLS fails"; fi
    expect "extended authentication as another client" out dev1 "$tls" dev2 $extended
    expect_event "is denied with its reason" "connect_denied\tclient_id_mismatch\tdev2" event reason client_id
    expect "extended authentication without TLS" out plain "$plain" dev1 $extended
    expect_event "is denied with its reason" "connect_denied\tplain_listener\tdev1" event reason client_id
    expect "extended authentication with a stranger's certificate" out stranger "$tls" dev1 $extended
    expect_event "is refused before that" "handshake_rejected\tuntrusted" event reason
}
[ "$(grep -c 'handshake_rejected' events.jsonl)" = 1 ] || fail "the other plugin's handshakes make events"
stop_broker

broker_with ', "client": {"rules": {"no_certificate": "audit"}}' "$other"
# shellcheck disable=SC2086
expect "extended authentication without a certificate where the rule is only audited" in none "$tls" x $extended
expect_event "is told" "handshake_audited\tno_certificate" event reason

broker_with ', "client": {"certificate": "optional"}' "$other"
# shellcheck disable=SC2086
expect "extended authentication without a certificate where it is optional" in none "$tls" x $extended

broker_with ', "identity": {"username": "cn", "authenticates": true}'
# shellcheck disable=SC2086
expect "a method that nobody knows is not let in by a certificate" out dev1 "$tls" dev1 $extended
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"
