# The files of the tutorial that users come from, made with its own openssl commands; the folder mosquitto is what it copies
# to the broker. Sourced by the tests of what finds its mistakes.
cat >ca.cnf <<'END'
[req]
distinguished_name = dn
[dn]
[v3_ca]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
basicConstraints = critical,CA:true
END
cat >broker.cnf <<'END'
[req]
distinguished_name = dn
[dn]
[v3_req]
basicConstraints = CA:FALSE
keyUsage = digitalSignature, keyEncipherment
subjectAltName = IP:192.168.1.2
subjectAltName = DNS:futro-s450.fritz.box
subjectAltName = DNS:localhost
subjectAltName = DNS:futro-s450
certificatePolicies = ia5org,@pol
[pol]
policyIdentifier = 1.3.5.8
CPS.1 = http://localhost/
userNotice.1 = @notice
[notice]
explicitText = "At home"
organization = "Mi Casa"
noticeNumbers = 1,2
END
# make_v1 CSR CA.pem CA.key DAYS SERIAL OUT: a certificate of version 1, which OpenSSL made by itself of what has no extensions,
# and makes on demand alone since it puts key identifiers into all.
make_v1()
{
    set -- -in "$1" -CA "$2" -CAkey "$3" -days "$4" -set_serial "$5" -out "$6"
    if openssl req -help 2>&1 | grep -q -e -x509v1; then
        printf '[req]\ndistinguished_name = dn\n[dn]\n' >v1.cnf
        openssl req -x509 -x509v1 -config v1.cnf "$@"
    else
        openssl x509 -req "$@"
    fi
}

umask 022
ok openssl req -new -x509 -newkey rsa:1024 -days 3650 -nodes -config ca.cnf -extensions v3_ca \
    -subj "/C=ES/O=Mi Casa /CN=Mi Casa CA/emailAddress=me@example.org" -keyout MiCA.key -out MiCA.crt
ok openssl req -new -newkey rsa:2048 -nodes -config broker.cnf -subj "/O=futro-s450.fritz.box/CN=futro-s450.fritz.box" \
    -keyout broker.key -out broker.csr
ok openssl x509 -req -in broker.csr -CA MiCA.crt -CAkey MiCA.key -CAcreateserial -days 3650 \
    -extfile broker.cnf -extensions v3_req -out broker.crt
ok openssl req -new -newkey rsa:2048 -nodes -config ca.cnf -subj "/CN=dev1" -keyout client.key -out client.csr
ok openssl x509 -req -in client.csr -CA MiCA.crt -CAkey MiCA.key -CAcreateserial -days 3650 -out client.crt
ok make_v1 client.csr MiCA.crt MiCA.key 3650 "$(openssl x509 -in client.crt -noout -serial | sed 's/.*=/0x/')" client.crt
chmod 644 MiCA.key
mkdir mosquitto
cp MiCA.* broker.crt broker.key client.crt mosquitto/
