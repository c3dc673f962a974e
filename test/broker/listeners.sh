#!/bin/sh
# Listeners of all kinds: plain, Unix sockets, optional certificates, settings per listener, two plugin lines.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "other: ca" "stranger: issuer=other san=uri:urn:plant:dev1"
tls=$(free_port)
plain=$(free_port)
second=$(free_port)
version=$("$mosquitto" -h | sed -n 's/^mosquitto version \([0-9.]*\).*/\1/p')

# policy SECTIONS
policy() {
    rm -f events.jsonl
    put_policy "${1:-}"
}
plugin="plugin $CG_PLUGIN\nplugin_opt_policy $scratch/policy.json\n"

policy
{
    plugin_lines
    tls_listener "$tls" "require_certificate true\n"
    printf 'listener %s 127.0.0.1\n' "$plain"
} >broker.conf
start_broker
expect_event "the snapshot is told" "snapshot_loaded\t1" event snapshot
expect "a good certificate" in dev1 "$tls" x
expect "a stranger's certificate" out stranger "$tls" x
expect_event "is refused with its reason" "handshake_rejected\tuntrusted\tCN=stranger\t$tls" event reason cert.subject listener
expect "no certificate" out none "$tls" x
expect_event "is refused with its reason" "handshake_rejected\tno_certificate" event reason
expect "plain clients are denied by default" out plain "$plain" x
expect_event "with address and reason" "connect_denied\tplain_listener\t127.0.0.1\tx" event reason peer client_id
stop_broker
[ "$broker_status" -eq 0 ] || fail "the broker ended with $broker_status"

policy ', "plain": "allow"'
start_broker
expect "plain clients where the policy allows them" in plain "$plain" x
expect "TLS stays as it was" out stranger "$tls" x
stop_broker

policy ", \"listeners\": [{\"port\": $plain, \"plain\": \"allow\"}]"
printf 'listener %s 127.0.0.1\n' "$second" >>broker.conf
start_broker
case $version in
2.0.*)
    expect_event "listeners without TLS that differ are warned of" "configuration_warning" event
    expect "plain clients on the one that allows them, which the broker does not tell from the other" out plain "$plain" x
    expect_event "with its reason" "connect_denied\tplain_listener" event reason
    ;;
*) expect "plain clients on the one listener that allows them" in plain "$plain" x ;;
esac
expect "plain clients on the other one" out plain "$second" x
stop_broker

# One listener without TLS beside one with it can be told apart on every version.
policy ", \"listeners\": [{\"port\": $plain, \"plain\": \"allow\"}]"
{
    plugin_lines
    tls_listener "$tls" "require_certificate true\n"
    printf 'listener %s 127.0.0.1\n' "$plain"
} >broker.conf
start_broker
soon_in plain "$plain" x # the broker tries what listens for TLS
expect "plain clients beside a listener with TLS" in plain "$plain" x
expect "and what comes to that one must speak TLS" out plain "$tls" x
[ "$(grep -c handshake_rejected events.jsonl)" -le 1 ] || fail "the broker's connections to itself make events"
[ "$(grep -c configuration_warning events.jsonl)" -eq 0 ] || fail "a warning that there is no need of"
stop_broker

# A client without certificate is told from one without TLS, whatever else is connected.
policy ", \"client\": {\"certificate\": \"optional\"}"
start_broker
(sleep 3; printf '\020') | openssl s_client -connect "127.0.0.1:$tls" -CAfile ca.pem -ign_eof >decoy.out 2>&1 &
decoy=$!
wait_for decoy.out 'Verify return code' || fail "the decoy did not connect"
expect "beside a decoy: a client without certificate" in none "$tls" x
expect "beside a decoy: a client without TLS" out plain "$plain" x
kill "$decoy" 2>/dev/null
wait "$decoy" 2>/dev/null || :
stop_broker

# Rules of one listener alone.
policy ", \"listeners\": [{\"port\": $second, \"client\": {\"rules\": {\"untrusted\": \"audit\"}, \"certificate\": \"optional\"}}]"
{
    plugin_lines
    tls_listener "$tls" "require_certificate true\n"
    tls_listener "$second" "require_certificate true\n"
} >broker.conf
start_broker
expect "a stranger on the listener that only audits" in stranger "$second" x
expect_event "is told" "handshake_audited\tuntrusted\t$second" event reason listener
expect "a stranger on the other one" out stranger "$tls" x
expect "no certificate on the listener where it is optional" in none "$second" y
expect "no certificate on the other one" out none "$tls" x
stop_broker

policy ', "client": {"certificate": "optional"}, "identity": {"username": "cn", "authenticates": true}'
{
    plugin_lines
    tls_listener "$tls" "require_certificate false\n"
} >broker.conf
start_broker
expect "optional: without a certificate" in none "$tls" x
expect "optional: with a good one" in dev1 "$tls" x
expect_log "which names the client" "as x (.* u'dev1')"
expect "optional: a bad one is refused all the same" out stranger "$tls" x
stop_broker

policy
start_broker
expect "the policy requires what the listener does not: no certificate" out none "$tls" x
expect "the policy requires what the listener does not: a good one" in dev1 "$tls" x
stop_broker

