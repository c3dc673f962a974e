/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_keys.h"

#include "core/base/datetime.h"
#include "policy_check.h"
#include "policy_draft.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define AT(type, field) .offset = offsetof(type, field), .size = sizeof(((type *)NULL)->field)

#define TLS_1_2   0x0303
#define TLS_1_3   0x0304
#define LISTENER  (CG_IN_TOP | CG_IN_LISTENER)
#define PROFILE   (CG_IN_CLIENT | CG_IN_SERVER | CG_IN_BRIDGE)
#define ANY       (LISTENER | PROFILE)
#define HAS_TRUST (CG_IN_TOP | CG_IN_TOP_SERVER | CG_IN_BRIDGE)

static const struct cg_word mode_words[] = {{"enforce", CG_ENFORCE}, {"audit", CG_AUDIT}, {0}};
static const struct cg_word rule_words[] = {{"enforce", CG_ENFORCE}, {"audit", CG_AUDIT}, {"off", CG_OFF}, {0}};
static const struct cg_word deny_words[] = {{"deny", false}, {"allow", true}, {0}};
static const struct cg_word version_words[] = {{"1.2", TLS_1_2}, {"1.3", TLS_1_3}, {0}};
static const struct cg_word resumption_words[] = {{"off", CG_RESUMPTION_OFF}, {"bound", CG_RESUMPTION_BOUND}, {0}};
static const struct cg_word session_words[] = {{"end", CG_SESSION_END}, {"report", CG_SESSION_REPORT}, {0}};
static const struct cg_word use_words[] = {
    {"required", CG_CERT_REQUIRED}, {"optional", CG_CERT_OPTIONAL}, {"none", CG_CERT_NONE}, {0}};
static const struct cg_word client_id_words[] = {
    {"any", CG_CLIENT_ID_ANY}, {"equal", CG_CLIENT_ID_EQUAL}, {"prefix", CG_CLIENT_ID_PREFIX}, {0}};
static const struct cg_word identity_words[] = {{"none", CG_IDENTITY_NONE},
                                                {"san.uri", CG_IDENTITY_SAN_URI},
                                                {"san.dns", CG_IDENTITY_SAN_DNS},
                                                {"san.email", CG_IDENTITY_SAN_EMAIL},
                                                {"cn", CG_IDENTITY_CN},
                                                {"subject", CG_IDENTITY_SUBJECT},
                                                {0}};
static const struct cg_word algorithm_words[] = {
    {"rsa", CG_KEY_RSA},          {"rsa-pss", CG_KEY_RSA_PSS},  {"ec:P-256", CG_KEY_EC_P256},
    {"ec:P-384", CG_KEY_EC_P384}, {"ec:P-521", CG_KEY_EC_P521}, {"ed25519", CG_KEY_ED25519},
    {"ed448", CG_KEY_ED448},      {"ml-dsa", CG_KEY_ML_DSA},    {0}};
static const struct cg_word digest_words[] = {{"sha256", CG_DIGEST_SHA256}, {"sha384", CG_DIGEST_SHA384},
                                              {"sha512", CG_DIGEST_SHA512}, {"sha3", CG_DIGEST_SHA3},
                                              {"sha224", CG_DIGEST_SHA224}, {0}};
static const struct cg_word san_words[] = {
    {"dns", CG_SAN_DNS},         {"ip", CG_SAN_IP},   {"uri", CG_SAN_URI},     {"email", CG_SAN_EMAIL},
    {"dirname", CG_SAN_DIRNAME}, {"rid", CG_SAN_RID}, {"other", CG_SAN_OTHER}, {0}};

#define ALL_SANS "[\"dns\", \"ip\", \"uri\", \"email\", \"dirname\", \"rid\", \"other\"]"

/* clang-format off: one row, one key */

static const struct cg_key extension_keys[] = {
    {"oid", CG_TYPE_OID, ANY, AT(struct cg_extension_rule, oid), .required = true,
     .manual = "The OID of the extension."},
    {"required", CG_TYPE_TRUE, ANY, AT(struct cg_extension_rule, forbidden), .group = 1, .min = false,
     .manual = "The leaf must have it. An entry with neither required nor forbidden means the same."},
    {"forbidden", CG_TYPE_TRUE, ANY, AT(struct cg_extension_rule, forbidden), .group = 1, .min = true,
     .manual = "The leaf must not have it."},
    {"text", CG_TYPE_MATCH, ANY, AT(struct cg_extension_rule, match), .group = 2, .min = CG_MATCH_EQUAL,
     .manual = "Its value is a DER string with this text."},
    {"one_of", CG_TYPE_MATCH, ANY, AT(struct cg_extension_rule, match), .group = 2, .min = CG_MATCH_ONE_OF,
     .manual = "Its value is a DER string with one of these texts."},
    {"pattern", CG_TYPE_MATCH, ANY, AT(struct cg_extension_rule, match), .group = 2, .min = CG_MATCH_PATTERN,
     .manual = "Its value is a DER string that matches this pattern (*, ?, [a-z])."},
    {"hex", CG_TYPE_MATCH, ANY, AT(struct cg_extension_rule, match), .group = 2, .min = CG_MATCH_HEX,
     .manual = "Its value is exactly these bytes, the contents of extnValue in DER."},
    {0}};
