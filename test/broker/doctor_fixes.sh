#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Applies doctor's fixes for configurations exactly, and starts the broker before and after. The finding no longer appears, and
# the same clients are accepted. Clients that need a certificate for the fix get one first.
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "other: ca" "stranger: issuer=other san=uri:urn:plant:stranger"
: >passwords
mosquitto_passwd -b passwords plainly secret 2>/dev/null || skip "no mosquitto_passwd"
chmod 600 passwords
tls=$(free_port)
plain=$(free_port)
third=$(free_port)

# ---- the population: one line each, "in" or "out" ----

connects() { # NAME ARGUMENTS...
    name_=$1
    shift
    if timeout 10 mosquitto_pub -t population -m hello -q 1 "$@" >/dev/null 2>&1; then echo "$name_ in"; else echo "$name_ out"; fi
}
over_tls() { # NAME ARGUMENTS...
    name_of=$1
    shift
    connects "$name_of" -h 127.0.0.1 -p "$tls" --cafile ca.pem "$@"
}
population() {
    over_tls dev1 --cert dev1.pem --key dev1.key >/dev/null # the plugin then knows the listeners with TLS
    [ -z "${with_third:-}" ] || third third-password >/dev/null
    over_tls dev1 --cert dev1.pem --key dev1.key
    over_tls dev2-with-name --cert dev2.pem --key dev2.key -u dev2 -P secret
    over_tls stranger --cert stranger.pem --key stranger.key
    over_tls nobody ${given:+--cert dev2.pem --key dev2.key}
    connects plain -h 127.0.0.1 -p "$plain"
    connects plainly -h 127.0.0.1 -p "$plain" -u plainly -P secret
    connects plainly-wrong -h 127.0.0.1 -p "$plain" -u plainly -P wrong
    [ -z "${with_topics:-}" ] || topics
    [ -n "${with_third:-}" ] || return 0
    third third-password -u plainly -P secret
    third third-wrong -u plainly -P wrong
    third third-certificate-alone
}
topics() { # what dev1 may publish to: 135 is "not authorized"
    for topic_ in population other '$CONTROL/certguard/v1' '$CONTROL/certguard/v1/renew' '$CONTROL/certguard/v1/renew/due' '$SYS/x'; do
        timeout 10 mosquitto_pub -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert dev1.pem --key dev1.key -V 5 -q 1 \
            -t "$topic_" -n -d >puback 2>&1
        if grep -q 'PUBACK (Mid: 1, RC:135)' puback; then echo "$topic_ out"; else echo "$topic_ in"; fi
    done
}
third() { # NAME ARGUMENTS...: a listener that requires a certificate and a password
    name_of=$1
    shift
    connects "$name_of" -h 127.0.0.1 -p "$third" --cafile ca.pem --cert dev1.pem --key dev1.key "$@"
}

# ---- configurations: arguments replace defaults ----

# conf [LINES-OF-ALL [LINES-OF-TLS [LINES-OF-PLAIN]]]
conf() {
    printf 'user %s\n%bset_tcp_nodelay true\n' "$(id -un)" "${1:-}"
    printf 'listener %s 127.0.0.1\n%b' "$plain" "${3:-}"
    tls_listener "$tls" "${2-require_certificate true\n}"
    [ -n "${no_plugin:-}" ] || printf 'plugin %s\nplugin_opt_policy %s/policy.json\n' "$CG_PLUGIN" "$scratch"
}
# policy [MEMBERS]: with a leading comma
policy() {
    printf '{"trust": {"anchors": "ca.pem"}, "plain": "allow", "log": {"file": "events.jsonl"}%s}\n' "${1:-}" >policy.json
}
NAMES=', "identity": {"username": "cn", "authenticates": true}'
USERS='allow_anonymous false\npassword_file '"$scratch"'/passwords\n'

