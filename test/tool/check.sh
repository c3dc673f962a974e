#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# check: the plugin's verdict as exit code, words and JSON; the batch form with good, bad and endless lines.
. "$(dirname "$0")/lib.sh"

ok cg -C home init --name "Home CA" --no-passphrase
ok cg -C home issue broker broker.example --san dns:broker.example --san ip:192.0.2.1
ok cg -C home issue client dev1
ok cg -C home issue client dev2
ok cg -C other init --name "Other CA" --no-passphrase
root=home/ca/cert.pem
dev1=home/live/dev1/cert.pem
broker=home/live/broker.example/fullchain.pem

# accepted, and rejected with the code, the fix and the RFC
ok cg check --purpose client --trust $root $dev1
says '^accept ok'
expect 3 cg check --purpose client --trust other/ca/cert.pem $dev1
says '^reject untrusted'
says 'Fix: '
expect 3 cg check --purpose server --trust $root $dev1
says '^reject wrong_purpose'
says 'See: RFC 5280 4.2.1.12'
ok cg check --purpose server --trust $root --host broker.example $broker
ok cg check --purpose server --trust $root --host 192.0.2.1 $broker
expect 3 cg check --purpose server --trust $root --host wrong.example $broker
says '^reject host_mismatch'
says 'Fix: .*--san'
says_not 'server.names'

# time, in each of its forms
expect 3 cg check --trust $root --at +4000d $dev1
expect 3 cg check --trust $root --at 2049-12-31T23:59:59Z $dev1
says 'expired'
expect 3 cg check --trust $root --at 1 $dev1
says 'not_yet_valid'
expect 3 cg check --trust $root --at -30d $dev1
ok cg check --trust $root --at +1d $dev1
expect 64 cg check --trust $root --at tomorrow $dev1

# revocation: the CRL decides as soon as it is named
ok cg check --trust $root --crl home/crl.pem $dev1
ok cg -C home revoke dev1 --reason keyCompromise
ok cg check --trust $root $dev1
expect 3 cg check --trust $root --crl home/crl.pem $dev1
says '^reject revoked'
expect 1 cg check --trust $root --crl $dev1 $dev1
expect 3 cg check --trust $root --trust other/ca/cert.pem --crl other/crl.pem $dev1
says '^reject crl_missing'

# a policy: its rules, its trust beside it, its modes
cat >policy.json <<END
{"trust": {"anchors": "$root"}, "client": {"max_lifetime": "30d"}}
END
expect 3 cg check --policy policy.json $dev1
says '^reject lifetime_too_long'
cat >audit.json <<END
{"trust": {"anchors": "$root"}, "client": {"max_lifetime": "30d", "rules": {"lifetime_too_long": "audit"}}}
END
ok cg check --policy audit.json $dev1
says 'audit only: lifetime_too_long'
echo '{"trust": {"anchors": "ca.pem"}, "clinet": {}}' >typo.json
expect 1 cg check --policy typo.json $dev1
says 'clinet'

