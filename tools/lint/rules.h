/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The shape of lint's rules, and their tables, each defined in the file that is named beside it. Included by the files of
 * rules and by lint.c, which runs them. */
#ifndef CG_LINT_RULES_H
#define CG_LINT_RULES_H

#include "base/finding.h"
#include "object.h"

/* The usual fixes: of an end entity, of any certificate, of a CA, which with a new key would shut out all that it issued. */
#define CG_AGAIN     "Issue it again, or with: certguard issue"
#define CG_AGAIN_ANY "Issue it again with the same name and key; or, where it is no CA, with: certguard issue"
#define CG_CA_AGAIN                                                                                                    \
    "Issue the CA certificate again with the same name and key; or make a new CA (certguard init) and trust it "       \
    "beside this one until all certificates are of the new one."
/* After a fix that changes the name or the key. */
#define CG_NEW_CA                                                                                                      \
    " A CA with another name or key is a new CA: trust it beside this one until all certificates are of the new one."

enum cg_lint_scope { CG_SCOPE_ALL = 0, CG_SCOPE_CA, CG_SCOPE_LEAF };

/* A rule has one of the two functions. True: the row applies. */
struct cg_lint_rule {
    struct cg_rule_row row;
    enum cg_lint_scope scope; /* of certificates */
    bool (*holds)(const struct cg_lint_object *o);
    bool (*found)(const struct cg_lint_object *o, char *detail, size_t size); /* detail is "" before, and may stay so */
};

struct cg_lint_rules {
    enum cg_lint_kind kind;
    const struct cg_lint_rule *rule;
    size_t count;
};

extern const struct cg_lint_rules cg_lint_cert_rules;       /* cert.c: version, serial, times, signature */
extern const struct cg_lint_rules cg_lint_pkey_rules;       /* key.c: the public key of a certificate */
extern const struct cg_lint_rules cg_lint_name_rules;       /* name.c: subject and issuer */
extern const struct cg_lint_rules cg_lint_san_rules;        /* san.c */
extern const struct cg_lint_rules cg_lint_ext_rules;        /* ext.c: the other extensions */
extern const struct cg_lint_rules cg_lint_use_rules;        /* use.c: what a key may do */
extern const struct cg_lint_rules cg_lint_der_rules;        /* der.c: how all that is encoded */
extern const struct cg_lint_rules cg_lint_cps_rules;        /* cps.c: certificatePolicies and policyMappings */
extern const struct cg_lint_rules cg_lint_constraint_rules; /* constraints.c */
extern const struct cg_lint_rules cg_lint_crl_rules;        /* crl.c */
extern const struct cg_lint_rules cg_lint_key_rules;        /* key.c: private keys in files */

/* Rules that compare two objects: a is the one reported. One of the two functions, as above. */
struct cg_lint_pair_rule {
    struct cg_rule_row row;
    bool (*holds)(const struct cg_lint_object *a, const struct cg_lint_object *b);
    bool (*found)(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size);
};
extern const struct cg_lint_pair_rule cg_lint_pair_rules[]; /* pair.c */
extern const size_t cg_lint_pair_rules_count;

#endif
