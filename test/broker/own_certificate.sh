#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The broker's own certificate: the table of docs/plugin.md, each fault at the start, at a reload and while it runs, with the
# certificate of mosquitto.conf (certfile) and that of the policy (credential).
. "$(dirname "$0")/lib.sh"
begin
make_pki
pki "other: ca" "strange: issuer=ca" "good: server issuer=ca cn=localhost days=-1..9"
tls=$(free_port)
second=$(free_port)
plain=$(free_port)

# --- certificates and CRLs of any time, in days from now ---

# own FROM TO [CA]: server.pem of that time, with the same key
own() {
    pki "own: server issuer=${3:-ca} key=@good cn=localhost days=$1..$2"
    mv own.pem server.pem
}

# list FROM TO: a new CRL of that time
number=0
list() {
    number=$((number + 1))
    pki "list: crl issuer=ca number=$number days=$1..$2 revoke=$revoked"
}

# revoke NAME: and a new CRL says so
revoked=
revoke() {
    revoked="$revoked,0x$(openssl x509 -in "$1.pem" -noout -serial | sed 's/.*=//')"
    list -1 9
}

all_good() {
    cp good.pem server.pem && cp good.key server.key && chmod 600 server.key && list -1 9
}

# --- the broker with either: $how is certfile or credential ---

# configure [MEMBERS]: policy.json and broker.conf; the policy's credential is server.pem as well
configure() {
    credential=
    conf_certificate=server
    if [ "$how" = credential ]; then
        credential=', "credential": {"chain": "server.pem", "key": "server.key"}'
        conf_certificate=good
    fi
    printf '{"trust": {"anchors": ["ca.pem"], "crls": ["list.pem"]}, "log": {"file": "events.jsonl"}, "plain": "allow"%s%s}\n' \
        "$credential" "${1:-}" >policy.new
    mv policy.new policy.json
    {
        plugin_lines
        printf 'user %s\n' "$(id -un)"
        printf 'persistence true\npersistence_location %s/\nlistener %s 127.0.0.1\n' "$scratch" "$plain"
        tls_listener "$tls" | sed "s/server\./$conf_certificate./"
        tls_listener "$second" | sed "s/server\./${second_certificate:-$conf_certificate}./"
    } >broker.conf
    rm -f events.jsonl
}

refuses() { # TITLE REASON FIX
    configure
    run_to_end
    got=$?
    want=3 # of the plugin's initialisation
    [ "$how" = credential ] || want=1
    if [ "$got" = "$want" ]; then echo "ok: $how, $1: no start, exit status $got"; else fail "$how, $1: it ends with $got"; fi
    expect_event "and that is in the event log, with a fix that fits" "^broker_certificate_rejected	$2	.*$3" event reason fix
    [ "$(rejections)" = 1 ] || fail "$how, $1: told $(rejections) times"
}

rejections() {
    grep -c '"event":"broker_certificate_rejected"' events.jsonl
}

told_once() { # TITLE EVENT
    count=$(grep -c "\"event\":\"$2\"" events.jsonl)
    if [ "$count" = 1 ]; then echo "ok: $1, is told once"; else fail "$1: $2 is told $count times"; fi
}

# waits TITLE REASON FIX: the broker runs without TLS
waits() {
    configure
    start_broker
    expect_event "$how, $1: it starts, and says what is wrong" "^broker_certificate_rejected	$2	.*$3" event reason fix
    expect "refuses TLS clients" out dev1 "$tls" dev1
    expect "and serves the others" in plain "$plain" plain1
    [ "$(rejections)" = 1 ] || fail "$how, $1: told $(rejections) times, on two listeners"
}

# recovers TITLE
recovers() {
    expect_event "$how, $1: by itself" '^broker_certificate_accepted' event
    expect "TLS clients are served" in dev1 "$tls" dev1
    stop_broker
    [ "$broker_status" = 0 ] || fail "$how, $1: the broker ended with $broker_status"
}

