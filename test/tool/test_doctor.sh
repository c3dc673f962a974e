#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# In a broker that was set up by the tutorial, doctor finds every mistake. In one that was set up with certguard and the
# examples in conf/, it finds nothing.
. "$(dirname "$0")/lib.sh"
unset CDPATH

found()
{
    grep -q "\"id\":\"$1\"" "$work/out" || fail "doctor did not find $1"
    echo "$1" >>"$work/seen"
}

. "$(dirname "$0")/tutorial.sh"
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
cat >mosquitto/watch.sh <<'END'
#!/bin/sh
# not this one: mosquitto_sub --insecure
mosquitto_sub -h futro-s450 -p 8883 --cafile MiCA.crt --insecure -t '#'
END
me=$(id -un)
expect 3 cg --json -v doctor --config bad.conf --user "$me"
# the 15 mistakes of the tutorial in its order, and more mistakes of this configuration
for id in rsa_small lifetime_long ca_key_in_clear ca_key_usage_missing name_blanks name_email \
    name_host_as_organization san_single_label policy_example_arc policy_cps policy_notice_ref eku_missing not_v3 \
    serial_counts_up ca_key_beside_broker tls_version_old certificate_not_required insecure_client crl_missing \
    renewal_not_seen renewal_not_scheduled plugin_missing username_from_broker plain_listener anonymous_allowed \
    tcp_nodelay key_open_to_all; do
    found $id
done
[ "$(grep -o '"id":"insecure_client"' out | wc -l)" = 1 ] || fail "a comment counts as a client"
grep -q '"id":"tls_version_old"[^}]*"line":5}' out || fail "no line in the JSON"
# errors come first, and all places of a rule are together
expect 3 cg doctor --config bad.conf --user "$me"
[ "$(grep -c 'ca_key_beside_broker' out)" = 1 ] || fail "a rule is reported more than once"
sed -n '/^warning/q; /^notice/q; p' out | grep -q tls_version_old || fail "errors do not come first"
grep -q '^notice' out && fail "notices without -v"

# ---- --fix shows the change and asks; it keeps the rest of the file, its mode and a copy ----
chmod 640 bad.conf
chmod 644 mosquitto/broker.key
cp bad.conf bad.kept
expect 3 cg -n doctor --config bad.conf --user "$me" --fix
says '^-tls_version tlsv1$'
says '^+# tls_version tlsv1$'
says '+mode 0600'
cmp -s bad.conf bad.kept || fail "-n changed the configuration"
[ "$(stat -c %a mosquitto/broker.key)" = 644 ] || fail "-n changed a mode"
expect 1 setsid "$CERTGUARD" doctor --config bad.conf --user "$me" --fix
says 'use --yes'
cmp -s bad.conf bad.kept || fail "it changed the configuration without asking"
if script -qec true /dev/null >/dev/null 2>&1; then # there is one, and a terminal
    for answer in n y; do
        echo $answer | script -qec "$CERTGUARD doctor --config bad.conf --user $me --fix" typescript >out 2>err
        [ "$answer" = y ] || cmp -s bad.conf bad.kept || fail "it changed the configuration after a no"
    done
else
    expect 3 cg doctor --config bad.conf --user "$me" --fix --yes
fi
grep -qx '# tls_version tlsv1' bad.conf || fail "--fix left the line"
[ "$(diff bad.conf bad.kept | grep -c '^[<>]')" = 2 ] || fail "--fix changed more than that line"
[ "$(stat -c %a bad.conf)" = 640 ] || fail "--fix changed the mode of the configuration"
cmp -s bad.conf.before-* bad.kept || fail "--fix kept no copy"
[ "$(stat -c %a mosquitto/broker.key)" = 600 ] || fail "--fix left the mode of the broker's key"
[ "$(stat -c %a mosquitto/MiCA.key)" = 644 ] || fail "--fix closed a key that another program may read"
expect 3 cg doctor --config bad.conf --user "$me" --fix --yes
says 'Nothing can be fixed automatically'
expect 64 cg doctor --config bad.conf --yes

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
        -e "s|/var/lib/mosquitto/certguard|$work/state|" \
        -e "s|/usr/lib/.*/mosquitto_certguard.so|$work/mosquitto_certguard.so|" "$1"
}
cp "$CERTGUARD" mosquitto_certguard.so # any program for this machine is enough
adapt "$CONF/mosquitto.conf" >good.conf
adapt "$CONF/policy-home.json" >policy.json
ok cg doctor --config good.conf --user "$me"

