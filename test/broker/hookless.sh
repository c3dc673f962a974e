#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Where the hook into the handshakes is not effective the broker does not start: never one that lets everybody in.
. "$(dirname "$0")/lib.sh"
begin
make_hooked_broker

for callback in verify verdict info; do
    start_refused "a libssl that forgets the callback: $callback" self-test \
        env CG_FORGET=$callback LD_PRELOAD="$CG_BROKEN_LIBSSL" "$mosquitto"
done

# and with all of them the same configuration starts
export LD_PRELOAD="$CG_BROKEN_LIBSSL"
start_broker
unset LD_PRELOAD
expect "a good client" in dev1 "$port" dev1
expect "no certificate" out none "$port" none
