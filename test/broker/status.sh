#!/bin/sh
# certguard status: asks a running broker as an administrator, and says clearly why when there is no answer.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "boss: issuer=ca" "other: ca" "stranger: issuer=other"
tls=$(free_port)
plain=$(free_port)
policy() { # [MEMBERS]
    printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "events.jsonl"}, "plain": "allow", %s
        "admin": [{"sha256": "%s"}]}\n' "${1:-}" "$(sha256 boss)"
}
policy >policy.json
{
    plugin_lines
    tls_listener "$tls" "require_certificate true\n"
    printf 'listener %s 127.0.0.1\n' "$plain"
} >broker.conf
start_broker

# asks TITLE CODE WORDS NAME [ARGUMENTS]: as NAME; out and err hold what was said, the words are in one of them
asks() {
    title=$1 code=$2 words=$3 name=$4
    shift 4
    timeout 60 "$CG_TOOL" status "127.0.0.1:$tls" --cafile ca.pem --cert "$name.pem" --key "$name.key" "$@" >out 2>err
    got=$?
    if [ "$got" = "$code" ] && { [ -z "$words" ] || grep -q -- "$words" out err; }; then echo "ok: $title"; else
        fail "$title: exit $got, no '$words' in: $(cat out err)"; fi
}

mosquitto_sub -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert dev1.pem --key dev1.key -i "$(printf 'bell\033[31m')" -t none \
    >/dev/null 2>&1 &
bell=$!
mosquitto_sub -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert dev1.pem --key dev1.key -i "sensor\"1\\" -t none >/dev/null 2>&1 &
sensor=$!
wait_for broker.log 'as sensor"1' || fail "the sensor did not connect"
expect "a stranger is refused" out stranger "$tls" stranger

asks "the state in words" 0 '^Sessions      [1-9] live' boss
asks "with the reasons" 0 '1 untrusted$' boss
asks "and the anchors" 0 '^Trust anchor  CN=ca  .* \(29\|30\) days left$' boss
asks "and nothing of renewal, which is off" 0 '' boss
! grep -q '^Renewal' out || fail "the state in words: $(cat out)"
asks "and the broker's certificate" 0 '^Broker        CN=localhost .* \(19\|20\) days left$' boss
expect_event "whose end is told in time" 'expiry_warning\t.*certfile' event detail
asks "the state as JSON" 0 '"serial":"[0-9a-f]*","not_after"' boss --json
! command -v python3 >/dev/null || python3 "$here/../tool/schema.py" "$here/../../docs/tool.schema.json" status out ||
    fail "the state as JSON is not as the schema says"
asks "sessions by certificate" 0 '^sensor"1\\  .*CN=dev1 .* \(19\|20\) days left$' boss --sessions
LC_ALL=C grep -q "$(printf '\033')" out && fail "a client id moves the terminal's cursor"
asks "a session is explained" 0 '^Now           accepted: ok$' boss --explain 'sensor"1\'
asks "one that is not there is an error" 1 'no live session' boss --explain nobody
policy "\"deny\": [{\"sha256\": \"$(sha256 dev1)\"}]," >next.json
asks "a policy that would refuse sessions" 3 'deny_listed' boss --check-policy next.json
asks "a policy that would not" 0 '^0 of ' boss --check-policy policy.json
printf '{"trust": {}, "nonsense": 1}' >broken.json
asks "a policy with a fault" 1 'status: policy: ' boss --check-policy broken.json
asks "one action at a time" 64 'use only one of' boss --sessions --reload

asks "a dry run ends nothing" 0 'Would end' boss --end 'sensor"1\' --dry-run
asks "a session is ended" 0 'Ended' boss --end 'sensor"1\'
expect_event "and the log names the administrator" 'session_ended\tended_by_admin\tsensor' event reason client_id
asks "a reload without a change" 0 'No file has changed' boss --reload
printf 'half' >policy.new && mv policy.new policy.json
asks "a reload of a broken file" 3 'rejected the changed files' boss --reload
asks "what stays is told as long as it stays" 0 'policy.json: ' boss
asks "in JSON" 0 '"kept":\[{"reason":"policy_invalid","detail":".*policy.json: ' boss --json
asks "and in the metrics" 0 '^certguard_snapshot_parts_kept 1$' boss --prometheus
policy >policy.new && mv policy.new policy.json
asks "a reload of the mended file" 0 '' boss --reload
asks "nothing stays then" 0 '"kept":\[\]' boss --json

