#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Root deploys into a folder whose owner plants links, second names and keys there: nothing is read or written through them, and
# the next run puts right what was changed. Only root can show this.
. "$(dirname "$0")/lib.sh"
. "$here/deploy_lib.sh"
[ "$(id -u)" = 0 ] || skip "folders of other users, which root alone can make"

ok cg -C ca init --no-passphrase
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -subj /CN=own -out own.csr 2>/dev/null ||
    fail "openssl req"
user=65534
# plant TARGET LINK: as that user would
plant()
{
    rm -rf "$2"
    ln -s "$1" "$2"
    chown -h $user:$user "$2"
}
mkdir -p home/certs
chown $user:$user home home/certs
ok cg -C ca issue broker p --san dns:localhost --to home/certs
[ "$(stat -Lc %u:%a home/certs/privkey.pem home/certs/.certguard/current home/certs/crl.pem | tr '\n' ' ')" = \
    "$user:600 $user:755 $user:644 " ] || fail "files of root in another user's folder"
echo "nobody may read this" >secret
chmod 600 secret
leaks_not()
{
    ! grep -rqs "nobody may read" home/certs/.certguard home/certs/*.pem || fail "$1"
}
plant "$work/secret" home/certs/chain.pem
ok cg -C ca renew --all --due
leaks_not "a planted link was followed"
holds home/certs p 0001
# a second name of root's file
rm home/certs/cert.pem
ln secret home/certs/cert.pem
ok cg -C ca renew --all --due
leaks_not "a second name was copied"
holds home/certs p 0001
# behind a link of ours
plant "$work/secret" "home/certs/.certguard/$(readlink home/certs/.certguard/current)/chain.pem"
rm home/certs/cert.pem
ok cg -C ca renew --all --due
leaks_not "a planted link in the store was followed"
holds home/certs p 0001
mkdir victim
plant "$work/victim" "home/certs/.certguard/current"
ok cg -C ca renew --all --due
holds home/certs p 0001
mkfifo home/certs/pipe
mv home/certs/pipe home/certs/cert.pem
ok cg -C ca renew --all --due
holds home/certs p 0001
plant "$work/victim" home/certs/.certguard
expect 1 cg -C ca renew p
rm home/certs/.certguard
ok cg -C ca renew --all --due
holds home/certs p 0002
# the whole folder
mv home/certs home/kept
plant "$work/victim" home/certs
for way in "renew p" "renew --all --due" "crl"; do
    # shellcheck disable=SC2086 # the words of the verb
    expect 1 cg -C ca $way
    says "link that another user can change"
done
[ -z "$(ls -A victim)" ] || fail "written through a planted link"
rm home/certs
mv home/kept home/certs
ok cg -C ca renew --all --due
holds home/certs p 0003
# links of root's are the way that was meant
ln -s home/certs to-certs
ok cg -C ca deploy p --forget home/certs
ok cg -C ca deploy p --to to-certs
ok cg -C ca renew p
holds home/certs p 0004
# what is no key is not taken for a sealed one
mkdir device
cp own.key device/privkey.pem
chown -R $user:$user device
ok cg -C ca sign own.csr --as broker --name device --san dns:localhost
ok cg -C ca deploy device --to device
mv device/privkey.pem device/.certguard/current/privkey.pem
ln -s .certguard/current/privkey.pem device/privkey.pem
ok cg -C ca renew device
in_step device
plant "$work/secret" device/.certguard/current/privkey.pem
expect 1 cg -C ca renew device
says "cannot read"
! grep -rqs "nobody may read" device/.certguard || fail "a file was copied as a sealed key"
echo "no key" >device/.certguard/current/key
mv device/.certguard/current/key device/.certguard/current/privkey.pem
chown $user device/.certguard/current/privkey.pem
expect 1 cg -C ca renew device
says "is not the key"
openssl pkey -in own.key -aes256 -passout pass:x -out device/.certguard/current/privkey.pem
ok cg -C ca renew --all --due
grep -q ENCRYPTED device/privkey.pem || fail "a sealed key does not come along"
ok cg -C ca deploy device --forget device
ok cg -C ca deploy p --forget to-certs
echo "done"
