#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Renewal with openssl and mosquitto_rr alone, as docs/renewal.md describes it, and with the shell client of conf/devices: MQTT 3.1.1
# and 5, each QoS, websockets; without access list, with acl_file and with the dynamic-security plugin; a restart of the broker
# between question and answer; a client that is killed. May be there: CG_KILL_STEP (17): every Nth command of the client.
. "$(dirname "$0")/lib.sh"
begin
command -v setsid >/dev/null && command -v flock >/dev/null || skip "no setsid or flock"
client=$here/../../conf/devices/shell/renew.sh
other_release=$(dirname "$mosquitto")
mkdir bin
if [ -x "$other_release/with" ] && [ -x "$other_release/root/usr/bin/mosquitto_rr" ]; then # the client of the broker's release
    printf '#!/bin/sh\nexec "%s/with" "%s/root/usr/bin/mosquitto_rr" "$@"\n' "$other_release" "$other_release" >bin/mosquitto_rr
    chmod +x bin/mosquitto_rr
fi
PATH=$scratch/bin:$PATH
# shellcheck disable=SC2016 # a topic
question='$CONTROL/certguard/v1/renew'
spool=$scratch/spool

# ---- a CA of the tool, whose clients are due ----
export CERTGUARD_DIR="$scratch/home"
certguard --at -40d init --no-passphrase --name Home
certguard issue broker broker --san dns:localhost --san ip:127.0.0.1
cp home/live/broker/fullchain.pem server.pem
cp home/live/broker/privkey.pem server.key
cp home/ca.pem ca.pem
# device NAME...: due for renewal
device() {
    for name; do echo "$name"; done | "$CG_TOOL" --at -25d issue client --batch - --lifetime 30d >out 2>err || fail "$(cat err)"
    for name; do
        cp "home/live/$name/fullchain.pem" "$name.pem"
        cp "home/live/$name/privkey.pem" "$name.key"
    done
}
sign() { # the plugin looks for answers once a second
    "$CG_TOOL" requests --spool "$spool" --sign --all >out 2>err || fail "requests: exit code $?: $(cat out err)"
    sleep 2
}

tls=$(free_port)
ws=$(free_port)
broker_with() { # LINES
    stop_broker
    put_policy ", \"renewal\": {\"spool\": \"$spool\"},
        \"identity\": {\"username\": \"cn\", \"authenticates\": true, \"client_id\": \"equal\"}"
    {
        plugin_lines false
        tls_listener "$tls" "require_certificate true\n"
        tls_listener "$ws" "require_certificate true\nprotocol websockets\n"
        printf '%b' "$1"
    } >broker.conf
    start_broker
}

