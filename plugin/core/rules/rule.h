/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The interface of a rule, and what rules share. A rule reads facts and writes only its detail; all inputs are
 * borrowed. Called by the rules_*.c. */
#ifndef CG_RULE_H
#define CG_RULE_H

#include "core/cert/cert.h"
#include "core/path/check_input.h"
#include "core/path/verdict.h"
#include "core/path/verify.h"

#include <stdbool.h>

#define CG_DETAIL_MAX sizeof(((struct cg_verdict *)0)->detail)

/* A path, or an end entity without one, with everything that the rules read. */
struct cg_path_facts {
    const struct cg_check_input *in;
    struct cg_cert *cert; /* 0 the end entity, 1 its issuer, ..., ncerts - 1 the anchor */
    int ncerts;
    bool anchored;          /* false: no path was found, and cert[0] is the only certificate */
    enum cg_reason no_path; /* why there is no path; CG_REASON_OK if there is one */
    X509 *dead_end;         /* without a path: the last certificate of the chain, see cg_path_dead_end */
    enum cg_reason
        untrusted; /* the rule on trust that is violated and enforced: most others are not run; else CG_REASON_UNSET */
    struct cg_path_errors x509; /* the errors that OpenSSL found in the path */
    struct cg_crl_answer *crl;  /* one per certificate below the anchor; NULL: no CRL is configured or required */
};

/* zero: the rule could not be checked; deny */
enum cg_rule_result { CG_RULE_FAULT = 0, CG_RULE_PASS, CG_RULE_FAIL };

/* Checks the certificate at depth (-1: the whole path). Writes a detail if the result is CG_RULE_FAIL. */
typedef enum cg_rule_result cg_rule_function(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                             char *detail);

/* Writes one escaped line, cut with "..." if it is too long. Returns CG_RULE_FAIL. */
enum cg_rule_result cg_rule_fail(char *detail, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The name of a certificate in a detail: "'CN=dev1,O=Plant'". */
struct cg_cert_label {
    char text[100];
};
struct cg_cert_label cg_rule_cert_label(const struct cg_path_facts *facts, int depth);

/* Fails if OpenSSL found an error with this reason at this depth. A rule, and a part of others. */
cg_rule_function cg_rule_x509;

/* The rules, each in a file rules_*.c. Called through the table in rules.c. */
cg_rule_function cg_rule_no_path, cg_rule_malformed, cg_rule_not_a_ca, cg_rule_too_deep, cg_rule_ca_as_end_entity,
    cg_rule_proxy_certificate, cg_rule_not_v3, cg_rule_bad_serial;
cg_rule_function cg_rule_revocation;
cg_rule_function cg_rule_expired, cg_rule_not_yet_valid, cg_rule_lifetime, cg_rule_remaining;
cg_rule_function cg_rule_eku, cg_rule_ca_eku, cg_rule_key_usage, cg_rule_ca_key_usage;
cg_rule_function cg_rule_name_constraints;
cg_rule_function cg_rule_key_algorithm, cg_rule_key_size, cg_rule_rsa_exponent, cg_rule_ec_parameters,
    cg_rule_signature_digest;
cg_rule_function cg_rule_bad_name, cg_rule_san_missing, cg_rule_san_type, cg_rule_san_malformed, cg_rule_host,
    cg_rule_subject_attributes;
cg_rule_function cg_rule_unknown_critical, cg_rule_extensions;
cg_rule_function cg_rule_deny_list, cg_rule_allow_list;
cg_rule_function cg_rule_strict;

#endif
