#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A broker certificate of a public CA beside a private CA for clients: server.trust holds for the broker's own certificate,
# and lets no client in. With the certificate of mosquitto.conf (certfile) and that of the policy (credential).
. "$(dirname "$0")/lib.sh"
begin
tls=$(free_port)
pki "clients: ca cn=ca" "public: ca" "server: server issuer=public cn=localhost" \
    "dev1: issuer=clients" "stranger: issuer=public" "gone: issuer=clients"
cp public.pem ca.pem # which the clients trust, as a device would

# crl [NAME]: the next clients.crl, which revokes NAME
number=0
crl() {
    number=$((number + 1))
    pki "clients-crl: crl issuer=clients number=$number revoke=${1:-}"
    mv clients-crl.pem clients.crl
}
crl

# configure [MEMBERS OF server.trust]
configure() {
    credential= own=
    [ -z "${1:-}" ] || own=", \"server\": {\"trust\": {$1}}"
    [ "$how" = certfile ] || credential=', "credential": {"chain": "server.pem", "key": "server.key"}'
    printf '{"trust": {"anchors": "clients.pem", "crls": "clients.crl"}, "log": {"file": "events.jsonl"}%s%s}\n' \
        "$own" "$credential" >policy.new
    mv policy.new policy.json
    {
        plugin_lines
        printf 'user %s\n' "$(id -un)"
        tls_listener "$tls" "require_certificate true\n" | sed 's/ca\.pem/clients.pem/'
    } >broker.conf
}

for how in certfile credential; do
    rm -f events.jsonl
    configure
    "$CG_TOOL" check --purpose server --policy policy.json server.pem >out 2>&1 && fail "$how: check accepts without server.trust"
    if [ "$how" = credential ]; then
        # shellcheck disable=SC2086
        start_refused "$how without server.trust" "untrusted\|crl_missing" ${CG_MOSQUITTO_WRAPPER:-} "$mosquitto"
    fi

    configure '"anchors": "public.pem"'
    "$CG_TOOL" check --purpose server --policy policy.json server.pem >out 2>&1 || fail "$how: check: $(cat out)"
    "$CG_TOOL" check --purpose client --policy policy.json dev1.pem >out 2>&1 || fail "$how: check of a client: $(cat out)"
    "$CG_TOOL" check --purpose client --policy policy.json stranger.pem >out 2>&1 && fail "$how: check accepts a client of the public CA"
    start_broker || exit 1
    ! grep -q 'untrusted\|crl_missing' broker.log || fail "$how: the broker doubts its own certificate: $(grep certguard broker.log)"
    expect "$how: a client of the private CA" in dev1 "$tls" dev1
    expect "$how: a client of the public CA" out stranger "$tls" stranger
    expect_event "$how: and why" "handshake_rejected.untrusted" event reason
    expect "$how: a client before it is revoked" in gone "$tls" gone

    "$CG_TOOL" --json -v doctor --config broker.conf --user "$(id -un)" >out 2>err
    ! grep -q '"id":"policy_invalid"' out || fail "$how: doctor: $(cat out)"

    # the file vanishes, or is half written: the good state stays, and the other parts are taken
    rm public.pem
    crl gone
    expect_event "$how: what is gone is told" "snapshot_rejected.*public.pem" event detail
    expect_event "$how: the new CRL is taken" "snapshot_loaded.*CRL of CN=ca: number" event detail
    expect "$how: who was revoked meanwhile" out gone "$tls" gone
    expect "$how: others" in dev1 "$tls" dev1
    head -c 200 ca.pem >public.pem
    expect_event "$how: half a file is told" "snapshot_rejected.*public.pem: certificate 1: its PEM block" event detail
    expect "$how: others still" in dev1 "$tls" dev1
    expect "$how: a client of the public CA still" out stranger "$tls" stranger
    cp ca.pem public.new && mv public.new public.pem

    # another CA: what is served goes on, or is refused, as with the top level's
    openssl x509 -in clients.pem >public.new && mv public.new public.pem
    expect_event "$how: another CA is taken" "snapshot_loaded.*trust anchors for the broker's own certificate" event detail
    expect "$how: a client of the public CA, with no public CA" out stranger "$tls" stranger
    cp ca.pem public.pem
    stop_broker
    crl
done

[ "$failures" -eq 0 ]
