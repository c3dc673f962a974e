#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The clients of conf/devices, with a stand-in for mosquitto_rr, broker and CA (devices/mosquitto_rr): each step of a renewal, what
# they must refuse, and a kill in front of each command. A real broker is in test/broker/renewal_by_hand.sh.
#   devices.sh dash|bash|busybox [kills]     the shell client in this shell
# May be there: CG_KILL_STEP (5), every Nth kill.
. "$(dirname "$0")/../lib/harness.sh"
# shellcheck disable=SC2154 # variables of the harness
at_failure=continue
unset CDPATH
source=$(cd "$here/../.." && pwd) || exit 1
shell=${1:-dash} what=${2:-}
for needed in "$shell" flock setsid openssl; do
    command -v "$needed" >/dev/null || skip "no $needed"
done
begin
export CG_FAKE=$scratch/fake
client=$source/conf/devices/shell/renew.sh
shellcheck -S warning "$client" "$here/devices/mosquitto_rr" 2>out || ! command -v shellcheck >/dev/null || fail "shellcheck: $(cat out)"

case $shell in bash) shell="bash --posix" ;; busybox) shell="busybox ash" ;; esac

# ---- broker and CA, and a device that has "old" ----
mkdir bin fake
ln -s "$here/devices/mosquitto_rr" bin/
path=$PATH
pki "root: ca cn=Root days=-100..3000" "ca: ca issuer=root cn=Issuing days=-99..2000" "server: server issuer=root days=-9..90" \
    "old: issuer=ca cn=sensor1 san=dns:sensor1,uri:urn:a days=-70..30" "other: issuer=ca cn=sensor2 san=dns:sensor2" \
    "ed: issuer=ca key=ed25519 cn=sensor1 san=dns:sensor1,uri:urn:a days=-70..30" \
    "later: issuer=ca cn=sensor1 san=dns:sensor1,uri:urn:a days=1..40" \
    "root2: ca cn=Next days=-1..3000" "server2: server issuer=root2 days=-9..90" "root3: ca cn=Third days=-1..3000" \
    "limited: ca cn=Limited days=-1..3000 'nc=critical,permitted;DNS:.lan'" "ended: ca cn=Ended days=-9..-1" \
    "leaf: cn=Leaf ku=critical,keyCertSign" "nosign: ca cn=Nosign ku=critical,cRLSign" "noku: ca cn=Noku ku=none"
openssl x509 -in ca.pem -outform DER -out ca.der
# names NAME CSR-SUBJECT EXTENSIONS...: what the CA issues
names() {
    openssl req -new -key other.key -subj "$1" -out fake/names.csr 2>err || fail "$(cat err)"
    shift
    printf '%s\n' "$@" >fake/names.ext
}
right_names() {
    names /CN=sensor1 subjectAltName=DNS:sensor1,URI:urn:a extendedKeyUsage=clientAuth basicConstraints=critical,CA:FALSE
}
fresh() { # a device, and a broker that works
    chmod -R u+w dev 2>/dev/null
    rm -rf dev fake
    mkdir dev fake
    cat old.key old.pem ca.pem >dev/cur.pem
    cat root.pem >dev/ca.pem
    printf 'host=localhost\nname=sensor1\nhook="echo hook >>hooks"\nsleep() { :; } # the stand-in limits no rate\n' >dev/renew.conf
    cp server.pem ca.pem ca.key fake/
    cp root.pem fake/trust.pem
    cp ca.der fake/chain.1
    echo 0 >fake/due
    right_names
    old_serial=$(serial)
}
renew() { # [now]: $code
    # shellcheck disable=SC2086 # a shell of two words
    PATH=$scratch/bin:$path $shell "$client" dev "${1:-now}" >out 2>err
    code=$?
}
# expect TITLE CODE [WORDS]: of the last run
expect() {
    if [ "$code" = "$2" ] && { [ -z "${3:-}" ] || grep -q -- "$3" out err; }; then echo "ok: $shell: $1"; else
        fail "$shell: $1: exit code $code instead of $2, or no '${3:-}': $(cat out err)"; fi
}
serial() { openssl x509 -in dev/cur.pem -noout -serial; }
is_old() { [ "$(serial)" = "$old_serial" ]; }
# is_whole: cur.pem is a pair that the broker accepts
is_whole() {
    [ "$(openssl x509 -in dev/cur.pem -noout -pubkey)" = "$(openssl pkey -in dev/cur.pem -pubout)" ] &&
        SSL_CERT_DIR=/nonexistent openssl verify -CAfile fake/trust.pem -untrusted dev/cur.pem dev/cur.pem >verify.out 2>&1
}
# is_renewed: a new pair, nothing left
is_renewed() {
    is_whole && ! is_old && [ ! -e dev/new.pem ] && [ ! -e dev/changed ] && [ -s dev/hooks ] &&
        [ "$(grep -c BEGIN dev/cur.pem)" = 3 ] && [ "$(stat -c %a dev/cur.pem)" = 600 ]
}

