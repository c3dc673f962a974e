#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Where the hook into the handshakes is not effective the broker does not start: never one that lets everybody in.
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

# with CALLBACK: the broker on a libssl that forgets it
with() {
    timeout 30 env CG_FORGET="$1" LD_PRELOAD="$CG_BROKEN_LIBSSL" "$mosquitto" -c broker.conf >broker.log 2>&1
}
for callback in verify verdict info; do
    with $callback
    status=$?
    [ $status -ne 0 ] && [ $status -ne 124 ] || fail "the broker runs without the callback: $callback"
    if grep -q 'certguard: .*self-test' broker.log; then echo "ok: no start without: $callback"; else fail "no words on $callback"; fi
done

# and with all of them the same configuration starts
export LD_PRELOAD="$CG_BROKEN_LIBSSL"
start_broker
unset LD_PRELOAD
expect "a good client" in dev1 "$port" dev1
expect "no certificate" out none "$port" none