static const struct cg_object extension_object = {extension_keys, sizeof(struct cg_extension_rule), cg_check_extension};

static const struct cg_key subject_keys[] = {
    {"attribute", CG_TYPE_ATTRIBUTE, ANY, AT(struct cg_subject_rule, attribute), .required = true,
     .manual = "The attribute of the subject, for example O, OU, CN, C, L, ST or serialNumber."},
    {"equals", CG_TYPE_MATCH, ANY, AT(struct cg_subject_rule, match), .group = 1, .min = CG_MATCH_EQUAL,
     .manual = "Every occurrence is this text."},
    {"one_of", CG_TYPE_MATCH, ANY, AT(struct cg_subject_rule, match), .group = 1, .min = CG_MATCH_ONE_OF,
     .manual = "Every occurrence is one of these texts."},
    {"pattern", CG_TYPE_MATCH, ANY, AT(struct cg_subject_rule, match), .group = 1, .min = CG_MATCH_PATTERN,
     .manual = "Every occurrence matches this pattern (*, ?, [a-z])."},
    {0}};
static const struct cg_object subject_object = {subject_keys, sizeof(struct cg_subject_rule), NULL};

#define CERTIFICATE_KEYS                                                                                               \
    {"sha256",   CG_TYPE_SHA256,                                                                                       \
     ANY,        AT(struct cg_certificate_match, sha256),                                                              \
     .group = 1, .manual = "SHA-256 of the DER certificate (openssl x509 -fingerprint -sha256)."},                     \
        {"spki_sha256",                                                                                                \
         CG_TYPE_SHA256,                                                                                               \
         ANY,                                                                                                          \
         AT(struct cg_certificate_match, spki_sha256),                                                                 \
         .group = 1,                                                                                                   \
         .manual = "SHA-256 of the DER SubjectPublicKeyInfo (the public key). It matches every certificate with this " \
                   "key."},                                                                                            \
        {"serial",   CG_TYPE_SERIAL,                                                                                   \
         ANY,        AT(struct cg_certificate_match, serial),                                                          \
         .group = 1, .manual = "The serial number of the certificate; issuer is then required."},                      \
        {"issuer", CG_TYPE_STRING, ANY, AT(struct cg_certificate_match, issuer),                                       \
         .manual = "The issuer's name as RFC 4514 text, such as \"CN=Plant CA,O=Plant\" (certguard inspect prints "    \
                   "it)."},                                                                                            \
    {                                                                                                                  \
        "note", CG_TYPE_STRING, ANY, AT(struct cg_certificate_match, note), .manual = "A remark, shown in the event."  \
    }

static const struct cg_key certificate_keys[] = {CERTIFICATE_KEYS, {0}};
static const struct cg_object certificate_object = {certificate_keys, sizeof(struct cg_certificate_match),
                                                    cg_check_certificate_match};

/* Of clients with rights on the control topic. */
static const struct cg_key caller_keys[] = {
    {"identity", CG_TYPE_STRING, CG_IN_TOP, AT(struct cg_certificate_match, identity), .group = 1,
     .manual = "The user name that identity.username takes from the certificate. It also matches the certificates by "
               "which this one is renewed; the other keys match one certificate or one key."},
    CERTIFICATE_KEYS,
    {0}};
static const struct cg_object caller_object = {caller_keys, sizeof(struct cg_certificate_match), cg_check_caller_match};

static const struct cg_key renewal_keys[] = {
    {"spool", CG_TYPE_PATH, CG_IN_TOP, AT(struct cg_renewal_policy, spool), .required = true,
     .manual = "A folder for requests and answers. The plugin creates it (mode 0750) and requests/ in it. Each broker "
               "needs its own."},
    {"signers", CG_TYPE_LIST, CG_IN_TOP, .offset = offsetof(struct cg_renewal_policy, signers.item),
     .count_offset = offsetof(struct cg_renewal_policy, signers.count), .fallback = "[]", .object = &caller_object,
     .manual = "Certificates of clients that may fetch requests and deliver certificates over the control topic, for "
               "`certguard requests --broker`. Entries have the keys of admin."},
    {"move_from", CG_TYPE_LIST, CG_IN_TOP, .offset = offsetof(struct cg_renewal_policy, move_from.item),
     .count_offset = offsetof(struct cg_renewal_policy, move_from.count), .fallback = "[]",
     .object = &certificate_object,
     .manual = "CAs that are being replaced. A certificate with one of them in its path is due at once, spread over 14 "
               "days, and may be renewed before half of its lifetime. Entries have the keys of deny."},
    {"statements", CG_TYPE_PATHS, CG_IN_TOP, AT(struct cg_renewal_policy, statements),
     .manual = "Files with signed statements about new and dropped roots, in the order in which devices fetch them "
               "(anchor 1, anchor 2, ...), at most 64 of at most 16 KiB each. If one cannot be used, the broker keeps "
               "all previous ones. See renewal.md."},
    {0}};
