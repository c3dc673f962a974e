/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The checks of a request before it is kept, and of an answer before it is delivered, with public-key cryptography. They use the
 * verdict function of handshakes. The CA trusts none of them: they keep useless requests from the CA, and useless
 * certificates from devices. Pure; called by the worker. */
#ifndef CG_RENEWAL_CHECK_H
#define CG_RENEWAL_CHECK_H

#include "work.h"

#include "core/renewal/mailbox.h"

/* Fills work->result and work->refusal. */
void cg_request_check(const struct cg_snapshot *snapshot, struct cg_work *work, int64_t now);

/* False: out of memory. */
bool cg_request_facts(const X509 *certificate, const struct cg_renewal_request *request, int64_t received,
                      struct cg_request_facts *out);

/* Whether the certificate of an answer may be delivered: it is the successor of the request's, and a listener with this port
 * accepts it now (0: the policy's base). False with *refusal. */
bool cg_answer_check(const struct cg_snapshot *snapshot, const struct cg_mail_request *request,
                     const struct cg_mail_answer *answer, uint16_t port, int64_t now, struct cg_refusal *refusal);

/* The certificates of an answer for the main thread, malloc'ed. NULL: out of memory. */
struct cg_issued *cg_answer_issued(const struct cg_mail_answer *answer);

#endif
