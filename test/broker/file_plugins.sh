#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Beside the acl-file and password-file plugins of Mosquitto 2.1: the same clients connect and have the same topics as with the
# lines that these plugins replace (acl_file, password_file, per_listener_settings). doctor shows the lines and finds wrong orders.
. "$(dirname "$0")/lib.sh"
begin
own() { # FILE: a plugin of this broker
    find "$(dirname "$mosquitto")/root" /usr/lib -name "$1" 2>/dev/null | head -n 1
}
mkdir plugins bin
for file in mosquitto_acl_file.so mosquitto_password_file.so; do
    cp "$(own $file)" plugins 2>/dev/null || skip "this Mosquitto has no $file (2.1 has it)"
done
cp "$CG_PLUGIN" plugins
guard=$scratch/plugins/mosquitto_certguard.so
ln -s "$mosquitto" bin/mosquitto # doctor asks it for its version
PATH=$scratch/bin:$PATH
make_pki
pki "boss: issuer=ca san=uri:urn:plant:boss" "wild: issuer=ca san=uri:urn:plant:#"
tls=$(free_port)
plain=$(free_port)
: >passwords
for name in dev1 plainly boss; do
    mosquitto_passwd -b passwords $name secret 2>/dev/null || skip "no mosquitto_passwd"
done
cat >acl <<'END'
topic read open/#

user boss
topic readwrite #

user dev1
topic readwrite own/#
topic deny own/closed
pattern readwrite dev/%u/#
END
chmod 600 passwords acl
chown "$(id -u):$(id -g)" passwords acl

NAMES='"username": "san.uri", "strip_prefix": "urn:plant:"'
policy() { # AUTHENTICATES
    put_policy ", \"plain\": \"allow\", \"identity\": {$NAMES, \"authenticates\": $1}"
}
# conf LINES [TLS-LINES [PLAIN-LINES]]: of all listeners, after the plugin's; of each listener
conf() {
    printf 'plugin %s\nplugin_opt_policy %s/policy.json\n%b' "$guard" "$scratch" "$1"
    listeners "${2:-}" "${3:-}"
}
listeners() {
    printf 'listener %s 127.0.0.1\n%b' "$plain" "$2"
    tls_listener "$tls" "require_certificate true\n$1"
}

# ---- the population: who connects, reads and writes ----

topics="open/x own/x own/closed dev/dev1/x dev/dev2/x"
# show_rights NAME CLIENT PORT [ARGUMENTS]
show_rights() {
    of=$1 who=$2 at=$3 files_each=yes
    shift 3
    client "$who" "$at" "$of" sub -t '#' --retained-only -W 1 -v "$@" || :
    echo "$of reads: $(sort "client.out.$of" | tr '\n' ' ')$(grep -o 'not auth.*' "client.err.$of")"
    for topic in $topics; do
        client "$who" "$at" "$of" pub -V 5 -q 1 -t "$topic" -m "$topic" -r -d "$@" || :
        echo "$of writes $topic: $(grep -o 'RC:[0-9]*' "client.out.$of" | sed 's/RC:0$/RC:16/') $(grep -oi 'not auth.*' "client.err.$of")"
    done
}
rights() { # the same, beside the others
    show_rights "$@" >"rights.$1" &
    running="$running $!"
}
population() {
    running=
    rm -f rights.*
    for topic in $topics; do
        client boss "$tls" boss pub -r -t "$topic" -m "$topic" -u boss -P secret
    done
    rights dev1 dev1 "$tls"
    rights dev1-password dev1 "$tls" -u dev1 -P secret
    rights dev1-wrong dev1 "$tls" -u dev1 -P wrong
    rights dev2 dev2 "$tls"
    rights dev2-as-dev1 dev2 "$tls" -u dev1 -P secret
    rights wild wild "$tls"
    rights anonymous plain "$plain"
    rights plainly plain "$plain" -u plainly -P secret
    rights plainly-wrong plain "$plain" -u plainly -P wrong
    rights unknown plain "$plain" -u unknown -P secret
    # shellcheck disable=SC2086
    wait $running
    cat rights.*
}
# with FILE: writes what the population may with broker.conf
with() {
    stop_broker
    start_broker || return
    population >"$1"
    stop_broker
    [ "$broker_status" = 0 ] || fail "$1: the broker ended with $broker_status"
}
same() { # TITLE FILE FILE
    if cmp -s "$2" "$3" && grep -q 'dev1.* reads: .*own/x' "$2" && grep -q 'closed: RC:135' "$2"; then echo "ok: $1"; else
        fail "$1: $(diff "$2" "$3" | tr '\n' ' ')"
    fi
}
doctor() {
    "$CG_TOOL" --json -v doctor --config broker.conf --user "$(id -un)" >out 2>err
}
finds() { # TITLE ID COUNT
    doctor
    if [ "$(grep -o "\"id\":\"$2\"" out | wc -l)" = "$3" ]; then echo "ok: $1"; else fail "$1: $2: $(cat out err)"; fi
}

