#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# tools/quickstart: it ends well where all is well, takes nothing for a refusal that is none, says which file tells why a step
# broke, and leaves no broker behind. What it would install and build is there already: stand-ins for install-deps and cmake.
# Needs CG_PLUGIN, CG_TOOL and CG_TEST_TMP in the environment, and a mosquitto, or CG_MOSQUITTO.
set -u
unset CDPATH
. "$(dirname "$0")/../lib/harness.sh"
at_failure=continue
real=${CG_MOSQUITTO:-$(command -v mosquitto || echo /usr/sbin/mosquitto)}
publish=$(command -v mosquitto_pub) && [ -x "$real" ] || skip "no mosquitto here"
source=$(cd "$here/../.." && pwd)
begin
clone="$scratch/a clone & more"
demo="$clone/the demo"

# gone PID: waits for it
gone() {
    until_true is_gone "$1"
}
is_gone() {
    ! kill -0 "$1" 2>/dev/null
}
# Ends the demo's broker, or what a fault left of it.
stop() { [ ! -s "$demo/broker.pid" ] || { kill "$(cat "$demo/broker.pid")"; gone "$(cat "$demo/broker.pid")"; } 2>/dev/null; }
at_end stop
show_failure() { sed 's/^/  /' "$scratch/said" >&2; }

mkdir -p "$clone/tools" "$clone/build/quickstart/plugin/broker" "$clone/build/quickstart/tools" "$scratch/bin"
cp "$source/tools/quickstart" "$clone/tools"
cp -r "$source/conf" "$clone"
ln -s "$CG_PLUGIN" "$clone/build/quickstart/plugin/broker/mosquitto_certguard.so"
ln -s "$CG_TOOL" "$clone/build/quickstart/tools/certguard"
: >"$clone/tools/install-deps"

# stand_in NAME LINE: what NAME does
stand_in() {
    printf '#!/bin/sh\n%s\n' "$2" >"$scratch/bin/$1"
    chmod +x "$scratch/bin/$1"
}
# Where nothing is broken.
sound() {
    stand_in cmake 'exit 0'
    stand_in mosquitto "exec ${CG_MOSQUITTO_WRAPPER:-} $real \"\$@\""
    stand_in mosquitto_pub "exec $publish \"\$@\""
}
# quickstart [FOLDER]
quickstart() {
    (cd "$clone" && # a shell starts what runs beside it deaf to QUIT
        exec env --default-signal=QUIT PATH="$scratch/bin:$PATH" NO_COLOR=1 \
            sh tools/quickstart "${1:-the demo}") >"$scratch/said" 2>&1
}
# left_none TITLE: no broker
printf '%s\n' "$demo/mosquitto.conf" >"$scratch/conf"
left_none() {
    ! grep -qzxFf "$scratch/conf" /proc/[0-9]*/cmdline 2>/dev/null || fail "$1: a broker is left"
}
# breaks TITLE WORDS [FILE]: it does not end well, says the words and names FILE
breaks() {
    ! quickstart || fail "$1: it said that all was well"
    grep -q "$2" "$scratch/said" || fail "$1: expected the words \"$2\""
    grep -qF "see $3" "$scratch/said" || fail "$1: it does not name $3"
    left_none "$1"
}

sound
quickstart || fail "all is well, and it says otherwise"
for reason in untrusted expired no_certificate wrong_purpose; do
    grep -q "refused, $reason\$" "$scratch/said" || fail "no refusal of $reason is shown"
done
grep -q 'ended the session of' "$scratch/said" || fail "the end of a session is not shown"
first=$(cat "$demo/broker.pid")
kill -0 "$first" 2>/dev/null || fail "the broker does not go on"
kill -s STOP "$first" # it does not hear that it shall end
quickstart "./the demo//" || fail "the second run, with the folder spelled in another way"
gone "$first" || fail "the broker of the first run is still there"
kill -0 "$(cat "$demo/broker.pid")" 2>/dev/null || fail "the second broker does not go on"
stop

