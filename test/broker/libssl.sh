#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The broker, or its libwebsockets, speaks TLS with another OpenSSL than the plugin, as after an upgrade that keeps the old one:
# no start, for the hook would have no effect, and the self-test would not see it.
. "$(dirname "$0")/lib.sh"
begin
make_hooked_broker

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
    sed 's/libssl\.so\.[34]/libssl.so.9/g; s/libcrypto\.so\.[34]/libcrypto.so.9/g; s/OPENSSL_[34]/OPENSSL_9/g' "$1" >"$2"
    chmod 755 "$2"
}
another "$libssl" libssl.so.9
another "$libcrypto" libcrypto.so.9
another "$program" mosquitto-9
launcher=$(dirname "$mosquitto")/with # of a broker that brings its libraries along
[ -x "$launcher" ] || launcher=

# preloaded TITLE WORDS PROGRAM LIBRARIES: no start of the program with these loaded first
preloaded() {
    if [ -n "$launcher" ]; then
        start_refused "$1" "$2" "$launcher" --preload "$4" "$3"
    else
        start_refused "$1" "$2" env LD_PRELOAD="$4" "$3"
    fi
}
second="$scratch/libcrypto.so.9 $scratch/libssl.so.9"
both='uses .*libssl\.so\.9 for TLS, but certguard is linked with .*libssl\.so\.[34]'
preloaded "the broker has another OpenSSL" "the broker $both" "$scratch/mosquitto-9" "$second"
if [ -n "$websockets" ]; then
    name=$(basename "$websockets")
    another "$websockets" "$name"
    preloaded "libwebsockets has another OpenSSL" "$scratch/$name $both" "$program" "$second $scratch/$name"
elif readelf -d "$program" | grep -q 'NEEDED.*libwebsockets'; then
    fail "the broker needs a libwebsockets that it has not loaded"
else
    echo "skipped: libwebsockets with another OpenSSL: this broker has no shared libwebsockets"
fi
