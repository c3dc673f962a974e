#!/bin/sh
# Wrong options, policies and files: the broker does not start, and its log says what to mend.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "rsa: server issuer=ca days=0..20 cn=localhost san=dns:localhost,ip:127.0.0.1 key=rsa2048"
port=$(free_port)
printf '{"trust": {"anchors": ["ca.pem"]}}\n' >good.json
printf '{"trust": {"anchors": ["ca.pem"]}, "clint": {}}\n' >key.json
printf '{"trust": {"anchors": 5}}\n' >type.json
printf '{"trust": {"anchors": ["missing.pem"]}}\n' >anchors.json
printf '{"trust": ' >torn.json
printf '{"trust": {"anchors": ["ca.pem"]}, "tls": {"ciphers": "NULL-SHA256:@SECLEVEL=0"}}\n' >ciphers.json
printf '{"trust": {"anchors": ["ca.pem"]}, "tls": {"ciphers": "ECDHE-RSA-AES128-GCM-SHA256"}}\n' >rsa.json
printf 'no certificate\n' >garbage.pem

# refuses TITLE WORDS LINES: the broker ends by itself, unsuccessfully, with the words in its log
refuses() {
    {
        printf 'user %s\n' "$(id -un)"
        tls_listener "$port" "require_certificate true\n"
        printf 'plugin %s\n%b' "$CG_PLUGIN" "$3"
    } >broker.conf
    run_to_end
    status=$?
    if [ "$status" -eq 124 ]; then
        fail "$1: the broker runs"
    elif [ "$status" -eq 0 ] || ! grep 'certguard: ' broker.log | grep -q -- "$2"; then
        fail "$1: status $status, no '$2' in: $(grep certguard: broker.log)"
    else
        echo "ok: $1"
    fi
}

refuses "no option" "found neither" ""
refuses "policy and anchors" "found both" "plugin_opt_policy $scratch/good.json\nplugin_opt_trust_anchors $scratch/ca.pem\n"
refuses "an unknown option" "plugin_opt_policies: unknown" "plugin_opt_policies $scratch/good.json\n"
refuses "no such policy" "$scratch/none.json" "plugin_opt_policy $scratch/none.json\n"
refuses "an unknown key" 'key.json.*clint' "plugin_opt_policy $scratch/key.json\n"
refuses "a wrong type" 'type.json.*trust.anchors' "plugin_opt_policy $scratch/type.json\n"
refuses "half a policy" 'torn.json' "plugin_opt_policy $scratch/torn.json\n"
refuses "ciphers that are not sound" 'ciphers.json: $.tls.ciphers: .*NULL-SHA256 (no encryption).*insecure_ciphers' \
    "plugin_opt_policy $scratch/ciphers.json\n"
refuses "missing anchors" 'missing.pem' "plugin_opt_policy $scratch/anchors.json\n"
refuses "anchors that are none" 'garbage.pem' "plugin_opt_trust_anchors $scratch/garbage.pem\n"
refuses "a log in a folder that is not there" "install -d" \
    "plugin_opt_policy $scratch/good.json\nplugin_opt_event_log $scratch/none/events.jsonl\n"

# The broker's own certificate is known once it listens: it ends by itself then.
{
    printf 'user %s\n' "$(id -un)"
    tls_listener "$port" "require_certificate true\n"
    printf 'plugin %s\nplugin_opt_policy %s/rsa.json\n' "$CG_PLUGIN" "$scratch"
} >broker.conf
run_to_end
[ $? -ne 124 ] || fail "RSA ciphers and an EC key: the broker runs"
grep -q 'rsa.json: $.tls.ciphers: no cipher of .* key: EC.*add ECDHE-ECDSA ciphers' broker.log ||
    fail "RSA ciphers and an EC key: $(grep certguard: broker.log)"

# At a reload a list that does not fit its key is not taken.
printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "events.jsonl"}}\n' >live.json
sed -i 's|/rsa.json|/live.json|; 1i allow_anonymous true' broker.conf
start_broker
expect_event "the plugin knows the certfile" "expiry_warning\t.*certfile" event detail
sed 's|"log"|"tls": {"ciphers": "ECDHE-RSA-AES128-GCM-SHA256"}, "log"|' live.json >live.new
mv live.new live.json
expect_event "RSA ciphers and an EC key at a reload" "snapshot_rejected\tpolicy_invalid\t.*add ECDHE-ECDSA ciphers" \
    event reason detail
expect "the policy of before is in force" in dev1 "$port" x --tls-version tlsv1.2
cp rsa.pem server.pem
cp rsa.key server.key
began=$(date +%s)
kill -HUP "$broker_pid"
expect_event "the list and an RSA certfile, which one SIGHUP loads" "snapshot_loaded\tpolicy: .*tls" event detail
[ $(($(date +%s) - began)) -lt 25 ] || fail "only the retry after 30 s loaded them"
expect "both are in force" in dev1 "$port" x --tls-version tlsv1.2 --ciphers ECDHE-RSA-AES128-GCM-SHA256
stop_broker

# A broker that starts as root reads its files as another user, whom the error names with the fix. Root itself may
# read everything.
# unreadable TITLE FILE LINES: FILE is root's alone
unreadable() {
    chmod 600 "$2"
    {
        printf 'user mosquitto\n'
        tls_listener "$port" "require_certificate true\n"
        printf 'plugin %s/mosquitto_certguard.so\n%b' "$scratch" "$3"
    } >broker.conf
    run_to_end
    status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 124 ] &&
        grep 'certguard: ' broker.log | grep "$2" | grep -q "user '*mosquitto"; then
        echo "ok: $1"
    else
        fail "$1: status $status: $(grep certguard: broker.log)"
    fi
    chmod 644 "$2"
}
if [ "$(id -u)" -eq 0 ] && id mosquitto >/dev/null 2>&1; then
    chmod 755 "$scratch"
    install -m 755 "$CG_PLUGIN" mosquitto_certguard.so # where that user gets at it
    chmod 644 ./*.pem ./*.key ./*.json
    printf '{"trust": {"anchors": ["ca.pem"]}, "credential": {"chain": "server.pem", "key": "server.key"}}\n' >key.json
    printf '{"trust": {"anchors": ["ca.pem"], "crls": ["crl.pem"]}}\n' >crl.json
    chmod 644 key.json crl.json
    policy="plugin_opt_policy $scratch"
    unreadable "the broker's user cannot read the policy" good.json "$policy/good.json\n"
    unreadable "the broker's user cannot read the anchors" ca.pem "$policy/good.json\n"
    unreadable "the broker's user cannot read the key" server.key "$policy/key.json\n"
    : >crl.pem
    unreadable "the broker's user cannot read a CRL" crl.pem "$policy/crl.json\n"
    : >events.jsonl
    unreadable "the broker's user cannot write the event log" events.jsonl \
        "$policy/good.json\nplugin_opt_event_log $scratch/events.jsonl\n"
fi
