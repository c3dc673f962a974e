#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Hooks of deployed folders: they run after a change, at least once whatever happens, and one that fails does not hold up
# anything. No name of several holds up the others either.
# shellcheck disable=SC2016 # the shell of the hook replaces the variables
. "$(dirname "$0")/lib.sh"
unset CDPATH

ok cg -C ca init --no-passphrase
for name in b c d; do
    ok cg -C ca issue broker $name --san dns:localhost
done
ok cg -C ca issue client one
ok cg -C ca issue client two
export REMOTE="$work/remote"
mkdir "$REMOTE"

# carries NAME: what another machine got
carries()
{
    for file in cert.pem privkey.pem crl.pem ca.pem; do
        cmp -s "remote/$1/$file" "$1/$file" || fail "$1: $file was not carried"
    done
    cmp -s "remote/$1/cert.pem" "ca/live/$1/cert.pem" || fail "$1: an earlier certificate was carried"
    cmp -s "remote/$1/crl.pem" ca/crl.pem || fail "$1: an earlier CRL was carried"
}
runs()
{
    grep -c . "$1" 2>/dev/null || true
}
copy='mkdir -p "$REMOTE/$CERTGUARD_NAME" && cp -L "$CERTGUARD_FOLDER"/*.pem "$REMOTE/$CERTGUARD_NAME/" && echo "$CERTGUARD_VERB: $CERTGUARD_CHANGED" >>"$REMOTE/$CERTGUARD_NAME.log"'

# ---- after each change, by each verb, and not without one ----
ok cg -C ca deploy b --to b -n --hook "$copy"
says 'Would run the hook of "b"'
[ ! -e remote/b ] || fail "a dry run ran the hook"
ok cg -C ca deploy b --to b --hook "$copy"
carries b
ok cg -C ca deploy b
ok cg -C ca crl --refresh-if 50%
ok cg -C ca renew --all --due
expect 1 cg -C ca needs-renewal --all
ok cg -C ca crl
carries b
ok cg -C ca revoke one
carries b
ok cg -C ca renew b
carries b
ok cg -C ca deploy b --rollback
carries b
ok cg -C ca deploy b --mode 0640
ok cg -C ca issue broker e --san dns:localhost --to e --hook "$copy"
carries e
printf '%s\n' "deploy: certificate ca crl" "crl: crl" "revoke: crl" "renew: certificate" "deploy: certificate" \
    "deploy: certificate" | cmp - remote/b.log || fail "other runs: $(cat remote/b.log)"
ok cg -C ca -n crl
says 'Would run the hook of "e"'
ok cg -C ca -n renew b
says 'Would run the hook of "b"'
says_not 'Would run the hook of "e"'
# a file that is repaired is a change
rm b/privkey.pem
ok cg -C ca renew --all --due
[ "$(tail -n 1 remote/b.log)" = "renew: certificate" ] || fail "a repaired file was not carried"
# one for a folder that is right already runs at once; another folder has it too
ok cg -C ca deploy c --to c
ok cg -C ca deploy c --hook "$copy"
carries c
ok cg -C ca deploy c --to c2
[ "$(runs remote/c.log)" = 2 ] || fail "the hook of the second folder"
ok cg -C ca deploy c --forget c2
ok cg -C ca show c
says "  hook mkdir" && says_not "  pending"
expect 64 cg -C ca deploy b c --to both
expect 64 cg -C ca deploy b c --forget b
expect 64 cg -C ca deploy b --hook-timeout 0
says "expected 1 to 86400 seconds"
expect 1 cg -C ca issue broker f --san dns:localhost --hook true
says "needs a folder"

# ---- what a hook gets ----
ok cg -C ca deploy d --to d --connect localhost:1 --hook 'env >"$REMOTE/env"; pwd >"$REMOTE/pwd"; ls -l /proc/$$/fd >"$REMOTE/fds"
    cat >"$REMOTE/stdin"; tty </dev/tty >"$REMOTE/tty" 2>&1 && echo tty; echo to stdout; echo to stderr >&2'
serial=$(openssl x509 -in ca/live/d/cert.pem -noout -serial | sed 's/.*=//')
for line in "CERTGUARD_NAME=d" "CERTGUARD_FOLDER=$work/d" "CERTGUARD_CHANGED=certificate ca crl" "CERTGUARD_VERB=deploy" \
    "CERTGUARD_SERIAL=$serial" "CERTGUARD_CONNECT=localhost:1" "CERTGUARD_DIR=$work/ca" "REMOTE=$REMOTE"; do
    grep -qxF "$line" remote/env || fail "no $line: $(cat remote/env)"
