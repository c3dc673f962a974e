#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Tests every fix that the plugin, the log and lint print. fix_list prints one line per command or policy key in a fix. For each
# line, a row in rows.sh makes the fault, checks that the fix is printed for it, applies the fix exactly, and checks that the
# fault is fixed and that the same certificates are accepted as before. The file not_run lists the lines that cannot be tested
# here, with the reason. A line without a row and a row without a line are failures.
unset CDPATH
. "$(dirname "$0")/../tool/lib.sh"

"$FIX_LIST" | sort -u >list
: >seen

# ---- the CAs: our own, one for other brokers, and a public one ----

past() # DAYS
{
    date -u -d "@$(($(date +%s) - $1 * 86400))" +%Y-%m-%dT%H:%M:%SZ
}
at_start=$(past 60)
ok cg -q --at "$at_start" -C home init --no-passphrase --name "Home CA" --path-length 3
ok cg -q --at "$at_start" -C far init --no-passphrase --name "Far CA"
ok cg -q --at "$at_start" -C public init --no-passphrase --name "Public CA"
cp home/ca.pem home.pem && cp home/ca/key.pem home.key

# signed NAME ISSUER WORDS: NAME.pem by the PKI maker, valid for 20 days, for certificates that certguard does not issue
signed()
{
    pki "$1: bare issuer=$2 days=0..20 $3"
}
BASE='bc=critical,CA:FALSE ski=auto aki=auto'
KU=' ku=critical,digitalSignature'
SAN=' san=dns:x.lan,ip:127.0.0.1'
CLIENT=' eku=clientAuth'
SERVER=' eku=serverAuth'
CA='bc=critical,CA:TRUE ku=critical,keyCertSign,cRLSign ski=auto aki=auto'

# ---- the population: the chains in "people", each as its owner sends it ----

mkdir people
for n in good1 good2; do ok cg -q --at "$at_start" -C home issue client $n --lifetime 200d; done
for n in stolen gone; do ok cg -q --at "$at_start" -C home issue client $n --lifetime 20d; done
ok cg -q -C home issue client thief
ok cg -q -C home revoke thief
ok cg -q -C home issue broker broker --san dns:broker.lan
ok cg -q -C far issue broker hub --san dns:hub.lan
ok cg -q -C far issue client fardev
ok cg -q -C public issue client stranger
ok cg -q -C public issue broker impostor --san dns:broker.lan
for n in good1 good2 stolen gone thief broker; do cp home/live/$n/fullchain.pem people/$n.pem; done
cp far/live/fardev/fullchain.pem people/fardev.pem
cp public/live/stranger/fullchain.pem people/stranger.pem
cp public/live/impostor/fullchain.pem people/impostor.pem
signed printer home "$BASE$KU$SAN"
signed anyuse home "$BASE$KU$SAN eku=anyExtendedKeyUsage"
signed signer home "$BASE ku=critical,keyEncipherment$SAN$CLIENT"
signed nameless home "$BASE$KU$CLIENT"
signed oldhash home "$BASE$KU$SAN$CLIENT digest=sha1"
mv printer.pem anyuse.pem signer.pem nameless.pem oldhash.pem people/
ok cg -q -C home crl
ok cg -q -C far crl


# ---- functions for the rows ----

