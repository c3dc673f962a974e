# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# shellcheck shell=sh
# Sourced by the stand-ins of this folder, which docs/recipes.md runs in place of the tools that it names. A stand-in issues
# certificates with CG_PKI and writes files in the way of its tool. Its CA is in $HOME/NAME-ca, and what its web server offers
# is in $HOME/web/HOST/PATH, where the stand-in of curl finds it.
set -eu
unset CDPATH
tool=$(basename "$0")
here=$PWD
ca=$HOME/$tool-ca
mkdir -p "$ca"
cd "$ca"

unknown() {
    echo "$tool: the stand-in does not know: $*" >&2
    exit 64
}
# pki LINE...: with random serial numbers
pki() {
    for line; do
        shift
        case $line in *": crl "*) ;; *) line="$line serial=0x4$(openssl rand -hex 9)" ;; esac
        set -- "$@" "$line"
    done
    "${CG_PKI:?}" "$@"
}
# path FILE: as seen from the caller's folder
path() {
    case $1 in /*) echo "$1" ;; *) echo "$here/$1" ;; esac
}
# cn_of FILE
cn_of() {
    openssl x509 -in "$1" -noout -subject | sed 's/.*CN *= *//'
}
# next FILE [FIRST]: counts in a file; prints the number
next() {
    [ -e "$1" ] || echo "$((${2:-1} - 1))" >"$1"
    echo $(($(cat "$1") + 1)) >"$1"
    cat "$1"
}
# publish FILE URL [der]: offers a CRL or certificate in PEM, or in DER
publish() {
    to=$HOME/web/${2#*://}
    mkdir -p "$(dirname "$to")"
    if [ "${3:-pem}" = der ]; then openssl crl -in "$1" -outform DER -out "$to"; else cp "$1" "$to"; fi
}

# ---- DER in hex ----

# tlv TAG CONTENT: up to 255 bytes
tlv() {
    n=$((${#2} / 2))
    if [ "$n" -lt 128 ]; then printf '%s%02x%s' "$1" "$n" "$2"; else printf '%s81%02x%s' "$1" "$n" "$2"; fi
}
# points URL...: a cRLDistributionPoints with one point that has these URLs
points() {
    names=
    for url; do
        names=$names$(tlv 86 "$(printf %s "$url" | od -An -v -tx1 | tr -d ' \n')")
    done
    tlv 30 "$(tlv 30 "$(tlv a0 "$(tlv a0 "$names")")")"
}
