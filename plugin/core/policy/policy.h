/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The policy: the values of one JSON file, or of none for the strict default, in seconds, bytes and bits. policy_load.h
 * creates policies; the files that a policy names are loaded by the snapshot (snapshot_source.h). A cg_policy is
 * reference-counted, immutable once loaded, and owns everything that it points to. Any thread. Called by the snapshot,
 * the check, plugin/tls, the broker layer and the tool.
 *
 * Every key is a row of the table in policy_keys.c: name, type, target field, default, manual text. */
#ifndef CG_POLICY_H
#define CG_POLICY_H

#include "core/base/reason.h"
#include "core/cert/cert_kinds.h"
#include "core/cert/list.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_strings {
    const char **item;
    size_t count;
};

enum cg_certificate_use { CG_CERT_REQUIRED = 0, CG_CERT_OPTIONAL, CG_CERT_NONE };

enum cg_match_kind { CG_MATCH_PRESENT = 0, CG_MATCH_EQUAL, CG_MATCH_ONE_OF, CG_MATCH_PATTERN, CG_MATCH_HEX };

/* patterns are POSIX fnmatch(3) globs without path rules */
struct cg_value_match {
    enum cg_match_kind kind;
    struct cg_strings values; /* CG_MATCH_HEX: lower-case hex without colons */
};

struct cg_extension_rule {
    const char *oid;             /* dotted */
    bool forbidden;              /* else required, with a value that match describes */
    struct cg_value_match match; /* against the extension's value: text inside a DER string, or hex of the DER */
};

struct cg_subject_rule {
    const char *attribute; /* "O", "OU", "CN", "C", ... or a dotted OID; every occurrence must match, one must exist */
    struct cg_value_match match;
};

/* RFC 5280 6.1.1 (c) to (f) */
struct cg_certificate_policies {
    struct cg_strings oids; /* empty: any-policy */
    bool require_explicit;
    bool inhibit_mapping;
    bool inhibit_any;
};

/* The rules for one role (client, server, bridge) on one listener. */
struct cg_profile {
    enum cg_certificate_use certificate; /* client only */
    enum cg_mode mode[CG_REASON_COUNT];  /* by rule; zero is CG_ENFORCE */
    bool strict;                         /* X509_V_FLAG_X509_STRICT and the pedantic rules */

    unsigned max_chain;                  /* certificates in the peer's message, leaf included; default 10 */
    size_t max_chain_bytes;              /* default 16 KiB for clients, else 64 KiB */
    unsigned max_depth;                  /* intermediates between leaf and anchor; default 4 */
    unsigned key_algorithms;             /* CG_KEY_* */
    unsigned rsa_min_bits, rsa_max_bits; /* 2048, 8192 */
    unsigned digests;                    /* CG_DIGEST_* */
    int64_t clock_skew;                  /* s added on both ends of validity; default 0 */
    int64_t max_lifetime;                /* s, notAfter - notBefore of the leaf; 0: no limit */
    int64_t min_remaining;               /* s; default 0 */
    bool allow_missing_eku;              /* default false */
    bool allow_any_eku;                  /* default false */
    unsigned san_types;                  /* the leaf must have a SAN of one of these; 0: no rule. Default: any type */
    unsigned san_types_allowed;          /* SAN types that may occur; default all */
    struct cg_strings names;             /* server: DNS names and IP addresses that the SANs must cover, each */
    struct cg_certificate_policies policies;
    const struct cg_extension_rule *extensions;
    size_t nextensions;
    const struct cg_subject_rule *subject;
    size_t nsubject;
    struct cg_certificate_list deny, allow; /* deny: any certificate of the path; allow: the leaf, when not empty */

    bool crl_required;   /* every CA of the path needs a CRL; default: true if any CRL is configured */
    int64_t crl_max_age; /* s since thisUpdate; 0: no limit */
    int64_t crl_grace;   /* s after nextUpdate; default 0 */
};

enum cg_identity_source {
    CG_IDENTITY_NONE = 0, /* the username of CONNECT stays as it is */
    CG_IDENTITY_SAN_URI,
    CG_IDENTITY_SAN_DNS,
    CG_IDENTITY_SAN_EMAIL,
    CG_IDENTITY_CN,
    CG_IDENTITY_SUBJECT,
};

enum cg_client_id_rule { CG_CLIENT_ID_ANY = 0, CG_CLIENT_ID_EQUAL, CG_CLIENT_ID_PREFIX };

struct cg_identity_policy {
    enum cg_identity_source username;
    const char *strip_prefix;         /* NULL: none; a name without it is CG_REASON_IDENTITY_MISSING */
    enum cg_client_id_rule client_id; /* compared with the name from the certificate */
    const char *separator;            /* CG_CLIENT_ID_PREFIX: the text between the name and the rest; else NULL */
    bool one_client;                  /* one certificate, one client id at a time */
    bool authenticates;               /* the certificate is enough, no password is asked for; only with a username */
    bool renews;                      /* over MQTT: the policy has renewal.spool */
};

