#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What happens only where a person sits: passphrases are asked for on the terminal, without echo, and a batch shows how
# far it is. Without a terminal nothing is asked.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip "no python3"
python3 -c "import os; os.openpty()" 2>/dev/null || skip "no terminals here (devpts is not mounted)"

cat >terminal.py <<'END'
# terminal.py ANSWERS COMMAND...: runs COMMAND on a terminal of its own and types a line of the file ANSWERS at each
# question, once nothing is echoed any more and the command sleeps in its read: a signal that arrives between the two is
# noted by OpenSSL, which then reads on until Enter. A line that ends with a control character is typed without Enter.
# What was shown goes to standard output. The code is that of the command, or 250 where the terminal was left without
# echo.
import fcntl, os, select, sys, termios, time

def echoes(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)

def sleeps(pid):
    return open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()[0] == "S"

answers = open(sys.argv[1]).read().split("\n")[:-1]
fd, terminal = os.openpty()
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for standard in range(3):
        os.dup2(terminal, standard)
    os.execv(sys.argv[2], sys.argv[2:])
shown = b""
asked = 0
status = None
while status is None or select.select([fd], [], [], 0)[0]:
    if select.select([fd], [], [], 0.02)[0]:
        shown += os.read(fd, 4096)
    if shown.endswith(b": ") and asked < len(answers):
        while echoes(fd) or not sleeps(pid):
            time.sleep(0.01)
        answer = answers[asked].encode()
        os.write(fd, answer if answer[-1:] < b" " else answer + b"\n")
        asked += 1
    if status is None and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(shown)
sys.exit(status if echoes(fd) else 250)
END

on_terminal()
{
    TERM=xterm timeout 120 python3 terminal.py "$@"
}

printf 'correct horse battery\ncorrect horse battery\n' >twice
printf 'correct horse battery\nwrong horse battery\n' >differ
printf 'correct horse battery\n' >once
printf 'wrong\n' >wrong
printf 'short\nshort\n' >short

expect 1 on_terminal differ "$CERTGUARD" -C ca init
says "differ"
# Ctrl-C ends it at once, Ctrl-\ and Ctrl-Z too; the terminal is as it was, and nothing is left
printf 'correct\003\n' >interrupted
printf '\034\n' >quit
printf '\032\n' >stop
expect 130 on_terminal interrupted "$CERTGUARD" -C ca init
for keys in quit stop; do
    expect 1 on_terminal $keys "$CERTGUARD" -C ca init
    says "no passphrase was read"
done
expect 1 on_terminal short "$CERTGUARD" -C ca init
says "at least 8"
[ ! -e ca ] || fail "a question left something behind"
ok on_terminal twice "$CERTGUARD" -C ca init
says "again"
grep -q horse out && fail "the passphrase was shown"
ok on_terminal once "$CERTGUARD" -C ca issue client one
expect 1 on_terminal wrong "$CERTGUARD" -C ca issue client two
says "the passphrase is wrong"
setsid "$CERTGUARD" -C ca issue client two <once >out 2>err && fail "standard input was read without being asked to"
says "no terminal"

# ---- who is asked holds up nobody: the lock is taken after the answer ----
cat >held.py <<'END'
# held.py TOOL VERB OTHER...: the tool asks, and while it does OTHER runs; then Ctrl-C.
import os, pty, subprocess, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "-C", "ca"] + sys.argv[2].split())
shown = b""
while not shown.endswith(b": "):
    shown += os.read(fd, 4096)
other = subprocess.run(sys.argv[3:], stdin=subprocess.DEVNULL)
print(open("/proc/%d/limits" % pid).read())
print(open("/proc/%d/status" % pid).read())
while open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()[0] != "S":
    time.sleep(0.01)
os.write(fd, b"\003")
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(0 if status == 130 and other.returncode == 0 else 1)
END
printf 'correct horse battery\n' >pass
seq -f 'dev%g' 1 600 >devices
locked=$(ulimit -l)
for verb in "issue client held" "revoke one" crl passwd "renew one" "rotate one" "issue client --batch devices"; do
    ok timeout 60 python3 held.py "$CERTGUARD" "$verb" "$CERTGUARD" -C ca crl --wait 0 --passphrase-file pass
    # what is typed reaches neither a core dump nor, where memory may be locked, the swap file
    says "Max core file size *0 *0"
    # sanitizers make nothing of mlock()
    [ "$locked" = 0 ] || [ -z "${FAULT_SHIM-}" ] || says "VmLck:[[:space:]]*[1-9]"
done
consistent ca

# the progress of work that takes longer than a second, on a terminal and not elsewhere; the line is erased at the end
mkfifo slow
slowly()
{
    (printf '{}\n{}\n' && sleep 2 && printf '{}\n') >slow &
    "$@"
    wait
}
slowly ok on_terminal /dev/null "$CERTGUARD" log --stats slow
says "read 3 ("
grep -q "$(printf '\r\033\[K[A-Z]')" out || fail "the line of the progress stays"
for quiet in -q --json; do
    slowly ok on_terminal /dev/null "$CERTGUARD" log --stats slow $quiet
    says_not "read [0-9]"
done
slowly ok cg log --stats slow
says_not "read [0-9]"
seq -f 'few%g' 1 10 >devices
ok on_terminal once "$CERTGUARD" -C ca issue client --batch devices
says_not "issued [0-9]*/10"
echo "done"
