# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What the tests of renew --from share; sourced after lib.sh: a CA with an intermediate, a device in the folder "device", and the
# peer of renew_peer.py that answers it from the folder "peer".
unset CDPATH
command -v python3 >/dev/null || skip "no python3"

printf '%s\n' basicConstraints=critical,CA:FALSE extendedKeyUsage=clientAuth subjectAltName=URI:urn:dev:1 >client.ext
pki "root: ca cn=Root days=-900..900" "sub: ca issuer=root cn=Issuing days=-900..900" "broker: server issuer=root days=-9..900" \
    "ended: server issuer=root days=-9..-1" \
    "other: ca cn=Other days=-900..900" "plain: issuer=sub"

# certify PUBLIC-KEY OUT: as the CA does; by=CA, subject=, ext=FILE, from= of openssl change it
certify()
{
    openssl x509 -new -force_pubkey "$1" -subj "${subject:-/CN=dev1}" -CA "${by:-sub}.pem" -CAkey "${by:-sub}.key" -days 30 \
        -set_serial "0x$(openssl rand -hex 12)" -extfile "${ext:-client.ext}" -out "$2" 2>err || fail "openssl x509"
}

# new_device FOLDER: with loose files, as an administrator copies them
new_device()
{
    mkdir "$1"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/privkey.pem" 2>err || fail genpkey
    openssl pkey -in "$1/privkey.pem" -pubout -out device.pub
    certify device.pub "$1/cert.pem"
    cp sub.pem "$1/chain.pem"
    cat "$1/cert.pem" sub.pem >"$1/fullchain.pem"
    cp root.pem "$1/ca.pem"
}

# start_peer [CERT]: with this certificate
start_peer()
{
    mkdir peer
    python3 "$here/renew_peer.py" peer "${1:-broker}.pem" "${1:-broker}.key" root.pem 2>peer.err &
    peer=$!
    at_end "kill $peer"
    until_true [ -s peer/port ] || fail "the peer did not start"
    port=$(cat peer/port)
}

# answers QUESTION [NAME TEXT]...: replaces them; the text @FILE is the content of a file
answers()
{
    question=$1
    shift
    rm -rf "peer/$question"
    [ $# = 0 ] || mkdir "peer/$question"
    while [ $# -gt 0 ]; do
        case $2 in
        @*) cp "${2#@}" "peer/$question/$1" ;;
        *) printf %s "$2" >"peer/$question/$1" ;;
        esac
        shift 2
    done
}

# requested: the public key of the last request, in request.pub
requested()
{
    openssl req -inform DER -in peer/request.der -noout -pubkey >request.pub 2>err || fail "the request has no CSR"
}

# issues: the peer answers the last request with a certificate; certify and answers can change it
issues()
{
    requested
    certify request.pub next.pem
    deliver next.pem
}

# deliver CERT [CHAIN...]
deliver()
{
    openssl x509 -in "$1" -outform DER -out leaf.der
    answers request 1-issued @leaf.der
    shift
    rm -rf peer/chain-*
    n=0
    [ $# -gt 0 ] || set -- sub.pem
    for cert in "$@"; do
        n=$((n + 1))
        openssl x509 -in "$cert" -outform DER -out chain.der
        answers chain-$n 1-chain-$n @chain.der
    done
}

renew_from()
{
    "$CERTGUARD" renew --from "localhost:$port" --timeout 2s "$@"
}

# a_pair FOLDER: its files belong together, and only its owner and group read the key
a_pair()
{
    openssl x509 -in "$1/cert.pem" -noout -pubkey >pair.pub || fail "$1/cert.pem"
    openssl pkey -in "$1/privkey.pem" -pubout | cmp -s - pair.pub || fail "$1: key and certificate do not belong together"
    cat "$1/cert.pem" "$1/chain.pem" | cmp -s - "$1/fullchain.pem" || fail "$1: fullchain.pem is of another pair"
    openssl verify -purpose sslclient -CAfile "$1/ca.pem" -untrusted "$1/chain.pem" "$1/cert.pem" >out 2>err || fail "$1: its chain"
    case $(stat -L -c %a "$1/privkey.pem") in
    6[04]0) ;;
    *) fail "$1: others can read the key" ;;
    esac
}

# sign_statement PREFIX FILE KEY OUT: the signature over the prefix, a line feed and the file
sign_statement()
{
    { printf '%s\n' "$1" && cat "$2"; } >tbs
    openssl dgst -sha256 -sign "$3" -out "$4" tbs || fail "openssl dgst"
}

# new_root ROOT HOLDER OUT [KEY]: a statement that HOLDER vouches for ROOT
new_root()
{
    openssl x509 -in "$1.pem" -outform DER -out r.der
    { openssl x509 -in "$2.pem" -outform DER | openssl dgst -sha256 -binary && cat r.der; } >part
    sign_statement "certguard root v1" part "${4:-$2.key}" s.sig
    cat r.der s.sig >"$3"
}

# drop_root ROOT KEY OUT: a statement that drops ROOT
drop_root()
{
    openssl x509 -in "$1.pem" -outform DER | openssl dgst -sha256 -binary >part
    sign_statement "certguard drop v1" part "$2" s.sig
    { printf '\000' && cat part s.sig; } >"$3"
}
