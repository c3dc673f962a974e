#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# doctor --connect: a broker that certguard protects, one that it does not protect although it is configured, one that accepts
# every client, one that serves a different certificate than its file contains, and one whose events go elsewhere.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "next: server issuer=ca cn=localhost"
port=$(free_port)
live_ids="hook_not_effective let_in_without_certificate served_other events_silent unreachable change_refused"

# finds TITLE ID|nothing [CONFIG]: the rules on the running broker that apply
finds() {
    "$CG_TOOL" --json doctor --config "${3:-broker.conf}" --user "$(id -un)" --connect "127.0.0.1:$port" >out 2>err
    found=
    for id in $live_ids; do
        ! grep -q "\"id\":\"$id\"" out || found="$found $id"
    done
    if [ "${found# }" = "${2#nothing}" ]; then echo "ok: $1"; else fail "$1: expected $2, found$found: $(cat out err)"; fi
}
policy() { # FILE LOG
    printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "%s"}}\n' "$scratch/$2" >"$1"
}
guarded() { # POLICY
    tls_listener "$port" "require_certificate true\n"
    printf 'plugin %s\nplugin_opt_policy %s/%s\n' "$CG_PLUGIN" "$scratch" "$1"
}
policy policy.json events.jsonl
policy elsewhere.json elsewhere.jsonl

guarded policy.json >broker.conf
finds "nothing runs there" unreachable
start_broker
finds "a guarded broker" nothing
finds "again, with the first event held back by no window" nothing
grep -q '"handshake_probed".*sent no certificate' events.jsonl || fail "the try without a certificate left no event"
grep '"handshake_rejected"' events.jsonl && fail "a check by doctor is logged as a refused client"
# Other clients of this machine are still logged as refused: one without a certificate, and one with a rejected certificate.
pki "stranger: ca" "stray: issuer=stranger"
mark="certguard looks at what is served"
openssl s_client -connect "127.0.0.1:$port" </dev/null >out 2>&1
expect_event "a client without a certificate" "handshake_rejected\tno_certificate" event reason
openssl s_client -connect "127.0.0.1:$port" -servername "$mark" -cert stray.pem -key stray.key </dev/null >out 2>&1
expect_event "an untrusted client that claims to be doctor" "handshake_rejected\tuntrusted" event reason
guarded elsewhere.json >elsewhere.conf
finds "events that go elsewhere" events_silent elsewhere.conf
stop_broker

# In audit mode, a client without a certificate passes the handshake. That is intended.
printf '{"mode": "audit", "trust": {"anchors": ["ca.pem"]}, "log": {"file": "%s/events.jsonl"}}\n' "$scratch" >audit.json
guarded audit.json >broker.conf
start_broker
finds "a broker in audit mode" nothing
stop_broker

{ tls_listener "$port"; echo 'allow_anonymous true'; } >broker.conf
start_broker
guarded policy.json >guarded.conf
finds "a broker that runs another configuration" hook_not_effective guarded.conf
finds "a broker that accepts every client" let_in_without_certificate
cp next.pem server.pem
cp next.key server.key
finds "the file was renewed, the broker was not reloaded" "let_in_without_certificate served_other"
stop_broker

# Fixes for lines by which the broker takes names from certificates: their effect on clients.
named() { # TITLE LINES IDENTITY WITH-ITS-NAME WITH-ANOTHER-ID
    stop_broker
    printf '{"trust": {"anchors": ["ca.pem"]}, "identity": {"username": "cn", "authenticates": true%s}}\n' "$3" >policy.json
    {
        plugin_lines false
        tls_listener "$port" "require_certificate true\n$2"
    } >broker.conf
    start_broker
    expect "$1: the client id is the name" "$4" dev1 "$port" dev1
    expect "$1: another client id" "$5" dev1 "$port" other
}
named "names and client ids by the broker" "use_identity_as_username true\nuse_username_as_clientid true\n" '' in in
expect_log "which takes both from the certificate" "as dev1 (.* u'dev1')"
named "client ids by the broker alone" "use_username_as_clientid true\n" '' out out
named "neither, and the policy binds the client id" '' ', "client_id": "equal"' in out
stop_broker
