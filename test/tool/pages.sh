#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The manual page and the completions: every verb and option is in them, and their readers accept them.
. "$(dirname "$0")/lib.sh"

for kind in man bash zsh fish; do
    ok "$PAGES" $kind
    mv out "page.$kind"
done
sed 's/\\-/-/g' page.man >plain.man
for verb in $(cg --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p'); do
    grep -q "certguard $verb " plain.man || fail "the manual lacks the verb $verb"
    for kind in bash zsh fish; do
        grep -q -w -- "$verb" page.$kind || fail "$kind lacks the verb $verb"
    done
    for option in $(cg "$verb" --help | sed -n 's/^  *\(-[A-Za-z], \)\{0,1\}--\([a-z0-9-]*\).*/\2/p'); do
        grep -q -- "--$option" plain.man || fail "the manual lacks --$option of $verb"
        grep -q -- "--$option\[" page.zsh || fail "zsh lacks --$option of $verb"
        grep -q -- "--$option" page.bash || fail "bash lacks --$option of $verb"
        grep -q -- "-l $option " page.fish || fail "fish lacks --$option of $verb"
    done
done
if command -v man >/dev/null; then
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 page.man >/dev/null 2>warnings
    grep -v 'cannot adjust line\|can.t break line' warnings && fail "the manual page has errors"
fi
# tab WORD...: what bash offers after these words
tab()
{
    # shellcheck disable=SC2016 # for the other shell
    ok bash -c 'source ./page.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _certguard; printf "%s\n" "${COMPREPLY[@]}" | LC_ALL=C sort' \
        bash certguard "$@"
}
# offers "WORD..." WORD...: exactly these words after the others
offers()
{
    offered=$1
    shift
    tab "$@"
    [ "$(paste -sd ' ' out)" = "$offered" ] || fail "after $*: expected \"$offered\", found \"$(paste -sd ' ' out)\""
}
if command -v bash >/dev/null; then
    ok cg -C "my ca" init --no-passphrase
    for name in door-1 door-2 sensor@home; do
        ok cg -C "my ca" issue client $name
    done
    cp -a "my ca" certguard-ca
    rm -r certguard-ca/live/sensor@home
    mkdir only
    touch only/sensor.csr
    offers "renew report requests restore revoke" re
    offers "p256 p384" issue client x --key-type p
    offers "bridge broker" issue br
    offers "" issue client br
    offers "rotate" help ro
    # names of the CA: of -C, of the environment, or of the default folder
    for verb in renew rotate deploy revoke export inspect needs-renewal; do
        offers "door-1 door-2" $verb door
        offers "sensor@home" -C "my ca" $verb sensor
    done
    # as typed, with quotes or escaped; nothing is executed, and CDPATH does not lead elsewhere
    offers "sensor@home" -C '"my ca"' renew sensor
    offers "sensor@home" -C 'my\ ca' renew sensor
    # shellcheck disable=SC2016 # for nobody
    for evil in '$(touch executed)' '`touch executed`' '"$(touch executed)"' 'a[$(touch executed)]'; do
        offers "" -C "$evil" renew ""
    done
    [ ! -e executed ] || fail "a folder's name was executed"
    CDPATH=$PWD offers "door-1 door-2" renew door
    offers "keyCompromise" revoke door-1 --reason = key
    offers "door-1 door-2 sensor@home" -C "my ca" renew ''
    offers "sensor@home" -C "my ca" revoke se
    offers "sensor@home" "-Cmy ca" revoke se
    offers "sensor@home" --directory = "my ca" revoke se
    offers "sensor@home" revoke -C "my ca" se
    offers "door-1" renew door-2 door-1
    CERTGUARD_DIR="my ca" offers "sensor@home" deploy se
    HOME=$PWD offers "sensor@home" -C '~/my ca' deploy se
    offers "" -C nowhere deploy ''
    # files and folders where they belong, and nowhere else
    offers "only" sign on
    offers "only/sensor.csr" sign only/
    offers "only/sensor.csr" lint only/
    offers "only" import on
    offers "" import only/
    offers "only" revoke x -C on
    offers "only/sensor.csr" init --passphrase-file only/
    offers "" list on
    offers "" version on
    offers "" status on
    offers "only/sensor.csr" revoke only/
    # words of options
    offers "keyCompromise" revoke x --reason key
    offers "crl_expired" log --reason crl_ex
    offers "bridge broker client" sign x --as ''
    offers "broker" list --kind bro
    offers "crl_lifetime" config crl
    offers "$(cg -C "my ca" config | sed 's/ .*//' | sort | tr '\n' ' ' | sed 's/ $//')" -C "my ca" config ''
    offers "" issue client x --san on
    offers "--passphrase-fd --passphrase-file --path-length --permit-dns --permit-ip" init --p
fi
# ---- help and version, as verbs and as options ----
ok cg help
mv out verb
ok cg --help
cmp out verb || fail "help and --help differ"
ok cg help rotate
mv out verb
ok cg rotate --help
cmp out verb || fail "help rotate and rotate --help differ"
expect 64 cg help rotat
says 'did you mean "rotate"'
expect 64 cg help issue sign
ok cg version
mv out verb
ok cg --version
cmp out verb || fail "version and --version differ"
ok cg --json version
says '^{"version":"[0-9.]*","openssl_built":"[0-9.]*","openssl":"[0-9.]*"}$'
for shell in zsh fish; do
    command -v $shell >/dev/null && ok $shell -n page.$shell
done
echo "done"