the_conversation() {
    fresh
    renew
    expect "a renewal in one run" 0 renewed
    is_renewed || fail "$shell: not renewed: $(ls dev)"
    [ "$(cat dev/hooks)" = hook ] || fail "$shell: the hook did not run once"
    echo 5000 >fake/due
    before=$(serial)
    renew
    expect "not due" 0
    [ "$(serial)" = "$before" ] || fail "$shell: renewed although it is not due"
    count=$(wc -l <fake/log)
    renew soon
    expect "no connection before the time" 0
    [ "$(wc -l <fake/log)" = "$count" ] || fail "$shell: connected before the time"
    echo $(($(date +%s) + 10000000)) >dev/next
    renew soon
    [ "$(wc -l <fake/log)" = $((count + 1)) ] || fail "$shell: a clock that was wrong stops the renewals"

    fresh
    : >fake/off
    renew
    expect "the CA is off" 75
    is_old || fail "$shell: another certificate"
    key=$(openssl pkey -in dev/new.pem -pubout)
    renew soon
    expect "and it waits" 75
    renew
    expect "and asks again" 75
    rm fake/off
    renew
    expect "the answer" 0 renewed
    is_renewed || fail "$shell: not renewed"
    [ "$(openssl pkey -in dev/cur.pem -pubout)" = "$key" ] || fail "$shell: a second key was made"

    fresh
    : >fake/mute
    renew
    expect "no answer" 1 "no answer"
    is_old || fail "$shell: no answer, and another certificate"
    rm fake/mute
    printf 'renewal_forked a copy of the key' >fake/refuse
    renew
    expect "refused" 1 "refused: renewal_forked a copy"
    [ -e dev/new.pem ] || fail "$shell: the key is gone after a refusal"
    ! grep -q delete out err || fail "$shell: advises to delete the key, which would make a second request"
    key=$(openssl pkey -in dev/new.pem -pubout)
    printf 'renewal_key_not_allowed P-256' >fake/refuse
    renew
    expect "the key is refused" 1 "renewal_key_not_allowed P-256. If the key is still refused, delete .*/new.pem"
    rm fake/refuse
    renew
    expect "with the same key it continues" 0 renewed
    [ "$(openssl pkey -in dev/cur.pem -pubout)" = "$key" ] || fail "$shell: a second request for one certificate"

    fresh
    echo 'hook="exit 9"' >>dev/renew.conf
    renew
    expect "the hook fails" 1 "the hook of"
    echo 'hook="echo hook >>hooks"' >>dev/renew.conf
    renew soon
    [ -s dev/hooks ] || fail "$shell: the hook does not run again"

    openssl pkeyutl -help 2>&1 | grep -q -- -rawin || return # before OpenSSL 3
    fresh
    cat ed.key ed.pem ca.pem >dev/cur.pem
    old_serial=$(serial)
    echo key=ED25519 >>dev/renew.conf
    renew
    expect "with Ed25519" 0 renewed
    is_renewed || fail "$shell: not renewed with Ed25519"
}