stand_in mosquitto_pub "case \"\$*\" in *ca/live/sensor1*) exec $publish \"\$@\" ;; esac; echo 'no route'; exit 1"
breaks "clients that reach no broker" 'has no refusal with the reason untrusted' "$demo/client.log"
grep -q 'no route' "$scratch/said" || fail "the client's own words are not shown"
stand_in mosquitto_pub "echo 'no route'; exit 1"
breaks "a good client that reaches no broker" 'a sensor with its certificate: not accepted' "$demo/client.log"
# The event that another client causes is no refusal of this one.
stand_in mosquitto_pub "case \"\$*\" in *-A*foreign*) ;; *) exec $publish \"\$@\" ;; esac
    while [ \"\$1\" != -A ]; do set -- \"\$@\" \"\$1\"; shift; done; shift 2; $publish \"\$@\"; exit 1"
breaks "somebody else's refusal" 'has no refusal with the reason untrusted' "$demo/client.log"
stand_in mosquitto_pub 'exit 0'
breaks "bad clients that come in" 'another CA of the same name: accepted' "$demo/broker.log"
sound
stand_in mosquitto 'echo "no such thing"; exit 3'
breaks "a broker that does not start" 'the broker did not start' "$demo/broker.log"
grep -q 'no such thing' "$scratch/said" || fail "the broker's own words are not shown"
stand_in mosquitto 'exit 3'
! quickstart || fail "a broker that does not start and says nothing: it said that all was well"
grep -q 'there was no output' "$scratch/said" || fail "that the broker said nothing is not told"
sound
stand_in cmake 'case $* in --build*) exit 0 ;; esac; echo "no generator"; exit 1'
breaks "a build that cannot be set up" 'cannot configure the build' "$clone/build/quickstart.log"
stand_in cmake 'case $* in --build*) echo "no compiler"; exit 1 ;; esac'
breaks "a build that breaks" 'the build failed' "$clone/build/quickstart.log"
sound

# Stopped in the midst of it: at the first client.
stand_in mosquitto_pub ': >"'"$scratch"'/here"; exec sleep 3'
for signal in TERM QUIT; do
    rm -f "$scratch/here"
    quickstart &
    until_true [ -e "$scratch/here" ]
    broker=$(cat "$demo/broker.pid")
    ! quickstart || fail "two at once: the second ended well"
    grep -q 'is in use' "$scratch/said" || fail "two at once: it does not say so"
    kill -0 "$broker" 2>/dev/null || fail "two at once: the broker of the first is gone"
    kill -s $signal "$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$broker/status")"
    ! wait $! || fail "stopped by $signal, and it ended well"
    grep -aq 'stopped by a signal' "$scratch/said" || fail "stopped by $signal: it does not say so" # two wrote there
    gone "$broker" || fail "stopped by $signal, and the broker goes on"
    left_none "stopped by $signal"
done

# Killed in the midst of it: the next run finds the broker that was left.
rm -f "$scratch/here"
quickstart &
until_true [ -e "$scratch/here" ]
broker=$(cat "$demo/broker.pid")
kill -s KILL "$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$broker/status")"
wait $!
kill -0 "$broker" 2>/dev/null || fail "killed: the broker is gone, and the next run has nothing to find"
sound
quickstart || fail "after one that was killed"
grep -q 'Stopped the broker of an earlier run' "$scratch/said" || fail "after one that was killed: the broker that was left is not told"
gone "$broker" || fail "after one that was killed: the broker that was left goes on"

# Another clone's run is in the folder.
exec 7<"$demo"
flock -n 7
! quickstart 7<&- || fail "a folder in use: it ended well"
grep -qF "$demo is in use" "$scratch/said" || fail "a folder in use: it does not say so"
exec 7<&-
kill -0 "$(cat "$demo/broker.pid")" 2>/dev/null || fail "a folder in use: its broker is gone"
stop

# Who owns the folder can put another mosquitto.conf there: root's broker would load what that names.
if [ "$(id -u)" = 0 ]; then
    strange=$scratch/strange
    mkdir "$strange"
    : >"$strange/.certguard-quickstart"
    : >"$strange/kept"
    chown -R 65534 "$strange"
    ! quickstart "$strange" || { fail "another user's folder: it ended well"; kill "$(cat "$strange/broker.pid")"; }
    grep -qF "an earlier run of another user created $strange; remove it (rm -r " "$scratch/said" || fail "another user's folder: it does not say so"
    [ -e "$strange/kept" ] || fail "another user's folder: its files are gone"
fi

for usage in --help --no-such; do
    quickstart $usage
    status=$?
    [ "$usage$status" = --help0 ] || [ "$usage$status" = --no-such64 ] || fail "$usage: exit status $status"
    grep -qF 'tools/quickstart [FOLDER]' "$scratch/said" || fail "$usage: no usage"
done

[ "$failures" = 0 ] || exit 1
echo "ok: the quickstart shows what it says"
