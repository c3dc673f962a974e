#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The broker, or its libwebsockets, speaks TLS with another OpenSSL than the plugin, as after an upgrade that keeps the old one:
# no start, for the hook would have no effect, and the self-test would not see it.
. "$(dirname "$0")/lib.sh"
begin
make_pki
port=$(free_port)
{
    echo "allow_anonymous true"
    tls_listener "$port" "require_certificate true\n"
    echo "plugin $CG_PLUGIN"
    echo "plugin_opt_trust_anchors $scratch/ca.pem"
    echo "user $(id -un)"
} >broker.conf

start_broker
expect "with one OpenSSL it starts" in dev1 "$port" dev1
mapped() { # WORDS: the file of that name in the broker
    awk '{ print $6 }' "/proc/$broker_pid/maps" | grep "$1" | head -n 1
}
program=$(mapped '/mosquitto$')
libssl=$(mapped '/libssl\.so')
libcrypto=$(mapped '/libcrypto\.so')
websockets=$(mapped '/libwebsockets\.so')
stop_broker
[ -n "$program" ] && [ -n "$libssl" ] && [ -n "$libcrypto" ] || fail "no OpenSSL in the broker?"

# A second OpenSSL: the same bytes under other names of files and of symbol versions, all of the same length.
another() { # FILE NAME
    sed 's/libssl\.so\.3/libssl.so.9/g; s/libcrypto\.so\.3/libcrypto.so.9/g; s/OPENSSL_3/OPENSSL_9/g' "$1" >"$2"
    chmod 755 "$2"
}
another "$libssl" libssl.so.9
another "$libcrypto" libcrypto.so.9
another "$program" mosquitto-9
launcher=$(dirname "$mosquitto")/with # of a broker that brings its libraries along
[ -x "$launcher" ] || launcher=

refused() { # TITLE WORDS PROGRAM PRELOADED
    if [ -n "$launcher" ]; then
        timeout 20 "$launcher" --preload "$4" "$3" -c broker.conf >broker.log 2>&1
    else
        timeout 20 env LD_PRELOAD="$4" "$3" -c broker.conf >broker.log 2>&1
    fi
    status=$?
    [ $status -ne 0 ] && [ $status -ne 124 ] || fail "$1: the broker runs"
    if grep -q "certguard: .*$2" broker.log; then echo "ok: no start: $1"; else fail "$1: no words on it"; fi
}
second="$scratch/libcrypto.so.9 $scratch/libssl.so.9"
refused "the broker has another OpenSSL" 'the broker speaks TLS with .*libssl\.so\.9, but certguard is linked with .*libssl\.so\.3' \
    "$scratch/mosquitto-9" "$second"
if [ -n "$websockets" ]; then
    another "$websockets" "$(basename "$websockets")"
    refused "libwebsockets has another OpenSSL" 'libwebsockets.* speaks TLS with .*libssl\.so\.9' "$program" \
        "$second $scratch/$(basename "$websockets")"
fi
