#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Requests of devices in a spool: the CA decides by its own folder and clock. Each refusal, two requests for one certificate,
# confirmations, retirement, and a hostile spool that holds back no request.
. "$(dirname "$0")/lib.sh"

start=2026-06-01T00:00:00Z
due=2026-06-22T00:00:00Z     # of 30 days
later=2026-06-22T02:00:00Z   # more than an hour
week=2026-06-30T00:00:00Z
spool=$work/spool

key()
{
    openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}

# at TIME ARGUMENTS...: the verb
at()
{
    time=$1
    shift
    "$CERTGUARD" -C ca --at "$time" requests --spool "$spool" "$@"
}

# ask NAME NEWKEY [CERT KEY]: prints the ID
ask()
{
    "$CG_REQUEST" spool "${3:-ca/archive/$1/0001/cert.pem}" "${4:-ca/archive/$1/0001/privkey.pem}" "$2" "$spool/requests" 1782086400 ||
        fail "no request of $1 was made"
}

# answer ID WORD: the answer contains it
answer()
{
    grep -q -- "$2" "$spool/answers/$1.json" || fail "the answer of $1 does not contain $2: $(cat "$spool/answers/$1.json" 2>&1)"
}

clear_spool()
{
    rm -rf "$spool"
    mkdir -m 0750 "$spool" "$spool/requests"
}

# certificate ID: that of the answer, in cert.pem
certificate()
{
    sed 's/.*"certificate":"\([^"]*\)".*/\1/' "$spool/answers/$1.json" | base64 -d | openssl x509 -inform DER -out cert.pem ||
        fail "no certificate in the answer of $1"
}

journal()
{
    [ "$(grep -c "\"done\":\"$1\"" ca/journal.jsonl)" = "$2" ] || fail "the journal has not $2 lines $1"
}

ok cg -C ca --at $start init --intermediate --no-passphrase
for name in one two three gone clone back lost odd; do
    ok cg -C ca --at $start -q issue client $name --lifetime 30d
done
ok cg -C ca --at $start -q issue client named --lifetime 30d --san uri:urn:dev:7 --san dns:dev7 --org Plant --policy-oid 1.3.6.1.4.1.99999.1
ok cg -C ca --at $start -q issue broker b.lan --lifetime 30d
ok cg -C ca --at $start -q issue client young --lifetime 300d
ok cg -C ca --at $start -q issue client placed --lifetime 30d --to etc
ok cg -C other --at $start init --no-passphrase
ok cg -C other --at $start -q issue client one --lifetime 30d
for i in 1 2 3 4 5; do key key$i; done
consistent ca

# ---- usage ----
expect 64 cg -C ca requests
expect 64 cg -C ca requests --spool a --broker b --as c
expect 64 cg -C ca requests --broker b
expect 64 cg -C ca requests --spool a --sign
expect 64 cg -C ca requests --spool a --refuse one
expect 64 cg -C ca requests --spool a --sign one --retire never
expect 1 at $due
says "no folder\|cannot open"
clear_spool
ok at $due
says "No request waits"
expect 1 at $due --sign nobody
says "no request of \"nobody\".* requests --spool $spool\$"
ok at $due nobody
says "No request of these names waits"
clear_spool

