#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A CA that was restored from a backup makes CRLs with numbers that the broker has used: it is refused, doctor names the
# command that helps, and that command helps.
. "$(dirname "$0")/lib.sh"
begin
tls=$(free_port)
# out_soon TITLE NAME: the CRL is taken within a second
out_soon() {
    until_true stays_out "$2"
    expect "$1" out "$2" "$tls" "$2"
}
stays_out() {
    ! client "$1" "$tls" "$1" pub -t test -m hello
}

make_home dev1 dev2
printf '{"trust": {"anchors": "ca.pem", "crls": "crl.pem"}, "state": "state", "log": {"file": "events.jsonl"}}\n' >policy.json
{ tls_listener "$tls" "require_certificate true\n"; plugin_lines; } >broker.conf
# doctor TITLE ID|nothing: which of the rules about the state hold
doctor() {
    "$CG_TOOL" --json -v doctor --config broker.conf --user "$(id -un)" >out 2>err
    found=$(grep -oE '"id":"(crl_number_low|state_unusable|state_missing|policy_invalid)"' out | sort -u | tr -d '\n')
    if [ "$found" = "${2:+\"id\":\"$2\"}" ]; then echo "ok: $1"; else fail "$1: $found $(cat out err)"; fi
}

doctor "a folder that is not there yet is nothing to find" ""
start_broker
expect "a device" in dev1 "$tls" dev1
cp -a home backup
certguard crl
certguard revoke dev1
put_crl
out_soon "the newest CRL is in use" dev1
stop_broker
doctor "the newest CRL is nothing to find" ""

rm -rf home
mv backup home
certguard crl
put_crl
run_to_end
status=$?
{ [ "$status" != 0 ] && [ "$status" != 124 ]; } || fail "the broker starts with a lower number: $status"
grep -q "is older than number [0-9a-f]* of " broker.log || fail "no reason: $(cat broker.log)"
doctor "doctor finds the lower number" crl_number_low
command=$(grep -o 'certguard crl --above [0-9a-f]*' out | head -n 1)
[ -n "$command" ] || fail "doctor names no command: $(cat out)"
certguard revoke dev1 # what was revoked since
put_crl
eval "$command" # exactly
grep -q "revoke them again" out err || fail "it does not report what is missing in the CRL: $(cat out err)"
put_crl
doctor "with the command done nothing is found" ""
start_broker
expect "the other device" in dev2 "$tls" dev2
expect "the revoked device stays out" out dev1 "$tls" dev1
certguard revoke dev2
put_crl
out_soon "the next CRL of the CA goes on from there" dev2
stop_broker

# the broker would not start without any CRL of the CA, and doctor says so
cp crl.pem kept.pem
cat >empty.json <<END
{"trust": {"anchors": "ca.pem", "crls": "crls", "crl_required": false}, "state": "state", "log": {"file": "events.jsonl"}}
END
mkdir crls
cp policy.json policy.kept && cp empty.json policy.json
doctor "doctor misses the CRL of a CA that is trusted" crl_number_low
grep -q "now no file contains a CRL of that CA" out || fail "not why: $(cat out)"
cp kept.pem crls/crl.pem
doctor "with it in the folder nothing is found" ""
mv policy.kept policy.json

sed -i 's/"state": "state", //' policy.json
doctor "without a folder -v says so" state_missing
sed -i 's|"log"|"state": "open", "log"|' policy.json
mkdir open
chmod 0777 open
doctor "a folder that everyone may write" state_unusable
grep -q "fix: chmod go-w $scratch/open" out || fail "no fix: $(cat out)"
