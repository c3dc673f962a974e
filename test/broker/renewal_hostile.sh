#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A device whose broker is hostile (hostile_renewal.c), and which has every certificate of this test, also those that a stolen issuing
# key signed. After each attack the device has its old pair and its roots; after the next honest answer it has the new pair.
#   renewal_hostile.sh tool|shell     certguard renew --from, or the client of conf/devices
. "$(dirname "$0")/lib.sh"
device=${1:?tool or shell}
command -v flock >/dev/null || skip "no flock"
begin
client=$here/../../conf/devices/shell/renew.sh

# ---- the real CA; "evil" is the broker's own one, which it accepts itself ----
printf '%s\n' basicConstraints=critical,CA:FALSE extendedKeyUsage=clientAuth subjectAltName=DNS:dev1 >client.ext
pki "root: ca cn=Root days=-900..900" "sub: ca issuer=root cn=Issuing days=-900..900" "root2: ca cn=Root2 days=-900..900" \
    "root3: ca cn=Root3 days=-900..900" "next: ca cn=Next days=-1..900" "evil: ca cn=Root days=-900..900" \
    "server: server issuer=root days=-9..90 cn=localhost san=dns:localhost,ip:127.0.0.1" \
    "dev1: issuer=sub cn=dev1 days=-25..5 san=dns:dev1" "dev2: issuer=sub cn=dev2 days=-25..5 san=dns:dev2" \
    "x: ca cn=X key=@sub days=-9..90" "loop1: ca issuer=x cn=Issuing key=@sub days=-9..90" \
    "loop2: ca issuer=sub cn=X key=@sub days=-9..90"
cat root.pem evil.pem >ca.pem
port=$(free_port)
mkdir answers
{
    printf 'allow_anonymous true\nplugin %s\nplugin_opt_folder %s/answers\n' "${CG_HOSTILE_RENEWAL:?}" "$scratch"
    tls_listener "$port" "require_certificate true\n"
} >broker.conf
start_broker || exit 1

# certify PUBLIC-KEY OUT: as the CA does; by=CA, subject=, line=EXTENSION change it
certify() {
    { grep -v "^${line%%=*}=" client.ext; echo "$line"; } >ext
    openssl x509 -new -force_pubkey "$1" -subj "${subject:-/CN=dev1}" -CA "${by:-sub}.pem" -CAkey "${by:-sub}.key" -days 30 \
        -set_serial "0x4$(openssl rand -hex 11)" -extfile ext -outform DER -out "$2" 2>err || fail "openssl x509: $(cat err)"
}
line='' by='' subject=''
# sign PREFIX KEY: the signature over the prefix, a line feed and the file "part"
sign() {
    { printf '%s\n' "$1" && cat part; } >tbs
    openssl dgst -sha256 -sign "$2.key" tbs
}
# statement ROOT HOLDER OUT [KEY]: HOLDER vouches for ROOT, signed with KEY
statement() {
    openssl x509 -in "$1.pem" -outform DER -out r
    { openssl x509 -in "$2.pem" -outform DER | openssl dgst -sha256 -binary && cat r; } >part
    { cat r && sign "certguard root v1" "${4:-$2}"; } >"$3"
}
drop() { # ROOT KEY OUT
    openssl x509 -in "$1.pem" -outform DER | openssl dgst -sha256 -binary >part
    { printf '\000' && cat part && sign "certguard drop v1" "$2"; } >"$3"
}

# ---- the device: "template" is one whose request waits ----
run_tool() {
    "$CG_TOOL" renew --from "localhost:$port" --timeout "${wait:-20}s" dev >out 2>err
}
run_shell() {
    PATH=$scratch/bin:$PATH CG_WAIT_ANSWER=${wait:-20} sh "$client" dev now >out 2>err
}
run() { "run_$device"; code=$?; }
new_tool() {
    mkdir -m 700 dev
    (umask 077 && cp dev1.key dev/privkey.pem)
    cat dev1.pem sub.pem >dev/fullchain.pem
    cat root.pem root2.pem root3.pem >dev/ca.pem
    new_key=dev/.certguard/new/privkey.pem
}
new_shell() {
    mkdir -m 700 dev bin
    printf '#!/bin/sh\nexec %s "$@" -W "$CG_WAIT_ANSWER"\n' "$(command -v mosquitto_rr)" >bin/mosquitto_rr
    chmod +x bin/mosquitto_rr
    (umask 077 && cat dev1.key dev1.pem sub.pem >dev/cur.pem)
    cat root.pem root2.pem root3.pem >dev/ca.pem
    printf 'host=localhost\nport=%s\nname=dev1\nanswers=answers/dev1\nsleep() { :; }\n' "$port" >dev/renew.conf
    new_key=dev/new.pem
}
pair_tool() { cat dev/privkey.pem dev/fullchain.pem; }
pair_shell() { cat dev/cur.pem; }
kept_tool() { [ -e dev/.certguard/new/fullchain.pem ]; }
kept_shell() { grep -qs CERTIFICATE dev/new.pem; }

