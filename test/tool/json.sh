#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# With --json every verb writes one JSON value to standard output and nothing else (log: one a line), whatever comes of it,
# also in a dry run and for wrong use. It is as docs/tool.schema.json says. A new verb needs a definition there and a line here.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip "no python3"
schema=$here/../../docs/tool.schema.json

# verb_of ARGUMENTS...: the first that is no option
verb_of()
{
    while [ $# -gt 0 ]; do
        case $1 in
        -C) shift ;;
        -*) ;;
        *) echo "$1" && return ;;
        esac
        shift
    done
}

# json CODE ARGUMENTS...
json()
{
    expected=$1
    shift
    expect "$expected" cg --json "$@"
    verb=$(verb_of "$@")
    python3 "$here/schema.py" "$schema" "$verb" out 2>>err || fail "not as the schema says: certguard --json $*"
    echo "$verb" >>verbs
}

json 0 -C ca -n init --no-passphrase
json 0 -C ca init --no-passphrase
json 1 -C ca init --no-passphrase
json 0 -C ca issue broker b.lan
json 0 -C ca issue client c
cp out c.json
json 1 -C ca issue client c
json 0 -C ca -n issue client d
echo many >many
json 0 -C ca issue client --batch many
json 0 -C ca -n issue client --batch many
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout s.key -out s.csr -subj /CN=signed 2>/dev/null
json 0 -C ca sign s.csr
json 1 -C ca sign nothing.csr
mkdir -p spool/requests
openssl ecparam -name prime256v1 -genkey -noout -out c.key
"$CG_REQUEST" spool ca/live/signed/cert.pem s.key c.key spool/requests >id || fail "no request was made"
json 3 -C ca requests --spool spool
json 0 -C ca -n --at=+200d requests --spool spool --sign --all
json 3 -C ca requests --spool spool --sign --all
json 64 -C ca requests
json 0 -C ca list --all
json 0 -C ca list --revoked
cp -a ca fetched
by_request fetched c 0001 ',"confirmed":"2026-11-21T00:00:00Z"'
json 0 -C fetched list c
says '"renewal":{"id"'
json 0 -C fetched show c
echo '{' >fetched/archive/c/0001/renewal.json
json 0 -C fetched list c
json 0 -C ca show b.lan
json 1 -C ca show nobody
json 0 -C ca crl
json 0 -C ca -n crl
json 0 -C ca crl --refresh-if 50%
json 0 -C ca -n revoke c
json 0 -C ca revoke c
json 0 -C ca revoke c
json 1 -C ca revoke nobody
json 1 -C ca revoke c nobody
json 0 -C ca revoke --batch many --reason superseded
json 64 -C ca revoke
json 0 -C ca renew b.lan
json 0 -C ca -n renew b.lan
json 0 -C ca renew --all --due
json 0 -C ca issue client old --org A/CN=b
json 0 -C ca renew old
json 0 -C ca renew old
json 0 -C ca -n prune --older-than 0d
json 0 -C ca prune --older-than 0d
grep -q '"generation":1' out || fail "nothing was pruned"
json 0 -C ca show old
json 0 -C ca list --all
json 1 -C ca renew nobody
json 1 renew --from 127.0.0.1:1 nowhere
json 0 -C ca -n deploy b.lan --to etc
json 0 -C ca deploy b.lan --to etc
json 0 -C ca deploy b.lan --rollback
json 0 -C ca show b.lan
json 0 -C ca deploy b.lan --hook "echo output of a hook"
json 1 -C ca deploy b.lan nobody
json 1 -C ca deploy b.lan --hook false
json 0 -C ca deploy b.lan --hook ""
json 1 -C ca rotate b.lan nobody --timeout 1
json 0 -C ca -n rotate b.lan
json 1 -C ca rotate b.lan --connect 127.0.0.1:1 --timeout 1
json 0 -C ca -n backup ca.tar
json 0 -C ca backup ca.tar
json 0 -C ca deploy b.lan --forget etc
json 0 -C back -n restore ca.tar
json 0 -C back restore ca.tar
json 1 -C back restore ca.tar
json 0 -C ca -n export b.lan --pem b.pem
json 0 -C ca export b.lan --pem b.pem
json 1 -C ca export nobody --pem b.pem
json 3 -C two -n import ca
json 0 -C two import ca --no-passphrase
json 0 -C ca inspect b.lan
json 0 -C ca config
json 0 -C ca config crl_lifetime
json 0 -C ca -n config crl_lifetime 9d
json 0 -C ca config crl_lifetime 9d
json 0 -C ca config crl_lifetime --unset
json 1 -C ca config crl_lifetime soon
json 64 -C ca config no_such_key
echo correct horse battery >pass && chmod 600 pass
json 0 -C ca -n passwd --new-passphrase-file pass
json 0 -C ca passwd --new-passphrase-file pass
json 0 -C ca passwd --no-passphrase
json 1 -C ca passwd --root --no-passphrase
json 1 inspect nothing
json 0 inspect ca/crl.pem
json 0 inspect ca/live/b.lan/privkey.pem
json 0 lint ca/ca.pem
json 0 lint --rules
json 0 check --purpose server --trust ca/ca.pem --crl ca/crl.pem ca/live/b.lan/fullchain.pem
json 3 check --trust ca/ca.pem --crl ca/crl.pem --explain ca/live/b.lan/fullchain.pem
json 3 check --trust ca/ca.pem --crl ca/crl.pem ca/live
json 0 -C ca check --issued
json 0 -C ca report -o report.html
json 0 version
serial=$(sed -n 's/.*"serial":"\([0-9a-f]*\)".*/\1/p' c.json)
printf '{"ts":"2026-11-23T12:00:00.123Z","event":"handshake_rejected","reason":"revoked","cert":{"depth":0,"subject":"CN=c",%s}}\n' \
    "\"issuer\":\"CN=MQTT CA\",\"serial\":\"$serial\"" >events.jsonl
json 0 log events.jsonl
json 0 log --stats events.jsonl
json 0 -C ca show c --log events.jsonl
grep -q '"rejected":{"time":"2026-11-23T12:00:00.123Z"' out || fail "show does not find the serial number that issue prints"

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
json 0 needs-renewal ca/ca.pem --at +9y
json 0 -C ca needs-renewal --all --at +80d
json 0 -C ca -n install-units --dir units
expect 64 cg --json no-such-verb
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' out || fail "no JSON: certguard no-such-verb"

# every verb was run and is in the schema; status needs a broker (broker/status.sh), and help has no result
ok cg help
sed -n 's/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p' out | grep -vxE 'help|certguard' | sort -u >known
python3 -c 'import json, sys; print(*sorted(json.load(open(sys.argv[1]))["properties"]), sep="\n")' "$schema" >described
python3 - "$schema" <<'END' || fail "the schema is not one"
import json, sys
try:
    import jsonschema
except ImportError:
    sys.exit(0)
jsonschema.Draft202012Validator.check_schema(json.load(open(sys.argv[1])))
END
diff known described >&2 || fail "the schema has other verbs than certguard help"
{ cat verbs && echo status; } | sort -u | diff known - >&2 || fail "a verb was not run"
echo "done"
