#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A broker set up as the tutorial says: doctor finds every mistake. One set up with certguard and the examples of
# conf/: nothing.
. "$(dirname "$0")/lib.sh"

found()
{
    grep -q "\"id\":\"$1\"" "$work/out" || fail "doctor did not find $1"
}

cat >ca.cnf <<'END'
[req]
distinguished_name = dn
[dn]
[v3_ca]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
basicConstraints = critical,CA:true
END
cat >broker.cnf <<'END'
[req]
distinguished_name = dn
[dn]
[v3_req]
basicConstraints = CA:FALSE
keyUsage = digitalSignature, keyEncipherment
subjectAltName = IP:192.168.1.2
subjectAltName = DNS:futro-s450.fritz.box
subjectAltName = DNS:localhost
subjectAltName = DNS:futro-s450
certificatePolicies = ia5org,@pol
[pol]
policyIdentifier = 1.3.5.8
CPS.1 = http://localhost/
userNotice.1 = @notice
[notice]
explicitText = "At home"
organization = "Mi Casa"
noticeNumbers = 1,2
END
umask 022
ok openssl req -new -x509 -newkey rsa:1024 -days 3650 -nodes -config ca.cnf -extensions v3_ca \
    -subj "/C=ES/O=Mi Casa /CN=Mi Casa CA/emailAddress=me@example.org" -keyout MiCA.key -out MiCA.crt
ok openssl req -new -newkey rsa:2048 -nodes -config broker.cnf -subj "/O=futro-s450.fritz.box/CN=futro-s450.fritz.box" \
    -keyout broker.key -out broker.csr
ok openssl x509 -req -in broker.csr -CA MiCA.crt -CAkey MiCA.key -CAcreateserial -days 3650 \
    -extfile broker.cnf -extensions v3_req -out broker.crt
ok openssl req -new -newkey rsa:2048 -nodes -config ca.cnf -subj "/CN=dev1" -keyout client.key -out client.csr
ok openssl x509 -req -in client.csr -CA MiCA.crt -CAkey MiCA.key -CAcreateserial -days 3650 -out client.crt
chmod 644 MiCA.key
mkdir mosquitto
cp MiCA.* broker.crt broker.key client.crt mosquitto/
cat >bad.conf <<END
listener 8883
cafile $work/mosquitto/MiCA.crt
certfile $work/mosquitto/broker.crt
keyfile $work/mosquitto/broker.key
tls_version tlsv1
require_certificate false
use_identity_as_username true
allow_anonymous true
listener 1883
END
me=$(id -un)
expect 3 cg --json -v doctor --config bad.conf --user "$me"
for id in rsa_small lifetime_long ca_key_in_clear ca_key_usage_missing name_blanks name_email \
    name_host_as_organization san_single_label policy_example_arc policy_cps policy_notice_ref eku_missing not_v3 \
    serial_counts_up ca_key_beside_broker tls_version_old certificate_not_required crl_missing renewal_not_seen \
    plugin_missing username_from_broker plain_listener anonymous_allowed tcp_nodelay; do
    found $id
done
# --fix: shown first, done only without -n
expect 3 cg -n doctor --config bad.conf --user "$me" --fix
says '+mode 0640'
[ "$(stat -c %a mosquitto/MiCA.key)" = 644 ] || fail "-n changed a mode"
expect 3 cg doctor --config bad.conf --user "$me" --fix
[ "$(stat -c %a mosquitto/MiCA.key)" = 640 ] || fail "--fix left the mode"

# ---- made with certguard, from the examples ----
umask 077
ok cg -q -C ca init --no-passphrase --name Home
ok cg -q -C ca issue broker broker --san dns:localhost --san ip:127.0.0.1
ok cg -q -C ca crl
adapt()
{
    sed -e "s|/etc/mosquitto/certguard/policy.json|$work/policy.json|" \
        -e "s|/etc/mosquitto/certguard/ca.pem|$work/ca/ca.pem|" -e "s|/etc/mosquitto/certguard/crl.pem|$work/ca/crl.pem|" \
        -e "s|/etc/mosquitto/certguard/|$work/ca/live/broker/|" -e "s|/var/log/mosquitto/|$work/|" \
        -e "s|/usr/lib/.*/mosquitto_certguard.so|$work/mosquitto_certguard.so|" "$1"
}
: >mosquitto_certguard.so
adapt "$CONF/mosquitto.conf" >good.conf
adapt "$CONF/policy-home.json" >policy.json
ok cg doctor --config good.conf --user "$me"

# ---- one trap at a time in the good one ----
trap_in() # ID LINE
{
    { cat good.conf; printf '%b\n' "$2"; } >trap.conf
    expect 3 cg --json doctor --config trap.conf --user "$me"
    found "$1"
}
trap_in crlfile_beside_plugin "crlfile $work/ca/crl.pem"
trap_in pair_mismatched "keyfile $work/ca/ca/key.pem"
trap_in file_unreadable "password_file $work/none"
trap_in plugin_unreadable "plugin $work/none.so"
trap_in plugin_options "plugin_opt_trust_anchors $work/ca/ca.pem"
trap_in bridge_plain "connection x\naddress y:1883"
trap_in bridge_insecure "connection x\nbridge_insecure true"
trap_in listener_without_plugin "listener 8884 127.0.0.1\nper_listener_settings true"
: >other.so
{ echo "plugin $work/other.so"; cat good.conf; } >trap.conf
expect 3 cg --json doctor --config trap.conf --user "$me"
found plugin_order
expect 3 cg --json --at +6d doctor --config good.conf --user "$me"
found crl_stale
# the broker's own credential is judged with the CRL: a lapsed one keeps the policy from loading
expect 3 cg --json --at +8d doctor --config good.conf --user "$me"
found policy_invalid
sed '/plugin_opt_policy/d' good.conf >trap.conf
echo "plugin_opt_policy $work/crl-only.json" >>trap.conf
echo "{\"trust\": {\"anchors\": \"$work/ca/ca.pem\", \"crls\": \"$work/ca/crl.pem\"}}" >crl-only.json
expect 3 cg --json --at +8d doctor --config trap.conf --user "$me"
found crl_expired
expect 3 cg --json doctor --config good.conf --user "$me" --connect 127.0.0.1:1
found unreachable
sed -i 's/"authenticates": true/"authenticates": false/' policy.json
expect 3 cg --json doctor --config good.conf --user "$me"
found nobody_authenticates
echo '{"trust": {"anchors": "x", "crl": 1}}' >policy.json
expect 3 cg --json doctor --config good.conf --user "$me"
found policy_invalid

# ---- include_dir is followed; what can't be read is no clean bill ----
mkdir inc
cp bad.conf inc/a.conf
echo "include_dir $work/inc" >main.conf
expect 3 cg doctor --config main.conf --user "$me"
says 'inc/a.conf:5: tls_version tlsv1'
expect 1 cg doctor --config none.conf
echo "done"
