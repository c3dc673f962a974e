/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The certificate check by table: what a certificate is like, and the reason that must come out. */
#include "check_fixture.h"
#include "core/base/datetime.h"
#include "core/rules/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CLIENT(keys) ", \"client\": {" keys "}"
#define OIDS(keys)   CLIENT("\"certificate_policies\": {" keys "}")

static const struct row {
    const char *says;
    enum cg_reason reason;
    const char *words; /* that the detail must hold, or NULL */
    struct fixture_case with;
} rows[] = {
    {"a good client is accepted", CG_REASON_OK, NULL, {.recipe = "c: issuer=root"}},
    {"a good client below an intermediate that it sent",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=sub", .sent = "sub"}},
    {"a good client below an intermediate of the policy",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=sub", .intermediates = "sub"}},
    {"the leaf and the root among what was sent",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=sub", .sent = "c sub root"}},
    {"a good broker with its host name",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: server issuer=root", .purpose = CG_PURPOSE_SERVER, .host = "localhost"}},
    {"a good broker with its address",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: server issuer=root", .purpose = CG_PURPOSE_SERVER, .host = "127.0.0.1"}},

    /* limits */
    {"more certificates than the policy allows",
     CG_REASON_CHAIN_TOO_LONG,
     "3 certificates",
     {.recipe = "c: issuer=sub", .sent = "sub root", .policy = CLIENT("\"max_chain\": 2")}},
    {"more bytes than the policy allows",
     CG_REASON_CHAIN_TOO_LARGE,
     "bytes",
     {.recipe = "c: issuer=root san=uri:urn:12345678901234567890123456789012345678901234567890",
      .sent = "c sub root",
      .policy = CLIENT("\"max_chain_bytes\": \"1KiB\"")}},

    /* trust */
    {"an unknown CA",
     CG_REASON_UNTRUSTED,
     "CN=stranger",
     {.recipe = "stranger: ca\nc: issuer=stranger", .sent = "stranger"}},
    {"a missing intermediate", CG_REASON_UNTRUSTED, "CN=sub", {.recipe = "c: issuer=sub"}},
    {"an intermediate as anchor does not end a path",
     CG_REASON_UNTRUSTED,
     NULL,
     {.recipe = "c: issuer=sub", .anchors = "other sub"}},
    {"self-signed", CG_REASON_SELF_SIGNED, NULL, {.recipe = "c:"}},
    {"a broken signature", CG_REASON_BAD_SIGNATURE, "signature", {.recipe = "c: issuer=root broken-signature"}},
    {"another CA of the same name signed it",
     CG_REASON_BAD_SIGNATURE,
     NULL,
     {.recipe = "c: issuer=root signer=other aki=none", .policy = CLIENT("\"strict\": false")}},

    /* time */
    {"expired", CG_REASON_EXPIRED, "2030-02-15T17:46:40Z, 30 days ago", {.recipe = "c: issuer=root days=-60..-30"}},
    {"not yet valid", CG_REASON_NOT_YET_VALID, "in 1 day", {.recipe = "c: issuer=root days=1..30"}},
    {"expired within the clock skew",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=root secs=-1000..-30", .policy = CLIENT("\"clock_skew\": \"60s\"")}},
    {"expired just beyond the clock skew",
     CG_REASON_EXPIRED,
     "1 minute ago",
     {.recipe = "c: issuer=root secs=-1000..-61", .policy = CLIENT("\"clock_skew\": \"60s\"")}},
    {"an expired intermediate",
     CG_REASON_CA_EXPIRED,
     "CN=old",
     {.recipe = "old: ca issuer=root days=-60..-30\nc: issuer=old", .sent = "old"}},
    {"an intermediate of tomorrow",
     CG_REASON_CA_NOT_YET_VALID,
     "CN=new",
     {.recipe = "new: ca issuer=root days=1..30\nc: issuer=new", .sent = "new"}},
    {"an expired anchor",
     CG_REASON_CA_EXPIRED,
     "CN=old",
     {.recipe = "old: ca days=-60..-30\nc: issuer=old", .anchors = "old"}},
    {"lives too long",
     CG_REASON_LIFETIME_TOO_LONG,
     "91 days",
     {.recipe = "c: issuer=root", .policy = CLIENT("\"max_lifetime\": \"90d\"")}},
    {"too little life left",
     CG_REASON_TOO_LITTLE_LIFE_LEFT,
     NULL,
     {.recipe = "c: issuer=root days=-1..5", .policy = CLIENT("\"min_remaining\": \"7d\"")}},
    {"a malformed notAfter", CG_REASON_MALFORMED, "notAfter", {.recipe = "c: issuer=root raw-not-after=301301000000Z"}},
    {"audited: no end is known",
     CG_REASON_EXPIRED,
     "'CN=c': malformed notBefore or notAfter",
     {.recipe = "c: issuer=root raw-not-after=301301000000Z",
      .policy = CLIENT("\"rules\": {\"malformed\": \"audit\"}")}},
    {"nor a beginning",
     CG_REASON_NOT_YET_VALID,
     "'CN=c': malformed notBefore or notAfter",
     {.recipe = "c: issuer=root raw-not-after=301301000000Z",
      .policy = CLIENT("\"rules\": {\"malformed\": \"audit\", \"expired\": \"audit\"}")}},
    {"nor a lifetime",
     CG_REASON_LIFETIME_TOO_LONG,
     "'CN=c': malformed notBefore or notAfter",
     {.recipe = "c: issuer=root raw-not-after=301301000000Z",
      .policy = CLIENT("\"rules\": {\"malformed\": \"audit\", \"expired\": \"off\", \"not_yet_valid\": \"off\"}, "
                       "\"max_lifetime\": \"90d\"")}},
    {"nor how much is left of it",
     CG_REASON_TOO_LITTLE_LIFE_LEFT,
     "'CN=c': malformed notBefore or notAfter",
     {.recipe = "c: issuer=root raw-not-after=301301000000Z",
      .policy = CLIENT("\"rules\": {\"malformed\": \"audit\", \"expired\": \"off\", \"not_yet_valid\": \"off\"}, "
                       "\"min_remaining\": \"1d\"")}},

    /* CAs */
    {"issued by an end entity",
     CG_REASON_NOT_A_CA,
     "CN=dev",
     {.recipe = "dev: issuer=root\nc: issuer=dev", .sent = "dev"}},
    {"a CA without keyCertSign",
     CG_REASON_CA_KEY_USAGE,
     NULL,
     {.recipe = "weak: ca issuer=root ku=critical,cRLSign\nc: issuer=weak", .sent = "weak"}},
    {"an anchor without keyCertSign",
     CG_REASON_CA_KEY_USAGE,
     "CN=weak",
     {.recipe = "weak: ca ku=critical,cRLSign\nc: issuer=weak", .anchors = "weak"}},
    {"pathlen 0 with an intermediate below",
     CG_REASON_PATH_LENGTH,
     NULL,
     {.recipe = "p: ca issuer=root bc=critical,CA:TRUE,pathlen:0\nq: ca issuer=p\nc: issuer=q", .sent = "p q"}},
    {"deeper than the policy",
     CG_REASON_TOO_DEEP,
     "1 intermediates",
     {.recipe = "c: issuer=sub", .sent = "sub", .policy = CLIENT("\"max_depth\": 0")}},
    {"a CA certificate as end entity",
     CG_REASON_CA_AS_END_ENTITY,
     NULL,
     {.recipe = "c: ca issuer=root eku=clientAuth ku=critical,keyCertSign,digitalSignature san=uri:urn:x"}},
    {"a proxy certificate of an end entity",
     CG_REASON_PROXY_CERTIFICATE,
     NULL,
     {.recipe = "dev: issuer=root subject=/CN=dev\nc: issuer=dev subject=/CN=dev/CN=proxy "
                "san=none proxy=critical,language:id-ppl-anyLanguage",
      .sent = "dev"}},
    {"a proxy certificate of the CA",
     CG_REASON_PROXY_CERTIFICATE,
     "proxyCertInfo",
     {.recipe = "c: issuer=root subject=/CN=root/CN=proxy san=none proxy=critical,language:id-ppl-anyLanguage"}},
    {"version 1", CG_REASON_NOT_V3, "version 1", {.recipe = "c: bare issuer=root version=1"}},
    {"serial number 0", CG_REASON_BAD_SERIAL, "zero", {.recipe = "c: issuer=root serial=0"}},
    {"a negative serial number", CG_REASON_BAD_SERIAL, "negative", {.recipe = "c: issuer=root serial=-5"}},
    {"a serial number of 20 octets",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=root serial=0x7fffffffffffffffffffffffffffffffffffffff"}},
    {"a serial number of 20 octets with its top bit set takes 21",
     CG_REASON_BAD_SERIAL,
     "longer",
     {.recipe = "c: issuer=root serial=0xffffffffffffffffffffffffffffffffffffffff"}},

    /* purpose */
    {"a broker's certificate as client", CG_REASON_WRONG_PURPOSE, "clientAuth", {.recipe = "c: server issuer=root"}},
    {"a client's certificate as broker",
     CG_REASON_WRONG_PURPOSE,
     "serverAuth",
     {.recipe = "c: issuer=root", .purpose = CG_PURPOSE_SERVER}},
    {"no EKU", CG_REASON_EKU_MISSING, NULL, {.recipe = "c: issuer=root eku=none"}},
    {"no EKU, allowed",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=root eku=none", .policy = CLIENT("\"eku\": {\"allow_missing\": true}")}},
    {"any EKU", CG_REASON_EKU_ANY, NULL, {.recipe = "c: issuer=root eku=anyExtendedKeyUsage"}},
    {"any EKU, allowed",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=root eku=anyExtendedKeyUsage", .policy = CLIENT("\"eku\": {\"allow_any\": true}")}},
    {"a CA for brokers issued a client",
     CG_REASON_CA_WRONG_PURPOSE,
     "CN=s",
     {.recipe = "s: ca issuer=root eku=serverAuth\nc: issuer=s", .sent = "s"}},
    {"a CA for clients issued a client",
     CG_REASON_OK,
     NULL,
     {.recipe = "s: ca issuer=root eku=clientAuth\nc: issuer=s", .sent = "s"}},
    {"key usage without digitalSignature",
     CG_REASON_KEY_USAGE,
     NULL,
     {.recipe = "c: issuer=root ku=critical,keyAgreement"}},

    /* keys and digests */
    {"RSA of 1024 bits", CG_REASON_KEY_SIZE, "1024", {.recipe = "c: issuer=root key=rsa1024"}},
    {"RSA of 2048 bits", CG_REASON_OK, NULL, {.recipe = "c: issuer=root key=rsa2048"}},
    {"RSA with exponent 3", CG_REASON_RSA_EXPONENT, "exponent 3", {.recipe = "c: issuer=root key=rsa2048-e3"}},
    {"RSA with a large exponent", CG_REASON_RSA_EXPONENT, "300 bits", {.recipe = "c: issuer=root key=rsa2048-e300"}},
    {"a curve that the policy does not know",
     CG_REASON_KEY_ALGORITHM,
     "secp256k1",
     {.recipe = "c: issuer=root key=secp256k1"}},
    {"explicit EC parameters",
     CG_REASON_EC_PARAMETERS,
     "explicit curve parameters",
     {.recipe = "c: issuer=root key=p256-explicit"}},
    {"DSA", CG_REASON_KEY_ALGORITHM, "DSA", {.recipe = "c: issuer=root key=dsa"}},
    {"Ed25519", CG_REASON_OK, NULL, {.recipe = "e: ca key=ed25519\nc: issuer=e key=ed25519", .anchors = "e"}},
    {"Ed448", CG_REASON_OK, NULL, {.recipe = "e: ca key=ed448\nc: issuer=e key=ed448", .anchors = "e"}},
    {"RSA-PSS", CG_REASON_OK, NULL, {.recipe = "e: ca key=rsapss2048\nc: issuer=e key=rsapss2048", .anchors = "e"}},
    {"an algorithm that the policy leaves out",
     CG_REASON_KEY_ALGORITHM,
     NULL,
     {.recipe = "c: issuer=root", .policy = CLIENT("\"key_algorithms\": [\"ed25519\"]")}},
    {"signed with SHA-1", CG_REASON_SIGNATURE_DIGEST, NULL, {.recipe = "c: issuer=root digest=sha1"}},
    {"an anchor signed with SHA-1 proves nothing by its signature",
     CG_REASON_OK,
     NULL,
     {.recipe = "old: ca digest=sha1\nc: issuer=old", .anchors = "old"}},

    /* names */
    {"NUL in the common name", CG_REASON_BAD_NAME, "subject", {.recipe = "c: issuer=root cn=good\\x00bad"}},
    {"a newline in the common name", CG_REASON_BAD_NAME, NULL, {.recipe = "c: issuer=root cn=a\\x0ab"}},
    {"a C1 control character", CG_REASON_BAD_NAME, NULL, {.recipe = "c: issuer=root cn=a\\xc2\\x85b"}},
    {"NUL in a SAN", CG_REASON_BAD_NAME, "subjectAltName", {.recipe = "c: issuer=root san=dns:a.example\\x00.evil"}},
    {"no SAN", CG_REASON_SAN_MISSING, NULL, {.recipe = "c: issuer=root san=none"}},
    {"a SAN of another type",
     CG_REASON_SAN_TYPE,
     "uri",
     {.recipe = "c: issuer=root san=dns:a.example", .policy = CLIENT("\"san_required\": [\"uri\"]")}},
    {"a SAN of a type that may not occur",
     CG_REASON_SAN_TYPE,
     "ip:127.0.0.1",
     {.recipe = "c: issuer=root san=uri:urn:a,ip:127.0.0.1",
      .policy = CLIENT("\"san_required\": [\"uri\"], \"san_allowed\": [\"uri\"]")}},
    {"an IP SAN of five octets", CG_REASON_SAN_MALFORMED, NULL, {.recipe = "c: issuer=root san=iphex:0102030405"}},
    {"an empty label", CG_REASON_SAN_MALFORMED, "a..b", {.recipe = "c: issuer=root san=dns:a..b"}},
    {"a trailing dot", CG_REASON_SAN_MALFORMED, NULL, {.recipe = "c: issuer=root san=dns:a.b."}},
    {"another host",
     CG_REASON_HOST_MISMATCH,
     "'broker.lan'",
     {.recipe = "c: server issuer=root", .purpose = CG_PURPOSE_SERVER, .host = "broker.lan"}},
    {"an address in a DNS name is no address",
     CG_REASON_HOST_MISMATCH,
     NULL,
     {.recipe = "c: server issuer=root san=dns:127.0.0.1", .purpose = CG_PURPOSE_SERVER, .host = "127.0.0.1"}},
    {"a common name is no host name",
     CG_REASON_HOST_MISMATCH,
     NULL,
     {.recipe = "c: server issuer=root cn=broker.lan san=uri:urn:x",
      .purpose = CG_PURPOSE_SERVER,
      .host = "broker.lan"}},
    {"the policy's names are not all covered",
     CG_REASON_HOST_MISMATCH,
     "'b.lan'",
     {.recipe = "c: server issuer=root san=dns:a.lan",
      .purpose = CG_PURPOSE_SERVER,
      .policy = ", \"server\": {\"names\": [\"a.lan\", \"b.lan\"]}"}},

    /* name constraints */
    {"a name outside of the permitted",
     CG_REASON_NAME_CONSTRAINTS,
     NULL,
     {.recipe = "n: ca issuer=root nc=critical,permitted;DNS:example.com\nc: issuer=n san=dns:a.example.org",
      .sent = "n"}},
    {"a name inside of the permitted",
     CG_REASON_OK,
     NULL,
     {.recipe = "n: ca issuer=root nc=critical,permitted;DNS:example.com\nc: issuer=n san=dns:a.example.com",
      .sent = "n"}},
    {"a wildcard that reaches into the excluded",
     CG_REASON_NAME_CONSTRAINTS,
     "*.example.com",
     {.recipe = "n: ca issuer=root nc=critical,excluded;DNS:secret.example.com\nc: issuer=n san=dns:*.example.com",
      .sent = "n"}},
    {"a wildcard beside the excluded",
     CG_REASON_OK,
     NULL,
     {.recipe = "n: ca issuer=root nc=critical,excluded;DNS:secret.example.org\nc: issuer=n san=dns:*.example.com",
      .sent = "n"}},
    {"a wildcard out of the permitted",
     CG_REASON_NAME_CONSTRAINTS,
     NULL,
     {.recipe = "n: ca issuer=root nc=critical,permitted;DNS:a.example.com\nc: issuer=n san=dns:*.example.com",
      .sent = "n"}},
    {"a dotted common name outside of the permitted",
     CG_REASON_NAME_CONSTRAINTS,
     NULL,
     {.recipe = "n: ca issuer=root nc=critical,permitted;DNS:example.com\nc: issuer=n cn=a.example.org san=uri:urn:x",
      .sent = "n"}},
    {"a wildcard common name outside of the permitted",
     CG_REASON_NAME_CONSTRAINTS,
     "*.example.org",
     {.recipe = "n: ca issuer=root nc=critical,permitted;DNS:example.com\nc: issuer=n cn=*.example.org san=uri:urn:x",
      .sent = "n"}},
    {"an anchor's name constraints hold",
     CG_REASON_NAME_CONSTRAINTS,
     NULL,
     {.recipe = "n: ca nc=critical,permitted;DNS:example.com\nc: issuer=n san=dns:a.example.org", .anchors = "n"}},

    /* certificate policies */
    {"the policy that is wanted",
     CG_REASON_OK,
     NULL,
     {.recipe = "p: ca issuer=root policies=1.2.3.4\nc: issuer=p policies=1.2.3.4",
      .sent = "p",
      .policy = OIDS("\"oids\": [\"1.2.3.4\"], \"require_explicit\": true")}},
    {"another policy than is wanted",
     CG_REASON_CERTIFICATE_POLICIES,
     NULL,
     {.recipe = "p: ca issuer=root policies=1.2.3.5\nc: issuer=p policies=1.2.3.5",
      .sent = "p",
      .policy = OIDS("\"oids\": [\"1.2.3.4\"], \"require_explicit\": true")}},
    {"requireExplicitPolicy of a CA holds without any wish of the policy",
     CG_REASON_CERTIFICATE_POLICIES,
     NULL,
     {.recipe = "p: ca issuer=root policy-constraints=critical,requireExplicitPolicy:0\nc: issuer=p", .sent = "p"}},
    {"requireExplicitPolicy is met by any policy",
     CG_REASON_OK,
     NULL,
     {.recipe = "p: ca issuer=root policies=1.2.3.4 policy-constraints=critical,requireExplicitPolicy:0\nc: issuer=p "
                "policies=1.2.3.4",
      .sent = "p"}},
    {"certificate policies without one",
     CG_REASON_CERTIFICATE_POLICIES,
     NULL,
     {.recipe = "c: issuer=root ext=2.5.29.32=3000"}},
    /* over these two OpenSSL 3.0 loses memory */
    {"certificate policies without one, and constraints that demand none",
     CG_REASON_CERTIFICATE_POLICIES,
     NULL,
     {.recipe = "p: ca issuer=root ext=2.5.29.32=3000 policy-constraints=critical,requireExplicitPolicy:5\nc: issuer=p",
      .sent = "p"}},
    {"certificate policies with one twice, and constraints that demand none",
     CG_REASON_CERTIFICATE_POLICIES,
     NULL,
     {.recipe = "p: ca issuer=root ext=2.5.29.32=300c300406022a03300406022a03 "
                "policy-constraints=critical,requireExplicitPolicy:5\nc: issuer=p",
      .sent = "p"}},
    {"requireExplicitPolicy of the anchor holds",
     CG_REASON_CERTIFICATE_POLICIES,
     NULL,
     {.recipe = "p: ca policy-constraints=critical,requireExplicitPolicy:0\nc: issuer=p", .anchors = "p"}},
    {"requireExplicitPolicy of the anchor that this path is too short for",
     CG_REASON_OK,
     NULL,
     {.recipe = "p: ca policy-constraints=critical,requireExplicitPolicy:5\nc: issuer=p", .anchors = "p"}},
    {"inhibitAnyPolicy of the anchor holds",
     CG_REASON_CERTIFICATE_POLICIES,
     NULL,
     {.recipe = "p: ca inhibit-any=critical,0\nc: issuer=p policies=2.5.29.32.0",
      .anchors = "p",
      .policy = OIDS("\"require_explicit\": true")}},
    {"the anchor's own policies bound what is acceptable",
     CG_REASON_CERTIFICATE_POLICIES,
     NULL,
     {.recipe = "p: ca policies=1.2.3.4\nc: issuer=p policies=1.2.3.5",
      .anchors = "p",
      .policy = OIDS("\"require_explicit\": true")}},
    {"the anchor's own policies, met",
     CG_REASON_OK,
     NULL,
     {.recipe = "p: ca policies=1.2.3.4\nc: issuer=p policies=1.2.3.4",
      .anchors = "p",
      .policy = OIDS("\"require_explicit\": true")}},

    /* extensions and subject */
    {"an unknown critical extension",
     CG_REASON_UNKNOWN_CRITICAL_EXTENSION,
     "1.2.3.4.5",
     {.recipe = "c: issuer=root ext=critical,1.2.3.4.5=0c0161"}},
    {"an unknown critical extension that the policy requires is known",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=root ext=critical,1.2.3.4.5=0c0161",
      .policy = CLIENT("\"extensions\": [{\"oid\": \"1.2.3.4.5\", \"required\": true, \"text\": \"a\"}]")}},
    {"a required extension is missing",
     CG_REASON_EXTENSION_MISSING,
     "1.2.3.4.5",
     {.recipe = "c: issuer=root", .policy = CLIENT("\"extensions\": [{\"oid\": \"1.2.3.4.5\", \"required\": true}]")}},
    {"a required extension has another value",
     CG_REASON_EXTENSION_VALUE,
     "'b'",
     {.recipe = "c: issuer=root ext=1.2.3.4.5=0c0161",
      .policy = CLIENT("\"extensions\": [{\"oid\": \"1.2.3.4.5\", \"required\": true, \"text\": \"b\"}]")}},
    {"a required extension by hex",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=root ext=1.2.3.4.5=0c0161",
      .policy = CLIENT("\"extensions\": [{\"oid\": \"1.2.3.4.5\", \"required\": true, \"hex\": \"0c0161\"}]")}},
    {"a forbidden extension",
     CG_REASON_EXTENSION_FORBIDDEN,
     NULL,
     {.recipe = "c: issuer=root ext=1.2.3.4.5=0c0161",
      .policy = CLIENT("\"extensions\": [{\"oid\": \"1.2.3.4.5\", \"forbidden\": true}]")}},
    {"another organization",
     CG_REASON_SUBJECT_MISMATCH,
     "'Plant'",
     {.recipe = "c: issuer=root subject=/O=Other/CN=c",
      .policy = CLIENT("\"subject\": [{\"attribute\": \"O\", \"equals\": \"Plant\"}]")}},
    {"the right organization and a wrong one",
     CG_REASON_SUBJECT_MISMATCH,
     NULL,
     {.recipe = "c: issuer=root subject=/O=Plant/O=Other/CN=c",
      .policy = CLIENT("\"subject\": [{\"attribute\": \"O\", \"equals\": \"Plant\"}]")}},
    {"a pattern of the common name",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=root cn=dev-7",
      .policy = CLIENT("\"subject\": [{\"attribute\": \"CN\", \"pattern\": \"dev-*\"}]")}},

    /* lists */
    {"on the deny list by issuer and serial",
     CG_REASON_DENY_LISTED,
     ": lost",
     {.recipe = "c: issuer=root serial=0x1234",
      .policy = ", \"deny\": [{\"serial\": \"1234\", \"issuer\": \"CN=root\", \"note\": \"lost\"}]"}},
    {"not on the allow list",
     CG_REASON_NOT_ALLOW_LISTED,
     "SHA-256",
     {.recipe = "c: issuer=root", .policy = ", \"allow\": [{\"serial\": \"1234\", \"issuer\": \"CN=root\"}]"}},
    {"on the allow list",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=root serial=0x1234",
      .policy = ", \"allow\": [{\"serial\": \"1234\", \"issuer\": \"CN=root\"}]"}},

    /* revocation */
    {"revoked",
     CG_REASON_REVOKED,
     "keyCompromise",
     {.recipe = "c: issuer=root serial=7\nl: crl issuer=root revoke=c:keyCompromise", .crls = "l"}},
    {"not revoked", CG_REASON_OK, NULL, {.recipe = "c: issuer=root\nl: crl issuer=root revoke=0x99", .crls = "l"}},
    {"a revoked intermediate",
     CG_REASON_REVOKED,
     "CN=sub",
     {.recipe = "c: issuer=sub\nl: crl issuer=root revoke=sub\nm: crl issuer=sub",
      .intermediates = "sub",
      .crls = "l m"}},
    {"no CRL of the intermediate",
     CG_REASON_CRL_MISSING,
     "CN=sub",
     {.recipe = "c: issuer=sub\nl: crl issuer=root", .sent = "sub", .crls = "l"}},
    {"an expired CRL",
     CG_REASON_CRL_EXPIRED,
     NULL,
     {.recipe = "c: issuer=root\nl: crl issuer=root days=-9..-1", .crls = "l"}},

    /* strict */
    {"no authority key identifier", CG_REASON_STRICT, NULL, {.recipe = "c: issuer=root aki=none"}},
    {"no authority key identifier, not strict",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: issuer=root aki=none", .policy = CLIENT("\"strict\": false")}},

    /* precedence and modes */
    {"expired is told before purpose", CG_REASON_EXPIRED, NULL, {.recipe = "c: server issuer=root days=-60..-30"}},
    {"an audited rule lets the client in",
     CG_REASON_OK,
     NULL,
     {.recipe = "c: server issuer=root", .policy = CLIENT("\"rules\": {\"wrong_purpose\": \"audit\"}")}},
};

