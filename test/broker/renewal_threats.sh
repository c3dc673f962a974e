#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Hostile devices, and a hostile spool, against the plugin and the CA (certguard requests). A hostile broker against a device is
# in renewal_hostile.sh.
#   renewal_threats.sh devices|spool
. "$(dirname "$0")/lib.sh"
part=${1:?devices or spool} title=start
# a small disk: a file system of its own, which ends with the test
if [ "$part" = spool ] && [ -z "${CG_UNSHARED:-}" ] && [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    exec env CG_UNSHARED=1 unshare -m sh "$0" "$@"
fi
begin
# shellcheck disable=SC2016 # a topic
question='$CONTROL/certguard/v1/renew'
spool=$scratch/spool

# ---- a CA of the tool, whose clients are due ----
export CERTGUARD_DIR="$scratch/home"
certguard --at -40d init --no-passphrase --name Home
certguard issue broker broker --san dns:localhost --san ip:127.0.0.1
cp home/live/broker/fullchain.pem server.pem
cp home/live/broker/privkey.pem server.key
cp home/ca.pem ca.pem
# device NAME...: due for renewal
device() {
    for name; do echo "$name"; done | "$CG_TOOL" --at -25d issue client --batch - --lifetime 30d >out 2>err || fail "$(cat err)"
    for name; do
        cp "home/live/$name/fullchain.pem" "$name.pem"
        cp "home/live/$name/privkey.pem" "$name.key"
    done
}
# sign CODE|any [ARGUMENTS...]: the CA; what it says is in out and err
sign() {
    expected=$1
    shift
    "$CG_TOOL" "$@" requests --spool "$spool" --sign --all >out 2>err
    code=$?
    [ "$code" = "$expected" ] || [ "$expected" = any ] || fail "$title: requests: exit code $code instead of $expected: $(cat out err)"
}
says() { # WORDS: the last command
    grep -q -- "$1" out err || fail "$title: the command does not say '$1': $(cat out err)"
}
journal() { # WORD COUNT
    [ "$(grep -c "\"done\":\"$1\"" home/journal.jsonl)" = "$2" ] ||
        fail "$title: $(grep -c "\"done\":\"$1\"" home/journal.jsonl) lines $1 in the journal, expected $2"
}
key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}

# ---- the broker ----
port=$(free_port)
optional=$(free_port)
put_policy ", \"renewal\": {\"spool\": \"$spool\"}, \"listeners\": [{\"port\": $optional, \"client\": {\"certificate\": \"optional\"}}]"
{
    plugin_lines
    tls_listener "$port" "require_certificate true\n"
    tls_listener "$optional" "require_certificate false\n"
} >broker.conf

