#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# certguard log: filters, fixes, counts, packed and rotated files, following, and lines that are none.
. "$(dirname "$0")/lib.sh"

event() # TIME EVENT REASON PEER CN SERIAL CLIENT
{
    printf '{"ts":"%s","conn":"1-%s","event":"%s","reason":"%s","detail":"detail of %s","listener":8883,"peer":"%s",' \
        "$1" "$6" "$2" "$3" "$5" "$4"
    printf '"cert":{"depth":0,"subject":"CN=%s","issuer":"CN=Home CA","serial":"%s","sha256":"abcdef%s",' "$5" "$6" "$6"
    printf '"not_after":"2026-11-01T00:00:00Z"},"client_id":"%s"}\n' "$7"
}
lines() # the number of lines of output
{
    [ "$(wc -l <"$work/out")" = "$1" ] || fail "expected $1 lines of output"
}

{
    event 2026-11-20T10:00:00.000Z handshake_rejected expired 192.0.2.7:5000 sensor4 1c ''
    event 2026-11-21T10:00:00.500Z handshake_rejected revoked 192.0.2.70:5000 sensor5 a1d ''
    event 2026-11-22T10:00:00.000Z connect_denied client_id_mismatch '[2001:db8::1]:5000' sensor6 1e dev6
} >events

# filters: each row is what is asked, and how many of the three fit
while read -r wanted filter; do
    # shellcheck disable=SC2086
    ok cg -q log $filter events
    lines "$wanted"
    # shellcheck disable=SC2086
    ok cg -q --json log $filter events
    lines "$wanted"
done <<'ROWS'
3
1 --reason expired
2 --reason expired --reason revoked
0 --reason expired --event connect_denied
2 --event handshake_rejected
1 --peer 192.0.2.7
1 --peer 192.0.2.7:5000
2 --peer 192.0.2.
1 --peer 2001:db8::1
1 --peer 2001:db8::
0 --peer 2001:db8
1 --peer [2001:db8::1]
1 --peer 2001:0DB8:0::1
1 --peer ::ffff:192.0.2.7
1 --peer ::ffff:192.0.2.70
0 --peer ::ffff:192.0.2.8
1 --client dev6
0 --client dev
1 --cert 1C
1 --cert 0A:1D
1 --cert abcdef1e
0 --cert abcd
1 --cert sensor5
3 --listener 8883
0 --listener 888
2 --since 2026-11-21
1 --since 2026-11-21T10:00:00.501Z
2 --since 2026-11-21T12:00:00.500+02:00
1 --until 2026-11-21
1 --since 2026-11-21 --until 2026-11-22
3 --since 1970-01-01
0 --until 1970-01-01
0 --until 1970-01-01T00:00:00.000Z
ROWS
ok cg --at 2026-11-22T11:00:00Z log --since 2h events
lines 1
expect 64 cg log --reason no_such events
expect 64 cg log --since yesterday events
expect 64 cg log --follow --stats events
expect 1 cg log missing events
lines 3

# --json gives the very lines
ok cg --json log events
cmp -s "$work/out" events || fail "--json changed the lines"

# fixes name the certificate
ok cg log --explain events
says 'certguard renew sensor4'
says 'The certificate has expired. (RFC 5280 4.1.2.5)'

# of the broker's own certificate the fix is another one
event 2026-11-20T10:00:00.000Z broker_certificate_rejected untrusted '' broker 1c '' >own
event 2026-11-20T10:00:01.000Z broker_certificate_rejected not_yet_valid '' broker 1c '' >>own
ok cg log --explain own
says 'certguard issue broker broker'
says 'timedatectl'

# what the reason says about the client id: who has none gets a certificate, who wants another's is shown its holder
event 2026-11-20T10:00:00.000Z connect_denied no_certificate 192.0.2.7:5000 '' '' pump1 >denied
event 2026-11-20T10:00:01.000Z connect_denied client_id_taken 192.0.2.7:5001 sensor4 1c pump1 >>denied
ok cg log --explain denied
says 'certguard issue client pump1'
says 'certguard status HOST:8883 --explain pump1'

# a name that is no plain name is never put into a command
event 2026-11-20T10:00:00.000Z handshake_rejected expired 192.0.2.7:5000 'x;reboot' 1c '' >hostile
ok cg log --explain hostile
says 'certguard renew NAME'
grep -q 'renew x' "$work/out" && fail "a hostile name in a command"

