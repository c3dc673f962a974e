# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Sourced by the first hidden block of docs/recipes.md: the stand-ins of this folder in PATH, and checks. Needs $host, $port,
# $folder (the plugin's files), $state and $events (its log).
# shellcheck shell=sh disable=SC2154
unset CDPATH
PATH=$CG_SOURCE/test/docs/recipes:$PATH

# publish CA CERT KEY: as a client that verifies the broker
publish() {
    mosquitto_pub -h "$host" -p "$port" --cafile "$1" --cert "$2" --key "$3" -t test -m hello
}
accepted() {
    publish "$@" || { echo "the broker refuses $2" >&2; return 1; }
}
# refused REASON CA CERT KEY: and the event log has the reason
refused() {
    reason=$1
    shift
    seen=$(grep -c "\"reason\":\"$reason\"" "$events" || true)
    ! publish "$@" 2>/dev/null || { echo "the broker accepts $2" >&2; return 1; }
    until_says $((seen + 1)) "\"reason\":\"$reason\"" "$events"
}
# loads COMMAND...: runs it, and waits until the plugin has loaded what it changed
loads() {
    seen=$(grep -c '"event":"snapshot_loaded"' "$events" || true)
    "$@"
    until_says $((seen + 1)) '"event":"snapshot_loaded"' "$events"
}
fingerprint() {
    openssl x509 -noout -fingerprint -sha256 "$@"
}
# serves FILE: the broker serves its first certificate, at the latest after 60 s
serves() {
    tries=600
    until [ "$(openssl s_client -connect "$host:$port" </dev/null 2>/dev/null | fingerprint)" = "$(fingerprint -in "$1")" ]; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { echo "the broker does not serve $1" >&2; return 1; }
        sleep 0.1
    done
}
# renews COMMAND...: runs it, and the broker serves another certificate than before
renews() {
    old=$(fingerprint -in "$folder/broker/fullchain.pem")
    "$@"
    [ "$old" != "$(fingerprint -in "$folder/broker/fullchain.pem")" ] || { echo "$*: no new certificate" >&2; return 1; }
    serves "$folder/broker/fullchain.pem"
}
# as_service UNIT: runs its command in its folder
as_service() {
    (cd "$(sed -n 's/^WorkingDirectory=//p' "$1")" && eval "$(sed -n 's|^ExecStart=/usr/bin/||p' "$1")")
}
# stranger: a client of another CA, in stranger.pem and stranger.key
stranger() {
    "$CG_PKI" "other: ca" "stranger: issuer=other"
}
# next_recipe NAME: changes to a new folder, and removes what the previous recipe left
next_recipe() {
    systemctl stop mosquitto
    find "$folder" -type f -delete
    find "$folder" -type l -delete
    rm -rf "$state" "$events"
    mkdir "$HOME/$1-recipe"
    cd "$HOME/$1-recipe" || return
    stranger
}
