/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Revocation by CRL (RFC 5280 sections 5 and 6.3). The CRL is parsed by our own reader, and its signature is verified
 * once, at load. Then it is a compact sorted index of serial numbers for each issuer and scope, with look-ups in
 * O(log n).
 * A cg_crl_set owns references to its CRLs and is immutable after the last add. Built by trust, used by the rules. */
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
size_t cg_crl_set_count(const struct cg_crl_set *set); /* number of CRLs */

/* Adds one CRL in DER. issuers: the certificates that may have signed it, and from which a separate CRL signing
 * certificate must descend. References to them are kept.
 * Refused, with the reason in *err: not strict DER, trailing bytes, not version 2, an unknown critical extension, a
 * known extension with the wrong criticality, an invalid issuingDistributionPoint, an empty revokedCertificates, no
 * nextUpdate, an unknown issuer, an issuer without cRLSign, a bad signature, a cRLNumber lower than that of a CRL in
 * the set with the same issuer and scope (which stays).
 * strict also refuses a CRL without cRLNumber, a digest weaker than SHA-224, and delta and indirect CRLs. If strict
 * is false, these are processed as in RFC 5280 6.3.3.
 * Any thread may call it, but not two at once for one set. */
bool cg_crl_set_add(struct cg_crl_set *set, const unsigned char *der, size_t len, const STACK_OF(X509) *issuers,
                    bool strict, struct cg_error *err);

/* The same for a CRL that is already read. Takes over the caller's reference in any case. */
struct cg_crl;
bool cg_crl_set_put(struct cg_crl_set *set, struct cg_crl *crl, struct cg_error *err);

/* Keeps CRLs of the previous set that the new set lacks, or has in an older version, separately for each issuer, key
 * and scope, if the issuer is among issuers. So a missing file, or a file restored from a backup, cancels no
 * revocation. Each such CRL is a fault. False without memory: the set must not be used. */
bool cg_crl_set_keep(struct cg_crl_set *set, const struct cg_crl_set *before, const STACK_OF(X509) *issuers,
                     struct cg_faults *faults);

/* Replaces each CRL of set that is newer in from (same issuer, key and scope), if the certificate that verified the
 * newer one is among issuers. */
void cg_crl_set_refresh(struct cg_crl_set *set, const struct cg_crl_set *from, const STACK_OF(X509) *issuers);

/* The CRL at index < cg_crl_set_count, and the CRL with the same issuer, key and scope as crl (NULL if there is
 * none). Borrowed. */
const struct cg_crl *cg_crl_set_at(const struct cg_crl_set *set, size_t index);
const struct cg_crl *cg_crl_set_find(const struct cg_crl_set *set, const struct cg_crl *crl);
void cg_crl_set_remove(struct cg_crl_set *set, size_t index); /* removes it; those behind it move up */

/* Do both sets share the same CRL objects? */
bool cg_crl_set_same(const struct cg_crl_set *a, const struct cg_crl_set *b);

/* zero: unknown, deny */
enum cg_crl_status {
    CG_CRL_STATUS_UNKNOWN = 0, /* the issuer has CRLs, but none covers this certificate */
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
    int reason;                       /* CRLReason (RFC 5280 5.3.1) if revoked; -1 if the entry has none */
    int64_t revoked_at;               /* s since 1970, to the minute, if revoked and known; else CG_TIME_NONE */
    int64_t this_update, next_update; /* of the deciding CRL; CG_TIME_NONE if there is none */
    char number[44];                  /* its cRLNumber in lower-case hex, or "" */
};

/* The status of cert, issued by issuer (both from the path). A revocation counts even if the CRL is not valid now or
 * does not cover the certificate. Every other result needs valid CRLs that cover all reasons (RFC 5280 6.3.3). Reads
 * only the set. Any number of threads may call it. O(CRLs of this issuer * log entries). */
void cg_crl_set_look_up(const struct cg_crl_set *set, const X509 *cert, const X509 *issuer,
                        const struct cg_crl_params *params, struct cg_crl_answer *out);

/* The first second after params->now at which a CRL of the set becomes valid or invalid; INT64_MAX if there is none. */
int64_t cg_crl_set_next_change(const struct cg_crl_set *set, const struct cg_crl_params *params);

/* Facts of one CRL, for events, doctor and warnings: index < cg_crl_set_count. */
struct cg_crl_info {
    const char
        *issuer; /* RFC 4514 text, and in brackets what distinguishes the CRL from others of the issuer: delta, scope */
    const char *scope; /* the end of issuer: " (...)" or "" */
    bool is_delta;
    size_t entries;
    int64_t this_update, next_update;
    char number[44];
};
void cg_crl_set_info(const struct cg_crl_set *set, size_t index, struct cg_crl_info *out);

/* issuer for one line: a long name is cut, but not the part that distinguishes the CRL. */
#define CG_CRL_TITLE_MAX 256
void cg_crl_info_title(const struct cg_crl_info *info, char out[CG_CRL_TITLE_MAX]);

#endif