# ---- one fault at a time in the good configuration ----
fault_in() # ID LINE
{
    { cat good.conf; printf '%b\n' "$2"; } >fault.conf
    expect 3 cg --json doctor --config fault.conf --user "$me"
    found "$1"
}
fault_in plain_listener "listener 1883"
fault_in tls_version_old "tls_version tlsv1.1"
fault_in tls_version_unknown "tls_version TLSv1.2"
fault_in tls_version_unknown "connection x\nbridge_tls_version tls1.3"
fault_in ciphers_unknown "ciphers MODERN"
fault_in ciphers_unknown "ciphers_tls1.3 ECDHE-RSA-AES128-GCM-SHA256"
fault_in ciphers_weak "ciphers DEFAULT:@SECLEVEL=0"
fault_in ciphers_weak "ciphers_tls1.3 TLS_AES_128_GCM_SHA256:TLS_SHA256_SHA256"
fault_in psk_listener "listener 8885\npsk_hint home"
fault_in username_from_broker "use_subject_as_username true"
fault_in username_from_broker "use_identity_as_username true\nlistener 8884 127.0.0.1\nuse_username_as_clientid true"
fault_in client_id_from_broker "use_username_as_clientid true\nuse_identity_as_username true"
grep -q username_from_broker out && fail "the fix for one line is reported although both lines are there"
says 'set the client id of every client to the name in its certificate'
fault_in dynsec_not_asked "plugin $work/mosquitto_dynamic_security.so"
says "port 8883"
says 'with the certificate.s name and a password'
fault_in anonymous_allowed "allow_anonymous true"
fault_in anonymous_allowed "listener_allow_anonymous true"
fault_in anonymous_allowed "allow_anonymous true # for now"
{ cat good.conf; echo 'require_certificate true # always'; } >fault.conf
ok cg doctor --config fault.conf --user "$me"
fault_in line_has_tab "max_keepalive\t60"
fault_in line_has_tab "\tmax_keepalive 60"
fault_in setting_unknown "alow_anonymous true"
fault_in boolean_invalid "persistence yes"
fault_in boolean_invalid "persistence"
{ cat good.conf; printf 'persistence 0 # not here\nauth_opt_x\nmax_keepalive  60\nenable_control_api x\n'; } >fault.conf
ok cg doctor --config fault.conf --user "$me"
# a setting before the first listener line opens another listener
for line in "max_connections 50" "socket_domain ipv4" "bind_interface lo" "require_certificate true" "protocol mqtt"; do
    { echo "$line"; cat good.conf; } >fault.conf
    expect 3 cg --json doctor --config fault.conf --user "$me"
    found listener_unasked
    found plain_listener
    says "fault.conf:1: $line"