# control characters cannot reach the terminal
printf '{"ts":"2026-11-20T10:00:00.000Z","event":"a\\u001b[31m","reason":"\\u202e","detail":"x\\ny"}\n' >control
ok cg log control
lines 1
LC_ALL=C grep -q "$(printf '[\033\342]')" "$work/out" && fail "a control character came out"

# counts: suppressed events count for what they held back
{
    cat events
    printf '{"ts":"2026-11-22T11:00:00.000Z","event":"suppressed","reason":"expired","peer":"192.0.2.7","count":40}\n'
} >many
ok cg log --stats many
grep -q '^ *41 .* expired$' "$work/out" || fail "expected 41 expired"
grep -q '^ *41 .* 192.0.2.7$' "$work/out" || fail "expected 41 of 192.0.2.7"
ok cg --json log --stats many
says '"expired":41'

# packed, joined and rotated files, and standard input
gzip -c events >events.1.gz
cat events.1.gz events.1.gz >events.2.gz
ok cg log events.2.gz events
lines 9
cg log <events.1.gz >"$work/out" || fail "standard input"
lines 3
for packer in xz zstd bzip2; do
    command -v $packer >/dev/null || continue
    $packer -c events >events.$packer
    expect 1 cg log events.$packer
    says "$packer -dc FILE | certguard log"
done
head -c 100 events.1.gz >cut.gz
expect 1 cg log cut.gz
says 'is incomplete'
# a wrong checksum, and bytes after the end
size=$(stat -c %s events.1.gz)
for at in $((size - 8)) $((size - 4)); do
    cp events.1.gz damaged.gz
    printf '\377\376' | dd of=damaged.gz bs=1 seek=$at conv=notrunc status=none
    expect 1 cg log damaged.gz
    says 'is damaged'
done
{ cat events.1.gz && echo garbage; } >damaged.gz
expect 1 cg log damaged.gz
says 'is damaged'

# what is no event is passed over and told: foreign, half, broken and endless lines; syslog's prefix is known
{
    echo "1700000000: mosquitto version 2.0.11 running"
    printf '{"ts":"2026-11-20T10:00:00.000Z","event":"handsh\n'
    echo '{"other":"json"}'
    echo '{"ts":"20d","event":"a time that is none"}'
    head -c 3000000 /dev/zero | tr '\0' 'x'
    echo
    printf 'Nov 20 host mosquitto[1]: certguard: '
    cat events
    head -n 1 events | head -c 60
} >mixed
ok cg log mixed
lines 3
says '^Skipped 5 lines that are not'
says '^Skipped 1 line longer'

# over 2 GiB, most of it a hole, which is one line that is no event
sed -n 1p events >large
if truncate -s 3G large 2>/dev/null; then
    { echo && sed -n 2p events; } >>large
    ok "$CERTGUARD" log --json large
    [ "$(wc -l <out)" = 2 ] || fail "a large log: expected two events"
fi
rm -f large

# following: through half lines, renaming and cutting short
: >live
"$CERTGUARD" log --follow --json live >followed 2>&1 &
follower=$!
at_end 'kill $follower 2>/dev/null'
followed() # waits until so many lines have come
{
    until_true has_lines "$1" || fail "following: expected $1 lines, got $(wc -l <followed)"
}
has_lines()
{
    [ "$(wc -l <followed)" = "$1" ]
}
read_to() # waits until the follower stands at the end of the file FILE
{
    until_true stands_at_end "$1" || fail "following: the follower has not read to the end of $1"
}
stands_at_end()
{
    size=$(stat -c %s "$1")
    for fd in "/proc/$follower/fd"/*; do
        [ "$fd" -ef "$1" ] && grep -qx "pos:[[:space:]]*$size" "/proc/$follower/fdinfo/${fd##*/}" && return
    done
    return 1
}
sed -n 1p events | tr -d '\n' >>live
read_to live
echo >>live
followed 1
mv live live.1
sed -n 2p events >>live.1 # the broker still writes to the old file for a moment
sed -n 3p events >live
followed 3
read_to live
: >live
read_to live
sed -n 1p events >>live
followed 4
kill "$follower"
