/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Revocation by CRL (RFC 5280 section 5 and 6.3): parsed by our own reader, the signature verified once at load,
 * then a compact sorted index of serial numbers for each issuer and scope; look-ups are O(log n).
 * A cg_crl_set owns its indexes; immutable after the last add. Called by trust (building) and check (look-ups). */
#ifndef CG_CRL_H
#define CG_CRL_H

#include "core/base/error.h"
#include "core/base/faults.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_crl_set;

struct cg_crl_set *cg_crl_set_new(void);
void cg_crl_set_free(struct cg_crl_set *set);
size_t cg_crl_set_count(const struct cg_crl_set *set); /* CRLs held */

/* Adds one CRL in DER. issuers: the certificates that may have signed it, and from which a separate CRL signing
 * certificate must descend; references are kept. Refused, and the error says why: not strict DER, trailing bytes,
 * not v2, unknown critical extension, known one of the wrong criticality, bad issuingDistributionPoint, empty
 * revokedCertificates, no nextUpdate,
 * unknown issuer, issuer without cRLSign, bad signature, lower cRLNumber than one held for the same issuer and scope
 * (the higher one stays). strict also refuses: no cRLNumber, a digest weaker than SHA-224, and delta and indirect
 * CRLs, which are followed as RFC 5280 6.3.3 says when strict is false. Safe in any thread; not two at once on a set. */
bool cg_crl_set_add(struct cg_crl_set *set, const unsigned char *der, size_t len, const STACK_OF(X509) *issuers,
                    bool strict, struct cg_error *err);

/* The same of a CRL that was read already; takes over the caller's reference, whatever comes of it. */
struct cg_crl;
bool cg_crl_set_put(struct cg_crl_set *set, struct cg_crl *crl, struct cg_error *err);

/* What a set that is to replace another one lacks, or has older, is kept from that one, each issuer, key and scope by
 * itself, as long as the issuer is among issuers: a file that is gone or was restored from a backup takes no revocation
 * back. Each is a fault. False without memory: the set must not be used. */
bool cg_crl_set_keep(struct cg_crl_set *set, const struct cg_crl_set *before, const STACK_OF(X509) *issuers,
                     struct cg_faults *faults);

/* Of each CRL that from has newer, the same issuer, key and scope, set gets that one, if the certificate that it was verified with is among issuers. */
void cg_crl_set_refresh(struct cg_crl_set *set, const struct cg_crl_set *from, const STACK_OF(X509) *issuers);

/* Which one is at index < cg_crl_set_count; which one is of the same issuer, key and scope as crl, or NULL. Borrowed. */
const struct cg_crl *cg_crl_set_at(const struct cg_crl_set *set, size_t index);
const struct cg_crl *cg_crl_set_like(const struct cg_crl_set *set, const struct cg_crl *crl);
void cg_crl_set_drop(struct cg_crl_set *set, size_t index); /* those behind it move up */

/* The very same CRLs? */
bool cg_crl_set_same(const struct cg_crl_set *a, const struct cg_crl_set *b);

/* zero: unknown, deny */
enum cg_crl_status {
    CG_CRL_STATUS_UNKNOWN = 0, /* there are CRLs of the issuer, but none covers this certificate */
    CG_CRL_STATUS_GOOD,
    CG_CRL_STATUS_REVOKED,
    CG_CRL_STATUS_NO_CRL,
    CG_CRL_STATUS_EXPIRED, /* past nextUpdate + grace */
    CG_CRL_STATUS_NOT_YET_VALID,
    CG_CRL_STATUS_TOO_OLD,
};

struct cg_crl_params {
    int64_t now;     /* s since 1970 */
    int64_t max_age; /* s since thisUpdate; 0: no limit */
    int64_t grace;   /* s after nextUpdate */
    int64_t skew;    /* s that thisUpdate may lie ahead */
};

struct cg_crl_answer {
    enum cg_crl_status status;
    int reason;                       /* CRLReason of RFC 5280 5.3.1 when revoked; -1 where the entry has none */
    int64_t revoked_at;               /* s since 1970, down to the minute, when revoked and known; else CG_TIME_NONE */
    int64_t this_update, next_update; /* of the CRL that decided; CG_TIME_NONE where there is none */
    char number[44];                  /* its cRLNumber, lower-case hex; "" */
};

/* Status of cert, issued by issuer (both from the path). A revocation counts even where the CRL is past its time or
 * out of the certificate's scope; everything else needs valid CRLs that cover all reasons (RFC 5280 6.3.3).
 * Reads nothing but the set, any number of threads at once; O(CRLs of this issuer * log entries). */
void cg_crl_set_look_up(const struct cg_crl_set *set, const X509 *cert, const X509 *issuer,
                        const struct cg_crl_params *terms, struct cg_crl_answer *out);

/* The first second after terms->now from which one of the set is of time, or is not any more; INT64_MAX: none. */
int64_t cg_crl_set_next_change(const struct cg_crl_set *set, const struct cg_crl_params *terms);

/* What the set holds, for events, doctor and warnings: index < cg_crl_set_count. */
struct cg_crl_info {
    const char *issuer; /* RFC 4514 text, and in brackets what tells it from others of the issuer: delta, scope */
    const char *scope;  /* the end of it: " (...)" or "" */
    size_t entries;
    int64_t this_update, next_update;
    char number[44];
    size_t bytes; /* resident for the index */
};
void cg_crl_set_info(const struct cg_crl_set *set, size_t index, struct cg_crl_info *out);

/* issuer for one line: a long name is cut, and never what tells the CRL from others. */
#define CG_CRL_TITLE_MAX 256
void cg_crl_info_title(const struct cg_crl_info *info, char out[CG_CRL_TITLE_MAX]);

#endif
