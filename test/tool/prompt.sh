#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What happens only where a person sits: passphrases are asked for on the terminal, without echo, and a batch shows how
# far it is. Without a terminal nothing is asked.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || exit 77

cat >terminal.py <<'END'
# terminal.py ANSWERS COMMAND...: runs COMMAND on a terminal of its own and types a line of the file ANSWERS at each
# question; what was shown goes to standard output.
import os, pty, select, sys
answers = open(sys.argv[1]).read().splitlines()
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown = b""
asked = 0
while True:
    if not select.select([fd], [], [], 60)[0]:
        sys.exit("nothing comes: " + repr(shown))
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    shown += data
    # echo is off before the question is answered, so what is typed must not be among what is shown
    if shown.endswith(b": ") and asked < len(answers):
        os.write(fd, answers[asked].encode() + b"\n")
        asked += 1
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END

on_terminal()
{
    TERM=xterm python3 terminal.py "$@"
}

printf 'correct horse battery\ncorrect horse battery\n' >twice
printf 'correct horse battery\nwrong horse battery\n' >differ
printf 'correct horse battery\n' >once
printf 'wrong\n' >wrong
printf 'short\nshort\n' >short

expect 1 on_terminal differ "$CERTGUARD" -C ca init
says "differ"
printf 'correct\003\n' >interrupted
expect 1 on_terminal interrupted "$CERTGUARD" -C ca init
says "no passphrase was read"
expect 1 on_terminal short "$CERTGUARD" -C ca init
says "at least 8"
[ ! -e ca/ca ] || fail "a CA without a passphrase"
ok on_terminal twice "$CERTGUARD" -C ca init
says "again"
grep -q horse out && fail "the passphrase was shown"
ok on_terminal once "$CERTGUARD" -C ca issue client one
expect 1 on_terminal wrong "$CERTGUARD" -C ca issue client two
says "passphrase right"
expect 1 setsid "$CERTGUARD" -C ca issue client two
says "no terminal"

# the progress of a batch, on a terminal and not elsewhere
seq -f 'dev%g' 1 600 >devices
ok on_terminal once "$CERTGUARD" -C ca issue client --batch devices
says "issued 600/600"
seq -f 'more%g' 1 10 >devices
printf 'correct horse battery\n' >pass
ok cg -C ca issue client --batch devices --passphrase-file pass
grep -q "issued" err && fail "a progress line where no person sits"
echo "done"
