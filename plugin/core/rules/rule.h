/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a rule of the certificate check is, and what rules share. A rule reads facts and writes nothing but its detail; inputs
 * are borrowed. Called by the rules_*.c. */
#ifndef CG_RULE_H
#define CG_RULE_H

#include "core/cert/cert.h"
#include "core/path/check_input.h"
#include "core/path/verdict.h"
#include "core/path/verify.h"

#include <stdbool.h>

#define CG_DETAIL_MAX sizeof(((struct cg_verdict *)0)->detail)

/* A path with all that the rules ask about it. */
struct cg_rule_input {
    const struct cg_check_input *in;
    struct cg_cert *cert; /* 0 the end entity, 1 its issuer, ..., ncerts - 1 the anchor */
    int ncerts;
    bool anchored;              /* false: no path was found, cert[0] stands alone */
    enum cg_reason no_path;     /* then: why */
    X509 *dead_end;             /* then: where the chain ends, see cg_path_dead_end */
    enum cg_reason stranger;    /* why nobody vouches for it, where that is enforced; CG_REASON_UNSET: ask all rules */
    struct cg_path_errors x509; /* what OpenSSL said of the path */
    struct cg_crl_answer *crl;  /* one a certificate below the anchor; NULL: no CRL is configured nor required */
};

/* zero: could not be checked, deny */
enum cg_rule_result { CG_RULE_FAULT = 0, CG_RULE_PASS, CG_RULE_FAIL };

/* Result for the certificate at depth (-1: the path as a whole); CG_RULE_FAIL with a detail. */
typedef enum cg_rule_result cg_rule_function(const struct cg_rule_input *input, enum cg_reason reason, int depth,
                                             char *detail);

/* Writes one escaped line, cut with "..." when it is too long. Returns CG_RULE_FAIL: the end of a rule. */
enum cg_rule_result cg_rule_fail(char *detail, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What stands in a detail for a certificate: "'CN=dev1,O=Plant'". */
struct cg_cert_label {
    char text[100];
};
struct cg_cert_label cg_rule_cert_label(const struct cg_rule_input *input, int depth);

/* What OpenSSL said of the path for this reason, at this depth: a rule of its own, and a part of others. */
cg_rule_function cg_rule_x509;

#endif
