/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The name that a certificate gives its client, and the client ids that this client may use. Pure functions; the
 * caller owns everything. Any thread. Called by the broker layer at CONNECT and by the tool. */
#ifndef CG_IDENTITY_H
#define CG_IDENTITY_H

#include "core/policy/policy.h"
#include "verdict.h"

#include <openssl/x509.h>
#include <stdbool.h>

#define CG_IDENTITY_MAX    256
#define CG_RENEW_ID_SUFFIX "~renew"

struct cg_identity {
    enum cg_reason reason;      /* CG_REASON_OK, CG_REASON_IDENTITY_MISSING or CG_REASON_IDENTITY_INVALID */
    char name[CG_IDENTITY_MAX]; /* "" unless CG_REASON_OK */
    char detail[192];           /* what was found and expected; "" if CG_REASON_OK */
};

/* Finds the name in the certificate field that the policy names, without strip_prefix. No name: IDENTITY_MISSING.
 * Two different names, or one that could match topics of others through %u in an ACL: IDENTITY_INVALID. That is a
 * name that is empty, over 255 bytes, not UTF-8, or has control characters, '+', '#', '/', '*' or a leading '$'. A
 * name that is compared with client ids must not contain the policy's separator or '~', which certguard reserves. */
void cg_identity_of(const X509 *certificate, const struct cg_identity_policy *policy, struct cg_identity *out);

/* Whether a client with this name may use this client id. With CG_CLIENT_ID_PREFIX the id is the name alone, or the
 * name followed by the policy's separator and any text. Where ids are compared with names, the id of a renewal is allowed too. */
bool cg_identity_allows(const struct cg_identity_policy *policy, const char *name, const char *client_id);

/* Whether this is the client id with which a client of this name renews its certificate beside its normal session:
 * NAME~renew. Only if the policy restricts client ids (client_id, one_client): otherwise any session can renew. No other name can
 * have it where names are compared with client ids, since those contain no '~'. */
bool cg_identity_is_renewal(const struct cg_identity_policy *policy, const char *name, const char *client_id);

/* The entry of a list for this certificate, or for the name that the policy takes from it; NULL: none. *fault as in
 * cg_list_find. */
const struct cg_certificate_match *cg_identity_in(const struct cg_certificate_list *list, const X509 *certificate,
                                                  const struct cg_identity_policy *policy, bool *fault);

#define CG_CLIENT_FINDINGS_MAX 2

/* Zero-initialized means deny. */
struct cg_client_verdict {
    enum cg_decision decision;
    enum cg_reason reason;      /* CG_REASON_OK if accepted */
    char detail[192];           /* "" if accepted */
    char name[CG_IDENTITY_MAX]; /* the user name that the certificate gives; "": none */
    bool authenticates; /* the certificate is enough, and no password is needed. Only with a name, and never if a rule
                                 * is violated that is only audited. */
    int nfindings;      /* audited ones */
    struct cg_finding findings[CG_CLIENT_FINDINGS_MAX];
};

/* Whether the owner of this certificate may be the MQTT client with this id, according to the listener's "identity".
 * The rules are IDENTITY_MISSING, IDENTITY_INVALID and CLIENT_ID_MISMATCH, with their modes in listener->client.
 * leaf NULL: there is no certificate; accepted without a name. */
void cg_check_client(const struct cg_listener_policy *listener, const X509 *leaf, const char *client_id,
                     struct cg_client_verdict *out);

#endif
