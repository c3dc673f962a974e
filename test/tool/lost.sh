#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Files of the CA's folder are lost, shortened, old or damaged. What was revoked stays revoked, CRL numbers go up, a
# further revocation gets through once the printed way back was followed, and nothing that was there is lost.
. "$(dirname "$0")/lib.sh"

ok cg -C base init --no-passphrase
for name in stolen lost kept; do
    ok cg -C base issue client $name
done
ok cg -C base issue broker two.lan --to "$work/etc"
ok cg -C base revoke stolen --reason keyCompromise
cp base/index.txt older.txt
ok cg -C base revoke lost --reason superseded
consistent base
[ "$(grep -c ^R base/index.txt)" = 2 ] || fail "two are to be revoked"

number()
{
    openssl crl -in "$1" -noout -crlnumber | sed 's/.*0x//'
}

# fresh: the folder as it was
fresh()
{
    rm -rf ca
    cp -a base ca
    cp base/crl.pem etc/crl.pem
}

# refused COMMAND...: with the way back, and neither CA nor target has another CRL
refused()
{
    expect 1 "$@"
    says "crl --restore-index"
    cmp -s ca/crl.pem base/crl.pem || [ ! -e ca/crl.pem ] || fail "$*: another CRL was made"
    cmp -s etc/crl.pem base/crl.pem || fail "$*: another CRL was deployed"
}

# fix: what the refusal printed, literally
fix()
{
    # shellcheck disable=SC2046 # the words of the command
    ok cg $(sed -n 's/.*: certguard \(-C [^ ]* crl --restore-index\)$/\1/p' err)
    says "restored"
}

# whole: after the fix everything is as it was, and the CRL is a newer one
whole()
{
    sort ca/index.txt >now
    sort base/index.txt | cmp -s - now || fail "the index is not as it was: $(diff base/index.txt ca/index.txt)"
    consistent ca
    cmp -s ca/crl.pem etc/crl.pem || fail "the new CRL was not deployed"
    [ "$(printf %d "0x$(number ca/crl.pem)")" -gt "$(printf %d "0x$(number base/crl.pem)")" ] || fail "the number went back"
    ok cg -C ca revoke kept
    [ "$(openssl crl -in etc/crl.pem -noout -text | grep -c 'Serial Number')" = 3 ] || fail "not all are on the CRL"
}

# ---- index.txt: empty, gone, without its first line, of an older day, garbage ----
damage()
{
    case $1 in
    empty) : >ca/index.txt ;;
    gone) rm ca/index.txt ;;
    shortened) sed 1d base/index.txt >ca/index.txt ;;
    older) cp older.txt ca/index.txt ;;
    garbage) head -c 300 /dev/zero >ca/index.txt && echo >>ca/index.txt ;;
    esac
}
for how in empty gone shortened older garbage; do
    fresh
    damage $how
    for verb in crl "crl --above 40" "revoke kept"; do
        # shellcheck disable=SC2086 # the words of the verb
        refused cg -C ca $verb
    done
    # a daily run says so, too, when its turn comes
    refused cg -C ca crl --refresh-if 0%
    refused cg -C ca crl
    fix
    whole
done

# every verb that trusts the index refuses, before it signs or deploys anything
openssl req -new -key base/live/stolen/privkey.pem -subj /CN=again -out again.csr || fail "openssl req"
for how in empty shortened older; do
    for verb in "sign again.csr --name again" "issue client new" "renew kept" "renew --all --due" "deploy two.lan"; do
        fresh
        damage $how
        # shellcheck disable=SC2086 # the words of the verb
        refused cg -C ca $verb
        [ ! -e ca/live/again ] && [ ! -e ca/live/new ] || fail "$verb: something was made"
    done
done
fix
expect 1 cg -C ca sign again.csr --name again
says "was revoked as compromised"

# a renewal that an older index does not know is revoked with the rest
fresh
cp ca/index.txt before.txt
ok cg -C ca renew kept
cp ca/index.txt whole.txt
for how in older cut; do
    if [ $how = older ]; then cp before.txt ca/index.txt; else head -c -10 whole.txt >ca/index.txt; fi
    expect 1 cg -C ca revoke kept
    says "crl --restore-index"
    rm ca/journal.jsonl # and not even the journal is there
    expect 1 cg -C ca revoke kept
    says "crl --restore-index"
    cp base/journal.jsonl ca/journal.jsonl
    expect 1 cg -C ca revoke kept
    says "archive/kept/0002 is missing in it"
done
ok cg -C ca crl --restore-index
ok cg -C ca revoke kept
says "Revoked 2 certificates"

# files of 0 bytes, as a power cut leaves them
fresh
for file in index.txt journal.jsonl ca/crl.pem crl.pem crl.der; do
    : >ca/$file
done
: >etc/crl.pem
expect 1 cg -C ca crl
expect 1 cg -C ca crl --restore-index
says "copy the crl.pem of a broker to its place"
rm ca/crlnumber
expect 1 cg -C ca crl --restore-index
expect 1 cg -C ca issue client new

