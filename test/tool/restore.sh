#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A backup becomes the same CA again. An archive that backup did not write, or that is damaged, is refused whole: neither the
# folder nor anything else is changed.
. "$(dirname "$0")/lib.sh"
unset CDPATH
command -v python3 >/dev/null || skip "no python3"

ok cg -C ca init --no-passphrase --intermediate
ok cg -C ca issue client one
ok cg -C ca issue broker two.lan --to etc
ok cg -C ca renew one
echo kept >"ca/$(printf 'n\303\244me \377')" # not ASCII, not UTF-8
chmod 644 ca/live/one/cert.pem
chmod 750 ca/archive
ok cg -C ca backup ca.tar
says "certguard -C NEW_FOLDER restore ca.tar"

# ---- the same CA again ----
modes()
{
    (cd "$1" && find . ! -name lock -printf '%m %l %P\n' | sort)
}
ok cg -C back -n restore ca.tar
[ ! -e back ] || fail "a dry run wrote"
grep -qx "live/one/cert.pem" out || grep -qx "live/one" out || fail "a dry run does not list the names"
ok cg -C back restore ca.tar
says "Restored the CA CN=MQTT CA"
diff -r --no-dereference -x lock ca back || fail "the restored folder differs"
modes ca >modes.ca
modes back >modes.back
diff modes.ca modes.back || fail "a mode differs"
[ ! -e back/stage ] && [ ! -e back/pending ] || fail "files of the run are left"
ok cg -C back issue client after
consistent back
# into an empty folder, through a link to it, and beside what mkfs makes
mkdir -m 700 empty empty/lost+found
ln -s empty link
ok cg -C link restore ca.tar
[ -L link ] && [ -e empty/ca/cert.pem ] || fail "a link to the folder was replaced"
# a folder whose parent we cannot change: it may be a mounted medium
mkdir -m 700 parent parent/ca
[ "$(id -u)" = 0 ] || chmod 500 parent
ok cg -C parent/ca restore ca.tar
chmod 700 parent

# ---- nothing is overwritten ----
expect 1 cg -C ca restore ca.tar
says "not empty"
mkdir -m 700 other
echo x >other/notes
expect 1 cg -C other restore ca.tar
says "contains \"notes\". Name a new folder with -C, or move this one away"
expect 1 cg -C nowhere restore missing.tar
says "cannot open missing.tar"
expect 64 cg -C nowhere restore
[ ! -e nowhere ] || fail "a failure left a folder"
rm other/notes
(flock 9 && printf '4711 init\n' >&9 && exec sleep 5) 9>other/lock &
wait_for other/lock init || fail "the other run did not begin"
expect 75 cg -C other --wait 0 restore ca.tar
wait

# ---- brokers know more than the backup ----
ok cg -C ca revoke one
mv ca lost
ok cg -C ca restore ca.tar
says "warning: a folder of a broker has the CRL number 02"
says "crl --restore-index"
ok cg -C ca crl --restore-index
grep -q '^R.*archive/one/' ca/index.txt || fail "the revocation is lost"
rm -r ca
ok cg -C ca restore ca.tar --json
python3 -c 'import json; r = json.load(open("out")); assert r["newer_crl"] == "03" and r["entries"] > 30 and not r["dry_run"], r' ||
    fail "the JSON lacks the newer CRL"

# ---- hostile archives ----
cat >hostile.py <<'END'
# hostile.py CASE: ca.tar with something added or changed, as CASE.tar
import io, sys, tarfile
case = sys.argv[1]
source = tarfile.open("ca.tar", errors="surrogateescape")
out = tarfile.open(case + ".tar", "w", format=tarfile.GNU_FORMAT, errors="surrogateescape")
top = "certguard-ca"

def entry(name, kind=tarfile.REGTYPE, link="", data=b"", mode=0o600, **more):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, len(data), mode
    for key in more:
        setattr(info, key, more[key])
    return info, data