done
{ printf 'port 1883\nmax_connections 50\n'; cat good.conf; } >fault.conf
expect 3 cg --json doctor --config fault.conf --user "$me"
says_not listener_unasked
fault_in certificate_left_to_plugin "require_certificate false"
fault_in listener_incomplete "listener 8885\nkeyfile $work/ca/live/broker/privkey.pem"
fault_in file_unreadable "acl_file $work/none"
fault_in file_unreadable "capath $work/none"
fault_in bridge_half_pair "connection x\nbridge_cafile $work/ca/ca.pem\nbridge_certfile $work/ca/ca.pem"
fault_in bridge_psk "connection x\nbridge_psk 00"
fault_in crlfile_beside_plugin "crlfile $work/ca/crl.pem"
fault_in date_checks_beside_plugin "disable_client_cert_date_checks true"
fault_in http_api_beside_plugin "listener 8885\nprotocol http_api"
grep -q plain_listener out && fail "the web interface is reported as plain MQTT"
fault_in http_api_beside_plugin "listener 8885\nprotocol http_api\ncertfile $work/mosquitto/broker.crt\nkeyfile $work/mosquitto/broker.key"
grep -q 'certificate_left_to_plugin\|certfile_refused\|renewal_not_seen' out && fail "the web interface is reported as MQTT over TLS"
fault_in proxy_protocol "enable_proxy_protocol 2"
fault_in pair_mismatched "keyfile $work/ca/ca/key.pem"
fault_in pair_mismatched "connection x\nbridge_cafile $work/ca/ca.pem\nbridge_certfile $work/ca/live/broker/cert.pem\nbridge_keyfile $work/ca/ca/key.pem"
openssl pkey -in ca/live/broker/privkey.pem -aes256 -passout pass:x -out sealed.key
fault_in key_encrypted "keyfile $work/sealed.key"
grep -q 'pair_mismatched\|tls_file_unusable' out && fail "a key with a passphrase is reported as another fault"
openssl x509 -in ca/live/broker/cert.pem -trustout -out trusted.pem
cp ca/live/broker/privkey.pem open.key
chmod 644 open.key
{ cat good.conf; printf 'certfile %s\nkeyfile %s\n' "$work/trusted.pem" "$work/open.key"; } >pair.conf
expect 3 cg --json doctor --config pair.conf --user "$me" # the key is open to all
grep -q 'pair_mismatched\|tls_file_unusable' out && fail "a pair that the broker can serve is reported"
{ tr -d '\n' | sed 's/-----BEGIN CERTIFICATE-----/&\n/; s/-----END CERTIFICATE-----/\n&/'; echo; } <ca/ca.pem >one.pem
{ tr -d '\n' <one.pem | sed 's/-----BEGIN CERTIFICATE-----/&\n/; s/-----END/\n&/'; cat one.pem; } >joined.pem
fault_in tls_file_unusable "cafile $work/joined.pem"
says 'Each BEGIN and each END must be on a separate line'
openssl x509 -in ca/live/broker/cert.pem -outform DER -out cert.der
fault_in tls_file_unusable "certfile $work/cert.der"
says "openssl x509 -inform DER -in $work/cert.der -out NEW"
openssl pkey -in ca/live/broker/privkey.pem -outform DER -out key.der
fault_in tls_file_unusable "keyfile $work/key.der"
says "openssl pkey -inform DER -in $work/key.der -out NEW"
openssl pkcs8 -topk8 -in ca/live/broker/privkey.pem -passout pass:x -outform DER -out sealed.der
fault_in tls_file_unusable "keyfile $work/sealed.der"
says "found a private key in DER with a passphrase.*openssl pkey -inform DER -in $work/sealed.der -out NEW"
openssl pkey -inform DER -in sealed.der -passin pass:x -out unsealed.key || fail "the reported command does not convert it"
fault_in tls_file_unusable "certfile $work/sealed.der"
says 'found a private key in DER with a passphrase. Name the file with the certificate'
openssl req -new -key ca/live/broker/privkey.pem -subj /CN=x -out request.pem
openssl req -in request.pem -outform DER -out request.der
openssl crl2pkcs7 -nocrl -certfile ca/live/broker/cert.pem -out bundle.p7
openssl crl2pkcs7 -nocrl -certfile ca/live/broker/cert.pem -outform DER -out bundle.der
for other in request.pem request.der bundle.p7 bundle.der trusted.pem; do
    fault_in tls_file_unusable "keyfile $work/$other"
    says 'found a [^.]*. Name the file with its key'
done
fault_in tls_file_unusable "connection x\nbridge_cafile $work/policy.json"
fault_in file_unreadable "password_file $work/none"
fault_in plugin_unreadable "plugin $work/none.so"
fault_in plugin_options "plugin_opt_trust_anchors $work/ca/ca.pem"
fault_in bridge_plain "connection x\naddress y:1883"
fault_in bridge_insecure "connection x\nbridge_insecure true"
fault_in listener_without_plugin "listener 8884 127.0.0.1\nper_listener_settings true"
sed "s|^plugin .*|plugin $work/empty/mosquitto_certguard.so|" good.conf >fault.conf
mkdir empty && : >empty/mosquitto_certguard.so
expect 3 cg --json doctor --config fault.conf --user "$me"
found plugin_foreign
if [ "$me" = root ]; then # other users cannot change to another user
    { cat good.conf; echo 'user nobody-of-this-name'; } >fault.conf
    expect 3 cg --json doctor --config fault.conf
    found broker_user_missing
