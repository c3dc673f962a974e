# Shared by the tests of this folder: a scratch folder, a PKI made on the spot, a real broker, and what they check.
# Needs in the environment: CG_PLUGIN (the .so), CG_EVENT_FIELDS (the program), CG_TEST_TMP (a folder).
# May be there: CG_MOSQUITTO (another broker than the installed one), CG_KEEP (the scratch folder stays), CG_WAIT (seconds).
# Gives free_port, see ports.sh.
# A test calls begin first; every check that fails says so and makes the test fail, the logs are shown at the end.

. "$(dirname "$0")/../lib/ports.sh"
unset CDPATH

begin() {
    [ -n "${CG_PLUGIN:-}" ] || { echo "lib: CG_PLUGIN?" >&2; exit 1; }
    mosquitto=${CG_MOSQUITTO:-$(command -v mosquitto || echo /usr/sbin/mosquitto)}
    [ -x "$mosquitto" ] || { echo "skipped: no mosquitto" >&2; exit 77; }
    scratch=$(mktemp -d "${CG_TEST_TMP:-/tmp}/broker.XXXXXX")
    broker_pid=
    failures=0
    trap end EXIT
    trap 'exit 1' INT TERM
    cd "$scratch"
}

end() {
    status=$?
    stop_broker
    if [ "$failures" -ne 0 ] || [ "$status" -ne 0 ]; then
        echo "--- $scratch/broker.log"
        tail -n 40 "$scratch/broker.log" 2>/dev/null
        [ "$status" -ne 0 ] || status=1
    fi
    cd /
    [ -n "${CG_KEEP:-}" ] || rm -rf "$scratch"
    exit "$status"
}

fail() {
    echo "FAILED: $*" >&2
    failures=$((failures + 1))
}

# --- PKI: files NAME.pem and NAME.key; a leaf of "ca" unless told otherwise ---

new_key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null
}