# An answer that must be ignored: TITLE; what was prepared in "fake" issues it
ignores() {
    renew
    expect "ignored: $1" 1
    is_old && ! grep -q CERT dev/new.pem || fail "$shell: taken: $1"
}
hostile_certificates() {
    fresh
    names /CN=sensor2 subjectAltName=DNS:sensor1,URI:urn:a extendedKeyUsage=clientAuth
    ignores "another subject"
    fresh
    names /CN=sensor1 subjectAltName=DNS:sensor1,URI:urn:b extendedKeyUsage=clientAuth
    ignores "another alternative name"
    fresh
    names /CN=sensor1 extendedKeyUsage=clientAuth
    ignores "without the alternative name"
    fresh
    names /CN=sensor1 subjectAltName=DNS:sensor1,URI:urn:a extendedKeyUsage=clientAuth basicConstraints=critical,CA:TRUE
    ignores "a CA"
    fresh
    names /CN=sensor1 subjectAltName=DNS:sensor1,URI:urn:a extendedKeyUsage=serverAuth
    ignores "for servers"
    fresh
    cp root2.pem fake/ca.pem
    cp root2.key fake/ca.key
    rm fake/chain.1
    ignores "of another CA"
    fresh
    rm fake/chain.1
    ignores "without its chain"
    fresh
    openssl x509 -in other.pem -outform DER -out fake/issue
    ignores "for another key"
    fresh
    openssl x509 -in old.pem -outform DER -out fake/issue
    ignores "the old certificate again"
    fresh
    cat later.key later.pem ca.pem >dev/cur.pem
    old_serial=$(serial)
    ignores "one that starts before the current one"
    fresh
    head -c 3000 /dev/urandom >fake/issue
    ignores "noise"
    fresh
    : >fake/issue
    ignores "nothing"
    fresh
    printf '0 1 2; touch here' >fake/due
    renew
    expect "a hostile answer to the first question" 0
    [ ! -e dev/here ] || fail "$shell: a command of the broker was run"
    fresh
    echo 99999999999999999999 >fake/due
    renew
    expect "a giant number" 1
    is_old || fail "$shell: a giant number renews"
    # a new pair that was made complete for another cur.pem
    fresh
    cat other.key other.pem ca.pem >dev/new.pem
    renew
    expect "new.pem of another device" 1 "cannot follow"
    is_old || fail "$shell: new.pem of another device is used"
    # a new pair that the broker refuses
    fresh
    : >fake/off
    renew
    rm fake/off
    names /CN=sensor1 subjectAltName=DNS:sensor1,URI:urn:a extendedKeyUsage=clientAuth
    cp root2.pem fake/ca.pem
    cp root2.key fake/ca.key
    rm fake/chain.1
    cat root2.pem >>dev/ca.pem # the device would take it, the broker does not
    renew
    expect "new.pem is not accepted" 1 "does not accept"
    { is_old && [ -e dev/new.pem ]; } || fail "$shell: not accepted, and cur.pem is another"
    cat root2.pem >>fake/trust.pem
    renew
    expect "and is, later" 0 renewed
    is_old && fail "$shell: not renewed after the broker accepts it"
}

