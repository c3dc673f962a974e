#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The clock of the computer is wrong: behind (no battery, 1970), or ahead for a while. Nothing is signed before what
# the CA has seen; a CRL of the future is replaced by the next daily run; every way back that is printed works.
. "$(dirname "$0")/lib.sh"

DAY=86400

# off SECONDS COMMAND...: with a clock that is so much ahead (behind with -)
off()
{
    echo "clock $1" >switch
    shift
    LD_PRELOAD=$FAULT_SHIM CG_FAULT_SWITCH=$work/switch "$CERTGUARD" "$@"
}
in_1970=-$(($(date +%s) - 31 * DAY))

same_folder()
{
    diff -r -x lock "$1" "$2" || fail "the folder was changed"
}

# lets_in CERTIFICATE: by the CRL that the CA has, now
lets_in()
{
    ok cg check --trust ca/ca.pem --crl ca/crl.pem "$1"
}

# fix: the command that the refusal printed, literally
fix()
{
    # shellcheck disable=SC2046 # the words of the command
    ok cg $(sed -n 's/.*run once: certguard \(-C [^ ]* crl --at +0s\)$/\1/p' err)
}

# ---- no CA of 1970 ----
expect 1 off "$in_1970" -C early init --no-passphrase
says "the clock of this computer is wrong: it shows 1970-02-0"
[ ! -e early/ca ] || fail "a CA of 1970 was made"

# ---- nothing is signed by a clock that is behind ----
ok cg -C ca init --no-passphrase
ok cg -C ca issue client a
ok cg -C ca issue broker two.lan --to "$work/etc"
for behind in $in_1970 -$((2 * DAY)) -3600; do
    for verb in "revoke a" crl "issue client b" "renew a" "crl --refresh-if 0%" "renew --all --due"; do
        rm -rf before
        cp -a ca before
        # shellcheck disable=SC2086 # the words of the verb
        expect 1 off $behind -C ca $verb
        says "Set the clock"
        same_folder before ca
    done
    # a copy of what is there needs no clock, nor does looking
    rm -f ca.tar
    ok off "$behind" -C ca backup ca.tar
    ok off "$behind" -C ca list
done
# clocks of two computers differ a little
ok off -60 -C ca crl

# ---- a CRL of the future heals by itself, without --at ----
ok off $((400 * DAY)) -C ca crl
expect 3 cg check --trust ca/ca.pem --crl ca/crl.pem ca/live/a/cert.pem
ok cg -C ca crl --refresh-if 50%
says "New CRL"
lets_in ca/live/a/cert.pem
cmp -s ca/crl.pem etc/crl.pem || fail "the healed CRL was not deployed"
ok cg -C ca crl --refresh-if 50%
says "not due"

# ---- what was written while the clock was ahead stops runs, and the printed way goes on ----
ok off $((400 * DAY)) -C ca issue client ahead
expect 1 cg -C ca crl --refresh-if 50%
says "the last entry of journal.jsonl (issued ahead)"
fix
lets_in ca/live/a/cert.pem
ok cg -C ca crl --refresh-if 50%
# what was certified then is not good yet, and the next run of the timer replaces it
ok cg -C ca needs-renewal ahead
ok cg -C ca renew --all --due
expect 1 cg -C ca needs-renewal ahead
lets_in ca/live/ahead/cert.pem
expect 1 cg -C ca needs-renewal a
ok cg -C ca revoke ahead
expect 1 off -3600 -C ca revoke a
consistent ca

# ---- without a journal the index says what was seen, without both the CA's own certificate ----
rm ca/journal.jsonl
expect 1 off -3600 -C ca issue client c
says "Set the clock"
rm ca/index.txt
expect 1 off -$((2 * DAY)) -C ca issue client c
says "the start of the CA's certificate"

# ---- both at once: the printed ways lead out ----
rm -rf ca
ok cg -C ca init --no-passphrase
ok cg -C ca issue client a
ok off $((400 * DAY)) -C ca issue client ahead
rm ca/index.txt
expect 1 cg -C ca crl
# shellcheck disable=SC2046 # the words of the command
expect 1 cg $(sed -n 's/.*run once: certguard \(-C [^ ]* crl --at +0s\)$/\1/p' err)
# shellcheck disable=SC2046
ok cg $(sed -n 's/.*: certguard \(-C [^ ]* crl --restore-index --at +0s\)$/\1/p' err)
ok cg -C ca crl
lets_in ca/live/a/cert.pem

# a date that was given for one run does not let the clock fall behind
ok cg -C older --at -100d init --no-passphrase
ok cg -C older issue client a
ok cg -C older --at -30d issue client early
expect 1 off -$((20 * DAY)) -C older crl
says "(issued a)"

# a CA that was made ahead is of no use yet, and no command is said to mend that
ok off $((40 * DAY)) -C later init --no-passphrase
expect 1 cg -C later crl
says "make a new one in another folder"
says_not "run once"
