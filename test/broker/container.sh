#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The configuration of conf/container and conf/kubernetes with a real broker, and the commands of docs/container.md, without a
# container: with a read-only root, without /var/log and without capabilities, as the user of the image and as a user without a
# name, on the folder that certguard deploys and on one that the kubelet mounts. Only root can do all of this. Another user runs the
# same with his own rights.
. "$(dirname "$0")/lib.sh"
unset CDPATH
source=$(cd "$here/../.." && pwd)
guide=$source/docs/container.md
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    . "$here/../lib/root.sh"
    own_mounts "$0"
    boxed=yes
    CG_TEST_TMP=/tmp # a folder that other users can enter
else
    boxed=
    echo "not root, or no mount namespaces: without a read-only root and without other users" >&2
fi
begin
umask 022
chmod 755 "$scratch"
cp "$CG_PLUGIN" mosquitto_certguard.so
cp "$CG_TOOL" certguard
port=$(free_port)
export BROKER="${CG_MOSQUITTO_WRAPPER:-} $mosquitto" BOX="$scratch" AS WRITABLE
CG_MOSQUITTO_WRAPPER=

# box PROGRAM [ARGUMENT...]: runs it as $AS says (options of setpriv) with only the folders $WRITABLE writable
cat >box <<'END_OF_BOX'
#!/bin/sh
exec unshare -m sh -c 'mount --rbind "$BOX" "$BOX" && cd "$BOX" && for f in $WRITABLE; do mount --rbind "$f" "$f" || exit 1; done &&
    mount -o remount,bind,ro "$BOX" && mount -t tmpfs -o ro none /var && mount -o remount,bind,ro / &&
    cd "$BOX" && exec setpriv $AS --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"' box "$@"
END_OF_BOX
[ "$boxed" ] || printf '#!/bin/sh\nexec "$@"\n' >box
printf '#!/bin/sh\nexec "$BOX/box" $BROKER "$@"\n' >broker_in_box
chmod 755 box broker_in_box
mosquitto=$scratch/broker_in_box

# place: paths and names in a container become those of this test; /mosquitto is the folder $part
place() {
    sed -e "s|/mosquitto/|$scratch/$part/|g" -e "s|/usr/lib/mosquitto_certguard.so|$scratch/mosquitto_certguard.so|" \
        -e "s|/run/secrets/|$scratch/|" -e "s|/backup/|$scratch/backup/|" -e "s|^listener 8883|listener $port 127.0.0.1|" \
        -e 's|broker\.lan|localhost|' -e 's|192\.168\.1\.10|127.0.0.1|'
}
owner=$(id -u)
[ ! "$boxed" ] || owner=1883
folder() { # MODE NAME...: folders of the image's user
    mode=$1
    shift
    mkdir -p "$@" && chmod "$mode" "$@" && chown "$owner" "$@"
}
configure() { # FUNCTION: what it prints for each of the two files
    mkdir -p "$part/config"
    "$1" mosquitto.conf | place >"$part/config/mosquitto.conf"
    "$1" policy.json | place >"$part/config/policy.json"
    [ "$boxed" ] || printf 'user %s\n' "$(id -un)" >>"$part/config/mosquitto.conf" # root without a box stays root
    cp "$part/config/mosquitto.conf" broker.conf
}
start() {
    launch_broker
    wait_for broker.log ' running$' || { fail "$1: the broker did not start"; exit 1; }
    echo "ok: $1: the broker starts"
}
served() {
    openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null
}
serves() { # FILE
    [ "$(served)" = "$(openssl x509 -in "$1" -noout -serial)" ]
}
expect_served() { # TITLE FILE
    if until_true serves "$2"; then echo "ok: $1"; else fail "$1: serves $(served)"; fi
}
doctor() { # TITLE
    if ./box ./certguard doctor --config "$part/config/mosquitto.conf" >out 2>&1; then echo "ok: $1: doctor finds nothing"; else
        fail "$1: doctor: $(cat out)"
    fi
}

# ---- the box is one ----

image_user="--reuid 1883 --regid 1883 --clear-groups"
part=container AS=$image_user WRITABLE=$part/data
folder 700 "$part/data"
if [ "$boxed" ]; then
    for file in /probe "$scratch/probe" /tmp/probe.$$ /var/probe; do
        # shellcheck disable=SC2016
        ! ./box sh -c ': >"$1"' sh "$file" 2>/dev/null || fail "$file can be written in the box"
    done
    ./box touch "$part/data/probe" && rm "$part/data/probe" || fail "the state cannot be written in the box"
    [ "$(./box sh -c 'ls -d /var/log; id -u; grep CapBnd: /proc/self/status' 2>/dev/null | tr '\n\t' '  ')" = "1883 CapBnd: 0000000000000000 " ] ||
        fail "the box is no container: $(./box sh -c 'ls -d /var/log; id -u; grep CapBnd: /proc/self/status' 2>&1)"