static const char base_recipe[] = "root: ca days=-100..3000\nother: ca days=-100..3000\nsub: ca issuer=root";

static void every_row_gets_its_reason(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, base_recipe);
    size_t mark = cg_pki_mark(pki);
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_verdict verdict;
        fixture_check(pki, &rows[i].with, &verdict);
        bool right = verdict.reason == rows[i].reason &&
                     verdict.decision == (rows[i].reason == CG_REASON_OK ? CG_ACCEPT : CG_DENY) &&
                     (!rows[i].words || strstr(verdict.detail, rows[i].words));
        if (!right)
            print_error("%s: expected %s (%s), got %s: %s\n", rows[i].says, cg_reason_row(rows[i].reason)->code,
                        rows[i].words ? rows[i].words : "", cg_reason_row(verdict.reason)->code, verdict.detail);
        wrong += !right;
        assert_true(verdict.decision == CG_DENY || (verdict.path && verdict.not_after > 0));
        cg_verdict_clear(&verdict);
        cg_pki_rewind(pki, mark);
    }
    assert_int_equal(wrong, 0);
    cg_pki_free(pki);
}

static void an_audited_finding_is_kept(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    const struct fixture_case row = {.recipe = "root: ca\nc: issuer=root days=-60..-30",
                                     .policy = CLIENT("\"rules\": {\"expired\": \"audit\"}")};
    struct cg_verdict verdict;
    fixture_check(pki, &row, &verdict);
    assert_int_equal(verdict.decision, CG_ACCEPT);
    assert_non_null(cg_verdict_audited(&verdict));
    assert_int_equal(cg_verdict_audited(&verdict)->reason, CG_REASON_EXPIRED);
    assert_true(verdict.not_after > FIXTURE_NOW); /* its end ends no session */
    cg_verdict_clear(&verdict);
    cg_pki_free(pki);
}