done
[ "$(cat remote/pwd)" = / ] && [ ! -s remote/stdin ] || fail "working folder or input"
[ ! -s out ] || fail "output of a hook on standard output"
says "hook of d: to stdout" && says "hook of d: to stderr" && says_not "hook of d: tty"
echo "not for hooks" >secret
chmod 600 secret
exec 7<secret
CERTGUARD_PASSPHRASE_FILE=$work/secret expect 0 cg -C ca crl --passphrase-fd 7
exec 7<&-
! grep -q "CERTGUARD_PASSPHRASE" remote/env || fail "the environment has the file of the passphrase"
! grep -Eq ' ([3-9]|1[0-9]) -> .*(secret|lock)' remote/fds || fail "open files: $(cat remote/fds)"

# ---- one that fails: reported, due, tried again; the others run ----
: >remote/broken
fails='[ ! -e "$REMOTE/broken" ] || { echo "first line"; echo "no route to host" >&2; exit 23; }; '
ok cg -C ca deploy d --hook true
expect 1 cg -C ca deploy d --hook "$fails$copy"
says 'the hook of "d" for .*/d failed: exit code 23 (first line; no route to host)'
says "Fix the cause"
for verb in "renew --all --due" "crl --refresh-if 50%" "deploy d" "revoke one"; do
    # shellcheck disable=SC2086 # the words of the verb
    expect 1 cg -C ca $verb
    says "exit code 23"
done
# by its name, another one is not held up
ok cg -C ca deploy b
ok cg -C ca renew b
expect 0 cg -C ca needs-renewal d
says "or a hook failed"
expect 0 cg -C ca needs-renewal --all
says "1 of the names in ca are due"
expect 1 cg -C ca revoke two
says "Revoked 1 certificate"
carries b
carries c
cmp -s d/crl.pem ca/crl.pem || fail "the CRL waits for a hook"
expect 1 cg -C ca --json crl
python3 - out <<'END' || fail "JSON of hooks: $(cat out)"
import json, sys
hooks = {h["name"]: h for h in json.load(open(sys.argv[1]))["hooks"]}
assert len(hooks) == 4 and all(hooks[n]["ok"] and hooks[n]["changed"] == "crl" for n in "bce"), hooks
assert not hooks["d"]["ok"] and hooks["d"]["error"] == "exit code 23" and "no route" in hooks["d"]["output"], hooks
END
rm remote/broken
ok cg -C ca renew --all --due
carries d
expect 1 cg -C ca needs-renewal --all
[ "$(cat remote/d.log)" = "renew: certificate ca crl" ] || fail "$(cat remote/d.log)"
# a limit above the maximum, written by hand, is the maximum
sed -i 's/"hook_timeout":[0-9]*/"hook_timeout":90000/' ca/deploy/d.json
ok cg -C ca deploy d
grep -q '"hook_timeout":86400,' ca/deploy/d.json || fail "another limit: $(cat ca/deploy/d.json)"
ok cg -C ca deploy d --hook-timeout 300
ok cg -C ca deploy d --hook ''
ok cg -C ca crl
[ "$(runs remote/d.log)" = 1 ] || fail "a hook that was removed ran"

