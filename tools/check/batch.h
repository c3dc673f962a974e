/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reads the cases of "check --batch": one JSON object per line, with certificates as PEM text or names of files. Each
 * becomes an input of cg_check. The caller owns the batch and each case. Called by verbs/check.c and the fuzz target. */
#ifndef CG_BATCH_H
#define CG_BATCH_H

#include "batch_case.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CG_BATCH_LINE_MAX (4U << 20) /* bytes per line */

/* Defaults for all lines; borrowed. */
struct cg_batch {
    const char *file;                    /* names of files are relative to its folder */
    const struct cg_policy *policy;      /* never NULL */
    const struct cg_trust *trust;        /* for lines without "roots"; may be NULL */
    const struct cg_trust *server_trust; /* the same, with the purpose server */
    int64_t now;                         /* for lines without "time" */
    bool no_files;                       /* names of files are an error, for untrusted lines */
};

/* The profile of the policy for a purpose, by listener port (0: the base). */
const struct cg_profile *cg_batch_profile(const struct cg_policy *policy, enum cg_purpose purpose, uint16_t port);

/* False with *err: the line is not a case. Clear *out in any case. */
bool cg_batch_parse(const struct cg_batch *batch, const char *line, size_t len, struct cg_batch_case *out,
                    struct cg_error *err);

/* Reads the next line, without its line end, into *line (grown with realloc, at most CG_BATCH_LINE_MAX).
 * 1: a line; 0: end of the file; -1 with *err: too long (the line is skipped), out of memory, or a read error. */
int cg_batch_next(FILE *in, char **line, size_t *size, size_t *len, struct cg_error *err);

#endif