# again: a new broker counts requests from nothing
again() {
    stop_broker
    start_broker || exit 1
}
# ask NAME PAYLOAD [OPTIONS...]: the answer's kind is $kind, its payload in "answer"
ask() {
    who=$1 payload=$2
    shift 2
    timeout 60 mosquitto_rr -h 127.0.0.1 -p "$port" -i "$who" --cafile ca.pem --cert "$who.pem" --key "$who.key" -q 1 \
        -W 20 -t "$question" -e "answers/$who" -N -F '%t\n%p' "$@" -m "$payload" >message 2>message.err
    kind=$(head -n 1 message)
    kind=${kind#"$question/"}
    tail -n +2 message >answer
}
# answered TITLE KIND [WORDS]
answered() {
    title=$1
    if [ "$kind" = "$2" ] && grep -aqs -- "^${3:-}" answer message; then echo "ok: $1"; else
        fail "$1: expected $2 ${3:-}, got: $(tr -cd '[:print:]\n' <message) $(cat message.err)"; fi
}
silent() { # TITLE: no answer at all
    title=$1
    if [ ! -s message ]; then echo "ok: $1"; else fail "$1: an answer: $(tr -cd '[:print:]\n' <message)"; fi
}
# request NAME NEWKEY [KEY]: prints it in base64; the octets are in request.der
request() {
    "$CG_REQUEST" raw "$1.pem" "${3:-$1.key}" "$2" request.der || fail "no request of $1"
    openssl base64 -A <request.der
}
request_id() { cut -d' ' -f2 answer; }
waiting() { find "$spool/requests" -name '*.json' | wc -l; }
publish() { # NAME OPTIONS...
    who=$1
    shift
    timeout 60 mosquitto_pub -h 127.0.0.1 -p "$port" -i "$who" --cafile ca.pem --cert "$who.pem" --key "$who.key" \
        -t "${on:-$question}" "$@" >pub.out 2>&1
}
# alive TITLE
alive() {
    ask quiet ''
    answered "$1: another client is answered" due
}
# folder NAME FOLDER: of a device with certguard renew --from
folder() {
    mkdir -m 700 "$2"
    cp "$1.pem" "$2/fullchain.pem"
    cp ca.pem "$2/"
    (umask 077 && cp "$1.key" "$2/privkey.pem")
}
# renew CODE FOLDER [WORDS]
renew() {
    "$CG_TOOL" renew --from "localhost:$port" "$2" >out 2>err
    code=$?
    [ "$code" = "$1" ] || fail "$title: renew --from exits with $code instead of $1: $(cat out err)"
    [ -z "${3:-}" ] || says "$3"
}
is_old() { # NAME FOLDER
    cmp -s "$1.pem" "$2/fullchain.pem" && cmp -s "$1.key" "$2/privkey.pem" || fail "$title: $2 has another pair"
}

# ---- flood: questions and requests with many keys as fast as the connection takes them, twice with one certificate ----
flood() {
    title="flood"
    for n in $(seq 40); do
        key flood.new
        request flood flood.new >>requests
        echo >>requests
    done
    grep M requests | awk '{ line[n++] = $0 } END { for (i = 0; i < 20000; i++) { print line[i % n]; print "chain " i % 9 + 1 } }' >flooded
    begun=$(date +%s)
    for i in flood1 flood2; do
        timeout 120 mosquitto_pub -h 127.0.0.1 -p "$port" -i $i --cafile ca.pem --cert flood.pem --key flood.key -t "$question" -l \
            <flooded >$i.out 2>&1 &
        eval "$i=\$!"
    done
    most=0 rounds=0
    # shellcheck disable=SC2154 # flood1 and flood2 by eval
    while kill -0 "$flood1" 2>/dev/null || kill -0 "$flood2" 2>/dev/null; do
        before=$(date +%s%N)
        ask quiet ''
        ms=$((($(date +%s%N) - before) / 1000000))
        [ "$kind" = due ] || fail "flood: another client gets no answer: $(cat message message.err)"
        [ $ms -le $most ] || most=$ms
        rounds=$((rounds + 1))
        [ $rounds -lt 12 ] || sleep 1 # it may ask once a second
    done
    wait "$flood1" "$flood2"
    minutes=$((($(date +%s) - begun) / 60))
    [ $rounds -gt 0 ] || fail "flood: it was over too soon"
    [ $most -lt 10000 ] || fail "flood: another client waited for $most ms"
    [ "$(waiting)" -le $((3 + minutes + 1)) ] && [ "$(waiting)" -ge 1 ] || fail "flood: $(waiting) files after $minutes minutes"
    ask flood "$(head -n 1 requests)"
    answered "flood: a limit for each certificate" busy
    echo "80000 questions: another client's round trip at most $most ms ($rounds), $(waiting) files"
}

# ---- what a device may not ask for ----
other_names() {
    key new
    ask names "$(CG_REQUEST_CN=quiet request names new)"
    answered "other-names: refused" refused renewal_names_differ
}
wrapped() {
    key new
    request victim new >victim.request
    ask wrapper "$(cat victim.request)"
    answered "wrapped: the request of another device" refused renewal_bad_signature
    cp request.der victim.der
    openssl req -inform DER -in victim.der -outform DER -out csr 2>err
    { printf 'certguard renew v1\n' && openssl x509 -in wrapper.pem -outform DER | openssl dgst -sha256 -binary && cat csr; } >tbs
    openssl dgst -sha256 -sign wrapper.key -out s tbs
    ask wrapper "$(cat csr s | openssl base64 -A)"
    answered "wrapped: its CSR under a signature of one's own" pending
    wrapper_id=$(request_id)
    ask victim "$(cat victim.request)"
    answered "wrapped: one key for two devices" refused renewal_key_not_new
    key new2
    ask victim "$(request victim new2)"
    answered "wrapped: and is served" pending
    [ "$(request_id)" != "$wrapper_id" ] || fail "wrapped: one ID for two devices"
}

# ---- giant and hostile ----
hostile() {
    before=$(waiting)
    # 30 82 3F FD and content: 16,385 octets
    { printf '\060\202\077\375' && head -c 16381 /dev/zero; } >giant
    ask giant1 "$(openssl base64 -A <giant)"
    answered "giant: 16,385 octets" refused renewal_malformed
    head -c 21849 /dev/zero | tr '\0' M >giant
    ask giant1 "$(cat giant)" -W 2
    silent "giant: 21,849 octets"
    head -c 1000000 /dev/zero | tr '\0' 0 >giant
    publish giant1 -q 1 -f giant || fail "giant: 1 MB: $(cat pub.out)"
    alive "giant: 1 MB"
    count=0
    head -c 6000 /dev/zero | sed 's/\x00/\x30\x80/g' >nested
    awk 'BEGIN { for (i = 0; i < 2000; i++) printf "0\202\017\377" }' >nested2 # LC_ALL=C: octets
    key new
    request giant1 new >base64
    cp request.der good.der
    for der in '0' '0\200\0\0' '0\204\377\377\377\377' '0\204\177\377\377\377\2' '0\201\1\0' '0\202\0\1\2' '0\3\2\1\0' '0\377' @nested \
        @nested2 @cut @long @twice; do
        case $der in
        @cut) head -c 150 good.der >octets ;;
        @long) { cat good.der && head -c 9000 /dev/zero; } >octets ;;
        @twice) cat good.der good.der >octets ;;
        @*) cat "${der#@}" >octets ;;
        *) printf '%b' "$der" >octets ;;
        esac
        count=$((count + 1)) # each from another device: a certificate has three requests at once
        ask "hostile$count" "$(openssl base64 -A <octets)"
        [ "$kind" = refused ] || fail "hostile: $der: $(cat message)"
        publish "hostile$count" -q 0 -f octets || fail "hostile: $(cat pub.out)"
    done
    alive "hostile: requests that are no CSR"
    [ "$(waiting)" = "$before" ] || fail "giant or hostile requests are in the spool"
}

