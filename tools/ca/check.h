/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The plugin's check under the strict default policy, which every certificate must pass before it is written: this tool does
 * not issue what the plugin refuses. The caller owns the struct. Called by issue and import. */
#ifndef CG_CA_CHECK_H
#define CG_CA_CHECK_H

#include "profile.h"
#include "store/store.h"

struct cg_ca_checker {
    struct cg_policy *policy;
    struct cg_trust *trust;
    STACK_OF(X509) *sent;  /* the intermediate */
    STACK_OF(X509) *above; /* the intermediate and the root that signed it, borrowed; NULL: there is no such path */
};

bool cg_ca_checker_open(struct cg_ca_checker *checker, const struct cg_ca *ca, struct cg_error *err);
void cg_ca_checker_close(struct cg_ca_checker *checker);

/* True if the plugin accepts it; else the error has the reason, its code and the fix. Thread-safe. */
bool cg_ca_checker_verdict(const struct cg_ca_checker *checker, const struct cg_ca_profile *profile, X509 *cert,
                           int64_t now, struct cg_error *err);

/* True if it may be issued: the plugin accepts it, and lint finds no error. */
bool cg_ca_checker_accepts(const struct cg_ca_checker *checker, const struct cg_ca_profile *profile, X509 *cert,
                           int64_t now, struct cg_error *err);

#endif
