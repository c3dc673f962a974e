/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The name that a certificate gives to its client, and the client ids that go with it. Pure functions; the
 * caller owns everything. Called by the broker layer at CONNECT and by the tool. */
#ifndef CG_IDENTITY_H
#define CG_IDENTITY_H

#include "core/policy/policy.h"
#include "verdict.h"

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
 * empty, over 255 bytes, not UTF-8, with control characters, '+', '#', '/', '*', or '$' in front. Neither may a name that is
 * compared with client ids contain the policy's separator, or '~', which certguard keeps for itself. */
void cg_identity_of(const X509 *certificate, const struct cg_identity_policy *policy, struct cg_identity *out);

/* Whether a client with this name may use this client id. With CG_CLIENT_ID_PREFIX the id is the name, or the name, the
 * policy's separator, and anything. */
bool cg_identity_allows(const struct cg_identity_policy *policy, const char *name, const char *client_id);

#define CG_CLIENT_FINDINGS_MAX 2

/* Zero-initialised means deny. */
struct cg_client_verdict {
    enum cg_decision decision;
    enum cg_reason reason;      /* CG_REASON_OK when accepted */
    char detail[192];           /* "" when accepted */
    char name[CG_IDENTITY_MAX]; /* the user name that the certificate gives; "": none */
    bool authenticates;         /* the certificate is enough: no password is asked for. Only with a name of its own, and
                                 * never where a rule was broken that is only audited. */
    int nfindings;              /* audited ones */
    struct cg_finding findings[CG_CLIENT_FINDINGS_MAX];
};

/* Whether the owner of this certificate may be the MQTT client with this id, by the listener's "identity". Rules are those
 * of the reasons IDENTITY_MISSING, IDENTITY_INVALID and CLIENT_ID_MISMATCH, enforced, audited or off as listener->client
 * says. leaf NULL: there is no certificate to take an identity from; accepted, without a name. */
void cg_check_client(const struct cg_listener_policy *listener, const X509 *leaf, const char *client_id,
                     struct cg_client_verdict *out);

#endif