FOLDER, LINK, HARD = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
added = {
    "absolute": [entry("/tmp/certguard-evil")],
    "dotdot": [entry(top + "/../evil")],
    "dotdot-inside": [entry(top + "/live/../../evil")],
    "dot": [entry(top + "/./evil")],
    "double-slash": [entry(top + "/live//evil")],
    "elsewhere": [entry("evil")],
    "prefix": [entry(top + "-evil")],
    "newline": [entry(top + "/a\nmove\tx\ty")],
    "escape": [entry(top + "/\033[31m")],
    "long": [entry(top + "/" + "/".join(["d" * 200] * 3))],
    "link-absolute": [entry(top + "/evil", LINK, "/etc")],
    "link-dotdot": [entry(top + "/evil", LINK, "..")],
    "link-deep": [entry(top + "/live/evil", LINK, "../../x")],
    "link-back": [entry(top + "/evil", LINK, "live/../../x")],
    "link-empty": [entry(top + "/evil", LINK, "")],
    "through-link": [entry(top + "/evil", LINK, "live"), entry(top + "/evil/x")],
    "through-chain": [entry(top + "/live/up", LINK, "../archive"), entry(top + "/live/up/out", LINK, "../../x")],
    "file-as-folder": [entry(top + "/f"), entry(top + "/f/x")],
    "no-folder": [entry(top + "/new/x")],
    "hard-link": [entry(top + "/evil", HARD, top + "/ca.pem")],
    "hard-link-out": [entry(top + "/evil", HARD, "/etc/passwd")],
    "character-device": [entry(top + "/evil", tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "block-device": [entry(top + "/evil", tarfile.BLKTYPE, devmajor=8)],
    "fifo": [entry(top + "/evil", tarfile.FIFOTYPE)],
    "setuid": [entry(top + "/evil", mode=0o4755)],
    "setgid": [entry(top + "/evil", mode=0o2755)],
    "sticky": [entry(top + "/evil", mode=0o1755)],
    "twice": [entry(top + "/ca.pem", data=b"x")],
    "folder-twice": [entry(top + "/live", FOLDER)],
    "link-over-file": [entry(top + "/ca.pem", LINK, "crl.pem")],
    "file-over-link": [entry(top + "/l", LINK, "ca.pem"), entry(top + "/l", data=b"x")],
    "pending": [entry(top + "/pending", data=b"certguard change 1\nend\n")],
    "stage": [entry(top + "/stage", FOLDER, mode=0o700)],
    "lock": [entry(top + "/lock")],
    "top-is-file": [entry(top)],
    "many": [entry(top + "/f%d" % i) for i in range(100)],
}
left_out = {"no-ca": "/ca/cert.pem", "no-anchor": "/ca.pem", "only-folder": "/"}
changed = {"other-key": "/ca/key.pem", "other-root-key": "/root/key.pem", "no-certificate": "/ca/cert.pem"}
for info in source:
    data = source.extractfile(info).read() if info.isreg() else b""
    if case in left_out and info.name.endswith(left_out[case]) or case == "only-folder" and info.name != top:
        continue
    if case in changed and info.name == top + changed[case]:
        data = b"nothing\n" if case == "no-certificate" else open("other.key", "rb").read()
        info.size = len(data)
    out.addfile(info, io.BytesIO(data))
for info, data in added.get(case, []):
    out.addfile(info, io.BytesIO(data))
out.close()
if case == "list":
    print("\n".join(list(added) + list(left_out) + list(changed)))
END
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key 2>/dev/null
python3 hostile.py list >cases || fail "no cases"
[ "$(wc -l <cases)" -gt 40 ] || fail "too few cases"
ok cg -C plain restore list.tar # as python3 writes it, with nothing added
rm -r plain

# refused FILE: whole, with a reason; nothing is there before or after
refused()
{
    ls -A >before
    expect 1 cg -C victim restore "$1"
    says "cannot restore $1: "
    rm -rf victim/lock # of a run that found the fault after it began
    [ ! -e victim ] || rmdir victim || fail "$1: something was written"
    ls -A | sed '/^before$/d' >after
    sed '/^before$/d' before | diff - after || fail "$1: something was written"
    [ ! -e /tmp/certguard-evil ] && [ ! -e ../evil ] && [ ! -e evil ] || fail "$1: written elsewhere"
}
: >after
while read -r case; do
    python3 hostile.py "$case" || fail "$case was not made"
    refused "$case.tar"
    rm "$case.tar"
done <cases

# ---- damaged archives ----
size=$(wc -c <ca.tar)
for at in 0 1 511 512 1000 1024 $((size / 2)) $((size / 1024 * 512)) $((size - 10240)) $((size - 1)); do
    head -c "$at" ca.tar >cut.tar
    # zero bytes at the end of a tar file are padding
    [ "$(tail -c 1024 cut.tar | tr -d '\0' | wc -c)" = 0 ] && [ "$at" -gt 1024 ] && continue
    refused cut.tar
done
# truncated between two entries, without the end of a tar file: libarchive accepts this
python3 - <<'END'
import tarfile
last = [info for info in tarfile.open("ca.tar", errors="surrogateescape")][-3]
open("cut.tar", "wb").write(open("ca.tar", "rb").read()[:last.offset])
END
refused cut.tar
head -c 20000 /dev/urandom >cut.tar
refused cut.tar
gzip -c ca.tar >ca.tar.gz
refused ca.tar.gz
says "decompress it first"
refused etc
refused /dev/zero
mkfifo pipe
refused pipe
python3 - <<'END'
# a byte in the middle of each header is changed
data = bytearray(open("ca.tar", "rb").read())
data[10240 + 148] ^= 1
open("bits.tar", "wb").write(data)
END
cmp -s bits.tar ca.tar && fail "nothing was changed"
refused bits.tar
python3 - <<'END'
# 8 GiB of nothing: a sparse file as GNU tar stores it, and a size that the archive does not have
import tarfile
def header(kind, size, real):
    info = tarfile.TarInfo("certguard-ca/huge")
    info.type, info.size = kind, size
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    if kind == tarfile.GNUTYPE_SPARSE:
        block[386:386 + 24] = b"%011o\0%011o\0" % (0, 0)
        block[483:495] = b"%011o\0" % real
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return bytes(block)
folder = tarfile.TarInfo("certguard-ca")
folder.type, folder.mode = tarfile.DIRTYPE, 0o700
start = folder.tobuf(tarfile.GNU_FORMAT)
open("sparse.tar", "wb").write(start + header(tarfile.GNUTYPE_SPARSE, 0, 8 << 30 - 1) + bytes(10240))
open("huge.tar", "wb").write(start + header(tarfile.REGTYPE, (8 << 30) - 1, 0) + bytes(10240))
END
refused sparse.tar
refused huge.tar

# ---- what backup does not write ----
ln -s /etc/hostname ca/outside
ok cg -C ca backup outside.tar
says "warning: 1 link leads out of the folder"
refused outside.tar
says "leads out of the folder"
rm ca/outside
touch "ca/$(printf 'two\nlines')"
expect 1 cg -C ca backup lines.tar
says "control characters"
[ ! -e lines.tar ] && [ ! -e lines.tar.new ] || fail "a failure left a file"
echo "done"