fi
: >other.so
{ echo "plugin $work/other.so"; cat good.conf; } >fault.conf
expect 3 cg --json doctor --config fault.conf --user "$me"
found plugin_order
expect 3 cg --json --at +6d doctor --config good.conf --user "$me"
found crl_stale
# the broker's own credential is checked against the CRL: if it has expired, the policy does not load
expect 3 cg --json --at +8d doctor --config good.conf --user "$me"
found policy_invalid
sed '/plugin_opt_policy/d' good.conf >fault.conf
echo "plugin_opt_policy $work/crl-only.json" >>fault.conf
echo "{\"trust\": {\"anchors\": \"$work/ca/ca.pem\", \"crls\": \"$work/ca/crl.pem\"}}" >crl-only.json
expect 3 cg --json -v --at +8d doctor --config fault.conf --user "$me"
found crl_expired
found state_missing
# the full CRL of an expired delta stays in use
pki "split: ca" "full: crl issuer=split number=1 days=0..30" "delta: crl issuer=split number=2 delta=1 days=0..1"
echo "{\"trust\": {\"anchors\": \"$work/split.pem\", \"crls\": [\"$work/full.pem\", \"$work/delta.pem\"], \"crl_extended\": true}}" >crl-only.json
expect 3 cg --json doctor --at +3d --config fault.conf --user "$me"
found crl_delta_expired
says_not '"id":"crl_expired"'
mkdir state && chmod 0777 state
expect 3 cg --json doctor --config good.conf --user "$me"
found state_unusable
says "fix: chmod go-w $work/state"
chmod 0700 state && echo 'certguard crl-numbers 1' >state/crl-numbers
expect 3 cg --json doctor --config good.conf --user "$me"
says "crl-numbers:2: expected a whole line. The file is incomplete"
says "If there is none, correct the file in it as the finding says"
ok cg --json doctor --rules
rm -r state
expect 3 cg --json doctor --config good.conf --user "$me" --connect 127.0.0.1:1
found unreachable
cp policy.json kept.json
sed -i 's/"authenticates": true/"authenticates": false/' policy.json
expect 3 cg --json doctor --config good.conf --user "$me"
found nobody_authenticates
{ cat good.conf; echo 'use_identity_as_username true'; } >fault.conf
expect 3 cg --json doctor --config fault.conf --user "$me"
grep -q nobody_authenticates out && fail "the broker takes names from certificates, but nobody_authenticates is reported"
{ cat good.conf; echo "plugin $work/mosquitto_dynamic_security.so"; } >fault.conf
expect 3 cg --json doctor --config fault.conf --user "$me" # there is no such file
grep -q dynsec_not_asked out && fail "dynamic-security decides, but dynsec_not_asked is reported"
# a certificate in mosquitto.conf that the policy rejects: the broker would not start
printf '{"trust": {"anchors": "%s/ca/ca.pem"}, "server": {"names": ["10.1.1.1"]}}\n' "$work" >policy.json
expect 3 cg --json doctor --config good.conf --user "$me"
found certfile_refused
says 'host_mismatch: .*--san ip:ADDRESS'
printf '{"trust": {"anchors": "%s/ca/ca.pem"}}\n' "$work" >policy.json
expect 3 cg --json doctor --config good.conf --user "$me"
found nobody_authenticates
for mode in '"mode": "audit"' '"plain": "allow"'; do
    printf '{%s, "trust": {"anchors": "%s/ca/ca.pem"}}\n' "$mode" "$work" >policy.json
    { cat good.conf; printf 'allow_anonymous true\nlistener 1884 127.0.0.1\n'; } >fault.conf
    cg --json doctor --config fault.conf --user "$me" >out 2>err || :
    found user_names_refused
    says 'port 8883 has no password_file'
done
says 'port 1884 has no password_file'
{ cat good.conf; echo 'allow_anonymous true'; echo "password_file $work/policy.json"; } >fault.conf
cg --json doctor --config fault.conf --user "$me" >out 2>err || :
grep -q user_names_refused out && fail "there is a password_file, but user_names_refused is reported"
echo '{"trust": {"anchors": "x", "crl": 1}}' >policy.json
expect 3 cg --json doctor --config good.conf --user "$me"
found policy_invalid
mv kept.json policy.json

