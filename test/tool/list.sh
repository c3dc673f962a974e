#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# certguard list: states, filters, order, widths, and nothing but reading.
. "$(dirname "$0")/lib.sh"

# rows: name and state of every row, "NAME=STATE", in their order
rows()
{
    awk 'NR > 1 { state = $3; if ($3 == "in") state = "in-use"; printf "%s%s=%s", (NR > 2 ? " " : ""), $1, state }' out
}

# lists "ROWS" ARGUMENTS...
lists()
{
    wanted=$1
    shift
    ok cg -C ca list "$@"
    [ "$(rows)" = "$wanted" ] || fail "list $*: $(rows)"
}

long=$(printf 'n%.0s' $(seq 64))
ok cg -C ca init --no-passphrase
ok cg -C ca issue broker b.lan
ok cg -C ca issue client "$long" --lifetime 20d
ok cg -C ca issue bridge 'b@1:2+3'
ok cg -C ca issue client dev1 --org 'A/CN=b, "x"' --lifetime 20d
ok cg -C ca issue client dev2
ok cg -C ca issue client old --lifetime 1d
ok cg -C ca renew dev1 --lifetime 30d
ok cg -C ca renew 'b@1:2+3'
ok cg -C ca revoke dev2 --reason keyCompromise
ok cg -C ca issue client dev2

# states, and columns that start at the same place in every row, with names of 64 characters and of one
lists "b.lan=in-use $long=in-use b@1:2+3=superseded dev1=superseded dev2=revoked old=in-use dev1=in-use b@1:2+3=in-use dev2=in-use" --all
says '^dev2 .*revoked .*keyCompromise$'
awk 'NR == 1 { at = index($0, "UNTIL") } NR > 1 && substr($0, at - 2, 5) !~ /^  20[0-9]/ { exit 1 }' out || fail "the columns are shifted"
grep -q ' $' out && fail "blanks at the end of a line"
lists "dev1=superseded dev1=in-use" dev1
[ "$(head -n 1 out)" = "NAME  KIND    STATE       UNTIL                 SERIAL" ] || fail "the table is wider than its rows"
lists "dev1=expired old=expired dev1=in-use" 'b@*' old 'dev[1]' --all --at +25d --kind bridge --kind client --expiring 7d --expired
lists "" 'd*' --kind broker
says "No such certificate. See all with: certguard -C ca list --all"
expect 64 cg -C ca list --kind device
says "expected broker|bridge|client|other"

# a bridge stays one when it is renewed
lists "b@1:2+3=superseded b@1:2+3=in-use" --kind bridge

# what ends soon is what is in use: who renewed does not want to hear about the old one
lists "$long=in-use old=in-use" --expiring 25d
lists "$long=in-use dev1=superseded old=in-use" --expiring 25d --all
lists "dev2=revoked" --revoked
lists "old=expired" --expired --at +2d

# the order
lists "old=in-use $long=in-use dev1=in-use" --expiring 35d --sort expires
lists "b.lan=in-use b@1:2+3=in-use dev1=in-use dev2=in-use $long=in-use old=in-use" --sort name --at +0s 'b.lan' 'b@1:2+3' 'dev*' "$long" old --expiring 400d
ok cg -C ca list --sort kind
[ "$(awk 'NR > 1 { print $2 }' out | uniq | tr '\n' ' ')" = "bridge broker client " ] || fail "the types are not in order"
ok cg -C ca list --sort serial
awk 'NR > 1 { print length($NF), $NF }' out >serials
sort -k1,1n -k2,2 serials | cmp -s - serials || fail "the serial numbers are not in order"
ok cg -C ca list --sort issued --all
expect 64 cg -C ca list --sort age

# subjects are as in events, also if the journal is lost and only the index has them
ok cg -C ca list --json dev1
grep -q '"subject":"CN=dev1,O=A/CN=b\\\\, \\\\\\"x\\\\\\""' out || fail "the subject is not RFC 4514"
ok cg -C ca list --json --all
grep -q '"subject":"/' out && fail "a subject as in the index"
printf 'V\t391231235959Z\t\t0A\tunknown\t/C=DE/O=Caf\\xC3\\xA9, x/CN=by-number\n' >>ca/index.txt
cp -a ca lost
rm lost/journal.jsonl
ok cg -C lost list --json by-number
says '"name":"by-number","profile":"other","state":"valid","in_use":false,"not_after":"2039-12-31T23:59:59Z","serial":"a","subject":"CN=by-number,O=Café\\\\, x,C=DE"'
ok cg -C lost list --kind broker
[ "$(rows)" = "b.lan=in-use" ] || fail "without a journal, the type is not read from the certificate"
ok cg -C lost list --json b.lan
says '"not_before":"20'
lists "by-number=valid" by-number

