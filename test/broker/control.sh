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

# --- administrators and signers by the name in their certificates; requests of a renewal ---
pki "anna: issuer=ca cn=anna" "anna-renewed: issuer=ca cn=anna" "signer: issuer=ca cn=signer" \
    "device: issuer=ca days=-15..5 cn=device san=uri:urn:plant:device"
unnamed=$(free_port)
rm -f events.jsonl
# policy_by_name SIGNERS
policy_by_name() {
    put_policy ", \"identity\": {\"username\": \"cn\", \"authenticates\": true}, \"admin\": [{\"identity\": \"anna\"}],
        \"renewal\": {\"spool\": \"spool\", \"signers\": [$1]}, \"listeners\": [{\"port\": $unnamed, \"identity\": null}]"
}
policy_by_name '{"identity": "signer"}'
{
    plugin_lines
    tls_listener "$tls" "require_certificate true\n"
    tls_listener "$unnamed" "require_certificate true\n"
} >broker.conf
start_broker

# commands WORDS...: a request with one command
commands() {
    printf '{"commands":[{"command":%s}]}' "$1"
}
ask anna "$tls" "$(commands '"status"')"
expect_answer "an administrator by name" '"renewal":{"waiting":0,"requested":0,"refused":0,"delivered":0,"confirmed":0,"spool_full":false,"requests":\[\]}'
ask anna-renewed "$tls" "$(commands '"status"')"
expect_answer "with the renewed certificate too" '"command":"status","data"'
ask anna "$unnamed" "$(commands '"status"')" 3
expect_silence "not on a listener that takes no name from certificates"
expect_event "which is logged" "control_denied\tnot_an_admin\tasks-anna" event reason client_id
ask dev1 "$tls" "$(commands '"list_requests"')" 3
expect_silence "one who is in neither list is not answered"
ask anna "$tls" "$(commands '"list_requests"')"
expect_answer "an administrator is no signer" 'requires an entry in ..renewal.signers.. of the policy'
ask signer "$tls" "$(commands '"status"')"
expect_answer "and a signer no administrator" 'requires an entry in ..admin.. of the policy'
ask signer "$tls" "$(commands '"list_requests"')"
expect_answer "a signer sees that no request waits" '"data":{"requests":\[\],"more":false}'

# a request as in docs/renewal.md
openssl ecparam -name prime256v1 -genkey -noout -out new.key
openssl req -new -key new.key -subj / -outform DER -out new.csr
{ printf 'certguard renew v1\n'; openssl x509 -in device.pem -outform DER | openssl dgst -sha256 -binary; cat new.csr; } >tbs
openssl dgst -sha256 -sign device.key -out sig tbs
client device "$tls" device pub -q 1 -t "$topic/renew" -m "$(cat new.csr sig | openssl base64 -A)"
lists_it() {
    ask signer "$tls" "$(commands '"list_requests"')" && grep -q '"id":"[0-9a-f]\{64\}"' client.out
}
until_true lists_it || fail "the request is not listed: $(cat client.out)"
request=$(sed 's/.*"id":"\([0-9a-f]*\)".*/\1/' client.out)
expect_answer "a signer sees the request" '"received":"[^"]*Z","certificate":"[A-Za-z0-9+/=]*","request":"[A-Za-z0-9+/=]*"'
ask anna "$tls" "$(commands '"status"')"
expect_answer "an administrator sees that it waits" "\"waiting\":1,\"requested\":1,.*\"requests\":\[{\"id\":\"$request\",\"subject\":\"CN=device"
"$CG_TOOL" status "127.0.0.1:$tls" --cafile ca.pem --cert anna.pem --key anna.key >client.out 2>client.err
expect_answer "also with the tool" '^Renewal       1 waiting for the CA; 0 delivered'
expect_answer "which lists it" '^              since [-0-9]*T[0-9:]*Z  CN=device'
"$CG_TOOL" status "127.0.0.1:$tls" --cafile ca.pem --cert anna.pem --key anna.key --prometheus >client.out 2>client.err
expect_answer "and in the metrics" '^certguard_renewals_oldest_waiting_seconds [0-9]*$'
"$CG_TOOL" status "127.0.0.1:$tls" --cafile ca.pem --cert anna.pem --key anna.key --json >client.out 2>client.err
! command -v python3 >/dev/null ||
    python3 "$here/../tool/schema.py" "$here/../../docs/tool.schema.json" status client.out ||
    fail "the status with renewal is not as the schema says"

ask signer "$tls" "$(commands "\"list_requests\",\"after\":\"$request\"")"
expect_answer "the page after it is empty" '"data":{"requests":\[\],"more":false}'
ask signer "$tls" "$(commands '"list_requests","after":"../requests"')"
expect_answer "an ID is no path" '"error":"after: expected 64 hex digits'
ask signer "$tls" "$(commands "\"refuse\",\"answer\":{\"id\":\"$(echo "$request" | tr '0-9a-f' '1-9a-f0')\",\"refused\":\"renewal_denied\",\"detail\":\"x\"}")"
expect_answer "an answer without its request is an error" '"error":"no request has this ID'
ask signer "$tls" "$(commands "\"deliver\",\"answer\":{\"id\":\"$request\",\"certificate\":\"AAAA\",\"chain\":[]}")"
expect_answer "garbage is not delivered" '"command":"deliver","error":'
for again in once again; do
    ask signer "$tls" "$(commands "\"refuse\",\"answer\":{\"id\":\"$request\",\"refused\":\"renewal_denied\",\"detail\":\"not now\"}")"
    expect_answer "a request is refused $again" "\"command\":\"refuse\",\"data\":{\"id\":\"$request\"}"
done
refused_is_counted() {
    ask anna "$tls" "$(commands '"status"')" && grep -q '"waiting":0,"requested":1,"refused":[1-9]' client.out
}
if until_true refused_is_counted; then echo "ok: it does not wait any longer"; else fail "status: $(cat client.out)"; fi
for again in once again; do
    ask signer "$tls" "$(commands "\"forget\",\"id\":\"$request\"")"
    expect_answer "a request is forgotten $again" "\"command\":\"forget\",\"data\":{\"id\":\"$request\"}"
done
ask signer "$tls" "$(commands '"list_requests"')"
expect_answer "and no longer listed" '"data":{"requests":\[\],"more":false}'

mosquitto_sub -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert anna.pem --key anna.key -i sys -t '$SYS/broker/certguard/#' \
    -v >sys.out 2>&1 &
sys=$!
expect_number "requests of renewals" '^$SYS/broker/certguard/renewal/requested 1$'
expect_number "those that wait" '^$SYS/broker/certguard/renewal/waiting 0$'
kill "$sys" 2>/dev/null
wait "$sys" 2>/dev/null

policy_by_name ''
expect_event "the signer is removed from the policy" "snapshot_loaded\t2" event snapshot
ask signer "$tls" "$(commands '"list_requests"')" 3
expect_silence "and not answered any more"
expect_event "which is logged" "control_denied\tnot_an_admin\tasks-signer" event reason client_id
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"