# make_ca NAME
make_ca() {
    new_key "$1"
    openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 30 -out "$1.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}

# make_leaf NAME USE SUBJECT SAN [CA]: USE is clientAuth or serverAuth
make_leaf() {
    new_key "$1"
    {
        echo "basicConstraints=critical,CA:FALSE"
        echo "keyUsage=critical,digitalSignature"
        echo "extendedKeyUsage=$2"
        echo "subjectKeyIdentifier=hash"
        echo "authorityKeyIdentifier=keyid"
        [ -z "$4" ] || echo "subjectAltName=$4"
    } >"$1.ext"
    openssl req -new -utf8 -key "$1.key" -subj "$3" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "${5:-ca}.pem" -CAkey "${5:-ca}.key" -days 20 -extfile "$1.ext" \
        -set_serial "0x0$(openssl rand -hex 8)" -out "$1.pem" 2>/dev/null
    [ -s "$1.pem" ] || { echo "lib: openssl made no certificate $1" >&2; exit 1; }
}

make_pki() {
    make_ca ca
    make_leaf server serverAuth /CN=localhost DNS:localhost,IP:127.0.0.1,IP:::1
    make_leaf dev1 clientAuth /CN=dev1 URI:urn:plant:dev1
    make_leaf dev2 clientAuth /CN=dev2 URI:urn:plant:dev2
}

# --- the broker ---

# tls_listener PORT [LINES]: the configuration lines of a TLS listener
tls_listener() {
    printf 'listener %s 127.0.0.1\ncafile %s/ca.pem\ncertfile %s/server.pem\nkeyfile %s/server.key\n%b' \
        "$1" "$scratch" "$scratch" "$scratch" "${2:-}"
}

# A PKI, and broker.conf with one TLS listener on $port where the plugin has nothing but trust anchors.
make_hooked_broker() {
    make_pki
    port=$(free_port)
    {
        echo "allow_anonymous true"
        tls_listener "$port" "require_certificate true\n"
        echo "plugin $CG_PLUGIN"
        echo "plugin_opt_trust_anchors $scratch/ca.pem"
        echo "user $(id -un)"
    } >broker.conf
}

# start_refused TITLE WORDS COMMAND...: a broker that does not start, and the plugin says the words
start_refused() {
    title=$1 words=$2
    shift 2
    timeout 30 "$@" -c broker.conf >broker.log 2>&1
    status=$?
    [ $status -ne 0 ] && [ $status -ne 124 ] || fail "$title: the broker runs"
    if grep -q "certguard: .*$words" broker.log; then echo "ok: no start: $title"; else fail "$title: no '$words' in the log"; fi
}

# Reads broker.conf; the broker runs as the user that runs the test. CG_MOSQUITTO_WRAPPER may hold words to put before it
# (valgrind, or env with a library to load first).
start_broker() {
    grep -q '^user ' broker.conf || printf 'user %s\n' "$(id -un)" | cat - broker.conf >broker.conf.new
    [ ! -e broker.conf.new ] || mv broker.conf.new broker.conf
    : >broker.log
    # shellcheck disable=SC2086
    ${CG_MOSQUITTO_WRAPPER:-} "$mosquitto" -c broker.conf >broker.log 2>&1 &
    broker_pid=$!
    wait_for broker.log ' running$' || { fail "the broker did not start"; return 1; }
}

stop_broker() {
    [ -n "$broker_pid" ] || return 0
    kill "$broker_pid" 2>/dev/null
    wait "$broker_pid" 2>/dev/null
    broker_status=$?
    broker_pid=
}

# wait_for FILE WORDS: at most 20 s (60 under a wrapper), or CG_WAIT seconds
wait_for() {
    tries=200
    [ -z "${CG_MOSQUITTO_WRAPPER:-}" ] || tries=600
    [ -z "${CG_WAIT:-}" ] || tries=$((CG_WAIT * 10))
    while [ "$tries" -gt 0 ]; do
        ! grep -q -- "$2" "$1" 2>/dev/null || return 0
        tries=$((tries - 1))
        sleep 0.1
    done
    return 1
}

# --- clients: client NAME PORT ID COMMAND... with NAME's certificate, "none" for no certificate, "plain" for no TLS ---

client() {
    name=$1 port=$2 id=$3 command=$4
    shift 4
    case $name in
    plain) ;;
    none) set -- --cafile "$scratch/ca.pem" "$@" ;;
    *) set -- --cafile "$scratch/ca.pem" --cert "$scratch/$name.pem" --key "$scratch/$name.key" "$@" ;;
    esac
    timeout "${client_wait:-20}" "mosquitto_$command" -h 127.0.0.1 -p "$port" -i "$id" "$@" >client.out 2>client.err
}

# expect TITLE in|out NAME PORT ID [ARGUMENTS]: one publish
expect() {
    title=$1 want=$2 who=$3 at=$4 as=$5
    shift 5
    if client "$who" "$at" "$as" pub -t test -m hello "$@"; then got=in; else got=out; fi
    if [ "$got" = "$want" ]; then echo "ok: $title"; else fail "$title: expected $want, got $got: $(cat client.err)"; fi
}

# soon_in NAME PORT ID: waits until that client gets in
soon_in() {
    tries=100
    until client "$1" "$2" "$3" pub -t test -m hello; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { fail "$1 does not get in at port $2: $(cat client.err)"; return; }
        sleep 0.1
    done
}

# expect_log TITLE WORDS: in the broker's log, within 20 s
expect_log() {
    if wait_for broker.log "$2"; then echo "ok: $1"; else fail "$1: no '$2' in the broker's log"; fi
}

# expect_event TITLE WORDS KEY...: a line of events.jsonl whose keys, with tabs between them, match the words
expect_event() {
    title=$1 words=$(printf '%b' "$2")
    shift 2
    tries=150
    while [ "$tries" -gt 0 ]; do
        if "${CG_EVENT_FIELDS:?}" events.jsonl "$@" 2>fields.err >fields.out && grep -q -- "$words" fields.out; then
            echo "ok: $title"
            return
        fi
        tries=$((tries - 1))
        sleep 0.1
    done
    fail "$title: no event '$words'; there are:"
    cat fields.out fields.err >&2
}
