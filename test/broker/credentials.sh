#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A listener with two credentials, EC and RSA: each client gets the one that it supports, each is rotated, reloaded and reported
# separately, and a bad one never holds back the other.
. "$(dirname "$0")/lib.sh"
begin
tls=$(free_port)
export CERTGUARD_DIR="$scratch/home"
is() { if [ "$2" = "$3" ]; then echo "ok: $1"; else fail "$1: '$2' is not '$3'"; fi; }
serial() { openssl x509 -in "$1" -noout -serial; }
serial_of() { serial "$1" | sed 's/serial=0*//' | tr 'A-F' 'a-f'; }
# served TYPE VERSION: the serial number that the broker serves to a client that supports nothing else
served() {
    case $1 in
    ec) set -- "-$2" -sigalgs ECDSA+SHA256 ;;
    rsa) set -- "-$2" -sigalgs RSA-PSS+SHA256:RSA+SHA256 ;;
    rsa_suites) set -- "-$2" -cipher ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384 ;;
    both) set -- "-$2" -sigalgs RSA-PSS+SHA256:ECDSA+SHA256 ;; # it prefers RSA, but the broker chooses
    esac
    openssl s_client -connect "127.0.0.1:$tls" -CAfile ca.pem "$@" </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null
}
now_served() { [ "$(served "$1" tls1_3)" = "$2" ]; }
# all_served TITLE: each client gets what the two folders contain
all_served() {
    for version in tls1_2 tls1_3; do
        is "$1: a client that supports both, $version" "$(served both $version)" "$(serial ec/cert.pem)"
        is "$1: a client that supports EC alone, $version" "$(served ec $version)" "$(serial ec/cert.pem)"
        is "$1: a client that supports RSA alone, $version" "$(served rsa $version)" "$(serial rsa/cert.pem)"
    done
    is "$1: a client with RSA cipher suites alone" "$(served rsa_suites tls1_2)" "$(serial rsa/cert.pem)"
}
# says TITLE CODE WORDS ARGUMENTS...
says() {
    title=$1 code=$2 words=$3
    shift 3
    "$CG_TOOL" "$@" >out 2>err
    got=$?
    if [ "$got" = "$code" ] && grep -q -- "$words" out err; then echo "ok: $title"; else
        fail "$title: exit $got, no '$words' in: $(cat out err)"; fi
}

# a CA with an RSA key, so that a client without EC can verify its certificates
certguard init --no-passphrase --name Home --key-type rsa3072
certguard issue broker broker.lan --san dns:localhost --san ip:127.0.0.1 --lifetime 20d
certguard issue broker broker-rsa.lan --san dns:localhost --san ip:127.0.0.1 --key-type rsa3072 --lifetime 10d
certguard issue client boss
certguard issue client old --key-type rsa3072
certguard deploy broker.lan --to "$scratch/ec" --connect "127.0.0.1:$tls"
certguard deploy broker-rsa.lan --to "$scratch/rsa" --connect "127.0.0.1:$tls"
for name in boss old; do
    cp "home/live/$name/fullchain.pem" $name.pem
    cp "home/live/$name/privkey.pem" $name.key
done
cp home/ca.pem ca.pem
pair() { printf '{"chain": "%s/fullchain.pem", "key": "%s/privkey.pem"}' "$1" "$1"; }
# policy CREDENTIAL [MEMBERS]
policy() {
    printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "events.jsonl", "burst": 1000, "accepted": true},
        "server": {"max_lifetime": "30d"}, "admin": [{"sha256": "%s"}], "credential": %s%s}\n' "$(sha256 boss)" "$1" "${2:-}" >policy.new
    mv policy.new policy.json
}
both="[$(pair ec), $(pair rsa)]"
{
    plugin_lines
    printf 'sys_interval 1\nlistener %s 127.0.0.1\ncafile %s/ca.pem\ncertfile %s/ec/fullchain.pem\nkeyfile %s/ec/privkey.pem\n' \
        "$tls" "$scratch" "$scratch" "$scratch"
    printf 'user %s\n' "$(id -un)"
} >broker.conf

