#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A wall clock that is set back, as by a time server after a start with a wrong one, holds nothing up: a revocation still ends
# the session, and the broker's own time goes on.
. "$(dirname "$0")/lib.sh"
begin
faketime=$(find /usr/lib -name 'libfaketime*.so.1' 2>/dev/null | head -n 1)
[ -n "$faketime" ] && [ -z "${CG_MOSQUITTO_WRAPPER:-}" ] || skip "no libfaketime, or a wrapper"
tls=$(free_port)
make_home dev1
printf '{"trust": {"anchors": "ca.pem", "crls": "crl.pem"}, "log": {"file": "events.jsonl"}}\n' >policy.json
{ tls_listener "$tls" "require_certificate true\n"; plugin_lines; } >broker.conf

echo '+2h' >clock
CG_MOSQUITTO_WRAPPER="env LD_PRELOAD=$faketime FAKETIME_TIMESTAMP_FILE=$scratch/clock FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1 FAKETIME_FORCE_MONOTONIC_FIX=0"
start_broker
mosquitto_sub -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert dev1.pem --key dev1.key -i dev1 -t none >/dev/null 2>&1 &
dev1=$!
wait_for broker.log ' as dev1' || fail "the device did not connect"
echo '+0' >clock.new && mv clock.new clock # never one that is half written
certguard revoke dev1
put_crl
expect_event "a revocation ends the session after the clock was set back" 'session_ended	revoked	dev1' event reason client_id
kill "$dev1" 2>/dev/null
wait "$dev1" 2>/dev/null
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"
