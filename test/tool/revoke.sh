#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# revoke: names, serial numbers, files and lists in one change; reasons, which are raised and never lowered; the lifetime of
# the CRL. What is wrong holds back nothing else.
. "$(dirname "$0")/lib.sh"

# fresh: the folder as it was
fresh()
{
    rm -rf ca
    cp -a base ca
    cp base/crl.pem etc/crl.pem
}

serial_of()
{
    openssl x509 -in "base/archive/$1/0001/cert.pem" -noout -serial | cut -d= -f2
}

# revoked NAME...: these and no others, in index and CRL; the CRL that was deployed is the same
revoked()
{
    consistent ca
    found=$(awk -F'\t' '$1 == "R" { split($5, part, "/"); print part[2] }' ca/index.txt | sort | tr '\n' ' ')
    [ "$found" = "$(echo "$*" | tr ' ' '\n' | sort | tr '\n' ' ')" ] || fail "revoked: $found, not: $*"
    cmp -s ca/crl.pem etc/crl.pem || fail "the CRL was not deployed"
}

# days: from thisUpdate of the last CRL, without what it is set back, to nextUpdate
life()
{
    from=$(openssl crl -in ca/crl.pem -noout -lastupdate | cut -d= -f2)
    to=$(openssl crl -in ca/crl.pem -noout -nextupdate | cut -d= -f2)
    echo $((($(date -d "$to" +%s) - $(date -d "$from" +%s) - 300) / 3600))h
}

# reasons NAME REASON: what index, last line of the journal and CRL say
reasons()
{
    grep -q "^R.*,$2	.*archive/$1/" ca/index.txt || fail "$1: the index does not say $2"
    grep "\"name\":\"$1\".*\"done\":\"revoked\"" ca/journal.jsonl | tail -n 1 | grep -q "\"reason\":\"$2\"" ||
        fail "$1: the journal does not say $2"
    ok openssl crl -in ca/crl.pem -noout -text
    grep -A4 "$(serial_of "$1")" out | tr -d ' ' | grep -qi "$2" || fail "$1: the CRL does not say $2"
}

ok cg -C base init --no-passphrase
for name in one two three four; do
    ok cg -C base issue client $name
done
ok cg -C base issue broker broker.lan --to "$work/etc"
ok cg -C base renew two
cp -a base/archive certs
for name in one two three four; do
    openssl x509 -in base/live/$name/cert.pem -outform DER -out $name.der || fail "openssl x509"
done

# ---- several: one CRL; what is unknown is reported and holds back nothing ----
fresh
expect 1 cg -C ca revoke one nobody "0x$(serial_of three)" two.der no/such.pem
says '"nobody"'
says 'no/such.pem'
says "Revoked 3 certificates. New CRL, number 02, 3 revoked"
says "Deployed to 1 folder"
grep -q "^V.*archive/two/0001" ca/index.txt || fail "the file names one generation"
revoked one three two
expect 1 cg --json -C ca revoke one nobody two
python3 - out "$(serial_of two)" <<'END' || fail "JSON: $(cat out)"
import json, sys
result = json.load(open(sys.argv[1]))
assert [(r["name"], r["serial"], r["reason"], r["was_revoked"]) for r in result["revoked"]] == [
    ("two", sys.argv[2].lower().lstrip("0"), "unspecified", False)], result
assert [f["what"] for f in result["failed"]] == ["nobody"] and "issued no certificate" in result["failed"][0]["error"]
assert result["unchanged"] == 2 and result["crl_number"] == "03"
END
expect 64 cg -C ca revoke --batch one.txt --batch two.txt
says "given twice"
expect 1 cg -C ca revoke nobody
says_not "New CRL"
expect 1 cg -C ca revoke nobody nothing
says "Nothing was changed"
expect 64 cg -C ca revoke
fresh
cp ca/index.txt before
ok cg -C ca -n revoke one two three.der
says "Would revoke 4 certificates"
cmp -s ca/index.txt before || fail "a dry run wrote"
# the same certificate by its name, serial number and file
ok cg -C ca revoke one "$(serial_of one)" one.der ca/live/one/fullchain.pem
says "Revoked 1 certificate"
[ "$(grep -c '"done":"revoked"' ca/journal.jsonl)" = 1 ] || fail "one certificate has several lines in the journal"
revoked one

