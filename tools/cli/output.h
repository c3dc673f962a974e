/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Output of a verb: messages on standard error, results on standard output. Called by the verbs. */
#ifndef CG_OUTPUT_H
#define CG_OUTPUT_H

#include "base/json.h"
#include "cli.h"

/* say: not with -q. detail: with -v only. warn: always, marked. */
void cg_say(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_detail(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_warn(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the result as one line of JSON on standard output if --json is set. Frees the object in any case. */
void cg_result(const struct cg_cli *cli, cJSON *object);
void cg_result_of_run(const struct cg_cli *cli, cJSON *object); /* with "dry_run" */

/* Prints the error (with --json also {"error":...} on standard output) and returns the exit code given. */
int cg_fail(const struct cg_cli *cli, int exit_code, const struct cg_error *err);

/* Wrong usage: prints the message and the command for help; returns the verb's exit code for wrong usage. */
int cg_usage(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