# metrics: every series has its HELP and TYPE and stands there once; the file is whole, and readable for others
asks "metrics" 0 '^certguard_up 1$' boss --prometheus
asks "metrics to a file" 0 '' boss --prometheus -o m.prom
grep -q '^certguard_handshakes_rejected_total{reason="untrusted"} 1$' m.prom || fail "m.prom: $(cat m.prom)"
grep -q '^certguard_anchor_not_after_seconds{subject="CN=ca",serial="[0-9a-f]*"} [0-9]*$' m.prom || fail "no anchor"
awk '/^# HELP / { help[$3] = 1; next }
    /^# TYPE / { if (!help[$3] || ($4 != "gauge" && $4 != "counter")) exit 1; type[$3] = 1; next }
    !/^certguard_[a-z_]+(\{[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*\})? -?[0-9]+$/ { print; exit 1 }
    { name = $1; sub(/\{.*/, "", name); key = $0; sub(/ [^ ]*$/, "", key); if (!type[name] || seen[key]++) { print; exit 1 } }' \
    m.prom || fail "m.prom is no text format"
[ "$(stat -c %a m.prom)" = 644 ] || fail "m.prom has mode $(stat -c %a m.prom)"

# why there is no answer
asks "another certificate gets none" 1 "\"sha256\": \"$(sha256 dev2)\"" dev2 --timeout 2s
expect_event "and the log says so" "control_denied\tnot_an_admin" event reason
asks "a refused certificate gets the alert" 1 'TLS alert "unknown CA"' stranger
asks "a broker of another CA is not asked" 1 'broker.s certificate is not accepted' boss --cafile other.pem
asks "a missing file is named" 1 'cannot read nofile' boss --cert nofile
saved=$tls
tls=$plain
asks "a listener without TLS" 1 'Check that this is a' boss --timeout 2s
tls=$(free_port)
asks "nobody there" 1 'Connection refused' boss
asks "nobody there is told in the metrics" 1 '' boss --prometheus -o m.prom
[ "$(grep -c '^certguard_up 0$' m.prom)" = "$(grep -cv '^#' m.prom)" ] || fail "m.prom: $(cat m.prom)"
tls=$saved

kill "$bell" "$sensor" 2>/dev/null
wait "$bell" "$sensor" 2>/dev/null

# answers that the plugin did not give: a will on the topic of the answers, and such messages sent to the asker itself
topic='$CONTROL/certguard/v1/response'
forged() { # [CORRELATION]: of an answer to "status"
    printf '{"responses":[{"command":"status",%s"data":{"version":"forged","snapshot":{"number":666}}}]}' "${1:-}"
}
asks_in_spite() { # TITLE
    asks "$1" 0 '^Sessions  ' boss
    ! grep -q 'forged\|666' out || fail "$1: a forged answer is shown: $(cat out)"
    asks "$1, --reload" 0 'No file has changed' boss --reload
}
if "$mosquitto" -h | grep -q 'version 2\.0\.11'; then # later brokers refuse a client with such a will
    mosquitto_sub -h 127.0.0.1 -p "$plain" -i listens -t "$topic" >heard.out 2>&1 &
    listens=$!
    mosquitto_sub -h 127.0.0.1 -p "$plain" -i wills -t none --will-topic "$topic" --will-payload "$(forged)" --will-retain \
        >/dev/null 2>&1 &
    wills=$!
    wait_for broker.log ' as listens ' && wait_for broker.log ' as wills ' || fail "the client with a will did not connect"
    kill -9 "$wills"
    wait "$wills" 2>/dev/null
    if wait_for heard.out forged; then echo "ok: a will is published on the topic of the answers"; else
        fail "nobody hears the will"; fi
    kill "$listens" 2>/dev/null
    wait "$listens" 2>/dev/null
    asks_in_spite "a will on the topic of the answers"
fi
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"

{
    printf 'plugin %s\n' "$CG_FORGER"
    printf 'plugin_opt_answer_a %s\n' "$(forged)"
    printf 'plugin_opt_answer_b %s\n' "$(forged '"correlationData":"",')"
    printf 'plugin_opt_answer_c %s\n' "$(forged '"correlationData":"1",')"
    printf 'plugin_opt_answer_d {"responses":[{"command":"status","error":"forged"}]}\n'
    printf 'plugin_opt_answer_e {"responses":[]}\nplugin_opt_answer_f garbage\n'
} >>broker.conf
start_broker
asks_in_spite "forged answers that reach the asker"
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"
