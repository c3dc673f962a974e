/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The name that a certificate gives to its client, and the client ids that go with it. Pure functions; the
 * caller owns everything. Called by the broker layer at CONNECT and by the tool. */
#ifndef CG_IDENTITY_H
#define CG_IDENTITY_H

#include "policy.h"

#include <openssl/x509.h>
#include <stdbool.h>

#define CG_IDENTITY_MAX 256

struct cg_identity {
    enum cg_reason reason;      /* CG_REASON_OK, CG_REASON_IDENTITY_MISSING or CG_REASON_IDENTITY_INVALID */
    char name[CG_IDENTITY_MAX]; /* "" unless CG_REASON_OK */
    char detail[192];           /* what was found, what was expected; "" when CG_REASON_OK */
};

/* The one name of the policy's source that remains after strip_prefix. No such name is IDENTITY_MISSING. Two
 * different ones, or one that could reach into the topics of others by way of %u in an ACL, is IDENTITY_INVALID:
 * empty, over 255 bytes, not UTF-8, with control characters, '+', '#', '/', '*', or '$' in front. */
void cg_identity_of(const X509 *certificate, const struct cg_identity_policy *policy, struct cg_identity *out);

/* Whether a client with this name may use this client id. With CG_CLIENT_ID_PREFIX the id is the name, or goes on
 * after it with one of "-_.:/": "dev1" may be "dev1" and "dev1-a", not "dev10". */
bool cg_identity_allows(const struct cg_identity_policy *policy, const char *name, const char *client_id);

#endif
