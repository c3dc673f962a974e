#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# certguard show: one name, with its folders, its renewal and what the event log knows about it.
. "$(dirname "$0")/lib.sh"

# event KIND TIME ISSUER SERIAL MEMBERS
event()
{
    printf '{"ts":"2026-11-%sT12:00:00.123Z","event":"%s","peer":"192.0.2.7:5%s","cert":{"depth":0,"subject":"CN=x","issuer":"%s","serial":"%s"}%s}\n' \
        "$2" "$1" "$2" "$3" "$4" "${5-}"
}

# serial_of NAME GENERATION: as in events
serial_of()
{
    openssl x509 -in "ca/archive/$1/$2/cert.pem" -noout -serial | sed 's/^serial=0*//' | tr A-F a-f
}

long=$(printf 'n%.0s' $(seq 64))
ok cg -C ca init --no-passphrase
ok cg -C ca issue broker b.lan --san dns:b.lan --san ip:192.0.2.1 --to one --key-type rsa3072
ok cg -C ca deploy b.lan --to two --mode 0640
ok cg -C ca issue client "$long"
ok cg -C ca issue client 'a@b:1+2'
ok cg -C ca revoke 'a@b:1+2' --reason keyCompromise
ok cg -C ca issue client 'a@b:1+2'
ok cg -C ca renew 'a@b:1+2'

# the live certificate, and all of them
ok cg -C ca show b.lan
says "^b.lan  in use"
says "^  kind  *broker$"
says "^  names  *dns:b.lan$"
says "^   *ip:192.0.2.1$"
says "^  key  *RSA, 3072 bits$"
says "^  renewal due   20"
says "^  deployed  .*/one: up to date$"
says "^  .*/two: up to date$"
says "^1 (live)  *in use  *20.*$(serial_of b.lan 0001)"
says "cannot open /var/log/mosquitto/certguard.jsonl"
ok cg -C ca show "$long"
says "^  deployed  *nowhere by this CA"
ok cg -C ca show 'a@b:1+2'
says "^1  *revoked .*keyCompromise"
says "^2  *superseded"
says "^3 (live)  *in use"
ok cg -C ca --json show 'a@b:1+2'
says '"generation":1,.*"state":"valid","in_use":true,"generation":3,.*"san":\["uri:urn:mqtt:client:a@b:1+2"\].*"private_key":true'
expect 1 cg -C ca show nobody
says "no certificate named"
says "certguard -C ca list --all"

# a revoked name has no renewal
ok cg -C ca revoke "$long"
ok cg -C ca show "$long"
says "^$long  revoked"
says_not "renewal due"

# folders that are behind, or cannot be read
cp -a two two.before
ok cg -C ca renew b.lan
rm -r two
mv two.before two
mv one elsewhere
ok cg -C ca show b.lan
says "/one: not up to date. cannot read .*/one/cert.pem"
says "/two: not up to date, generation 1$"
says "the last renewal is not deployed"
ok cg -C ca --json show b.lan
says '"to":"[^"]*/two","mode":416,"up_to_date":false,"generation":1'
mv elsewhere one
mkdir -p ca/rotate
printf '{"generation":2,"before":1,"decided":false}' >ca/rotate/b.lan.json
ok cg -C ca show b.lan
says "^  rotation  *unfinished"

# what the log says: the newest events of this CA's certificates, of all generations; a serial number of another CA is not meant
first=$(serial_of 'a@b:1+2' 0001)
third=$(serial_of 'a@b:1+2' 0003)
{
    event handshake_rejected 01 'CN=MQTT CA' "$first" ',"reason":"expired","detail":"early"'
    event handshake_accepted 02 'CN=MQTT CA' "$third"
    event handshake_rejected 03 'CN=MQTT CA' "$first" ',"reason":"revoked","detail":"was revoked"'
    event handshake_accepted 04 'CN=Other CA' "$third"
    event handshake_rejected 05 'CN=MQTT CA' 1234 ',"reason":"expired"'
    echo "a line of something else"
} >events.jsonl
ok cg -C ca show 'a@b:1+2' --log events.jsonl
says "^  last accepted 2026-11-02T12:00:00.123Z, 192.0.2.7:502$"
says "^  last rejected 2026-11-03T12:00:00.123Z, 192.0.2.7:503, revoked: was revoked$"
gzip -c events.jsonl >old.gz
event session_ended 06 'CN=MQTT CA' "$third" ',"reason":"ended_by_admin"' >new.jsonl
ok cg -C ca show 'a@b:1+2' --log old.gz --log new.jsonl --log missing.jsonl
says "^  log  *cannot open missing.jsonl"
says "^  last accepted 2026-11-02"
says "^  last rejected 2026-11-06.*ended_by_admin$"
ok cg -C ca show "$long" --log events.jsonl
says "^  last accepted not in the log$"
printf '{"ts":"2026-11-07T12:00:00Z","event":"handshake_rejected","reason":"revoked","detail":"\\u001b[31m","cert":{"issuer":"CN=MQTT CA","serial":"%s"}}\n' \
    "$first" >>events.jsonl
ok cg -C ca show 'a@b:1+2' --log events.jsonl
LC_ALL=C grep -q "$(printf '\033')" out && fail "the log moves the terminal's cursor"

# only a number, as an imported CA may have it; a setting
printf 'V\t391231235959Z\t\t0A\tunknown\t/C=DE/CN=by-number\n' >>ca/index.txt
printf '{"reuse_key":["b.lan"]}' >ca/certguard.json
ok cg -C ca show by-number
says "^  subject  *CN=by-number,C=DE$"
says "^-  *valid "
ok cg -C ca show b.lan
says "^  settings  *renewals keep the key"
echo '{"reuse_key":' >ca/certguard.json
ok cg -C ca show b.lan
says "warning: .*certguard.json"

# a certificate that is gone is said, and the rest is shown
rm ca/archive/b.lan/0001/cert.pem
ok cg -C ca --json show b.lan
says '"error":"ca/archive/b.lan/0001/cert.pem: no such file'
rm ca/archive/b.lan/0002/cert.pem
ok cg -C ca show b.lan
says "^b.lan  in use"
says "^  error  *ca/archive/b.lan/0002/cert.pem: no such file"
says "^  deployed  .*/one: not up to date"
echo "done"