# ---- acl_file and password_file for all listeners: doctor shows the lines ----

for login in "true false" "false true"; do
    policy "${login% *}"
    title="authenticates ${login% *}, allow_anonymous ${login#* }"
    conf "allow_anonymous ${login#* }\nacl_file $scratch/acl\npassword_file $scratch/passwords\n" >broker.conf
    with as_option
    finds "$title: lines that 3.0 will not know" deprecated_in_2_1 2
    lines=$(tr '{' '\n' <out | sed -n 's/.*; replace with: \\"\([^"]*\)\\" and \\"\([^"]*\)\\".*/\1\\n\2\\n/p' | tr -d '\n')
    [ "$(printf '%b' "$lines" | wc -l)" = 4 ] || fail "$title: doctor shows other lines: $(cat out)"
    # as the fix says: both, a restart, then only the new lines; at SIGHUP, the broker drops the old ones
    conf "allow_anonymous ${login#* }\nacl_file $scratch/acl\npassword_file $scratch/passwords\n$lines" >broker.conf
    with both
    same "$title: the plugins beside the old lines change nothing" as_option both
    start_broker
    conf "allow_anonymous ${login#* }\n$lines" >broker.conf
    kill -HUP "$broker_pid"
    expect_log "$title: SIGHUP" 'Reloading config'
    population >reloaded
    stop_broker
    same "$title: nor does SIGHUP without these" as_option reloaded
    with as_plugin
    same "$title: the plugins admit the same clients to the same topics" as_option as_plugin
    for id in deprecated_in_2_1 plugin_order acl_missing file_refused_later; do finds "$title: no $id" $id 0; done
done

# ---- per listener ----

policy false
{
    echo 'per_listener_settings true'
    listeners "allow_anonymous false\nacl_file $scratch/acl\npassword_file $scratch/passwords\nplugin $guard\nplugin_opt_policy $scratch/policy.json\n" \
        "allow_anonymous true\nacl_file $scratch/acl\nplugin $guard\nplugin_opt_policy $scratch/policy.json\n"
} >broker.conf
with as_option
finds "with per_listener_settings, the lines have to change together" deprecated_in_2_1 4
grep -q '; replace with:' out && fail "lines are shown that do not replace per_listener_settings"
loads="plugin_load guard $guard\nplugin_opt_policy $scratch/policy.json\n"
loads_lists="plugin_load acl $scratch/plugins/mosquitto_acl_file.so\nplugin_opt_acl_file $scratch/acl\n"
loads_users="plugin_load users $scratch/plugins/mosquitto_password_file.so\nplugin_opt_password_file $scratch/passwords\n"
per_listener() { # LOADS: in their order
    printf '%b' "$1"
    listeners "listener_allow_anonymous false\nplugin_use users\nplugin_use guard\nplugin_use acl\n" \
        "listener_allow_anonymous true\nplugin_use guard\nplugin_use acl\n"
}
per_listener "$loads$loads_lists$loads_users" >broker.conf
with as_plugin
same "plugin_load and plugin_use admit the same clients to the same topics" as_option as_plugin
for id in deprecated_in_2_1 plugin_order acl_missing listener_without_plugin nobody_authenticates; do finds "no $id" $id 0; done

