#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Root runs the tool on another user's CA: what it makes and replaces there stays that user's, with the modes from before,
# and neither a link of that user's nor a folder that deploy/ names leads root further than that user gets. Only root can
# show this.
. "$(dirname "$0")/lib.sh"
unset CDPATH
[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || skip "needs root and setpriv"

user=64321
as_user()
{
    setpriv --reuid $user --regid $user --clear-groups env HOME=/nowhere "$@"
}

public_scratch
home=$public_folder
cp "$CERTGUARD" "$home/certguard" && chmod 755 "$home/certguard"
as_user "$home/certguard" --version >out 2>&1 || skip "another user cannot run the tool here"
mkdir "$home/ca" "$home/etc" && chown $user:$user "$home/ca" "$home/etc"
ca=$home/ca

all_theirs()
{
    others=$(find "$ca" ! -user $user -o ! -group $user)
    [ -z "$others" ] || fail "not the owner's: $others"
    as_user "$home/certguard" -C "$ca" crl >out 2>err || fail "the owner is locked out"
    consistent "$ca"
}

# ---- every verb that writes ----
ok cg -C "$ca" init --no-passphrase --intermediate
all_theirs
ok cg -C "$ca" issue client a
ok cg -C "$ca" issue broker b --san dns:localhost --to "$home/etc"
[ "$(stat -Lc %u "$home/etc/privkey.pem")" = $user ] || fail "root deployed with more than that user's rights"
all_theirs
chmod 640 "$ca/index.txt"
ok cg -C "$ca" revoke a
[ "$(stat -c %a "$ca/index.txt")" = 640 ] || fail "index.txt has another mode"
all_theirs
ok cg -C "$ca" renew b
seq -f 'dev%g' 1 4 >devices
ok cg -C "$ca" issue client --batch devices
ok cg -C "$ca" crl --root
ok cg -C "$ca" deploy b --rollback
all_theirs
rm -rf "$ca/lock"
ok cg -C "$ca" crl
all_theirs

# ---- what a killed run of root left is ended by the owner ----
if [ -n "${FAULT_SHIM-}" ]; then
    for at in 8 24 40 48; do
        LD_PRELOAD=$FAULT_SHIM CG_FAULT=kill CG_FAULT_AT=$at "$CERTGUARD" -q -C "$ca" issue client "killed$at" \
            >out 2>err </dev/null
        all_theirs
    done
fi

# ---- links that lead outside ----
mkdir "$home/roots" && chmod 755 "$home/roots"
mv "$ca/archive" "$home/away"
ln -s "$home/roots" "$ca/archive"
expect 1 cg -C "$ca" issue client trap
[ -z "$(ls "$home/roots")" ] || fail "root wrote where a link of the owner's leads"
[ "$(stat -c %u "$home/roots")" = 0 ] || fail "root gave a folder away"
rm "$ca/archive" && mv "$home/away" "$ca/archive"
as_user "$home/certguard" -C "$ca" crl >out 2>err || fail "the owner cannot end the change"
all_theirs
printf 'of root\n' >"$home/secret"
chmod 600 "$home/secret"
mv "$ca/journal.jsonl" "$home/journal"
ln -s "$home/secret" "$ca/journal.jsonl"
expect 1 cg -C "$ca" issue client trap2
[ "$(cat "$home/secret")" = "of root" ] && [ "$(stat -c %u:%a "$home/secret")" = 0:600 ] || fail "a file of root's was touched"
rm "$ca/journal.jsonl" && mv "$home/journal" "$ca/journal.jsonl"
as_user "$home/certguard" -C "$ca" crl >out 2>err || fail "the owner cannot end the change"
# a file of root's that the owner moved here
mv "$ca/lock" "$home/lock" && mv "$home/secret" "$ca/lock"
expect 1 cg -C "$ca" crl
[ "$(stat -c %u:%a "$ca/lock")" = 0:600 ] || fail "root's file was given away"
rm "$ca/lock"
all_theirs

# ---- what is read in the folder is what its owner may read ----
printf 'of root\n' >"$home/secret"
chmod 600 "$home/secret"
link_over()
{
    mv "$1" "$home/kept"
    ln -s "$home/secret" "$1"
}
leaks()
{
    grep -rsq 'of root' "$ca" "$home/etc" out err && fail "$1: root read its secret for another user"
    return 0
}
put_back()
{
    rm "$1" && mv "$home/kept" "$1"
    all_theirs
}
link_over "$ca/chain.pem"
cg -C "$ca" issue client reader >out 2>err
cat "$ca/live/reader/chain.pem" >>out 2>/dev/null
leaks chain.pem
put_back "$ca/chain.pem"
link_over "$ca/index.txt"
for verb in list crl "issue client reader2"; do
    # shellcheck disable=SC2086 # words
    expect 1 cg -C "$ca" $verb
    leaks "index.txt: $verb"
done
put_back "$ca/index.txt"
generation=$(readlink -f "$ca/live/b")
link_over "$generation/chain.pem"
expect 1 cg -C "$ca" deploy b
leaks archive
put_back "$generation/chain.pem"
ok cg -C "$ca" deploy b
# what the command line names is root's to read
printf 'correct horse battery\n' >pass
chmod 600 pass
ok cg -C "$ca" issue client bundled --p12 "$work/bundled.p12" --p12-passphrase-file pass
[ "$(stat -c %u bundled.p12)" = 0 ] || fail "a file outside is not root's"
ok openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout r.key -subj /CN=asked -out r.csr
chmod 600 r.csr
ok cg -C "$ca" sign r.csr --name asked
ok cg -C "$ca" backup "$work/backup.tar"
all_theirs
# export writes a file of root's; what is restored into an empty folder is its owner's
ok cg -C "$ca" export bundled --pem "$work/bundled.pem"
[ "$(stat -c %u:%a bundled.pem)" = 0:600 ] || fail "an exported file is not root's"
mkdir -m 700 "$home/again"
chown "$user" "$home/again"
ok cg -C "$home/again" restore "$work/backup.tar"
find "$home/again" ! -user "$user" | grep . && fail "restored files are not the owner's"
as_user "$home/certguard" -C "$home/again" list >out 2>err || fail "the owner cannot read what was restored"
rm -r "$home/again"
mkdir -m 700 closed
(cd closed && as_user "$home/certguard" -C "$ca" backup "$home/etc/backup.tar") >out 2>err ||
    fail "the owner has no backup while in a folder that only root may enter"
rm "$home/etc/backup.tar"

# ---- a file of root's in it: the fix is for its owner, who then comes in ----
chown 0:0 "$ca/ca/key.pem"
expect 1 cg -C "$ca" crl
says "key.pem: user $user may not read it; fix: "
if command -v setfacl >/dev/null; then
    sh -c "$(sed -n 's/.*; fix: //; s/ (package acl)$//p' err)" || fail "the fix cannot be run: $(cat err)"
    ok cg -C "$ca" crl
    setfacl -b "$ca/ca/key.pem"
fi
chown $user:$user "$ca/ca/key.pem" && chmod 600 "$ca/ca/key.pem"
all_theirs

# ---- a passphrase file that the folder names is read with the owner's rights, one that root types with root's ----
printf 'correct horse battery\n' >root.pass
chmod 600 root.pass
ok cg -C "$ca" passwd --new-passphrase-file root.pass
grep -q passphrase_file "$ca/certguard.json" && fail "the owner cannot read the file that was remembered"
all_sealed()
{
    others=$(find "$ca" ! -user $user -o ! -group $user)
    [ -z "$others" ] || fail "not the owner's: $others"
}
all_sealed
ok cg -C "$ca" issue client typed --passphrase-file root.pass
CERTGUARD_PASSPHRASE_FILE=$work/root.pass cg -C "$ca" issue client environment >out 2>err || fail "the environment of root"
cp root.pass "$home/root.pass" && chmod 600 "$home/root.pass"
as_user sh -c "echo '{\"passphrase_file\": \"$home/root.pass\"}' >'$ca/certguard.json'"
expect 1 cg -C "$ca" issue client trap3
says "cannot read the passphrase_file"
expect 1 cg -C "$ca" config passphrase_file "$home/root.pass"
says "root.pass: user $user may not read it. Use a file that belongs to this user"
chown $user "$home/root.pass"
ok cg -C "$ca" issue client owned
# where the owner cannot come by this path, the file that the folder names is not root's to read either
chown 0:0 "$home/root.pass" && chmod 700 "$home"
expect 1 cg -C "$ca" issue client trap4
says "cannot read the passphrase_file"
chmod 755 "$home"
ok cg -C "$ca" passwd --no-passphrase --passphrase-file root.pass
# a settings file that is a link to a file of root's
as_user rm "$ca/certguard.json"
as_user ln -s "$home/root.pass" "$ca/certguard.json"
expect 1 cg -C "$ca" issue client trap5
says_not "horse"
rm "$ca/certguard.json"
all_theirs

# ---- a folder of root's that the owner moved to where a folder of the CA's is looked for ----
mkdir -m 700 "$ca/volume"
printf 'of root\n' >"$ca/volume/data"
as_user mv "$ca/deploy" "$ca/kept"
as_user mv "$ca/volume" "$ca/deploy"
cg -C "$ca" crl >out 2>err
[ "$(stat -c %u:%a "$ca/deploy")" = 0:700 ] || fail "root gave its folder away"
rm -r "$ca/deploy" && mv "$ca/kept" "$ca/deploy"
all_theirs

# ---- deploy/ names a folder of root's ----
mkdir -m 755 "$home/sys"
printf 'of root\n' >"$home/sys/crl.pem"
as_user sh -c "echo '{\"to\":\"$home/sys\",\"mode\":0}' >'$ca/deploy/client.json'"
expect 1 cg -C "$ca" crl
says "User $user owns the CA's folder"
expect 1 cg -C "$ca" issue client client
[ "$(cat "$home/sys/crl.pem")" = "of root" ] && [ "$(ls "$home/sys")" = crl.pem ] || fail "root wrote where deploy/ says"
rm "$ca/deploy/client.json"
all_theirs

# ---- a folder that its owner cannot reach by this path is written as root, as ever ----
chmod 700 "$home"
ok cg -C "$ca" issue client unreachable
echo "done"
