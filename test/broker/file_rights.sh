#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What the plugin says to do about files that the broker's user may not read is done to the letter, until the broker starts: for
# the folders of certbot, whose next renewal it has to survive, and for a mount that nobody can write (a Kubernetes secret).
. "$(dirname "$0")/lib.sh"
unset CDPATH
[ "$(id -u)" = 0 ] || skip "only root can give files to another user"
user=mosquitto
id $user >/dev/null 2>&1 || user=nobody
CG_TEST_TMP=/tmp # where another user gets, wherever this test runs
begin
chmod 755 "$scratch"
umask 022
make_pki
cp "$CG_PLUGIN" mosquitto_certguard.so
port=$(free_port)
files() { # CHAIN KEY
    printf '{"trust": {"anchors": "ca.pem"}, "credential": {"chain": "%s", "key": "%s"}}\n' "$1" "$2" >policy.json
    {
        printf 'user %s\nallow_anonymous true\nplugin %s/mosquitto_certguard.so\nplugin_opt_policy %s/policy.json\n' "$user" "$scratch" "$scratch"
        tls_listener "$port" "require_certificate true\n" | sed "s|$scratch/server.pem|$scratch/$1|; s|$scratch/server.key|$scratch/$2|"
    } >broker.conf
}
runs() {
    launch_broker
    until_true decided
    ! grep -q ' running$' broker.log || return 0
    wait "$broker_pid"
    broker_pid=
    return 1
}
decided() {
    grep -q ' running$' broker.log || ! kill -0 "$broker_pid" 2>/dev/null
}
follow() { # TITLE ROUNDS: fixes until the broker runs
    rounds=0
    until runs; do
        fix=$(sed -n 's/.*; fix: //p' broker.log | head -n 1 | sed 's/ (package acl)$//')
        rounds=$((rounds + 1))
        [ -n "$fix" ] && [ "$rounds" -le "$2" ] || { fail "$1: the broker does not start: $(cat broker.log)"; return; }
        sh -c "$fix" || fail "$1: cannot be done: $fix"
    done
    echo "ok: $1: $rounds fixes"
    expect "$1: a client" in dev1 "$port" dev1
    expect "$1: nobody else" out none "$port" none
    stop_broker
}

# ---- certbot ----

generation() { # NUMBER CERTIFICATE: as certbot does it: the key has group and group rights of the one before, and nothing else
    cp "$2.pem" "le/archive/m/fullchain$1.pem"
    (umask 077 && cp "$2.key" "le/archive/m/privkey$1.pem")
    before=le/archive/m/privkey$(($1 - 1)).pem
    if [ -e "$before" ]; then
        chgrp "$(stat -c %g "$before")" "le/archive/m/privkey$1.pem"
        case $(stat -c %a "$before") in *4?) chmod g+r "le/archive/m/privkey$1.pem" ;; esac
    fi
    for f in fullchain privkey; do ln -sfn "../../archive/m/$f$1.pem" "le/live/m/$f.pem"; done
}
mkdir -p le/archive/m le/live/m
chmod 700 le/archive le/live
generation 1 server
pki "next: server issuer=ca cn=localhost"
files le/live/m/fullchain.pem le/live/m/privkey.pem
if command -v setfacl >/dev/null || [ "$user" = mosquitto ]; then
    runs && fail "certbot: the broker reads root's key"
    follow "certbot: the folders as they are" 4
    grep -q 'each renewal writes new files there' broker.log && fail "certbot: it runs and complains"
    generation 2 next
    if [ "$user" = mosquitto ]; then follow "certbot: the next renewal" 0; fi
fi
mkdir public
# as docs/home.md has it
hook() {
    for f in fullchain privkey; do install -o "$user" -m 0600 "le/live/m/$f.pem" "public/$f.pem.new" && mv "public/$f.pem.new" "public/$f.pem"; done
}
hook
files public/fullchain.pem public/privkey.pem
follow "certbot: a deploy hook" 0
generation 3 server
hook
follow "certbot: a deploy hook, the next renewal" 0

# ---- a mount that nobody can write ----

if unshare -m true 2>/dev/null; then
    mkdir secret
    cat >in_mount <<'END'
#!/bin/sh
# A broker whose key lies in such a mount, with the mode and the group of $KEY
exec unshare -m sh -c 'mount -t tmpfs -o mode=755 none secret && cp server.pem server.key secret/ && chmod 644 secret/server.pem &&
    chmod ${KEY% *} secret/server.key && chgrp ${KEY#* } secret/server.key && mount -o remount,ro secret && exec "$@"' sh $BROKER "$@"
END
    chmod 755 in_mount
    export KEY BROKER="${CG_MOSQUITTO_WRAPPER:-} $mosquitto" # the wrapper is for the broker alone
    CG_MOSQUITTO_WRAPPER=
    mosquitto=$scratch/in_mount
    files secret/server.pem secret/server.key
    group=$(id -g "$user")
    for KEY in "0644 0" "0600 0"; do
        start_refused "a mount that nobody can write, $KEY" \
            "defaultMode: 0440 of the volume and securityContext.fsGroup: $group of the pod" "$mosquitto"
        ! grep -q 'fix: ' broker.log || fail "a command for a mount that nobody can write"
    done
    KEY="0440 $group"
    follow "a mount that nobody can write, as it says" 0
fi
