#!/bin/sh
# Names from certificates at CONNECT: ACLs with %u, client ids, one client a certificate, password files.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "cnonly: issuer=ca cn=plain-name san=dns:x.example" \
    "wild: issuer=ca cn=dev3 san=uri:urn:plant:#" \
    "level: issuer=ca cn=dev4 san=uri:urn:plant:dev1/sub" \
    'system: issuer=ca cn=dev5 san=uri:urn:plant:$SYS' \
    "two: issuer=ca cn=dev6 san=uri:urn:plant:dev6,uri:urn:plant:dev1"
port=$(free_port)
{
    echo "pattern readwrite dev/%u/#"
    echo "topic readwrite test"
} >acl
printf 'dev1:secret\n' >passwords
mosquitto_passwd -U passwords

# broker_with IDENTITY [LINES [SECTIONS]]: the policy's identity section, further lines of the configuration, further sections of
# the policy, each with a comma in front
broker_with() {
    stop_broker
    rm -f events.jsonl
    printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "events.jsonl", "burst": 1000}, "identity": %s%s}\n' \
        "$1" "${3:-}" >policy.json
    {
        printf 'allow_anonymous false\nacl_file %s/acl\n%b' "$scratch" "${2:-}"
        printf 'plugin %s\nplugin_opt_policy %s/policy.json\n' "$CG_PLUGIN" "$scratch"
        tls_listener "$port" "require_certificate true\n"
    } >broker.conf
    start_broker
}

# has_lines COUNT WORDS: in the broker's log
has_lines() {
    [ "$(grep -c "$2" broker.log)" = "$1" ]
}

broker_with '{"username": "san.uri", "strip_prefix": "urn:plant:", "authenticates": true}'
expect "the certificate is enough" in dev1 "$port" any-id
client dev1 "$port" a pub -t dev/dev1/x -m own -r -q 1
client dev2 "$port" b pub -t dev/dev1/y -m foreign -r -q 1
client dev1 "$port" c sub -t 'dev/dev1/#' -W 2 -v
if [ "$(cat client.out)" = "dev/dev1/x own" ]; then echo "ok: %u in the ACL is the name of the certificate"; else
    fail "%u in the ACL: dev1 sees '$(cat client.out)'"; fi
client dev2 "$port" d sub -t 'dev/dev1/#' -W 2 -v
if [ ! -s client.out ]; then echo "ok: another certificate does not see it"; else fail "dev2 sees $(cat client.out)"; fi
client dev2 "$port" e sub -t 'dev/dev1/#' -W 2 -v -u dev1 -P x
if [ ! -s client.out ]; then echo "ok: nor by giving the other's name as username"; else fail "dev2 as dev1: $(cat client.out)"; fi
expect "a wildcard as name is refused" out wild "$port" x
expect_event "with its reason" 'connect_denied\tidentity_invalid\tCN=dev3' event reason cert.subject
expect "a name with a level separator is refused" out level "$port" x
expect "a name of system topics is refused" out system "$port" x
expect "two different names are refused" out two "$port" x
expect_event "and told" "connect_denied\tidentity_invalid\tx" event reason client_id
expect "a certificate without such a name is refused" out cnonly "$port" x
expect_event "as missing" "connect_denied\tidentity_missing" event reason
expect_log "the broker's log has it in plain words" 'certguard: denied CONNECT of 127.0.0.1:[0-9]* on .*\[identity_missing\]'
if client wild "$port" x pub -V 5 -t test -m x -d; then fail "MQTT 5: let in"; fi
if grep -qi 'not authori' client.out client.err; then echo "ok: MQTT 5 clients are told: not authorized"; else
    fail "MQTT 5: $(cat client.out client.err)"; fi

broker_with '{"username": "cn", "authenticates": true, "client_id": "equal"}'
expect "the client id is the name" in dev1 "$port" dev1
expect "another client id is refused" out dev1 "$port" dev2
expect "a longer client id is refused" out dev1 "$port" dev1-a
expect_event "with its reason" "connect_denied\tclient_id_mismatch\tdev1-a" event reason client_id
expect "so is the id of a renewal, if the policy has none" out dev1 "$port" 'dev1~renew'

broker_with '{"username": "cn", "authenticates": true, "client_id": "equal", "one_client": true}' '' \
    ', "renewal": {"spool": "spool"}'