# answers QUESTION [KIND FILE]...: replaces them; the file "-" is none
answers() {
    question=$1
    shift
    rm -rf "answers/$question"
    mkdir "answers/$question"
    order=1
    while [ $# -gt 0 ]; do
        cp "$2" "answers/$question/$order-$1"
        order=$((order + 1))
        shift 2
    done
}
text() { # TEXT: a file with it
    printf '%s' "$1" >text
    echo text
}
honest() {
    rm -rf answers/*
    answers due due "$(text '0 0')"
    answers request issued right.der
    answers chain-1 chain sub.der
    : >empty
    answers chain-any chain empty
    answers anchor-any anchor empty
}
# is_old: the pair, the roots; and nothing was kept for later
is_old() {
    "pair_$device" | cmp -s - template.pair && cmp -s dev/ca.pem template.ca && ! "kept_$device"
}
# quiet: what reaches the terminal is short and has no control characters
quiet() {
    [ "$(cat out err | wc -c)" -lt 2000 ] && [ -z "$(cat out err | tr -d '[:print:]\n\t')" ]
}
# attack LABEL CODE [RUNS]: with the answers that are there
attack() {
    rm -rf dev
    cp -a template dev
    runs=0
    while [ $((runs += 1)) -le "${3:-1}" ]; do
        run
        [ "$code" = "$2" ] || fail "$1: exit code $code instead of $2: $(head -c 2000 out) $(head -c 2000 err)"
        is_old || fail "$1: the device has another pair, or other roots, or kept a certificate"
        quiet || fail "$1: a long or unprintable message: $(od -c err | head -n 5)"
    done
    wait=''
    recovers "$1"
}
# recovers LABEL: with honest answers
recovers() {
    honest
    run
    if [ "$code" = 0 ] && "pair_$device" | grep -qxF "$(sed -n 2p right.pem)"; then echo "ok: $1"; else
        fail "$1: not renewed afterwards: exit code $code: $(head -c 2000 out) $(head -c 2000 err)"; fi
}

"new_$device"
: >right.der && : >sub.der # until they are made
honest
answers request pending "$(text "60 $(printf %064d 7)")"
run
[ "$code" = 75 ] || fail "the first request: exit code $code: $(cat out err)"
openssl pkey -in "$new_key" -pubout -out new.pub || exit 1
cp -a dev template
"pair_$device" >template.pair
cp dev/ca.pem template.ca

# ---- what the broker has ----
for name in sub evil loop1 loop2 dev1; do openssl x509 -in $name.pem -outform DER -out $name.der; done
for name in dev1 dev2; do openssl pkey -in $name.key -pubout -out $name.pub; done
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key 2>err
openssl pkey -in other.key -pubout -out other.pub
certify new.pub right.der
openssl x509 -inform DER -in right.der -out right.pem
by=evil certify new.pub forged.der
certify other.pub wrong-key.der
certify dev1.pub replayed.der
subject=/CN=dev2 line=subjectAltName=DNS:dev2 certify dev2.pub swapped.der
subject=/CN=dev2 certify new.pub subject.der
line=subjectAltName=DNS:dev1,DNS:dev2 certify new.pub names.der
line=basicConstraints=critical,CA:TRUE certify new.pub ca-true.der
line=extendedKeyUsage=serverAuth certify new.pub server.der
head -c 200000 /dev/zero >zeros
{ cat subject.der zeros; } >giant.der
{ printf 'renewal_denied \033[2J\033]0;owned\007' && head -c 60000 /dev/zero | tr '\0' 'A'; } >escape
printf 'renewal_denied \033[31m\r\nno\n\033]0;owned\007\302\233' >escape-short

# issued_only FILE: the hostile certificate, with the chain that fits it
issued_only() {
    honest
    answers request issued "$1"
}
# In front of the first certificate that answers the request, the tool ignores those with another key: no answer. The shell client
# sees only the first message.
unanswered() {
    if [ "$device" = tool ]; then wait=2; fi
}

for row in "forge forged" "swap-names subject" "swap-san names" "ca-true ca-true" "server-purpose server"; do
    issued_only "${row#* }.der"
    [ "${row#* }" != forged ] || answers chain-1 chain evil.der
    attack "${row% *}" 1
done
for row in "swap swapped" "replay replayed" "replay-current dev1" "wrong-key wrong-key"; do
    issued_only "${row#* }.der"
    unanswered
    attack "${row% *}" 1
done

# the device keeps its key: the certificate for it is still taken afterwards
honest
answers request refused "$(text "renewal_key_not_new no")"
attack key-refused 1

# ---- withheld, delayed ----
rm -rf answers/*
wait=2
attack withhold-everything 1
honest
rm -r answers/request
wait=2
attack withhold-answer 1
honest
rm -r answers/chain-1 answers/chain-any
wait=2
attack withhold-chain 1
honest
answers request pending "$(text "60 $(printf %064d 7)")"
attack pending-for-ever 75 3
honest
answers request pending "$(text "86400000 x")"
if [ "$device" = tool ]; then code_of_years=75; else code_of_years=1; fi # as a day, or as no answer
attack pending-years $code_of_years
for seconds in 0 86401; do
    honest
    answers request busy "$(text $seconds)"
    attack "busy-$seconds" 75
done
for seconds in -5 99999999999999999999 1e9 ''; do
    honest
    answers request busy "$(text "$seconds")"
    unanswered
    attack "busy-malformed '$seconds'" 1
done
for due in "-1 0" "x" "99999999999999999999 0"; do
    honest
    answers due due "$(text "$due")"
    answers request # the tool goes by its own clock, by which it is due
    wait=2
    attack "due-malformed '$due'" 1
done

# ---- giant and rough ----
honest
answers request refused escape
unanswered
attack refused-giant 1
honest
answers request refused escape-short
attack refused-escape 1
issued_only giant.der
unanswered
attack issued-giant 1
issued_only zeros
unanswered
attack issued-zeros 1
# the device has the right certificate with four above it at most, or its old one
honest
rm -r answers/chain-1
answers chain-any chain sub.der
rm -rf dev
cp -a template dev
run
if [ "$code" = 0 ]; then [ "$("pair_$device" | grep -c 'BEGIN CERT')" -le 5 ]; else is_old; fi ||
    fail "chain-of-100: exit code $code, and the device has $("pair_$device" | grep -c BEGIN) objects"
if [ "$code" = 0 ]; then echo "ok: chain-of-100"; else recovers chain-of-100; fi
honest
for n in 1 3; do answers chain-$n chain loop1.der; done
answers chain-any chain loop2.der
attack chain-loop 1
honest
answers chain-1 chain zeros
unanswered
attack chain-giant 1

# ---- roots ----
statement next root by-issuing-key sub
statement next sub by-issuing-ca
statement next evil by-foreign-root
statement evil root self-signed evil
statement next root cut
truncate -s -1 cut
statement next root prefixed
{ head -c 1 /dev/zero && cat prefixed; } >with-drop-octet
drop root root drop-by-itself
drop root root2 drop-own-root
drop root2 root3 drop-not-reached
drop root2 sub drop-by-issuing-key
drop root2 evil drop-by-foreign-root
# roots LABEL FILE...: none of them changes a root
roots() {
    label=$1
    shift
    honest
    n=0
    for file; do
        n=$((n + 1))
        answers anchor-$n anchor "$file"
    done
    answers due due "$(text "0 $n")"
    answers request pending "$(text "60 $(printf %064d 7)")"
    unanswered # the giant one
    attack "$label" 75
}
roots root-planted by-issuing-key by-issuing-ca by-foreign-root self-signed cut with-drop-octet zeros
roots root-of-own-drop drop-by-itself drop-own-root
roots root-dropped drop-not-reached drop-by-issuing-key drop-by-foreign-root
honest
answers due due "$(text "0 9999")"
answers anchor-any anchor by-foreign-root
answers request pending "$(text "60 $(printf %064d 7)")"
attack roots-without-end 75

# shellcheck disable=SC2086 # the words of $evil
# ---- another client on the topics of the answers: as retained message, and as will ----
publishes_wills=
! "$mosquitto" -h | grep -q 'version 2\.0\.11' || publishes_wills=yes
cat dev2.pem sub.pem >evil.chain
evil="-h localhost -p $port --cafile root.pem --cert evil.chain --key dev2.key"
honest
answers request
mosquitto_sub $evil -i ear -t '$CONTROL/certguard/v1/renew/#' -t answers/dev1 -v >heard 2>&1 &
ear=$!
wait_for broker.log ' as ear ' || fail "other-client: $(cat heard)"
for kind in issued refused; do
    mosquitto_pub $evil -i "$kind" -r -q 1 -t "\$CONTROL/certguard/v1/renew/$kind" -f right.der || fail "other-client: no publish"
    # Mosquitto after 2.0.11 refuses a client with such a will
    mosquitto_sub $evil -i "will-$kind" -t x --will-topic "\$CONTROL/certguard/v1/renew/$kind" --will-payload forged --will-retain >will 2>&1 &
    [ -z "$publishes_wills" ] || wait_for broker.log " as will-$kind " || fail "other-client: $(cat will)"
    kill -9 "$!" 2>/dev/null
    wait "$!" 2>/dev/null
done
[ "$device" = tool ] || mosquitto_pub $evil -i evil -r -q 1 -t answers/dev1 -f right.der || fail "other-client: no publish"
wait=2
rm -rf dev
cp -a template dev
run
[ "$code" = 1 ] && is_old || fail "other-client: exit code $code, or the device has another pair: $(cat out err)"
kill $ear
wait $ear 2>/dev/null
[ -z "$publishes_wills" ] || grep -q 'renew/issued forged' heard || fail "other-client: nobody hears the will: $(cat heard)"
[ "$device" = tool ] || mosquitto_pub $evil -i evil -r -n -q 1 -t answers/dev1
wait=''
recovers other-client
stop_broker