# ---- units: a timer that is not enabled, a command that does not exist ----
mkdir units
ok cg -C ca -q install-units --config good.conf --dir units
expect 3 cg --json doctor --config good.conf --user "$me" --units units
found timer_not_enabled
mkdir units/timers.target.wants
for timer in units/*.timer; do ln -s "../${timer##*/}" units/timers.target.wants/; done
ok cg doctor --config good.conf --user "$me" --units units
sed -i 's|^ExecStart=[^ ]*|ExecStart=/nowhere/certguard|' units/certguard-crl.service
echo 'ExecStartPost=/usr/bin/mosquitto_pub --insecure -t x -m y' >>units/certguard-crl.service
expect 3 cg --json doctor --config good.conf --user "$me" --units units
found unit_command_missing
found insecure_client
printf '[Service]\nExecStart=/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf\n' >units/mosquitto.service
expect 3 cg --json -v doctor --config good.conf --user "$me" --units units
found unit_other_config
printf '[Service]\nExecStart=/usr/sbin/mosquitto -c %s/./good.conf -v\n' "$work" >units/mosquitto.service
expect 3 cg --json -v doctor --config good.conf --user "$me" --units units
grep -q unit_other_config out && fail "the same file is reported as another one"
mkdir scripts
printf 'client.tls_insecure_set(True)\n' >scripts/read.py
expect 3 cg --json doctor --config good.conf --user "$me" --scripts scripts
found insecure_client

# ---- the end of the event log: a change that is not in use ----
log=$work/certguard.jsonl
change()
{
    printf '{"ts":"2026-11-20T10:00:0%s.000Z","event":"%s","reason":"policy_invalid","detail":"crls: correct me"}\n' "$1" "$2" >>"$log"
}
change 1 snapshot_loaded
change 2 snapshot_rejected
printf '{"ts":"2026-11-20T10:00:03.000Z","event":"snap' >>"$log" # half a line, and a line from elsewhere
printf '\nforeign\n' >>"$log"
expect 3 cg --json doctor --config good.conf --user "$me"
found change_refused
says 'correct me'
change 4 snapshot_loaded
ok cg doctor --config good.conf --user "$me"

. "$here/doctor_rights.sh"
. "$here/doctor_renewal.sh"

# ---- --fix changes lines that conflict with the plugin, if the policy replaces them ----
sed "s|^require_certificate.*|require_certificate false\r\ncrlfile $work/ca/crl.pem|; s/\$/\r/" good.conf >mixed.conf
ln -s mixed.conf linked.conf
expect 3 cg -q doctor --config linked.conf --user "$me" --fix --yes
[ -L linked.conf ] || fail "--fix replaced the link"
grep -q "^require_certificate true$(printf '\r')$" mixed.conf || fail "--fix left require_certificate, or its line end"
grep -q '^# crlfile' mixed.conf || fail "--fix left crlfile"
ok cg doctor --config linked.conf --user "$me"
# a file that is included by two names is changed once
mkdir twice
printf '# one\ntls_version tlsv1\n' >twice/a.conf
ln -s a.conf twice/b.conf
printf 'listener 8886\ninclude_dir %s\n' "$work/twice" >links.conf
expect 3 cg doctor --config links.conf --user "$me" --fix --yes
[ "$(grep -c '^changed ' err)" = 1 ] || fail "the file is changed twice"
grep -qx '# tls_version tlsv1' twice/a.conf || fail "--fix left the line"
# --fix changes nothing that depends on the certificates or TLS versions of clients
kept_by_fix() # LINES
{
    { cat "${2:-good.conf}"; printf '%b\n' "$1"; } >kept.conf
    cp kept.conf kept.before
    expect 3 cg -q doctor --config kept.conf --user "$me" --fix --yes
    cmp -s kept.conf kept.before || fail "--fix changed: $1"
}
kept_by_fix "use_identity_as_username true"
kept_by_fix "use_subject_as_username true"
kept_by_fix "use_identity_as_username true\nuse_username_as_clientid true"
sed '/^plugin/d' good.conf >no-plugin.conf
kept_by_fix "tls_version tlsv1.1" no-plugin.conf
{ cat good.conf; printf 'listener 8885 127.0.0.1\npsk_hint home\nuse_identity_as_username true\n'; } >psk.conf
cg --json doctor --config psk.conf --user "$me" >out 2>err
grep -q username_from_broker out && fail "names from shared keys are reported"

# ---- the broker's version ----
mkdir fake
version() # VERSION
{
    printf '#!/bin/sh\necho "mosquitto version %s"\n' "$1" >fake/mosquitto
    chmod 755 fake/mosquitto
}
as_version() # VERSION EXIT CONFIG [OPTION...]
{
    version "$1"
    code=$2
    shift 2
    expect "$code" env PATH="$work/fake:$PATH" "$CERTGUARD" --json -v doctor --user "$me" --config "$@"
}
for old in 1.6.9 2.0.10 2.2.0 3.0.0; do
    as_version $old 3 good.conf
    found broker_version
