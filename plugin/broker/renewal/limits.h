/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Limits on questions, by certificate: a device that reconnects, or uses several client ids, has no more. Bounded: the certificate
 * that asked least recently is forgotten first. Pure: time is an argument, monotonic. Owned by renewal.c; main thread only. */
#ifndef CG_RENEWAL_LIMITS_H
#define CG_RENEWAL_LIMITS_H

#include "broker/base/hashtable.h"
#include "broker/base/queue.h"
#include "work.h"

enum cg_limit {
    CG_LIMIT_REQUESTS = 0, /* 3 at once, then one a minute: each may cost a signature check and a file */
    CG_LIMIT_QUESTIONS, /* 16 at once, then one a second: a renewal asks when it is due, and takes ten anchors and four
                            * certificates, one after the other */
    CG_LIMITS
};

#define CG_LIMITS_CERTIFICATES 16384

struct cg_ask_limits {
    struct cg_hashtable table;
    struct cg_queue order; /* least recent first */
};

bool cg_ask_limits_init(struct cg_ask_limits *limits); /* false: out of memory */
void cg_ask_limits_free(struct cg_ask_limits *limits);

/* 0: it may ask, and this is counted. Otherwise the ms until it may; or if memory runs out. */
int64_t cg_ask_limits_wait(struct cg_ask_limits *limits, const unsigned char *certificate, enum cg_limit limit,
                           int64_t now_ms);

#endif
