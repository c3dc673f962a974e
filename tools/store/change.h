/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A change of the CA's folder that happens whole or not at all, however many files it touches.
 *
 * New files are made in stage/. Commit writes the list of renames and appended lines to the file "pending" (by
 * the write rule: its rename is the moment of the change), carries the list out and removes "pending". Every step
 * can be repeated, so a run that finds "pending" finishes what a killed one began; without it, stage/ is rubbish.
 *
 * The verb owns the struct; the lock must be held. Files may be staged by several threads (each with names of its
 * own); all else by one. */
#ifndef CG_CA_CHANGE_H
#define CG_CA_CHANGE_H

#include "store.h"

#include <cjson/cJSON.h>
#include <openssl/bio.h>

struct cg_change {
    const struct cg_ca *ca;
    BIO *steps;
    bool bulk;            /* many files: one syncfs for all in place of an fsync each */
    unsigned staged;      /* names of cg_change_put */
    off_t index, journal; /* where the next line goes; -1: not asked yet */
};

bool cg_change_begin(struct cg_change *change, const struct cg_ca *ca, bool bulk, struct cg_error *err);

/* Into stage/NAME, which may hold one folder level. */
bool cg_change_stage_folder(const struct cg_change *change, const char *name, mode_t mode, struct cg_error *err);
bool cg_change_stage_file(const struct cg_change *change, const char *name, const void *data, size_t len, mode_t mode,
                          struct cg_error *err);
bool cg_change_stage_link(const struct cg_change *change, const char *name, const char *to, struct cg_error *err);

/* Steps, carried out in this order at commit. */
bool cg_change_move(struct cg_change *change, const char *staged, const char *target, struct cg_error *err);
bool cg_change_index_line(struct cg_change *change, const char *line, struct cg_error *err);
bool cg_change_journal_line(struct cg_change *change, cJSON *object, struct cg_error *err); /* takes object */

/* Stages and moves in one: target is replaced. */
bool cg_change_put(struct cg_change *change, const char *target, const void *data, size_t len, mode_t mode,
                   struct cg_error *err);

/* False before the moment of the change: nothing happened. False after it: the text says that the next run ends it. */
bool cg_change_commit(struct cg_change *change, struct cg_error *err);

/* Frees; what was staged and not committed is removed. */
void cg_change_end(struct cg_change *change);

/* What an earlier run left: finished or removed. Called by cg_ca_open with the lock held. */
bool cg_change_recover(const struct cg_ca *ca, struct cg_error *err);

#endif