# what should have been renewed: of the ones in use, and not on the day on which it is due
ok cg -C due init --no-passphrase
ok cg -C due issue client dev1 --lifetime 30d
ok cg -C due issue client dev2 --lifetime 30d
ok cg -C due renew dev1
ok cg -C due list
says_not 'due since'
ok cg --json -C due list dev2
due=$(sed -n 's/.*"renewal_due":"\([^"]*\)".*/\1/p' out)
ok cg --at "$due" -C due list --overdue dev2
[ ! -s out ] || fail "overdue on the day on which it is due"
ok cg --at +28d -C due list
says "dev2 .* due since $(echo "$due" | cut -c 1-10)$"
ok cg --at +28d -C due list --overdue
[ "$(rows)" = "dev2=in-use dev1=in-use" ] || fail "overdue: $(rows)"
ok cg --at +28d -C due list --overdue --kind broker
says 'No such certificate'
ok cg --at +31d -C due list --overdue # it is too late
says 'No such certificate'

# which of them devices fetched over MQTT, and used
by_request due dev1 0002
ok cg -C due list --all
says '^dev1 .* renewed over MQTT, not confirmed$'
[ "$(grep -c MQTT out)" = 1 ] || fail "others were renewed too"
ok cg --at +28d -C due list dev1
says 'renewed over MQTT, not confirmed, due since 20'
by_request due dev1 0002 ',"confirmed":"2026-11-21T00:00:00Z"'
ok cg -C due list --all
says '^dev1 .* renewed over MQTT$'
ok cg --json -C due list dev1
says '"renewal":{"id":"0*7","predecessor":"0*8","requested":"2026-11-20T00:00:00Z","confirmed":"2026-11-21T00:00:00Z"}'
ok cg -C due show dev1
says '^  renewed  *over MQTT, confirmed 2026-11-21T00:00:00Z$'
says '^2 (live) .* renewed over MQTT$'
echo '{' >due/archive/dev1/0002/renewal.json
ok cg --json -C due list dev1
says '"renewal":{"error":"cannot read .*renewal.json'

# a damaged line holds nothing back
cp -a ca damaged
sed -i '2s/^V/X/' damaged/index.txt
expect 1 cg -C damaged list --all
says "line 2: not an index line"
says "^dev2 "
expect 1 cg -C damaged list --all --json
[ "$(wc -l <out)" = 1 ] || fail "a part of the list looks like all of it"

# a terminal that is narrower than the table
if command -v python3 >/dev/null && python3 -c "import os; os.openpty()" 2>/dev/null; then
    python3 - "$CERTGUARD" >out <<'END' || fail "no output on a terminal"
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", 'sleep 0.3; exec "$0" -C ca list "n*" b.lan', sys.argv[1]])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
text = b""
try:
    while part := os.read(fd, 4096):
        text += part
except OSError:
    pass
sys.stdout.write(text.decode().replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
    [ "$(grep -c '^b.lan$' out)" = 1 ] || fail "the name has no line of its own"
    says "^  broker  in use"
    [ "$(awk 'length > 100' out | wc -l)" = 0 ] || fail "a line is longer than the terminal"
fi

# a long index: one row after the other, and no certificate is opened
cp -a ca many
awk 'BEGIN { for (i = 0; i < 50000; i++) printf "V\t391231235959Z\t\t7F%036X%02X\tarchive/m%d/0001\t/CN=m%d\n", i, i % 256, i, i }' \
    >>many/index.txt
awk 'BEGIN { for (i = 0; i < 50000; i++) printf "{\"name\":\"m%d\",\"profile\":\"client\",\"serial\":\"7F%036X%02X\",\"done\":\"issued\"}\n",
    i, i, i % 256 }' >>many/journal.jsonl
ok timeout 60 "$CERTGUARD" -C many list
[ "$(grep -c '^m[0-9]* ' out)" = 50000 ] || fail "rows are missing"
ok timeout 60 "$CERTGUARD" -C many --json list 'm*'
[ "$(grep -c '"name":"m' out)" = 50000 ] || fail "rows are missing in JSON"

# the serial number has one form
ok cg -C ca issue client formed
serial=$(sed -n 's/.* serial \([^,]*\),.*/\1/p' err)
ok cg -C ca list formed
[ ${#serial} -gt 30 ] || fail "no serial number"
says " $serial$"
ok cg -C ca renew formed
serial=$(sed -n 's/.* serial \([^,]*\),.*/\1/p' err)
ok cg -C ca list formed
[ ${#serial} -gt 30 ] || fail "no serial number"
says " $serial$"

# nothing is written
cp -a ca before
ok cg -C ca list --all
ok cg -C ca show dev1
diff -r -x lock before ca || fail "list or show wrote something"
expect 64 cg -C ca show
echo "done"