# ---- two devices with one key; a restored backup ----
clones() {
    title="clone-unused"
    for name in a b; do folder clone $name; done
    renew 75 a
    sign 0 --at -2h
    says 'Signed the request of "clone"'
    renew 75 b
    sign 3
    says "Two devices may have the same key"
    journal renewal_forked 1
    grep -q "^R.*superseded.*archive/clone/0002" home/index.txt || fail "$title: the first successor is not revoked"
    sleep 2
    renew 0 b Renewed
    again
    renew 1 a renewal_forked
    is_old clone a
    echo "ok: $title"
    title="clone-used"
    for name in c d; do folder twin $name; done
    renew 75 c
    sign any
    sleep 2
    renew 0 c Renewed
    sign any
    again
    renew 75 d
    sign 3
    says "twin: forked"
    journal renewal_forked 2
    renew 75 d
    is_old twin d
    echo "ok: $title"
    title="backup"
    folder backup e
    cp -a e e.backup
    renew 75 e
    sign any
    sleep 2
    renew 0 e Renewed
    sign any
    again
    rm -rf e && mv e.backup e
    renew 75 e
    sign 3
    says "backup: forked"
    renew 75 e
    is_old backup e
    "$CG_TOOL" requests --spool "$spool" --refuse backup --reason "restored" >out 2>err || fail "$title: $(cat out err)"
    again
    renew 1 e renewal_denied
    is_old backup e
    echo "ok: $title"
}

