#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The tool is killed before every call that changes a file while it answers requests, and the disk is full: each request gets one
# certificate and no more, what was used is recorded, what is replaced is revoked, and the next run ends what is left.
. "$(dirname "$0")/lib.sh"
. "$here/crash_lib.sh"

# ask NAME KEY: prints the ID
ask()
{
    openssl ecparam -name prime256v1 -genkey -noout -out "$2" &&
        "$CG_REQUEST" spool base/live/"$1"/cert.pem base/live/"$1"/privkey.pem "$2" base/spool/requests || fail "no request"
}

# once ID NAME: one certificate for it, which is in the answer
once()
{
    [ "$(grep -l "$1" ca/archive/"$2"/*/renewal.json | wc -l)" = 1 ] || fail "$what, $fault at $at: not one certificate for the request of $2"
    generation=$(dirname "$(grep -l "$1" ca/archive/"$2"/*/renewal.json)")
    answer=$(sed 's/.*"certificate":"\([^"]*\)".*/\1/' "ca/spool/answers/$1.json") || fail "$what, $fault at $at: no answer for $2"
    [ "$answer" = "$(sed '/-----/d' "$generation/cert.pem" | tr -d '\n')" ] || fail "$what, $fault at $at: $2 is answered with another certificate"
}

old_or_new()
{
    "$CERTGUARD" -C ca requests --spool ca/spool --sign --all >out 2>err </dev/null
    [ $? -le 3 ] || fail "$what, $fault at $at: the next run"
    once "$plain" plain
    once "$second" fork
    ! grep -q . "ca/spool/answers/$used.json" 2>/dev/null || fail "$what, $fault at $at: the answer of what was used stays"
    grep -q confirmed ca/archive/used/0002/renewal.json || fail "$what, $fault at $at: what was used is not recorded"
    grep -q "^R.*archive/fork/0002" ca/index.txt || fail "$what, $fault at $at: what was replaced is not revoked"
    [ "$(grep -c '"renewal_forked"' ca/journal.jsonl)" = 1 ] || fail "$what, $fault at $at: the fork is not noted once"
    grep -q renewal_too_early "ca/spool/answers/$early.json" || fail "$what, $fault at $at: the refusal is not there"
    [ -z "$(find ca/spool/answers -name '.*.new')" ] || fail "$what, $fault at $at: a part stays"
}

rm -rf base
ok cg -C base --at=-20d init --no-passphrase
ok cg -C base --at=-20d issue client one --lifetime 30d
for name in plain used fork; do
    ok cg -C base --at=-20d -q issue client $name --lifetime 30d
done
as_before base one
ok cg -C base -q --at=-20d issue client early --lifetime 300d
mkdir -p base/spool/requests
cp -a base/live/fork/cert.pem base/live/fork/privkey.pem .
used=$(ask used key1)
ask fork key2 >id
ok cg -C base --at=-2h requests --spool base/spool --sign --all
"$CG_REQUEST" used base/spool/requests "$used"
plain=$(ask plain key3)
early=$(ask early key4)
second=$("$CG_REQUEST" spool cert.pem privkey.pem key4 base/spool/requests)
consistent base

killed()
{
    end_code=3 walk requests kill 137 requests --spool ca/spool --sign --all
}

full()
{
    end_code=3 walk requests ENOSPC 1 requests --spool ca/spool --sign --all
}

both killed full
