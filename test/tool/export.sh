#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Key and certificate as PKCS#12, PEM and C header: others can read them, and nobody else can.
. "$(dirname "$0")/lib.sh"
unset CDPATH

printf 'of the bundle\n' >p12pass
chmod 600 p12pass
ok cg -C ca init --no-passphrase --intermediate
ok cg -C ca issue client sensor-1.lan
ok cg -C flat init --no-passphrase
ok cg -C flat issue client sensor1

# ---- PKCS#12 ----
umask 022
ok cg -C ca export sensor-1.lan --p12 phone.p12 --p12-passphrase-file p12pass
ok cg -C ca export sensor-1.lan --p12 old.p12 --legacy --p12-passphrase-file p12pass
umask 077
for file in phone old; do
    [ "$(stat -c %a $file.p12)" = 600 ] || fail "$file.p12 is open"
    ok openssl pkcs12 -in $file.p12 -passin file:p12pass -nodes # without the legacy provider
    [ "$(grep -c 'BEGIN CERTIFICATE' out)" = 3 ] || fail "$file.p12 lacks the chain"
    openssl pkey -in out -pubout >$file.pub || fail "$file.p12 lacks the key"
    openssl pkey -in ca/live/sensor-1.lan/privkey.pem -pubout | cmp - $file.pub || fail "$file.p12 has another key"
done
ok openssl pkcs12 -in phone.p12 -passin file:p12pass -info -noout
says "AES-256-CBC"
says_not "sha1\|3-Key"
ok openssl pkcs12 -in old.p12 -passin file:p12pass -info -noout
says "MAC: sha1"
says "pbeWithSHA1And3-KeyTripleDES-CBC"
says_not "AES"
printf 'x\n' >letter
expect 1 cg -C ca export sensor-1.lan --p12 no.p12 --p12-passphrase-file letter
says "use at least 8"
expect 1 setsid "$CERTGUARD" -C ca export sensor-1.lan --p12 no.p12
says "use --p12-passphrase-file"

# ---- PEM ----
ok cg -C ca export sensor-1.lan --pem one.pem
[ "$(stat -c %a one.pem)" = 600 ] || fail "one.pem is open"
cat ca/live/sensor-1.lan/privkey.pem ca/live/sensor-1.lan/fullchain.pem | cmp - one.pem || fail "one.pem is not key and chain"
ok cg -C ca export sensor-1.lan --pem -
cmp out one.pem || fail "standard output is not one.pem"
ok cg -q -C ca export sensor-1.lan --pem -
[ ! -s err ] || fail "words with -q"
ok cg -C ca renew sensor-1.lan
ok cg -C ca export sensor-1.lan --pem one.pem # replaces the old one
cat ca/live/sensor-1.lan/privkey.pem ca/live/sensor-1.lan/fullchain.pem | cmp - one.pem || fail "one.pem is old"
chmod 644 one.pem
ok cg -C ca export sensor-1.lan --pem one.pem
[ "$(stat -c %a one.pem)" = 600 ] || fail "a file that was open stays open"

# ---- C header ----
ok cg -C ca export sensor-1.lan --header certificates.h
ok cg -C flat export sensor1 --header flat.h
for file in certificates flat; do
    [ "$(stat -c %a $file.h)" = 600 ] || fail "$file.h is open"
done
serial=$(openssl x509 -in ca/live/sensor-1.lan/cert.pem -noout -serial)
head -n 2 certificates.h | grep -q "sensor-1.lan: certificate ${serial#serial=}, valid until 20" || fail "no comment"
grep -qx '#ifndef CERTGUARD_SENSOR_1_LAN_H' certificates.h || fail "no include guard"
cat >print.c <<'END'
#include "certificates.h"
#include "certificates.h"
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    const char *text = argc > 1 && strcmp(argv[1], "ca") == 0 ? ca_pem : argc > 1 && strcmp(argv[1], "key") == 0 ? key_pem : cert_pem;
    return fputs(text, stdout) < 0;
}
END
compilers=0
for compiler in "cc -std=c99" "cc -std=c11" "c++ -std=c++11 -xc++" "c++ -std=c++17 -xc++"; do
    command -v "${compiler%% *}" >/dev/null || continue
    # shellcheck disable=SC2086 # the words of the compiler
    ok $compiler -Wall -Wextra -Wpedantic -Werror print.c -o print
    ./print ca | cmp - ca/ca.pem || fail "$compiler: ca_pem"
    ./print cert | cmp - ca/live/sensor-1.lan/fullchain.pem || fail "$compiler: cert_pem"
    ./print key | cmp - ca/live/sensor-1.lan/privkey.pem || fail "$compiler: key_pem"
    compilers=$((compilers + 1))