# ---- the client id of the one that asked ----
listens() { # NAME ID PORT: what it gets is in heard
    mosquitto_sub -h 127.0.0.1 -p "$3" -i "$2" --cafile ca.pem --cert "$1.pem" --key "$1.key" -t '#' -t "$question/#" -v \
        >heard 2>&1 &
    listener=$!
    wait_for broker.log " as $2 (" || fail "$title: the thief does not connect: $(cat heard)"
}
takeover() {
    title="takeover"
    key new
    ask taken "$(request taken new)"
    answered "takeover: the request" pending
    expect "takeover: the client id is reserved" out thief "$port" taken
    again # there is no reservation
    listens thief taken "$port"
    ask taken "$(request taken new)" -i taken2
    answered "takeover: after a restart" pending
    on=witness publish quiet -m seen
    sign any
    sleep 3
    kill "$listener"
    wait "$listener" 2>/dev/null
    grep -q '^witness seen' heard || fail "takeover: the thief does not listen: $(cat heard)"
    ! grep -q renew heard || fail "takeover: the thief gets: $(cat heard)"
    ask taken "$(request taken new)" -i taken3
    answered "takeover: the owner of the certificate gets the answer" issued
}

# ---- who never gets an answer ----
without_certificate() {
    ask quiet '' -p "$optional"
    answered "no-certificate: on the same listener, with a certificate" due
    timeout 20 mosquitto_rr -h 127.0.0.1 -p "$optional" -i none --cafile ca.pem -q 1 -t "$question" -e answers/none -N -F '%t\n%p' \
        -m '' -W 3 >message 2>message.err
    silent "no-certificate: a client without one"
}
# A remote broker publishes a question over our bridge. First with a broker of ours that answers everybody: the answer arrives.
away() { # what the remote broker's subscriber hears in 4 s
    wait_for away.log "New bridge connected" || fail "$title: the bridge does not connect: $(tail -n 5 broker.log away.log)"
    rm -f heard
    mosquitto_sub -h 127.0.0.1 -p "$remote" -i ear --cafile ca.pem --cert quiet.pem --key quiet.key -t 'x/renew/#' -v >heard 2>&1 &
    ear=$!
    wait_for away.log " as ear ("
    for n in 1 2 3 4; do
        mosquitto_pub -h 127.0.0.1 -p "$remote" -i mouth --cafile ca.pem --cert names.pem --key names.key -t x/renew -n
        sleep 1
    done
    kill $ear
    wait $ear 2>/dev/null
}
bridge() {
    title="bridge"
    stop_broker
    remote=$(free_port)
    { printf 'allow_anonymous true\nuser %s\n' "$(id -un)" && tls_listener "$remote" "require_certificate true\n"; } >away.conf
    "$mosquitto" -c away.conf >away.log 2>&1 &
    away_pid=$!
    at_end "kill $away_pid 2>/dev/null"
    wait_for away.log ' running$'
    # shellcheck disable=SC2016
    printf 'connection bridged\naddress 127.0.0.1:%s\nbridge_cafile %s/ca.pem\nbridge_certfile %s/bridge.pem\nbridge_keyfile %s/bridge.key
topic renew in 0 $CONTROL/certguard/v1/ x/\ntopic renew/# out 0 $CONTROL/certguard/v1/ x/\nrestart_timeout 1\nnotifications false\n' \
        "$remote" "$scratch" "$scratch" "$scratch" >bridge.conf
    cp broker.conf plain.conf
    mkdir -p answers/due
    printf '0 0' >answers/due/1-due
    {
        printf 'plugin %s\nplugin_opt_folder %s/answers\nallow_anonymous true\n' "$CG_HOSTILE_RENEWAL" "$scratch"
        tls_listener "$port" "require_certificate true\n"
        cat bridge.conf
    } >broker.conf
    start_broker || return
    away
    if grep -q 'x/renew/due 0 0' heard; then echo "ok: bridge: one that answers everybody is heard"; else
        fail "bridge: the test's own path does not work: $(cat heard; tail -n 5 broker.log)"; fi
    stop_broker
    : >away.log
    cat plain.conf bridge.conf >broker.conf
    start_broker || return
    away
    if grep -q 'x/renew/' heard; then fail "bridge: it gets an answer: $(cat heard)"; else echo "ok: bridge: no answer"; fi
    cp plain.conf broker.conf
}

