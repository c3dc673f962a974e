# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What the shell tests of the tool share. A test ends at the first thing that is not as expected, and says which.
# Called with the tool as CERTGUARD and a scratch folder as CG_TEST_TMP.
set -u
unset CDPATH
. "$(dirname "$0")/../lib/harness.sh"
umask 077
unset CERTGUARD_DIR
export NO_COLOR=1
begin
work=$scratch # where the output of the commands goes; a test may go on in folders below

show_failure()
{
    [ -f "$work/out" ] && sed 's/^/  out: /' "$work/out" >&2
    [ -f "$work/err" ] && sed 's/^/  err: /' "$work/err" >&2
}

# expect CODE COMMAND...: runs it, output in $work/out and $work/err
expect()
{
    expected=$1
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null
    ended=$?
    [ "$ended" = "$expected" ] || fail "expected exit $expected, got $ended: $*"
}

# ok COMMAND...: must end with 0
ok()
{
    expect 0 "$@"
}

says()
{
    grep -q -- "$1" "$work/out" "$work/err" || fail "expected the words \"$1\""
}

says_not()
{
    ! grep -q -- "$1" "$work/out" "$work/err" || fail "words that should not be there: \"$1\""
}

cg()
{
    "$CERTGUARD" "$@"
}

# by_hand FOLDER: a CA that another program made
by_hand()
{
    mkdir "$1"
    (cd "$1" && pki "ca: ca cn='By hand' days=0..900") || exit 1
}

# same FOLDER FILE...: they are as in $known, a CA that was looked at before; spares openssl many a run
same()
{
    [ -n "${known-}" ] || return 1
    folder=$1
    shift
    for file_ in "$@"; do
        cmp -s "$ca/$folder/$file_" "$known/$folder/$file_" || return 1
    done
}

# as_before CA NAME: live/NAME as the first versions of the tool made it
as_before()
{
    before=$1/live/$2
    generation=$(readlink "$before") && rm "$before" && mkdir -m 700 "$before" || fail "$before is no link"
    ln -s "../$generation" "$before/current"
    for file_ in privkey.pem cert.pem chain.pem fullchain.pem; do
        [ ! -e "$before/current/$file_" ] || ln -s "current/$file_" "$before/$file_"
    done
}

# by_request CA NAME GENERATION [MEMBERS]: this generation and its journal line as if a device had requested it over MQTT
by_request()
{
    request=$(printf '%064d' 7)
    sed -i "/\"folder\":\"archive\/$2\/$3\"/s/\"done\"/\"renewal\":\"$request\",&/" "$1/journal.jsonl"
    grep -q "\"folder\":\"archive/$2/$3\".*\"renewal\"" "$1/journal.jsonl" || fail "$1 has no $2, generation $3"
    printf '{"id":"%s","predecessor":"%064d","requested":"2026-11-20T00:00:00Z"%s}\n' "$request" 8 "${4-}" \
        >"$1/archive/$2/$3/renewal.json"
}

# A CA in folder $1 whose state must hold together, whatever was done to it.
consistent()
{
    ca=$1
    [ -f "$ca/ca/cert.pem" ] || return 0
    [ ! -e "$ca/pending" ] || fail "$ca: a change is left pending"
    [ ! -e "$ca/stage" ] || fail "$ca: staged files are left"
    # no serial twice, every line whole
    cut -f4 "$ca/index.txt" | sort | uniq -d | grep . && fail "$ca: a serial number occurs twice"
    awk -F'\t' 'NF != 6 { exit 1 }' "$ca/index.txt" || fail "$ca: index.txt has a broken line"
    # what the index says was issued is there, with this serial
    cut -f4,5 "$ca/index.txt" | while read -r serial file; do
        [ "$file" = unknown ] && continue # adopted, known by its number alone
        grep -q "	$serial	$file	" "${known:-/dev/null}/index.txt" 2>/dev/null && same "$file" cert.pem && continue
        [ -f "$ca/$file/cert.pem" ] || fail "$ca: index.txt names $file, which is not there"
        [ "serial=$serial" = "$(openssl x509 -in "$ca/$file/cert.pem" -noout -serial)" ] ||
            fail "$ca: $file has another serial than index.txt says"
    done || exit 1
    # what is live is in the index, and key (where it is here) and certificate belong together
    for live in "$ca"/live/*; do
        [ -e "$live" ] || [ -L "$live" ] || continue
        same "live/${live##*/}" cert.pem privkey.pem && continue
        openssl x509 -in "$live/cert.pem" -noout -serial -pubkey >"$work/live" || fail "$live/cert.pem"
        serial=$(sed -n 's/^serial=//p' "$work/live")
        grep -q "	$serial	" "$ca/index.txt" || fail "$live: its serial is not in index.txt"
        [ -e "$live/privkey.pem" ] || continue
        [ "$(sed '/^serial=/d' "$work/live")" = "$(openssl pkey -in "$live/privkey.pem" -pubout)" ] ||
            fail "$live: key and certificate do not belong together"
    done
    # the CRL holds what the index says is revoked
    openssl crl -in "$ca/crl.pem" -noout -text | sed -n 's/^ *Serial Number: //p' | sort >"$work/crl.serials"
    awk -F'\t' '$1 == "R" { print $4 }' "$ca/index.txt" | sort >"$work/index.serials"
    cmp -s "$work/crl.serials" "$work/index.serials" || fail "$ca: CRL and index.txt differ"
    # one journal line for each certificate
    [ "$(grep -c '"done":"\(issued\|imported\)"' "$ca/journal.jsonl")" = "$(grep -c . "$ca/index.txt")" ] ||
        fail "$ca: journal and index.txt differ"
}
