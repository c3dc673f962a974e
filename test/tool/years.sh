#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Dates far ahead: after 2038, where 32 bits end; after 2049, where another ASN.1 type begins; up to 9999, where
# certificates end. On systems of 32 bits too. openssl is the judge of what was written.
. "$(dirname "$0")/lib.sh"
unset CDPATH

# ends FILE TEXT: so openssl prints the end of this certificate or CRL
ends()
{
    case $1 in
    *crl.pem) openssl crl -in "$1" -noout -nextupdate >end || fail "$1 cannot be read" ;;
    *) openssl x509 -in "$1" -noout -enddate >end || fail "$1 cannot be read" ;;
    esac
    grep -qF "=$2 GMT" end || fail "expected that $1 ends at $2: $(cat end)"
}

# type FILE TYPE DIGITS: this certificate or CRL holds a time of this type that begins so
type()
{
    openssl asn1parse -in "$1" | grep -q "$2 *:$3" || fail "expected a $2 $3 in $1"
}

# cg_at MOMENT ARGUMENTS...
cg_at()
{
    at_=$1
    shift
    cg -C ca "$@" --at "$at_"
}

now=2026-12-01T00:00:00Z

# ---- a root of 30 years, and what it issues ----
ok cg_at $now init --no-passphrase --lifetime 30y
ends ca/ca.pem "Nov 22 23:59:59 2056"
type ca/ca.pem UTCTIME 2611302355
type ca/ca.pem GENERALIZEDTIME 20561122235959Z
ok cg_at $now issue client late --lifetime 8432d
ends ca/live/late/cert.pem "Dec 31 23:59:59 2049"
type ca/live/late/cert.pem UTCTIME 491231235959Z
ok cg_at $now issue client later --lifetime 8433d
ends ca/live/later/cert.pem "Jan  1 23:59:59 2050"
type ca/live/later/cert.pem GENERALIZEDTIME 20500101235959Z
ok cg_at $now issue broker b.lan --lifetime 40y
says "shortened"
ends ca/live/b.lan/cert.pem "Nov 22 23:59:59 2056"
ok cg_at $now issue client short --lifetime 90d

# ---- what shows them ----
ok cg_at $now list
says "2049-12-31"
says "2050-01-01"
ok cg_at $now list --expiring 100d
says "short"
says_not "late"
ok cg_at $now list --json
says '"not_after":[[:space:]]*"2049-12-31T23:59:59Z"'
ok cg_at $now inspect ca/ca.pem
says "2056-11-22T23:59:59Z"
cg_at $now lint ca/ca.pem ca/live/later/cert.pem >out 2>err
says_not "time_type"
says_not "expired"
ok cg_at $now report --output report.html
grep -q "2056-11-22" report.html || fail "the report does not say when the CA ends"
ok cg_at $now crl --restore-index
ok cg_at $now list
says "2050-01-01"

# ---- each moment judges them rightly ----
# judged EXIT MOMENT NAME
judged()
{
    expect "$1" cg check --trust ca/ca.pem --at "$2" "ca/live/$3/cert.pem"
}
for moment in 2038-01-19T03:14:07Z 2038-01-19T03:14:08Z 2049-12-31T23:59:59Z; do
    judged 0 $moment late
    judged 0 $moment later
done
judged 3 2050-01-01T00:00:00Z late
says "expired on 2049-12-31T23:59:59Z"
judged 0 2050-01-01T23:59:59Z later
judged 3 2050-01-02T00:00:00Z later
judged 3 1970-01-02 late
ok cg_at 2048-01-19T03:14:08Z needs-renewal late
expect 1 cg_at 2038-01-19T03:14:08Z needs-renewal late

# ---- life goes on after 2038 and over the end of 2049 ----
ok cg_at 2038-02-01T00:00:00Z crl
ends ca/crl.pem "Feb  8 00:00:00 2038"
ok cg_at 2038-02-01T00:00:00Z issue client of2038
ends ca/live/of2038/cert.pem "Jan 31 23:59:59 2039"
ok cg_at 2049-12-30T00:00:00Z revoke later --reason superseded
ends ca/crl.pem "Jan  6 00:00:00 2050"
type ca/crl.pem UTCTIME 491229
type ca/crl.pem GENERALIZEDTIME 20500106000000Z
ok cg_at 2049-12-30T00:00:00Z renew late --lifetime 2d
ends ca/live/late/cert.pem "Dec 31 23:59:59 2049"
ok cg_at 2050-03-01T00:00:00Z issue client of2050
ok cg_at 2050-03-01T00:00:00Z revoke of2050 --reason superseded
openssl crl -in ca/crl.pem -noout -text | grep -q "Revocation Date: Mar  1 00:00:00 2050 GMT" || fail "the date of a revocation"
ok cg_at 2050-03-01T00:00:00Z list --revoked --json
says "2050-03-01"
ok cg_at 2050-03-01T00:00:00Z renew late
grep -q '"time":"2050-03-01T00:00:00Z"' ca/journal.jsonl || fail "the journal's time"
# a clock of today is behind what that CA has seen
expect 1 cg -C ca crl
says "the clock of this computer is wrong: it shows"

