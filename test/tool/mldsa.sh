#!/bin/sh
# Keys of ML-DSA: a CA of them works where the tool's OpenSSL has them, and is refused clearly where it has not.
. "$(dirname "$0")/lib.sh"

cg -C ca init --no-passphrase --key-type ml-dsa-65 >"$work/out" 2>"$work/err" </dev/null
case $? in
0) ;;
1)
    says "OpenSSL 3.5 or later"
    [ ! -e ca/ca.pem ] || fail "a CA was left behind"
    [ -z "${NEEDS_MLDSA-}" ] || fail "this OpenSSL should have ML-DSA"
    exit 0
    ;;
*) fail "init ended with something else" ;;
esac
ok cg -C ca issue broker broker --san dns:localhost
ok cg -C ca issue client sensor1
ok cg -C ca issue client mixed --key-type p256
ok cg -C ca issue client lost
ok cg check --purpose server --trust ca/ca.pem --crl ca/crl.pem --host localhost ca/live/broker/cert.pem
ok cg check --purpose client --trust ca/ca.pem --crl ca/crl.pem ca/live/sensor1/cert.pem
ok cg check --purpose client --trust ca/ca.pem --crl ca/crl.pem ca/live/mixed/cert.pem
ok cg -C ca revoke lost
expect 3 cg check --purpose client --trust ca/ca.pem --crl ca/crl.pem ca/live/lost/cert.pem
says revoked
expect 3 cg check --purpose server --trust ca/ca.pem --crl ca/crl.pem ca/live/sensor1/cert.pem
ok cg inspect ca/live/sensor1/cert.pem
says "ML-DSA-65"