# ---- requests that a broker forges ----
forged() {
    title="forged"
    rm -rf "$spool"
    mkdir -m 0750 "$spool" "$spool/requests"
    pki "foreign: ca cn=Home" "stranger: issuer=foreign cn=good1 days=-25..5 san=dns:good1"
    openssl pkey -in stranger.key -pubout -out stranger.pub
    openssl x509 -new -force_pubkey stranger.pub -subj /CN=good1 -CA home/ca.pem -CAkey home/ca/key.pem -days 5 -out unknown.pem 2>err ||
        fail "forged: $(cat err)"
    put() { # LABEL CERT KEY NEWKEY
        "$CG_REQUEST" spool "$2" "$3" "$4" "$spool/requests" >id || fail "forged: $1"
        printf '%s %s\n' "$1" "$(cat id)" >>rows
    }
    key new
    : >rows
    put other-ca stranger.pem stranger.key new
    put not-in-archive unknown.pem stranger.key new
    put revoked gone.pem gone.key new
    put server server.pem server.key new
    put ca home/ca.pem new new
    put wrong-key good2.pem good1.key new
    put ended ended.pem ended.key new
    CG_REQUEST_CN=quiet put other-names good3.pem good3.key new
    CG_REQUEST_PROOF=good1.key put wrong-proof good4.pem good4.key new
    "$CG_REQUEST" spool good1.pem good1.key new "$spool/requests" >good || fail "the good one"
    good=$(cat good)
    file() { printf '%s/requests/%064d.json' "$spool" "$1"; }
    cp "$spool/requests/$good.json" "$(file 1)" # another ID
    ln -s "$scratch/policy.json" "$(file 2)"
    mkfifo "$(file 3)"
    cp "$spool/requests/$good.json" linked && ln linked "$(file 4)"
    head -c 70000 /dev/zero | tr '\0' ' ' >"$(file 5)"
    mkdir "$(file 6)"
    sed 's/"certificate":"/&AAAA/' "$spool/requests/$good.json" >"$(file 7)"
    head -c 300 "$spool/requests/$good.json" >"$(file 8)"
    printf '{"id":"%s","received":1,"certificate":"","request":""}' "$good" >"$(file 9)"
    "$CG_TOOL" requests --spool "$spool" --sign --all >out 2>err
    code=$?
    [ $code = 1 ] || fail "forged: exit code $code: $(cat out err)"
    [ "$(grep -c '^Signed' err)" = 1 ] || fail "forged: not exactly one was signed: $(cat err)"
    grep -q '"certificate"' "$spool/answers/$good.json" || fail "forged: the good one beside them was not signed: $(cat err)"
    while read -r label one; do
        if grep -q '"refused":"renewal_' "$spool/answers/$one.json"; then echo "ok: forged-$label: $(cut -c 75-150 <"$spool/answers/$one.json")"; else
            fail "forged-$label: $(cat "$spool/answers/$one.json" err)"; fi
    done <rows
    n=0
    for label in other-id symlink fifo hard-link giant folder certificate cut empty; do
        n=$((n + 1))
        [ ! -e "$spool/answers/$(printf %064d $n).json" ] || fail "forged-$label: it was answered"
        grep -q "$(printf %064d $n)" err || fail "forged-$label: no message"
        echo "ok: forged-$label: ignored"
    done
}

# ---- ID.done: withheld, and that of another one ----
done_files() {
    title="done"
    put_pair() {
        key new
        "$CG_REQUEST" spool "$1.pem" "$1.key" new "$spool/requests"
    }
    rm -rf "$spool"
    mkdir -m 0750 "$spool" "$spool/requests"
    used=$(put_pair done1)
    other=$(put_pair done2)
    sign 0
    "$CG_REQUEST" used "$spool/requests" "$used"
    cp "$spool/requests/$used.done" "$spool/requests/$other.done"
    sign 0
    journal renewal_confirmed 1
    [ ! -e "$spool/answers/$used.json" ] || fail "done-replayed: the answer of the confirmed one stays"
    [ -e "$spool/answers/$other.json" ] || fail "done-replayed: the confirmation of another request counts"
    echo "ok: done-replayed"
    rm "$spool/requests/$other.done"
    "$CG_TOOL" --at +40d requests --spool "$spool" --sign --all --retire revoke >out 2>err
    ! grep -q "^R.*archive/done2/0001" home/index.txt || fail "done-withheld: a certificate was retired although its successor was not used"
    echo "ok: done-withheld"
}

