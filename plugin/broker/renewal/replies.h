/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Answers to one session, and the events about them. Answers are queued: see cg_sessions_send(). Main thread only. */
#ifndef CG_RENEWAL_REPLIES_H
#define CG_RENEWAL_REPLIES_H

#include "parts.h"

void cg_reply_text(struct cg_renewal *renewal, struct cg_renewal_session *session, const char *kind, const char *text);
void cg_reply_busy(struct cg_renewal *renewal, struct cg_renewal_session *session, int64_t seconds);
void cg_reply_pending(struct cg_renewal *renewal, struct cg_renewal_session *session, const struct cg_entry *entry);
void cg_reply_refused(struct cg_renewal *renewal, struct cg_renewal_session *session, const struct cg_refusal *refusal);

/* The CA's: a certificate or a refusal. */
void cg_reply_answer(struct cg_renewal *renewal, struct cg_renewal_session *session, struct cg_entry *entry);

/* If the session's certificate is one that was delivered, it works now. */
void cg_reply_confirm(struct cg_renewal *renewal, struct cg_renewal_session *session);

/* Reports a refused request, and counts it. conn may be NULL; id may be "". */
void cg_report_refused(struct cg_renewal *renewal, struct cg_conn *conn, const X509 *certificate, const char *id,
                       const struct cg_refusal *refusal);

#endif
