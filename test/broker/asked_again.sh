#!/bin/sh
# SIGHUP makes the broker ask about every session again. That is no CONNECT: whoever is connected stays, whoever is offline
# keeps the session, and nobody is told of a refusal.
. "$(dirname "$0")/lib.sh"
begin
make_pki
tls=$(free_port)
plain=$(free_port)

# broker_with POLICY ALLOW_ANONYMOUS
broker_with() {
    stop_broker
    rm -f events.jsonl
    put_policy "$1"
    {
        plugin_lines "$2"
        tls_listener "$tls" "require_certificate false\n"
        printf 'listener %s 127.0.0.1\n' "$plain"
    } >broker.conf
    start_broker
}

hup() {
    kill -HUP "$broker_pid"
    wait_for broker.log 'Reloading config' || fail "SIGHUP had no effect"
    : >broker.log
    client dev1 "$tls" after-hup pub -q 1 -t after -m hup || fail "no client gets in after SIGHUP: $(cat client.err.after-hup)"
}

# still_there ID: gets what is published now
still_there() {
    client dev1 "$tls" publisher pub -t "to/$1" -m hello || fail "the publisher is refused: $(cat client.err.publisher)"
    if wait_for "client.out.$1" hello; then echo "ok: $1 is still connected"; else fail "$1 was cut off"; fi
}

files_each=yes client_wait=40
# stays NAME PORT ID: a session that waits for a message, in the background
stays() {
    client "$1" "$2" "$3" sub -t "to/$3" -C 1 -W 30 &
    wait_for broker.log " as $3 " || fail "$3 did not connect"
}

nobody_is_refused() {
    if grep -q '"connect_denied"\|"connect_audited"' events.jsonl; then
        fail "$1: $(grep '"connect_' events.jsonl | head -n 1)"
    else
        echo "ok: $1: nobody is told of a refusal"
    fi
}

broker_with ', "client": {"certificate": "optional"}, "listeners": [{"port": '"$plain"', "plain": "allow"}]' true
stays dev1 "$tls" with-certificate # a listener that speaks TLS is told from the plain one
stays none "$tls" without-certificate
stays plain "$plain" without-tls
client dev2 "$tls" offline sub -c -q 1 -t to/offline -E || fail "offline: $(cat client.err.offline)"
client none "$tls" offline-2 sub -c -q 1 -t to/offline-2 -E || fail "offline-2: $(cat client.err.offline-2)"
client dev1 "$tls" publisher pub -q 1 -t to/offline -m kept
hup
hup
nobody_is_refused "certificates are optional"
still_there with-certificate
still_there without-certificate
still_there without-tls
client dev2 "$tls" offline sub -c -q 1 -t to/offline -C 1 -W 10
if grep -q kept client.out.offline; then echo "ok: the offline session kept its message"; else fail "the queue is gone"; fi

# Nobody gets in by what is asked again: a client without TLS is a CONNECT, right after SIGHUP as ever.
broker_with '' true
stays dev1 "$tls" watcher
client dev2 "$tls" offline sub -c -q 1 -t to/offline -E || fail "offline: $(cat client.err.offline)"
for _ in $(seq 20); do
    kill -HUP "$broker_pid"
    if client plain "$plain" offline pub -t x -m x; then fail "a client without TLS came in after SIGHUP"; fi
    if client plain "$plain" new pub -t x -m x; then fail "a client without TLS came in after SIGHUP"; fi
done
echo "ok: no client without TLS comes in"
expect_event "which is told" 'connect_denied\tplain_listener\tnew' event reason client_id
if grep -q '"connect_denied".*"offline"' events.jsonl && grep '"connect_denied"' events.jsonl | grep -v '"peer"' | grep -q .; then
    fail "a refusal without a peer: the session that is offline was taken for a client"
fi
still_there watcher

# Where the certificate is enough, the broker would end what nobody vouches for.
broker_with ', "identity": {"username": "cn", "authenticates": true}' false
stays dev1 "$tls" with-certificate
client dev2 "$tls" offline sub -c -q 1 -t to/offline -E || fail "offline: $(cat client.err.offline)"
client dev1 "$tls" publisher pub -q 1 -t to/offline -m kept
hup
hup
nobody_is_refused "the certificate is enough"
still_there with-certificate
client dev2 "$tls" offline sub -c -q 1 -t to/offline -C 1 -W 10
if grep -q kept client.out.offline; then echo "ok: the offline session kept its message"; else fail "the queue is gone"; fi
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"