static const struct cg_object renewal_object = {renewal_keys, sizeof(struct cg_renewal_policy), cg_check_renewal};

static const struct cg_key trust_keys[] = {
    {"anchors", CG_TYPE_PATHS, HAS_TRUST, AT(struct cg_trust_draft, files.anchors),
     .manual = "Files with the self-signed CA certificates that are trusted, PEM or DER. The system's trust store is "
               "never used."},
    {"intermediate_anchors", CG_TYPE_PATHS, HAS_TRUST, AT(struct cg_trust_draft, files.intermediate_anchors),
     .manual = "Files with CA certificates that are trusted although they are not self-signed roots, for example one "
               "issuing CA of a corporate root that is not trusted as a whole. Their path length, name constraints "
               "and dates apply, as for a root. No CRL is checked for such an anchor itself: remove it from the "
               "file when it is revoked."},
    {"intermediates", CG_TYPE_PATHS, HAS_TRUST, AT(struct cg_trust_draft, files.intermediates),
     .manual = "Files with CA certificates that complete the chain if a peer sends too few."},
    {"crls", CG_TYPE_PATHS, HAS_TRUST, AT(struct cg_trust_draft, files.crls),
     .manual = "Files with certificate revocation lists (CRLs), PEM or DER. A folder means its *.crl, *.pem and *.der "
               "files. A CRL is refused if it has version 1, if it has no nextUpdate, or if an extension is marked "
               "critical or not critical contrary to RFC 5280 5.2 and 5.3 (issuingDistributionPoint may be either)."},
    {"crl_required", CG_TYPE_AUTO, HAS_TRUST, AT(struct cg_trust_draft, crl_required), .fallback = "\"auto\"",
     .manual = "Whether every CA in the path must have a CRL. \"auto\": true if crls names any, else false."},
    {"crl_max_age", CG_TYPE_SECONDS, HAS_TRUST, AT(struct cg_trust_draft, crl_max_age), .fallback = "\"0s\"",
     .max = 3650 * CG_DAY,
     .manual = "Refuse a CRL this long after its thisUpdate, even before its nextUpdate. 0s: no limit."},
    {"crl_grace", CG_TYPE_SECONDS, HAS_TRUST, AT(struct cg_trust_draft, crl_grace), .fallback = "\"0s\"",
     .max = 90 * CG_DAY, .manual = "Keep using a CRL for this long after its nextUpdate."},
    {"crl_extended", CG_TYPE_BOOL, HAS_TRUST, AT(struct cg_trust_draft, files.crl_extended), .fallback = "false",
     .manual = "Use delta CRLs (only the changes since a full CRL) and indirect CRLs (signed by another CA than the "
               "one that issued the certificates), and accept CRLs that have no number or are signed with SHA-1. If "
               "false, all of these are refused. CRLs of version 1 or without nextUpdate are always refused."},
    {0}};
static const struct cg_object trust_object = {trust_keys, sizeof(struct cg_trust_draft), cg_check_trust};

static const struct cg_key log_keys[] = {
    {"file", CG_TYPE_PATH, CG_IN_TOP, AT(struct cg_log_policy, file), .max = 1,
     .manual = "The event log, in JSON Lines format. \"-\" or not set: no file. The broker's own log always gets one "
               "short line per event."},
    {"syslog", CG_TYPE_BOOL, CG_IN_TOP, AT(struct cg_log_policy, syslog), .fallback = "false",
     .manual = "Also send events to syslog."},
    {"accepted", CG_TYPE_BOOL, CG_IN_TOP, AT(struct cg_log_policy, accepted), .fallback = "false",
     .manual = "Also write an event for each accepted handshake."},
    {"burst", CG_TYPE_INTEGER, CG_IN_TOP, AT(struct cg_log_policy, burst), .fallback = "5", .min = 1, .max = 1000000,
     .manual = "How many events per address and reason are written in one window. Further ones are counted in one "
               "\"suppressed\" event."},
    {"window", CG_TYPE_MILLISECONDS, CG_IN_TOP, AT(struct cg_log_policy, window_ms), .fallback = "\"60s\"", .min = 100,
     .max = 3600000, .manual = "The length of the window for burst."},
    {"daily_limit", CG_TYPE_BYTES, CG_IN_TOP, AT(struct cg_log_policy, daily_limit), .fallback = "\"100MiB\"",
     .min = 1 << 20, .max = (int64_t)1 << 40,
     .manual = "Bytes per day that events caused by peers may take in the event log, from all addresses together. "
               "Half is for refusals, four tenths for audited clients, one tenth for bridges. Further events are "
               "counted in \"suppressed\" events. handshake_accepted events are not limited."},
    {0}};