# ---- files ----
fresh
cp one.der one
cp one.der plain
cp ca/live/four/cert.pem "$(serial_of three)"
ok cg -C ca -n revoke two --json
ok cg -C ca revoke plain
revoked one
ok cg -C ca revoke four # a name, although ./four is missing
fresh
cp two.der one
ok cg -C ca revoke one # a name has precedence
revoked one
ok cg -C ca revoke ./one
revoked one two
ok cg -C ca revoke "$(serial_of three)" # and so has a serial number
revoked one two three
fresh
openssl x509 -in one.der -inform DER -text -out text.pem
cat ca/live/broker.lan/privkey.pem text.pem >combined.pem
ok cg -C ca revoke ./combined.pem
revoked one
pki "other: ca cn='Other CA'" "foreign: server issuer=other"
cg -q -C twin init --no-passphrase 2>err || fail "init" # another key with the same name
ok cg -C twin issue client one
head -c 200 one.der >half.der
cat one.der two.der >twice.der
: >empty
echo "no certificate" >list.txt
mkfifo pipe
mkdir folder
head -c 3000000 /dev/zero >huge
before=$(cksum ca/index.txt ca/crl.pem)
# file WORDS: cannot be revoked
file()
{
    expect 1 cg -C ca revoke "./$1"
    says "$2"
    [ "$before" = "$(cksum ca/index.txt ca/crl.pem)" ] || fail "$1 changed something"
}
file foreign.pem "another CA issued it (CN=Other CA)"
file twin/live/one/cert.pem "but another key"
file ca/ca.pem "certificate of this CA itself"
for name in half.der twice.der empty list.txt pipe folder huge missing; do
    file $name "\./$name: "
done
mv folder five # without a slash, only a regular file is one
for name in pipe five; do
    expect 1 cg -C ca revoke $name
    says "issued no certificate with the name or serial number"
done
expect 1 cg -C ca revoke huge
says "huge"

# ---- a list ----
fresh
printf '# stolen\n\none KeyCompromise # by night\r\n  two\tSUPERSEDED\nnobody\nthree theft\nthree a b\nthr\000ee\n./four.der\n' >list
expect 1 cg -C ca revoke --batch list --reason cessationofoperation
says 'line 5: .*"nobody"'
says 'line 6: unknown reason "theft"'
says 'line 7: .*"b"'
says 'line 8: .*NUL byte'
says "Revoked 4 certificates"
revoked one two two four
reasons one keyCompromise
reasons two superseded
reasons four cessationOfOperation
fresh
printf 'one\ntwo' | "$CERTGUARD" -q -C ca revoke --batch - three >out 2>err || fail "a list on standard input"
revoked one two two three
expect 64 cg -C ca revoke --batch - --passphrase-fd 0
fresh
printf '\357\273\277one\r\nthree\r\n' >marked # as editors of other systems write it
ok cg -C ca revoke --batch marked
revoked one three
expect 1 cg -C ca revoke --batch pipe
says "it is a pipe. .*--batch -"
expect 1 cg -C ca revoke --batch missing
truncate -s 257M large
expect 1 cg -C ca revoke --batch large
: >none
ok cg -C ca revoke --batch none
says "Nothing was changed"

# ---- reasons: raised, never lowered; the date stays ----
fresh
now=$(date +%s)
ok cg -C ca --at $now revoke one --reason CERTIFICATEHOLD
ok cg -C ca --at $((now + 10)) revoke one --reason superseded
says "1 was already revoked, for a less grave reason"
reasons one superseded
ok cg -C ca --at $((now + 20)) revoke one --reason keycompromise
reasons one keyCompromise
grep -q "$(date -u -d @$now +%y%m%d%H%M%SZ),keyCompromise" ca/index.txt || fail "the date of the revocation changed"
for reason in superseded certificateHold unspecified affiliationChanged KEYCOMPROMISE; do
    ok cg -C ca revoke one --reason $reason
    says "Nothing was changed: 1 certificate of \"one\" is already revoked or expired"
done
reasons one keyCompromise
ok cg -C ca revoke two --reason superseded
ok cg -C ca revoke two --reason privilegeWithdrawn
reasons two superseded
revoked one two two
# the key of one is banned since its reason was raised, that of two is not
for name in one two; do
    openssl req -new -key ca/live/$name/privkey.pem -subj /CN=again -out $name.csr || fail "openssl req"
done
expect 1 cg -C ca sign one.csr --name again
says "revoked as compromised"
ok cg -C ca sign two.csr --name again
expect 64 cg -C ca revoke one --reason theft
# other words of a choice too
ok cg -C ca issue client upper --key-type P384

# an index from before the reason was raised is not the last one, and the way back has the reason again
fresh
ok cg -C ca revoke one --reason superseded
cp ca/index.txt before
cp ca/crl.pem before.pem
ok cg -C ca revoke one --reason keyCompromise
for source in both journal crl; do
    rm -rf stale
    cp -a ca stale
    cp before stale/index.txt
    if [ $source = journal ]; then
        for file in ca/crl.pem crl.pem; do cp before.pem stale/$file; done
        openssl crl -in before.pem -outform DER -out stale/crl.der
        cp before.pem etc/crl.pem
    else
        cp ca/crl.pem etc/crl.pem
    fi
    [ $source != crl ] || sed -i '/"reason":"keyCompromise"/d' stale/journal.jsonl
    expect 1 cg -C stale crl
    says "crl --restore-index"
    [ $source = crl ] || { expect 1 cg -C stale sign one.csr --name again && says "was revoked as compromised"; }
    ok cg -C stale crl --restore-index
    grep "archive/one/" ca/index.txt | cmp -s - before && fail "the test has no older index"
    [ "$(sort stale/index.txt)" = "$(sort ca/index.txt)" ] || fail "$source: $(diff ca/index.txt stale/index.txt)"
    expect 1 cg -C stale sign one.csr --name again