# root_statement FILE NEW HOLDER [SIGNER]
root_statement() {
    openssl x509 -in "$2.pem" -outform DER -out R
    { printf 'certguard root v1\n'; openssl x509 -in "$3.pem" -outform DER | openssl dgst -sha256 -binary; cat R; } >tbs
    openssl dgst -sha256 -sign "${4:-$3}.key" -out S tbs
    cat R S >"fake/$1"
}
# drop_statement FILE OLD SIGNER
drop_statement() {
    openssl x509 -in "$2.pem" -outform DER | openssl dgst -sha256 -binary >D
    { printf 'certguard drop v1\n'; cat D; } >tbs
    openssl dgst -sha256 -sign "$3.key" -out S tbs
    { printf '\0'; cat D S; } >"fake/$1"
}
# holds NAME...: the roots of the device, in this order
holds() {
    for name; do cat "$name.pem"; done >want
    openssl storeutl -noout -text -certs want 2>/dev/null | grep Subject: >want.names
    openssl storeutl -noout -text -certs dev/ca.pem 2>/dev/null | grep Subject: | cmp -s - want.names
}
roots() {
    takes() { # TITLE NAME...: the device's roots after a run
        title=$1
        shift
        echo 5000 >fake/due
        renew
        expect "$title" 0
        holds "$@" || fail "$shell: $title: not the roots $*"
    }
    fresh
    root_statement anchor.1 root2 root
    root_statement anchor.2 root3 root2
    takes "a root that the first one signed, and one that the second signed" root root2 root3
    takes "again" root root2 root3
    fresh
    root_statement anchor.1 root2 root3
    takes "no root by an unknown one" root
    root_statement anchor.1 root2 root root3
    takes "no root by another key" root
    root_statement anchor.1 ended root
    takes "no root that has ended" root
    root_statement anchor.1 leaf root
    takes "no certificate that is no CA" root
    root_statement anchor.1 nosign root
    takes "no root that signs no certificates" root
    root_statement anchor.1 noku root
    takes "no root that does not say what it signs" root
    root_statement anchor.1 ca root
    takes "no issuing CA" root
    root_statement anchor.1 root2 limited
    cat limited.pem >>dev/ca.pem
    takes "no root without the name constraints of its signer" root limited
    head -c 2000 /dev/urandom >fake/anchor.1
    takes "no noise" root limited
    : >fake/anchor.1
    takes "nothing" root limited

    fresh
    cat root2.pem >>dev/ca.pem
    drop_statement anchor.1 root root2
    takes "the root of the broker is not dropped" root root2
    cp server2.pem fake/server.pem
    takes "nor that of the own certificate" root root2
    drop_statement anchor.1 root2 root2
    cat root3.pem >>dev/ca.pem
    takes "nor by itself" root root2 root3
    drop_statement anchor.1 root3 root
    takes "nor by a root that does not lead to the broker" root root2 root3
    drop_statement anchor.1 root3 root2
    takes "a root is dropped" root root2
    root_statement anchor.1 root3 root2
    takes "and does not come back" root root2
}

# kill_at N: the run is killed in front of its command number N; false if it has fewer
kill_at() {
    rm -f count
    # shellcheck disable=SC2086
    CG_KILL_AT=$1 PATH=$scratch/kill:$scratch/bin:$path setsid -w $shell "$client" dev now >out 2>err
    [ "$(wc -l <count)" -ge "$1" ]
}
kills() {
    rm -rf kill
    mkdir kill
    for command in openssl mosquitto_rr sync mv rm mkdir cat head tail od awk cmp sed grep cut date tr sort flock sh; do
        real=$(PATH=$scratch/bin:$path command -v $command)
        cat >kill/$command <<END
#!$(command -v dash || echo /bin/sh)
PATH=$scratch/bin:$path
echo >>$scratch/count
[ \$(wc -l <$scratch/count) != "\$CG_KILL_AT" ] || kill -9 0
exec $real "\$@"
END
        chmod +x kill/$command
    done
    n=1 walked=0
    while :; do
        fresh
        root_statement anchor.1 root2 root
        kill_at $n || break
        is_whole || fail "$shell: killed at command $n: cur.pem is not whole"
        for run in 1 2 3; do
            renew
            is_whole || fail "$shell: killed at command $n, run $run: cur.pem is not whole"
            ! is_renewed || break
        done
        is_renewed || fail "$shell: killed at command $n: the next runs do not end it: $(ls dev; cat out err)"
        holds root root2 || fail "$shell: killed at command $n: not both roots"
        n=$((n + ${CG_KILL_STEP:-5})) walked=$((walked + 1))
    done
    echo "ok: $shell: $walked kills in $((n - 1)) commands"
    [ $walked -ge 20 ] || fail "$shell: only $walked kills"
}

case $what in
kills) kills ;;
*)
    the_conversation
    hostile_certificates
    roots ;;
esac
[ "$failures" = 0 ]
