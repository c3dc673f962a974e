#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# With --json every verb of the CA writes one JSON value to standard output and nothing else, whatever comes of it, also in
# a dry run and for wrong use.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip "no python3"

# json CODE ARGUMENTS...
json()
{
    expected=$1
    shift
    expect "$expected" cg --json "$@"
    python3 -c 'import json, sys; json.load(open(sys.argv[1]))' out 2>>err || fail "no JSON: certguard --json $*"
}

json 0 -C ca -n init --no-passphrase
json 0 -C ca init --no-passphrase
json 1 -C ca init --no-passphrase
json 0 -C ca issue broker b.lan
json 0 -C ca issue client c
json 1 -C ca issue client c
json 0 -C ca -n issue client d
echo many >many
json 0 -C ca issue client --batch many
json 0 -C ca -n issue client --batch many
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout s.key -out s.csr -subj /CN=signed 2>/dev/null
json 0 -C ca sign s.csr
json 1 -C ca sign nothing.csr
json 0 -C ca list --all
json 0 -C ca list --revoked
json 0 -C ca crl
json 0 -C ca -n crl
json 0 -C ca crl --refresh-if 50%
json 0 -C ca -n revoke c
json 0 -C ca revoke c
json 0 -C ca revoke c
json 1 -C ca revoke nobody
json 0 -C ca renew b.lan
json 0 -C ca -n renew b.lan
json 0 -C ca renew --all --due
json 1 -C ca renew nobody
json 0 -C ca -n deploy b.lan --to etc
json 0 -C ca deploy b.lan --to etc
json 0 -C ca deploy b.lan --rollback
json 0 -C ca -n rotate b.lan
json 1 -C ca rotate b.lan --connect 127.0.0.1:1 --timeout 1
json 0 -C ca -n backup ca.tar
json 0 -C ca backup ca.tar
json 3 -C two -n import ca
json 0 -C two import ca --no-passphrase
json 0 -C ca inspect b.lan
json 1 inspect nothing
json 0 lint ca/ca.pem
json 0 lint --rules

# every finding has the same members, whichever verb reports it
pki "small: ca key=rsa1024 ku=none"
printf 'listener 8883\ncafile small.pem\ncertfile small.pem\nkeyfile small.key\ntls_version tlsv1\n' >broker.conf
for verb in "3 lint small.pem" "0 inspect small.pem" "3 doctor --config broker.conf" "0 lint --rules" "0 doctor --rules"; do
    json $verb
    python3 - out <<'END' || fail "$verb: a finding has other members"
import json, sys
found = json.load(open(sys.argv[1]))
rows = found["findings"] if isinstance(found, dict) else found[0].get("findings", found)
assert rows
for row in rows:
    assert {"id", "severity", "why", "ref", "fix"} <= set(row) <= {
        "id", "severity", "why", "detail", "ref", "fix", "file", "line", "object"}, row
END
done
json 1 -C ca needs-renewal b.lan
json 2 -C ca needs-renewal nobody
json 64 -C ca issue
json 64 no-such-verb
echo "done"
