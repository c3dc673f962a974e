#!/bin/sh
# The examples of conf/ as they are, but for paths and ports: each starts a broker, and does what it is an example of.
. "$(dirname "$0")/lib.sh"
unset CDPATH
conf=$(cd "$(dirname "$0")/../../conf" && pwd)
begin
make_pki
make_ca other
make_leaf stranger clientAuth /CN=stranger URI:urn:plant:dev1 other
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

# crl NAME CA: an empty CRL with a number
crl() {
    mkdir -p db && : >db/index && echo 1000 >db/number
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/db/index\ncrlnumber=%s/db/number\ndefault_md=sha256\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n' \
        "$scratch" "$scratch" >db/conf
    openssl ca -gencrl -config db/conf -cert "$2.pem" -keyfile "$2.key" -crldays 5 -out "$1" 2>/dev/null
}
crl crl.pem ca
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
# make_below NAME CA SUBJECT [KEY]: an intermediate; of the file NAME.pem
make_below() {
    new_key "$1"
    printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >"$1.ext"
    openssl req -new -key "$1.key" -subj "$3" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days 25 -extfile "$1.ext" \
        -set_serial "0x0$(openssl rand -hex 8)" -out "$1.pem" 2>/dev/null
}
mkdir -p pki/crls live
make_ca root
make_below plant-a root "/O=Plant A/CN=Plant A CA"
make_below plant-b root "/O=Plant B/CN=Plant B CA"
cp root.pem plant-a.pem plant-b.pem pki/
crl pki/crls/root.crl root
crl pki/crls/a.crl plant-a
crl pki/crls/b.crl plant-b
make_leaf broker serverAuth "/O=Plant A/CN=broker" DNS:broker.plant.example,IP:192.0.2.10,DNS:localhost,IP:127.0.0.1 plant-a
cat broker.pem plant-a.pem >live/fullchain.pem
cp broker.key live/privkey.pem
make_leaf meter clientAuth "/O=Plant A/CN=meter" URI:urn:plant:dev:meter plant-a
make_leaf visitor clientAuth "/O=Elsewhere/CN=visitor" URI:urn:plant:dev:visitor plant-b
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
