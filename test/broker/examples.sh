#!/bin/sh
# The examples of conf/ as they are, but for paths and ports: each starts a broker, and does what it is an example of.
. "$(dirname "$0")/lib.sh"
unset CDPATH
conf=$(cd "$here/../../conf" && pwd)
begin
make_pki
pki "other: ca" "stranger: issuer=other san=uri:urn:plant:dev1"
port=$(free_port)
second=$(free_port)

adapt() {
    sed -e "s|/etc/mosquitto/certguard/fullchain.pem|$scratch/server.pem|" \
        -e "s|/etc/mosquitto/certguard/privkey.pem|$scratch/server.key|" -e "s|/etc/mosquitto/certguard/|$scratch/|" \
        -e "s|/var/log/mosquitto/certguard.jsonl|$scratch/events.jsonl|" -e "s|/var/lib/mosquitto/certguard|$scratch/state|" \
        -e "s|^plugin .*|plugin $CG_PLUGIN|" -e "s|^listener 8883.*|listener $port 127.0.0.1|" \
        -e "s|\"port\": 8883|\"port\": $port|" -e "s|\"port\": 8884|\"port\": $second|" "$1"
}
# example NAME [LINES]: conf/mosquitto.conf with conf/policy-NAME.json, and lines behind it
example() {
    stop_broker
    rm -f events.jsonl
    adapt "$conf/policy-$1.json" >policy.json
    adapt "$conf/mosquitto.conf" >broker.conf
    printf '%b' "${2:-}" >>broker.conf
    start_broker
}

pki "crl: crl issuer=ca"
example home
expect "home: a device of the CA" in dev1 "$port" any
expect_log "home: its common name is its user name" "as any (.* u'dev1')"
expect "home: a stranger" out stranger "$port" any

example strict "allow_anonymous true\n"
expect "strict: a device of the CA" in dev1 "$port" any
expect "strict: a stranger" out stranger "$port" any
expect "strict: no certificate" out none "$port" any

example lenient "allow_anonymous true\n"
expect "lenient: a device of the CA" in dev1 "$port" any
expect "lenient: a stranger is let in, and told" in stranger "$port" any
expect_event "lenient: with the reason that it would be refused for" "handshake_audited\tuntrusted\tCN=stranger" \
    event reason cert.subject
expect "lenient: no certificate" in none "$port" any

# A plant: root, two intermediates, and a listener for old devices.
mkdir -p pki/crls live
below="ca issuer=root bc=critical,CA:TRUE,pathlen:0"
pki "root: ca" "plant-a: $below subject='/O=Plant A/CN=Plant A CA'" "plant-b: $below subject='/O=Plant B/CN=Plant B CA'" \
    "root-crl: crl issuer=root" "a-crl: crl issuer=plant-a" "b-crl: crl issuer=plant-b" \
    "broker: server issuer=plant-a subject='/O=Plant A/CN=broker' san=dns:broker.plant.example,ip:192.0.2.10,dns:localhost,ip:127.0.0.1" \
    "meter: issuer=plant-a subject='/O=Plant A/CN=meter' san=uri:urn:plant:dev:meter" \
    "visitor: issuer=plant-b subject=/O=Elsewhere/CN=visitor san=uri:urn:plant:dev:visitor"
cp root.pem plant-a.pem plant-b.pem pki/
for ca in root a b; do mv $ca-crl.pem pki/crls/$ca.crl; done
cat broker.pem plant-a.pem >live/fullchain.pem
cp broker.key live/privkey.pem
cp root.pem ca.pem
cp live/fullchain.pem fullchain.pem
cp live/privkey.pem privkey.pem
cp live/fullchain.pem server.pem
cp live/privkey.pem server.key
example plant "$(tls_listener "$second" "require_certificate true\n")\n"
expect "plant: a device with its own id" in meter "$port" meter
expect_log "plant: the end of its URI is its user name" "as meter (.* u'meter')"
expect "plant: a device with another id" out meter "$port" visitor
expect_event "plant: for that reason" "connect_denied\tclient_id_mismatch" event reason
expect "plant: a device of another organization" out visitor "$port" visitor
expect_event "plant: for that reason" "handshake_rejected\tsubject_mismatch\t$port" event reason listener
expect "plant: the listener for old devices" in meter "$second" meter
stop_broker
[ "$broker_status" = 0 ] || fail "the broker ended with $broker_status"
