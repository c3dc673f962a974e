/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The conversation of a device with a broker about its renewal: one question, one answer (docs/renewal.md). No answer is trusted:
 * what does not answer the open question is ignored. The caller owns the talk, and every answer until it clears it.
 * Called by steps.c. */
#ifndef CG_TOOLS_DEVICE_TALK_H
#define CG_TOOLS_DEVICE_TALK_H

#include "broker/connection.h"
#include "core/renewal/question.h"
#include "core/renewal/request.h"
#include "core/renewal/statement.h"

enum cg_reply {
    CG_REPLY_NONE = 0,
    CG_REPLY_DUE,
    CG_REPLY_PENDING,
    CG_REPLY_BUSY,
    CG_REPLY_ISSUED,
    CG_REPLY_REFUSED,
    CG_REPLY_PART
};

struct cg_device_answer {
    enum cg_reply reply;          /* NONE: the time is up, or the broker denied the question */
    int64_t seconds;              /* of DUE (0: now), PENDING and BUSY */
    unsigned anchors;             /* of DUE */
    char id[CG_RENEWAL_ID_MAX];   /* of PENDING; "" if malformed */
    char code[64], sentence[256]; /* of REFUSED, escaped */
    X509 *leaf;                   /* of ISSUED */
    unsigned char *data;          /* of PART, the answer to "chain N" and "anchor N"; len 0: there are no more */
    size_t len;
};

void cg_device_answer_clear(struct cg_device_answer *answer);

struct cg_talk;

/* target->id NULL: the common name of the certificate with "~renew", which does not end the device's own session. */
struct cg_talk *cg_talk_open(const struct cg_mqtt_target *target, const struct cg_tls_objects *objects,
                             struct cg_error *err);
void cg_talk_close(struct cg_talk *talk);

/* False: the connection ended. These wait and ask again if the broker is busy with too many questions in a second. */
bool cg_talk_due(struct cg_talk *talk, struct cg_device_answer *answer, struct cg_error *err);
bool cg_talk_part(struct cg_talk *talk, const char *name, unsigned number, struct cg_device_answer *answer,
                  struct cg_error *err); /* name: CG_ANSWER_CHAIN or CG_ANSWER_ANCHOR */

/* Certificates with another key than key answer another request, and are ignored. */
bool cg_talk_request(struct cg_talk *talk, const unsigned char *request, size_t len, const EVP_PKEY *key,
                     struct cg_device_answer *answer, struct cg_error *err);

/* The trust anchor through which the broker was reached. Borrowed. */
X509 *cg_talk_anchor(const struct cg_talk *talk);

#endif
