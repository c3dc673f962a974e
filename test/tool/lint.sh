#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Runs the openssl commands of a well-known tutorial: lint finds every mistake that is visible in a file. It finds nothing in
# files that certguard makes.
. "$(dirname "$0")/lib.sh"

# found ID: lint reported this rule. found_in FILE ID: for that file
found()
{
    grep -q "\"id\":\"$1\"" "$work/out" || fail "lint did not find $1"
}

found_in()
{
    ok sh -c "tr '{' '\n' <'$work/lint.json' | grep '\"id\":\"$2\"' | grep -q '\"file\":\"[^\"]*$1\"'"
}

. "$(dirname "$0")/tutorial.sh"

expect 3 cg lint --json --severity notice mosquitto
cp out lint.json
found_in MiCA.crt rsa_small              # 1 rsa:1024
found_in MiCA.key key_rsa_small
found_in broker.crt lifetime_long        # 2 3650 days
found_in client.crt lifetime_long
found_in MiCA.key ca_key_in_clear        # 3 -nodes
found_in MiCA.key key_open_to_all
found_in MiCA.crt ca_key_usage_missing   # 4 -extensions v3_ca
found_in MiCA.crt name_blanks            # 5 the subject
found_in MiCA.crt name_email
found_in broker.crt name_host_as_organization
found_in broker.crt san_single_label     # 6 four subjectAltName lines
found_in broker.crt san_lacks_cn
found_in broker.crt policy_example_arc   # 7 certificatePolicies
found_in broker.crt policy_cps
found_in broker.crt policy_notice_ref
found_in broker.crt eku_missing          # 8 no extendedKeyUsage
found_in client.crt not_v3               # 9 no extension file
found_in client.crt serial_counts_up     # 10 serials
found_in MiCA.key ca_key_beside_broker   # 11 cp MiCA.*

# text output: the file, the rule, the fix
expect 3 cg lint client.crt
says 'client.crt: error: .*(not_v3)'
says 'certguard issue'
# --severity decides the exit code
expect 3 cg lint --severity error MiCA.crt
expect 0 cg lint --severity error broker.key
expect 1 cg lint broker.csr
says 'found a request for a certificate'
expect 1 cg lint nothing.crt
says 'nothing.crt'
expect 64 cg lint
expect 64 cg lint --severity bad MiCA.crt

# old certificates, made at run time
expect 3 cg lint --at +4000d broker.crt
says '(expired)'
expect 3 cg lint --at -2d broker.crt
says '(not_yet_valid)'
pki "o: ca key=rsa2048 digest=sha1 cn=old" "old: issuer=o digest=sha1"
expect 3 cg lint --severity notice o.pem
says '(root_weak_digest)'
says_not '(weak_digest)' # a root's own signature is not checked
expect 3 cg lint old.pem
says '(weak_digest)'
pki "s: ca serial=1" "zero: issuer=s serial=0" "short: issuer=s serial=77"
expect 3 cg lint zero.pem
says '(serial_not_positive)'
expect 3 cg lint short.pem
says '(serial_short)'
# the same subject for the CA and for the broker: not a CA, and not self-signed
pki "h: ca cn=home" "same: issuer=h cn=home version=1"
expect 3 cg lint same.pem
says '(named_as_its_ca)'
says_not ca_ski_missing
expect 3 cg check --purpose server --trust h.pem same.pem
says 'reject untrusted'
says 'need different names'
ok cg inspect same.pem
says_not 'self signed'
# a malformed constraint
pki "nc: ca issuer=h nc=critical,permitted;URI:https://home.example"
expect 3 cg lint nc.pem
says 'uri:https://home.example'
says '(name_constraints_malformed)'
# an old encryption format, and a bundle in the wrong order
ok openssl rsa -in broker.key -traditional -aes128 -passout pass:secret -out old.key
expect 3 cg lint old.key
says '(key_old_cipher)'
cat MiCA.crt broker.crt >bundle.pem
expect 3 cg lint bundle.pem
says '(chain_order)'
# DER, and bytes of no known format
ok openssl x509 -in client.crt -outform der -out client.der
expect 3 cg lint client.der
head -c 100 client.der >cut.der
expect 1 cg lint cut.der