static const struct cg_object log_object = {log_keys, sizeof(struct cg_log_policy), NULL};

static const struct cg_key tls_keys[] = {
    {"min_version", CG_TYPE_ENUM, LISTENER | CG_IN_BRIDGE, AT(struct cg_tls_policy, min_version), .fallback = "\"1.2\"",
     .words = version_words, .manual = "The lowest TLS version."},
    {"groups", CG_TYPE_STRING, LISTENER | CG_IN_BRIDGE, AT(struct cg_tls_policy, groups),
     .manual = "Key exchange groups as an OpenSSL list, such as \"X25519:P-256\". Not set: OpenSSL's default."},
    {"ciphersuites", CG_TYPE_STRING, LISTENER | CG_IN_BRIDGE, AT(struct cg_tls_policy, ciphersuites),
     .manual = "TLS 1.3 cipher suites as an OpenSSL list. Not set: OpenSSL's default."},
    {"ciphers", CG_TYPE_STRING, LISTENER | CG_IN_BRIDGE, AT(struct cg_tls_policy, ciphers),
     .manual = "TLS 1.2 cipher suites as an OpenSSL list. Not set: only those with forward secrecy and authenticated "
               "encryption (AEAD)."},
    {"insecure_ciphers", CG_TYPE_BOOL, LISTENER | CG_IN_BRIDGE, AT(struct cg_tls_policy, insecure_ciphers),
     .fallback = "false",
     .manual = "For devices that cannot do better. ciphers and ciphersuites may then name suites without encryption, "
               "without forward secrecy, without AEAD or with authentication tags of 8 bytes, and may set OpenSSL's "
               "security level (@SECLEVEL) below 2."},
    {"handshake_timeout", CG_TYPE_MILLISECONDS, LISTENER | CG_IN_BRIDGE, AT(struct cg_tls_policy, handshake_timeout_ms),
     .fallback = "\"10s\"", .min = 100, .max = 600000,
     .manual = "A handshake that takes longer is aborted. The time that bytes of the peer wait for the broker does not "
               "count, up to six times this duration."},
    {"max_handshakes", CG_TYPE_INTEGER, LISTENER, AT(struct cg_tls_policy, max_handshakes), .fallback = "256", .min = 1,
     .max = 100000,
     .manual = "The limit on handshakes in progress on one listener. Beyond it, certguard aborts a handshake that has "
               "waited for its peer for 3 s, and beyond 32 times this number any. It takes one of the address that has "
               "the most. It sorts the handshakes of that address by what arrived (nothing, part of the ClientHello, "
               "all of it), and aborts the oldest of the largest group."},
    {"resumption", CG_TYPE_ENUM, LISTENER, AT(struct cg_tls_policy, resumption), .fallback = "\"off\"",
     .words = resumption_words,
     .manual = "TLS session resumption. \"bound\": by session tickets. A ticket is valid only for this listener, at "
               "most for a day, and until the policy or a file that it names changes. The client's certificate and its "
               "CAs must pass every check again. performance.md shows what tickets save."},
    {"psk", CG_TYPE_ENUM, LISTENER | CG_IN_BRIDGE, AT(struct cg_tls_policy, psk_allowed), .fallback = "\"deny\"",
     .words = deny_words,
     .manual = "Whether to accept connections with a pre-shared key (TLS-PSK) instead of a certificate. In TLS 1.2 "
               "they need forward secrecy and AEAD, unless ciphers names other suites. Bridges with bridge_psk use "
               "only bridge.tls.psk."},
    {0}};
static const struct cg_object tls_object = {tls_keys, sizeof(struct cg_tls_policy), NULL};

static const struct cg_key eku_keys[] = {{"allow_missing", CG_TYPE_BOOL, PROFILE,
                                          AT(struct cg_profile, allow_missing_eku), .fallback = "false",
                                          .manual = "A leaf without the extended key usage extension passes."},
                                         {"allow_any", CG_TYPE_BOOL, PROFILE, AT(struct cg_profile, allow_any_eku),
                                          .fallback = "false", .manual = "anyExtendedKeyUsage passes."},
                                         {0}};
static const struct cg_object eku_object = {eku_keys, sizeof(struct cg_profile), NULL};