done
for fine in 2.0.11 2.0.21 2.1.2; do as_version $fine 0 good.conf; done
{ cat good.conf; printf 'per_listener_settings true\nconnection x\nbridge_cafile %s\n' "$work/ca/ca.pem"; } >old.conf
as_version 2.0.11 0 old.conf
found per_listener_2_0_11
found bridge_2_0_11
found bridge_nameless
grep -q deprecated_in_2_1 out && fail "a deprecation in 2.1 is reported for 2.0"
as_version 2.1.2 0 old.conf
found deprecated_in_2_1
grep -q 2_0_11 out && fail "a fault of 2.0.11 is reported for another version"
# 2.0 does not report the port to plugins: listeners without TLS must not differ
sed "s|^{|{\"listeners\": [{\"port\": 1884, \"plain\": \"allow\"}],|" policy.json >plain.json
sed "s|$work/policy.json|$work/plain.json|" good.conf >plain.conf
printf 'password_file %s\nlistener 1884 127.0.0.1\n' "$work/policy.json" >>plain.conf
as_version 2.0.11 0 plain.conf
echo 'listener 1885 127.0.0.1' >>plain.conf
as_version 2.0.21 3 plain.conf
found plain_listeners_differ
says 'port 1884: ..plain..: ..allow'
says 'port 1885: ..plain..: ..deny'
as_version 2.1.2 0 plain.conf
sed 's/"listeners": \[[^]]*\]/"plain": "allow"/' plain.json >plain.new && mv plain.new plain.json
as_version 2.0.11 0 plain.conf
# 2.1 loads a plugin by name, and listeners use it
sed -e "s|^plugin .*|plugin_load guard $work/mosquitto_certguard.so|" good.conf >new.conf
as_version 2.1.2 3 new.conf
found listener_without_plugin
found plugin_unused
echo 'plugin_use guard' >>new.conf
as_version 2.1.2 0 new.conf
# its plugins replace lines that 3.0 is to remove; doctor shows the lines if the plugin is there and nothing else has to change
lists=$work/mosquitto_acl_file.so users=$work/mosquitto_password_file.so
echo 'pattern readwrite dev/%u/#' >acl
chmod 600 acl
shows() # COUNT CONFIG: with 2.1.2
{
    as_version 2.1.2 0 "$2"
    found deprecated_in_2_1
    [ "$(grep -o "acl_file $work/acl; replace with: .\"global_plugin $lists.\" and .\"plugin_opt_acl_file $work/acl.\"" out | wc -l)" = "$1" ] ||
        fail "expected $1 replacements: $(cat out)"
}
{ cat good.conf; echo "acl_file $work/acl"; } >drop.conf
shows 0 drop.conf
: >"$lists"
: >"$users"
shows 1 drop.conf
says_not acl_missing
mv "$lists" "$work/mosquitto/" # where Debian has it
as_version 2.1.2 0 drop.conf
says "replace with: .\"global_plugin $work/mosquitto/mosquitto_acl_file.so"
mv "$work/mosquitto/mosquitto_acl_file.so" "$lists"
{ cat drop.conf; echo "acl_file $work/acl"; } >twice.conf
shows 1 twice.conf # only the last line has an effect
{ echo 'per_listener_settings true'; cat drop.conf; } >each.conf
shows 0 each.conf
echo 'per_listener_settings false' >>each.conf # has no effect
shows 0 each.conf
as_version 2.0.21 0 drop.conf
says_not deprecated_in_2_1
chmod 644 acl
as_version 2.0.21 0 drop.conf
says_not file_refused_later
as_version 2.1.2 0 drop.conf
found file_refused_later
chmod 600 acl
ln -s acl acl.link
{ cat good.conf; printf 'global_plugin %s\nplugin_opt_acl_file %s/acl.link\n' "$lists" "$work"; } >link.conf
as_version 2.0.21 0 link.conf
as_version 2.1.2 3 link.conf
found file_is_link
export MOSQUITTO_UNSAFE_ALLOW_SYMLINKS=1
as_version 2.1.2 0 link.conf
unset MOSQUITTO_UNSAFE_ALLOW_SYMLINKS
# the broker's unit sets it for the broker alone
mkdir -p links/mosquitto.service.d
set_links() # VALUE
{
    printf '[Service]\nExecStart=/usr/sbin/mosquitto -c %s/link.conf\n' "$work" >links/mosquitto.service
    printf '[Service]\nEnvironment=%s\n' "$1" >links/mosquitto.service.d/links.conf
}
set_links '"A=b c" MOSQUITTO_UNSAFE_ALLOW_SYMLINKS=1'
as_version 2.1.2 0 link.conf --units links
cp link.conf other.conf # which that unit does not use
as_version 2.1.2 3 other.conf --units links
set_links A=b
as_version 2.1.2 3 link.conf --units links
# an access list, and a list of users, of a plugin
list="global_plugin $lists\nplugin_opt_acl_file $work/acl"
with_lines() # EXIT LINES: in front of the good configuration, and below it
{
    { printf '%b\n' "$2"; cat good.conf; } >fault.conf
    as_version 2.1.2 "$1" fault.conf
    { cat good.conf; printf '%b\n' "$2"; } >fault.conf
    as_version 2.1.2 "${3:-$1}" fault.conf
}
with_lines 0 "$list"
says_not 'acl_missing\|deprecated_in_2_1\|plugin_order'
with_lines 3 "global_plugin $users\nplugin_opt_password_file $work/acl" 0
found acl_missing
for other in persist_sqlite sparkplug_aware; do # neither decides about clients or topics
    : >"mosquitto_$other.so"
    with_lines 0 "plugin $work/mosquitto_$other.so"
    found acl_missing
    { cat new.conf; echo "global_plugin $work/mosquitto_$other.so"; } >fault.conf
    as_version 2.1.2 0 fault.conf
    says_not plugin_order
