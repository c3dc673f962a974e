#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# certguard prune: removes the private keys of what ended, and nothing that anything needs. crash_again.sh kills it.
unset CDPATH
. "$(dirname "$0")/lib.sh"

# keys NAME: the generations that have a private key
keys()
{
    (cd "ca/archive/$1" && for folder in *; do [ ! -e "$folder/privkey.pem" ] || printf '%s ' "$folder"; done)
}

# keeps NAME "GENERATIONS"
keeps()
{
    [ "$(keys "$1")" = "$2" ] || fail "$1 has the keys of: $(keys "$1")"
    for folder in "ca/archive/$1"/*; do
        [ -e "$folder/cert.pem" ] || fail "$folder: the certificate is gone"
        [ -e "$folder/privkey.pem" ] || [ ! -e "$folder/fullchain.pem" ] || fail "$folder: half pruned"
    done
}

# renewed KIND NAME TIMES
renewed()
{
    ok cg -C ca issue "$1" "$2"
    i=0
    while [ $i -lt "$3" ]; do
        ok cg -C ca renew "$2"
        i=$((i + 1))
    done
}

long=$(printf 'n%.0s' $(seq 64))
ok cg -C ca init --no-passphrase
renewed client plain 3
renewed client "$long" 2
renewed client 'a@b:1+2' 2
renewed client single 0

# what ended lately stays
cp -a ca before
ok cg -C ca prune
says "Nothing to prune."
ok cg -C ca prune nobody
says "No such certificate. See all with: certguard -C ca list --all"
diff -r -x lock before ca || fail "prune without effect wrote something"

# a dry run, JSON, and the whole: the live one and the one for a rollback stay
ok cg -C ca -n prune --older-than 0d
says "^plain .*0001 .*superseded"
says "^plain .*0002 .*superseded"
says_not "0003"
says "Would remove the private keys and chains of 4 old generations"
diff -r -x lock before ca || fail "a dry run wrote something"
ok cg -C ca --json -n prune --older-than 0d 'a@*'
says '"pruned":\[{"name":"a@b:1+2",.*"generation":1,.*"kept":\[\],"dry_run":true'
ok cg -C ca prune --older-than 0d
says "Removed the private keys and chains of 4 old generations"
keeps plain "0003 0004 "
keeps "$long" "0002 0003 "
keeps 'a@b:1+2' "0002 0003 "
keeps single "0001 "
consistent ca
ok cg -C ca prune --older-than 0d
says "Nothing to prune."
[ "$(grep -c '"done":"pruned"' ca/journal.jsonl)" = 4 ] || fail "the journal does not have every removal once"

# everything goes on: rollback, its end at what was pruned, and the next number
ok cg -C ca deploy plain --to etc
ok cg -C ca deploy plain --rollback
cmp -s etc/privkey.pem ca/archive/plain/0003/privkey.pem || fail "the kept generation was not deployed"
expect 1 cg -C ca deploy plain --rollback
says "generation 2 of \"plain\" was pruned"
ok cg -C ca prune --older-than 0d # the one that was taken back is newer, and valid
keeps plain "0003 0004 "
ok cg -C ca renew plain
[ -e ca/archive/plain/0005/privkey.pem ] || fail "a number was used again"
ok cg -C ca list plain --all
ok cg -C ca show plain

# the time: a month after the end, or after the replacement
ok cg -C ca issue client short --lifetime 10d
ok cg -C ca renew short --lifetime 400d
renewed client late 2
ok cg -C ca -n prune short --at +35d
says "Nothing to prune."
ok cg -C ca -n prune short --at +41d
says "^short .*0001 .*expired"
ok cg -C ca -n prune late --at +29d
says "Nothing to prune."
ok cg -C ca -n prune late --at +31d
says "^late .*0001 .*superseded"
says "Would remove the private keys and chains of 1 old generation\."

# what is revoked is pruned, but not while it is the live one; the key stays forbidden
ok cg -C ca issue client stolen
cp ca/live/stolen/privkey.pem stolen.key
ok cg -C ca revoke stolen --reason keyCompromise
ok cg -C ca prune stolen --older-than 0d
keeps stolen "0001 "
ok cg -C ca issue client stolen
ok cg -C ca prune stolen --older-than 0d
keeps stolen "0002 "
openssl req -new -key stolen.key -subj /CN=again -out again.csr || fail "openssl req"
expect 1 cg -C ca sign again.csr
says "it was revoked as compromised"

# nothing is lost with the index: it is rebuilt with every certificate
cp ca/index.txt index.before
rm ca/index.txt
ok cg -C ca crl --restore-index
sort index.before >rows.1
sort ca/index.txt >rows.2
diff rows.1 rows.2 || fail "the rebuilt index differs"
cp index.before ca/index.txt
mv ca/journal.jsonl journal.before
rm ca/index.txt
ok cg -C ca crl --restore-index
cut -f1,4,5 index.before | sort >rows.1
cut -f1,4,5 ca/index.txt | sort >rows.2
diff rows.1 rows.2 || fail "the index rebuilt without the journal differs"
cp index.before ca/index.txt
cp journal.before ca/journal.jsonl

# what is deployed stays, and so does everything of a name whose folder cannot be read; the others do not wait
rm -rf ca etc
ok cg -C ca init --no-passphrase
renewed broker behind 3
renewed broker unread 3
renewed broker other 3
renewed broker rotated 2
ok cg -C ca deploy behind --to behind
ok cg -C ca deploy unread --to unread
ok cg -C ca deploy other --to other
rm -r behind/.certguard
for file in privkey.pem cert.pem chain.pem fullchain.pem; do
    rm "behind/$file"
    cp "ca/archive/behind/0001/$file" behind/
done
mv unread elsewhere
mkdir -p ca/rotate
printf '{"generation":3,"before":1,"decided":false}' >ca/rotate/rotated.json
expect 1 cg -C ca prune --older-than 0d
says "kept generation 1 of \"behind\": it is deployed in .*/behind. Deploy the live one: certguard -C ca deploy behind"
says "kept generation 1 of \"unread\": cannot read .*/unread/cert.pem"
says "kept generation 1 of \"rotated\": a rotation of the name is not finished"
says "Removed the private keys and chains of 3 old generations"
keeps behind "0001 0003 0004 " # 2 is nowhere
keeps unread "0001 0002 0003 0004 "
keeps other "0003 0004 "
keeps rotated "0001 0002 0003 "
expect 1 cg -C ca --json prune --older-than 0d
says '"pruned":\[\],"kept":\[{"name":"behind","why":'
mv elsewhere unread
ok cg -C ca prune unread --older-than 0d
keeps unread "0003 0004 "
ok cg -C ca deploy behind
ok cg -C ca prune behind --older-than 0d
keeps behind "0003 0004 "

# a certificate that is not the one in the index
renewed client swapped 2
cp ca/archive/swapped/0003/cert.pem ca/archive/swapped/0001/cert.pem
expect 1 cg -C ca prune swapped --older-than 0d
says "is not the certificate that index.txt has"
keeps swapped "0001 0002 0003 "

# without live/NAME nobody knows which one is in use
renewed client lost 2
rm -r ca/live/lost
ok cg -C ca prune lost --older-than 0d
keeps lost "0001 0002 0003 "

# a request's key is not here; an imported CA has certificates that are only a number
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.csr -subj /CN=own 2>/dev/null
ok cg -C ca sign own.csr
ok cg -C ca renew own
ok cg -C ca renew own
ok cg -C ca prune own --older-than 0d
[ ! -e ca/archive/own/0001/fullchain.pem ] || fail "the oldest generation of a request stays"
[ -e ca/archive/own/0002/fullchain.pem ] || fail "the one for a rollback of a request is gone"
printf 'R\t391231235959Z\t250101000000Z\t0A\tunknown\t/CN=by-number\n' >>ca/index.txt
ok cg -C ca prune by-number --older-than 0d
says "Nothing to prune."
expect 64 cg -C ca prune --older-than soon

# more than are removed in one change; the certificate is the same in all
if command -v python3 >/dev/null; then
    ok cg -C many init --no-passphrase
    ok cg -C many issue client m
    ok cg -C many renew m
    python3 - <<'END' || fail "cannot make many names"
import os
rows = [line.rstrip("\n").split("\t") for line in open("many/index.txt")]
with open("many/index.txt", "a") as index:
    for i in range(5200):
        folder = f"archive/m{i}/0001"
        os.makedirs("many/" + folder)
        for file in "cert.pem", "privkey.pem":
            os.link(f"many/archive/m/0001/{file}", f"many/{folder}/{file}")
        index.write("\t".join(["R", rows[0][1], "250101000000Z", rows[0][3], folder, rows[0][5]]) + "\n")
        index.write("\t".join([*rows[1][:4], f"archive/m{i}/0002", rows[1][5]]) + "\n")
        os.mkdir(f"many/live/m{i}")
        os.symlink(f"../../archive/m{i}/0002", f"many/live/m{i}/current")
END
    ok cg -C many --json prune 'm[0-9]*'
    [ "$(grep -o '"generation":1' out | wc -l)" = 5200 ] || fail "not all are in the result"
    [ "$(find many/archive -path '*/m[0-9]*/0001/*' | wc -l)" = 5200 ] || fail "not all were removed"
    ok cg -C many prune
    says "Nothing to prune."
fi
echo "done"
