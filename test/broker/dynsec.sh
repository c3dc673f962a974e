#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Beside Mosquitto's own dynamic-security plugin: what doctor says of the two (dynsec_not_asked,
# renewal_dynsec), and what its fixes do.
. "$(dirname "$0")/lib.sh"
begin
dynsec=$(find "$(dirname "$mosquitto")/root" /usr/lib -name mosquitto_dynamic_security.so 2>/dev/null | head -n 1) # the broker's own
[ -f "$dynsec" ] && command -v mosquitto_ctrl >/dev/null || skip "no dynamic-security plugin"
make_pki
pki "boss: issuer=ca"
port=$(free_port)
mosquitto_ctrl dynsec init dynsec.json boss secret >/dev/null || fail "no configuration of dynamic-security"

policy() { # AUTHENTICATES [MEMBERS]
    printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "events.jsonl"}, %s
        "identity": {"username": "cn", "authenticates": %s}}\n' "${2:-}" "$1" >policy.new
    mv policy.new policy.json
}
with_policy() { # AUTHENTICATES
    stop_broker
    policy "$1"
    {
        plugin_lines false
        printf 'plugin %s\nplugin_opt_config_file %s/dynsec.json\n' "$dynsec" "$scratch"
        tls_listener "$port" "require_certificate true\n"
    } >broker.conf
    start_broker
}
ctrl() {
    timeout 20 mosquitto_ctrl -h 127.0.0.1 -p "$port" --cafile ca.pem --cert boss.pem --key boss.key -u boss -P secret \
        dynsec "$@" >ctrl.out 2>&1 || fail "dynsec $*: $(cat ctrl.out)"
}
finds() { # TITLE COUNT
    "$CG_TOOL" --json doctor --config broker.conf --user "$(id -un)" >out 2>err
    if [ "$(grep -o '"id":"dynsec_not_asked"' out | wc -l)" = "$2" ]; then echo "ok: $1"; else fail "$1: $(cat out err)"; fi
}
# may TITLE CODE [ARGUMENTS]: the broker's answer to a message of dev1, as MQTT 5 tells it (135: not authorized)
may() {
    title=$1 code=$2
    shift 2
    client dev1 "$port" dev1 pub -V 5 -q 1 -t test -m hello -d "$@"
    if grep -q "PUBACK (Mid: 1, RC:$code)" client.out; then echo "ok: $title"; else fail "$title: $(cat client.out client.err)"; fi
}

with_policy true
finds "the certificate decides, not dynamic-security" 1
ctrl createRole writer
ctrl addRoleACL writer publishClientSend test allow 5
ctrl createClient dev1 -p word
ctrl addClientRole dev1 writer
may "a client of dynamic-security" 16

# the topic of renewal: the command of renewal_dynsec opens it, and no other
policy true '"renewal": {"spool": "spool"},'
expect_event "the policy has renewal" "snapshot_loaded\t2" event snapshot
reported() {
    "$CG_TOOL" --json doctor --config broker.conf --user "$(id -un)" >out 2>err
    grep -q '"id":"renewal_dynsec"' out
}
may_renew() { # TITLE WORDS: the answers to dev1's messages to control topics, "no" where it is not authorized
    said=
    for topic in '$CONTROL/certguard/v1' '$CONTROL/certguard/v1/renew' '$CONTROL/dynamic-security/v1'; do
        client dev1 "$port" dev1 pub -V 5 -q 1 -t "$topic" -n -d
        if grep -q 'PUBACK (Mid: 1, RC:135)' client.out; then said="$said no"; else said="$said yes"; fi
    done
    if [ "$said" = " $2" ]; then echo "ok: $1"; else fail "$1: $said"; fi
}
reported || fail "renewal_dynsec is not found"
may_renew "without the line" "no no no"
set -f
# shellcheck disable=SC2046 # the words of the command
ctrl $(sed -n 's|.*mosquitto_ctrl dynsec \(addRoleACL ROLE [^"]* allow\)".*|\1|p' out | sed "s/ROLE/writer/; s/'//g")
set +f
reported && fail "renewal_dynsec is found again: $(cat out)"
may_renew "with it" "no yes no"
ctrl disableClient dev1
may "one that is disabled there still connects, with its roles" 16
ctrl removeClientRole dev1 writer
may "without a role it connects and may not publish" 135
ctrl addClientRole dev1 writer
policy true "\"deny\": [{\"sha256\": \"$(sha256 dev1)\"}],"
expect_event "the policy changed" "snapshot_loaded\t3" event snapshot
expect "on the policy's deny list it stays out" out dev1 "$port" dev1

with_policy false
finds "dynamic-security decides" 0
expect "one that is disabled there stays out" out dev1 "$port" dev1 -u dev1 -P word
ctrl enableClient dev1
may "its name and password" 16 -u dev1 -P word
expect "without a password nobody connects" out dev1 "$port" dev1
expect "nor with the certificate alone and the name" out dev1 "$port" dev1 -u dev1
expect "nor with another's name and password" out dev2 "$port" dev1 -u dev1 -P word
expect "nor one who is no client of dynamic-security" out dev2 "$port" dev2 -u dev2 -P word
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"
