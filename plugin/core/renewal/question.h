/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The renewal topic: what devices publish to it, and the topics of the answers (docs/renewal.md). A question is one packet, and
 * so is its answer, which only the client that asked receives. Pure functions; payloads are borrowed. Called by the broker layer,
 * by the tool and by the fuzzer. */
#ifndef CG_RENEWAL_QUESTION_H
#define CG_RENEWAL_QUESTION_H

#include <stddef.h>

#define CG_RENEW_TOPIC         "$CONTROL/certguard/v1/renew"
#define CG_RENEW_REQUEST_MAX   ((size_t)16384) /* octets of a request, in DER */
#define CG_RENEW_PAYLOAD_MAX   ((size_t)21848) /* the same in base64 */
#define CG_RENEW_NUMBER_MAX    9999            /* of chain N and anchor N */
#define CG_RENEW_CHAIN_MAX     4               /* certificates above the leaf */
#define CG_RENEW_SECONDS_LEAST 60              /* of due, pending and busy: never 1 to 59 */
#define CG_RENEW_SECONDS_MOST  86400

/* The last part of an answer's topic, below CG_RENEW_TOPIC; of chain and anchor, "/N" follows. */
#define CG_ANSWER_DUE     "due"     /* "SECONDS ANCHORS" */
#define CG_ANSWER_PENDING "pending" /* "SECONDS ID" */
#define CG_ANSWER_BUSY    "busy"    /* "SECONDS" */
#define CG_ANSWER_ISSUED  "issued"  /* a certificate, DER */
#define CG_ANSWER_REFUSED "refused" /* "CODE SENTENCE" */
#define CG_ANSWER_CHAIN   "chain"   /* a certificate, DER; empty: there are no more */
#define CG_ANSWER_ANCHOR  "anchor"  /* a statement, see statement.h; empty: there are no more */

enum cg_question_kind {
    CG_QUESTION_UNKNOWN = 0, /* gets no answer */
    CG_QUESTION_DUE,         /* an empty payload */
    CG_QUESTION_REQUEST,     /* DER */
    CG_QUESTION_BASE64,      /* a request in base64 */
    CG_QUESTION_CHAIN,       /* "chain N" */
    CG_QUESTION_ANCHOR,      /* "anchor N" */
};

struct cg_question {
    enum cg_question_kind kind;
    unsigned number; /* of CHAIN and ANCHOR: 1 to CG_RENEW_NUMBER_MAX */
};

/* By the first octet; a payload over CG_RENEW_PAYLOAD_MAX is unknown. */
struct cg_question cg_question_of(const void *payload, size_t len);

/* Decodes base64 (RFC 4648 section 4, padded, no other characters except line feeds) into out, of size octets. Returns the
 * length, 0 if it is malformed or does not fit. */
size_t cg_renewal_decode(const char *text, size_t len, unsigned char *out, size_t size);

#endif
