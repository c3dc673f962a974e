/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Passphrases from a file, a file descriptor or the terminal. Each run has one passphrase for the CA's key (or PIN for its
 * token), which is read once. Others protect what a verb creates in addition, such as a PKCS#12 file.
 * Called by ca_options.c and the verbs. */
#ifndef CG_CA_PASSPHRASE_H
#define CG_CA_PASSPHRASE_H

#include "ca/settings.h"
#include "cli/cli.h"

#define CG_PASSPHRASE_MAX 256
#define CG_PASSPHRASE_MIN 8 /* characters of a new one */

/* From --passphrase-fd, --passphrase-file, $CERTGUARD_PASSPHRASE_FILE, the setting passphrase_file of the CA or the terminal, in
 * this order; read once per run. A file of the setting is read with the rights of the folder's owner. question: the prompt.
 * confirm: a new passphrase, asked twice, at least CG_PASSPHRASE_MIN characters. Returns static storage that is locked in
 * memory if the system allows it, and wiped at exit. */
const char *cg_passphrase(const struct cg_cli *cli, const char *question, bool confirm, struct cg_error *err);

/* For the existing key. cg_passphrase_ahead prompts on the terminal before the lock is taken, so that no other run waits
 * for a person; folder: of the key, "ca" or "root". The first cg_passphrase reports its errors. */
const char *cg_passphrase_of_key(const struct cg_cli *cli, struct cg_error *err);
void cg_passphrase_ahead(const struct cg_cli *cli, const char *folder);

/* The file that a setting named and cg_passphrase read, for errors; NULL: another source. */
const char *cg_passphrase_setting(void);

/* It comes from one of these, without a prompt. */
bool cg_passphrase_is_elsewhere(const struct cg_cli *cli);

/* Sets passphrase_file to the file that this run uses, if one was named. Not if another user owns the folder: the file of root
 * is not that user's to read. */
bool cg_passphrase_remember(const struct cg_cli *cli, struct cg_settings *settings, struct cg_error *err);

/* Another passphrase: the first line of the file at path, or a prompt (asked twice) if path is NULL. The caller wipes out. */
bool cg_passphrase_of_file(const char *path, const char *question, char out[CG_PASSPHRASE_MAX], struct cg_error *err);

/* From a file that the settings of a CA name, with the rights of the owner of its folder. */
bool cg_passphrase_with_rights(const char *path, const struct cg_ca_owner *owner, char out[CG_PASSPHRASE_MAX],
                               struct cg_error *err);

/* A new passphrase, at least CG_PASSPHRASE_MIN characters. option: the one that sets path, for the error. */
bool cg_passphrase_new(const char *path, const char *option, const char *question, char out[CG_PASSPHRASE_MAX],
                       struct cg_error *err);

#endif
