/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Passphrases: from a file, a file descriptor or the terminal. One of a run is that of the CA's key (or the PIN of its
 * token), asked for once; others belong to what a verb makes beside it.
 * Called by ca_options.c and the verbs. */
#ifndef CG_CA_PASSPHRASE_H
#define CG_CA_PASSPHRASE_H

#include "base/secrets.h"
#include "cli/cli.h"

#define CG_PASSPHRASE_MAX 256
#define CG_PASSPHRASE_MIN 8 /* characters of a new one */

/* From --passphrase-file, --passphrase-fd or the terminal, asked once a run. question: "passphrase of the CA key".
 * confirm: it is a new one, asked twice, at least CG_PASSPHRASE_MIN characters. Points into static storage that is not
 * swapped out where that is allowed, wiped at exit. */
const char *cg_passphrase(const struct cg_cli *cli, const char *question, bool confirm, struct cg_error *err);

/* The question for the key that is there; and the same, asked on a terminal before the lock is taken, so that nobody waits
 * for a person. folder: of the key, "ca" or "root". What goes wrong is said by the first cg_passphrase. */
const char *cg_passphrase_of_key(const struct cg_cli *cli, struct cg_error *err);
struct cg_passphrase_source cg_passphrase_source_of(const struct cg_cli *cli); /* borrows it */
void cg_passphrase_ahead(const struct cg_cli *cli, const char *folder);

/* Another passphrase: first line of the file at path, or asked twice where path is NULL. The caller wipes out. */
bool cg_passphrase_of_file(const char *path, const char *question, char out[CG_PASSPHRASE_MAX], struct cg_error *err);

/* The same for a new one: at least CG_PASSPHRASE_MIN characters. option: by which path is given. */
bool cg_passphrase_new(const char *path, const char *option, const char *question, char out[CG_PASSPHRASE_MAX],
                       struct cg_error *err);

#endif