/* Whom the rules on trust only audit, the rules on time still end. */
static void an_audited_untrusted_certificate_has_an_end(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        bool ends;
    } kinds[] = {
        {CLIENT("\"rules\": {\"untrusted\": \"audit\"}"), true},
        {CLIENT("\"rules\": {\"untrusted\": \"audit\", \"ca_expired\": \"audit\"}"), true},
        {CLIENT("\"rules\": {\"untrusted\": \"audit\", \"expired\": \"audit\"}"), false},
    };
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, "root: ca\nodd: ca\nc: issuer=odd days=-60..30");
    int64_t end = 0;
    assert_true(cg_time_seconds(X509_get0_notAfter(cg_pki_cert(pki, "c")), &end));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct fixture_case row = {.policy = kinds[i].policy};
        struct cg_verdict verdict;
        fixture_check(pki, &row, &verdict);
        assert_int_equal(verdict.decision, CG_ACCEPT);
        assert_null(verdict.path);
        assert_int_equal(verdict.not_after, kinds[i].ends ? end : CG_TIME_NO_END);
        cg_verdict_clear(&verdict);
    }
    cg_pki_free(pki);
}

/* Nobody vouches for it, and much else is wrong: enforced, that one rule is the whole verdict; audited, the others
 * count. */
static void an_untrusted_certificate_gets_one_rule(void **state)
{
    (void)state;
    static const struct {
        enum cg_reason reason;
        const char *code, *recipe;
    } kinds[] = {
        {CG_REASON_UNTRUSTED, "untrusted", "root: ca\nodd: ca\nc: issuer=odd days=-60..-30 san=none"},
        {CG_REASON_SELF_SIGNED, "self_signed", "root: ca\nc: days=-60..-30 san=none"},
        {CG_REASON_BAD_SIGNATURE, "bad_signature", "root: ca\nc: issuer=root days=-60..-30 san=none broken-signature"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char audit[120];
        snprintf(audit, sizeof audit, ", \"client\": {\"rules\": {\"untrusted\": \"audit\", \"%s\": \"audit\"}}",
                 i ? kinds[i].code : "self_signed");
        const struct fixture_case enforced = {.recipe = kinds[i].recipe},
                                  audited = {.recipe = kinds[i].recipe, .policy = audit};
        struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
        struct cg_verdict verdict;
        fixture_check(pki, &enforced, &verdict);
        assert_int_equal(verdict.decision, CG_DENY);
        assert_int_equal(verdict.reason, kinds[i].reason);
        assert_int_equal(verdict.nfindings, 1);
        cg_verdict_clear(&verdict);
        cg_pki_free(pki);
        pki = cg_pki_new(FIXTURE_NOW);
        fixture_check(pki, &audited, &verdict);
        assert_int_equal(verdict.decision, CG_DENY);
        assert_int_equal(verdict.reason, CG_REASON_EXPIRED);
        assert_true(verdict.nfindings >= 3);
        cg_verdict_clear(&verdict);
        cg_pki_free(pki);
    }
}

/* A session began while the policy only audited its signatures; now the policy enforces them. */
static void an_audited_signature_is_not_known(void **state)
{
    (void)state;
    static const char *const recipes[] = {"i: ca issuer=root\nc: issuer=i broken-signature",
                                          "i: ca issuer=root broken-signature\nc: issuer=i",
                                          "i: ca issuer=root\nc: issuer=i"};
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
        struct fixture_case row = {
            .recipe = "root: ca", .sent = "i", .policy = CLIENT("\"rules\": {\"bad_signature\": \"audit\"}")};
        struct cg_verdict audited;
        cg_pki_make(pki, row.recipe);
        row.recipe = recipes[i];
        fixture_check(pki, &row, &audited);
        assert_int_equal(audited.decision, CG_ACCEPT);
        assert_int_equal(audited.signatures_hold, i == 2);
        cg_verdict_clear(&audited);
        cg_pki_free(pki);
    }
}