done

# ---- the run that revoked could not deploy, or was killed before: the same command does ----
fresh
mv etc away
expect 1 cg -C ca revoke one
says "revoked, and the new CRL was written, but"
expect 1 cg -C ca revoke one
says "revoked before, but"
mv away etc
ok cg -C ca -n revoke one
cmp -s ca/crl.pem etc/crl.pem && fail "a dry run deployed"
ok cg -C ca revoke one
says "already revoked"
says "The CRL is deployed to 1 folder"
revoked one

# ---- the lifetime of the CRL ----
fresh
ok cg -C ca revoke one
[ "$(life)" = 168h ] || fail "the first CRL: $(life)"
ok cg -C ca crl --lifetime 30d
ok cg -C ca revoke two
[ "$(life)" = 720h ] || fail "the lifetime was not kept: $(life)"
ok cg -C ca revoke three --crl-lifetime 36h
[ "$(life)" = 36h ] || fail "not the lifetime of the option: $(life)"
ok cg -C ca revoke four
[ "$(life)" = 720h ] || fail "not the lifetime of the setting again: $(life)"

# ---- a certificate that the index does not know, but our key signed ----
# forget NAME: no trace of it, as if another program had signed it
forget()
{
    sed -i "/archive\/$1\//d" ca/index.txt
    sed -i "/\"name\":\"$1\"/d" ca/journal.jsonl
    rm -rf ca/live/$1 ca/archive/$1
}
rm one
fresh
forget one
expect 1 cg -C ca revoke one five
says 'number "one"'
ok cg -C ca revoke one.der three --reason keyCompromise
says "Revoked 2 certificates"
revoked one three
reasons one keyCompromise
cmp -s ca/archive/one/0001/cert.pem base/archive/one/0001/cert.pem || fail "the certificate was not kept"
ok cg -C ca revoke one.der one
says "already revoked"
expect 1 cg -C ca sign one.csr --name again
says "revoked as compromised"
rm ca/index.txt
ok cg -C ca crl --restore-index
revoked one three
expect 1 cg -C ca sign one.csr --name again
# the archive has it: the name alone is refused, the file is not, nor a second time
fresh
sed -i "/archive\/one\//d" ca/index.txt
sed -i '/"name":"one"/d' ca/journal.jsonl
expect 1 cg -C ca revoke one two
says "archive/one/0001 is missing"
says "Revoked 2 certificates"
ok cg -C ca revoke ca/live/one/cert.pem ./one.der
says "Revoked 1 certificate"
ok cg -C ca revoke one
revoked one two two
[ ! -e ca/archive/one/0002 ] || fail "it is in the archive twice"
# the index has only its serial number, as after an import: the file is needed to ban the key, also if it comes later
number_only()
{
    fresh
    sed -i 's|archive/one/0001|unknown|' ca/index.txt
    rm -r ca/archive/one ca/live/one
}
number_only
ok cg -C ca revoke ./one.der two --reason keyCompromise
revoked one two two
expect 1 cg -C ca sign one.csr --name again
says "revoked as compromised"
number_only
ok cg -C ca revoke "0x$(serial_of one)" --reason keyCompromise
says "no copy of 1 of these certificates.*certguard -C ca revoke FILE"
ok cg -C ca sign one.csr --name again
ok cg -C ca revoke one.der
says "Revoked 1 certificate"
says_not "no copy"
reasons one keyCompromise
expect 1 cg -C ca sign one.csr --name another
says "revoked as compromised"
ok cg -C ca revoke one.der
says "Nothing was changed"
rm ca/index.txt
ok cg -C ca crl --restore-index
expect 1 cg -C ca sign one.csr --name another
says "revoked as compromised"
# one that has expired needs it only if its key is compromised
fresh
forget one
ok cg -C ca --at +500d revoke ./one.der
says "already revoked or expired"
[ ! -e ca/archive/one ] || fail "an expired one was added"
ok cg -C ca --at +500d revoke ./one.der --reason keyCompromise
expect 1 cg -C ca --at +500d sign one.csr --name again
says "revoked as compromised"
# a name that cannot be that of a folder
fresh
cat >signed.cnf <<'END'
[ext]
basicConstraints = CA:FALSE
END
openssl req -new -key base/live/one/privkey.pem -subj /CN=.hidden -out evil.csr || fail "openssl req"
openssl x509 -req -in evil.csr -CA ca/ca/cert.pem -CAkey ca/ca/key.pem -set_serial 0x00ABCDEF -days 10 -extfile signed.cnf -extensions ext \
    -out evil.pem 2>err || fail "openssl x509"
ok cg -C ca revoke evil.pem --reason keyCompromise
[ -e ca/archive/ABCDEF/0001/cert.pem ] || fail "it is not in the archive by its serial number"
ok cg -C ca revoke abcdef ab:cd:ef 0x00ABCDEF
says "already revoked"
consistent ca
