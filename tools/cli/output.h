/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a verb says: words for people go to standard error, the result for machines to standard output.
 * Called by the verbs. */
#ifndef CG_OUTPUT_H
#define CG_OUTPUT_H

#include "cli.h"

#include <cjson/cJSON.h>

/* say: not with -q. detail: with -v only. warn: always, marked. */
void cg_say(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_detail(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_warn(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The result for machines: alone on standard output, one line; takes the object. Does nothing without --json. */
void cg_result(const struct cg_cli *cli, cJSON *object);

/* Prints the error (with --json also {"error":...} on standard output) and returns the exit code given. */
int cg_fail(const struct cg_cli *cli, int exit_code, const struct cg_error *err);

/* Wrong use found by the verb itself: the sentence, where to read more, and the verb's usage exit code. */
int cg_usage(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
