/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Cases of "check --batch": one JSON object a line, with certificates as PEM text or as names of files, into the input
 * of cg_check. The caller owns the batch and each case. Called by verb_check.c and the fuzz target. */
#ifndef CG_BATCH_H
#define CG_BATCH_H

#include "core/check.h"
#include "core/error.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CG_BATCH_LINE_MAX (4U << 20) /* bytes of a line */

/* What holds for every line that does not say otherwise; all borrowed. */
struct cg_batch {
    const char *file;                    /* names in a line are relative to its folder */
    const struct cg_policy *policy;      /* never NULL */
    const struct cg_trust *trust;        /* for lines without "roots"; may be NULL */
    const struct cg_trust *server_trust; /* the same, with the purpose server */
    int64_t now;                         /* for lines without "time" */
    bool no_files;                       /* names of files are an error: the lines come from elsewhere */
};

struct cg_denied_key {
    struct cg_denied_key *next;
    unsigned char sha256[32];
};

struct cg_batch_case {
    char id[256];    /* escaped */
    bool unreadable; /* leaf or chain hold bytes that are no certificate: a handshake would fail on them */
    struct cg_check_input input;
    struct cg_error refused_crl; /* why the first refused CRL of the line was left out; "" */

    /* what input points to */
    struct cg_profile profile;
    struct cg_trust *trust;
    X509 *leaf;
    STACK_OF(X509) *sent;
    STACK_OF(X509_NAME) *refused_issuers; /* of refused CRLs */
    bool refused_unnamed;                 /* one of them could not be read at all */
    struct cg_certificate_match *denied;  /* the policy's deny list and the line's */
    struct cg_denied_key *denied_keys;
    char *host;
    const char **oids;
    struct cJSON *json;
};

/* The profile of the policy for a purpose, by listener port (0: the base). */
const struct cg_profile *cg_batch_profile(const struct cg_policy *policy, enum cg_purpose purpose, uint16_t port);

/* False and *err: the line is no case. Clear *out in both cases. */
bool cg_batch_parse(const struct cg_batch *batch, const char *line, size_t len, struct cg_batch_case *out,
                    struct cg_error *err);
void cg_batch_case_clear(struct cg_batch_case *c);

/* Reads the next line, without its end, into *line (grown with realloc, at most CG_BATCH_LINE_MAX).
 * 1: a line; 0: end of the file; -1: longer than the limit (passed over) or no memory or a read error, see *err. */
int cg_batch_next(FILE *in, char **line, size_t *size, size_t *len, struct cg_error *err);

#endif