enum cg_resumption { CG_RESUMPTION_OFF = 0, CG_RESUMPTION_BOUND };

struct cg_tls_policy {
    int min_version;              /* TLS1_2_VERSION (default) or TLS1_3_VERSION */
    const char *groups;           /* OpenSSL group list; NULL: the library's */
    const char *ciphersuites;     /* TLS 1.3; NULL: the library's */
    const char *ciphers;          /* TLS 1.2; NULL: forward-secret AEAD only */
    int64_t handshake_timeout_ms; /* default 10 s */
    unsigned max_handshakes;      /* half-open at the same time; beyond it one is aborted; default 256 */
    enum cg_resumption resumption;
    bool psk_allowed;      /* default false */
    bool insecure_ciphers; /* ciphers and ciphersuites may name weak ones; default false */
};

enum cg_session_action { CG_SESSION_END = 0, CG_SESSION_REPORT };

/* A certificate and key to serve. OpenSSL serves one certificate of each key type, and has few types. */
#define CG_CREDENTIALS_MAX 8
struct cg_credential_files {
    const char *chain, *key; /* paths */
};

/* The policy of one listener: the file's top level with that listener's overrides merged in (RFC 7396). */
struct cg_listener_policy {
    uint16_t port; /* 0 in the default one */
    struct cg_tls_policy tls;
    struct cg_profile client;
    struct cg_profile server;
    struct cg_identity_policy identity;
    bool plain_allowed;              /* clients on this listener without TLS; default false */
    enum cg_session_action sessions; /* a live session that the policy no longer accepts */
    bool send_will;                  /* whether the will of a session that we end is published; default true */
    const struct cg_credential_files *credentials; /* none: the broker's own credential is checked and served */
    size_t ncredentials;
};

struct cg_trust_files {
    struct cg_strings anchors, intermediates, crls; /* paths; crls may be folders */
    struct cg_strings intermediate_anchors;         /* paths; see cg_trust_add_intermediate_anchors */
    bool crl_extended;                              /* see cg_trust_allow_extended_crls */
};

struct cg_log_policy {
    const char *file; /* NULL or "-": the broker's log only */
    bool syslog;
    bool accepted;       /* handshake_accepted too; default false */
    unsigned burst;      /* events per peer and reason written in one window; more are only counted; default 5 */
    int64_t window_ms;   /* default 60 s */
    int64_t daily_limit; /* bytes per day of events that peers can cause; default 100 MiB */
};

#define CG_STATEMENT_FILES_MAX 64

/* Renewal over MQTT: see core/renewal. */
struct cg_renewal_policy {
    const char *spool;                    /* folder; NULL: off */
    struct cg_certificate_list signers;   /* certificates that may list, deliver and refuse requests */
    struct cg_certificate_list move_from; /* CAs whose certificates are to be replaced by those of another CA */
    struct cg_strings statements;         /* paths: the answers to "anchor 1", "anchor 2", ... */
};

struct cg_policy {
    const char *name; /* the file, or "(strict default)" */
    const char *text; /* its JSON */
    struct cg_trust_files trust;
    struct cg_trust_files server_trust, bridge_trust; /* without anchors: trust is used */
    const char *state;                                /* folder, NULL: nothing is kept after the process ends */
    struct cg_log_policy log;
    struct cg_listener_policy base; /* ports without an entry in listeners */
    struct cg_listener_policy *listeners;
    size_t nlisteners;
    struct cg_profile bridge; /* peers that the broker connects to */
    struct cg_tls_policy bridge_tls;
    struct cg_certificate_list admin; /* certificates that may use $CONTROL/certguard/v1 */
    struct cg_renewal_policy renewal;
    int64_t warn_before[8];        /* s before expiry, descending, 0 ends; default 30, 14, 7, 1 days */
    struct cg_policy_store *store; /* private: the memory behind the pointers above */
    atomic_int references;         /* private */
};

struct cg_policy *cg_policy_ref(struct cg_policy *policy); /* +1 (atomic); returns its argument */
void cg_policy_free(struct cg_policy *policy);             /* -1; NULL is fine */

/* Whether this section names trust anchors. If not, the top level's trust applies. */
bool cg_trust_files_named(const struct cg_trust_files *files);

/* Section 0 is the base, the following ones are the entries of listeners. NULL after the last one. */
const struct cg_listener_policy *cg_policy_section(const struct cg_policy *policy, size_t number);

/* The section of this port, or of the base. */
size_t cg_policy_section_of(const struct cg_policy *policy, uint16_t port);

/* The entry of this port, or the base. Never NULL. */
const struct cg_listener_policy *cg_policy_listener(const struct cg_policy *policy, uint16_t port);

#endif
