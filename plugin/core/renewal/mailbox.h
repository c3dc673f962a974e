/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The files of the spool, by which a broker and the CA exchange requests and answers. One JSON object a file, binary values in
 * base64. These functions only read and write the text; they do no input or output. The caller owns what is returned and clears it.
 *
 *   SPOOL/requests/       written by the broker alone (mode 0750)
 *     lock                held by the broker
 *     ID.json             a request that waits                {"id", "received", "certificate", "request"}
 *     ID.done             its new certificate was used        {"id", "confirmed"}
 *     ID.answer           an answer that came over the control topic, in the form of answers/ID.json
 *   SPOOL/answers/        written by the CA alone (mode 0750)
 *     lock                held by the tool
 *     ID.json             an answer                           {"id", "certificate", "chain": []} or {"id", "refused", "detail"}
 *
 * Each side only reads the other's folder and deletes only in its own. Called by the broker layer, the tool and the fuzzer. */
#ifndef CG_RENEWAL_MAILBOX_H
#define CG_RENEWAL_MAILBOX_H

#include "core/base/error.h"
#include "core/base/reason.h"
#include "request.h"

#include <cjson/cJSON.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_MAILBOX_FILE_MAX ((size_t)64 << 10) /* octets of any file of the spool */

struct cg_mail_request {
    char id[CG_RENEWAL_ID_MAX];
    int64_t received;    /* s since 1970; by the broker's clock, so not trusted */
    X509 *certificate;   /* of the session */
    unsigned char *data; /* CSR || S */
    size_t len;
    struct cg_renewal_request request; /* of data, parsed */
};

/* Checks that the id is that of certificate and request. False with *err. Clear it in every case. */
bool cg_mail_request_read(const char *text, size_t len, struct cg_mail_request *out, struct cg_error *err);
void cg_mail_request_clear(struct cg_mail_request *request);
cJSON *cg_mail_request_json(const struct cg_mail_request *request); /* NULL: out of memory */

struct cg_mail_answer {
    char id[CG_RENEWAL_ID_MAX];
    X509 *certificate;      /* NULL: refused */
    STACK_OF(X509) *chain;  /* above it, without the root; at most CG_RENEW_CHAIN_MAX; may be empty */
    enum cg_reason refused; /* a code renewal_*; CG_REASON_OK if there is a certificate */
    char detail[160];       /* of a refusal: one escaped line */
};

bool cg_mail_answer_read(const char *text, size_t len, struct cg_mail_answer *out, struct cg_error *err);
bool cg_mail_answer_of(const cJSON *json, struct cg_mail_answer *out, struct cg_error *err);   /* the same, parsed */
bool cg_mail_request_of(const cJSON *json, struct cg_mail_request *out, struct cg_error *err); /* the same, parsed */
void cg_mail_answer_clear(struct cg_mail_answer *answer);
cJSON *cg_mail_answer_json(const struct cg_mail_answer *answer);

/* ID.done. */
bool cg_mail_done_read(const char *text, size_t len, const char *id, int64_t *confirmed, struct cg_error *err);
cJSON *cg_mail_done_json(const char *id, int64_t confirmed);

#endif
