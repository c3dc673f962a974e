/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the tests of the certificate check share: a case in text goes in, a verdict comes out.
 * Owns nothing; a broken case ends the test program. */
#ifndef CG_CHECK_FIXTURE_H
#define CG_CHECK_FIXTURE_H

#include "core/check.h"
#include "lib/pki_maker.h"

#define FIXTURE_NOW 1900000000 /* 2030-03-17T17:46:40Z */

struct fixture_case {
    const char *recipe;               /* of pki_maker, on top of what pki holds; or NULL */
    const char *leaf;                 /* name; NULL: "c" */
    const char *sent;                 /* names; NULL: none */
    const char *anchors;              /* names; NULL: "root" */
    const char *intermediate_anchors; /* names; NULL: none */
    const char *intermediates;        /* names; NULL: none */
    const char *crls;                 /* names; NULL: none */
    const char *policy;               /* JSON of the policy's top level without trust, with a leading comma; or NULL */
    const char *host;
    enum cg_purpose purpose; /* CG_PURPOSE_NONE: client */
};

/* Checks without a cache of signatures, and then with one that all cases share: a difference ends the test program. The
 * caller clears *out. */
void fixture_check(struct cg_pki *pki, const struct fixture_case *row, struct cg_verdict *out);

/* The inputs alone, for tests that call cg_check themselves. */
struct fixture_inputs {
    struct cg_policy *policy;
    struct cg_trust *trust;
    STACK_OF(X509) *sent;
    struct cg_check_input check;
};
void fixture_open(struct cg_pki *pki, const struct fixture_case *row, struct fixture_inputs *out);
void fixture_verdict(const struct cg_check_input *in, struct cg_verdict *out); /* the middle of fixture_check */
void fixture_close(struct fixture_inputs *inputs);

#endif
