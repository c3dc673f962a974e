/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The table of reasons: why certguard refuses, and what a person does about it. The codes are stable. They are in
 * event logs, in "rules" of policies and in docs/reasons.md. The table is constant. Called by core, tls, broker and
 * the tool. */
#ifndef CG_REASON_H
#define CG_REASON_H

#include <stdbool.h>
#include <stddef.h>

/* The order of the certificate rules is their precedence: if several fail, the first is reported. */
enum cg_reason {
    CG_REASON_UNSET = 0, /* no verdict was reached: deny */
    CG_REASON_OK,

    /* Faults: not caused by the certificate, always deny, never relaxed. */
    CG_REASON_NO_MEMORY,
    CG_REASON_INTERNAL_ERROR,
    CG_REASON_NO_SNAPSHOT,

    /* Rules on a certification path: each has a mode in the policy's "rules". */
    CG_REASON_NO_CERTIFICATE,
    CG_REASON_CHAIN_TOO_LONG,  /* certificates sent */
    CG_REASON_CHAIN_TOO_LARGE, /* bytes sent */
    CG_REASON_MALFORMED,
    CG_REASON_DENY_LISTED,
    CG_REASON_UNTRUSTED, /* no path to an anchor */
    CG_REASON_SELF_SIGNED,
    CG_REASON_PATH_LIMIT, /* gave up after the bound on candidate paths */
    CG_REASON_BAD_SIGNATURE,
    CG_REASON_REVOKED,
    CG_REASON_CRL_MISSING,
    CG_REASON_CRL_EXPIRED,
    CG_REASON_CRL_NOT_YET_VALID,
    CG_REASON_CRL_TOO_OLD,
    CG_REASON_CRL_UNKNOWN, /* scope or reasons do not cover the certificate */
    CG_REASON_EXPIRED,
    CG_REASON_NOT_YET_VALID,
    CG_REASON_CA_EXPIRED,
    CG_REASON_CA_NOT_YET_VALID,
    CG_REASON_PROXY_CERTIFICATE, /* before not_a_ca: an end entity issued it */
    CG_REASON_NOT_A_CA,
    CG_REASON_CA_KEY_USAGE,
    CG_REASON_PATH_LENGTH, /* pathLenConstraint */
    CG_REASON_TOO_DEEP,    /* the policy's max_depth */
    CG_REASON_CA_AS_END_ENTITY,
    CG_REASON_NOT_V3,
    CG_REASON_BAD_SERIAL,
    CG_REASON_UNKNOWN_CRITICAL_EXTENSION,
    CG_REASON_WRONG_PURPOSE,
    CG_REASON_EKU_MISSING,
    CG_REASON_EKU_ANY,
    CG_REASON_CA_WRONG_PURPOSE,
    CG_REASON_KEY_USAGE,
    CG_REASON_NAME_CONSTRAINTS,
    CG_REASON_CERTIFICATE_POLICIES,
    CG_REASON_KEY_ALGORITHM,
    CG_REASON_KEY_SIZE,
    CG_REASON_RSA_EXPONENT,
    CG_REASON_EC_PARAMETERS,
    CG_REASON_SIGNATURE_DIGEST,
    CG_REASON_BAD_NAME,      /* NUL, control characters, malformed text in subject, issuer or SAN */
    CG_REASON_SAN_MALFORMED, /* before san_missing: an empty one is there, and is malformed */
    CG_REASON_SAN_MISSING,
    CG_REASON_SAN_TYPE,
    CG_REASON_HOST_MISMATCH,
    CG_REASON_LIFETIME_TOO_LONG,
    CG_REASON_TOO_LITTLE_LIFE_LEFT,
    CG_REASON_EXTENSION_MISSING,
    CG_REASON_EXTENSION_VALUE,
    CG_REASON_EXTENSION_FORBIDDEN,
    CG_REASON_SUBJECT_MISMATCH,
    CG_REASON_NOT_ALLOW_LISTED,
    CG_REASON_STRICT,     /* X509_V_FLAG_X509_STRICT and the pedantic rules */
    CG_REASON_PATH_OTHER, /* an error of the path check without its own code */