# a client that supports RSA alone, and TLS 1.2 at most
printf '%s\n' 'openssl_conf = init' '[init]' 'ssl_conf = modules' '[modules]' 'system_default = old' '[old]' \
    'MaxProtocol = TLSv1.2' 'CipherString = ECDHE-RSA-AES128-GCM-SHA256' 'SignatureAlgorithms = RSA+SHA256' >old.cnf

# --- what the broker does not start with ---
cp -rL ec ec2
policy "[$(pair ec), $(pair ec2)]"
# shellcheck disable=SC2086 # the words of the wrapper
start_refused "two of one key type" "ec2/fullchain.pem: the key type is EC, as in .*ec/fullchain.pem" ${CG_MOSQUITTO_WRAPPER:-} "$mosquitto"
policy "[]"
# shellcheck disable=SC2086 # the words of the wrapper
start_refused "an empty array" 'credential: expected an object { ... } or an array of 1 to 8 objects' ${CG_MOSQUITTO_WRAPPER:-} "$mosquitto"
policy "[$(pair ec), $(pair none)]"
# shellcheck disable=SC2086 # the words of the wrapper
start_refused "a second one that is not there" 'none/fullchain.pem: no such file' ${CG_MOSQUITTO_WRAPPER:-} "$mosquitto"

# --- each client gets the one that it supports ---
for policy in "$both" "[$(pair rsa), $(pair ec)]"; do
    policy "$policy"
    rm -f events.jsonl
    start_broker
    all_served "$(echo "$policy" | sed 's/.*"\(.*\)\/privkey.*/\1 last/')"
    expect "a client of today gets in" in boss "$tls" today
    expect_event "with the EC certificate" 'handshake_accepted\t.*CN=boss.*' event cert.subject
    export OPENSSL_CONF="$scratch/old.cnf"
    expect "an old client gets in" in old "$tls" old
    unset OPENSSL_CONF
    expect_event "with the RSA certificate" 'handshake_accepted\tECDHE-RSA-AES128-GCM-SHA256\t.*CN=old' event tls.cipher cert.subject
    stop_broker
done
policy "$both"
rm -f events.jsonl
start_broker
openssl s_client -connect "127.0.0.1:$tls" -CAfile ca.pem -tls1_3 -sigalgs ed25519 </dev/null >out 2>&1
expect_event "a client that supports neither is told so" 'no_common_signature\t.*RSA or EC' reason detail

# --- reports ---
# The numbers are sent every 10 s.
# shellcheck disable=SC2016
mosquitto_sub -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert boss.pem --key boss.key -i sys -v \
    -t '$SYS/broker/certguard/expiry/credential/#' >sys.out 2>sys.err &
sys=$!
at_end "kill $sys 2>/dev/null"
for line in 'default \(9\|10\)' 'default/EC \(19\|20\)' 'default/RSA \(9\|10\)'; do
    # shellcheck disable=SC2016
    if wait_for sys.out '^$SYS/broker/certguard/expiry/credential/'"$line"'$'; then echo "ok: \$SYS: $line"; else
        fail "\$SYS: no '$line' in $(cat sys.out sys.err)"; fi
done
status() {
    title=$1 words=$2
    shift 2
    says "$title" 0 "$words" status "127.0.0.1:$tls" --cafile ca.pem --cert boss.pem --key boss.key "$@"
}
status "status names the EC certificate" '"key_type":"EC","file":".*/ec/fullchain.pem"' --json
status "and the RSA certificate" '"key_type":"RSA","file":".*/rsa/fullchain.pem"' --json
status "in words, too" '^Broker  .*CN=broker-rsa.lan .*, key type RSA$'
expect_event "the RSA certificate alone is due" 'expiry_warning\t.*/rsa/fullchain.pem' event file
doctor() {
    "$CG_TOOL" --json doctor --config "${1:-broker.conf}" --user "$(id -un)" --connect "127.0.0.1:$tls" >out 2>err
}
doctor
if grep -q served_other out; then fail "doctor finds another certificate: $(cat out)"; else echo "ok: doctor finds both served"; fi

