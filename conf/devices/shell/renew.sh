#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Renews the certificate of this device through its MQTT broker (docs/renewal.md):  renew.sh FOLDER [now]
#
#   FOLDER/renew.conf   the settings, see the example beside this script
#   FOLDER/cur.pem      private key, certificate and the chain above it, in one file: what the device uses
#   FOLDER/new.pem      only during a renewal: the next key; later also its certificate and chain
#   FOLDER/ca.pem       the roots by which the broker is verified
#
# Run it every hour. It connects when the broker asked for that, and at least once a day; with "now" at once.
# Exit codes: 0 renewed or not due, 75 waiting for an answer, 1 failed. Needs openssl 1.1.1 or later, mosquitto_rr and flock.
# A power cut at any point loses nothing: each file is written under another name, synced and renamed, and one rename replaces cur.pem
# by new.pem, after the broker has answered a connection with it. No answer is trusted for its topic or its order: each is checked by
# what it contains. Only the time of the next connection, at most a day ahead, depends on the clock.
# shellcheck disable=SC1091,SC2015,SC2016,SC2046,SC2086,SC2094
set -u
unset CDPATH
umask 077
export LC_ALL=C SSL_CERT_DIR=/nonexistent # openssl verify trusts no root of the system
cd "${1:?no folder given. Use: renew.sh FOLDER [now]}" || exit 1
question='$CONTROL/certguard/v1/renew'
host='' port=8883 name='' answers='' options='' hook='' key='EC -pkeyopt ec_paramgen_curve:P-256'
. ./renew.conf || exit 1
: "${answers:=renew/$name}"

fail() { echo "renew.sh: $*" >&2; exit 1; }
# save FILE: what is written to tmp/FILE becomes FILE, whole or not at all, and is on the disk afterwards
save() { { sync "tmp/$1" && mv "tmp/$1" "$1" && sync .; } || fail "cannot write $PWD/$1. Free disk space or fix the folder."; }
# later SECONDS: when the next run connects; spread by 10 % over the devices
later() { echo $(($(date +%s) + $1 * (90 + $$ % 21) / 100)) >tmp/next && save next; }
number() { case $1 in '' | ??????* | *[!0-9]*) return 1 ;; esac; }

# ---- certificates: FILE is PEM, its first certificate counts ----
der() { openssl x509 -in "$1" -outform DER; }
asn1() { der "$1" | openssl asn1parse -inform DER; }
digest() { der "$1" | openssl dgst -sha256 -binary; }
public_key() { openssl x509 -in "$1" -noout -pubkey; }
# extension FILE NAME: its value in hex. The names are compared by their octets, not by their text
extension() { asn1 "$1" | sed -n "/ OBJECT *:X509v3 $2\$/,/HEX DUMP/s/.*HEX DUMP\]://p"; }
names() { openssl x509 -in "$1" -noout -subject -nameopt RFC2253,dump_all,dump_der; extension "$1" "Subject Alternative Name"; }
starts() {
    asn1 "$1" | sed -n '/UTCTIME *:[5-9]/s/.*:/19/p; /UTCTIME *:[0-4]/s/.*:/20/p; /GENERALIZEDTIME/s/.*://p' | head -n 1
}
has() { openssl x509 -in "$1" -noout -ext "$2" 2>tmp/err | grep -q "$3"; }
# signed_by FILE DATA SIGNATURE
signed_by() {
    public_key "$1" >tmp/pub &&
        { openssl dgst -sha256 -verify tmp/pub -signature "$3" "$2" ||
            openssl pkeyutl -verify -rawin -pubin -inkey tmp/pub -in "$2" -sigfile "$3"; } >tmp/err 2>&1
}
# fits FILE: may it follow cur.pem? The broker's clock is better than this one's, so dates are compared only with cur.pem's
fits() {
    [ "$(public_key "$1")" = "$(openssl pkey -in new.pem -pubout)" ] &&
        [ "$(names "$1")" = "$(names cur.pem)" ] &&
        has "$1" extendedKeyUsage 'Client Auth' && ! has "$1" basicConstraints CA:TRUE &&
        { starts cur.pem && starts "$1"; } | sort -c 2>tmp/err &&
        openssl verify -no_check_time -purpose sslclient -CAfile ca.pem -untrusted "$1" "$1" >tmp/err 2>&1
}