# ---- 1970-01-01T00:00:00Z, which is 0, is a moment like any other ----
mkdir old
(
    cd old && pki --at 0 "ca: ca cn='old ca' days=-3653..0" "device: issuer=ca days=0..1" \
        "crl: crl issuer=ca secs=0..0 revoke=device"
) || exit 1
cg lint old/crl.pem old/ca.pem >out 2>err
says "crl_expired"
says "1970-01-01T00:00:00Z"
says_not "time_malformed"
# each line of an inspection that has to say it
while read -r file words; do
    ok cg inspect "old/$file.pem"
    says "$words *1970-01-01T00:00:00Z"
    says_not "revoked after the CRL"
done <<'ROWS'
crl issued
crl next update
ca not after
device not before
ROWS
ok cg needs-renewal old/ca.pem
says "valid until 1970-01-01T00:00:00Z"
expect 3 cg check --trust old/ca.pem --crl old/crl.pem --at 1 old/device.pem
says "was revoked on 1970-01-01T00:00:00Z (no reason given), CRL 1 of 1970-01-01T00:00:00Z"
ok cg -C first init --no-passphrase --at 0
grep -q '"time":"1970-01-01T00:00:00Z"' first/journal.jsonl || fail "the journal's time"
ok cg -C first issue client dev --at 0
ok cg -C first revoke dev --reason superseded --at 0
ok cg -C first list --revoked --json --at 0
says '"revoked":[[:space:]]*"1970-01-01T00:00:00Z"'
: >first/index.txt
ok cg -C first crl --restore-index --at 0
ok cg -C first list --revoked --json --at 0
says '"revoked":[[:space:]]*"1970-01-01T00:00:00Z"'

# ---- no certificate can say a year after 9999 ----
for order in "init --lifetime 101y" "init --lifetime 10000y"; do
    # shellcheck disable=SC2086 # the words of the order
    expect 64 cg -C none $order --no-passphrase
    says "at most 100y"
done
# a duration has an end too, and its error says which
for wrong in 8001y 2920001d 99999999d 252288000001s 99999999999999999999d -1d 1x ""; do
    expect 64 cg -C ca list --expiring "$wrong"
    says "--expiring: expected DURATION as 90d, 12h or 30m, at most 8000y, found \"$wrong\""
    for option in since until; do
        for verb in log report; do
            expect 64 cg $verb --$option "$wrong" /dev/null
            says "--$option: expected 2026-11-23, .* at most 8000y, found \"$wrong\""
        done
    done
    for order in "init --lifetime" "init --intermediate-lifetime" "issue client x --lifetime" "sign x --lifetime" \
        "renew x --lifetime" "rotate x --lifetime" "crl --lifetime" "revoke x --crl-lifetime"; do
        # shellcheck disable=SC2086 # the words of the order
        expect 64 cg -C ca $order "$wrong"
        says "lifetime: expected DURATION as 90d, 12h or 30m, more than 0 and at most 100y, found \"$wrong\""
    done
done
for right in 8000y 2920000d 252288000000s; do
    ok cg_at $now list --expiring $right
    says "short"
    ok cg_at $now log --since $right /dev/null
done
expect 64 cg -C ca list --wait 99999999999
says "--wait: expected SECONDS as a whole number, at most 2147483647, found"
for moment in 253402300800 @999999999999999999 10000-01-01 99999999999999999999 +100000000y 2026-02-29 2026-12-01T24:00:00Z; do
    expect 64 cg -C none list --at "$moment"
    says "up to the year 9999"
done
expect 1 cg -C none init --no-passphrase --at 9999-12-01T00:00:00Z --lifetime 32d
says "after the year 9999"
[ ! -e none/ca ] || fail "a CA was made"
ok cg -C last init --no-passphrase --at 9999-12-01T00:00:00Z --lifetime 31d
ends last/ca.pem "Dec 31 23:59:59 9999"
ok cg -C last issue client dev --at 9999-12-01T00:00:00Z
says "shortened"
ends last/live/dev/cert.pem "Dec 31 23:59:59 9999"
ok cg check --trust last/ca.pem --at 9999-12-31T23:59:59Z last/live/dev/cert.pem
for order in "crl --lifetime 7d" "revoke dev --crl-lifetime 7d"; do
    # shellcheck disable=SC2086 # the words of the order
    expect 1 cg -C last $order --at 9999-12-30T00:00:00Z
    says "after the year 9999.* Choose a shorter lifetime"
done
# what nobody asked for ends with the last year
ok cg -C last crl --at 9999-12-30T00:00:00Z
ends last/crl.pem "Dec 31 23:59:59 9999"
ok cg -C last revoke dev --at 9999-12-30T00:00:00Z
ends last/crl.pem "Dec 31 23:59:59 9999"
ok cg -C hour init --no-passphrase --intermediate --at 9999-12-31T23:00:00Z --lifetime 1h
ok cg -C last list --revoked --at 9999-12-31T23:59:59Z
says "9999-12-31"
