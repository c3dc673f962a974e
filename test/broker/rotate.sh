#!/bin/sh
# certguard rotate beside a running broker: the new certificate is served before the command ends; one that the broker's
# policy does not take goes back, and clients notice nothing; so it does when there is no broker. A hook copies the files to the
# broker before the check, and back.
. "$(dirname "$0")/lib.sh"
begin
tls=$(free_port)
export CERTGUARD_DIR="$scratch/home"
cg() { "$CG_TOOL" "$@" >out 2>err; }
serial() { openssl x509 -in "$1" -noout -serial; }
served() { openssl s_client -connect "127.0.0.1:$tls" -CAfile ca.pem </dev/null 2>/dev/null | openssl x509 -noout -serial; }
# says TITLE CODE WORDS ARGUMENTS...
says() {
    title=$1 code=$2 words=$3
    shift 3
    cg "$@"
    got=$?
    if [ "$got" = "$code" ] && grep -q -- "$words" out err; then echo "ok: $title"; else
        fail "$title: exit $got, no '$words' in: $(cat out err)"; fi
}
is() { if [ "$2" = "$3" ]; then echo "ok: $1"; else fail "$1: '$2' is not '$3'"; fi; }
is_not() { if [ "$2" != "$3" ]; then echo "ok: $1"; else fail "$1: still '$3'"; fi; }

mkdir deployed
cg init --no-passphrase --name Home || fail "init: $(cat err)"
cg issue broker broker --san dns:localhost --san ip:127.0.0.1 --lifetime 20d || fail "issue: $(cat err)"
cg issue client dev1 || fail "issue: $(cat err)"
cg deploy broker --to "$scratch/deployed" --connect "127.0.0.1:$tls" || fail "deploy: $(cat err)"
# as earlier versions left it: plain files, which come to links in the first rotation, under the broker's eyes
for file in privkey.pem cert.pem chain.pem fullchain.pem; do
    cp --remove-destination "home/live/broker/$file" "deployed/$file"
done
rm -r deployed/.certguard
cp home/ca.pem ca.pem
cp home/live/dev1/fullchain.pem dev1.pem
cp home/live/dev1/privkey.pem dev1.key
printf '{"trust": {"anchors": ["ca.pem"]}, "log": {"file": "events.jsonl", "burst": 1000},
    "credential": {"chain": "deployed/fullchain.pem", "key": "deployed/privkey.pem"}, "server": {"max_lifetime": "30d"}}\n' >policy.json
printf 'allow_anonymous true\nplugin %s\nplugin_opt_policy %s/policy.json\nlistener %s 127.0.0.1\ncafile %s/ca.pem\ncertfile %s/deployed/fullchain.pem\nkeyfile %s/deployed/privkey.pem\nrequire_certificate true\n' \
    "$CG_PLUGIN" "$scratch" "$tls" "$scratch" "$scratch" "$scratch" >broker.conf
start_broker

first=$(serial deployed/cert.pem)
is "the deployed certificate is served" "$(served)" "$first"
mosquitto_sub -h 127.0.0.1 -p "$tls" --cafile ca.pem --cert dev1.pem --key dev1.key -i stays -t stays -C 1 >stays.out 2>&1 &
stays=$!
wait_for broker.log 'as stays ' || fail "the client that stays did not connect"

says "rotate, and its proof" 0 "serve" rotate broker
second=$(serial deployed/cert.pem)
is_not "a new certificate is deployed" "$second" "$first"
is "and served when the command ends" "$(served)" "$second"
expect_event "told by the plugin" "credential_loaded" event
is "the files are links now" "$(readlink deployed/privkey.pem)" .certguard/current/privkey.pem
if grep -q snapshot_rejected events.jsonl; then fail "the plugin saw something that it cannot use on the way"; else
    echo "ok: at no moment the plugin saw something that it cannot use"; fi

says "one that the broker's policy does not take" 1 "previous\|back" rotate broker --lifetime 60d --timeout 3
is "is not left behind" "$(serial deployed/cert.pem)" "$second"
is "nor served" "$(served)" "$second"
expect_event "and the plugin says why" "snapshot_rejected\tcredential_invalid\t.*is valid for 60 days" event reason detail

client dev1 "$tls" sends pub -t stays -m hello
wait "$stays"
is "a client that was there all the time gets its message over the connection that it had" "$(cat stays.out)" "hello"

# A broker on another machine: certguard deploys to a folder that the broker does not read, and the hook copies it.
mkdir staging
says "a folder with a hook" 0 "succeeded" deploy broker --to "$scratch/staging" \
    --hook "cp -a \"\$CERTGUARD_FOLDER\"/. '$scratch/deployed/' && echo \"\$CERTGUARD_CHANGED\" >>'$scratch/hook.log'"
says "the other one is not used any more" 0 "" deploy broker --forget "$scratch/deployed"
says "rotate, the hook, and its proof" 0 "serve" rotate broker
third=$(serial staging/cert.pem)
is_not "a new certificate is in the folder" "$third" "$second"
is "the hook copied it, and the broker serves it" "$(served)" "$third"
says "one that the broker does not take" 1 "was restored" rotate broker --lifetime 60d --timeout 3
is "the previous one is in the folder" "$(serial staging/cert.pem)" "$third"
is "and the hook copied it back" "$(serial deployed/cert.pem) $(served)" "$third $third"
is "the hook ran for each" "$(cut -d ' ' -f 1 hook.log | sort | uniq -c | tr -s ' ')" " 4 certificate"
second=$third

stop_broker
says "without a broker nothing is rotated" 1 "previous\|back" rotate broker --timeout 1
is "and what was deployed stays" "$(serial deployed/cert.pem)" "$second"