# ---- one that hangs, with children that ignore SIGTERM: ended, and nothing of it is left ----
: >remote/slow
hangs='[ ! -e "$REMOTE/slow" ] || { trap "" TERM; echo $$ >"$REMOTE/pid"; sleep 300 & echo $! >"$REMOTE/pid2"; wait; sleep 300; }; '
expect 1 cg -C ca deploy d --hook "$hangs$copy" --hook-timeout 1
says "did not end within 1 s"
# one that writes without end is ended too, and does not fill the log
expect 1 timeout -k 1 60 "$CERTGUARD" -C ca deploy d --hook yes --hook-timeout 1
says "did not end within 1 s (y; y; y)" && says "more is not shown"
[ "$(runs err)" -lt 1100 ] || fail "$(runs err) lines of output"
# is_gone PID: also if nothing has waited for it yet
is_gone()
{
    [ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}
for pid in $(cat remote/pid remote/pid2); do
    until_true is_gone "$pid" || fail "a process of the hook runs on"
done

# ---- stopped: the hook ends first; killed: another run does it. The lock of the CA is free meanwhile ----
start()
{
    rm -f remote/pid
    env --default-signal=INT "$CERTGUARD" -C ca deploy d --hook "$hangs$copy" --hook-timeout 60 >run.out 2>run.err </dev/null &
    run=$!
    until_true test -s remote/pid || fail "no hook: $(cat run.err)"
}
start
ok cg -C ca --wait 0 issue client free
kill -INT $run
wait $run
[ $? = 130 ] || fail "a signal does not end the run"
is_gone "$(cat remote/pid)" || fail "the hook of a stopped run runs on"
start
kill -KILL $run
wait $run
kill -KILL "-$(cat remote/pid)"
rm remote/slow
rm -r remote/d
expect 0 cg -C ca needs-renewal d
ok cg -C ca renew --all --due
carries d
# a change while the hook runs: the other run waits for it, and carries the newer one last
: >remote/slow
ok cg -C ca deploy d --hook "while [ -e \"\$REMOTE/slow\" ]; do sleep 0.1; done; $copy" --hook-timeout 60 &
first=$!
until_true grep -q '"pending":"certificate ca crl"' ca/deploy/d.json || fail "no hook runs"
until_true test -e ca/deploy/d.lock
"$CERTGUARD" -C ca crl >run.out 2>run.err &
run=$!
until_true cmp -s d/crl.pem ca/crl.pem
rm remote/slow
wait $run || fail "the second run: $(cat run.err)"
wait $first || fail "the first run"
carries d
expect 1 cg -C ca needs-renewal d

# ---- a hook that calls certguard: no lock in its way, and no hook in a hook ----
ok cg -C ca deploy d --hook "'$CERTGUARD' -C '$work/ca' crl && $copy" --hook-timeout 60
expect 0 cg -C ca needs-renewal d
ok cg -C ca deploy d --hook "$copy"
carries d

# ---- killed before, in and after it ----
# walk STRIDE AGAIN VERB...: killed at each place; AGAIN is the next run
walk()
{
    stride=$1 again=$2 at=1
    shift 2
    while :; do
        rm -rf ca d remote
        cp -a ca.kept ca && cp -a d.kept d && cp -a remote.kept remote
        LD_PRELOAD=$FAULT_SHIM CG_FAULT=kill CG_FAULT_AT=$at "$CERTGUARD" -C ca "$@" >out 2>err </dev/null
        got=$?
        [ $got = 0 ] && break
        [ $got = 137 ] || fail "$*, killed at $at: exit $got"
        # shellcheck disable=SC2086 # the words of the verb
        ok cg -C ca $again
        carries d
        [ ! -e ca/pending ] || fail "$*, killed at $at: a change is left"
        at=$((at + stride))
    done
    carries d
    [ $at -gt 30 ] || fail "$*: killed at $at calls only"
}
if [ -n "${FAULT_SHIM-}" ]; then
    ok cg -C ca deploy d --hook "exec env -u LD_PRELOAD sh -c '$copy'"
    mv ca/deploy kept && mkdir ca/deploy && mv kept/d.json ca/deploy/ # without the others, to save time
    cp -a ca ca.kept && cp -a d d.kept && cp -a remote remote.kept
    walk 2 "crl --refresh-if 50%" crl
    walk 5 "renew --all --due" renew d
    mv kept/[bce].json ca/deploy/
    ok cg -C ca crl
    rm -rf ca.kept d.kept remote.kept
fi

# ---- several names ----
ok cg -C ca deploy b c e --hook "$copy"
for name in b c e; do
    carries $name
done
expect 1 cg -C ca --json deploy b one c
says "one: .*has no folder to deploy to"
python3 - out <<'END' || fail "JSON of several: $(cat out)"
import json, sys
run = json.load(open(sys.argv[1]))
assert [d["name"] for d in run["done"]] == ["b", "c"] and [f["name"] for f in run["failed"]] == ["one"], run
END
ok cg -C ca renew b c
ok cg -C ca deploy b c --rollback
carries b
carries c
ok cg -C ca deploy c --connect 127.0.0.1:1
ok cg -C ca deploy b --connect 127.0.0.1:1
expect 64 cg -C ca rotate b c --connect 127.0.0.1:1
# eight at the same time, and not nine
mkdir here now
together="cd '$work' && touch \"here/\$CERTGUARD_NAME\" \"now/\$CERTGUARD_NAME\"
    until [ \"\$(ls here | wc -l)\" -ge 8 ]; do sleep 0.1; done
    sleep 0.5; ls now | wc -l >>most; rm \"now/\$CERTGUARD_NAME\""
for name in 1 2 3 4 5 6 7 8 9; do
    ok cg -C ca issue client many$name --to many$name
done
ok cg -C ca deploy many1 many2 many3 many4 many5 many6 many7 many8 many9 --hook "$together" --hook-timeout 60
[ "$(sort -n most | tail -n 1)" = 8 ] || fail "at the same time: $(cat most)"
ok cg -C ca deploy many1 many2 many3 many4 many5 many6 many7 many8 many9 --hook ''
generation=$(readlink ca/live/b/current)
expect 1 cg -C ca rotate nobody b c --timeout 1
says "nobody: "
says "b: .*was restored" && says "c: .*was restored"
[ "$generation" = "$(readlink ca/live/b/current)" ] || fail "not restored"
carries b
carries c
[ "$(tail -n 2 remote/b.log | uniq -c | sed 's/^ *//')" = "2 rotate: certificate" ] || fail "the hook of the rotation and of its end: $(tail -n 3 remote/b.log)"
# a hook that fails ends the rotation before the check, and runs again for the restored one
: >remote/broken
ok cg -C ca deploy b --hook true
expect 1 cg -C ca deploy b --hook "$fails$copy"
expect 1 cg -C ca rotate b --timeout 300
says "exit code 23" && says "was restored"
rm remote/broken
ok cg -C ca renew --all --due
carries b
consistent ca

# ---- the rights: those of the CA's owner, never more ----
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    user=64321
    public_scratch
    home=$public_folder
    cp "$CERTGUARD" "$home/certguard" && chmod 755 "$home/certguard"
    mkdir "$home/ca" "$home/etc" "$home/got" && chown $user:0 "$home/ca" && chown $user:$user "$home/etc" "$home/got"
    chmod 700 "$home/ca"
    cd "$home" || exit 1
    export GOT="$home/got" ROOTS_SECRET=1
    ok cg -C ca init --no-passphrase
    ok cg -C ca issue broker b --san dns:localhost --to etc --hook "id >$home/got/id; env >$home/got/env"
    grep -q "^uid=$user" got/id && ! grep -q "uid=0\|gid=0\|0(root)" got/id || fail "other rights: $(cat got/id)"
    ! grep -q "ROOTS_SECRET\|GOT=" got/env || fail "root's environment: $(cat got/env)"
    grep -qx "CERTGUARD_NAME=b" got/env || fail "no variables: $(cat got/env)"
    # where the owner cannot reach the folder by this path, root writes as root, but does not run a command as root
    chmod 700 "$home"
    rm got/id
    cg -C ca deploy b --hook "id >/tmp/certguard-hook.$$" >"$work/out" 2>"$work/err"
    ! grep -q "uid=0" "/tmp/certguard-hook.$$" || fail "a command ran as root"
    rm -f "/tmp/certguard-hook.$$"
    chmod 755 "$home"
    # a record that others can change
    cd "$work" || exit 1
    ok cg -C ca deploy b --hook "$copy"
    before=$(runs remote/b.log)
    chmod 666 ca/deploy/b.json
    for verb in "deploy b" "crl" "renew b" "rotate b"; do
        # shellcheck disable=SC2086 # the words of the verb
        expect 1 cg -C ca $verb
        says "cannot use ca/deploy/b.json: other users can change it"
    done
    chmod 600 ca/deploy/b.json
    # no run makes it its own, and then trusts it
    chown 64321 ca/deploy/b.json
    expect 1 cg -C ca crl
    expect 1 cg -C ca crl
    says "cannot use ca/deploy/b.json: other users can change it"
    chown 0 ca/deploy/b.json
    chmod 777 ca/deploy
    expect 1 cg -C ca crl
    says "cannot use ca/deploy: other users can change it"
    chmod 700 ca/deploy
    [ "$(runs remote/b.log)" = "$before" ] || fail "a command that others can change was run"
    ok cg -C ca crl
    [ "$(runs remote/b.log)" -gt "$before" ] || fail "the hook does not run again"
fi
echo "done"
