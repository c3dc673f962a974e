#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The CA's folder on a file system without links, as on a USB stick or a network share: init finds that before it creates
# anything, and a CA that was moved there says so and stays as it is. A folder that is reached through a link works.
. "$(dirname "$0")/lib.sh"
unset CDPATH
[ -n "${FAULT_SHIM-}" ] && [ -e "$FAULT_SHIM" ] || skip "no shim"

switched()
{
    LD_PRELOAD=$FAULT_SHIM CG_FAULT_SWITCH=switch "$CERTGUARD" "$@"
}

ok cg -C ca init --no-passphrase
ok cg -C ca issue client one
ok cg -C ca backup ca.tar
# no symbolic links: EOPNOTSUPP
echo "symlink 95" >switch
for verb in "init --no-passphrase" "restore ca.tar" "import ca --no-passphrase"; do
    # shellcheck disable=SC2086 # the words of the verb
    expect 1 switched -C new $verb
    says "cannot link .*The file system (.*) does not support symbolic links here. Keep the CA on a Linux file system"
    [ "$(ls new)" = lock ] || fail "$verb left something: $(ls new)"
done
cp -a ca before
expect 1 switched -C ca issue client two
says "does not support symbolic links"
diff -r --no-dereference -x lock before ca || fail "a failed change is left"
# elsewhere, EPERM is a matter of rights
echo "symlink 1" >switch
expect 1 switched -C new init --no-passphrase
says "Run certguard as the owner of the folder"
rm switch
ok switched -C new init --no-passphrase
consistent new

# through a link, as an automounter makes it, also of a folder that does not exist
mkdir -m 700 disk
ln -s "$work/disk" share
ok cg -C share init --no-passphrase
ok cg -C share issue client one
ok cg -C share/ issue client two
ok cg -C share/sub init --no-passphrase
[ -L share ] && [ -e disk/live/two/cert.pem ] && [ -e disk/sub/ca.pem ] || fail "the link was not followed"
consistent share

# other Linux file systems, where they can be mounted
cat >mounted.sh <<'END'
set -e
mount -t tmpfs -o mode=700 none mnt
"$CERTGUARD" -C mnt/ca -q init --no-passphrase
"$CERTGUARD" -C mnt/ca -q issue client one
mkdir mnt/up mnt/tmp merged
mount -t overlay -o "lowerdir=mnt/ca,upperdir=mnt/up,workdir=mnt/tmp,userxattr" none merged || exit 0
"$CERTGUARD" -C merged -q issue client two
END
mkdir mnt
if unshare -rm mount -t tmpfs none mnt 2>/dev/null; then
    ok unshare -rm sh mounted.sh
else
    echo "nothing can be mounted here"
fi
echo "done"