fi

# ---- the last command of the Dockerfile ----

last=$(awk '/^RUN/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }' "$source/conf/container/Dockerfile" | place |
    sed "s|^RUN certguard |$scratch/certguard |; s|/tmp/load.conf|load.conf|g; s| mosquitto -c| $BROKER -c|")
sh -c "$last" >out 2>&1 || fail "conf/container/Dockerfile: the last command: $(cat out)"
grep -q 'found neither' out || fail "conf/container/Dockerfile: the last command does not load the plugin"

# ---- conf/container, with the commands of the guide ----

ca() { # VERB...: the command of the guide that begins with these words
    line=$(sed -n "s/^docker compose run --rm .*\<ca \($1 .*\)/\1/p" "$guide" | head -n 1)
    [ -n "$line" ] || { fail "$guide has no command of the CA: $1"; return; }
    eval "in_ca $(printf '%s\n' "$line" | place)"
}
in_ca() {
    CERTGUARD_DIR=$scratch/certguard.d/ca AS=$image_user WRITABLE="certguard.d container/certguard backup" ./box ./certguard "$@" 2>err ||
        fail "certguard $*: $(cat err)"
}
of_container() {
    cat "$source/conf/container/config/$1"
}
configure of_container
folder 700 certguard.d backup
folder 755 "$part/certguard"
echo "a passphrase of the CA" >ca-passphrase
chmod 400 ca-passphrase && chown "$owner" ca-passphrase
ca init >out
ca "issue broker" >out
cp "$part/certguard/ca.pem" ca.pem
start "container"
doctor "container"
ca "issue client" >out
ca export
cp sensor1.pem sensor1.key
expect "container: a client of the CA" in sensor1 "$port" sensor1
expect "container: no certificate" out none "$port" none
expect_log "container: the event is in the broker's log, with a fix" 'certguard: refused .*no certificate.* \[no_certificate\]'
in_ca renew broker >out
expect_served "container: a renewed certificate, without SIGHUP" "$part/certguard/cert.pem"
ca "renew" >out
ca "crl" >out
ca backup >out
[ -s "$(find backup -name "ca-*.tar")" ] || fail "no backup"
in_ca issue client sensor2 >out
in_ca export sensor2 --pem - >sensor2.pem
cp sensor2.pem sensor2.key
ca revoke >out
expect_log "container: the new CRL is loaded" 'certguard: loaded .* 1 entry'
expect "container: the revoked client" out sensor1 "$port" sensor1
expect "container: another client" in sensor2 "$port" sensor2
files=$(cd "$part/data" && find . -type f | sort | tr '\n' ' ')
[ "${files#*events}" = "$files" ] && [ "${files#*certguard/crl-numbers}" != "$files" ] || fail "files in data: $files"
stop_broker
[ "$broker_status" = 0 ] || fail "container: the broker ended with $broker_status"
[ -s "$part/data/mosquitto.db" ] || fail "container: no saved sessions"

# the events as JSON, as the guide says
member=$(sed -n 's/.*`\("log": {[^`]*}\)` to.*/\1/p' "$guide" | place)
[ -n "$member" ] || fail "$guide does not say how to write events to a file"
sed -i "s|\"identity\"|$member, &|" "$part/config/policy.json"
folder 700 "$part/log"
WRITABLE="$part/data $part/log"
start "container: with a file of events"
expect "container: no certificate" out none "$port" none
wait_for "$part/log/certguard.jsonl" '"reason":"no_certificate"' || fail "the event is not in the file that the policy names"
stop_broker

# ---- conf/kubernetes ----

