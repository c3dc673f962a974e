#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# passwd: the CA key opens with the new passphrase and not with the old one, nothing of the old file is left, and the settings
# name the file that fits. What cannot be done is said, and changes nothing.
. "$(dirname "$0")/lib.sh"

printf 'correct horse battery\n' >old
printf 'another staple horse\n' >new
printf 'short\n' >short

# opens KEY FILE
opens()
{
    openssl pkey -in "$1" -passin "file:$2" -noout 2>/dev/null
}

# only_new FOLDER KEY: the key has the new passphrase alone, in one file of mode 0600
only_new()
{
    opens "$1/$2" new || fail "$2 does not open with the new passphrase"
    ! opens "$1/$2" old || fail "$2 opens with the old passphrase"
    [ "$(stat -c %a "$1/$2")" = 600 ] || fail "mode of $2"
    [ ! -e "$1/stage" ] && [ ! -e "$1/pending" ] || fail "files of the change are left"
    [ "$(grep -c '"key":"'"$2"'".*"done":"changed the passphrase"' "$1/journal.jsonl")" = 1 ] || fail "the journal"
}

# refused WORDS ARGUMENTS...: changes nothing
refused()
{
    words=$1
    shift
    rm -rf before && cp -a ca before
    expect 1 cg -C ca passwd "$@"
    says "$words"
    diff -r -x lock --no-dereference before ca || fail "it changed something: passwd $*"
}

ok cg -C ca init --passphrase-file old --intermediate
ok cg -C ca issue client a
refused "passphrase is wrong" --passphrase-file new --new-passphrase-file new
refused "at least 8" --new-passphrase-file short
refused "no terminal; use --new-passphrase-file" --passphrase-file old
chmod 644 new
refused "chmod 0600" --new-passphrase-file new
chmod 600 new
refused "No such file\|no such file" --new-passphrase-file nowhere
expect 64 cg -C ca passwd --no-passphrase --new-passphrase-file new
ok cg -C ca -n passwd --new-passphrase-file new
says "Nothing was written"
opens ca/ca/key.pem old || fail "a dry run changed the key"

# ---- the file of the settings has the old passphrase: the setting changes too ----
ok cg --json -C ca passwd --new-passphrase-file new
grep -q '"encrypted":true' out || fail "the JSON result"
says "passphrase_file is now $work/new"
says "root's key keeps its passphrase; to change it: .* passwd --root --passphrase-file FILE"
says "install-units"
only_new ca ca/key.pem
ok cg -C ca issue client b
opens ca/root/key.pem old || fail "the root's key was changed"
expect 1 cg -C ca crl --root
says "passphrase is wrong.*from $work/new (setting passphrase_file).*--passphrase-file FILE"
ok cg -C ca passwd --root --passphrase-file old --new-passphrase-file new
only_new ca root/key.pem
ok cg -C ca crl --root
ok cg -C ca config passphrase_file
[ "$(cat out)" = "$work/new" ] || fail "the setting belongs to the CA key"
consistent ca

# ---- removed, and set again ----
ok cg -C ca passwd --no-passphrase
says "not encrypted"
grep -q ENCRYPTED ca/ca/key.pem && fail "still encrypted"
[ "$(stat -c %a ca/ca/key.pem)" = 600 ] || fail "mode of the unencrypted key"
grep -q passphrase_file ca/certguard.json && fail "a setting that is not needed is left"
ok cg -C ca issue client c
ok cg -C ca passwd --new-passphrase-file old
opens ca/ca/key.pem old || fail "not encrypted again"
ok cg -C ca issue client d
consistent ca

# ---- what is no key of this CA, or no file ----
cp ca/ca/key.pem kept
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass file:old -out ca/ca/key.pem 2>/dev/null
refused "is not the key of" --new-passphrase-file new
head -c 100 kept >ca/ca/key.pem
refused "Restore it from a backup" --new-passphrase-file new
rm ca/ca/key.pem
refused "Restore it from a backup" --new-passphrase-file new
cp kept ca/ca/key.pem
mv ca/ca/key.pem away.pem
printf 'file:%s\n' "$work/away.pem" >ca/ca/key.uri
refused "the key at the URI.*only its token can" --new-passphrase-file new
rm ca/ca/key.uri && mv away.pem ca/ca/key.pem
ok cg -C single init --no-passphrase
expect 1 cg -C single passwd --root --no-passphrase
says "no intermediate"

# ---- typed: the file of the settings has the old passphrase, so the setting goes, and that is said ----
if command -v python3 >/dev/null && python3 -c "import os; os.openpty()" 2>/dev/null; then
    python3 - "$CERTGUARD" <<'PY' >typed 2>&1 || fail "typed: $(cat typed)"
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "-C", "ca", "passwd"])
shown = b""
asked = 0
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    shown += data
    if shown.endswith(b": ") and asked < 2:
        while open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()[0] != "S":
            pass
        os.write(fd, b"another staple horse\n")
        asked += 1
print(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or (asked != 2))
PY
    opens ca/ca/key.pem new || fail "typed: the key does not open with the new passphrase"
    grep -q "setting passphrase_file was removed" typed || fail "typed: the setting was not spoken of"
    ! grep -q staple typed || fail "the passphrase was shown"
    expect 1 cg -C ca issue client e
    says "no terminal"
fi
echo "done"
