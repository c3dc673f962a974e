/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The rules of the certificate check: one const table, a row a reason, in order of precedence.
 * A rule reads facts and writes nothing but its detail; inputs are borrowed. Called by check. */
#ifndef CG_RULES_H
#define CG_RULES_H

#include "cert.h"
#include "check.h"
#include "verify.h"

#define CG_DETAIL_MAX sizeof(((struct cg_verdict *)0)->detail)

/* A path with all that the rules ask about it. */
struct cg_subject {
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
typedef enum cg_rule_result cg_rule_function(const struct cg_subject *subject, enum cg_reason reason, int depth,
                                             char *detail);

/* Runs every rule that is not off. Findings go to out in order of precedence; its decision, reason, depth and detail
 * follow from them. */
void cg_rules_run(const struct cg_subject *subject, struct cg_verdict *out);

/* Writes one escaped line, cut with "..." when it is too long. Returns CG_RULE_FAIL: the end of a rule. */
enum cg_rule_result cg_rule_fail(char *detail, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline enum cg_rule_result cg_rule_pass_if(bool good)
{
    return good ? CG_RULE_PASS : CG_RULE_FAIL;
}

/* What stands in a detail for a certificate: "'CN=dev1,O=Plant'". */
struct cg_who {
    char text[100];
};
struct cg_who cg_rule_who(const struct cg_subject *subject, int depth);

/* rules_path.c */
cg_rule_function cg_rule_x509, cg_rule_no_path, cg_rule_malformed, cg_rule_not_a_ca, cg_rule_too_deep,
    cg_rule_ca_as_end_entity, cg_rule_proxy_certificate, cg_rule_not_v3, cg_rule_bad_serial;
/* rules_validity.c */
cg_rule_function cg_rule_expired, cg_rule_not_yet_valid, cg_rule_lifetime, cg_rule_remaining;
/* rules_revocation.c */
cg_rule_function cg_rule_revocation;
/* rules_purpose.c */
cg_rule_function cg_rule_eku, cg_rule_ca_eku, cg_rule_key_usage, cg_rule_ca_key_usage;
/* rules_key.c */
cg_rule_function cg_rule_key_algorithm, cg_rule_key_size, cg_rule_rsa_exponent, cg_rule_ec_parameters,
    cg_rule_signature_digest;
/* rules_name.c */
cg_rule_function cg_rule_bad_name, cg_rule_san_missing, cg_rule_san_type, cg_rule_san_malformed, cg_rule_host,
    cg_rule_subject_attributes;
/* rules_constraints.c */
cg_rule_function cg_rule_name_constraints;
/* rules_extension.c */
cg_rule_function cg_rule_unknown_critical, cg_rule_extensions;
/* rules_strict.c */
cg_rule_function cg_rule_strict;
/* rules_list.c */
cg_rule_function cg_rule_deny_list, cg_rule_allow_list;

#endif