# still TITLE WORDS KEY...: what serves is served on, and the change is told
still() {
    title=$1 words=$2
    shift 2
    expect_event "$how, $title: told" "$words" "$@"
    expect "and what was in use is served" in dev1 "$tls" dev1
}

# --- at the start, what time fixes: the broker runs, refuses TLS clients, and recovers ---

how=certfile
all_good && own -9 -1
waits "expired" expired 'Renew it'
cp good.pem server.pem
kill -HUP "$broker_pid"
recovers "renewed, and SIGHUP"

for how in certfile credential; do
    all_good && list -9 -1
    waits "the CRL has lapsed" crl_expired 'certguard crl'
    list -1 9
    recovers "a new CRL"
done

# A machine without a clock of its own: certificates, CAs and CRLs are all of the future, until it has asked for the time.
faketime=$(find /usr/lib -name 'libfaketime*.so.1' 2>/dev/null | head -n 1)
if [ -n "$faketime" ] && [ -z "${CG_MOSQUITTO_WRAPPER:-}" ]; then
    all_good
    echo '1970-01-01 00:00:10' >clock
    CG_MOSQUITTO_WRAPPER="env LD_PRELOAD=$faketime FAKETIME_TIMESTAMP_FILE=$scratch/clock FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1 FAKETIME_FORCE_MONOTONIC_FIX=0"
    waits "a clock of 1970" crl_not_yet_valid 'clock'
    echo '+0' >clock.new && mv clock.new clock # never one that is half written
    # Mosquitto 2.0.21 works through each second that the clock was set ahead by, with a plugin and without: 7 s of a core
    client_wait=200
    recovers "the clock is right"
    client_wait=
    CG_MOSQUITTO_WRAPPER=
else
    echo "skipped: a clock of 1970"
fi

# --- at the start, what it does not: no broker, and a supervisor can see that it failed ---

for how in certfile credential; do
    all_good && own -1 9
    revoke server
    refuses "revoked" revoked 'new key'
    [ "$how" = credential ] || [ -s mosquitto.db ] || fail "the database is not saved"
    rm -f mosquitto.db
    all_good && own -1 9 other
    refuses "untrusted" untrusted 'server.trust.anchors.*Never add it to trust.anchors'
done
all_good && cp strange.key server.key
refuses "the key does not fit" credential_invalid 'detail names'
grep -q 'belongs to none' events.jsonl || fail "no word on the key"
all_good && chmod 666 server.key
refuses "the key is open to others" credential_invalid 'detail names'
grep -q 'only its owner' events.jsonl || fail "no word on the mode"

# where the pair is Mosquitto's it refuses by itself
how=certfile
for key in strange nowhere; do
    all_good && rm server.key
    [ "$key" = nowhere ] || cp strange.key server.key
    configure
    run_to_end
    got=$?
    [ "$got" = 1 ] || fail "certfile, key $key: it ends with $got"
    grep -q 'Unable to load server key file' broker.log || fail "certfile, key $key: no word on it"
done

# --- a listener whose own rules refuse what another one accepts ---

how=certfile
all_good
configure ", \"listeners\": [{\"port\": $second, \"server\": {\"min_remaining\": \"300d\"}}]"
start_broker
expect_event "a listener with rules of its own is named" "^broker_certificate_rejected	too_little_life_left	$second	" event reason listener fix
expect "and refuses" out dev1 "$second" dev1
expect "the other one serves" in dev1 "$tls" dev1
[ "$(rejections)" = 1 ] || fail "told $(rejections) times"
stop_broker

# --- two certificates: one that is wrong does not hide the other ---

