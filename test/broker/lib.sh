# Shared by the tests of this folder: a PKI made on the spot, a real broker, its clients, and what they check; a check that fails
# is counted, and the broker's log is shown at the end. Gives free_port, see ports.sh.
# Needs in the environment: CG_PLUGIN (the .so), CG_EVENT_FIELDS (the program), and what test/lib/harness.sh says.
# May be there: CG_MOSQUITTO (another broker than the installed one), CG_MOSQUITTO_WRAPPER (see start_broker).

. "$(dirname "$0")/../lib/harness.sh"
. "$here/../lib/ports.sh"
unset CDPATH
at_failure=continue
mosquitto=${CG_MOSQUITTO:-$(command -v mosquitto || echo /usr/sbin/mosquitto)}
[ -x "$mosquitto" ] || skip "no mosquitto"
broker_pid=
at_end end_broker

end_broker() {
    stop_broker
    if failed; then
        echo "--- $scratch/broker.log"
        tail -n 40 "$scratch/broker.log" 2>/dev/null
    fi
}

# A CA of 30 days, a broker and two clients of 20 days.
make_pki() {
    pki "ca: ca days=0..30" "server: server issuer=ca days=0..20 cn=localhost san=dns:localhost,ip:127.0.0.1,ip:::1" \
        "dev1: issuer=ca days=0..20 san=uri:urn:plant:dev1" "dev2: issuer=ca days=0..20 san=uri:urn:plant:dev2"
}
# sha256 NAME: the fingerprint of NAME.pem
sha256() {
    openssl x509 -in "$1.pem" -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1
}

# --- or a CA of the tool, in "home" ---

certguard() {
    "$CG_TOOL" "$@" >out 2>err || fail "certguard $*: $(cat err)"
}
put_crl() {
    cp home/crl.pem crl.new && mv crl.new crl.pem
}
# make_home CLIENT...: with its files where make_pki has them, and crl.pem
make_home() {
    export CERTGUARD_DIR="$scratch/home"
    certguard init --no-passphrase --name Home
    certguard issue broker broker --san dns:localhost --san ip:127.0.0.1
    for name in "$@"; do
        certguard issue client "$name"
        cp "home/live/$name/fullchain.pem" "$name.pem"
        cp "home/live/$name/privkey.pem" "$name.key"
    done
    cp home/ca.pem ca.pem
    cp home/live/broker/fullchain.pem server.pem
    cp home/live/broker/privkey.pem server.key
    put_crl
}

# --- the broker ---

# tls_listener PORT [LINES]: the configuration lines of a TLS listener
tls_listener() {
    printf 'listener %s 127.0.0.1\ncafile %s/ca.pem\ncertfile %s/server.pem\nkeyfile %s/server.key\n%b' \
        "$1" "$scratch" "$scratch" "$scratch" "${2:-}"
}

# plugin_lines [ALLOW_ANONYMOUS]: those that load the plugin, with policy.json
plugin_lines() {
    printf 'allow_anonymous %s\nplugin %s\nplugin_opt_policy %s/policy.json\n' "${1:-true}" "$CG_PLUGIN" "$scratch"
}
# put_policy SECTIONS: the next policy.json; each section has a comma in front
put_policy() {
    printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "events.jsonl", "burst": 1000}%s}\n' "$1" >policy.new
    mv policy.new policy.json
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

# run_to_end: the broker, which is to end by itself; with its exit status, or 124 where it runs on
run_to_end() {
    # shellcheck disable=SC2086
    timeout 30 ${CG_MOSQUITTO_WRAPPER:-} "$mosquitto" -c broker.conf >broker.log 2>&1
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

# Reads broker.conf. CG_MOSQUITTO_WRAPPER may hold words to put before it (valgrind, or env with a library to load first).
launch_broker() {
    : "${CG_PLUGIN:?}" >broker.log
    # shellcheck disable=SC2086
    ${CG_MOSQUITTO_WRAPPER:-} "$mosquitto" -c broker.conf >broker.log 2>&1 &
    broker_pid=$!
}
# start_broker: until it runs, as the user that runs the test
start_broker() {
    grep -q '^user ' broker.conf || printf 'user %s\n' "$(id -un)" | cat - broker.conf >broker.conf.new
    [ ! -e broker.conf.new ] || mv broker.conf.new broker.conf
    launch_broker
    wait_for broker.log ' running$' || { fail "the broker did not start"; return 1; }
}

stop_broker() {
    [ -n "$broker_pid" ] || return 0
    kill "$broker_pid" 2>/dev/null
    # Mosquitto loses a SIGTERM that arrives between the line "running" in its log and its main loop.
    (while sleep 2 && kill "$broker_pid"; do :; done) >/dev/null 2>&1 &
    again=$!
    wait "$broker_pid" 2>/dev/null
    broker_status=$?
    kill "$again" 2>/dev/null
    wait "$again" 2>/dev/null
    broker_pid=
}

# --- clients: client NAME PORT ID COMMAND... with NAME's certificate, "none" for no certificate, "plain" for no TLS ---
# What it says is in client.out and client.err; where files_each is set, in client.out.ID and client.err.ID.

client() {
    name=$1 port=$2 id=$3 command=$4
    shift 4
    case $name in
    plain) ;;
    none) set -- --cafile "$scratch/ca.pem" "$@" ;;
    *) set -- --cafile "$scratch/ca.pem" --cert "$scratch/$name.pem" --key "$scratch/$name.key" "$@" ;;
    esac
    timeout "${client_wait:-20}" "mosquitto_$command" -h 127.0.0.1 -p "$port" -i "$id" "$@" \
        >"client.out${files_each:+.$id}" 2>"client.err${files_each:+.$id}"
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
    until_true client "$1" "$2" "$3" pub -t test -m hello || fail "$1 does not get in at port $2: $(cat client.err)"
}

# expect_log TITLE WORDS: in the broker's log, in time
expect_log() {
    if wait_for broker.log "$2"; then echo "ok: $1"; else fail "$1: no '$2' in the broker's log"; fi
}

# expect_event TITLE WORDS KEY...: a line of events.jsonl whose keys, with tabs between them, match the words
expect_event() {
    title=$1 words=$(printf '%b' "$2")
    shift 2
    if until_true has_event "$words" "$@"; then echo "ok: $title"; else
        fail "$title: no event '$words'; there are:"
        cat fields.out fields.err >&2
    fi
}
# has_event WORDS KEY...: now
has_event() {
    words=$1
    shift
    "${CG_EVENT_FIELDS:?}" events.jsonl "$@" 2>fields.err >fields.out && grep -q -- "$words" fields.out
}