of_config_map() {
    awk -v key="  $1: |" '$0 == key { on = 1; next } on && NF && !/^    / { exit } on { print substr($0, 5) }' \
        "$source/conf/kubernetes/mosquitto.yaml"
}
group=$(id -g)
[ ! "$boxed" ] || group=5555
revision=0
# kubelet KEY=FILE...: the next content of the volume, as the kubelet writes it
kubelet() {
    volume=$part/certguard revision=$((revision + 1))
    mkdir -p "$volume/..$revision"
    for item; do
        install -m "${key_mode:-0440}" -g "$group" "${item#*=}" "$volume/..$revision/${item%%=*}"
        [ -L "$volume/${item%%=*}" ] || ln -s "..data/${item%%=*}" "$volume/${item%%=*}"
    done
    [ ! "$boxed" ] || { chgrp "$group" "$volume" "$volume/..$revision" && chmod 3777 "$volume" && chmod 2755 "$volume/..$revision"; }
    ln -s "..$revision" "$volume/..data_tmp"
    mv -T "$volume/..data_tmp" "$volume/..data"
    rm -rf "$volume/..$((revision - 1))"
}
volume() { # CERTIFICATE [KEY]: of cert-manager, with the CA and CRL of the clients
    kubelet "fullchain.pem=$1.pem" "privkey.pem=${2:-$1}.key" server-ca.pem=cluster.pem ca.pem=trust/ca.pem crl.pem=trust/crl.pem
}
mkdir trust
cp certguard.d/ca/ca.pem certguard.d/ca/crl.pem trust/
part=kubernetes
configure of_config_map
mkdir "$part/data"
# a new volume, of root and the group of fsGroup
[ ! "$boxed" ] || at_end "umount -l $scratch/$part/data"
[ ! "$boxed" ] || { mount -t tmpfs -o "mode=2775,gid=$group" none "$part/data" && chmod 2775 "$part/data"; }
# as cert-manager issues them: without a subject, with random serial numbers
like="server issuer=cluster subject=/ san=critical,dns:localhost,ip:127.0.0.1"
pki "cluster: ca" "first: $like serial=0x6a09e667f3bcc908" "second: $like serial=0x3c6ef372fe94f82b" "third: $like serial=0x510e527fade682d1"
openssl ec -in first.key -out first.sec1 2>/dev/null && mv first.sec1 first.key # the default of cert-manager
cp cluster.pem ca.pem
# a user without a name, of the group 0, as on OpenShift
AS="--reuid 12345 --regid 0 --groups $group" WRITABLE=$part/data
! getent passwd 12345 >/dev/null || fail "the user 12345 has a name here"

if [ "$boxed" ]; then
    key_mode=0644
    volume first
    # shellcheck disable=SC2086
    start_refused "kubernetes: a volume without defaultMode" "defaultMode: 0440 of the volume" "$mosquitto"
    key_mode=
fi
volume first
start "kubernetes"
doctor "kubernetes"
expect_served "kubernetes: the certificate of cert-manager" first.pem
expect "kubernetes: a client of the other CA" in sensor2 "$port" sensor2
expect "kubernetes: no certificate" out none "$port" none
expect_log "kubernetes: the event is in the broker's log" 'certguard: refused .* \[no_certificate\]'

volume second first
expect_log "kubernetes: a pair that does not match" 'certguard: keeps the previous version.*privkey.pem'
serves first.pem || fail "kubernetes: a pair that does not match: serves $(served)"
expect "kubernetes: clients are served with the previous one" in sensor2 "$port" sensor2
volume second
expect_served "kubernetes: a new pair, without SIGHUP" second.pem
mkdir "$part/certguard/..next"
cp third.pem "$part/certguard/..next/fullchain.pem"
sleep 1
serves second.pem || fail "kubernetes: a folder that is not swapped in yet: serves $(served)"

in_ca revoke sensor2 >out
cp certguard.d/ca/crl.pem trust/
volume second
expect_log "kubernetes: the new CRL is loaded" 'certguard: loaded .* 2 entries'
expect "kubernetes: the revoked client" out sensor2 "$port" sensor2

# a probe of the kubelet
before=$(grep -c peer_gone broker.log)
"${CG_TCP:?}" "$port" </dev/null
until_true grep -q '\[peer_gone\]' broker.log || fail "kubernetes: a TCP probe writes no event, but $guide says so"
[ "$(grep -c peer_gone broker.log)" -le $((before + 1)) ] || fail "kubernetes: a TCP probe writes several events"
stop_broker
[ "$broker_status" = 0 ] || fail "kubernetes: the broker ended with $broker_status"
[ -z "$(find kubernetes -name '*.jsonl')" ] || fail "kubernetes: a file of events"

# what fsGroupChangePolicy prevents, and the command of the guide against it
chmod -R g+rwX "$part/data/certguard"
# shellcheck disable=SC2086
start_refused "kubernetes: a state folder that the group may write" "expected write access for its owner only" "$mosquitto"
fix=$(sed -n 's/.*`\(chmod -R [^`]*\)`.*/\1/p' "$guide" | place)
./box sh -c "$fix" || fail "$guide: cannot run: $fix"
start "kubernetes: after that command"
stop_broker

[ "$failures" -eq 0 ]
