#!/bin/sh
# The control topic and the numbers below $SYS: who may ask, who sees answers, what is answered.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "boss: issuer=ca" "gone: issuer=ca"
tls=$(free_port)
plain=$(free_port)

# policy [MEMBERS]: an administrator is whoever has the certificate of boss or gone
policy() {
    printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "events.jsonl", "burst": 1000}, "plain": "allow", %s
        "admin": [{"sha256": "%s"}, {"sha256": "%s"}]}\n' "${1:-}" "$(sha256 boss)" "$(sha256 gone)" >policy.new
    mv policy.new policy.json
}
policy
{
    plugin_lines
    tls_listener "$tls" "require_certificate true\n"
    printf 'listener %s 127.0.0.1\n' "$plain"
} >broker.conf
start_broker

topic='$CONTROL/certguard/v1'
# ask NAME PORT REQUEST [SECONDS]: the answer, if one comes so soon, is in client.out
ask() {
    client "$1" "$2" "asks-$1" rr -V 5 -q 1 -t "$topic" -e "$topic/response" -m "$3" -W "${4:-15}"
}
expect_answer() {
    if grep -q -- "$2" client.out; then echo "ok: $1"; else fail "$1: no '$2' in '$(cat client.out client.err)'"; fi
}
expect_silence() {
    if [ -s client.out ]; then fail "$1: $(cat client.out)"; else echo "ok: $1"; fi
}

# Two that only listen, as long as the test runs.
mosquitto_sub -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert dev1.pem --key dev1.key -i spy -t "\$CONTROL/#" -t '#' \
    -v >spy.out 2>&1 &
spy=$!
mosquitto_sub -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert gone.pem --key gone.key -i other-admin -t "$topic/response" \
    -v >other.out 2>&1 &
other=$!
wait_for broker.log 'as spy ' && wait_for broker.log 'as other-admin ' || fail "the listeners did not connect"

ask boss "$tls" '{"commands":[{"command":"status","correlationData":"q1"}]}'
expect_answer "an administrator is answered" '"correlationData":"q1"'
expect_answer "with the counted sessions" '"live":3'
expect_answer "and the anchors' end" '"anchors":\[{"subject":"CN=ca","serial":"[0-9a-f]*","not_after"'
expect_answer "and of the certificate that the broker loaded" '"credentials":\[{"subject":"CN=localhost",.*"certfile":true}'
ask boss "$tls" '{"commands":[{"command":"list_sessions","count":2},{"command":"list_sessions","offset":2}]}'
expect_answer "sessions are listed by pages" '"total":3,"offset":0.*"total":3,"offset":2'
expect_answer "with their certificates" '"client_id":"spy".*"subject":"CN=dev1"'
ask boss "$tls" '{"commands":[{"command":"explain_session","client_id":"spy"}]}'
expect_answer "a session is explained" '"accepted":true,"reason":"ok"'
ask boss "$tls" '{"commands":[{"command":"explain_session","client_id":"nobody"}]}'
expect_answer "one that is not there is an error" '"error":"no live session has this client_id'
ask boss "$tls" '{"commands":[{"command":"make_coffee"},{"command":"status","surprise":1}]}'
expect_answer "an unknown command is answered with the known ones" '"error":"unknown command; expected status'
expect_answer "and an unknown key by its name" 'no key ..surprise'
ask boss "$tls" 'garbage'
expect_answer "garbage is answered with an error" '"error":"request: line 1'
ask boss "$tls" "$(head -c 3000 /dev/zero | tr '\0' '[')"
expect_answer "depth is limited" 'nested too deep'
ask boss "$tls" "{\"commands\":[{\"command\":\"check_policy\",\"policy\":{\"trust\":{\"anchors\":[\"x.pem\"]},\"deny\":[{\"sha256\":\"$(sha256 dev1)\"}]}}]}"
expect_answer "a policy is tried on all live sessions" '"checked":3,"refused":1'
expect_answer "and names who would be refused" '"client_id":"spy".*"reason":"deny_listed"'
ask boss "$tls" '{"commands":[{"command":"check_policy","policy":"{\"trust\": {}, \"nonsense\": 1}"}]}'
expect_answer "a policy with a fault is told so" '"error":"policy: '
ask boss "$tls" '{"commands":[{"command":"check_policy","policy":{"tls":{"ciphers":"AES128-SHA"}}}]}'
expect_answer "and one with ciphers that a load would refuse" 'policy: $.tls.ciphers: .*AES128-SHA (no forward secrecy)'
ask boss "$tls" "$(head -c 70000 /dev/zero | tr '\0' x)"
expect_answer "a request that is too large is told so" 'at most 65536 bytes'

ask dev2 "$tls" '{"commands":[{"command":"status"}]}' 3
expect_silence "another certificate is not answered"
expect_event "and told, with its SHA-256" "control_denied\tnot_an_admin\tasks-dev2" event reason client_id
ask plain "$plain" '{"commands":[{"command":"status"}]}' 3
expect_silence "a client without TLS is not answered"
expect_event "and told" "control_denied\tnot_an_admin\tasks-plain" event reason client_id
ask boss "$tls" '{"commands":[{"command":"end_session","client_id":"spy"}]}'
expect_answer "a session is ended" '"command":"end_session","data":{"conn"'
expect_event "with its reason" "session_ended\tended_by_admin\tspy" event reason client_id

ask boss "$tls" '{"commands":[{"command":"reload"}]}'
expect_answer "a reload is answered with the snapshot in force" '"command":"reload","data":{"snapshot":1}'
policy "\"deny\": [{\"sha256\": \"$(sha256 gone)\"}],"
ask boss "$tls" '{"commands":[{"command":"reload"}]}'
# The watch may have been quicker than this client.
expect_answer "a reload is asked for" '"command":"reload","data":{"snapshot":[12]}'
expect_event "and loads" "snapshot_loaded\t2" event snapshot
ask gone "$tls" '{"commands":[{"command":"status"}]}' 3
expect_silence "an administrator whose certificate is denied now is not answered"

# They are published from time to time.
mosquitto_sub -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert boss.pem --key boss.key -i sys -t '$SYS/broker/certguard/#' \
    -v >sys.out 2>&1 &
sys=$!
expect_number() {
    if wait_for sys.out "$2"; then echo "ok: $1"; else fail "$1: no '$2' in $(cat sys.out)"; fi
}
expect_number "numbers are published below \$SYS" '^$SYS/broker/certguard/snapshot/number 2$'
expect_number "refused handshakes by their reason" '^$SYS/broker/certguard/handshakes/rejected/deny_listed [1-9]'
expect_number "ended sessions" '^$SYS/broker/certguard/sessions/ended 2$'
expect_number "days of the anchors" '^$SYS/broker/certguard/expiry/anchors \(29\|30\)$'
expect_number "days of the broker's own certificate" '^$SYS/broker/certguard/expiry/credential/certfile \(19\|20\)$'
expect_number "refused requests" '^$SYS/broker/certguard/control/denied 2$'

kill "$spy" "$other" "$sys" 2>/dev/null
wait "$spy" "$other" "$sys" 2>/dev/null
if grep -q 'CONTROL' spy.out; then fail "a subscriber to \$CONTROL/# sees: $(cat spy.out)"; else
    echo "ok: who subscribes to \$CONTROL/# sees no request and no answer"; fi
if grep -q 'CONTROL' other.out; then fail "another administrator sees: $(cat other.out)"; else
    echo "ok: an answer goes to its asker alone"; fi
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"