doctor() {
    "$CG_TOOL" --json -v doctor --config broker.conf --user "$(id -un)" >out 2>err
}
before() { # ID: broker.conf and policy.json have the fault
    id=$1 given=
    doctor
    grep -q "\"id\":\"$id\"" out || fail "$id is not found: $(cat out err)"
    start_broker || return
    population >"$id.before"
    stop_broker
}
after() { # WORDS: they are in the fix, and broker.conf and policy.json follow it
    "$CG_TOOL" doctor --rules --json >rules 2>err
    tr '{' '\n' <rules | grep "\"id\":\"$id\"" | grep -qF -- "$1" || fail "$id: the fix has no \"$1\""
    doctor
    grep -q "\"id\":\"$id\"" out && fail "$id: $1: found again"
    start_broker || return
    population >"$id.after"
    stop_broker
    if cmp -s "$id.before" "$id.after"; then
        echo "ok: $id: $1"
    else
        fail "$id: $1: $(diff "$id.before" "$id.after" | tr '\n' ' ')"
    fi
}

# ---- the fixes ----

policy ', "client": {"certificate": "optional"}'
conf "allow_anonymous true\n" "require_certificate false\n" >broker.conf
before certificate_not_required
given=yes
conf "allow_anonymous true\n" >broker.conf
after "certguard issue client NAME), then set: require_certificate true"

policy
conf "allow_anonymous true\n" "" >broker.conf
before certificate_left_to_plugin
conf "allow_anonymous true\n" >broker.conf
after "require_certificate true"

policy "$NAMES"
conf "allow_anonymous true\npassword_file $scratch/passwords\n" >broker.conf
before anonymous_allowed
sed -i 's/^plain in/plain out/' anonymous_allowed.before # it has neither, and the finding is about it
conf "$USERS" >broker.conf
after "set the line to false"

policy
conf "$USERS" "require_certificate true\nuse_identity_as_username true\n" >broker.conf
before username_from_broker
policy ", \"listeners\": [{\"port\": $tls$NAMES}]"
conf "$USERS" >broker.conf
after "then remove the line"

printf '{"trust": {"anchors": "ca.pem"}, "identity": {"username": "cn"}}\n' >policy.json
conf "allow_anonymous false\n" >broker.conf
before nobody_authenticates
sed -i 's/^\(dev1\|dev2-with-name\) out/\1 in/' nobody_authenticates.before # every client was out
printf '{"trust": {"anchors": "ca.pem"}, "listeners": [{"port": %s%s}]}\n' "$tls" "$NAMES" >policy.json
after "identity.username and identity.authenticates true for this port"

# per_listener [OTHER-LISTENERS'-LINES]: listeners with separate settings, and the plugin's lines in the first one with TLS
lines="plugin $CG_PLUGIN\nplugin_opt_policy $scratch/policy.json\n"
per_listener() {
    printf 'per_listener_settings true\n'
    no_plugin=yes conf "" "require_certificate true\n$USERS$lines" "$USERS${1:-}"
    tls_listener "$third" "require_certificate true\n$USERS${1:-}"
}
with_third=yes
policy "$NAMES"
per_listener >broker.conf
before listener_without_plugin
passwords='"identity": {"username": "none", "authenticates": false}'
printf '{"trust": {"anchors": "ca.pem"}, "listeners": [{"port": %s, "plain": "allow"}, {"port": %s, %s}]%s}\n' \
    "$plain" "$third" "$passwords" "$NAMES" >policy.json
per_listener "$lines" >broker.conf
after 'identity.username \"none\" and identity.authenticates false'

case $("$mosquitto" -h | head -n 1) in *2.0.11*)
    policy "$NAMES, \"listeners\": [{\"port\": $third, $passwords}]"
    before per_listener_2_0_11
    {
        conf "$USERS"
        tls_listener "$third" "require_certificate true\n"
    } >broker.conf
    after "write each of these lines once"
    ;;
esac
with_third=