    /* Handshakes that failed for a reason other than the certificate check. */
    CG_REASON_NO_COMMON_VERSION,
    CG_REASON_NO_COMMON_CIPHER,
    CG_REASON_NO_COMMON_GROUP,
    CG_REASON_NO_COMMON_SIGNATURE,
    CG_REASON_BAD_CERTIFICATE_PROOF, /* CertificateVerify does not fit the certificate: no private key */
    CG_REASON_PLAIN_MQTT,
    CG_REASON_PLAIN_HTTP,
    CG_REASON_GARBAGE,
    CG_REASON_PSK_NOT_ALLOWED,
    CG_REASON_PSK_UNKNOWN,
    CG_REASON_NO_CREDENTIAL,          /* the listener has no certificate to serve */
    CG_REASON_PEER_UNTRUSTS_US,       /* alerts unknown_ca, bad_certificate, certificate_unknown, ... */
    CG_REASON_PEER_SAYS_EXPIRED,      /* alert certificate_expired */
    CG_REASON_PEER_WANTS_CERTIFICATE, /* alert certificate_required, of the broker that a bridge connects to */
    CG_REASON_PEER_ALERT,             /* any other alert of the peer */
    CG_REASON_PEER_GONE,
    CG_REASON_HANDSHAKE_TIMEOUT,
    CG_REASON_TOO_MANY_HANDSHAKES,
    CG_REASON_HANDSHAKE_FAILED, /* a TLS error without its own code */

    /* CONNECT, after the handshake. */
    CG_REASON_NO_RECORD, /* the hook did not see the client's handshake */
    CG_REASON_PLAIN_LISTENER,
    CG_REASON_IDENTITY_MISSING,
    CG_REASON_IDENTITY_INVALID,
    CG_REASON_CLIENT_ID_MISMATCH,
    CG_REASON_CERTIFICATE_IN_USE,
    CG_REASON_CLIENT_ID_TAKEN, /* another certificate holds it */
    CG_REASON_NOT_AN_ADMIN,    /* may not use the control topic */
    CG_REASON_ENDED_BY_ADMIN,  /* by a command on the control topic */
    CG_REASON_SESSION_LIMIT,   /* of a session that only renews */

    /* Renewal over MQTT: a request, or the certificate that answers it (core/renewal). */
    CG_REASON_RENEWAL_MALFORMED,
    CG_REASON_RENEWAL_BAD_SIGNATURE, /* not signed with the key of the current certificate */
    CG_REASON_RENEWAL_BAD_PROOF,     /* the CSR is not signed with its own key */
    CG_REASON_RENEWAL_KEY_NOT_ALLOWED,
    CG_REASON_RENEWAL_KEY_NOT_NEW,
    CG_REASON_RENEWAL_NAMES_DIFFER,
    CG_REASON_RENEWAL_TOO_EARLY,
    CG_REASON_RENEWAL_NOT_ACCEPTED, /* the current or the new certificate */
    CG_REASON_RENEWAL_FORKED,       /* another request for the same certificate was answered */
    CG_REASON_RENEWAL_DENIED,       /* by the CA's operator */

    /* Files. */
    CG_REASON_POLICY_INVALID,
    CG_REASON_TRUST_INVALID,
    CG_REASON_CRL_INVALID,
    CG_REASON_CREDENTIAL_INVALID,
    CG_REASON_STATE_INVALID,

    CG_REASON_COUNT
};

enum cg_reason_kind {
    CG_KIND_NONE = 0,
    CG_KIND_FAULT,
    CG_KIND_RULE, /* has a mode in the policy */
    CG_KIND_HANDSHAKE,
    CG_KIND_CONNECT,
    CG_KIND_RENEWAL,
    CG_KIND_FILE,
};

/* What the policy does with a certificate that breaks a rule; zero is the strictest mode. */
enum cg_mode { CG_ENFORCE = 0, CG_AUDIT, CG_OFF };

struct cg_reason_row {
    const char *code; /* stable, lower case, "_" between words: "expired" */
    enum cg_reason_kind kind;
    const char *sentence; /* what is wrong, without names of the case */
    const char *ref;      /* "RFC 5280 4.1.2.5", or "" */
    const char *fix;      /* for a client's certificate: see cg_reason_fix */
    int x509_error;       /* X509_V_ERR_*, from which OpenSSL makes the TLS alert; X509_V_OK if there is none */
};

/* Never NULL. An unknown number gives the row of CG_REASON_UNSET. */
const struct cg_reason_row *cg_reason_row(enum cg_reason reason);

/* Whose certificate it is: the fix differs. */
enum cg_cert_owner {
    CG_OF_CLIENT = 0,
    CG_OF_BROKER, /* the broker's own */
    CG_OF_BRIDGE, /* the broker that a bridge of ours connects to */
    CG_CERT_OWNER_COUNT
};

/* What to do; never NULL. Every fix that is shown comes from here. */
const char *cg_reason_fix(enum cg_reason reason, enum cg_cert_owner cert_owner);

/* CG_REASON_UNSET if no row has this code. */
enum cg_reason cg_reason_from_code(const char *code);

#endif