# ---- by hand: ask NAME PAYLOAD OPTIONS...: the answer is in answer.topic, below the topic of questions, and in "answer" ----
wait_s=20
ask() {
    who=$1 payload=$2
    shift 2
    timeout 60 mosquitto_rr -h 127.0.0.1 -p "$tls" -i "${who%%.*}~renew" --cafile ca.pem --cert "$who.pem" --key "$who.key" -W $wait_s \
        -t "$question" -e "answers/${who%%.*}" -N -F '%t\n%p' "$@" -m "$payload" >message 2>message.err
    split
}
ask_ws() {
    timeout 60 /usr/bin/python3 "$here/ask.py" "$ws" "${1%%.*}~renew" ca.pem "$1.pem" "$1.key" "$2" >message 2>message.err
    split
}
split() {
    head -n 1 message | sed "s|^$question/||" >answer.topic
    tail -n +2 message >answer
}
# answered TITLE TOPIC [WORDS]
answered() {
    if [ "$(cat answer.topic)" = "$2" ] && grep -qs -- "^${3:-}" answer message; then echo "ok: $1"; else
        fail "$1: expected $2 ${3:-}, got: $(tr -cd '[:print:]\n' <message) $(cat message.err)"; fi
}
# make_request NAME: NAME.request in base64, with NAME.new.key
make_request() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.new.key" 2>err
    openssl req -new -key "$1.new.key" -subj / -outform DER -out csr
    {
        printf 'certguard renew v1\n'
        openssl x509 -in "$1.pem" -outform DER | openssl dgst -sha256 -binary
        cat csr
    } >tbs
    openssl dgst -sha256 -sign "$1.key" -out signature tbs
    cat csr signature | openssl base64 -A >"$1.request"
    [ "$(wc -c <"$1.request")" -le 900 ] || fail "a request of $(wc -c <"$1.request") octets"
}
# requests TITLE ASK NAME OPTIONS...: up to the answer "pending"
requests() {
    title=$1 how=$2 who=$3
    shift 3
    make_request "$who"
    $how "$who" '' "$@"
    answered "$title: due" due '0 0'
    $how "$who" "$(cat "$who.request")" "$@"
    answered "$title: on the disk" pending 60
}
# takes TITLE ASK NAME OPTIONS...: the answer of the CA, and a connection with it
takes() {
    title=$1 how=$2 who=$3
    shift 3
    $how "$who" "$(cat "$who.request")" "$@"
    answered "$title: the certificate" issued
    openssl x509 -inform DER -in answer -out "$who.new.pem" || fail "$title: no certificate"
    [ "$(wc -c <answer)" -le 1000 ] || fail "$title: a certificate of $(wc -c <answer) octets"
    $how "$who" 'chain 1' "$@"
    answered "$title: its chain" chain/1
    [ ! -s answer ] || fail "$title: the root alone signed it, and there is a chain"
    openssl verify -CAfile ca.pem -purpose sslclient "$who.new.pem" >out 2>&1 || fail "$title: $(cat out)"
    $how "$who.new" '' "$@"
    answered "$title: in use" due
}
# each: with every version and QoS, and over websockets
each() { # requests|takes MODE
    for version in 311 5; do
        for qos in 0 1 2; do
            $1 "$2, MQTT $version, QoS $qos" ask "$2-$version-$qos" -V $version -q $qos
        done
    done
    [ -z "$websockets" ] || $1 "$2, websockets" ask_ws "$2-ws"
}
devices() { # MODE
    device "$1-311-0" "$1-311-1" "$1-311-2" "$1-5-0" "$1-5-1" "$1-5-2" "$1-ws"
}
conversations() { # MODE
    each requests "$1"
    broker_with "$lines" # a restart between question and answer
    sign
    each takes "$1"
    sign # records what was used
    "$CG_TOOL" requests --spool "$spool" >out 2>err
    ! grep -q waiting out || fail "$1: something waits: $(cat out)"
}
websockets=
! /usr/bin/python3 -c 'import paho.mqtt.client' 2>/dev/null || websockets=yes
[ -n "$websockets" ] || echo "no python3 with paho-mqtt: not over websockets"

# ---- without an access list; nobody else sees question or answer ----
lines=''
devices none
device spy
broker_with ''
client_wait=70
client spy "$tls" spy sub -t '#' -t "$question/#" -t "\$CONTROL/#" -v -W 60 &
spying=$!
conversations none
[ ! -s client.out ] || fail "another client sees: $(cat client.out)"
kill $spying 2>/dev/null
wait $spying 2>/dev/null

# ---- acl_file ----
# shellcheck disable=SC2016
printf 'pattern readwrite home/%%u/#\npattern write $CONTROL/certguard/v1/renew\n' >acl
chmod 600 acl
lines="acl_file $scratch/acl\n"
devices acl
broker_with "$lines"
conversations acl
printf 'pattern readwrite home/%%u/#\n' >acl
broker_with "$lines"
device acl-none
wait_s=3
ask acl-none '' -q 1
[ ! -s message ] || fail "an answer although the access list does not allow the topic"
wait_s=20

# ---- the dynamic-security plugin ----
dynsec=$(find "$other_release/root" /usr/lib -name mosquitto_dynamic_security.so 2>/dev/null | head -n 1)
if [ -f "$dynsec" ] && command -v mosquitto_ctrl >/dev/null; then
    mosquitto_ctrl dynsec init dynsec.json boss secret >/dev/null || fail "no configuration of dynamic-security"
    devices dyn
    device boss
    lines="plugin $dynsec\nplugin_opt_config_file $scratch/dynsec.json\n"
    broker_with "$lines"
    ctrl() {
        timeout 20 mosquitto_ctrl -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert boss.pem --key boss.key -i boss -u boss -P secret \
            dynsec "$@" >ctrl.out 2>&1 || fail "dynsec $*: $(cat ctrl.out)"
    }
    ctrl createRole devices
    ctrl addRoleACL devices publishClientSend "$question" allow
    ctrl addRoleACL devices subscribePattern 'answers/#' allow
    for name in dyn-311-0 dyn-311-1 dyn-311-2 dyn-5-0 dyn-5-1 dyn-5-2 dyn-ws; do
        ctrl createClient "$name" -p word
        ctrl addClientRole "$name" devices
    done
    conversations dyn
