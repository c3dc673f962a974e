/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Failures besides the certificate check: in the handshake and at CONNECT. */
#include "scenarios.h"

#include <openssl/x509_vfy.h>

#define ONLY12    (CG_NOT_CORE | CG_NOT_TLS13)
#define ONLY13    (CG_NOT_CORE | CG_NOT_TLS12)
#define BOTH      CG_NOT_CORE
#define RAW(text) .raw = true, .bytes = text, .nbytes = sizeof text - 1

#define MQTT_CONNECT "\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test"
#define IDENTITY     "\"identity\": {\"username\": \"san.uri\", \"strip_prefix\": \"urn:dev:\", \"client_id\": \"equal\"}"

static const struct cg_scenario rows[] = {
    {"a client with TLS 1.1 is refused", CG_REASON_NO_COMMON_VERSION, .alert = 70, .not_in = ONLY12,
     .act = {.tls11 = true}},
    {"a client with TLS 1.2 is refused if the policy requires 1.3", CG_REASON_NO_COMMON_VERSION, .alert = 70,
     .not_in = ONLY12, .policy = "\"tls\": {\"min_version\": \"1.3\"}"},
    {"a client with CBC ciphers only is refused", CG_REASON_NO_COMMON_CIPHER, .alert = 40, .not_in = ONLY12,
     .act = {.ciphers = "ECDHE-ECDSA-AES128-SHA"}},
    {"a client without forward secrecy is refused", CG_REASON_NO_COMMON_CIPHER, .alert = 40, .not_in = ONLY12,
     .act = {.ciphers = "AES128-GCM-SHA256"}},
    {"a client with cipher suites for RSA certificates only is refused by a broker with an EC certificate",
     CG_REASON_NO_COMMON_CIPHER, .alert = 40, .not_in = ONLY12, .words = "RSA certificates only",
     .act = {.ciphers = "ECDHE-RSA-AES128-GCM-SHA256"}},
    {"a client with TLS 1.2 without a group of the policy is refused", CG_REASON_NO_COMMON_GROUP, .alert = 40,
     .not_in = ONLY12, .policy = "\"tls\": {\"groups\": \"P-384\"}", .act = {.groups = "P-256"}},
    {"a client with TLS 1.2 without the curve of the broker's key is refused", CG_REASON_NO_COMMON_SIGNATURE,
     .alert = 40, .not_in = ONLY12, .words = "prime256v1", .act = {.groups = "X25519"}},
    {"a client without a group of the policy is refused", CG_REASON_NO_COMMON_GROUP, .alert = 40, .not_in = ONLY13,
     .policy = "\"tls\": {\"groups\": \"P-256\"}", .act = {.groups = "X25519"}},
    {"a client without a signature algorithm for the broker's key is refused", CG_REASON_NO_COMMON_SIGNATURE,
     .alert = 40, .not_in = ONLY13, .act = {.sigalgs = "RSA-PSS+SHA256"}},
    {"a client without the key of its certificate is refused", CG_REASON_BAD_CERTIFICATE_PROOF, .alert = 51,
     .not_in = BOTH, .act = {.false_key = true}},
    {"MQTT without TLS on the TLS port is recognized", CG_REASON_PLAIN_MQTT, .not_in = ONLY12,
     .act = {RAW(MQTT_CONNECT)}},
    {"HTTP on the TLS port is recognized", CG_REASON_PLAIN_HTTP, .not_in = ONLY12,
     .act = {RAW("GET / HTTP/1.1\r\nHost: broker.lan\r\n\r\n")}},
    {"garbage on the TLS port is recognized", CG_REASON_GARBAGE, .not_in = ONLY12,
     .act = {RAW("\x00\x01\x02\x03garbage that is not TLS at all")}},
    {"a client with pre-shared keys only is refused", CG_REASON_PSK_NOT_ALLOWED, .not_in = ONLY12,
     .act = {.psk = true, .ciphers = "PSK-AES128-GCM-SHA256"}},
    {"a client with a pre-shared key and no certificate is refused", CG_REASON_PSK_NOT_ALLOWED, .not_in = ONLY13,
     .send = "", .act = {.psk = true}},
    {"a client with a pre-shared key that the broker does not have is refused", CG_REASON_PSK_UNKNOWN, .not_in = ONLY13,
     .policy = "\"tls\": {\"psk\": \"allow\"}", .send = "", .act = {.psk = true}},
    {"a client that does not trust the broker's CA is recognized", CG_REASON_PEER_UNTRUSTS_US, .not_in = BOTH,
     .act = {.refuse_server = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY}},
    {"a client that considers the broker's certificate expired is recognized", CG_REASON_PEER_SAYS_EXPIRED,
     .not_in = BOTH, .act = {.refuse_server = X509_V_ERR_CERT_HAS_EXPIRED}},
    {"any other alert from the client is reported", CG_REASON_PEER_ALERT, .not_in = BOTH,
     .act = {.refuse_server = X509_V_ERR_OUT_OF_MEM}},
    {"a client that closes after its ClientHello is reported", CG_REASON_PEER_GONE, .not_in = BOTH,
     .act = {RAW(""), .hello = true}},
    {"a client that closes at once is reported", CG_REASON_PEER_GONE, .not_in = ONLY12, .act = {RAW("")}},
    {"a client that stalls before its ClientHello is disconnected", CG_REASON_HANDSHAKE_TIMEOUT, .not_in = ONLY12,
     .policy = "\"tls\": {\"handshake_timeout\": \"300ms\"}", .act = {RAW(""), .stall = true}},
    {"a client that stalls after its ClientHello is disconnected", CG_REASON_HANDSHAKE_TIMEOUT, .not_in = BOTH,
     .policy = "\"tls\": {\"handshake_timeout\": \"300ms\"}", .act = {RAW(""), .hello = true, .stall = true}},
    {"a client that stalls in the middle of its ClientHello is disconnected", CG_REASON_HANDSHAKE_TIMEOUT,
     .not_in = ONLY12, .policy = "\"tls\": {\"handshake_timeout\": \"300ms\"}",
     .act = {RAW("\x16\x03\x01\x00"), .stall = true}},
    {"the oldest of too many open handshakes is disconnected", CG_REASON_TOO_MANY_HANDSHAKES, .not_in = ONLY12,
     .policy = "\"tls\": {\"max_handshakes\": 1}", .act = {RAW(""), .stall = true, .crowd = 32}},
    {"a message out of order is refused", CG_REASON_HANDSHAKE_FAILED, .not_in = ONLY12,
     .act = {RAW("\x16\x03\x03\x00\x04\x0e\x00\x00\x00"), .hello = true, .stall = true}},

    {"a client on a listener without TLS is denied", CG_REASON_PLAIN_LISTENER, .not_in = ONLY12,
     .act = {.plain = true}},
    {"a client on a listener without TLS is accepted if the policy allows it", CG_REASON_OK, .not_in = ONLY12,
     .policy = "\"plain\": \"allow\"", .act = {.plain = true}},
    {"a client without a certificate is accepted if the rule is only audited", CG_REASON_OK, .not_in = BOTH,
     .policy = "\"client\": {\"rules\": {\"no_certificate\": \"audit\"}}", .send = ""},
    {"a client without a certificate is accepted if the policy makes it optional", CG_REASON_OK, .not_in = BOTH,
     .policy = "\"client\": {\"certificate\": \"optional\"}", .send = ""},
    {"a client whose certificate has no name for the username is denied", CG_REASON_IDENTITY_MISSING, .not_in = BOTH,
     .policy = IDENTITY, .recipe = "dev: issuer=inter san=dns:a.lan"},
    {"a client whose name in the certificate lacks the prefix is denied", CG_REASON_IDENTITY_MISSING, .not_in = BOTH,
     .policy = IDENTITY, .recipe = "dev: issuer=inter san=uri:urn:other:a"},
    {"a client whose name contains an MQTT wildcard is denied", CG_REASON_IDENTITY_INVALID, .not_in = BOTH,
     .policy = IDENTITY, .recipe = "dev: issuer=inter san=uri:urn:dev:+"},
    {"a client with two different names is denied", CG_REASON_IDENTITY_INVALID, .not_in = BOTH, .policy = IDENTITY,
     .recipe = "dev: issuer=inter san=uri:urn:dev:a,uri:urn:dev:b"},
    {"a client id that differs from the certificate's name is denied", CG_REASON_CLIENT_ID_MISMATCH, .not_in = BOTH,
     .policy = IDENTITY, .words = "other", .act = {.client_id = "other"}},
    {"a certificate that another client uses with another client id is denied", CG_REASON_CERTIFICATE_IN_USE,
     .not_in = BOTH, .policy = "\"identity\": {\"one_client\": true}", .words = "first",
     .act = {.client_id = "second", .first_client = true}},
};

const struct cg_scenarios cg_scenarios_tls = {rows, sizeof rows / sizeof *rows};