# the trust of the broker's own certificate, of another CA, holds for that alone; the CRLs of clients are none of it
ok cg -C other issue broker public.example --san dns:public.example
ok cg -C other issue client stranger
ok cg -C home crl
public=other/live/public.example/fullchain.pem
cat >own.json <<END
{"trust": {"anchors": "$root", "crls": "home/crl.pem"}, "server": {"trust": {"anchors": "other/ca/cert.pem"}}}
END
ok cg check --purpose server --policy own.json $public
expect 3 cg check --purpose server --policy own.json $broker
says '^reject untrusted'
ok cg check --purpose client --policy own.json home/live/dev2/cert.pem
expect 3 cg check --purpose client --policy own.json other/live/stranger/cert.pem
says '^reject untrusted'
expect 3 cg check --purpose bridge --policy own.json $public
says '^reject untrusted'
ok cg check --purpose server --policy own.json --crl other/crl.pem $public
ok cg check --purpose client --policy own.json --crl home/crl.pem home/live/dev2/cert.pem
mkdir mixed
cp $public mixed/broker.pem
cp home/live/dev2/cert.pem mixed/dev2.pem
ok cg check --policy own.json mixed
ok cg check --policy own.json mixed --crl home/crl.pem --crl other/crl.pem
expect 1 cg check --policy own.json mixed --crl $dev1
cp other/live/stranger/cert.pem mixed/stranger.pem
expect 3 cg --json check --policy own.json mixed
says '"checked":3,.*"refused":1'
{
    printf '{"id":"own","purpose":"server","leaf":"%s"}\n' "$public"
    printf '{"id":"dev2","purpose":"client","leaf":"home/live/dev2/cert.pem"}\n'
    printf '{"id":"stranger","purpose":"client","leaf":"other/live/stranger/cert.pem"}\n'
} >own.jsonl
expect 3 cg check --policy own.json --batch own.jsonl
[ "$(cat out)" = "own accept ok
dev2 accept ok
stranger reject untrusted" ] || fail "the lines and server.trust"

# every rule with its result; JSON alone on standard output
expect 3 cg check --policy policy.json --explain $dev1
says '  lifetime_too_long  *failed'
says '  expired  *passed'
expect 3 cg check --policy policy.json --explain --json $dev1
grep -q '"reason":"lifetime_too_long"' out || fail "no reason in the JSON"
grep -q '{"rule":"lifetime_too_long","result":"failed"' out || fail "no rules in the JSON"
[ "$(wc -l <out)" = 1 ] || fail "more than one line of JSON"

# wrong use
expect 64 cg check
expect 64 cg check $dev1
expect 64 cg check --batch x.jsonl $dev1
expect 1 cg check --trust $root nothing.pem
expect 1 cg check --trust nothing.pem $dev1
echo garbage >garbage.pem
expect 1 cg check --trust $root garbage.pem

# --- batch ---
pem()
{
    awk '{ printf "%s\\n", $0 }' "$1"
}
case_of()
{
    printf '{"id":"%s","purpose":"%s","leaf":"%s","roots":["%s"]%s}\n' "$1" "$2" "$(pem "$3")" "$(pem $root)" "${4:-}"
}
dev2=home/live/dev2/cert.pem
{
    case_of good client $dev2
    case_of "wrong purpose" server $dev2
    case_of later client $dev2 ',"time":2524607999'
    case_of named server home/live/broker.example/cert.pem ',"peer_name":{"kind":"DNS","value":"broker.example"}'
    case_of misnamed server home/live/broker.example/cert.pem ',"peer_name":{"kind":"DNS","value":"else.example"}'
    case_of revoked client $dev1 ",\"crls\":[\"$(pem home/crl.pem)\"]"
    case_of foreign-crl client $dev2 ",\"crls\":[\"$(pem other/crl.pem)\"]"
    echo "{\"id\":\"files\",\"leaf\":\"$dev2\",\"roots\":\"$root\",\"crls\":[\"home/crl.pem\"]}"
    printf '%s\n' '{"id":"unreadable","leaf":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n","roots":"'$root'"}'
} >good.jsonl
expect 3 cg check --batch good.jsonl
cat >want <<'END'
good accept ok
wrong purpose reject wrong_purpose
later reject expired
named accept ok
misnamed reject host_mismatch
revoked reject revoked
foreign-crl reject crl_missing
files accept ok
unreadable reject malformed
END
diff want out >&2 || fail "the answers of the batch differ"
head -n 1 good.jsonl >one.jsonl
ok cg check --batch one.jsonl
ok sh -c '"$CERTGUARD" check --batch - <one.jsonl' # a redirection of ok is not the command's
says "^good accept ok"
expect 3 cg check --json --batch good.jsonl
[ "$(grep -c '"decision":' out)" = 9 ] || fail "JSON: one object for each line"
# lines without roots take the trust of the command line
echo "{\"id\":\"a\",\"leaf\":\"$dev2\"}" >noroots.jsonl
ok cg check --trust $root --batch noroots.jsonl
expect 1 cg check --batch noroots.jsonl
says 'noroots.jsonl:1: "roots"'

# bad lines are named by number and do not hide the good ones
{
    echo '{"id":"x"}'
    echo 'not json'
    echo '{"id":"two","leaf":"missing.pem","roots":"'$root'"} trailing'
    echo
    cat one.jsonl
    echo '{"id":"m","leaf":"missing.pem","roots":"'$root'"}'
    echo '{"id":"p","purpose":"fly","leaf":"'$dev2'","roots":"'$root'"}'
    echo '{"id":"t","time":1.5,"leaf":"'$dev2'","roots":"'$root'"}'
    echo '{"id":"o","policy":{"initial":["no oid"]},"leaf":"'$dev2'","roots":"'$root'"}'
    echo '[]'
} >bad.jsonl
expect 1 cg check --batch bad.jsonl
[ "$(cat out)" = "good accept ok" ] || fail "the good line was not answered"
for n in 1 2 3 6 7 8 9 10; do
    says "bad.jsonl:$n: "
done
says 'missing.pem'
# a line without an end is cut at the limit, and the next one is read
{
    printf '{"id":"'
    head -c 5000000 /dev/zero | tr '\0' a
    echo '"}'
    cat one.jsonl
} >long.jsonl
expect 1 cg check --batch long.jsonl
says 'long.jsonl:1: the line is longer than 4 MiB'
[ "$(cat out)" = "good accept ok" ] || fail "the line after the long one was not answered"
expect 1 cg check --batch nothing.jsonl