# ---- questions ----
# ask FILE PAYLOAD [ROOTS]: one question with the certificate in FILE. $kind is the answer's, "" for none; tmp/answer its payload
ask() {
    sleep 1 # the broker answers one question a second
    mosquitto_rr -h "$host" -p "$port" -i "$name~renew" --cafile "${3:-ca.pem}" --cert "$1" --key "$1" $options \
        -q 1 -t "$question" -e "$answers" -m "$2" -N -F '%t\n%p' -W 20 >tmp/message 2>tmp/said
    kind='' seconds='' anchors=''
    IFS= read -r kind <tmp/message
    case $kind in "$question"/*) kind=${kind#"$question/"} ;; *) kind='' ;; esac
    tail -n +2 tmp/message >tmp/answer
    case $kind in due | pending | busy) read -r seconds anchors <tmp/answer; number "$seconds" || kind='' ;; esac
    number "$anchors" || anchors=0
    [ "$kind" != busy ] || { later "$seconds"; exit 75; }
}
# due FILE [ROOTS]: asks when, and for the number of anchors. An answer also proves that the broker accepts the certificate
due() { ask "$1" '' "${2:-ca.pem}"; [ "$kind" = due ]; }
no_answer() { fail "no answer from $host:$port. $(tail -n 1 tmp/said)"; }

# ---- roots: the answers to "anchor N" ----
hex() { od -An -v -tx1 | tr -d ' \n'; }
# take_root: tmp/answer is a new root R in DER and a signature with the key of a root that this device has
take_root() {
    set -- $(od -An -tu1 -N4 tmp/answer) # octets 2 to 4 are the length of R
    case ${2:-0} in 129) length=$((3 + $3)) ;; 130) length=$((4 + $3 * 256 + $4)) ;; *) return ;; esac
    head -c "$length" tmp/answer >tmp/R
    tail -c +$((length + 1)) tmp/answer >tmp/signature
    openssl x509 -inform DER -in tmp/R -out tmp/R.pem 2>tmp/err || return
    ! grep -qsx "$(digest tmp/R.pem | hex)" dropped && openssl x509 -in tmp/R.pem -noout -checkend 0 >tmp/err &&
        has tmp/R.pem basicConstraints CA:TRUE && has tmp/R.pem keyUsage 'Certificate Sign' &&
        openssl verify -no_check_time -check_ss_sig -CAfile tmp/R.pem tmp/R.pem >tmp/err 2>&1 || return
    for root in tmp/root.*; do
        ! der "$root" | cmp -s - tmp/R || return # it is here already
    done
    for root in tmp/root.*; do
        { printf 'certguard root v1\n' && digest "$root" && cat tmp/R; } >tmp/tbs
        limits=$(extension "$root" "Name Constraints")
        signed_by "$root" tmp/tbs tmp/signature && [ ! -e tmp/root.8 ] &&
            { [ -z "$limits" ] || [ "$limits" = "$(extension tmp/R.pem "Name Constraints")" ]; } || continue
        cat tmp/root.* tmp/R.pem >tmp/ca.pem && save ca.pem && echo "added a root to $PWD/ca.pem"
        return
    done
}
# drop_root: tmp/answer is 0x00, the SHA-256 of a root, and a signature with the key of another one. It is obeyed if this device
# reaches the broker by that other root alone, and its own certificate does not end at the dropped one
drop_root() {
    gone=''
    head -c 33 tmp/answer | tail -c 32 >tmp/digest
    tail -c +34 tmp/answer >tmp/signature
    { printf 'certguard drop v1\n' && cat tmp/digest; } >tmp/tbs
    for root in tmp/root.*; do
        ! digest "$root" | cmp -s - tmp/digest || gone=$root
    done
    [ -n "$gone" ] && ! openssl verify -no_check_time -CAfile "$gone" -untrusted cur.pem cur.pem >tmp/err 2>&1 || return
    for root in tmp/root.*; do
        [ "$root" != "$gone" ] && signed_by "$root" tmp/tbs tmp/signature && due cur.pem "$root" || continue
        { cat dropped 2>tmp/err; digest "$gone" | hex; echo; } >tmp/dropped && save dropped
        rm "$gone"
        cat tmp/root.* >tmp/ca.pem && save ca.pem && echo "removed a root from $PWD/ca.pem"
        return
    done
}
take_roots() { # COUNT
    n=0
    while [ $((n += 1)) -le "$1" ] && [ "$n" -le 20 ]; do
        ask cur.pem "anchor $n"
        [ "$kind" = "anchor/$n" ] || no_answer
        rm -f tmp/root.*
        awk -v to=tmp/root. '/-BEGIN CERTIFICATE-/ { n++; on = 1 } on { print >(to n) } /-END CERTIFICATE-/ { on = 0 }' ca.pem
        case $(head -c 1 tmp/answer | hex) in 30) take_root ;; 00) drop_root ;; esac
    done
}

# ---- the renewal ----
run_hook() {
    sh -c "$hook" 9>&- || fail "the hook of $PWD/renew.conf failed. It runs again next time."
    rm -f changed
}
# use_new: new.pem becomes cur.pem after the broker has answered a connection with it
use_new() {
    fits new.pem || fail "$PWD/new.pem cannot follow cur.pem. If you replaced cur.pem yourself, delete new.pem."
    due new.pem || fail "the broker does not accept $PWD/new.pem yet. $(tail -n 1 tmp/said) The device continues with cur.pem."
    : >tmp/changed && save changed # until the hook has run
    { mv new.pem cur.pem && sync .; } || fail "cannot rename $PWD/new.pem to cur.pem. Fix the folder."
    echo "renewed $PWD/cur.pem: $(openssl x509 -in cur.pem -noout -enddate)"
    wait=$seconds count=$anchors
    run_hook
}
request() {
    [ -e new.pem ] || openssl genpkey -algorithm $key -out tmp/new.pem 2>tmp/err || fail "cannot create a key: $(cat tmp/err)"
    [ -e new.pem ] || save new.pem
    openssl req -new -key new.pem -subj / -outform DER -out tmp/csr 2>tmp/err || fail "cannot create a CSR: $(cat tmp/err)"
    { printf 'certguard renew v1\n' && digest cur.pem && cat tmp/csr; } >tmp/tbs
    { openssl dgst -sha256 -sign cur.pem -out tmp/signature tmp/tbs || # Ed25519 and ML-DSA:
        openssl pkeyutl -sign -rawin -inkey cur.pem -in tmp/tbs -out tmp/signature; } 2>tmp/err ||
        fail "cannot sign with $PWD/cur.pem: $(cat tmp/err)"
    ask cur.pem "$(cat tmp/csr tmp/signature | openssl base64 -A)"
}
# take: tmp/answer is the certificate; the chain above it is fetched
take() {
    n=0
    openssl x509 -inform DER -in tmp/answer -out tmp/issued 2>tmp/err || fail "the answer of $host is not a certificate"
    while [ $((n += 1)) -le 4 ]; do
        ask cur.pem "chain $n"
        [ "$kind" = "chain/$n" ] || no_answer
        [ -s tmp/answer ] || break
        openssl x509 -inform DER -in tmp/answer >>tmp/issued 2>tmp/err
    done
    fits tmp/issued || fail "ignored a certificate of $host that cannot follow $PWD/cur.pem: $(cat tmp/err)"
    cat new.pem tmp/issued >tmp/new.pem || fail "cannot write to $PWD. Free disk space."
    save new.pem
}

exec 9>lock && flock -n 9 || exit 75
rm -rf tmp && mkdir tmp || fail "cannot write to $PWD. Run this script as the user that owns the folder."
[ ! -e changed ] || run_hook
next=0 now=$(date +%s)
[ ! -e next ] || read -r next <next
if [ "${2:-}" != now ] && [ "$next" -gt "$now" ] && [ "$next" -lt $((now + 100000)) ]; then
    [ ! -e new.pem ] || exit 75
    exit 0
fi
if grep -qs CERTIFICATE new.pem; then
    use_new
else
    due cur.pem || no_answer
    wait=$seconds count=$anchors
fi
take_roots "$count"
if [ "$wait" -eq 0 ]; then
    request
    case $kind in
    issued) take; use_new ;;
    pending) later "$seconds"; exit 75 ;;
    refused) # the key stays: with two requests for one certificate, a broker could have the certificate in use replaced and revoked
        later 86400
        why=$(head -c 400 tmp/answer | tr -cd ' -~')
        case $why in renewal_key_*) why="$why. If the key is still refused, delete $PWD/new.pem" ;; esac
        fail "refused: $why. See docs/reasons.md." ;;
    *) no_answer ;;
    esac
fi
later "$wait"