all_good && own -9 -2 && cp server.pem two.pem && cp server.key two.key && chmod 600 two.key
own -9 -1
second_certificate=two
both_told() {
    [ "$(rejections)" = 2 ]
}
configure
start_broker
expect_event "two that expired" '^broker_certificate_rejected	expired' event reason
until_true both_told || fail "two certificates that expired are told $(rejections) times"
expect "refused" out dev1 "$tls" dev1
expect "refused too" out dev1 "$second" dev1
cp good.pem two.pem && kill -HUP "$broker_pid"
expect_event "one is renewed" "^broker_certificate_accepted" event
expect "and served" in dev1 "$second" dev1
expect "the other one is not" out dev1 "$tls" dev1
told_once "one that was renewed" broker_certificate_accepted
[ "$(rejections)" = 2 ] || fail "what was told is told again: $(rejections) times"
: >events.jsonl
cp good.pem server.pem && kill -HUP "$broker_pid"
expect_event "until it is renewed too" "^broker_certificate_accepted" event
expect "and served" in dev1 "$tls" dev1
told_once "the other one, renewed," broker_certificate_accepted
second_certificate=
stop_broker

# --- at a reload and while it runs: what is in use is served on ---

how=credential
configure
start_broker
expect "a good one" in dev1 "$tls" dev1
own -9 -1
still "reload, expired" '^snapshot_rejected	.*refused by the server policy: expired' event detail
cp good.pem server.pem && cp strange.key server.key
still "reload, the key does not fit" '^snapshot_rejected	.*belongs to none' event detail
cp good.key server.key
revoke good
still "running, revoked" '^snapshot_rejected	.*still served: revoked' event detail
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"

# Listeners with a line of their own in the policy have the same pair: what happens to it is told once.
revoked=
all_good
configure ", \"listeners\": [{\"port\": $plain, \"plain\": \"allow\"}, {\"port\": $second, \"sessions\": \"end\"}]"
start_broker
own 1 9
still "reload, not yet valid, two listeners inherit it" '^snapshot_rejected	.*server.pem: .*refused by the server policy: not_yet_valid' event detail
for again in 1 2; do # the words change with the time
    tick=$(date +%s)
    while [ "$tick" = "$(date +%s)" ]; do sleep 0.1; done
    kill -HUP "$broker_pid"
done
expect "and is looked at again" in dev1 "$tls" dev1
told_once "what listeners inherit and is refused" snapshot_rejected
own -1 8
still "reload, a new one" '^credential_loaded' event
told_once "what listeners inherit and is swapped" credential_loaded
stop_broker

# The broker's own file is another matter: it is served as long as it passes.
how=certfile
all_good
configure
start_broker
expect "a good one" in dev1 "$tls" dev1
cp strange.key server.key && kill -HUP "$broker_pid"
expect_log "certfile, SIGHUP, the key does not fit: Mosquitto says so" 'Unable to load server key file'
expect "and what was in use is served" in dev1 "$tls" dev1
cp good.key server.key
: >events.jsonl
own -1 3 && kill -HUP "$broker_pid"
expect_event "certfile, SIGHUP, one that expires soon: warned of" \
    '^expiry_warning	the broker.s certificate (certfile) expires in [23] days' event detail

# turns TITLE REASON COMMAND...: with the command it is refused, and that is told
turns() {
    title=$1 reason=$2
    shift 2
    : >events.jsonl
    "$@"
    expect_event "certfile, $title: told" "^broker_certificate_rejected	$reason" event reason
    expect "and refused" out dev1 "$tls" dev1
}
hup() { # FROM TO [CA]
    own "$@" && kill -HUP "$broker_pid"
}
hup_revoked() {
    own -1 9 && revoke server && kill -HUP "$broker_pid"
}
turns "SIGHUP, expired" expired hup -9 -1
turns "SIGHUP, not yet valid" not_yet_valid hup 1 9
turns "SIGHUP, untrusted" untrusted hup -1 9 other
turns "SIGHUP, revoked" revoked hup_revoked
cp good.pem server.pem && kill -HUP "$broker_pid"
expect_event "certfile, SIGHUP, a good one: served" '^broker_certificate_accepted' event
turns "running, the CRL lapses" crl_expired list -9 -1
turns "running, revoked" revoked revoke good
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"