# ---- signing: names, policies and purposes of the old certificate, the key of the request, no private key in live/ ----
id=$(ask named key1)
ok at $due
says "named .*waiting"
ok at $due -n --sign --all
says "Would sign"
[ ! -e ca/archive/named/0002 ] || fail "a dry run wrote"
[ ! -e "$spool/answers" ] || fail "a dry run made answers/"
ok at $due --sign named
says 'Signed the request of "named": generation 2'
consistent ca
certificate "$id"
cmp -s cert.pem ca/live/named/cert.pem || fail "the answer is not the live certificate"
[ ! -e ca/live/named/privkey.pem ] || fail "live/named has a private key"
for part in subject ext=subjectAltName,extendedKeyUsage,certificatePolicies; do
    openssl x509 -in ca/archive/named/0001/cert.pem -noout -"${part%%=*}" ${part##"${part%%=*}"} >old 2>/dev/null ||
        openssl x509 -in ca/archive/named/0001/cert.pem -noout -ext "${part#ext=}" >old
    openssl x509 -in cert.pem -noout -"${part%%=*}" ${part##"${part%%=*}"} >new 2>/dev/null ||
        openssl x509 -in cert.pem -noout -ext "${part#ext=}" >new
    cmp -s old new || fail "the new certificate has another $part"
done
[ "$(openssl x509 -in cert.pem -noout -pubkey)" = "$(openssl pkey -in key1 -pubout)" ] || fail "another key was certified"
openssl verify -attime 1782090000 -CAfile ca/ca.pem -untrusted ca/ca/cert.pem cert.pem >verified 2>&1 || fail "it does not verify: $(cat verified)"
answer "$id" '"chain":\["[^"]*"\]'
grep -q "\"renewal\":\"$id\",\"predecessor\":\"[0-9A-F]*\".*\"done\":\"issued\"" ca/journal.jsonl || fail "the journal has no ID"
grep -q "\"id\":\"$id\"" ca/archive/named/0002/renewal.json || fail "renewal.json"
[ "$(stat -c %a "$spool/answers")" = 750 ] || fail "mode of answers/"

# ---- the same request again: the same certificate ----
cp "$spool/answers/$id.json" first
rm "$spool/answers/$id.json"
ok at $later --sign --all
says "Nothing was to be signed"
cmp -s first "$spool/answers/$id.json" || fail "another answer for the same request"
printf '{' >"$spool/answers/$id.json"
ok at $later --sign --all
cmp -s first "$spool/answers/$id.json" || fail "a damaged answer stays"
ok at $later
says "named .*answered"

# ---- only the device renews it, also if the CA has deployed the old one ----
ok cg -C ca --at 2026-07-20T00:00:00Z -n renew --all --due
says_not '"named"'
ok cg -C ca --at 2026-07-20T00:00:00Z -n renew named
says '"named"'
ask placed key5 >id
ok at $later --sign placed
ok cg -C ca --at $later needs-renewal --all
says_not '"placed"'
ok cg -C ca --at $later renew --all --due
cmp -s ca/archive/placed/0001/cert.pem etc/cert.pem || fail "the CA deployed a certificate without its key"
expect 1 cg -C ca --at $later needs-renewal --all

# ---- confirmed: recorded once, by the CA's clock; then the answer is removed ----
"$CG_REQUEST" used "$spool/requests" "$id"
ok at $later --sign --all
[ ! -e "$spool/answers/$id.json" ] || fail "the answer stays"
grep -q '"confirmed":"2026-06-22T02:00:00Z"' ca/archive/named/0002/renewal.json || fail "renewal.json does not say confirmed"
journal renewal_confirmed 1
ok at $later --sign --all
journal renewal_confirmed 1
ok at $later
says "named .*confirmed"
consistent ca
# asked for again, after a false confirmation or by a device that lost what it got: the same certificate
rm "$spool/requests/$id".*
[ "$(ask named key1)" = "$id" ] || fail "another ID for the same request"
ok at $later --sign --all
says "Nothing was to be signed"
cmp -s first "$spool/answers/$id.json" || fail "a confirmed certificate is not answered again"
"$CG_REQUEST" used "$spool/requests" "$id"
ok at $later --sign --all
[ ! -e "$spool/answers/$id.json" ] || fail "the answer stays"
journal renewal_confirmed 1
consistent ca

# ---- retired a week later, not sooner ----
ok at 2026-06-29T01:00:00Z --sign --all --retire revoke
says_not Revoked
ok at $week --sign --all --retire keep
says_not Revoked
ok at $week -n --sign --all --retire revoke
says "Would revoke.*named"
ok at $week --sign --all --retire revoke
says 'Revoked an earlier certificate of "named"'
grep -q "^R.*superseded.*archive/named/0001" ca/index.txt || fail "the old certificate is not revoked"
grep -q "^V.*archive/named/0002" ca/index.txt || fail "the new certificate is revoked"
consistent ca
ok at $week --sign --all --retire revoke
says_not Revoked
echo "signed, confirmed, retired"

# ---- each refusal; one never holds back another. The CA starts over, so that the clock may go back ----
rm -rf ca
ok cg -C ca --at $start init --no-passphrase
for name in one two three gone clone back lost odd both; do
    ok cg -C ca --at $start -q issue client $name --lifetime 30d
done
ok cg -C ca --at $start -q issue broker b.lan --lifetime 30d
ok cg -C ca --at $start -q issue client young --lifetime 300d
ok cg -C ca --at $start -q issue client banned --lifetime 30d
ok cg -C ca --at $due revoke gone
ok cg -C ca --at $due -q revoke banned --reason keyCompromise
cp -a ca fresh
clear_spool
foreign=$(ask one key1 other/live/one/cert.pem other/live/one/privkey.pem)
revoked=$(ask gone key1)
broker=$(ask b.lan key1)
early=$(ask young key1)
signature=$(ask one key2 ca/live/one/cert.pem ca/live/two/privkey.pem)
proof=$(CG_REQUEST_PROOF=key3 ask two key2)
names=$(CG_REQUEST_CN=three ask odd key2)
same=$(ask odd ca/live/odd/privkey.pem)
ban=$(ask odd ca/archive/banned/0001/privkey.pem)
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out weak 2>/dev/null
weak=$(ask odd weak)
good=$(ask three key1)
expect 3 at $due --sign --all
[ "$(grep -c "^Signed" err)" = 1 ] || fail "not exactly one was signed"
answer "$good" '"certificate"'
for row in "$foreign not_accepted" "$revoked not_accepted" "$broker not_accepted" "$early too_early" "$signature bad_signature" \
    "$proof bad_proof" "$names names_differ" "$same key_not_new" "$ban key_not_allowed" "$weak key_not_allowed"; do
    answer "${row% *}" "\"refused\":\"renewal_${row#* }\""
done
# only what the holder of a certificate made is in the journal, and only once
journal renewal_refused 6
ok at $due --sign --all
journal renewal_refused 6
# nor again if a broker lost the answers, or gives none, as over the control topic; they are answered again
rm "$spool/answers/"*.json
at $due --sign --all
journal renewal_refused 6
answer "$early" '"refused":"renewal_too_early"'
consistent ca
# what has changed is looked at again
ok at 2026-12-01T00:00:00Z -n --sign young
says 'Would sign the request of "young"'
expect 3 at 2026-07-02T00:00:00Z -n --sign --all
says "two: refused: renewal_not_accepted"
echo "refused"

# ---- a person refuses ----
clear_spool
id=$(ask two key4)
ok at $due --refuse two --reason "it was stolen"
answer "$id" '"refused":"renewal_denied","detail":"it was stolen"'
grep -q '"code":"renewal_denied".*"done":"renewal_refused"' ca/journal.jsonl || fail "the journal has no refusal"
ok at $due --sign --all
answer "$id" '"refused":"renewal_denied"'
says "Nothing was to be signed"
ok at $due --sign two
says "two: refused: renewal_denied: a person refused it before"

# ---- one certificate, one successor ----
rm -rf ca
cp -a fresh ca
clear_spool
a=$(ask clone key1)
b=$(ask clone key2)
# in one run: the first is signed, the other waits
ok at $due --sign --all
[ "$(grep -c '^Signed' err)" = 1 ] || fail "not exactly one was signed"
ok at $due
[ "$(grep -c later out)" = 1 ] || fail "the other one does not wait"
[ -e "$spool/answers/$a.json" ] || { c=$a a=$b b=$c; }
# an hour later, not used: the other one is signed, the first is revoked
expect 3 at $later --sign --all
says "Two devices may have the same key"
says "Revoked an earlier certificate of \"clone\", serial $(openssl x509 -in ca/archive/clone/0002/cert.pem -noout -serial | sed "s/serial=0*//" | tr A-F a-f)"
answer "$a" '"refused":"renewal_forked"'
answer "$b" '"certificate"'
journal renewal_forked 1
grep -q "^R.*superseded.*archive/clone/0002" ca/index.txt || fail "the first one is not revoked"
consistent ca
# the first one asks again
ok at $later --sign --all
answer "$a" '"refused":"renewal_forked"'
answer "$b" '"certificate"'
# used: a third one is held for a person, and noted once
"$CG_REQUEST" used "$spool/requests" "$b"
c=$(ask clone key3)
expect 3 at $later --sign --all
says "clone: forked"
[ ! -e "$spool/answers/$c.json" ] || fail "a fork was answered"
journal renewal_forked 2
expect 3 at $later --sign clone
journal renewal_forked 2
expect 3 at $later
says "clone .*forked"
ok at $later --refuse clone --reason "a clone"
answer "$c" renewal_denied
consistent ca

# ---- a restored backup: the device has its old certificate again, after the new one was used ----
id=$(ask back key1)
ok at $later --sign back
"$CG_REQUEST" used "$spool/requests" "$id"
ok at $later --sign back
rm "$spool/requests/$id".*
ask back key2 >id
expect 3 at $week --sign --all
says "back: forked"
# it stays so until a person has decided: the old certificate may be the right device's
for i in 1 2; do
    expect 3 at $week --sign --all --retire revoke
    says "back: forked"
done
grep -q "^V.*archive/back/0001" ca/index.txt || fail "the certificate of a fork was retired"
ok at $week --refuse back --reason "restored"
ok at $week --sign --all --retire revoke
grep -q "^R.*superseded.*archive/back/0001" ca/index.txt || fail "the certificate of a settled fork was not retired"

# ---- at most three ----
clear_spool
hour=2
for i in 1 2 3; do
    ask lost key$i >id
    at 2026-06-22T0$((hour + i)):30:00Z --sign --all >out 2>err
    says 'Signed the request of "lost"'
done
ask lost key4 >id
expect 3 at 2026-06-22T07:00:00Z --sign --all
says "lost: forked.*3 certificates"
consistent ca
echo "forks"

# ---- a hostile spool: nothing of it is followed, waited for or obeyed, and the others are signed ----
rm -rf ca
cp -a fresh ca
clear_spool
good=$(ask one key1)
id=$(printf '%064d' 1)
other() { id=$(printf '%064d' $(($(printf '%s' "$id" | sed 's/^0*//') + 1))); }
ln -s /etc/passwd "$spool/requests/$id.json"
other && mkfifo "$spool/requests/$id.json"
other && mkdir "$spool/requests/$id.json"
other && cp "$spool/requests/$good.json" "$work/linked" && ln "$work/linked" "$spool/requests/$id.json"
other && cp "$spool/requests/$good.json" "$spool/requests/$id.json"
other && head -c 70000 /dev/zero | tr '\0' ' ' >"$spool/requests/$id.json"
other && truncate -s 5G "$spool/requests/$id.json"
other && : >"$spool/requests/$id.json"
other && head -c 300 "$spool/requests/$good.json" >"$spool/requests/$id.json"
other && printf '{"id":"%s"}\n' "$id" >"$spool/requests/$id.json"
count=$((${#id} > 0 ? $(printf '%s' "$id" | sed 's/^0*//') : 0))
: >"$spool/requests/../requests/-x.json"
: >"$spool/requests/$good"
: >"$spool/requests/$(printf %s "$good" | tr a-f A-F)X.json"
: >"$spool/requests/lock"
mkfifo "$spool/requests/$good.done"
expect 1 at $due --sign --all
says 'Signed the request of "one"'
[ "$(grep -c faulty err)" = "$count" ] || fail "$(grep -c faulty err) of $count are faulty"
! grep -q root: err || fail "a file of the system was shown"
[ "$(find "$spool/answers" -name '*.json' | wc -l)" = 1 ] || fail "more than one answer"
consistent ca

# answers/ or requests/ that lead elsewhere
mkdir -m 0750 elsewhere
for folder in answers requests; do
    mv "$spool/$folder" kept
    ln -s "$work/elsewhere" "$spool/$folder"
    expect 1 at $due --sign --all
    says "$folder"
    rm "$spool/$folder"
    : >"$spool/$folder"
    expect 1 at $due --sign --all
    rm "$spool/$folder"
    mv kept "$spool/$folder"
done
[ -z "$(ls elsewhere)" ] || fail "an answer was written elsewhere"
chmod 770 "$spool/answers"
expect 1 at $due --sign --all
says "others can write to it"
chmod 750 "$spool/answers"
echo "hostile"

# ---- two runs at once; what a killed run left ----
exec 9>"$spool/answers/lock"
flock 9
expect 75 at $due --sign --all
says "another run of certguard is answering"
expect 1 at $due -n --sign --all
exec 9>&-
: >"$spool/answers/.$good.new"
old=$(printf "%064d" 7)
young=$(printf "%064d" 8)
touch -d 2026-06-01T00:00:00Z "$spool/answers/$old.json"
touch -d 2026-06-20T00:00:00Z "$spool/answers/$young.json"
rm -rf "$spool/requests/0"*
ok at $due --sign --all
[ ! -e "$spool/answers/.$good.new" ] || fail "a part stays"
[ ! -e "$spool/answers/$old.json" ] || fail "an old answer without a request stays"
[ -e "$spool/answers/$young.json" ] || fail "a young answer was removed"
echo "done"