done
fault_in file_unreadable "global_plugin $lists\nplugin_opt_acl_file $work/none"
fault_in file_unreadable "global_plugin $users\nplugin_opt_password_file $work/none"
{ cat new.conf; printf '%b\n' "$list"; } >fault.conf
as_version 2.1.2 0 fault.conf
says_not 'acl_missing\|plugin_order'
{ cat new.conf; printf 'global_plugin %s\nplugin_opt_password_file %s/acl\n' "$users" "$work"; } >fault.conf
as_version 2.1.2 3 fault.conf
found plugin_order
{ cat new.conf; echo "password_file $work/acl"; } >fault.conf
as_version 2.1.2 3 fault.conf
found plugin_order
says 'add its plugin_use line to every listener'
sed 's/"authenticates": true/"authenticates": false/' policy.json >password.json
{ sed "s|$work/policy.json|$work/password.json|" good.conf; printf '%b\n' "$list"; } >fault.conf
as_version 2.1.2 3 fault.conf
found nobody_authenticates
printf 'global_plugin %s\nplugin_opt_password_file %s/acl\n' "$users" "$work" >>fault.conf
as_version 2.1.2 0 fault.conf

# ---- notices, and faults that come with time ----
ok cg --json -v doctor --config good.conf --user "$me"
found acl_missing
if [ "$me" = root ]; then found broker_as_root; else echo broker_as_root >>seen; fi
change 5 events_lost
change 6 broker_certificate_rejected
change 7 handshake_rejected
ok cg --json -v doctor --config good.conf --user "$me"
found events_lost
found own_certificate_refused
found clients_refused
sed "s|\"$log\"|\"$work/nowhere/events.jsonl\"|" policy.json >lost.json
sed "s|$work/policy.json|$work/lost.json|" good.conf >lost.conf
expect 3 cg --json doctor --config lost.conf --user "$me"
found event_log_unwritable
says "fix: install -D -m 0640 -o $me /dev/null $work/nowhere/events.jsonl"
sed '/crls/d; s|\(ca.pem"\),|\1|' policy.json >late.json
sed "s|$work/policy.json|$work/late.json|" good.conf >late.conf
expect 3 cg --json --at +80d doctor --config late.conf --user "$me"
found renewal_due
# on the due day itself, the timer may not have run yet
due=$(cg -C ca -q --json needs-renewal broker | sed 's/.*"due_at":"\([^"]*\)".*/\1/')
due=$(date -d "$due" +%s)
cg --json --at "$due" doctor --config late.conf --user "$me" >out 2>err
says_not renewal_due
cg --json --at $((due + 86400)) doctor --config late.conf --user "$me" >out 2>err
found renewal_due
ok cg -q -C brief init --no-passphrase --name Brief --lifetime 60d
echo "{\"trust\": {\"anchors\": \"$work/brief/ca.pem\"}}" >brief.json
sed "s|$work/policy.json|$work/brief.json|" good.conf >brief.conf
expect 3 cg --json doctor --config brief.conf --user "$me"
found anchor_ends

