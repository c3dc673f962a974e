#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The settings of a CA (certguard.json): which of several values applies, what is remembered, what a damaged file stops and
# what it does not, and a timer's renewal that needs no options. A key that clients pin stays through all renewals.
. "$(dirname "$0")/lib.sh"
unset CDPATH

printf 'correct horse battery\n' >pass
printf 'wrong horse battery\n' >wrong
file=$work/ca/certguard.json

# setting KEY VALUE: the effective one
setting()
{
    ok cg -C ca config "$1"
    [ "$(cat out)" = "$2" ] || fail "$1 is \"$(cat out)\", not \"$2\""
}

key_of()
{
    openssl x509 -in "$1" -noout -pubkey
}

# seconds that the newest CRL is valid for, without the five minutes before it was made
crl_lifetime()
{
    from=$(openssl crl -in "$1" -noout -lastupdate) to=$(openssl crl -in "$1" -noout -nextupdate)
    echo $(($(date -d "${to#*=}" +%s) - $(date -d "${from#*=}" +%s) - 300))
}

# valid_for NAME SECONDS
valid_for()
{
    from=$(openssl x509 -in "ca/live/$1/cert.pem" -noout -startdate) to=$(openssl x509 -in "ca/live/$1/cert.pem" -noout -enddate)
    [ $(($(date -d "${to#*=}" +%s) - $(date -d "${from#*=}" +%s) - 299)) = "$2" ] || fail "$1: another validity than $2"
}

# ---- init writes what it was given: the file with its whole path ----
ok cg -C ca -n init --passphrase-file pass
[ ! -e ca ] || fail "a dry run made something"
ok cg -C ca init --passphrase-file pass --org "The Plant" --crl-lifetime 14d
setting passphrase_file "$work/pass"
setting organization "The Plant"
setting crl_lifetime 14d
setting lifetime.client 365d
[ "$(crl_lifetime ca/crl.pem)" = $((14 * 86400)) ] || fail "the lifetime of the first CRL"
[ "$(stat -c %a "$file")" = 600 ] || fail "mode of certguard.json"
ok cg -C bare init --no-passphrase --passphrase-file pass
ok cg -C bare config passphrase_file
[ -z "$(cat out)" ] && [ ! -e bare/certguard.json ] || fail "a passphrase file that the key does not need"
expect 1 cg -C bare config passphrase_file nowhere
says "nowhere: no such file"
ok cg -C bare config passphrase_file pass
(cd / && ok cg -C "$work/ca" issue client elsewhere) || exit 1

# ---- precedence: --passphrase-fd, --passphrase-file, the environment, the settings ----
ok cg -C ca issue client a
for over in "--passphrase-file wrong" "--passphrase-fd 3"; do
    # shellcheck disable=SC2086 # words
    expect 1 cg -C ca issue client b $over 3<wrong
    says "the passphrase is wrong"
done
CERTGUARD_PASSPHRASE_FILE=wrong
export CERTGUARD_PASSPHRASE_FILE
expect 1 cg -C ca issue client b
says "the passphrase is wrong"
ok cg -C ca issue client b --passphrase-file pass
expect 1 cg -C ca issue client c --passphrase-file pass --passphrase-fd 3 3<wrong
ok cg -C ca issue client c --passphrase-file wrong --passphrase-fd 3 3<pass
CERTGUARD_PASSPHRASE_FILE=$work/pass
ok cg -C ca config passphrase_file --unset
ok cg -C ca issue client d
unset CERTGUARD_PASSPHRASE_FILE
expect 1 cg -C ca issue client e
says "no terminal"

# ---- config: shown, checked before it is written, and not written in a dry run ----
before=$(cat "$file")
ok cg -C ca -n config passphrase_file pass
for wrong in "passphrase_file wrong" "passphrase_file nowhere" "lifetime.client soon" "lifetime.client 0d" "key_type rsa1024" \
    "crl_lifetime 101y" "reuse_key a"; do
    # shellcheck disable=SC2086 # words
    expect 1 cg -C ca config $wrong