done
[ $compilers != 0 ] || echo "no compiler: the header was not compiled"

# ---- several, a dry run, JSON ----
ok cg -C flat --json export sensor1 --pem a.pem --header a.h
grep -q '"name":"sensor1","pem":"a.pem","header":"a.h","dry_run":false' out || fail "the JSON lacks the files"
[ -e a.pem ] && [ -e a.h ] || fail "one of two files is missing"
ok cg -C flat -n export sensor1 --pem dry.pem
[ ! -e dry.pem ] || fail "a dry run wrote"
find flat -newer a.pem ! -name lock | grep . && fail "export changed the CA"

# ---- what is not exported ----
expect 1 cg -C ca export nobody --pem no.pem
says "no certificate named"
expect 1 cg -C ca export sensor-1.lan --pem missing/no.pem
says "cannot create missing/no.pem.new"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=three -keyout three.key -out three.csr 2>/dev/null
ok cg -C ca sign three.csr
expect 1 cg -C ca export three --pem no.pem
says "its key was created elsewhere"
# only a file is replaced
expect 1 cg -C ca export sensor-1.lan --pem ca/live/sensor-1.lan/privkey.pem
says "it is in the CA's folder"
expect 1 cg -C ca export sensor-1.lan --pem "$PWD/ca/../ca/new.pem"
expect 1 cg -C ca issue client seven --p12 ca/seven.p12 --p12-passphrase-file p12pass
[ ! -e ca/live/seven ] && [ ! -e ca/new.pem ] || fail "written into the CA's folder"
# the certificate is kept, and the PKCS#12 file is made up for by what is printed
expect 1 cg -C ca issue client eight --p12 nowhere/eight.p12 --p12-passphrase-file p12pass
command=$(sed -n 's/.*Write it with: certguard \(.* --p12\) FILE.*/\1/p' err)
# shellcheck disable=SC2086 # words
ok cg $command eight.p12 --p12-passphrase-file p12pass
mkfifo pipe
ln -s one.pem link
mkdir folder
for file in pipe link folder; do
    stat -c %F $file >before
    expect 1 cg -C ca export sensor-1.lan --pem $file
    says "cannot write $file: it is a .* only a file can be replaced"
    stat -c %F $file | cmp - before || fail "$file was replaced"
done
ok cg -C ca revoke sensor-1.lan
ok cg -C ca export sensor-1.lan --pem one.pem
says "warning: the certificate of sensor-1.lan is revoked"
for wrong in "" "--legacy --pem x" "--p12-passphrase-file p12pass --pem x" "--pem - --header -" "--pem - --json" "--pem"; do
    # shellcheck disable=SC2086 # the words of the options
    expect 64 cg -C flat export sensor1 $wrong
done
if command -v python3 >/dev/null && python3 -c "import os; os.openpty()" 2>/dev/null; then
    expect 64 python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
        "$CERTGUARD" -C flat export sensor1 --pem -
    says "not shown on a terminal"
fi
[ ! -e no.pem ] && [ ! -e no.p12 ] && [ ! -e x ] || fail "a refused export left a file"

# ---- killed at each place: the old file or the new one, whole ----
if [ -n "${FAULT_SHIM-}" ] && [ -e "$FAULT_SHIM" ]; then
    ok cg -C flat export sensor1 --pem old.pem
    ok cg -C flat renew sensor1
    ok cg -C flat export sensor1 --pem new.pem
    at=1
    while :; do
        cp old.pem walk.pem
        LD_PRELOAD=$FAULT_SHIM CG_FAULT=kill CG_FAULT_AT=$at "$CERTGUARD" -C flat export sensor1 --pem walk.pem >out 2>err
        code=$?
        cmp -s walk.pem old.pem || cmp -s walk.pem new.pem || fail "killed at $at: half a file"
        [ $code != 0 ] || break
        [ $code = 137 ] || fail "killed at $at: exit $code"
        ok cg -C flat export sensor1 --pem walk.pem
        cmp walk.pem new.pem && [ ! -e walk.pem.new ] || fail "killed at $at: the next run does not complete it"
        at=$((at + 1))
    done
    [ $at -gt 4 ] || fail "the shim stopped it at $at places"
    echo "export: $((at - 1)) places"
fi
echo "done"