static const struct cg_key policies_keys[] = {
    {"oids", CG_TYPE_OIDS, PROFILE, AT(struct cg_certificate_policies, oids),
     .manual = "The path must be valid for one of these policies (user-initial-policy-set). Requires "
               "require_explicit. Not set: any policy."},
    {"require_explicit", CG_TYPE_BOOL, PROFILE, AT(struct cg_certificate_policies, require_explicit),
     .fallback = "false", .manual = "The path must be valid for at least one policy (initial-explicit-policy)."},
    {"inhibit_mapping", CG_TYPE_BOOL, PROFILE, AT(struct cg_certificate_policies, inhibit_mapping), .fallback = "false",
     .manual = "Policy mappings are not allowed (initial-policy-mapping-inhibit)."},
    {"inhibit_any", CG_TYPE_BOOL, PROFILE, AT(struct cg_certificate_policies, inhibit_any), .fallback = "false",
     .manual = "anyPolicy in a certificate is ignored (initial-any-policy-inhibit)."},
    {0}};
static const struct cg_object policies_object = {policies_keys, sizeof(struct cg_certificate_policies), NULL};

static const struct cg_key profile_keys[] = {
    {"certificate", CG_TYPE_ENUM, CG_IN_CLIENT, AT(struct cg_profile, certificate), .fallback = "\"required\"",
     .words = use_words, .manual = "Whether a client must show a certificate, may show one, or is not asked for one."},
    {"strict", CG_TYPE_BOOL, PROFILE, AT(struct cg_profile, strict), .fallback = "true",
     .manual = "Also apply rules of RFC 5280 on the form of certificates that OpenSSL skips by default, such as which "
               "extensions of a CA certificate must be critical. The reason is then strict."},
    {"max_chain", CG_TYPE_INTEGER, PROFILE, AT(struct cg_profile, max_chain), .fallback = "10", .min = 1, .max = 100,
     .manual = "How many certificates a peer may send, including its own."},
    {"max_chain_bytes", CG_TYPE_BYTES, CG_IN_CLIENT, AT(struct cg_profile, max_chain_bytes), .fallback = "\"16KiB\"",
     .min = 1024, .max = 16 << 20,
     .manual = "The total size of the certificates that a client may send. An RSA or EC certificate has 1 to 2 KiB, "
               "one of ML-DSA 4 to 8 KiB. If clients send chains of three ML-DSA certificates, set \"64KiB\"."},
    {"max_chain_bytes", CG_TYPE_BYTES, CG_IN_SERVER | CG_IN_BRIDGE, AT(struct cg_profile, max_chain_bytes),
     .fallback = "\"64KiB\"", .min = 1024, .max = 16 << 20,
     .manual = "The total size of the certificates that a broker may send. In bridge, this is also the limit for the "
               "list of CA names in the remote broker's request for a certificate."},
    {"max_depth", CG_TYPE_INTEGER, PROFILE, AT(struct cg_profile, max_depth), .fallback = "4", .max = 32,
     .manual = "How many intermediate CAs may be between the leaf and the anchor."},
    {"key_algorithms", CG_TYPE_FLAGS, PROFILE, AT(struct cg_profile, key_algorithms),
     .fallback = "[\"rsa\", \"rsa-pss\", \"ec:P-256\", \"ec:P-384\", \"ec:P-521\", \"ed25519\", \"ed448\", "
                 "\"ml-dsa\"]",
     .words = algorithm_words, .manual = "Key algorithms that certificates in the path may use."},
    {"insecure_other_curves", CG_TYPE_BIT, PROFILE, AT(struct cg_profile, key_algorithms), .fallback = "false",
     .min = CG_KEY_EC_OTHER, .manual = "Also allow EC keys on other named curves."},
    {"rsa_min_bits", CG_TYPE_INTEGER, PROFILE, AT(struct cg_profile, rsa_min_bits), .group = 1, .fallback = "2048",
     .min = 2048, .max = 16384, .manual = "The shortest RSA key that is allowed."},
    {"insecure_rsa_min_bits", CG_TYPE_INTEGER, PROFILE, AT(struct cg_profile, rsa_min_bits), .group = 1, .min = 1024,
     .max = 2047, .manual = "A minimum below 2048 bits, for devices that cannot do better."},
    {"rsa_max_bits", CG_TYPE_INTEGER, PROFILE, AT(struct cg_profile, rsa_max_bits), .fallback = "8192", .min = 1024,
     .max = 16384, .manual = "The longest RSA key that is allowed: verifying with a longer one costs too much."},
    {"signature_digests", CG_TYPE_FLAGS, PROFILE, AT(struct cg_profile, digests),
     .fallback = "[\"sha256\", \"sha384\", \"sha512\"]", .min = CG_DIGEST_INTRINSIC, .words = digest_words,
     .manual = "Digests allowed in signatures below the anchor. Ed25519, Ed448 and ML-DSA have their own: see "
               "key_algorithms."},
    {"insecure_sha1", CG_TYPE_BIT, PROFILE, AT(struct cg_profile, digests), .fallback = "false", .min = CG_DIGEST_SHA1,
     .manual = "Also allow SHA-1 in signatures."},
    {"clock_skew", CG_TYPE_SECONDS, PROFILE, AT(struct cg_profile, clock_skew), .fallback = "\"0s\"", .max = CG_DAY,
     .manual = "Tolerance before notBefore and after notAfter of a certificate."},
    {"max_lifetime", CG_TYPE_SECONDS, PROFILE, AT(struct cg_profile, max_lifetime), .fallback = "\"0s\"",
     .max = 36500 * CG_DAY, .manual = "The longest validity of a leaf, notBefore to notAfter; 0s: no limit."},
    {"min_remaining", CG_TYPE_SECONDS, PROFILE, AT(struct cg_profile, min_remaining), .fallback = "\"0s\"",
     .max = 3650 * CG_DAY, .manual = "How long a leaf must still be valid."},
    {"eku", CG_TYPE_OBJECT, PROFILE, .fallback = "{}", .object = &eku_object,
     .manual = "The extended key usage of a leaf. Clients need clientAuth, brokers serverAuth."},
    {"san_required", CG_TYPE_FLAGS, PROFILE, AT(struct cg_profile, san_types), .fallback = ALL_SANS, .words = san_words,
     .manual = "The leaf must have a subjectAltName of one of these types; []: none is required."},
    {"san_allowed", CG_TYPE_FLAGS, PROFILE, AT(struct cg_profile, san_types_allowed), .fallback = ALL_SANS,
     .words = san_words, .manual = "The types of subjectAltName that are allowed."},
    {"names", CG_TYPE_STRINGS, CG_IN_SERVER, AT(struct cg_profile, names),
     .manual = "All DNS names and IP addresses that the broker's certificate must cover."},
    {"certificate_policies", CG_TYPE_OBJECT, PROFILE, AT(struct cg_profile, policies), .fallback = "{}",
     .object = &policies_object, .manual = "Certificate policies, the inputs of RFC 5280 6.1.1."},
    {"extensions", CG_TYPE_LIST, PROFILE, .offset = offsetof(struct cg_profile, extensions),
     .count_offset = offsetof(struct cg_profile, nextensions), .fallback = "[]", .object = &extension_object,
     .manual = "Extensions that a leaf must have, optionally with a certain value, or must not have."},
    {"subject", CG_TYPE_LIST, PROFILE, .offset = offsetof(struct cg_profile, subject),
     .count_offset = offsetof(struct cg_profile, nsubject), .fallback = "[]", .object = &subject_object,
     .manual = "Attributes that the subject of a leaf must have."},
    {"rules", CG_TYPE_RULES, PROFILE, AT(struct cg_profile, mode), .fallback = "{}", .words = rule_words,
     .manual = "Modes of single rules for this role. They take precedence over those of the top level."},
    {"trust", CG_TYPE_OBJECT, CG_IN_TOP_SERVER, AT(struct cg_role_draft, trust), .fallback = "{}",
     .object = &trust_object,
     .manual = "Anchors and CRLs for the broker's own certificate, in place of the top level's. Needed if its CA is "
               "not the CA of the clients. No client is accepted because of them. They apply to all listeners, so this "
               "key is not allowed in listeners[]."},
    {"trust", CG_TYPE_OBJECT, CG_IN_BRIDGE, AT(struct cg_role_draft, trust), .fallback = "{}", .object = &trust_object,
     .manual = "Anchors and CRLs for the brokers that bridges connect to, in place of the top level's."},
    {"tls", CG_TYPE_OBJECT, CG_IN_BRIDGE, AT(struct cg_role_draft, tls), .fallback = "{}", .object = &tls_object,
     .manual = "TLS settings of bridges."},
    {0}};