# --- one of two is rotated, and proven by itself ---
ec=$(serial ec/cert.pem) rsa=$(serial rsa/cert.pem)
cp -rL rsa before
says "the RSA certificate is rotated" 0 "serves it" rotate broker-rsa.lan --timeout 20
[ "$(serial rsa/cert.pem)" != "$rsa" ] || fail "the RSA certificate is the old one"
is "the EC certificate is not" "$(serial ec/cert.pem)" "$ec"
expect_event "the event names the file" 'credential_loaded\t.*/rsa/fullchain.pem\tserial number .* (previously ' event file detail
says "the EC certificate is rotated" 0 "serves it" rotate broker.lan --timeout 20
all_served "after two rotations"
sed 's/"rsa\//"before\//g' policy.json >before.json
sed 's/policy\.json/before.json/' broker.conf >before.conf
doctor before.conf
if grep -q "serial number $(serial_of rsa/cert.pem), the file contains $(serial_of before/cert.pem)" out; then
    echo "ok: doctor finds that the RSA certificate is another one"
else fail "doctor: $(cat out err)"; fi
rsa=$(serial rsa/cert.pem)
says "one that the policy refuses goes back" 1 "was restored" rotate broker-rsa.lan --lifetime 60d --timeout 3
is "and the old one is deployed" "$(serial rsa/cert.pem)" "$rsa"
all_served "after a failed rotation"

# --- a bad one does not hold back the other ---
rsa=$(serial rsa/cert.pem)
echo garbage >garbage.pem
rm rsa/fullchain.pem
cp garbage.pem rsa/fullchain.pem
expect_event "the bad one is reported" 'snapshot_rejected\tcredential_invalid\t.*rsa/fullchain.pem: .*PEM' event reason detail
says "the good one is rotated" 0 "serves it" rotate broker.lan --timeout 20
is "the old state of the bad one is served" "$(served rsa tls1_3)" "$rsa"
status "status names the part" 'not updated: .*rsa/fullchain.pem'
certguard deploy broker-rsa.lan
nothing_kept() {
    "$CG_TOOL" --json status "127.0.0.1:$tls" --cafile ca.pem --cert boss.pem --key boss.key 2>&1 | grep -q '"kept":\[\]'
}
if until_true nothing_kept; then echo "ok: it is corrected"; else fail "a part is still kept"; fi
all_served "after the correction"

# --- changes of the policy ---
policy "[$(pair ec), $(pair ec2)]"
expect_event "a second EC certificate is not served" 'ec2/fullchain.pem: the key type is EC' detail
is "the EC certificate is" "$(served both tls1_3)" "$(serial ec/cert.pem)"
policy "$(pair ec)"
until_true now_served rsa "" || fail "the RSA certificate is still served"
echo "ok: one that the policy no longer names is not served"
# shellcheck disable=SC2016
if wait_for sys.out '^$SYS/broker/certguard/expiry/credential/default/RSA (null)$'; then echo "ok: its topic is removed"; else
    fail "\$SYS: $(cat sys.out)"; fi
policy "$both"
until_true now_served rsa "$(serial rsa/cert.pem)" || fail "the RSA certificate is not served again"
expect_event "a further one" '(previously none with the key type RSA)' detail
all_served "named again"
policy "$(pair ec)" ", \"listeners\": [{\"port\": $tls, \"credential\": $both}]"
expect_event "in a listener" 'snapshot_loaded\tpolicy: .*listeners' event detail
all_served "of a listener"
doctor
if grep -q served_other out; then fail "doctor finds another certificate: $(cat out)"; else echo "ok: doctor, by port"; fi