else
    echo "no dynamic-security plugin: not with it"
fi

# ---- the shell client ----
lines=''
broker_with ''
# shell_device NAME: its folder NAME.d
shell_device() {
    mkdir "$1.d"
    (umask 077 && cat "$1.key" "$1.pem" >"$1.d/cur.pem")
    cp ca.pem "$1.d/"
    cat >"$1.d/renew.conf" <<END
host=127.0.0.1
port=$tls
name=$1
answers=answers/$1
hook='echo hook >>hooks'
sleep() { :; } # a few questions at once are allowed
END
}
renew() { # NAME
    sh "$client" "$1.d" now >client.log 2>&1
    code=$?
}
# accepted NAME: what the device has is a pair that the broker accepts
accepted() {
    timeout 20 mosquitto_pub -h 127.0.0.1 -p "$tls" -i "$1" --cafile "$1.d/ca.pem" --cert "$1.d/cur.pem" --key "$1.d/cur.pem" \
        -t test -m hello >accepted.out 2>&1 || fail "$2: the broker does not accept cur.pem: $(cat accepted.out)"
}
is_renewed() { # NAME
    [ "$(openssl x509 -in "$1.d/cur.pem" -noout -serial)" != "$(openssl x509 -in "$1.pem" -noout -serial)" ] &&
        [ ! -e "$1.d/new.pem" ] && [ -s "$1.d/hooks" ]
}
# ends NAME TITLE: the next runs end the renewal
ends() {
    for run in 1 2 3; do
        renew "$1"
        accepted "$1" "$2"
        case $code in
        75) sign ;;
        0) ! is_renewed "$1" || return 0 ;;
        *) fail "$2: exit code $code: $(cat client.log)" ;;
        esac
    done
    is_renewed "$1" || fail "$2: the next runs do not end it: $(ls "$1.d"; cat client.log)"
}
device shell
shell_device shell
renew shell
if [ $code = 75 ]; then echo "ok: the shell client waits"; else fail "the shell client: exit code $code: $(cat client.log)"; fi
broker_with ''
ends shell "the shell client"
echo "ok: the shell client, with a restart of the broker"

# killed in front of its command number N
mkdir kill
shell=$(command -v sh)
for command in openssl mosquitto_rr sync mv rm mkdir cat head tail od awk cmp sed cut date tr sort flock sh; do
    cat >kill/$command <<END
#!/bin/sh
PATH=$PATH
echo >>\$CG_COUNT
[ \$(wc -l <\$CG_COUNT) != "\$CG_KILL_AT" ] || kill -9 0
exec $(command -v $command) "\$@"
END
    chmod +x kill/$command
done
killed() { # NAME N: false if the run has fewer commands
    CG_COUNT=$scratch/$1.count CG_KILL_AT=$2 PATH=$scratch/kill:$PATH setsid -w "$shell" "$client" "$1.d" now >client.log 2>&1
    [ "$(wc -l <"$1.count")" -ge "$2" ]
}
points=$(i=1; while [ $i -le 100 ]; do echo $i; i=$((i + ${CG_KILL_STEP:-17})); done)
kills=0
kill_each() { # PREFIX TITLE
    for n in $points; do
        killed "$1$n" "$n" && kills=$((kills + 1))
        accepted "$1$n" "killed at command $n $2"
    done
}
set --
for n in $points; do set -- "$@" "first$n" "second$n"; done
device "$@"
for name; do shell_device "$name"; done
kill_each first "of the request"
for n in $points; do renew "first$n"; renew "second$n"; done
sign
kill_each second "after the answer"
for name; do ends "$name" "$name, which was killed"; done
[ $kills -ge $(($(echo "$points" | wc -l) / 2)) ] || fail "only $kills kills"
echo "ok: $kills kills at commands"

# killed at any time
device random
shell_device random
i=0
while [ $((i += 1)) -le 10 ]; do
    setsid sh "$client" random.d now >client.log 2>&1 &
    sleep "$(od -An -tu1 -N1 /dev/urandom | awk '{ print 0.05 + $1 / 170 }')"
    kill -9 "-$!" 2>/dev/null
    wait $! 2>/dev/null
    accepted random "kill $i"
    [ $i != 5 ] || sign
done
broker_with '' # a new one allows a few requests at once
ends random "after ten kills"
echo "ok: ten kills at any time"
stop_broker
[ "$broker_status" = 0 ] || [ -n "${CG_MOSQUITTO_WRAPPER:-}" ] || fail "the broker ended with $broker_status"