# ---- the difference shown is that of "diff -u" ----
old='tls_version tlsv1'
{
    echo "$old"
    seq -f '# %g' 1 4
    printf '%s\n%s\n# between\n%s\n' "$old" "$old" "$old"
    seq -f '# %g' 1 6
    echo "$old"
    seq -f '# %g' 1 7
    echo "$old"
    seq -f '# %g' 1 20
    echo "$old"
    echo '# and an end without a line end' | tr -d '\n'
} >many.conf
cp many.conf many.kept
expect 3 cg doctor --config many.conf --user "$me" --fix --yes
diff -u many.kept many.conf | sed -e '1,2d' -e '/^\\ No newline/d' >many.diff
sed -n '/^@@/,$p' err | grep '^[-+ @]' >many.shown
cmp many.diff many.shown || fail "another difference was shown: $(diff many.diff many.shown)"
cp many.kept many.conf
expect 1 env PATH="$work/none" "$CERTGUARD" doctor --config many.conf --user "$me" --fix --yes
says "cannot run diff, which shows the changes: No such file or directory. Nothing was changed."
cmp many.kept many.conf || fail "changed without being shown"

# ---- include_dir is followed only in the main file; unreadable files are errors; everything is limited ----
mkdir inc inc2
cp bad.kept inc/a.conf
echo "include_dir $work/inc" >main.conf
expect 3 cg doctor --config main.conf --user "$me"
says 'inc/a.conf:5: tls_version tlsv1'
printf 'include_dir %s\ntls_version tlsv1\n' "$work/inc2" >inc/b.conf
echo 'tls_version tlsv1.1' >inc2/c.conf
expect 3 cg doctor --config main.conf --user "$me"
says 'inc/b.conf:2: tls_version tlsv1'
says 'inc/b.conf:1: include_dir'
says include_nested && echo include_nested >>seen
grep -q 'inc2/c.conf' out && fail "a folder inside a folder was followed"
printf 'include_dir %s\n' "$work/inc" >inc/b.conf # itself
expect 3 cg doctor --config main.conf --user "$me"
rm inc/b.conf
bad_include() # WORDS
{
    expect 1 cg doctor --config main.conf --user "$me"
    says "$1"
    rm -rf inc/b.conf
}
ln -s b.conf inc/b.conf && bad_include 'inc/b.conf'        # a link to itself
ln -s nowhere inc/b.conf && bad_include 'symbolic link'    # to nothing
mkfifo inc/b.conf && bad_include 'expected a regular file' # it has no writer
mkdir inc/b.conf && bad_include 'found a folder'
printf 'listener 1\0883\n' >inc/b.conf && bad_include 'b.conf:1: expected text, found a NUL byte'
head -c 1100000 /dev/zero | tr '\0' a >inc/b.conf && bad_include 'expected at most 1048576 bytes'
yes 'log_type all' | head -n 20001 >inc/b.conf && bad_include 'more than 20000 settings'
echo "include_dir $work/loop" >main.conf
ln -s loop loop && bad_include 'main.conf:1: '
mkdir many && (cd many && seq -f '%g.conf' 1 1001 | xargs touch)
echo "include_dir $work/many" >main.conf && bad_include 'more than 1000 configuration files'
{ # a long comment, and CR LF line ends
    printf 'listener 8883\r\n#'
    head -c 1000000 /dev/zero | tr '\0' x
    printf '\r\ntls_version tlsv1\r\n'
} >long.conf
expect 3 cg doctor --config long.conf --user "$me"
says 'long.conf:3: tls_version tlsv1'
{ # a long value
    printf 'log_dest file '
    head -c 1000000 /dev/zero | tr '\0' x
    printf '\ntls_version tlsv1\n'
} >long.conf
expect 3 cg doctor --config long.conf --user "$me"
says 'long.conf:2: tls_version tlsv1'
expect 1 cg doctor --config none.conf
expect 1 cg doctor --config good.conf --user nobody-of-this-name
# ---- every rule was found once. test/broker/doctor.sh has the rules on a running broker, test/broker/restored_ca.sh
# ---- that on CRL numbers ----
ok cg -q doctor --rules
cut -d' ' -f1 out | while read -r id; do
    case $id in hook_not_effective | let_in_without_certificate | served_other | events_silent | crl_number_low) continue ;; esac
    grep -qx "$id" seen || [ "$me" != root ] || fail "the rule $id was never found"
done || exit 1
ok cg --json doctor --rules
echo "done"
