#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# More requests than one change of the CA has: faulty ones among them hold back no other, a name with two certificates is signed once
# in a run, all confirmations are recorded, and all old certificates are retired in one CRL.
. "$(dirname "$0")/lib.sh"

start=2026-06-01T00:00:00Z
due=2026-06-22T00:00:00Z
spool=$work/spool
at()
{
    time=$1
    shift
    "$CERTGUARD" -C ca --at "$time" requests --spool "$spool" "$@"
}

# count WORD NUMBER: lines of the journal
count()
{
    [ "$(grep -c "\"done\":\"$1\"" ca/journal.jsonl)" = "$2" ] || fail "$(grep -c "\"done\":\"$1\"" ca/journal.jsonl) lines $1, expected $2"
}

mkdir -m 0750 "$spool" "$spool/requests"
ok cg -C ca --at $start init --no-passphrase
seq -f 'dev%03g' 1 300 >names
ok cg -C ca --at $start issue client --batch names --lifetime 30d
ok cg -C ca --at 2026-06-02T00:00:00Z renew dev001
# shellcheck disable=SC2046 # a list of names
"$CG_REQUEST" many ca "$spool/requests" $(cat names) >ids || fail "no requests"
"$CG_REQUEST" spool ca/archive/dev001/0001/cert.pem ca/archive/dev001/0001/privkey.pem ca/live/dev300/privkey.pem "$spool/requests" >twice
"$CG_REQUEST" spool ca/live/dev002/cert.pem ca/live/dev003/privkey.pem ca/live/dev300/privkey.pem "$spool/requests" >forged
: >"$spool/requests/$(printf '%064d' 0).json"
ok cg -C ca --at $due revoke dev150

expect 1 at $due --sign --all
[ "$(grep -c '^Signed' err)" = 299 ] || fail "$(grep -c '^Signed' err) were signed"
[ "$(grep -c 'dev001"' err)" = 1 ] || fail "dev001 was not signed once"
[ "$(grep -l '"certificate"' "$spool/answers/"*.json | wc -l)" = 299 ] || fail "answers"
grep -q renewal_bad_signature "$spool/answers/$(cat forged).json" || fail "the forged one"
consistent ca
expect 1 at $due --sign --all
[ "$(grep -c '^Signed' err)" = 1 ] || fail "the other certificate of dev001 was not signed in the next run"

# shellcheck disable=SC2046
"$CG_REQUEST" used "$spool/requests" $(cat ids)
expect 1 at 2026-06-22T01:00:00Z --sign --all
count renewal_confirmed 299
[ "$(grep -l '"certificate"' "$spool/answers/"*.json | wc -l)" = 1 ] || fail "answers stay"
expect 1 at 2026-06-29T02:00:00Z -q --sign --all --retire revoke
[ "$(grep -c '^R.*superseded' ca/index.txt)" = 299 ] || fail "$(grep -c '^R.*superseded' ca/index.txt) were retired"
consistent ca
echo "done"