# ---- the broker's user changes an answer of the CA: noticed by the broker, and by the device ----
changed_answers() {
    title="answers-changed"
    folder changed1 ch1
    renew 75 ch1
    one=$(ls "$spool/requests" | sed -n 's/.json$//p')
    folder changed2 ch2
    renew 75 ch2
    two=$(ls "$spool/requests" | sed -n 's/.json$//p' | grep -v "$one")
    sign 0
    cp "$spool/answers/$one.json" one.json
    cp "$spool/answers/$two.json" two.json
    # of another request, under this one's name; with the other's certificate inside
    cp two.json "$spool/answers/$one.json"
    sleep 2
    renew 75 ch1
    is_old changed1 ch1
    sed "s/$two/$one/" two.json >"$spool/answers/$one.json"
    sleep 2
    renew 75 ch1
    is_old changed1 ch1
    expect_event "answers-changed: the broker reports it" "configuration_warning\t.*$one" event detail
    # a certificate of a foreign CA for the right key and names
    pki "foreign: ca cn=Home"
    sed 's/.*"certificate":"\([^"]*\)".*/\1/' one.json | base64 -d | openssl x509 -inform DER -noout -pubkey >right.pub
    printf '%s\n' extendedKeyUsage=clientAuth >ext
    openssl x509 -new -force_pubkey right.pub -subj /CN=changed1 -CA foreign.pem -CAkey foreign.key -days 20 -extfile ext \
        -outform DER -out forged.der 2>err || fail "$(cat err)"
    printf '{"id":"%s","certificate":"%s","chain":[]}\n' "$one" "$(openssl base64 -A <forged.der)" >"$spool/answers/$one.json"
    sleep 2
    renew 75 ch1
    is_old changed1 ch1
    cp one.json "$spool/answers/$one.json"
    again
    renew 0 ch1 Renewed
    renew 0 ch2 Renewed
    echo "ok: answers-changed"
}

# ---- a full disk ----
full_disk() {
    title="full-disk"
    [ -n "${CG_UNSHARED:-}" ] || { echo "not root, or no mount namespaces: no full disk"; return; }
    stop_broker
    rm -rf "$spool"
    mkdir -m 0755 "$spool"
    mount -t tmpfs -o size=128k,mode=0755 none "$spool" 2>err || { echo "cannot mount: no full disk"; return; }
    at_end "umount $spool"
    start_broker || return
    until_true test -d "$spool/requests" || fail "full-disk: no requests/"
    dd if=/dev/zero of="$spool/fill" bs=4k >out 2>err
    key new
    ask full "$(request full new)"
    answered "full-disk: requests/" busy
    [ "$(waiting)" = 0 ] || fail "full-disk: a file in the spool"
    rm "$spool/fill"
    soon() { ask full "$(request full new)" && [ "$kind" != busy ]; }
    soon || { sleep 61 && soon; }
    answered "full-disk: requests/ with room again" pending
    dd if=/dev/zero of="$spool/fill" bs=4k >out 2>err
    sign 1
    says "No space left"
    [ -z "$(ls "$spool"/answers/*.json 2>err)" ] || fail "full-disk: an answer"
    rm "$spool/fill"
    sign 0
    sleep 2
    ask full "$(request full new)"
    answered "full-disk: answers/ with room again" issued
}

if [ "$part" = devices ]; then
    device quiet flood names victim wrapper giant1 clone twin backup taken thief bridge
    # shellcheck disable=SC2046 # words
    device $(seq -f hostile%g 13)
    start_broker || exit 1
    flood
    other_names
    wrapped
    hostile
    stop_broker
    rm "$spool/requests/"*.json
    start_broker || exit 1
    clones
    takeover
    without_certificate
    bridge
else
    device good1 good2 good3 good4 gone done1 done2 changed1 changed2 full quiet
    certguard --at -40d issue client ended --lifetime 20d
    cp home/live/ended/fullchain.pem ended.pem
    cp home/live/ended/privkey.pem ended.key
    certguard revoke gone
    forged
    done_files
    rm -rf "$spool"
    start_broker || exit 1
    changed_answers
    full_disk
fi
stop_broker