static const struct cg_object profile_object = {profile_keys, sizeof(struct cg_profile), cg_check_profile};
static const struct cg_object role_object = {profile_keys, sizeof(struct cg_role_draft), cg_check_role};

static const struct cg_key identity_keys[] = {
    {"username", CG_TYPE_ENUM, LISTENER, AT(struct cg_identity_policy, username), .fallback = "\"none\"",
     .words = identity_words,
     .manual = "The field of the certificate that becomes the MQTT user name (%u in ACL patterns)."},
    {"strip_prefix", CG_TYPE_STRING, LISTENER, AT(struct cg_identity_policy, strip_prefix),
     .manual = "Text that is removed from the start of that field, such as \"urn:dev:\". A client whose name does not "
               "start with it is refused."},
    {"client_id", CG_TYPE_ENUM, LISTENER, AT(struct cg_identity_policy, client_id), .fallback = "\"any\"",
     .words = client_id_words,
     .manual = "\"equal\": the client id must be the user name. \"prefix\": it may also be the user name followed by "
               "the separator and any text. If the policy has renewal, both also allow the user name followed by "
               "~renew, for one session of at most 10 minutes in which the client renews its certificate."},
    {"separator", CG_TYPE_STRING, LISTENER, AT(struct cg_identity_policy, separator),
     .manual = "For \"prefix\": the text between the user name and the rest of the client id, such as \":\" or \"/\". "
               "No user name may contain it."},
    {"one_client", CG_TYPE_BOOL, LISTENER, AT(struct cg_identity_policy, one_client), .fallback = "false",
     .manual = "A certificate can be used with only one client id at a time. A session with the client id NAME~renew "
               "(see client_id) is not counted."},
    {"authenticates", CG_TYPE_BOOL, LISTENER, AT(struct cg_identity_policy, authenticates), .fallback = "false",
     .manual = "true: the certificate is enough, and no password is needed; this requires username. false: the "
               "broker's password file and other plugins also decide."},
    {0}};
