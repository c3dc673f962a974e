#!/bin/sh
# Audit mode names each device that enforcing would refuse, however many share an address, and none twice. What Mosquitto
# refuses itself is told too.
. "$(dirname "$0")/lib.sh"
begin
make_pki
port=$(free_port)
devices='1 2 3 4 5 6 7 8 9 10'
for i in $devices; do pki "old$i: issuer=ca eku=serverAuth san=uri:urn:plant:old$i"; done
printf '{"trust": {"anchors": ["ca.pem"]}, "mode": "audit", "log": {"file": "events.jsonl"}}\n' >policy.json
{
    plugin_lines
    tls_listener "$port" "require_certificate true\n"
} >broker.conf
start_broker
for i in $devices; do expect "device $i without a certificate is let in" in none "$port" "bare$i"; done
for i in $devices; do expect "device $i is let in" in "old$i" "$port" "old$i"; done
expect "a good device" in dev1 "$port" dev1
expect_event "the last one is named" "handshake_audited\twrong_purpose\tCN=old10" event reason cert.subject
for i in $devices; do
    "$CG_EVENT_FIELDS" events.jsonl event cert.subject | grep -q "^handshake_audited.CN=old$i\$" ||
        fail "device $i is not named"
done
for i in 1 2 3; do expect "device $i again" in "old$i" "$port" "old$i"; done
! grep -q '"configuration_warning"' events.jsonl || fail "a warning about user names, and nobody has one"
# Mosquitto's own refusals are told, once: it takes no user name without a password_file when there is a plugin.
for i in 1 2; do expect "a client with a user name is refused by Mosquitto" out dev1 "$port" "named$i" -u joe -P secret; done
expect_event "it is told" "configuration_warning\tnamed1\t.*password_file.*\tCN=dev1" event client_id fix cert.subject
stop_broker
[ "$(grep -c '"configuration_warning"' events.jsonl)" = 1 ] || fail "the warning about user names came more than once"
for i in $devices; do
    [ "$("$CG_EVENT_FIELDS" events.jsonl event reason client_id | grep -c "^connect_audited.no_certificate.bare$i\$")" = 1 ] ||
        fail "the device bare$i, without a certificate, is not named once"
done
named=$("$CG_EVENT_FIELDS" events.jsonl event reason | grep -c '^handshake_audited.wrong_purpose$')
[ "$named" = 10 ] || fail "10 devices, $named events"
"$CG_EVENT_FIELDS" events.jsonl event reason count | grep -q "^suppressed.wrong_purpose.3\$" ||
    fail "the second visits are not counted: $("$CG_EVENT_FIELDS" events.jsonl event reason count)"
grep '"suppressed"' events.jsonl | grep -q '"audit":true' || fail "the summary does not say that they were let in"
[ "$failures" -ne 0 ] || echo "ok: ten devices behind one address are named once each"
