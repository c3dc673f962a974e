#!/bin/sh
# A bridge that a remote broker refuses, or that refuses a remote broker, is told in the terms of bridges: what to set, and where.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "other: ca" "stranger: issuer=other san=uri:urn:plant:stranger" "named: server issuer=ca cn=localhost san=dns:localhost"
remote=$(free_port)
own=$(free_port)

remote_pid=
at_end '[ -z "$remote_pid" ] || kill "$remote_pid"'
# remote_with NAME: a broker without certguard that has this certificate and wants one of its clients
remote_with() {
    [ -z "$remote_pid" ] || { kill "$remote_pid"; wait "$remote_pid" 2>/dev/null; }
    {
        printf 'user %s\nallow_anonymous true\nlistener %s 127.0.0.1\nrequire_certificate true\n' "$(id -un)" "$remote"
        printf 'cafile %s/ca.pem\ncertfile %s/%s.pem\nkeyfile %s/%s.key\n' "$scratch" "$scratch" "$1" "$scratch" "$1"
    } >remote.conf
    "$mosquitto" -c remote.conf >remote.log 2>&1 &
    remote_pid=$!
    wait_for remote.log ' running$' || fail "the remote broker did not start"
}
# bridge_with LINES: ours, which connects to it
bridge_with() {
    stop_broker
    rm -f events.jsonl
    printf '{"trust": {"anchors": "ca.pem"}, "plain": "allow", "log": {"file": "events.jsonl"}}\n' >policy.json
    {
        printf 'listener %s 127.0.0.1\nallow_anonymous true\nplugin %s\nplugin_opt_policy %s/policy.json\n' "$own" \
            "$CG_PLUGIN" "$scratch"
        printf 'connection away\ntopic up out 0\nrestart_timeout 1\nnotifications false\nbridge_cafile %s/ca.pem\n' "$scratch"
        printf '%b\n' "$1"
    } >broker.conf
    start_broker
}
certificate_of() {
    printf 'bridge_certfile %s/%s.pem\\nbridge_keyfile %s/%s.key' "$scratch" "$1" "$scratch" "$1"
}

# The remote broker closes while CONNECT is under way, so that its alert may be lost: then all that is known is that it is gone.
remote_with server
for version in tlsv1.2 tlsv1.3; do
    bridge_with "address 127.0.0.1:$remote\nbridge_tls_version $version"
    expect_event "a bridge without a certificate, $version" \
        "handshake_rejected\t\(peer_wants_certificate\|peer_alert\|peer_gone\)\tbridge\t.*bridge_certfile" event reason role fix
    bridge_with "address 127.0.0.1:$remote\nbridge_tls_version $version\n$(certificate_of stranger)"
    expect_event "a bridge with a certificate of another CA, $version" \
        "handshake_rejected\t\(peer_untrusts_us\|peer_gone\)\tbridge\t.*remote broker" event reason role fix
done
bridge_with "address 127.0.0.1:$remote\n$(certificate_of dev1)"
expect_event "a remote broker whose certificate ends soon" \
    "expiry_warning\tbridge\tthe certificate of the broker that this bridge connects to .*\t.*remote broker" event role detail fix
remote_with named
bridge_with "address 127.0.0.1:$remote\n$(certificate_of dev1)"
expect_event "a remote broker by an address that its certificate does not have" \
    "handshake_rejected\thost_mismatch\tbridge\t.*ip:ADDRESS" event reason role fix
# Not its exit status: Mosquitto 2.0.11 alone, too, frees a refused bridge twice when it ends.
kill -0 "$broker_pid" || fail "the broker did not live"
