#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Root answers in a spool that the broker's user owns: neither links nor folders of that user lead root elsewhere, and the broker can
# read the answers. On another user's CA, root has that user's rights there. Only root can show this.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || skip "needs root and setpriv"

broker=64322
owner=64321
as_broker()
{
    setpriv --reuid $broker --regid $broker --clear-groups "$@"
}

public_scratch
home=$public_folder
spool=$home/spool
requests()
{
    "$CERTGUARD" -C "$home/$1" requests --spool "$spool" --sign --all
}

make_spool()
{
    rm -rf "$spool"
    mkdir -m 750 "$spool" "$spool/requests"
    for name in "$@"; do
        "$CG_REQUEST" many "$home/$ca" "$spool/requests" "$name" >id || fail "no request"
    done
    chmod 640 "$spool/requests"/*
    chown -R $broker:$broker "$spool"
}

for ca in ours theirs; do
    ok cg -C "$home/$ca" --at=-20d init --no-passphrase
    ok cg -C "$home/$ca" --at=-20d -q issue client one --lifetime 30d
    ok cg -C "$home/$ca" --at=-20d -q issue client two --lifetime 30d
done
chown -R $owner:$owner "$home/theirs"
mkdir -m 750 "$home/secret"
: >"$home/secret/file"

# ---- root's CA: the folder is made, and the broker can read in it, but not write ----
ca=ours
make_spool one
ok requests ours
[ "$(stat -c '%u %g %a' "$spool/answers")" = "0 $broker 750" ] || fail "answers/: $(stat -c '%u %g %a' "$spool/answers")"
as_broker cat "$spool/answers/$(cat id).json" >out || fail "the broker cannot read the answer"
as_broker touch "$spool/answers/x" 2>err && fail "the broker can write answers"

# ---- what the broker's user can do with its spool ----
make_spool two
as_broker ln -s "$home/secret" "$spool/answers"
expect 1 requests ours
says "answers"
as_broker rm "$spool/answers"
as_broker mkdir -m 755 "$spool/answers"
expect 1 requests ours
says "belongs to the user $broker"
as_broker rmdir "$spool/answers"
as_broker mv "$spool/requests" "$spool/kept"
as_broker ln -s "$home/ours" "$spool/requests"
expect 1 requests ours
as_broker rm "$spool/requests"
as_broker mv "$spool/kept" "$spool/requests"
[ "$(ls "$home/secret")" = file ] || fail "root wrote into another folder"
[ ! -e "$home/ours/archive/two/0002" ] || fail "signed without a place for the answer"
ok requests ours
as_broker cat "$spool/answers/$(cat id).json" >out || fail "the broker cannot read the answer"

# ---- another user's CA: root has that user's rights, so an administrator makes answers/ ----
ca=theirs
make_spool one
chmod 755 "$spool" "$spool/requests" && chmod 644 "$spool/requests"/*
expect 1 requests theirs
says "install -d -m 0750"
install -d -m 0750 -o $owner -g $broker "$spool/answers"
ok requests theirs
[ "$(stat -c '%u' "$spool/answers/$(cat id).json")" = $owner ] || fail "the answer is not the owner's"
as_broker cat "$spool/answers/$(cat id).json" >out || fail "the broker cannot read the answer"
others=$(find "$home/theirs" ! -user $owner)
[ -z "$others" ] || fail "not the owner's: $others"
echo "done"