# policy FILE SECTION MEMBERS [SECTION MEMBERS]...: a policy with the trust in $trust
trust='"anchors": "home/ca.pem", "crls": "home/crl.pem"'
policy()
{
    file_=$1
    shift
    printf '{"trust": {%s}' "$trust" >"$file_"
    while [ $# -gt 1 ]; do
        [ -z "$2" ] || printf ', "%s": {%s}' "$1" "$2" >>"$file_"
        shift 2
    done
    printf '}\n' >>"$file_"
}

# who POLICY ROLE: the certificates that are accepted as clients, and in that role
who()
{
    for purpose_ in client ${2#client}; do
        cg -v --json check --batch people --policy "$1" --purpose $purpose_ 2>/dev/null |
            sed -n "s/.*\"name\":\"\\([^\"]*\\)\".*\"decision\":\"accept\".*/$purpose_ \\1/p"
    done | sort
}

# covered WHERE CODE ROLE ITEM: this line is tested here
covered()
{
    grep -qxF "$1|$2|$3|$4" list || fail "$1|$2|$3: \"$4\" is no longer printed"
    echo "$1|$2|$3|$4" >>seen
}

# refused CODE ROLE FILE POLICY
refused()
{
    expect 3 cg check --policy "$4" --purpose "$2" "$3"
    says "^reject $1\$"
}
accepted() # ROLE FILE POLICY
{
    ok cg check --policy "$3" --purpose "$1" "$2"
}
# usual: writes the certificates that this trust and the defaults accept to the file "before"
usual() # ROLE
{
    reference_="who.$1.$(printf '%s' "$trust" | cksum | cut -d' ' -f1)"
    policy usual.json
    [ -s "$reference_" ] || who usual.json "$1" >"$reference_"
    cp "$reference_" before
}
# unchanged TITLE POLICY ROLE: compares with the file "before". More server certificates may be accepted: they admit no client.
unchanged()
{
    who "$2" "$3" | awk 'BEGIN { while ((getline line <"before") > 0) was[line] = 1 } !/^server / || was[$0]' >after
    cmp -s before after || fail "$1 changes who is accepted: $(diff before after)"
}

# by_key CODE ROLE KEY FILE BEFORE AFTER: the section of the key before and after; the first word of KEY names the section
by_key()
{
    policy p0.json "${3%%.*}" "$5"
    refused "$1" "$2" "$4" p0.json
    grep "Fix: " out | grep -qF "$3" || fail "$1: the fix names no $3"
    usual "$2"
    policy p1.json "${3%%.*}" "$6"
    accepted "$2" "$4" p1.json
    unchanged "$1: $3" p1.json "$2"
    covered fix "$1" "$2" "$3"
}

# by_trust CODE ROLE KEY FILE BEFORE AFTER USUAL: the section "trust"
by_trust()
{
    trust_of_all=$trust trust=$5
    policy p0.json
    refused "$1" "$2" "$4" p0.json
    grep "Fix: " out | grep -qF "$3" || fail "$1: the fix names no $3"
    trust=$7
    usual "$2"
    trust=$6
    policy p1.json
    accepted "$2" "$4" p1.json
    unchanged "$1: $3" p1.json "$2"
    covered fix "$1" "$2" "$3"
    trust=$trust_of_all
}

# by_command CODE ROLE NAME FILE COMMAND [MEMBERS]: the command as printed, with NAME, HOST and DURATION replaced. MEMBERS are
# in the section of the role. After a new CRL, the certificate itself must be accepted.
by_command()
{
    policy p.json "$2" "${6-}"
    refused "$1" "$2" "$4" p.json
    who p.json "$2" >before
    run_=$(printf '%s' "$5" | sed "s/NAME/$3/g; s/HOST/broker.lan/; s/DURATION/30d/; s/^certguard //")
    # shellcheck disable=SC2086
    ok cg -q -C home $run_
    made=$(printf '%s' "$run_" | awk '{ print $1 == "issue" ? $3 : $2 }')
    case $5 in
    "certguard crl") accepted "$2" "$4" p.json && usual "$2" ;;
    *) accepted "$2" "home/live/$made/fullchain.pem" p.json ;;
    esac
    unchanged "$1: $5" p.json "$2"
    grep -E "^(fix|log)\|$1\|$2\|" list | grep -F "|$5" | grep -xE "[^|]*\|[^|]*\|[^|]*\|$5" >found
    [ -s found ] || fail "$1|$2: \"$5\" is no longer printed"
    cat found >>seen
}
# listed FILE: prints the lines of "list" that match its patterns. Each pattern must match a line that is not tested.
listed()
{
    while read -r pattern_ why_; do
        case $pattern_ in '#'* | '') continue ;; esac
        pattern_=$(printf '%s' "$pattern_" | tr '~' ' ')
        [ -n "$why_" ] || fail "$1: $pattern_ has no reason"
        found_=0
        while read -r line_; do
            # shellcheck disable=SC2254
            case $line_ in
            $pattern_)
                grep -qxF "$line_" seen && continue
                echo "$line_"
                found_=1
                ;;
            esac
        done <list
        [ $found_ = 1 ] || fail "$1: $pattern_ matches no line that is not tested"
    done <"$1"
}
. "$here/rows.sh"

# ---- every line is tested or listed ----

listed "$here/not_run" >others || exit 1
sort -u seen others >known
comm -23 list known >open
[ ! -s open ] || fail "$(printf 'printed, but neither tested here nor in not_run:\n%s' "$(cat open)")"
echo "$(grep -c . list) fixes: $(sort -u seen | grep -c .) tested, the others are listed with the reason"
