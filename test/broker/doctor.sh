#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# doctor --connect: a broker that certguard guards, one that it does not guard in spite of its configuration, one that
# lets anyone in, one that serves another certificate than its file holds, and one whose events go elsewhere.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "next: server issuer=ca cn=localhost"
port=$(free_port)
live_ids="hook_not_effective let_in_without_certificate served_other events_silent unreachable change_refused"

# finds TITLE ID|nothing [CONFIG]: which of the rules about the running broker hold
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
grep '"handshake_rejected"' events.jsonl && fail "a look of doctor is told as a client that was refused"
# Of others it stays a refusal: a client of this machine that has none, and a certificate that is refused, whatever the hello says.
pki "stranger: ca" "stray: issuer=stranger"
mark="certguard looks at what is served"
openssl s_client -connect "127.0.0.1:$port" </dev/null >out 2>&1
expect_event "a client without a certificate" "handshake_rejected\tno_certificate" event reason
openssl s_client -connect "127.0.0.1:$port" -servername "$mark" -cert stray.pem -key stray.key </dev/null >out 2>&1
expect_event "a stranger that says it is doctor" "handshake_rejected\tuntrusted" event reason
guarded elsewhere.json >elsewhere.conf
finds "events that go elsewhere" events_silent elsewhere.conf
stop_broker

# A policy that only watches lets a client without a certificate through the handshake: by its own wish.
printf '{"mode": "audit", "trust": {"anchors": ["ca.pem"]}, "log": {"file": "%s/events.jsonl"}}\n' "$scratch" >audit.json
guarded audit.json >broker.conf
start_broker
finds "a broker that only watches" nothing
stop_broker

{ tls_listener "$port"; echo 'allow_anonymous true'; } >broker.conf
start_broker
guarded policy.json >guarded.conf
finds "a broker that runs another configuration" hook_not_effective guarded.conf
finds "a broker that lets anyone in" let_in_without_certificate
cp next.pem server.pem
cp next.key server.key
finds "the file was renewed, the broker was not told" "let_in_without_certificate served_other"
stop_broker

# Fixes that doctor prints for lines by which the broker itself names clients: what they do to clients.
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