policy "$NAMES"
conf "$USERS" >broker.conf
before crl_missing
pki "crl: crl issuer=ca days=-1..30"
printf '{"trust": {"anchors": "ca.pem", "crls": "crl.pem"}, "plain": "allow"%s}\n' "$NAMES" >policy.json
after "name it in trust.crls"

before renewal_not_seen
printf '{"trust": {"anchors": "ca.pem", "crls": "crl.pem"}, "plain": "allow", "credential": {"chain": "server.pem", "key": "server.key"}%s}\n' \
    "$NAMES" >policy.json
after 'Name chain and key in \"credential\"'

before state_missing
mkdir state
printf '{"trust": {"anchors": "ca.pem", "crls": "crl.pem"}, "plain": "allow", "state": "state"%s}\n' "$NAMES" >policy.json
after 'Name a folder in \"state\"'

policy "$NAMES"
conf "$USERS" "require_certificate true\ncrlfile $scratch/crl.pem\n" >broker.conf
before crlfile_beside_plugin
conf "$USERS" >broker.conf
printf '{"trust": {"anchors": "ca.pem", "crls": "crl.pem"}, "plain": "allow"%s}\n' "$NAMES" >policy.json
after "Remove the line and name the CRL"

policy ', "mode": "audit"'
conf "allow_anonymous true\n" >broker.conf
before user_names_refused
sed -i 's/^\(dev2-with-name\|plainly\) out/\1 in/' user_names_refused.before # they send a user name
mosquitto_passwd -b passwords dev2 secret
conf "allow_anonymous true\npassword_file $scratch/passwords\n" >broker.conf
after "add a password_file with their users"

# one line in the access list opens the topic of renewal, and no other
with_topics=yes
policy "$NAMES, \"renewal\": {\"spool\": \"$scratch/spool\"}"
printf '%s\n' 'topic readwrite population' 'pattern readwrite population' 'user plainly' 'topic readwrite population' >acl
chmod 600 acl
conf "${USERS}acl_file $scratch/acl\n" >broker.conf
before renewal_acl
grep -qx 'other out' renewal_acl.before || fail "the access list has no effect: $(cat renewal_acl.before)"
grep -qx '$CONTROL/certguard/v1/renew out' renewal_acl.before || fail "the topic of renewal was open"
sed -i 's|^\(.*/renew\) out|\1 in|' renewal_acl.before # what the finding is about
doctor
sed -n 's|.*allows nothing else: \(pattern [^.]*\)\. If.*|\1|p' out | head -n 1 >>acl
after "pattern write"
with_topics=

# ---- faults with which the broker does not start: with the fix, the population is that of a good configuration ----

policy "$NAMES"
conf "$USERS" >broker.conf
start_broker && population >good.before
stop_broker
no_start() { # ID: broker.conf has the fault, and the broker does not start
    id=$1 given=
    doctor
    grep -q "\"id\":\"$id\"" out || fail "$id is not found: $(cat out err)"
    setsid timeout 10 "$mosquitto" -c broker.conf >broker.log 2>&1 </dev/null
    case $? in 0 | 124) fail "$id: the broker starts" ;; esac
    cp good.before "$id.before"
}
with() { # LINE: in the TLS listener
    conf "$USERS" "require_certificate true\n$1\n" >broker.conf
}
with "tls_version TLSv1.2"
no_start tls_version_unknown
conf "$USERS" >broker.conf
after "Remove the line"
with "ciphers MODERN"
no_start ciphers_unknown
conf "$USERS" >broker.conf
after "Remove the line"
for line in "line_has_tab max_keepalive\\t60" "setting_unknown alow_anonymous true" "boolean_invalid persistence yes"; do
    with "${line#* }"
    no_start "${line%% *}"
    conf "$USERS" >broker.conf
    case ${line%% *} in
    line_has_tab) after "Replace the tab" ;;
    setting_unknown) after "remove the line" ;;
    *) after "Write true or false" ;;
    esac