policy ', "identity": {"username": "cn", "authenticates": true}'
{
    printf 'per_listener_settings true\n'
    tls_listener "$tls" "require_certificate true\nallow_anonymous false\n$plugin"
    tls_listener "$second" "require_certificate true\nallow_anonymous false\n$plugin"
} >broker.conf
start_broker
expect "per_listener_settings: the first listener" in dev1 "$tls" x
expect "per_listener_settings: the second one" in dev2 "$second" y
expect "per_listener_settings: a stranger at the second one" out stranger "$second" x
expect_event "is told" "handshake_rejected\tuntrusted\t$second" event reason listener
stop_broker
[ "$(grep -c snapshot_loaded events.jsonl)" -eq 1 ] || fail "per_listener_settings: more than one snapshot"
[ "$(grep -c handshake_rejected events.jsonl)" -eq 1 ] || fail "per_listener_settings: an event twice"
[ "$broker_status" -eq 0 ] || fail "the broker ended with $broker_status"

# 2.0.11 gives plugins no time with per_listener_settings: nothing would happen until somebody connects
start_broker
client dev1 "$second" live sub -t none -W 6 &
live=$!
wait_for broker.log ' as live '
sha256=$(sha256 dev1)
policy ", \"deny\": [{\"sha256\": \"$sha256\"}], \"identity\": {\"username\": \"cn\", \"authenticates\": true}"
expect_event "per_listener_settings: a live session on an idle broker ends when its certificate is denied" \
    "session_ended\tdeny_listed\tlive" event reason client_id
wait "$live" || :
[ "$(grep -c peer_gone events.jsonl)" -eq 0 ] || fail "per_listener_settings: waking the broker makes events"
stop_broker

policy ", \"tls\": {\"handshake_timeout\": \"10m\"}, \"identity\": {\"username\": \"cn\", \"authenticates\": true},
    \"listeners\": [{\"port\": $second, \"tls\": {\"handshake_timeout\": \"500ms\"}}]"
start_broker
expect "per_listener_settings: a client with another timeout" in dev1 "$tls" x
sleep 1 # until the broker has nothing to do
for port in "$tls" "$second"; do
    sleep 20 | "$CG_TCP" "$port" >client.out 2>&1 &
    stalled="${stalled:-} $!"
done
sleep 4
has_event "$(printf 'handshake_rejected\thandshake_timeout\t%s' "$second")" event reason listener ||
    fail "per_listener_settings: the second of two peers that say nothing is not cut off on an idle broker"
# shellcheck disable=SC2086 # two processes
kill $stalled 2>/dev/null
stop_broker
policy ', "identity": {"username": "cn", "authenticates": true}'

{
    printf 'per_listener_settings true\n'
    tls_listener "$tls" "$plugin"
    tls_listener "$second" "plugin $CG_PLUGIN\nplugin_opt_trust_anchors $scratch/ca.pem\n"
    printf 'user %s\n' "$(id -un)"
} >broker.conf
if run_to_end; then fail "two lines with different options: it runs"; fi
expect_log "two plugin lines must say the same" "certguard: expected the same plugin_opt lines"

{
    printf 'allow_anonymous true\n%b%b' "$plugin" "$plugin"
    tls_listener "$tls" "require_certificate true\n"
} >broker.conf
start_broker
expect "two plugin lines without per_listener_settings" in dev1 "$tls" x
stop_broker
[ "$broker_status" -eq 0 ] || fail "the broker ended with $broker_status"

policy ', "identity": {"username": "cn", "authenticates": true}'
{
    plugin_lines false
    tls_listener "$tls" "require_certificate true\nuse_identity_as_username true\n"
} >broker.conf
start_broker
expect "use_identity_as_username: TLS is checked" out stranger "$tls" x
expect "use_identity_as_username: a good certificate" in dev1 "$tls" x
expect_event "and a warning that the policy's identity has no effect" "configuration_warning\tx" event client_id
stop_broker

policy
cp server.pem server.good && cp server.key server.key.good
pki "server: server issuer=ca cn=localhost eku=clientAuth"
{
    printf 'user %s\nallow_anonymous true\n%b' "$(id -un)" "$plugin"
    tls_listener "$tls" "require_certificate true\n"
} >broker.conf
run_to_end
status=$?
[ "$status" -eq 1 ] || fail "a broker with a client's certificate ends with $status"
expect_event "a broker whose certificate breaks the rules ends" "broker_certificate_rejected\twrong_purpose" event reason
expect_log "and says why" "certguard: rejected the broker's certificate.*server.pem\|certguard: rejected the broker's certificate.*CN=localhost"
policy ', "mode": "audit"'
start_broker
expect_event "in audit mode it runs, and that is told" "broker_certificate_audited\twrong_purpose" event reason
stop_broker
policy ", \"server\": {\"rules\": {\"wrong_purpose\": \"audit\"}}, \"credential\": {\"chain\": \"server.pem\", \"key\": \"server.key\"}"
start_broker
expect_event "the same of the policy's credential" "broker_certificate_audited\twrong_purpose" event reason
stop_broker
mv server.good server.pem && mv server.key.good server.key

# A Unix domain socket is a plain listener.
policy
printf 'user %s\nallow_anonymous true\n%blistener 0 %s/socket\n' "$(id -un)" "$plugin" "$scratch" >broker.conf
tls_listener "$tls" "require_certificate true\n" >>broker.conf
# expect_unix TITLE in|out
expect_unix() {
    if timeout 20 mosquitto_pub --unix socket -i unix -t test -m hello >client.out 2>client.err; then got=in; else got=out; fi
    if [ "$got" = "$2" ]; then echo "ok: $1"; else fail "$1: expected $2, got $got: $(cat client.err)"; fi
}
start_broker
expect_unix "a client of a Unix domain socket is plain, and denied" out
expect_event "with its reason" "connect_denied\tplain_listener\tunix" event reason client_id
stop_broker
policy ', "plain": "allow"'
start_broker
expect_unix "a client of a Unix domain socket where the policy allows plain ones" in
stop_broker
