#!/bin/sh
# The event log of a running broker: rotation, SIGHUP, a full disk, floods, no file at all.
. "$(dirname "$0")/lib.sh"
begin
make_pki
port=$(free_port)

# broker_with LOG [OPTIONS]: the policy's log section
broker_with() {
    stop_broker
    rm -f events.jsonl*
    printf '{"trust": {"anchors": ["ca.pem"]}, "log": %s}\n' "$1" >policy.json
    {
        plugin_lines
        printf '%b' "${2:-}"
        tls_listener "$port" "require_certificate true\n"
    } >broker.conf
    start_broker
}

broker_with '{"file": "events.jsonl", "accepted": true}'
[ "$(stat -c %a events.jsonl)" = 640 ] || fail "mode of the log: $(stat -c %a events.jsonl)"
expect "a good client" in dev1 "$port" x
expect_event "accepted handshakes are told when the policy wants it" "handshake_accepted\tCN=dev1\tTLSv1.3\turi:urn:plant:dev1" \
    event cert.subject tls.version cert.san
mv events.jsonl events.jsonl.1
expect "after the log was moved" in dev2 "$port" y
expect_event "events go into a new one" "handshake_accepted\tCN=dev2" event cert.subject
if grep -q dev2 events.jsonl.1; then fail "the old log got new events"; fi
rm events.jsonl
kill -HUP "$broker_pid"
expect_log "SIGHUP" "Reloading config"
new_log() {
    client dev1 "$port" x pub -t test -m x
    [ -e events.jsonl ]
}
until_true new_log || fail "SIGHUP: no new log"
rm events.jsonl
mkdir events.jsonl
expect "the log cannot be opened: the broker goes on" in dev1 "$port" x
expect_log "and says so" "cannot write event log .*Is a directory"
rmdir events.jsonl
expect "it can be opened again" in dev1 "$port" x
expect_event "the loss is told" "events_lost\t1" event count
expect_log "in both logs" "writing event log .* again; 1 event was lost"

broker_with '{"file": "/dev/full"}'
expect "full disk: a stranger is refused" out none "$port" x
expect "full disk: a good client is let in" in dev1 "$port" x
expect_log "full disk: the loss is told" "cannot write event log /dev/full: No space left"

broker_with '{"file": "events.jsonl"}' "plugin_opt_event_log $scratch/events.other\n"
expect "plugin_opt_event_log" out none "$port" x
wait_for events.other handshake_rejected || fail "plugin_opt_event_log: not there"
[ ! -e events.jsonl ] || fail "plugin_opt_event_log: the policy's file was used too"

broker_with '{"file": "events.jsonl"}' "plugin_opt_event_log -\n"
expect "no file" out none "$port" x
expect_log "no file: the broker's log has it" 'certguard: refused 127.0.0.1:[0-9]* on [0-9]*: .*\[no_certificate\]'
[ ! -e events.jsonl ] && [ ! -e ./- ] || fail "no file: there is one"

broker_with '{"file": "events.jsonl", "burst": 3, "window": "3s"}'
i=0
while [ "$i" -lt 20 ]; do
    client none "$port" x pub -t test -m x
    i=$((i + 1))
done
expect_event "a flood is counted" "suppressed\tno_certificate\t127.0.0.1" event reason peer
stop_broker
written=$(grep -c '"event":"handshake_rejected"' events.jsonl)
held=$("$CG_EVENT_FIELDS" events.jsonl event count | awk '$1 == "suppressed" { n += $2 } END { print n + 0 }')
if [ "$((written + held))" -eq 20 ] && [ "$written" -le 9 ]; then
    echo "ok: no event of a flood gets lost uncounted"
else
    fail "flood of 20: $written written, $held held back"
fi
if ! "$CG_EVENT_FIELDS" events.jsonl event >/dev/null; then fail "the log has lines that are no events"; fi

# ---- the policy's log section, changed while the broker runs ----
# log_becomes LOG: the file is replaced
log_becomes() {
    printf '{"trust": {"anchors": ["ca.pem"]}, "log": %s}\n' "$1" >policy.new
    mv policy.new policy.json
}
# written FILE EVENT COUNT: in time
written() {
    until_true has_events "$@"
}
has_events() {
    [ "$(grep -c "\"event\":\"$2\"" "$1" 2>/dev/null)" = "$3" ]
}
broker_with '{"file": "a.jsonl", "burst": 2, "window": "1h"}'
for i in 1 2 3 4; do client none "$port" x pub -t test -m x; done
written a.jsonl handshake_rejected 2 || fail "log.burst at start: $(cat a.jsonl)"
log_becomes '{"file": "b.jsonl", "burst": 6, "window": "1h", "accepted": true}'
written b.jsonl snapshot_loaded 1 || fail "log.file: no event in the new file"
expect "a good client, after the change" in dev1 "$port" x
written b.jsonl handshake_accepted 1 || fail "log.accepted: no event"
for i in 1 2 3 4 5 6 7; do client none "$port" x pub -t test -m x; done
written b.jsonl handshake_rejected 4 || fail "log.burst: 4 of 6 were left in the window: $(cat b.jsonl)"
[ "$(grep -c '"event":"handshake_' a.jsonl)" = 2 ] || fail "log.file: the old file got events: $(cat a.jsonl)"
log_becomes '{"file": "none/c.jsonl", "accepted": false}'
written b.jsonl snapshot_rejected 1 || fail "log.file in a folder that is not there is taken"
log_becomes '{"file": "b.jsonl", "accepted": false, "window": "100ms"}'
written b.jsonl snapshot_loaded 2 || fail "log.accepted: no event of the change"
expect "another good client" in dev2 "$port" y
client none "$port" x pub -t test -m x
written b.jsonl suppressed 1 || fail "the window of before goes on"
stop_broker
[ "$(grep -c '"event":"handshake_accepted"' b.jsonl)" = 1 ] || fail "log.accepted stays on"
[ "$failures" -ne 0 ] || echo "ok: log settings hold from the next event on"

broker_with '{"file": "events.jsonl"}' "plugin_opt_event_log $scratch/mine.jsonl\n"
log_becomes '{"file": "events.jsonl", "accepted": true}'
written mine.jsonl snapshot_loaded 2 || fail "plugin_opt_event_log: the change is not told"
expect "a good client" in dev1 "$port" x
written mine.jsonl handshake_accepted 1 || fail "plugin_opt_event_log: log.accepted is not taken"
[ ! -e events.jsonl ] || fail "plugin_opt_event_log goes before log.file at a change too"