static void missing_inputs_deny(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    const struct fixture_case row = {.recipe = "root: ca\nc: issuer=root"};
    struct fixture_inputs inputs;
    struct cg_verdict verdict;
    fixture_open(pki, &row, &inputs);
    struct cg_check_input broken[5] = {inputs.check, inputs.check, inputs.check, inputs.check, inputs.check};
    broken[0].profile = NULL;
    broken[1].trust = NULL;
    broken[2].leaf = NULL;
    broken[3].purpose = CG_PURPOSE_NONE;
    const enum cg_reason reasons[] = {CG_REASON_NO_SNAPSHOT, CG_REASON_NO_SNAPSHOT, CG_REASON_NO_CERTIFICATE,
                                      CG_REASON_INTERNAL_ERROR, CG_REASON_OK};
    for (size_t i = 0; i < 5; i++) {
        cg_check(&broken[i], &verdict);
        assert_int_equal(verdict.reason, reasons[i]);
        assert_int_equal(verdict.decision, i == 4 ? CG_ACCEPT : CG_DENY);
        cg_verdict_clear(&verdict);
    }
    cg_check(NULL, &verdict);
    assert_int_equal(verdict.reason, CG_REASON_NO_SNAPSHOT);
    fixture_close(&inputs);
    cg_pki_free(pki);
}

static void rules_are_in_order_of_precedence(void **state)
{
    (void)state;
    for (size_t i = 1; i < cg_rules_count(); i++)
        assert_true(cg_rules_reason(i - 1) < cg_rules_reason(i));
    /* all except the three that are checked before there is a path */
    assert_int_equal(cg_rules_count(), CG_REASON_PATH_OTHER - CG_REASON_CHAIN_TOO_LARGE);
    assert_int_equal(cg_rules_reason(cg_rules_count()), CG_REASON_UNSET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_gets_its_reason),
        cmocka_unit_test(an_audited_finding_is_kept),
        cmocka_unit_test(an_audited_untrusted_certificate_has_an_end),
        cmocka_unit_test(an_untrusted_certificate_gets_one_rule),
        cmocka_unit_test(an_audited_signature_is_not_known),
        cmocka_unit_test(missing_inputs_deny),
        cmocka_unit_test(rules_are_in_order_of_precedence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
