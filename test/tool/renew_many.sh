#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Renewal of more names than one change has: one that fails does not affect the others, what is not due or revoked stays, and
# a certificate that was replaced by hand is seen.
. "$(dirname "$0")/lib.sh"

start=2026-06-01T00:00:00Z
later=2026-06-25T00:00:00Z
serials()
{
    for name in "$@"; do
        openssl x509 -in "ca/live/$name/cert.pem" -noout -serial
    done
}

lines()
{
    [ "$(grep -c . ca/index.txt)" = "$1" ] || fail "index.txt has $(grep -c . ca/index.txt) lines instead of $1"
    [ "$(grep -c '"done":"issued"' ca/journal.jsonl)" = "$1" ] || fail "index.txt and the journal differ"
}

ok cg -C ca --at $start init --no-passphrase
seq -f 'dev%03g' 1 300 >devices
printf 'odd1\nodd2\nodd3\ngone\nlost\n' >>devices
seq -f 'young%g' 1 5 >young
ok cg -C ca --at $start issue client --batch devices --lifetime 30d
ok cg -C ca --at $start issue client --batch young
ok cg -C ca --at $start issue broker broker.lan --lifetime 30d --to etc
ok cg -C ca --at $start issue broker slow.lan --to etc-slow
ok cg -C ca --at $start revoke gone
ok cg -C ca --at $start revoke lost --reason keyCompromise
lines 312

# ---- nothing is due ----
expect 1 cg -C ca --at 2026-06-02T00:00:00Z needs-renewal --all
ok cg -C ca --at 2026-06-02T00:00:00Z --json renew --all --due
says '"renewed":\[\],"failed":\[\],"not_due":312'
lines 312

# ---- a dry run makes all of them and writes nothing ----
serials young1 young5 slow.lan gone lost >before
ok cg -C ca --at $later -n renew --all --due
[ "$(grep -c 'Would renew' err)" = 304 ] || fail "a dry run of $(grep -c 'Would renew' err) renewals"
lines 312

# ---- a damaged certificate and a wrong key ----
head -c 300 ca/archive/odd1/0001/fullchain.pem >ca/archive/odd1/0001/cert.pem
cp ca/archive/odd3/0001/privkey.pem ca/archive/odd2/0001/privkey.pem
ok cg -C ca --at $later --json needs-renewal --all
[ "$(tr ',' '\n' <out | grep -c '\(dev\|odd\|gone\|lost\|broker\)')" = 305 ] || fail "another number is due"
expect 1 cg -C ca --at $later --json renew --all --due --reuse-key
[ "$(grep -o '"generation\|"folder":"archive/[^/]*/0002"' out | wc -l)" = 302 ] || fail "not all others were renewed"
says '"failed":\[{"name":"odd1",.*},{"name":"odd2",.*not the key.*\],"not_due":8'
lines 614
cmp -s ca/archive/odd3/0001/privkey.pem ca/live/odd3/privkey.pem || fail "--reuse-key made a new key"
cmp -s ca/live/broker.lan/cert.pem etc/cert.pem || fail "the broker's new certificate was not deployed"
serials young1 young5 slow.lan gone lost | cmp -s - before || fail "one that was not due, or is revoked, was renewed"
ok cg -C ca --at $later crl
openssl verify -attime 1782345600 -x509_strict -crl_check_all -CAfile ca/ca.pem -CRLfile ca/crl.pem ca/live/dev*/cert.pem >verified 2>&1 ||
    fail "one does not verify: $(grep -v OK verified)"
[ "$(grep -c 'OK$' verified)" = 300 ] || fail "not all were verified"

# ---- the next run completes it; odd1 still fails until it is restored ----
expect 1 cg -C ca --at $later --json renew --all --due
says '"renewed":\[{"name":"odd2",[^]]*\],"failed":\[{"name":"odd1",[^]]*\],"not_due":310'
sed '/END/q' ca/archive/odd1/0001/fullchain.pem >ca/archive/odd1/0001/cert.pem
ok cg -C ca --at $later renew --all --due
says '"odd1", generation 2'
ok cg -C ca --at $later renew --all --due
says "Nothing is due"
lines 616

# ---- a due certificate put in place by hand, with the times of the one before ----
cp -p ca/archive/young1/0001/cert.pem times
cat ca/archive/dev001/0001/cert.pem >ca/archive/young1/0001/cert.pem
touch -r times ca/archive/young1/0001/cert.pem
ok cg -C ca --at $later --json needs-renewal --all
says '"due":\["gone","lost","young1"\]'

# ---- a name that is none, and a file among the folders ----
mkdir ca/live/-x
: >ca/live/file
expect 1 cg -C ca --at $later --json renew --all --due
says '"renewed":\[{"name":"young1",[^]]*\],"failed":\[{"name":"-x",.*"name":"file"'
lines 617

# ---- a chain that was lost is written again ----
rmdir ca/live/-x
rm ca/live/file
rm ca/chain.pem
ok cg -C ca --at $later -q renew --all
[ -f ca/chain.pem ] || fail "chain.pem was not written"
lines 927
echo "done"