# basicConstraints decide whether lint treats a certificate as a CA, not its keyUsage
pki "no-sign: ca ku=critical,cRLSign"
expect 3 cg lint no-sign.pem
says '(ca_key_usage_no_sign)'
grep -q '(san_missing)\|(eku_missing)\|(self_signed_leaf)' out && fail "a CA is treated as an end entity"
# text in a certificate cannot control the terminal
pki 'red: bare san=dns:\x1b[31mred'
for verb in "lint" "lint --json" "inspect" "inspect --json"; do
    cg $verb red.pem >out 2>&1
    grep -q '31mred' out || fail "$verb does not show the name"
    grep -q "$(printf '\033')\|u001b" out && fail "$verb shows a control character"
done
# nor can a file name: ESC, CSI, a byte that is not UTF-8, a line end, a change of direction
odd=$(printf 'odd\033[31m\302\233m\377\n\342\200\256.crt')
cp red.pem "$odd"
for verb in "lint" "lint --json" "inspect" "inspect --json" "check --trust red.pem" "check --json --trust red.pem" "crl --from" \
    "needs-renewal" "list -C" "log"; do
    for file in "$odd" "no$odd"; do
        cg $verb "$file" >out 2>&1
        grep -qP '\x1b|\xc2\x9b|\xff|\xe2\x80\xae' out && fail "$verb shows a control character of a file name"
        grep -q '^.\?.\?.\?\.crt' out && fail "$verb: a file name begins a line"
    done
done
cg lint --json "$odd" >out
iconv -f UTF-8 -t UTF-8 out >/dev/null || fail "the JSON is not UTF-8"
grep -qF '\u001b[31m\u009bm\\xff\n\u202e.crt' out || fail "the JSON does not name the file"

# a CRL without a number, and one that has expired
pki "crl: crl issuer=o number=none days=0..1"
expect 3 cg lint crl.pem
says '(crl_number_missing)'
expect 3 cg lint --at +3d crl.pem
says '(crl_expired)'
# the full CRL of an expired delta stays in use
pki "delta: crl issuer=o number=2 delta=1 days=0..1"
expect 3 cg lint --at +3d delta.pem
says '(crl_delta_expired)'
says_not '(crl_expired)'

# lint reports what the plugin rejects at load
pki "crl: crl issuer=o number=none ext=critical,2.5.29.20=020103"
expect 3 cg lint crl.pem
says 'cRLNumber must not be critical'
says '(crl_criticality)'
pki "crl: crl issuer=o ext=2.5.29.28=30038101ff"
expect 3 cg lint crl.pem
says '(crl_scope_not_critical)'

# every rule has a unique id
ok cg lint --rules --json
[ "$(tr '{' '\n' <out | grep -c '"id"')" -gt 80 ] || fail "the list of rules is too short"
tr '{' '\n' <out | sed -n 's/.*"id":"\([^"]*\)".*/\1/p' | sort | uniq -d | grep . && fail "a rule id occurs twice"

# files that certguard makes have no findings
umask 077
ok cg -C home init --name "Home CA" --no-passphrase
ok cg -C home issue broker broker.example --san dns:broker.example --san ip:192.0.2.1
ok cg -C home issue client dev1
ok cg lint --severity warning home/live/broker.example/fullchain.pem home/live/dev1/cert.pem home/ca/cert.pem
ok cg lint --severity warning home/crl.pem
ok cg -C home revoke dev1
ok cg lint --severity warning home/crl.pem # thisUpdate is backdated a little, the revocation is not

ok cg -C plant init --name "Plant CA" --no-passphrase --intermediate
ok cg lint plant/crl.pem plant/ca.pem plant/ca/cert.pem # the root's CRL is valid for a year: its key is offline
ok cg -C plant crl --lifetime 60d
ok cg -C plant crl --root --lifetime 800d
expect 3 cg lint plant/crl.pem
says crl_lifetime_very_long

# inspect: subject, purpose, validity, oddities
ok cg inspect home/live/dev1/cert.pem
says 'subject .*CN=dev1'
says 'client (clientAuth)'
says 'not after'
ok cg inspect broker.crt
says '^  [a-z]*  .*extendedKeyUsage'
ok cg -C home inspect dev1
says 'subject .*CN=dev1'
expect 1 cg inspect nothing.crt
expect 64 cg inspect

# needs-renewal: systemd's exit codes
expect 1 cg -C home needs-renewal broker.example
expect 0 cg -C home --at +70d needs-renewal broker.example
expect 1 cg needs-renewal home/live/broker.example/cert.pem
expect 2 cg -C home needs-renewal nobody
expect 255 cg needs-renewal broker.csr
expect 255 cg needs-renewal
