# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A container in which systemd boots from a root folder of root.sh, and the results of checks in it. For test/package/run and
# test/systems/systemd, which source root.sh first. $folder is for their files, $root the root folder.

passed=0 failed=0 skipped=0
nspawn= leader=

# own_container SCRIPT [ARGUMENT...]: restarts the script with what containers need
own_container() {
    command -v systemd-nspawn >/dev/null || skip "no systemd-nspawn; install it with: sh tools/install-deps systems"
    own_mounts "$@"
    umount -R /sys/fs/cgroup 2>/dev/null || : # systemd needs version 2 of the control groups
    mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null || skip "cannot mount control groups (version 2)"
}

# ---- results ----

ok() { # TEXT
    passed=$((passed + 1))
    echo "ok       $*"
}
bad() { # TEXT; the details are read from standard input
    failed=$((failed + 1))
    echo "FAILED   $*"
    tail -n 25 | sed 's/^/         /'
}
left_out() { # TEXT with the reason
    skipped=$((skipped + 1))
    echo "skipped  $*"
}
# TEXT COMMAND...: the command must succeed; the last line of its output is printed with the result
try() {
    text=$1
    shift
    if "$@" >"$folder/out" 2>&1; then
        ok "$text$(tail -n 1 "$folder/out" | cut -c 1-110 | sed '/^ *$/d; s/^ */: /')"
    else
        bad "$text" <"$folder/out"
    fi
}
not() { ! "$@"; }
# SECONDS COMMAND...: repeats the command until it succeeds; fails after that time
within() {
    end=$(($(date +%s) + $1))
    shift
    until "$@" >"$folder/within" 2>&1; do
        [ "$(date +%s)" -lt $end ] || { cat "$folder/within"; echo "timeout"; return 1; }
        sleep 0.5
    done
    tail -n 1 "$folder/within"
}
summary() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ $failed = 0 ]
}

# ---- the container ----

# The container runs and is not a zombie.
is_running() {
    case $(sed 's/.*) //' "/proc/$nspawn/stat" 2>/dev/null) in '' | Z* | X*) return 1 ;; esac
}
booted() { # systemd's state is "degraded" if a unit has failed; also ends the wait if the container has ended
    is_running || return 0
    leader=$(cat /proc/"$nspawn"/task/"$nspawn"/children) && leader=${leader%% *} && [ -n "$leader" ] &&
        case $(inside systemctl is-system-running 2>&1) in running | degraded) ;; *) false ;; esac
}
# for inside: in the container while it runs, else in its root folder
enter() {
    if [ -n "$leader" ]; then
        nsenter -t "$leader" -m -u -i -n -p -C -- "$@"
    else
        chroot "$root" "$@"
    fi
}
boot() {
    systemd-nspawn -q --boot -D "$root" -M "certguard-$$" --register=no --keep-unit --private-network --resolv-conf=off \
        --timezone=off --link-journal=no --console=read-only </dev/null >"$folder/console" 2>&1 &
    nspawn=$!
    within 120 booted >/dev/null && is_running && return 0
    tail -n 15 "$folder/console" >&2
    return 1
}
halt() {
    [ -n "$nspawn" ] || return 0
    inside systemctl poweroff --no-block >/dev/null 2>&1 || kill -TERM "$nspawn" 2>/dev/null || :
    tries=0
    while is_running && [ $tries -lt 120 ]; do
        tries=$((tries + 1))
        sleep 0.5
    done
    kill -KILL "$nspawn" 2>/dev/null || :
    wait "$nspawn" 2>/dev/null || :
    nspawn= leader=
}
# end_container: for trap ... EXIT; removes $root
end_container() {
    status=$?
    trap - EXIT
    halt
    rm -rf --one-file-system "$root"
    exit "$status"
}

# ---- checks in the container ----

active() { inside systemctl is-active "$1"; }
state() { inside systemctl show -P "$2" "$1"; }
nothing_failed() {
    inside systemctl --failed --no-legend --plain >"$folder/failed"
    [ ! -s "$folder/failed" ] || { cat "$folder/failed"; return 1; }
}
timers_wait() { # all three timers are active and scheduled
    for unit in renew crl doctor; do
        active certguard-$unit.timer >/dev/null || { inside systemctl status --no-pager certguard-$unit.timer; return 1; }
    done
    inside systemctl list-timers --no-pager 'certguard-*' >"$folder/timers"
    cat "$folder/timers"
    [ "$(grep -c 'certguard-.*\.timer' "$folder/timers")" = 3 ] && grep -o 'certguard-[a-z]*\.timer' "$folder/timers" | tr '\n' ' '
}
