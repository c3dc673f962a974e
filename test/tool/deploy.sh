#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Folders that brokers read: key and certificate change in one moment, nothing that must not be served gets there, every
# folder stays up to date until it is forgotten, and what a renewal did not bring out is due until it is there.
. "$(dirname "$0")/lib.sh"
. "$here/deploy_lib.sh"

ok cg -C ca init --no-passphrase
for name in b c; do
    ok cg -C ca issue broker $name --san dns:localhost --lifetime 90d
done
as_before ca b

# ---- one switch a generation; plain files that were there come to links and stay the same until then ----
mkdir etc
for file in privkey.pem cert.pem chain.pem fullchain.pem; do
    cp "ca/archive/b/0001/$file" etc/
done
chmod 644 etc/*
chmod 640 etc/privkey.pem
ok cg -C ca deploy b --to etc/ --mode 0640
holds etc b 0001
[ ! -L etc/cert.pem ] || fail "files that are right were written again"
ok cg -C ca renew b
holds etc b 0002
[ "$(readlink etc/privkey.pem)" = .certguard/current/privkey.pem ] || fail "the key is no link into the current folder"
[ "$(stat -Lc %a etc/privkey.pem etc/cert.pem | tr '\n' ' ')" = "640 644 " ] || fail "modes"
[ "$(stat -c %a etc/.certguard etc/.certguard/0* | sort -u)" = 755 ] || fail "the folders are closed to the broker"
ok cg -C ca renew b
ok cg -C ca renew b
holds etc b 0004
[ "$(find etc/.certguard -name "0*" | wc -l)" = 2 ] || fail "earlier generations pile up: $(ls etc/.certguard)"
# a file that was put in the place of a link is repaired
cp --remove-destination ca/archive/b/0001/cert.pem etc/cert.pem
ok cg -C ca renew --all --due
holds etc b 0004
[ -L etc/cert.pem ] || fail "a plain file stays"
# where the file system has no links, they are files
mkdir flat
if [ -n "${FAULT_SHIM-}" ]; then # not with sanitizers
    echo "symlink 1" >switch
    ok env LD_PRELOAD="$FAULT_SHIM" CG_FAULT_SWITCH=switch "$CERTGUARD" -C ca deploy c --to flat
    rm switch
    holds flat c 0001
    [ ! -L flat/cert.pem ] || fail "a link where there are none"
else
    ok cg -C ca deploy c --to flat
fi

# ---- a key that does not fit is not deployed ----
cp ca/archive/b/0004/privkey.pem good.key
cp ca/archive/b/0001/privkey.pem ca/archive/b/0004/privkey.pem
cp -a etc before
for way in "deploy b" "deploy b --to new" "renew --all --due" "rotate b --timeout 1"; do
    # shellcheck disable=SC2086 # the words of the verb
    expect 1 cg -C ca $way
    says "is not the key"
    diff -r before etc || fail "$way changed the folder"
    [ ! -e new ] || fail "$way made a folder"
done
cp good.key ca/archive/b/0004/privkey.pem
rm -rf before
# a device's own key stands in the folder; another one does not
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -subj /CN=own -out own.csr 2>/dev/null
mkdir own
cp own.key own/privkey.pem
ok cg -C ca sign own.csr --as broker --san dns:localhost
ok cg -C ca deploy own --to own
in_step own
cmp own.key own/privkey.pem || fail "the device's key was touched"
cp good.key own/privkey.pem
expect 1 cg -C ca renew own
says "own/privkey.pem is not the key"
cmp own/cert.pem ca/archive/own/0001/cert.pem || fail "the certificate was changed beside a key that is not its"

# ---- what failed is due, and the next run deploys it without a new certificate ----
cp own.key own/privkey.pem
expect 0 cg -C ca needs-renewal own
says "not deployed to all folders"
expect 0 cg -C ca needs-renewal --all
generation=$(readlink ca/live/own)
ok cg -C ca renew --all --due
[ "$generation" = "$(readlink ca/live/own)" ] || fail "a new certificate was made"
cmp own/cert.pem ca/live/own/cert.pem || fail "what failed was not deployed"
expect 1 cg -C ca needs-renewal --all
expect 1 cg -C ca needs-renewal own
# one folder that fails does not hold up the others
cp -a own own.kept
cp good.key own/privkey.pem
expect 1 cg -C ca renew --all
holds etc b 0005
expect 0 cg -C ca needs-renewal own
rm -rf own
mv own.kept own
ok cg -C ca renew own

# ---- every folder is remembered ----
ok cg -C ca deploy b --to etc2
says "deploy b --forget"
holds etc2 b 0005
[ "$(stat -Lc %a etc2/privkey.pem)" = 640 ] || fail "the mode of the folder before"
ok cg -C ca renew b
holds etc b 0006
holds etc2 b 0006
ok cg -C ca crl
cmp etc/crl.pem ca/crl.pem || fail "the folder from before did not get the CRL"
cmp etc2/crl.pem ca/crl.pem || fail "the new folder did not get the CRL"
ok cg -C ca deploy b --mode 0600
[ "$(stat -Lc %a etc/privkey.pem etc2/privkey.pem | sort -u)" = 600 ] || fail "the mode of all"
expect 64 cg -C ca deploy b --forget etc --to etc3
expect 1 cg -C ca deploy b --forget nowhere
says "is not deployed to"
ok cg -C ca deploy b --forget etc/.
cmp etc/crl.pem ca/crl.pem || fail "forgetting changed the files"
ok cg -C ca renew b
holds etc b 0006
holds etc2 b 0007
ok cg -C ca deploy b --forget etc2
expect 1 cg -C ca deploy b
says "has no folder to deploy to"
# a record with one folder
printf '{"to":"%s/etc","mode":416,"connect":"localhost:1"}' "$work" >ca/deploy/b.json
ok cg -C ca deploy b
holds etc b 0007
[ "$(stat -Lc %a etc/privkey.pem)" = 640 ] || fail "the mode of the record"

# ---- one name a folder ----
ln -s etc link
for folder in etc etc/ ./etc etc/../etc link "$work//etc"; do
    expect 1 cg -C ca deploy c --to "$folder"
    says 'is the folder of "b"'
done
expect 1 cg -C ca issue broker d --san dns:localhost --to link
says 'is the folder of "b"'
[ ! -e ca/live/d ] || fail "issued before the folder was looked at"
ok cg -C ca deploy c --to later/one
rm -rf later
expect 1 cg -C ca deploy b --to later/one/
says 'is the folder of "c"'
expect 1 cg -C ca deploy b --to ca/live/b
says "in the CA's folder"
ok cg -C ca deploy c --forget later/one
holds etc b 0007
# two names whose folders became one
cp ca/deploy/b.json kept.json
printf '{"to":"%s/etc","mode":0}' "$work" >ca/deploy/c.json
expect 1 cg -C ca renew --all
says 'deploy b --forget'
holds etc b 0008
printf '{"to":"%s/flat","mode":0}' "$work" >ca/deploy/c.json

# ---- nobody goes back to what must not be served ----
ok cg -C ca renew b
serial=$(openssl x509 -in ca/archive/b/0008/cert.pem -noout -serial | cut -d= -f2)
ok cg -C ca revoke "$serial"
# the newest of those that may be live, and no word of the others but why
ok cg -C ca -n deploy b --rollback
says "skipped: generation 8 .* is revoked"
says "generation 7"
ok cg -C ca renew b
expect 1 cg -C ca --at +91d deploy b --rollback
says "no earlier generation .* can be used: generation 9 .* expired at .*; generation 8 .* is revoked"
expect 1 cg -C ca -n --at +91d deploy b --rollback
holds etc b 0010
ok cg -C ca -n --at +89d deploy b --rollback
holds etc b 0010
ok cg -C ca deploy b --rollback
holds etc b 0009
ok cg -C ca renew b
ok cg -C ca -n deploy b --rollback
says "skipped: generation 10 .* is unproven"
says "generation 9"
expect 1 cg -C ca rotate b --connect 127.0.0.1:1 --timeout 1
says "generation 11 of .* was restored"
ok cg -C ca renew b
ok cg -C ca -n deploy b --rollback
says "skipped: generation 12 .* is unproven"
says "generation 11"
holds etc b 0013
ok cg -C ca renew b
ok cg -C ca deploy b --rollback
holds etc b 0013
ok cg -C ca issue broker e --san dns:localhost --to etc-e
ok cg -C ca revoke e
expect 1 cg -C ca deploy e
says "is revoked"
ok cg -C ca deploy e --forget etc-e
# a folder that missed a renewal keeps what serves, where what it missed is revoked by now
ok cg -C ca issue broker f --san dns:localhost --to etc-f
mv etc-f away
touch etc-f
expect 1 cg -C ca renew f
rm etc-f
mv away etc-f
ok cg -C ca revoke "$(openssl x509 -in ca/live/f/cert.pem -noout -serial | cut -d= -f2)" --reason superseded
ok cg -C ca renew --all --due
says "f: the live generation 2 is revoked .* left unchanged"
holds etc-f f 0001
ok cg -C ca deploy f --rollback
holds etc-f f 0001
ok cg -C ca renew --all --due
says_not "left unchanged"
ok cg -C ca deploy f --forget etc-f

# ---- a folder that is gone is not made anew, but by who says so ----
ok cg -C ca issue broker g --san dns:localhost --to etc-g
mv etc-g away
expect 1 cg -C ca renew g
says "etc-g is missing.* deploy g --forget"
expect 1 cg -C ca renew --all --due
expect 1 cg -C ca rotate g --connect 127.0.0.1:1 --timeout 1
says "etc-g is missing"
[ ! -e ca/archive/g/0003 ] || fail "rotated before the folder was looked at"
expect 1 cg -C ca deploy g
expect 1 cg -C ca crl
says "etc-g is missing"
[ ! -e etc-g ] || fail "made anew"
ok cg -C ca needs-renewal g
mv away etc-g
ok cg -C ca renew --all --due
holds etc-g g 0002
rm -rf etc-g
ok cg -C ca deploy g --to etc-g
holds etc-g g 0002

# ---- a folder in the folder that certguard keeps, and modes that let others write the key ----
for folder in etc-g/.certguard etc-g/.certguard/current etc-g/.certguard/new; do
    for name in g b; do
        expect 1 cg -C ca deploy $name --to $folder
        says "where certguard keeps"
    done
done
for mode in 0770 0660 0700 0644 0500; do
    expect 64 cg -C ca deploy g --mode $mode
    says "expected 0600, 0640, 0440 or 0400"
done
ok cg -C ca deploy g --mode 0400
consistent ca

# ---- a folder that another CA took over: only --to that is typed takes it back ----
ok cg -C other init --no-passphrase
ok cg -C ca issue broker taken --san dns:localhost --to etc-taken
ok cg -C other issue broker taken --san dns:localhost --to etc-taken
says "held the files of another CA (CN=MQTT CA, serial"
cmp etc-taken/ca.pem other/ca.pem || fail "the CA that was typed is not there"
for verb in "crl" "renew taken" "deploy taken" "rotate taken --connect 127.0.0.1:1 --timeout 1"; do
    # shellcheck disable=SC2086 # words
    expect 1 cg -C ca $verb
    says "contains the files of another CA"
    cmp etc-taken/ca.pem other/ca.pem || fail "$verb: the other CA's folder was taken"
    cmp etc-taken/crl.pem other/crl.pem || fail "$verb: the other CA's CRL was replaced"
done
ok cg -C ca deploy taken --forget etc-taken
ok cg -C ca crl
ok cg -C ca deploy taken --to etc-taken
says "held the files of another CA"
cmp etc-taken/ca.pem ca/ca.pem || fail "no way back"
ok cg -C ca deploy taken --forget etc-taken

# ---- a folder that was copied with its links resolved, and foreign things in the store ----
ok cg -C ca issue broker s --san dns:localhost --to odd
ok cg -C ca renew s
cp -rL odd copy
rm -rf odd
mv copy odd
touch odd/.certguard/0009 odd/.certguard/0003
mkdir -p odd/.certguard/0012/foreign
ok cg -C ca renew s
holds odd s 0003
ok cg -C ca renew s
holds odd s 0004
[ -L odd/.certguard/current ] || fail "current is no link"
[ -e odd/.certguard/0009 ] || fail "a foreign file was removed"
# what cannot be put leaves nothing behind, and the CRL comes all the same
rm -rf odd/.certguard odd/crl.pem
touch odd/.certguard
expect 1 cg -C ca renew s
cmp odd/crl.pem ca/crl.pem || fail "the CRL waits for the certificate"
rm odd/.certguard
ok cg -C ca renew --all --due
holds odd s 0005
# a full disk
if [ -n "${FAULT_SHIM-}" ]; then
    printf 'write 28 odd/.certguard/0\n' >switch
    expect 1 env LD_PRELOAD="$FAULT_SHIM" CG_FAULT_SWITCH=switch "$CERTGUARD" -C ca renew s
    says "Free disk space"
    rm switch
    [ "$(find odd/.certguard -name "0*" | wc -l)" = 1 ] || fail "half a generation, or one too many: $(ls odd/.certguard)"
    ok cg -C ca renew --all --due
    holds odd s 0006
fi

# ---- a record that is damaged holds back nobody else, and what is printed makes it again ----
for name in one two three; do
    ok cg -C ca issue broker rec-$name --san dns:localhost --to rec-$name
done
for how in empty cut; do
    if [ $how = empty ]; then : >ca/deploy/rec-two.json; else printf '{"to":' >ca/deploy/rec-two.json; fi
    expect 1 cg -C ca crl
    says "rec-two.json: it names no folder"
    for name in one three; do
        cmp ca/crl.pem rec-$name/crl.pem || fail "$how: the CRL did not reach rec-$name"
    done
    ok cg -C ca renew rec-one
    # shellcheck disable=SC2046 # the words of the command
    expect 1 cg -C ca deploy rec-two
    ok cg $(sed -n 's/.*: certguard \(-C [^ ]* deploy [^ ]* --to\) FOLDER$/\1/p' err) rec-two
    says "it is replaced"
    cmp ca/crl.pem rec-two/crl.pem || fail "$how: the fix does not deploy"
    ok cg -C ca crl
done
for name in one two three; do
    ok cg -C ca deploy rec-$name --forget rec-$name
done

# ---- a folder that a unit may not write ----
cat >readonly.sh <<'END'
mount --bind etc etc && mount -o remount,bind,ro etc || exit 77
INVOCATION_ID=1 "$CERTGUARD" -C ca renew b && exit 1
INVOCATION_ID=1 "$CERTGUARD" -C ca deploy b --to etc/below && exit 2
INVOCATION_ID=1 "$CERTGUARD" -C ca crl && exit 3
exit 0
END
if unshare -rm true 2>/dev/null; then
    unshare -rm sh readonly.sh >out 2>err
    code=$?
    [ $code = 0 ] || [ $code = 77 ] || fail "a read-only folder: step $code"
    [ $code = 77 ] || [ "$(grep -c 'certguard -C ca install-units again' err)" = 3 ] || fail "no word about the units"
    ok cg -C ca renew --all --due
    in_step etc
fi
echo "done"