# what is not in the index any more is not "never issued"
fresh
sed '/archive\/kept\//d' base/index.txt >ca/index.txt
refused cg -C ca revoke kept
fix
whole

# ---- the whole folder out of a backup that is older than a revocation: the brokers' copy knows ----
rm -rf ca
cp -a base ca
cp base/crl.pem etc/crl.pem
ok cg -C ca backup ca.tar
ok cg -C ca revoke kept
cp etc/crl.pem newer.pem
rm -rf ca
mkdir unpacked
tar -xpf ca.tar -C unpacked || fail "the backup cannot be read"
mv unpacked/* ca
expect 1 cg -C ca crl
says "would omit 1 revoked certificate (kept, serial .*), so none was made"
cmp -s etc/crl.pem newer.pem || fail "an older CRL was deployed"
expect 1 cg -C ca revoke two.lan
fix
grep -q '^R.*archive/kept/' ca/index.txt || fail "what the brokers know was not taken back"
[ "$(printf %d "0x$(number etc/crl.pem)")" -gt "$(printf %d "0x$(number newer.pem)")" ] || fail "the number went back"

# ---- each of the three sources alone ----
fresh # archive and CRL
rm ca/index.txt ca/journal.jsonl
refused cg -C ca crl
fix
[ "$(sort base/index.txt)" = "$(sort ca/index.txt)" ] || fail "archive and CRL do not make the index"
fresh # journal
rm -r ca/index.txt ca/crl.pem ca/crl.der ca/ca/crl.pem ca/crlnumber
expect 1 cg -C ca crl
says "crl --restore-index"
ok cg -C ca crl --restore-index
[ "$(sort base/index.txt)" = "$(sort ca/index.txt)" ] || fail "archive and journal do not make the index"
fresh # journal without archive: names, ends and revocations
rm -r ca/index.txt ca/archive
ok cg -C ca crl --restore-index
[ "$(cut -f1,2,4 base/index.txt | sort)" = "$(cut -f1,2,4 ca/index.txt | sort)" ] || fail "the journal does not make the index"
fresh # the CRL alone
rm -r ca/index.txt ca/archive ca/journal.jsonl
refused cg -C ca crl
fix
[ "$(grep -c '^R.*unknown' ca/index.txt)" = 2 ] || fail "the CRL's entries are not in the index"
ok cg -C ca crl

fresh # the copy of a broker
rm -r ca/index.txt ca/archive ca/journal.jsonl ca/crl.pem ca/crl.der ca/ca/crl.pem ca/crlnumber
refused cg -C ca crl
fix
ok openssl crl -in etc/crl.pem -noout -crlnumber
says "=0x04"
fresh # and without any
rm -r ca/index.txt ca/archive ca/journal.jsonl ca/crl.pem ca/crl.der ca/ca/crl.pem etc/crl.pem
expect 1 cg -C ca crl
says "copy the crl.pem of a broker to its place"
expect 1 cg -C ca crl --restore-index
says "copy the crl.pem of a broker to its place"
cp base/crl.pem ca/ca/crl.pem
expect 1 cg -C ca crl
fix

# a journal with a broken line still counts
fresh
sed -i '2s/.*/{"done":"revo/' ca/journal.jsonl
rm ca/index.txt ca/crl.pem ca/crl.der ca/ca/crl.pem
refused cg -C ca crl
fix
[ "$(sort base/index.txt)" = "$(sort ca/index.txt)" ] || fail "a broken line of the journal costs a line of the index"

# somebody else's CRL in the place of ours says nothing
fresh
ok cg -C other init --no-passphrase
cp other/crl.pem ca/ca/crl.pem
ok cg -C ca crl --refresh-if 50%
says "New CRL, number 04, 2 revoked"

# ---- CRL numbers ----
fresh
rm ca/crlnumber
ok cg -C ca crl
says "number 04"
fresh
echo 02 >ca/crlnumber
ok cg -C ca crl
says "number 04"

fresh
: >ca/crlnumber
ok cg -C ca crl
says "number 04"
fresh
echo garbage >ca/crlnumber
ok cg -C ca revoke kept
says "number 04"
# an old copy is not the last one, whichever file it is
for file in ca/crl.pem crl.pem; do
    fresh
    ok cg -C ca crl
    cp base/$file ca/$file
    rm ca/crlnumber
    ok cg -C ca crl
    says "number 05"
done

# ---- compromised: known later, or of a certificate that is over ----
fresh
ok cg -C ca revoke kept --reason certificateHold
ok cg -C ca revoke kept --reason keyCompromise
says "Revoked 1 certificate"
[ "$(grep -c 'keyCompromise.*archive/kept/' ca/index.txt)" = 1 ] || fail "the reason was not raised"
openssl crl -in ca/crl.pem -noout -text | grep -q "Key Compromise" || fail "the CRL has the old reason"
ok cg -C ca revoke kept --reason keyCompromise
says "already revoked or expired"
consistent_journal=$(grep -c '"name":"kept".*"done":"revoked"' ca/journal.jsonl)
[ "$consistent_journal" = 2 ] || fail "the journal has $consistent_journal lines"
fresh
ok cg -C ca --at +800d revoke kept --reason keyCompromise
openssl req -new -key ca/live/kept/privkey.pem -subj /CN=again -out again.csr || fail "openssl req"
expect 1 cg -C ca --at +800d sign again.csr --name again
says "was revoked as compromised"
rm ca/index.txt
ok cg -C ca --at +800d crl --restore-index
expect 1 cg -C ca --at +800d sign again.csr --name again
says "was revoked as compromised"

# ---- serial numbers that differ in one place, of a CA that was made by hand ----
by_hand counted
for serial in 00 01 0100000000000000AA 0200000000000000AA; do
    printf 'R\t361125220332Z\t261101000000Z,keyCompromise\t%s\tunknown\t/CN=d%s\n' $serial $serial
done >counted/index.txt
for lost in 0 01 0100000000000000AA 0200000000000000AA; do
    rm -rf ca
    ok cg -C ca import counted --no-passphrase
    sed -i "/	$lost	/d" ca/index.txt
    expect 1 cg -C ca crl
    says "crl --restore-index"
    fix
    [ "$(grep -c ^R ca/index.txt)" = 4 ] || fail "$lost: $(cat ca/index.txt)"
    rm ca/index.txt
    ok cg -C ca crl --restore-index
    [ "$(grep -c ^R ca/index.txt)" = 4 ] || fail "$lost and the others: $(cat ca/index.txt)"
done

# ---- a copy of the CRL that is lost or damaged is due ----
for file in crl.pem ca/crl.pem crl.der; do
    for how in gone cut; do
        fresh
        if [ $how = gone ]; then rm ca/$file; else truncate -s 100 ca/$file; fi
        ok cg -C ca crl --refresh-if 50%
        says "New CRL, number 04, 2 revoked"
    done
done

# ---- what a root revoked stays on its CRL ----
ok cg -C tiers init --no-passphrase --intermediate
cp tiers/ca.pem root.pem
cp tiers/root/key.pem root.key
pki "root-crl: crl issuer=root number=7 revoke=0x77 days=0..30"
mv root-crl.pem tiers/root/crl.pem
ok cg -C tiers crl --root
says "number 08, 1 revoked"
rm tiers/root/crl.pem
ok cg -C tiers crl --root
says "number 09, 1 revoked"
rm tiers/root/crl.pem tiers/crl.pem
expect 1 cg -C tiers crl --root
says "copy the crl.pem of a broker to its place"

# ---- the issuing CA's CRL never goes out without the root's ----
ok cg -C both init --no-passphrase --intermediate
ok cg -C both issue broker b.lan --to "$work/etc2"
for how in gone empty cut; do
    case $how in
    gone) rm both/root/crl.pem ;;
    empty) : >both/root/crl.pem ;;
    cut) truncate -s 100 both/root/crl.pem ;;
    esac
    ok cg -C both crl
    [ "$(grep -c 'BEGIN X509 CRL' both/crl.pem)" = 2 ] || fail "$how: the root's CRL is not in crl.pem"
    cmp -s both/crl.pem etc2/crl.pem || fail "$how: another CRL is deployed"