done
openssl pkey -in server.key -aes256 -passout pass:x -out sealed.key
chmod 600 sealed.key
conf "$USERS" | sed "s|server.key|sealed.key|" >broker.conf
no_start key_encrypted
openssl pkey -in sealed.key -passin pass:x -out plain.key && chown "$(id -un)" plain.key
conf "$USERS" | sed "s|server.key|plain.key|" >broker.conf
after "openssl pkey -in FILE -out NEW, then chown USER NEW"
{ sed '$d' ca.pem && printf '%s%s\n' "$(tail -n 1 ca.pem)" "$(head -n 1 other.pem)" && sed 1d other.pem; } >joined.pem
conf "$USERS" | sed "s|cafile .*|cafile $scratch/joined.pem|" >broker.conf
no_start tls_file_unusable
cat ca.pem other.pem >parted.pem
conf "$USERS" | sed "s|cafile .*|cafile $scratch/parted.pem|" >broker.conf
after "Correct the file as the finding says"
conf "$USERS" | sed "s|server.key|dev1.key|" >broker.conf
no_start pair_mismatched
conf "$USERS" >broker.conf
after "Install the key that belongs to the certificate"
rm good.before

# ---- fixes that are not tested here, with the reason ----

not_done() { # REASON ID...
    shift
    for id in "$@"; do
        [ -e "$id.after" ] && fail "$id is tested, and also in the list of those that are not"
        : >"$id.after"
    done
}
not_done "commands for file rights: unit_file and tool_test_doctor test them" \
    file_unreadable config_unreadable writable_by_all state_unusable event_log_unwritable plugin_unreadable file_refused_later
not_done "bridges, whose population is the other broker: broker_bridges" \
    bridge_plain bridge_insecure bridge_nameless bridge_psk bridge_half_pair bridge_2_0_11
not_done "the broker does not start with the fault, so no client was accepted" plugin_foreign plugin_options listener_incomplete \
    policy_invalid certfile_refused broker_user_missing tls_version_old crl_number_low include_nested
not_done "the fix is to install, update or restart" broker_version unreachable hook_not_effective events_silent \
    change_refused events_lost plain_listeners_differ
not_done "the fix says where to look" own_certificate_refused clients_refused served_other
not_done "the machine: units, users, timers, proxies" timer_not_enabled unit_command_missing unit_other_config \
    renewal_not_scheduled broker_as_root insecure_client http_api_beside_plugin proxy_protocol
not_done "the CA: tool_fixes" crl_stale crl_expired crl_delta_expired renewal_due anchor_ends
not_done "opens port 1883, which may be in use: tool_test_doctor" listener_unasked
not_done "adds the plugin: docs_home and docs_plant" plugin_missing
[ -e per_listener_2_0_11.after ] || not_done "another Mosquitto" per_listener_2_0_11
not_done "the fix does not change which clients are accepted" tcp_nodelay date_checks_beside_plugin ciphers_weak
not_done "Mosquitto 2.1: broker_file_plugins" deprecated_in_2_1 plugin_order plugin_unused file_is_link
not_done "another plugin, or clients that change too: broker_dynsec, broker_identity, broker_psk" dynsec_not_asked \
    client_id_from_broker psk_listener plain_listener acl_missing
not_done "like certificate_not_required" let_in_without_certificate
not_done "the fix adds a listener, or raises a limit" renewal_mount_point renewal_message_limit renewal_packet_limit
not_done "renewal over MQTT: the policy, the spool, units" renewal_ends_entry renewal_spool_unusable renewal_spool_volatile \
    renewal_spool_unread requests_not_scheduled
not_done "another plugin: broker_dynsec" renewal_dynsec
not_done "bridges carry the same topics but for that of renewal" renewal_bridged
for id in $(tr '{' '\n' <rules | sed -n 's/.*"id":"\([^"]*\)".*/\1/p'); do
    [ -e "$id.after" ] || fail "$id is neither tested here nor in the list of those that are not"
done