static const struct cg_object identity_object = {identity_keys, sizeof(struct cg_identity_policy), cg_check_identity};

static const struct cg_key credential_keys[] = {
    {"chain", CG_TYPE_PATH, LISTENER, AT(struct cg_credential_files, chain), .required = true,
     .manual = "A PEM file: the broker's certificate, then its intermediates."},
    {"key", CG_TYPE_PATH, LISTENER, AT(struct cg_credential_files, key), .required = true,
     .manual = "A PEM file with the private key of that certificate, not encrypted. Only the broker's user may have "
               "access to it."},
    {0}};
static const struct cg_object credential_object = {credential_keys, sizeof(struct cg_credential_files), NULL};

static const struct cg_key policy_keys[] = {
    {"port", CG_TYPE_INTEGER, CG_IN_LISTENER, AT(struct cg_draft, listener.port), .required = true, .min = 1,
     .max = 65535, .manual = "The port of the listener that this entry applies to."},
    {"trust", CG_TYPE_OBJECT, CG_IN_TOP, AT(struct cg_draft, trust), .fallback = "{}", .object = &trust_object,
     .manual = "Which CAs are trusted, and which certificates are revoked."},
    {"state", CG_TYPE_PATH, CG_IN_TOP, AT(struct cg_draft, state),
     .manual = "A folder in which the plugin stores the highest CRL numbers, so that older CRLs are refused even "
               "after a restart or a time without CRLs. The plugin creates the folder (mode 0700); the broker's user "
               "needs write access to the parent folder. Brokers with other CAs or CRLs need their own folder. Not "
               "set: the numbers are kept only while the broker runs. See plugin.md."},
    {"log", CG_TYPE_OBJECT, CG_IN_TOP, AT(struct cg_draft, log), .fallback = "{}", .object = &log_object,
     .manual = "Where events go."},
    {"credential", CG_TYPE_OBJECTS, LISTENER, .offset = offsetof(struct cg_draft, listener.credentials),
     .count_offset = offsetof(struct cg_draft, listener.ncredentials), .max = CG_CREDENTIALS_MAX,
     .object = &credential_object,
     .manual = "The certificate to serve in place of certfile in mosquitto.conf. Not set: certfile is served. The "
               "certificate is checked before it is served. An array names several, at most one of each key type "
               "(RSA, RSA-PSS, EC whatever the curve, Ed25519, Ed448, each ML-DSA): every client gets one that it "
               "supports. See plugin.md."},
    {"tls", CG_TYPE_OBJECT, LISTENER, AT(struct cg_draft, listener.tls), .fallback = "{}", .object = &tls_object,
     .manual = "TLS settings of listeners."},
    {"client", CG_TYPE_OBJECT, LISTENER, CG_IN_CLIENT, AT(struct cg_draft, listener.client), .fallback = "{}",
     .object = &profile_object, .manual = "Rules on the certificates of clients."},
    {"server", CG_TYPE_OBJECT, CG_IN_TOP, CG_IN_SERVER | CG_IN_TOP_SERVER, AT(struct cg_draft, server),
     .fallback = "{}", .object = &role_object, .manual = "Rules and trust for the broker's own certificate."},
    {"server", CG_TYPE_OBJECT, CG_IN_LISTENER, CG_IN_SERVER, AT(struct cg_draft, server), .fallback = "{}",
     .object = &role_object, .manual = "Rules on this listener's certificate."},
    {"bridge", CG_TYPE_OBJECT, CG_IN_TOP, CG_IN_BRIDGE, AT(struct cg_draft, bridge), .fallback = "{}",
     .object = &role_object, .manual = "Rules on the certificates of brokers that this one connects to."},
    {"identity", CG_TYPE_OBJECT, LISTENER, AT(struct cg_draft, listener.identity), .fallback = "{}",
     .object = &identity_object, .manual = "What the certificate says about the MQTT client."},
    {"plain", CG_TYPE_ENUM, LISTENER, AT(struct cg_draft, listener.plain_allowed), .fallback = "\"deny\"",
     .words = deny_words, .manual = "Whether clients may connect to a listener without TLS."},
    {"sessions", CG_TYPE_ENUM, LISTENER, AT(struct cg_draft, listener.sessions), .fallback = "\"end\"",
     .words = session_words,
     .manual = "What happens to a live session whose certificate is no longer accepted: end it, or only report it."},
    {"send_will", CG_TYPE_BOOL, LISTENER, AT(struct cg_draft, listener.send_will), .fallback = "true",
     .manual = "Whether the broker publishes the MQTT will of a session that certguard ends, as after a lost "
               "connection."},
    {"deny", CG_TYPE_LIST, LISTENER, .offset = offsetof(struct cg_draft, deny.item),
     .count_offset = offsetof(struct cg_draft, deny.count), .fallback = "[]", .object = &certificate_object,
     .manual = "Certificates and CAs that are refused, for all roles."},
    {"allow", CG_TYPE_LIST, LISTENER, .offset = offsetof(struct cg_draft, allow.item),
     .count_offset = offsetof(struct cg_draft, allow.count), .fallback = "[]", .object = &certificate_object,
     .manual = "If not empty, only client certificates in this list are accepted. Entries have the keys of deny."},
    {"admin", CG_TYPE_LIST, CG_IN_TOP, .offset = offsetof(struct cg_draft, admin.item),
     .count_offset = offsetof(struct cg_draft, admin.count), .fallback = "[]", .object = &caller_object,
     .manual = "Certificates of clients that may use the control topic $CONTROL/certguard/v1. Entries have the keys "
               "of deny, or identity."},
    {"renewal", CG_TYPE_OBJECT, CG_IN_TOP, AT(struct cg_draft, renewal), .object = &renewal_object,
     .manual = "Renewal of client certificates over MQTT (see renewal.md). Not set: off."},
    {"mode", CG_TYPE_ENUM, LISTENER, AT(struct cg_draft, mode), .fallback = "\"enforce\"", .words = mode_words,
     .manual = "\"audit\": certificate rules only log what they would refuse. Mosquitto's own refusals remain. For "
               "example, Mosquitto with a plugin but no password_file refuses every client that sends a user name."},
    {"rules", CG_TYPE_RULES, LISTENER, AT(struct cg_draft, rules), .fallback = "{}", .words = rule_words,
     .manual = "Modes of single rules by reason code (see reasons.md). They take precedence over mode."},
    {"warn_before", CG_TYPE_WARNINGS, CG_IN_TOP, AT(struct cg_draft, warn_before),
     .fallback = "[\"30d\", \"14d\", \"7d\", \"1d\"]", .min = 60, .max = 3650 * CG_DAY,
     .manual = "Warn this long before a certificate expires. Warnings about CRLs follow their lifetime instead: see "
               "crl_stale in events.md."},
    {"listeners", CG_TYPE_LISTENERS, CG_IN_TOP, .fallback = "[]", .object = &cg_policy_object,
     .manual = "Settings of single listeners, by port, that differ from the top level."},
    {0}};
