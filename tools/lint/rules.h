/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The shape of lint's rules, and the tables of rules. Included by the files that define rules, and by lint.c, which runs
 * them. */
#ifndef CG_LINT_RULES_H
#define CG_LINT_RULES_H

#include "base/finding.h"
#include "core/base/openssl_const.h"
#include "object.h"

/* Fixes that many rules share: for an end entity, for any certificate, and for a CA, which must keep its key. */
#define CG_AGAIN      "Issue the certificate again, for example with: certguard issue"
#define CG_AGAIN_ANY  "Issue the certificate again with the same name and key. If it is not a CA, use: certguard issue"
#define CG_TRUST_BOTH "trust both until every certificate comes from the new one."
#define CG_CA_AGAIN                                                                                                    \
    "Issue the CA certificate again with the same name and key. Or create a new CA (certguard init) "                  \
    "and " CG_TRUST_BOTH
/* Appended to a fix that changes the name or the key. */
#define CG_NEW_CA " A CA with a different name or key is a new CA: " CG_TRUST_BOTH

enum cg_lint_scope { CG_SCOPE_ALL = 0, CG_SCOPE_CA, CG_SCOPE_LEAF };

/* Parts of an object. A rule on parts reports the first one for which it holds. */
struct cg_lint_attribute { /* of the subject name */
    const struct cg_lint_object *of;
    int nid;
    const ASN1_STRING *value;
};

struct cg_lint_extension { /* of a certificate */
    const struct cg_lint_object *of;
    CG_OPENSSL4_CONST X509_EXTENSION *extension;
    int index;
};

struct cg_lint_qualifier { /* of a certificate policy */
    const struct cg_lint_object *of;
    const POLICYINFO *policy;
    const POLICYQUALINFO *info;
};

struct cg_lint_entry { /* of a CRL */
    const struct cg_lint_object *of;
    const X509_REVOKED *revoked;
};

typedef bool cg_lint_attribute_test(const struct cg_lint_attribute *attribute);
typedef bool cg_lint_extension_test(const struct cg_lint_extension *extension);
typedef bool cg_lint_dns_test(const char *name); /* a DNS name in subjectAltName, without a NUL */
typedef bool cg_lint_qualifier_test(const struct cg_lint_qualifier *qualifier);
typedef bool cg_lint_entry_test(const struct cg_lint_entry *entry);

bool cg_lint_any_attribute(const struct cg_lint_object *o, cg_lint_attribute_test *test, char *detail, size_t size);
bool cg_lint_any_extension(const struct cg_lint_object *o, cg_lint_extension_test *test, char *detail, size_t size);
bool cg_lint_any_dns(const struct cg_lint_object *o, cg_lint_dns_test *test, char *detail, size_t size);
bool cg_lint_any_qualifier(const struct cg_lint_object *o, cg_lint_qualifier_test *test, char *detail, size_t size);
bool cg_lint_any_entry(const struct cg_lint_object *o, cg_lint_entry_test *test, char *detail, size_t size);

/* Does the subjectAltName contain this host? */
bool cg_lint_names_host(const struct cg_lint_object *o, const char *host);

/* Exactly one member after scope is set. It decides whether the rule applies. */
struct cg_lint_rule {
    struct cg_rule_row row;
    enum cg_lint_scope scope;     /* of certificates */
    int has, lacks, not_critical; /* NID of an extension that is there, is missing, or is there but not critical */
    bool (*holds)(const struct cg_lint_object *o);
    bool (*found)(const struct cg_lint_object *o, char *detail, size_t size); /* detail is "" at the call */
    cg_lint_attribute_test *attribute;
    cg_lint_extension_test *extension;
    cg_lint_dns_test *dns;
    cg_lint_qualifier_test *qualifier;
    cg_lint_entry_test *entry;
};

struct cg_lint_rules {
    enum cg_lint_kind kind;
    const struct cg_lint_rule *rule;
    size_t count;
};

extern const struct cg_lint_rules cg_lint_cert_rules;       /* cert.c: version, serial number, validity, signature */
extern const struct cg_lint_rules cg_lint_pkey_rules;       /* key.c: the public key of a certificate */
extern const struct cg_lint_rules cg_lint_name_rules;       /* name.c: subject and issuer */
extern const struct cg_lint_rules cg_lint_san_rules;        /* san.c: subjectAltName */
extern const struct cg_lint_rules cg_lint_ext_rules;        /* ext.c: other extensions */
extern const struct cg_lint_rules cg_lint_use_rules;        /* use.c: what a key may be used for */
extern const struct cg_lint_rules cg_lint_der_rules;        /* der.c: encoding */
extern const struct cg_lint_rules cg_lint_cps_rules;        /* cps.c: certificatePolicies and policyMappings */
extern const struct cg_lint_rules cg_lint_constraint_rules; /* constraints.c: nameConstraints, policyConstraints */
extern const struct cg_lint_rules cg_lint_crl_rules;        /* crl.c */
extern const struct cg_lint_rules cg_lint_key_rules;        /* key.c: private keys in files */

/* A rule that compares two objects and reports the first. Exactly one function is set. */
struct cg_lint_pair_rule {
    struct cg_rule_row row;
    bool (*holds)(const struct cg_lint_object *a, const struct cg_lint_object *b);
    bool (*found)(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size);
};
extern const struct cg_lint_pair_rule cg_lint_pair_rules[]; /* pair.c */
extern const size_t cg_lint_pair_rules_count;

#endif