# The same plugin with another file at another listener.
echo 'topic readwrite own/#' >acl.plain
chmod 600 acl.plain
{
    printf '%b' "$loads$loads_lists$loads_users"
    printf 'plugin_load others %s/plugins/mosquitto_acl_file.so\nplugin_opt_acl_file %s/acl.plain\n' "$scratch" "$scratch"
    listeners "listener_allow_anonymous false\nplugin_use users\nplugin_use guard\nplugin_use acl\n" \
        "listener_allow_anonymous true\nplugin_use guard\nplugin_use others\n"
} >broker.conf
with two-lists
sed 's/^\(anonymous writes own.*\)RC:135.*/\1RC:16 /; /^anonymous reads/d' as_option >expected
sed -i '/^anonymous reads/d' two-lists
if [ "$(grep -c '^anonymous.*RC:16' expected)" = 2 ] && cmp -s expected two-lists; then
    echo "ok: two listeners with an access list each"
else
    fail "two access lists: $(diff expected two-lists)"
fi
sed -i '/plugin_use others/d' broker.conf
finds "a plugin that no listener uses" plugin_unused 1
run_to_end
case $? in 0 | 124) fail "a plugin that no listener uses: the broker starts" ;; esac

# ---- the order of the plugins ----

per_listener "$loads_lists$loads$loads_users" >broker.conf
with as_plugin
same "the access list may come before certguard" as_option as_plugin
finds "which is no finding" plugin_order 0
swapped() { # TITLE: the broker asks for the password first, so a client has the name that it sends
    with swapped
    if grep -q 'dev2-as-dev1 reads: .*own/x' swapped && grep -q 'dev2-as-dev1 reads: .*not auth' as_option; then echo "ok: $1"; else
        fail "$1: $(cat swapped)"
    fi
    finds "doctor finds it" plugin_order 1
}
per_listener "$loads_users$loads$loads_lists" >broker.conf
swapped "the password plugin is loaded before certguard"
{
    per_listener "$loads$loads_lists" | sed '/plugin_use users/d'
    echo "global_plugin $scratch/plugins/mosquitto_password_file.so"
    echo "plugin_opt_password_file $scratch/passwords"
} >broker.conf
swapped "a password plugin of all listeners is asked before certguard of some"
{
    echo "password_file $scratch/passwords"
    per_listener "$loads$loads_lists" | sed '/plugin_use users/d'
} >broker.conf
swapped "and so is password_file"

# ---- SIGHUP ----

policy true
conf "allow_anonymous false\nglobal_plugin $scratch/plugins/mosquitto_acl_file.so\nplugin_opt_acl_file $scratch/acl\n" >broker.conf
start_broker
may_write() {
    client dev2 "$tls" dev2 pub -V 5 -q 1 -t own/x -m x -d
    grep -q 'RC:\(0\|16\))' client.out
}
may_write && fail "dev2 writes to the topic of dev1"
printf 'user dev2\ntopic readwrite own/x\n' >>acl
kill -HUP "$broker_pid"
if until_true may_write; then echo "ok: SIGHUP reads the access list again"; else fail "SIGHUP: $(cat client.out client.err)"; fi
echo nonsense >>acl
kill -HUP "$broker_pid"
expect_log "with an error in it" 'acl-file produced error on reload'
expect_log "the broker ends" 'terminating$'
stop_broker
sed -i '$d' acl

# ---- a link ----

ln -s acl acl.link
conf "allow_anonymous false\nacl_file $scratch/acl.link\n" >broker.conf
finds "a link is found" file_is_link 1
run_to_end
case $? in 0 | 124) fail "the broker starts with a link" ;; esac
export MOSQUITTO_UNSAFE_ALLOW_SYMLINKS=1
with linked && echo "ok: the broker starts with the variable that doctor names"