/* clang-format on */

const struct cg_object cg_policy_object = {policy_keys, sizeof(struct cg_draft), cg_check_listener};

#define MIGRATING "; use \"audit\" while you migrate"
#define FORGED    "without this rule, a certificate made by anyone passes" MIGRATING

const char *cg_rule_never_off(enum cg_reason reason)
{
    static const struct {
        enum cg_reason reason;
        const char *why;
    } never[] = {
        {CG_REASON_NO_CERTIFICATE, "client.certificate decides whether a client needs a certificate; use that key, or "
                                   "\"audit\" to report clients "
                                   "without one"},
        {CG_REASON_CHAIN_TOO_LONG, "it limits the work that an unknown peer can cause; raise max_chain"},
        {CG_REASON_CHAIN_TOO_LARGE, "it limits the memory that an unknown peer can use; raise max_chain_bytes"},
        {CG_REASON_PATH_LIMIT, "it limits the work that an unknown peer can cause" MIGRATING},
        {CG_REASON_MALFORMED, "no other rule can check what cannot be read" MIGRATING},
        {CG_REASON_PATH_OTHER, "it covers every OpenSSL error that has no other rule" MIGRATING},
        {CG_REASON_UNTRUSTED, FORGED},
        {CG_REASON_SELF_SIGNED, FORGED},
        {CG_REASON_BAD_SIGNATURE, FORGED},
        {CG_REASON_NOT_A_CA, "without this rule, every device can issue certificates that pass" MIGRATING},
    };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (never[i].reason == reason)
            return never[i].why;
    return NULL;
}