done
expect 64 cg -C ca config lifetime.phone 1d
says "unknown setting"
expect 64 cg -C ca config --unset
[ "$before" = "$(cat "$file")" ] || fail "what is wrong, or a dry run, was written"
cp pass "the pass" && chmod 644 "the pass"
expect 1 cg -C ca config passphrase_file "the pass"
sh -c "$(sed -n 's/.*; fix: //p' err)" || fail "the fix cannot be run: $(cat err)"
ok cg -C ca -n config passphrase_file "the pass"
chmod 644 pass
expect 1 cg -C ca config passphrase_file pass
says "chmod 0600"
chmod 600 pass
ok cg -C ca config passphrase_file pass
setting passphrase_file "$work/pass"
ok cg -C ca config lifetime.client 30d
ok cg -C ca config key_type p384
ok cg -C ca issue client f
valid_for f $((30 * 86400))
openssl x509 -in ca/live/f/cert.pem -noout -subject -nameopt RFC2253 | grep -qx 'subject=CN=f,O=The Plant' ||
    fail "the organization of the settings"
openssl x509 -in ca/live/f/cert.pem -noout -text | grep -q 'Public-Key: (384 bit)' || fail "the key type of the settings"
ok cg -C ca issue client g --lifetime 20d --org Other --key-type p256
valid_for g $((20 * 86400))
openssl x509 -in ca/live/g/cert.pem -noout -subject -nameopt RFC2253 | grep -qx 'subject=CN=g,O=Other' ||
    fail "an option does not override the settings"
ok cg -C ca issue broker h
valid_for h $((90 * 86400))
printf 'many1\nmany2\n' >many
ok cg -C ca issue client --batch many
valid_for many2 $((30 * 86400))
openssl x509 -in ca/live/many1/cert.pem -noout -subject | grep -q 'The Plant' || fail "the settings and a batch"

# ---- the lifetime of CRLs: remembered, with its own one for the root ----
ok cg -C ca crl --lifetime 36h
setting crl_lifetime 36h
for verb in crl "revoke a"; do
    # shellcheck disable=SC2086 # words
    ok cg -C ca $verb
    [ "$(crl_lifetime ca/crl.pem)" = $((36 * 3600)) ] || fail "the CRL of $verb has another lifetime"
done
ok cg -C ca revoke b --crl-lifetime 9d
[ "$(crl_lifetime ca/crl.pem)" = $((9 * 86400)) ] || fail "an option does not override the setting"
ok cg -C ca revoke c
[ "$(crl_lifetime ca/crl.pem)" = $((36 * 3600)) ] || fail "revoke --crl-lifetime was remembered"
ok cg -C two init --no-passphrase --intermediate
ok cg -C two crl --root --lifetime 400d
ok cg -C two crl
[ "$(crl_lifetime two/ca/crl.pem)" = $((7 * 86400)) ] || fail "the root's lifetime for the issuing CA"
ok cg -C two crl --root
[ "$(crl_lifetime two/root/crl.pem)" = $((400 * 86400)) ] || fail "the root's lifetime was forgotten"

# ---- damaged: named with its place; what would use it stops, what must not wait goes on ----
cp "$file" good
seq -f 'gone%g' 1 11 >gone
ok cg -C ca issue client --batch gone
revoked=0
lines=$(grep -c . ca/index.txt)
damaged()
{
    printf '%s' "$1" >"$file"
    for verb in "issue client lost" "issue client --batch many" "renew h" "config" "config organization X" "passwd --new-passphrase-file pass"; do
        # shellcheck disable=SC2086 # words
        expect 1 cg -C ca $verb --passphrase-file pass
        says "ca/certguard.json: $2"
    done 2>/dev/null
    [ "$(cat "$file")" = "$1" ] || fail "a damaged file was written over"
    ok cg -C ca crl --passphrase-file pass
    says "ca/certguard.json: $2.*lifetime of the last one"
    revoked=$((revoked + 1))
    ok cg -C ca revoke "gone$revoked" --passphrase-file pass
    says "ca/certguard.json: $2.*lifetime of the last one"
    [ "$(crl_lifetime ca/crl.pem)" = $((36 * 3600)) ] || fail "damaged: the CRL has another lifetime"
    expect 1 cg -C ca crl --lifetime 1d --passphrase-file pass
    expect 1 cg -C ca crl
    says "ca/certguard.json: $2"
    ok cg -C ca deploy h --to "$work/etc"
}
# config knows no --passphrase-file: the verb itself, not the option, is to be refused
cg()
{
    case " $* " in
    *" config "*--passphrase-file*) "$CERTGUARD" -C ca config ;;
    *) "$CERTGUARD" "$@" ;;
    esac
}
damaged '{"organisation": "X"}' 'unknown setting "organisation"'
damaged '{"lifetime.client": "5d"}' 'unknown setting "lifetime.client"'
damaged '{"lifetime": {"phone": "5d"}}' 'unknown setting "lifetime.phone"'
damaged '{"lifetime": "5d"}' 'unknown setting "lifetime"'
damaged '{"lifetime": {"client": 5}}' '$.lifetime.client: expected a duration'
damaged '{"passphrase_file": "pass"}' '$.passphrase_file: expected the absolute path'
damaged '{"reuse_key": ["../a"]}' '$.reuse_key: expected an array of names'
damaged '{"crl_lifetime": "1d", "crl_lifetime": "2d"}' '$.crl_lifetime: duplicate key'
damaged '{"organization": "X"' 'line 1, column'
damaged '' 'line 1, column'
damaged '[]' '$: expected an object'
[ "$lines" = "$(grep -c . ca/index.txt)" ] || fail "something was issued"
# a mistake in another setting holds up neither the CRL of the timer nor a revocation
printf '{"passphrase_file": "%s", "organisation": "X"}' "$work/pass" >"$file"
ok cg -C ca crl
says 'unknown setting "organisation".*lifetime of the last one'
expect 1 cg -C ca issue client lost
says 'unknown setting "organisation"'
chmod 620 "$file"
expect 1 cg -C ca crl
chmod 600 "$file"
cp good "$file"
mv "$file" kept && ln -s nowhere "$file"
expect 1 cg -C ca issue client lost
says "certguard.json"
rm "$file" && mv kept "$file"
chmod 620 "$file"
expect 1 cg -C ca issue client lost
says "other users can change"
chmod 600 "$file"