mosquitto_sub -h 127.0.0.1 -p "$port" --cafile ca.pem --cert dev1.pem --key dev1.key -i dev1 -t test >sub.out 2>&1 &
sub=$!
wait_for broker.log 'as dev1 ' || fail "dev1 did not connect"
expect "a renewal beside the normal session" in dev1 "$port" 'dev1~renew'
mosquitto_sub -h 127.0.0.1 -p "$port" --cafile ca.pem --cert dev1.pem --key dev1.key -i 'dev1~renew' -t none \
    >renewal.out 2>&1 &
renewal=$!
until_true has_lines 2 'as dev1~renew ' || fail "the renewal did not connect"
expect "another device does not get its id" out dev2 "$port" 'dev1~renew'
expect_event "with its reason" 'connect_denied\tclient_id_mismatch\tdev1~renew' event reason client_id
expect "nor does the device get other ids" out dev1 "$port" 'dev1~renew2'
expect "a second renewal replaces the first" in dev1 "$port" 'dev1~renew'
if until_true has_lines 4 'as dev1~renew '; then echo "ok: which connects again"; else # mosquitto_sub does
    fail "$(grep 'dev1~renew' broker.log)"; fi
if has_lines 1 'as dev1 ' && kill -0 "$sub" && ! grep -q 'Client dev1 .*\(disconnected\|closed\)' broker.log; then
    echo "ok: the normal session has lived all the time"
else
    fail "the normal session: $(grep 'dev1 ' broker.log)"
fi
kill "$sub" "$renewal" 2>/dev/null
wait "$sub" "$renewal" 2>/dev/null

broker_with '{"username": "cn", "authenticates": true, "client_id": "prefix", "separator": "-"}'
expect "the client id is the name, with prefix" in dev1 "$port" dev1
expect "the client id starts with the name" in dev1 "$port" dev1-a
expect "another device whose name starts the same is another" out dev1 "$port" dev10
expect "another separator is none" out dev1 "$port" dev1:a

broker_with '{"username": "cn", "authenticates": true, "one_client": true}'
mosquitto_sub -h 127.0.0.1 -p "$port" --cafile ca.pem --cert dev1.pem --key dev1.key -i first -t test >sub.out 2>&1 &
sub=$!
wait_for broker.log 'as first ' || fail "the first client did not connect"
expect "a second client id with the same certificate is refused" out dev1 "$port" second
expect_event "with its reason" "connect_denied\tcertificate_in_use\tsecond" event reason client_id
expect "another certificate is let in" in dev2 "$port" third
expect "the same client id takes over" in dev1 "$port" first
kill "$sub" 2>/dev/null
wait "$sub" 2>/dev/null
until_true client dev1 "$port" second pub -t test -m hello # until the broker has noticed
expect "when the first has gone the second is let in" in dev1 "$port" second

broker_with '{"username": "cn", "authenticates": false}' "password_file $scratch/passwords\n"
expect "with a password file the certificate alone is not enough" out dev1 "$port" x
expect "a wrong password is refused" out dev1 "$port" x -u dev1 -P wrong
expect "certificate and password" in dev1 "$port" x -u dev1 -P secret
expect "another's password does not help: the name is the certificate's" out dev2 "$port" x -u dev1 -P secret

# A client id is its holder's: nobody else takes it over, whatever the policy says of names.
broker_with '{}' 'allow_anonymous true\n'
expect "an id is taken by the first" in dev1 "$port" shared-id
expect "its owner comes back" in dev1 "$port" shared-id
expect "another certificate does not get it" out dev2 "$port" shared-id
expect_event "with its reason" "connect_denied\tclient_id_taken\tshared-id" event reason client_id
# CONNECT without clean session and DISCONNECT in one record: its client is gone before the broker reads anything else
{ printf '\020\023\000\004MQTT\004\000\000\074\000\007one-off\340\000' && wait_for broker.log ' as one-off '; } |
    timeout 20 openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$port" -CAfile ca.pem -cert dev1.pem \
        -key dev1.key >/dev/null 2>&1
expect "nor that of a session which was left behind at once" out dev2 "$port" one-off
expect "which waits for its owner" in dev1 "$port" one-off
expect "another id is free" in dev2 "$port" another-id