done
rm -f both/root/crl.pem both/crl.pem
ok cg -C both crl
[ "$(grep -c 'BEGIN X509 CRL' etc2/crl.pem)" = 2 ] || fail "the root's CRL was not taken from the broker's copy"
rm -f both/crl.pem
sed -i '/END X509 CRL/q' etc2/crl.pem
expect 1 cg -C both crl
says "cannot read root/crl.pem"

# ---- revocations that were written by hand or by another program ----
thief()
{
    openssl x509 -in hand/archive/thief/0001/cert.pem -noout -serial | cut -d= -f2
}
revoked_in_crl()
{
    openssl crl -in hand/crl.pem -noout -text | grep -q "Serial Number: $1\$"
}
ok cg -C base2 init --no-passphrase
ok cg -C base2 issue client thief
# a day that its month does not have, a second that no minute has, and a year before two digits can say it
for date in 260631120000Z 260630235960Z 16010101000000Z; do
    rm -rf hand
    cp -a base2 hand
    sed -i "s/^V\t\([0-9Z]*\)\t\t/R\t\1\t$date\t/" hand/index.txt
    ok cg -C hand crl
    revoked_in_crl "$(thief)" || fail "$date: the certificate is good again"
done
# of a date that none can read the way back keeps the revocation, also of a number that nothing else knows
rm -rf hand
cp -a base2 hand
sed -i 's/^V\t\([0-9Z]*\)\t\t/R\t\1\tyesterday\t/' hand/index.txt
printf 'R\t300101000000Z\tlong ago\t1234\tunknown\t/CN=other\n' >>hand/index.txt
expect 1 cg -C hand crl
says "crl --restore-index"
ok cg -C hand crl --restore-index
says "2 lines restored or marked as revoked again"
for serial in "$(thief)" 1234; do
    revoked_in_crl "$serial" || fail "$serial is good again by the printed way back"
done