# ---- a key that clients pin: kept by the timer's renewal, without a word on its command line ----
start=2026-08-05T00:00:00Z due=2026-10-20T00:00:00Z later=2027-01-05T00:00:00Z
ok cg -C pins --at $start init --passphrase-file pass
ok cg -C pins --at $start issue broker kept --reuse-key
ok cg -C pins --at $start issue broker other
ok cg -C pins --at $start -n issue broker trial --reuse-key
cp -a pins/live kept.live
first=$(key_of pins/live/kept/cert.pem) second=$(key_of pins/live/other/cert.pem)
for at in $due $later; do
    ok cg -C pins --at "$at" renew --all --due
    says '"kept".*same key'
    says '"other".*new key'
    [ "$(key_of pins/live/kept/cert.pem)" = "$first" ] || fail "the timer replaced the key that clients pin"
    [ "$(key_of pins/live/other/cert.pem)" != "$second" ] || fail "another name kept its key"
done
[ -e pins/archive/kept/0003 ] && [ ! -e pins/archive/kept/0004 ] || fail "the timer renewed nothing"
# --all keeps or replaces for this run alone
ok cg -C pins --at $later renew --all --new-key
says '"kept".*new key'
first=$(key_of pins/live/kept/cert.pem)
ok cg -C pins --at $later renew kept
[ "$(key_of pins/live/kept/cert.pem)" = "$first" ] || fail "--all --new-key was remembered"
ok cg -C pins --at $later renew --all --reuse-key
ok cg -C pins config reuse_key
[ "$(cat out)" = kept ] || fail "--all --reuse-key was remembered, or a dry run"
# a name given
ok cg -C pins --at $later renew kept --new-key
ok cg -C pins --at $later renew other --reuse-key
ok cg -C pins config reuse_key
[ "$(cat out)" = other ] || fail "the names were not remembered"
expect 64 cg -C pins renew kept --new-key --reuse-key
# one that fails is not remembered by the one that follows
ok cg -C pins --at $later issue client failing
ok cg -C pins --at $later issue client next
cp pins/live/next/privkey.pem pins/live/failing/privkey.pem
expect 1 cg -C pins --at $later renew failing next --reuse-key
ok cg -C pins config reuse_key
[ "$(cat out)" = "other, next" ] || fail "a failed renewal was remembered"
# a key that only the device has cannot be replaced here
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.csr -subj /CN=own 2>/dev/null
ok cg -C pins --at $later sign own.csr
expect 1 cg -C pins --at $later renew own --new-key
says 'only the device has the key of "own"'
ok cg -C pins --at $later renew --all --new-key
says '"own".*same key'
# rotate keeps it too, up to the broker's proof
ok cg -C pins --at $later deploy other --to "$work/pinned" --connect 127.0.0.1:1
ok cg -C pins --at $later --json -n rotate other
expect 1 cg -C pins --at $later rotate other --timeout 1
newest=$(ls pins/archive/other | tail -1)
[ "$(key_of "pins/archive/other/$newest/cert.pem")" = "$(key_of pins/live/other/cert.pem)" ] || fail "rotate made a new key"
consistent pins
echo "done"
